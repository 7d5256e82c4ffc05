//! This node's part in making the network key.
//!
//! ```text
//! phase Keygen, this node a member ─► run ─► pending, synced ─► confirm_keygen
//! ```
//! A node that crashes anywhere on the way looks at its key store when it is back: a pending share
//! of the running attempt is confirmed (again).

use super::attempt::{
    accounts, chain_of, parties, Confirmer, Node, Plan, RunResult, Worker, AUX_GEN_ROUND,
};
use crate::{
    chain::{AccountId, BlockNumber, Heads, NetworkState, WatchChain},
    protocol::{self, KeyMaterial, Keygen, NodeSigner},
};
use signing_primitives::{CommitteeMember, KeygenAttempt, KeygenConfirmation, Phase, Subject};
use std::time::Duration;

type Attempt = KeygenAttempt<AccountId, u32>;

/// How long the members may take to open a try: one of them may be restarting.
const OPEN_TIMEOUT: Duration = Duration::from_secs(30);

/// Follows the chain's key generations.
pub(super) struct KeyGeneration<C> {
    node: Node<C>,
    worker: Worker<KeyMaterial>,
    confirmer: Confirmer<C>,
}

impl<C: WatchChain> KeyGeneration<C> {
    pub(super) fn new(node: Node<C>) -> Self {
        Self {
            confirmer: Confirmer::new(&node),
            node,
            worker: Worker::new(),
        }
    }

    /// Resolves when the running key generation ends; never if there is none. Cancel-safe.
    pub(super) async fn finished(&mut self) -> (u32, RunResult<KeyMaterial>) {
        self.worker.finished().await
    }

    /// Keeps the result of a key generation; confirming it is for the next look at the chain.
    pub(super) async fn keep(&mut self, attempt: u32, result: RunResult<KeyMaterial>) {
        match result {
            Ok(material) => {
                let write = move |store: &crate::key_store::KeyStore| store.put_pending(&material);
                self.node.store(attempt, "share of a new key", write).await;
            }
            Err(error) => {
                tracing::warn!(attempt, error = %chain_of(&error), "key generation failed");
            }
        }
    }

    /// Looks at the chain and does what it asks for. The key generation is that of the finalized
    /// block: `best` only tells what has been confirmed already.
    pub(super) async fn follow(
        &mut self,
        heads: &Heads,
        finalized: &NetworkState,
        best: &NetworkState,
    ) {
        match (&finalized.committee, &finalized.phase) {
            (None, Phase::Keygen(attempt)) => self.take_part(heads, attempt, best).await,
            _ => self.worker.stop(),
        }
    }

    async fn take_part(&mut self, heads: &Heads, attempt: &Attempt, best: &NetworkState) {
        self.worker.keep_only(attempt.attempt);
        let Some(me) = self.node.among(&attempt.members) else {
            return;
        };
        match self.node.key_store.pending(attempt.attempt) {
            Ok(Some(material)) => self.confirm(heads, me, attempt, &material, best).await,
            Ok(None) => {
                let now = heads.best.number;
                if self.worker.may_begin(attempt.attempt, now) {
                    self.forget_before(attempt.attempt);
                    self.start(me, attempt, now);
                }
            }
            Err(error) => tracing::error!(%error, "cannot read the key store"),
        }
    }

    /// Erases the shares of attempts that the finalized chain has left behind.
    fn forget_before(&self, attempt: u32) {
        let before = attempt.saturating_sub(1);
        if let Err(error) = self.node.key_store.discard_pending_up_to(before) {
            tracing::error!(%error, "could not tidy the key store");
        }
    }

    fn start(&mut self, me: &CommitteeMember<AccountId>, attempt: &Attempt, now: BlockNumber) {
        let number = attempt.attempt;
        let members = parties(&attempt.members);
        let keygen = match Keygen::new(number, members, attempt.threshold) {
            Ok(keygen) => keygen,
            Err(error) => {
                tracing::error!(attempt = number, %error, "the chain asks for an impossible key");
                return;
            }
        };
        let signer = match NodeSigner::new(self.node.keystore.clone(), me.party.clone()) {
            Ok(signer) => signer,
            Err(error) => {
                tracing::error!(attempt = number, %error, "cannot take part in key generation");
                return;
            }
        };
        tracing::info!(
            attempt = number,
            members = attempt.members.len(),
            "generating the network key"
        );
        let plan = Plan {
            subject: Subject::Keygen(keygen.subject(self.node.chain.genesis_hash())),
            signer,
            others: accounts(attempt.members.iter().filter(|member| *member != me)),
            open_timeout: OPEN_TIMEOUT,
            round_timeout: AUX_GEN_ROUND,
            attendance: None,
        };
        let run = self
            .node
            .run(plan, move |run| protocol::keygen::generate(&keygen, run));
        self.worker.begin(number, now, run);
    }

    /// Tells the chain that this node has the share; again after a while, if it does not know.
    async fn confirm(
        &mut self,
        heads: &Heads,
        me: &CommitteeMember<AccountId>,
        attempt: &Attempt,
        material: &KeyMaterial,
        best: &NetworkState,
    ) {
        let number = attempt.attempt;
        let wanted = matches!(
            &best.phase,
            Phase::Keygen(now)
                if now.attempt == number && !now.confirmed.contains(&me.validator)
        );
        if !wanted {
            return;
        }
        let confirmation = || KeygenConfirmation {
            signing_key: me.party.clone(),
            attempt: number,
            verifying_key: material.verifying_key(),
            commitment: material.commitment(),
        };
        let now = heads.best.number;
        self.confirmer.confirm(number, now, confirmation).await;
    }
}
