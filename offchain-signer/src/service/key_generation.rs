//! This node's part in the life of the network key: make it, keep it, confirm it, use it.
//!
//! ```text
//! phase Keygen, this node a member ─► run ─► pending slot, synced ─► confirm_keygen
//! committee finalized with that result ─► active slot ─► signs with it
//! ```
//! A node that crashes anywhere on the way looks at its key store when it is back: a pending share
//! of the running attempt is confirmed (again), one of the finalized committee is promoted.

use super::shares::{Share, Shares};
use crate::{
    chain::{AccountId, Heads, NetworkState, SessionKeyCall, SignerId, WatchChain},
    identity::Identity,
    key_store::KeyStore,
    protocol::{self, Deadlines, KeyMaterial, Keygen, Link, NodeSigner, Run, SessionError},
    sessions::{Budget, RunError, RunSpec, Session, SessionsHandle},
};
use signing_primitives::{
    keygen_confirmation_payload, CommitteeMember, KeygenAttempt, KeygenConfirmation, KeygenSubject,
    Phase, Subject,
};
use sp_keystore::KeystorePtr;
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::{task::JoinHandle, time::Instant};

type Attempt = KeygenAttempt<AccountId, u32>;
type KeygenResult = Result<KeyMaterial, RunError<SessionError>>;

/// How long the members may take to open a try: one of them may be restarting.
const OPEN_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a round may take. The first of AuxGen makes safe primes, whose luck varies.
const ROUND_TIMEOUT: Duration = Duration::from_secs(180);
/// How long a try may take. The chain's deadline ends it earlier, if it passes.
const TRY_TIMEOUT: Duration = Duration::from_secs(900);
/// Tries within one attempt, beyond the first: members that restart use them up.
const LAST_TRY: u32 = 20;
/// Key generation takes about twenty messages of each member; auxiliary information for seven
/// takes under 4 MB.
const BUDGET: Budget = Budget {
    messages: 128,
    bytes: 32 << 20,
};
/// Blocks that a confirmation is given to get into one before it is made again.
const PATIENCE: u32 = 4;

/// An attempt that this node is working on.
struct Running {
    attempt: u32,
    task: JoinHandle<KeygenResult>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Follows the chain's phases.
pub(super) struct KeyGeneration<C> {
    pub(super) chain: Arc<C>,
    pub(super) identity: Arc<Identity>,
    pub(super) keystore: KeystorePtr,
    pub(super) key_store: Arc<KeyStore>,
    pub(super) sessions: SessionsHandle,
    pub(super) shares: Arc<Shares>,
    running: Option<Running>,
    confirmed: Option<(u32, u32)>,
    complained: Option<u32>,
    tidied: Option<u32>,
}

impl<C: WatchChain> KeyGeneration<C> {
    pub(super) fn new(
        chain: Arc<C>,
        identity: Arc<Identity>,
        keystore: KeystorePtr,
        key_store: Arc<KeyStore>,
        sessions: SessionsHandle,
        shares: Arc<Shares>,
    ) -> Self {
        Self {
            chain,
            identity,
            keystore,
            key_store,
            sessions,
            shares,
            running: None,
            confirmed: None,
            complained: None,
            tidied: None,
        }
    }

    /// Resolves when the running key generation ends; never if there is none.
    pub(super) async fn finished(&mut self) -> (u32, KeygenResult) {
        match &mut self.running {
            None => std::future::pending().await,
            Some(running) => {
                let attempt = running.attempt;
                let result = (&mut running.task).await.unwrap_or(Err(RunError::Lost));
                self.running = None;
                (attempt, result)
            }
        }
    }

    /// Keeps the result of a key generation; confirming it is for the next look at the chain.
    pub(super) async fn keep(&mut self, attempt: u32, result: KeygenResult) {
        match result {
            Ok(material) => {
                let key_store = self.key_store.clone();
                let kept =
                    tokio::task::spawn_blocking(move || key_store.put_pending(&material)).await;
                match kept {
                    Ok(Ok(())) => tracing::info!(attempt, "generated and stored a key share"),
                    Ok(Err(error)) => {
                        tracing::error!(attempt, %error, "could not store the key share");
                    }
                    Err(error) => tracing::error!(attempt, %error, "could not store the key share"),
                }
            }
            Err(error) => {
                tracing::warn!(attempt, error = %chain_of(&error), "key generation failed")
            }
        }
    }

    /// Looks at the chain and does what it asks for. Key generation and the committee are those of
    /// the finalized block: `best` only tells what has been confirmed already.
    pub(super) async fn follow(
        &mut self,
        heads: &Heads,
        finalized: &NetworkState,
        best: &NetworkState,
    ) {
        match (&finalized.committee, &finalized.phase) {
            (Some(_), _) => {
                self.running = None;
                self.use_share(finalized);
            }
            (None, Phase::Keygen(attempt)) => self.take_part(heads, attempt, best).await,
            (None, _) => self.running = None,
        }
    }

    async fn take_part(&mut self, heads: &Heads, attempt: &Attempt, best: &NetworkState) {
        if self
            .running
            .as_ref()
            .is_some_and(|running| running.attempt != attempt.attempt)
        {
            self.running = None;
        }
        let keys = self.identity.signing_keys();
        let Some(me) = attempt
            .members
            .iter()
            .find(|member| keys.contains(&member.party))
        else {
            return;
        };
        match self.key_store.pending(attempt.attempt) {
            Ok(Some(material)) => self.confirm(heads, me, attempt, &material, best).await,
            Ok(None) if self.running.is_none() => {
                self.forget_before(attempt.attempt);
                self.start(me, attempt);
            }
            Ok(None) => {}
            Err(error) => tracing::error!(%error, "cannot read the key store"),
        }
    }

    /// Erases the shares of attempts that the finalized chain has left behind.
    fn forget_before(&self, attempt: u32) {
        if let Err(error) = self
            .key_store
            .discard_pending_up_to(attempt.saturating_sub(1))
        {
            tracing::error!(%error, "could not tidy the key store");
        }
    }

    fn start(&mut self, me: &CommitteeMember<AccountId>, attempt: &Attempt) {
        let number = attempt.attempt;
        let members: Vec<SignerId> = attempt
            .members
            .iter()
            .map(|member| member.party.clone())
            .collect();
        let keygen = match Keygen::new(number, members.clone(), attempt.threshold) {
            Ok(keygen) => keygen,
            Err(error) => {
                tracing::error!(attempt = number, %error, "the chain asks for an impossible key");
                return;
            }
        };
        let signer = match NodeSigner::new(self.keystore.clone(), me.party.clone()) {
            Ok(signer) => signer,
            Err(error) => {
                tracing::error!(attempt = number, %error, "cannot take part in key generation");
                return;
            }
        };
        let spec = RunSpec {
            subject: Subject::Keygen(KeygenSubject {
                genesis_hash: self.chain.genesis_hash(),
                attempt: number,
                members,
                threshold: attempt.threshold,
            }),
            me: me.party.clone(),
            others: others(&attempt.members, me),
            last_try: LAST_TRY,
            open_timeout: OPEN_TIMEOUT,
            budget: BUDGET,
        };
        tracing::info!(
            attempt = number,
            members = attempt.members.len(),
            "generating the network key"
        );
        let runtime = tokio::runtime::Handle::current();
        let job = move |session: Session| {
            let run = Run {
                session_id: session.id,
                signer: signer.clone(),
                link: Link {
                    outgoing: session.outgoing,
                    incoming: session.incoming,
                },
                deadlines: Deadlines {
                    round: ROUND_TIMEOUT,
                    overall: Instant::now() + TRY_TIMEOUT,
                },
                cancel: session.cancel,
                runtime: runtime.clone(),
            };
            protocol::keygen::generate(&keygen, run)
        };
        let sessions = self.sessions.clone();
        let task = tokio::spawn(async move { sessions.run(spec, job).await });
        self.running = Some(Running {
            attempt: number,
            task,
        });
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
        let wanted = matches!(
            &best.phase,
            Phase::Keygen(now)
                if now.attempt == attempt.attempt && !now.confirmed.contains(&me.validator)
        );
        let number = attempt.attempt;
        let waiting = self.confirmed.is_some_and(|(which, at)| {
            which == number && heads.best.number < at.saturating_add(PATIENCE)
        });
        if !wanted || waiting {
            return;
        }
        let confirmation = KeygenConfirmation {
            signing_key: me.party.clone(),
            attempt: number,
            verifying_key: material.verifying_key(),
            commitment: material.commitment(),
        };
        let payload = keygen_confirmation_payload(self.chain.genesis_hash(), &confirmation);
        let signature = match self.identity.sign(&me.party, &payload) {
            Ok(signature) => signature,
            Err(error) => {
                tracing::error!(%error, "cannot confirm the key");
                return;
            }
        };
        match self
            .chain
            .submit(SessionKeyCall::ConfirmKeygen(confirmation, signature))
            .await
        {
            Ok(()) => tracing::info!(attempt = number, "confirmed the key"),
            Err(error) => tracing::warn!(%error, "could not confirm the key; will try again"),
        }
        self.confirmed = Some((number, heads.best.number));
    }

    /// The finalized committee has a key: promote this node's share of it, and sign with it.
    fn use_share(&mut self, finalized: &NetworkState) {
        let Some(committee) = &finalized.committee else {
            return;
        };
        let generation = committee.generation;
        if self.tidied != Some(generation) {
            // Shares of attempts that failed: nobody will ever need them.
            self.tidied = Some(generation);
            self.forget_before(committee.attempt);
        }
        let Some(me) = self.identity.seat(committee) else {
            return;
        };
        if self.shares.of_generation(generation).is_some() {
            return;
        }
        match self.promoted(generation, committee.attempt, committee.commitment) {
            Ok(Some(material)) => {
                let mut accounts = others(&committee.members, me);
                accounts.insert(me.validator.clone(), me.party.clone());
                self.shares.use_share(Share {
                    generation,
                    material,
                    accounts,
                });
                tracing::info!(generation, "holding a share of the network key");
            }
            Ok(None) if self.complained != Some(generation) => {
                self.complained = Some(generation);
                tracing::error!(
                    generation,
                    "this node is a member of the committee, but its key store holds no share of \
                     this generation: stop the node and put back the copy of key-store.redb that was \
                     made, with the node stopped, in this generation"
                );
            }
            Ok(None) => {}
            Err(error) => tracing::error!(%error, "cannot read the key store"),
        }
    }

    fn promoted(
        &self,
        generation: u32,
        attempt: u32,
        commitment: sp_core::H256,
    ) -> Result<Option<Arc<KeyMaterial>>, crate::key_store::KeyStoreError> {
        let fits = |material: &KeyMaterial| material.commitment() == commitment;
        if let Some((active, material)) = self.key_store.active() {
            if active == generation && fits(&material) {
                return Ok(Some(material));
            }
        }
        match self.key_store.pending(attempt)? {
            Some(material) if fits(&material) => {
                self.key_store.promote(attempt, generation)?;
                Ok(self.key_store.active().map(|(_, material)| material))
            }
            _ => Ok(None),
        }
    }
}

/// The other members, by account.
fn others(
    members: &[CommitteeMember<AccountId>],
    me: &CommitteeMember<AccountId>,
) -> BTreeMap<AccountId, SignerId> {
    members
        .iter()
        .filter(|member| member.party != me.party)
        .map(|member| (member.validator.clone(), member.party.clone()))
        .collect()
}

/// An error with its sources, for the log.
fn chain_of(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}
