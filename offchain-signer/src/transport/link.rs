//! The task that keeps this node connected to one peer.

use super::{
    backoff::Backoff,
    config::Peer,
    connection::{carry, ConnectionError},
    directory::{dials, Directory},
    endpoint::Dial,
    handshake::{initiate, Established},
};
use crate::chain::AccountId;
use std::{error::Error, sync::Arc};
use tokio::{
    sync::mpsc,
    time::{sleep, timeout, Instant},
};

/// Connects to one peer, over and over. A change of the peer's endpoint or key makes a new link.
pub(crate) struct Link {
    pub(crate) directory: Arc<Directory>,
    pub(crate) dialer: Arc<dyn Dial>,
    pub(crate) own: AccountId,
    pub(crate) peer: Peer,
    /// Connections that the peer has made; it replaces the present one.
    pub(crate) accepted: mpsc::Receiver<Established>,
}

impl Link {
    /// Runs until it is dropped.
    pub(crate) async fn run(self) {
        if dials(&self.own, &self.peer.account) {
            self.keep_dialling().await;
        } else {
            self.keep_accepting().await;
        }
    }

    async fn keep_dialling(self) {
        let limits = self.directory.limits();
        let mut backoff = Backoff::new(limits.backoff_min, limits.backoff_max);
        loop {
            match timeout(limits.dial, self.dial())
                .await
                .unwrap_or(Err(ConnectionError::DialTimeout))
            {
                Ok(established) => {
                    let start = Instant::now();
                    let error = self.carry(established).await;
                    self.log_end(&error);
                    if start.elapsed() >= limits.stable_after {
                        backoff.reset();
                    }
                }
                Err(error) => {
                    self.directory.counters.failed_dials.add(1);
                    tracing::debug!(
                        peer = %self.peer.account,
                        endpoint = %self.peer.endpoint,
                        error = &error as &dyn Error,
                        "cannot connect"
                    );
                }
            }
            let pause = backoff.pause(&mut rand::thread_rng());
            sleep(pause).await;
        }
    }

    async fn dial(&self) -> Result<Established, ConnectionError> {
        if self
            .directory
            .config
            .conduct
            .is_cut_from(&self.peer.account)
        {
            return Err(ConnectionError::UnknownPeer);
        }
        let socket = self.dialer.dial(&self.peer.endpoint).await?;
        let local = self.directory.local(self.own.clone());
        initiate(&local, &self.peer, socket).await
    }

    async fn keep_accepting(mut self) {
        let Some(mut next) = self.accepted.recv().await else {
            return;
        };
        loop {
            let connection = carry_registered(&self.directory, &self.peer, next);
            tokio::pin!(connection);
            // The newest connection is the one that the peer uses: it dials only when it has none.
            let ended = tokio::select! {
                error = &mut connection => Err(error),
                newer = self.accepted.recv() => Ok(newer),
            };
            match ended {
                Ok(None) => return,
                Ok(Some(newer)) => {
                    self.log_end(&ConnectionError::Replaced);
                    next = newer;
                }
                Err(error) => {
                    self.log_end(&error);
                    let Some(newer) = self.accepted.recv().await else {
                        return;
                    };
                    next = newer;
                }
            }
        }
    }

    async fn carry(&self, established: Established) -> ConnectionError {
        carry_registered(&self.directory, &self.peer, established).await
    }

    fn log_end(&self, error: &ConnectionError) {
        tracing::debug!(peer = %self.peer.account, error = error as &dyn Error, "disconnected");
    }
}

/// Lists the peer as connected for as long as its connection lasts.
async fn carry_registered(
    directory: &Arc<Directory>,
    peer: &Peer,
    established: Established,
) -> ConnectionError {
    let (sender, queue) = mpsc::channel(directory.limits().outgoing.max(1));
    let _registration = directory.register(peer.account.clone(), sender);
    tracing::debug!(peer = %peer.account, "connected");
    tokio::select! {
        error = carry(directory, established, queue) => error,
        () = directory.config.conduct.cut_from(&peer.account) => ConnectionError::Closed,
    }
}
