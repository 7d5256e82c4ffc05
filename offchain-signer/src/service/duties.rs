//! What a node does for the network's key, block by block.

use super::{
    attempt::{Node, RunResult},
    aux_info::AuxInfoMaker,
    hand_over::HandOver,
    key_generation::KeyGeneration,
    shares::{ShareKeeper, Shares},
};
use crate::{
    chain::{Committee, Heads, NetworkState, WatchChain},
    protocol::{KeyMaterial, PreparedAuxInfo},
};
use std::sync::Arc;

/// All duties that have to do with the key.
pub(super) struct Duties<C> {
    key_generation: KeyGeneration<C>,
    hand_over: HandOver<C>,
    aux_info: AuxInfoMaker<C>,
    shares: ShareKeeper<C>,
}

/// Work in the background that has ended, and the attempt that it was at.
pub(super) enum Finished {
    KeyGeneration(u32, RunResult<KeyMaterial>),
    HandOver(u32, RunResult<Option<KeyMaterial>>),
    AuxInfo(u32, RunResult<PreparedAuxInfo>),
}

impl<C: WatchChain> Duties<C> {
    pub(super) fn new(node: Node<C>, shares: Arc<Shares>) -> Self {
        Self {
            key_generation: KeyGeneration::new(node.clone()),
            hand_over: HandOver::new(node.clone()),
            aux_info: AuxInfoMaker::new(node.clone()),
            shares: ShareKeeper::new(node, shares),
        }
    }

    /// Looks at the chain and does what it asks for.
    pub(super) async fn follow(
        &mut self,
        heads: &Heads,
        finalized: &NetworkState,
        best: &NetworkState,
    ) {
        self.shares.follow(heads, finalized, best);
        self.key_generation.follow(heads, finalized, best).await;
        self.hand_over.follow(heads, finalized, best).await;
        self.aux_info.follow(heads, finalized, best).await;
    }

    /// Resolves when some work in the background ends; never if there is none. Cancel-safe.
    pub(super) async fn finished(&mut self) -> Finished {
        tokio::select! {
            (attempt, result) = self.key_generation.finished() => {
                Finished::KeyGeneration(attempt, result)
            }
            (attempt, result) = self.hand_over.finished() => Finished::HandOver(attempt, result),
            (attempt, result) = self.aux_info.finished() => Finished::AuxInfo(attempt, result),
        }
    }

    /// Keeps its result. Not cancel-safe: what is not kept is lost.
    pub(super) async fn keep(&mut self, finished: Finished) {
        match finished {
            Finished::KeyGeneration(attempt, result) => {
                self.key_generation.keep(attempt, result).await;
            }
            Finished::HandOver(attempt, result) => self.hand_over.keep(attempt, result).await,
            Finished::AuxInfo(attempt, result) => self.aux_info.keep(attempt, result).await,
        }
    }

    /// The committees that this node may have to sign with.
    pub(super) fn committees(&self) -> Vec<Arc<Committee>> {
        self.shares.committees()
    }
}
