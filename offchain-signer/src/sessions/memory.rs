//! A mesh in memory, for tests.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::*;
use futures::FutureExt;
use std::{collections::HashMap, sync::RwLock};

type Inboxes = Arc<RwLock<HashMap<AccountId, mpsc::Sender<Incoming>>>>;

struct MemoryMesh {
    me: AccountId,
    inboxes: Inboxes,
}

impl Carry for MemoryMesh {
    fn send(&self, to: AccountId, message: Vec<u8>) -> BoxFuture<'static, bool> {
        let inbox = self.inboxes.read().unwrap().get(&to).cloned();
        let from = self.me.clone();
        async move {
            match inbox {
                Some(inbox) => inbox.send(Incoming { from, message }).await.is_ok(),
                None => false,
            }
        }
        .boxed()
    }
}

/// Validators that reach each other.
#[derive(Clone, Default)]
pub(crate) struct Net {
    inboxes: Inboxes,
}

impl Net {
    /// Connects a validator, in the place of whoever had its account before.
    pub(crate) fn join(&self, me: AccountId) -> SessionsHandle {
        let (sender, incoming) = mpsc::channel(256);
        self.inboxes.write().unwrap().insert(me.clone(), sender);
        let mesh = Arc::new(MemoryMesh {
            me,
            inboxes: self.inboxes.clone(),
        });
        let (handle, sessions) = Sessions::new(mesh, incoming);
        tokio::spawn(sessions.run(CancellationToken::new()));
        handle
    }

    /// Puts a message into a validator's inbox.
    pub(crate) async fn inject(&self, from: AccountId, to: AccountId, message: Vec<u8>) {
        let inbox = self.inboxes.read().unwrap()[&to].clone();
        inbox.send(Incoming { from, message }).await.unwrap();
    }
}
