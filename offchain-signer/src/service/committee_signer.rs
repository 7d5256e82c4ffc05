//! Signing with this node's share, together with other members of the committee.

use super::{attempt::run_of, shares::Shares};
use crate::{
    chain::{AccountId, Committee, SignerId},
    faults::{Case, Ledger, Observations},
    per_key::PerKey,
    protocol::{self, Deadlines, KeyMaterialError, NodeSigner, PartyId, SessionError},
    request::{RunSigning, SigningFailure, SigningOrder},
    sessions::{Attendance, Budget, RunError, RunSpec, Session, SessionsHandle},
};
use async_trait::async_trait;
use signing_evidence::{SessionFacts, SigningEvidence};
use signing_primitives::Subject;
use sp_core::H256;
use sp_keystore::KeystorePtr;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};
use tokio::{
    sync::Semaphore,
    time::{timeout, Instant},
};
use tracing::Instrument;

/// How long the participants may take to open the session. The last signer's request may still be
/// on its way, or its programs running.
const OPEN_TIMEOUT: Duration = Duration::from_secs(8);
/// How long a round may take: 20 times what it takes when nothing else is going on. Much less than a
/// relayer waits: once it hangs up, nobody can tell any more who was silent.
const ROUND_TIMEOUT: Duration = Duration::from_secs(8);
/// How long a signature may take from the moment the session is open: less than a relayer waits.
const SIGNING_TIMEOUT: Duration = Duration::from_secs(14);
/// A signature takes about ten messages of each participant, of some ten kB.
const BUDGET: Budget = Budget {
    messages: 48,
    bytes: 4 << 20,
};
/// Sessions at a time for each core, and at least. Each computes most of its life: many more would
/// all be too slow.
const SESSIONS_PER_CORE: usize = 4;
const MIN_SESSIONS: usize = 8;
/// Orders of one relayer at a time: more than this node can compute, and far fewer than the requests that
/// it takes. A relayer that asks for sessions which nobody else opens must not be in the others' way.
const ORDERS_OF_A_RELAYER: usize = 32;
/// How long an open session waits for its turn: less than the others wait for its first message.
const QUEUE_TIMEOUT: Duration = Duration::from_secs(3);

/// Runs this node's part of signing sessions.
pub(super) struct CommitteeSigner {
    genesis_hash: H256,
    keystore: KeystorePtr,
    sessions: SessionsHandle,
    shares: Arc<Shares>,
    orders: PerKey<SignerId>,
    slots: Arc<Semaphore>,
    observations: Arc<Observations>,
    ledger: Arc<Ledger>,
}

impl CommitteeSigner {
    pub(super) fn new(
        genesis_hash: H256,
        keystore: KeystorePtr,
        sessions: SessionsHandle,
        shares: Arc<Shares>,
        observations: Arc<Observations>,
        ledger: Arc<Ledger>,
    ) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let most = (cores * SESSIONS_PER_CORE).max(MIN_SESSIONS);
        Self {
            genesis_hash,
            keystore,
            sessions,
            shares,
            orders: PerKey::new(ORDERS_OF_A_RELAYER),
            slots: Arc::new(Semaphore::new(most)),
            observations,
            ledger,
        }
    }
}

#[async_trait]
impl RunSigning for CommitteeSigner {
    fn committee(&self, generation: u32) -> Option<Arc<Committee>> {
        let share = self.shares.of_generation(generation)?;
        Some(share.committee)
    }

    async fn sign(&self, order: SigningOrder) -> Result<[u8; 65], SigningFailure> {
        let of_relayer = self.orders.of(order.relayer.clone());
        let _in_work = of_relayer
            .try_acquire_owned()
            .map_err(|_| SigningFailure::Busy)?;
        let share = self
            .shares
            .of_generation(order.generation)
            .ok_or(SigningFailure::NoShare {
                generation: order.generation,
            })?;
        let participants: BTreeSet<PartyId> = order
            .participants
            .iter()
            .cloned()
            .map(PartyId::from)
            .collect();
        let index = order.registration_index;
        let inputs = {
            let (material, participants) = (share.material.clone(), participants.clone());
            move || material.signing_inputs(Some(index), &participants)
        };
        let subject = {
            let (inputs, order, genesis_hash) = (inputs.clone(), order.clone(), self.genesis_hash);
            let subject = move || {
                inputs().map(|inputs| {
                    inputs.subject(
                        genesis_hash,
                        order.generation,
                        order.digest,
                        order.request_id,
                    )
                })
            };
            tokio::task::spawn_blocking(subject)
                .await
                .map_err(internal)?
                .map_err(internal)?
        };
        if subject.verifying_key != order.verifying_key {
            return Err(internal(KeyMaterialError::NoSuchChild(index)));
        }
        let accounts = share.accounts();
        let others: BTreeMap<AccountId, SignerId> = accounts
            .iter()
            .filter(|(_, party)| **party != order.me && order.participants.contains(*party))
            .map(|(account, party)| (account.clone(), party.clone()))
            .collect();
        let spec = RunSpec {
            attendance: Attendance::default(),
            subject: Subject::Signing(subject.clone()),
            me: order.me.clone(),
            others,
            last_try: 0,
            open_timeout: OPEN_TIMEOUT,
            budget: BUDGET,
            trace: order.trace.clone(),
        };
        let witness = Witness {
            generation: order.generation,
            accounts: accounts.clone(),
            observations: self.observations.clone(),
            ledger: self.ledger.clone(),
        };
        let signer = NodeSigner::new(self.keystore.clone(), order.me).map_err(internal)?;
        let runtime = tokio::runtime::Handle::current();
        let (digest, conduct) = (order.digest, self.sessions.conduct().clone());
        let slots = self.slots.clone();
        let job = move |session: Session| {
            // Only now, when the others are there: waiting for them takes nothing. Held by the thread:
            // it computes on for a while if nobody waits for it any more.
            let turn = runtime.block_on(timeout(QUEUE_TIMEOUT, slots.acquire()));
            let Ok(Ok(_slot)) = turn else {
                return Err(Unsigned::Busy);
            };
            let deadlines = Deadlines::new(ROUND_TIMEOUT, Instant::now() + SIGNING_TIMEOUT);
            // One-use material: made anew for the session.
            let inputs = inputs().map_err(SessionError::from)?;
            let facts = SessionFacts {
                subject: subject.clone(),
                nonces: session.nonces.clone(),
                public_shares: inputs.public_shares.clone(),
                public_aux_info: inputs.public_aux_info.clone(),
            };
            conduct.witness(&facts);
            let run = run_of(session, signer.clone(), deadlines, runtime.clone());
            protocol::signing::sign(inputs, digest, run)
                .map_err(|error| Unsigned::Failed(witness.hear(error, &facts)))
        };
        let span = tracing::debug_span!("session", generation = order.generation);
        match self.sessions.run(spec, job).instrument(span).await {
            Ok(signature) => {
                for party in &order.participants {
                    self.observations.worked(party);
                }
                Ok(signature.0)
            }
            Err(error) => Err(failure(error, &accounts)),
        }
    }
}

fn internal(error: impl std::error::Error + Send + Sync + 'static) -> SigningFailure {
    SigningFailure::Internal(Box::new(error))
}

fn failure(error: RunError<Unsigned>, accounts: &BTreeMap<AccountId, SignerId>) -> SigningFailure {
    match error {
        RunError::NotOpened { absent } => SigningFailure::TimedOut {
            absent: absent
                .iter()
                .filter_map(|account| accounts.get(account).cloned())
                .collect(),
        },
        RunError::Protocol(Unsigned::Busy) => SigningFailure::Busy,
        RunError::Protocol(Unsigned::Failed(FailedSession {
            error: SessionError::TimedOut { absent, .. },
            ..
        })) => SigningFailure::TimedOut {
            absent: absent.into_iter().map(SignerId::from).collect(),
        },
        // Others may have led to it, or do not say why. A relayer must not take it for a refusal.
        RunError::Protocol(Unsigned::Failed(FailedSession { error, proven }))
            if !error.is_own() =>
        {
            let blamed = error.blamed().into_iter().map(SignerId::from);
            SigningFailure::Misbehaved {
                culprits: blamed.chain(proven).collect(),
            }
        }
        RunError::NoTryLeft => SigningFailure::Misbehaved {
            culprits: BTreeSet::new(),
        },
        error => internal(error),
    }
}

/// Why a session that was open has made no signature.
#[derive(Debug, thiserror::Error)]
enum Unsigned {
    /// This node had too many others to compute.
    #[error("too many sessions")]
    Busy,
    #[error(transparent)]
    Failed(#[from] FailedSession),
}

impl From<SessionError> for Unsigned {
    fn from(error: SessionError) -> Self {
        Self::Failed(error.into())
    }
}

/// A session that failed, and who has provably cheated in it.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
struct FailedSession {
    #[source]
    error: SessionError,
    proven: BTreeSet<SignerId>,
}

impl From<SessionError> for FailedSession {
    fn from(error: SessionError) -> Self {
        Self {
            error,
            proven: BTreeSet::new(),
        }
    }
}

/// Remembers who let a session fail. On the session's own thread: whoever asked for the signature
/// may have gone, and may be in league with the cheater.
struct Witness {
    generation: u32,
    accounts: BTreeMap<AccountId, SignerId>,
    observations: Arc<Observations>,
    ledger: Arc<Ledger>,
}

impl Witness {
    /// Notes what can be proved, first, and then who is to blame. Blocks. Not those who did not open
    /// the session: only the relayer knows whether it asked them to.
    fn hear(&self, error: SessionError, facts: &SessionFacts) -> FailedSession {
        let evidence = error.evidence(facts);
        for evidence in &evidence {
            self.observations.cheated(&evidence.accused);
            self.prove(evidence);
        }
        self.observations.blame(&error);
        let proven = evidence.into_iter().map(|evidence| evidence.accused);
        FailedSession {
            error,
            proven: proven.collect(),
        }
    }

    fn prove(&self, evidence: &SigningEvidence) {
        let member = self
            .accounts
            .iter()
            .find(|(_, party)| **party == evidence.accused);
        let Some((account, _)) = member else {
            return;
        };
        tracing::warn!(accused = %account, "a participant has provably cheated");
        let case = Case {
            generation: self.generation,
            accused: account.clone(),
        };
        self.ledger.prove(case, evidence);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        protocol::{Round, Stage},
        request::RelayConfig,
    };

    #[test]
    fn one_relayer_leaves_room_for_the_others() {
        let relayer = |number| SignerId::from(sp_core::sr25519::Public::from_raw([number; 32]));
        let orders = PerKey::new(ORDERS_OF_A_RELAYER);
        let take = |number| orders.of(relayer(number)).try_acquire_owned();
        let mut held: Vec<_> = (0..ORDERS_OF_A_RELAYER).map(|_| take(1)).collect();
        assert!(held.iter().all(Result::is_ok));
        assert!(take(1).is_err());
        assert!(take(2).is_ok());
        held.pop();
        assert!(take(1).is_ok());
        held.clear();
        // Nobody else is remembered.
        assert!(take(2).is_ok());
        assert_eq!(orders.len(), 1);
    }

    /// A relayer that hangs up first would save from blame whoever is silent.
    #[test]
    fn signers_know_who_is_silent_before_the_relayer_hangs_up() {
        let relayer = RelayConfig::default().attempt_timeout;
        // The last round with its leeway, and what came before it.
        assert!(ROUND_TIMEOUT + Duration::from_secs(5) < relayer);
        assert!(SIGNING_TIMEOUT < relayer && OPEN_TIMEOUT < relayer);
    }

    /// To a relayer, "internal" is a refusal of what others may sign; a failed session is not.
    #[test]
    fn what_others_may_have_led_to_is_a_failed_session() {
        let round = || Round {
            stage: Stage::Signing,
            id: None,
        };
        let wrong_shares = SessionError::WrongShares {
            round: round(),
            others: BTreeSet::new(),
        };
        let panicked = SessionError::Panicked { round: round() };
        for error in [
            RunError::NoTryLeft,
            RunError::Protocol(wrong_shares.into()),
            RunError::Protocol(panicked.into()),
        ] {
            assert!(matches!(
                failure(error, &BTreeMap::new()),
                SigningFailure::Misbehaved { culprits } if culprits.is_empty()
            ));
        }
        for error in [
            RunError::Lost,
            RunError::Protocol(
                SessionError::Cancelled {
                    absent: BTreeSet::new(),
                }
                .into(),
            ),
        ] {
            assert!(matches!(
                failure(error, &BTreeMap::new()),
                SigningFailure::Internal(_)
            ));
        }
    }
}
