//! A mesh in memory, for tests.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::{frame::Frame, *};
use codec::Decode;
use futures::FutureExt;
use std::{collections::HashMap, sync::RwLock};

type Inboxes = Arc<RwLock<HashMap<AccountId, mpsc::Sender<Incoming>>>>;
/// Who says nothing to whom, and when.
type Silent = Arc<RwLock<HashMap<(AccountId, AccountId), Silence>>>;

/// When one validator says nothing to another.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Silence {
    /// Never does it say anything.
    Always,
    /// It opens sessions, so much later, and says nothing in them.
    InSessions(Duration),
}

struct MemoryMesh {
    me: AccountId,
    inboxes: Inboxes,
    silent: Silent,
}

impl Carry for MemoryMesh {
    fn send(&self, to: AccountId, message: Vec<u8>) -> BoxFuture<'static, bool> {
        let inbox = self.inboxes.read().unwrap().get(&to).cloned();
        let from = self.me.clone();
        let silence = self
            .silent
            .read()
            .unwrap()
            .get(&(from.clone(), to))
            .copied();
        let is_open = matches!(Frame::decode(&mut &message[..]), Ok(Frame::Open { .. }));
        let (is_lost, late) = match silence {
            None => (false, Duration::ZERO),
            Some(Silence::Always) => (true, Duration::ZERO),
            Some(Silence::InSessions(late)) => (!is_open, late),
        };
        async move {
            if !late.is_zero() {
                tokio::time::sleep(late).await;
            }
            match inbox {
                Some(_) if is_lost => true,
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
    silent: Silent,
}

impl Net {
    /// Connects a validator, in the place of whoever had its account before.
    pub(crate) fn join(&self, me: AccountId) -> SessionsHandle {
        let (sender, incoming) = mpsc::channel(256);
        self.inboxes.write().unwrap().insert(me.clone(), sender);
        let mesh = Arc::new(MemoryMesh {
            me,
            inboxes: self.inboxes.clone(),
            silent: self.silent.clone(),
        });
        let (handle, sessions) = Sessions::new(mesh, incoming);
        tokio::spawn(sessions.run(CancellationToken::new()));
        handle
    }

    /// From now on one says nothing to another.
    pub(crate) fn silence(&self, from: AccountId, to: AccountId, when: Silence) {
        self.silent.write().unwrap().insert((from, to), when);
    }

    /// Puts a message into a validator's inbox.
    pub(crate) async fn inject(&self, from: AccountId, to: AccountId, message: Vec<u8>) {
        let inbox = self.inboxes.read().unwrap()[&to].clone();
        inbox.send(Incoming { from, message }).await.unwrap();
    }
}
