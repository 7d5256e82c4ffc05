//! What taking part in an attempt of the chain's is made of, whatever the attempt is at: a run that
//! goes on in the background, and a confirmation that is made until the chain has it.

use super::calls::{Calls, Statement};
use crate::{
    chain::{AccountId, BlockNumber, SignerId, WatchChain},
    faults::Observations,
    identity::Identity,
    key_store::{KeyStore, KeyStoreError},
    protocol::{Deadlines, Link, NodeSigner, PartyId, Run, SessionError},
    sessions::{Attendance, Budget, RunError, RunSpec, Session, SessionsHandle},
    trace::Trace,
};
use signing_primitives::{CommitteeMember, Subject, UnprovableFault};
use sp_keystore::KeystorePtr;
use std::{collections::BTreeMap, error::Error, future::Future, sync::Arc, time::Duration};
use tokio::{runtime::Handle, task::JoinHandle, time::Instant};

/// How a run ended.
pub(super) type RunResult<T> = Result<T, RunError<SessionError>>;

/// How long a round of key generation may take, or of anything else that makes auxiliary
/// information. The first of AuxGen makes safe primes, whose luck varies.
pub(super) const AUX_GEN_ROUND: Duration = Duration::from_secs(180);
/// How long a try may take. The chain's deadline ends it earlier, if it passes.
const TRY_TIMEOUT: Duration = Duration::from_secs(900);
/// Tries within one attempt, beyond the first: parties that restart use them up.
const LAST_TRY: u32 = 20;
/// Key generation takes about twenty messages of each member; auxiliary information for seven
/// takes under 4 MB.
const BUDGET: Budget = Budget {
    messages: 128,
    bytes: 32 << 20,
};

/// The node, as those who take part in attempts know it.
pub(super) struct Node<C> {
    pub(super) chain: Arc<C>,
    pub(super) identity: Arc<Identity>,
    pub(super) keystore: KeystorePtr,
    pub(super) key_store: Arc<KeyStore>,
    pub(super) sessions: SessionsHandle,
    pub(super) observations: Arc<Observations>,
}

impl<C> Clone for Node<C> {
    fn clone(&self) -> Self {
        Self {
            chain: self.chain.clone(),
            identity: self.identity.clone(),
            keystore: self.keystore.clone(),
            key_store: self.key_store.clone(),
            sessions: self.sessions.clone(),
            observations: self.observations.clone(),
        }
    }
}

impl<C: WatchChain> Node<C> {
    /// Which of these this node is.
    pub(super) fn among<'a>(
        &self,
        members: &'a [CommitteeMember<AccountId>],
    ) -> Option<&'a CommitteeMember<AccountId>> {
        let keys = self.identity.signing_keys();
        members.iter().find(|member| keys.contains(&member.party))
    }

    /// Writes to the key store, off the service's thread.
    pub(super) async fn store(
        &self,
        attempt: u32,
        what: &'static str,
        write: impl FnOnce(&KeyStore) -> Result<(), KeyStoreError> + Send + 'static,
    ) {
        let key_store = self.key_store.clone();
        let written = tokio::task::spawn_blocking(move || write(&key_store)).await;
        let failed = |error: &dyn Error| {
            tracing::error!(attempt, what, error = %chain_of(error), "could not store a result");
        };
        match written {
            Ok(Ok(())) => tracing::info!(attempt, what, "made and stored a result"),
            Ok(Err(error)) => failed(&error),
            Err(error) => failed(&error),
        }
    }

    /// A run of everything that there is to an attempt, as often as it takes.
    pub(super) fn run<T: Send + 'static>(
        &self,
        plan: Plan,
        job: impl Fn(Run) -> Result<T, SessionError> + Send + Sync + 'static,
    ) -> impl Future<Output = RunResult<T>> + Send + 'static {
        let spec = RunSpec {
            trace: Trace::default(),
            subject: plan.subject,
            me: plan.signer.party().signer_id().clone(),
            others: plan.others,
            last_try: LAST_TRY,
            open_timeout: plan.open_timeout,
            budget: BUDGET,
            attendance: plan.attendance.clone().unwrap_or_default(),
        };
        let (signer, round) = (plan.signer, plan.round_timeout);
        let (runtime, attendance) = (Handle::current(), plan.attendance);
        let job = move |session: Session| {
            let deadlines = Deadlines {
                round,
                aux_gen_round: AUX_GEN_ROUND,
                // Whoever is let into the session late gives it up before others take it for silent.
                begun: attendance.as_ref().map(|_| session.opened),
                overall: Instant::now() + TRY_TIMEOUT,
            };
            let ended_by = session.ended_by.clone();
            let result = job(run_of(session, signer.clone(), deadlines, runtime.clone()));
            if let Some(attendance) = &attendance {
                let missing = result.as_ref().err().map(SessionError::waited_for);
                let missing = missing
                    .unwrap_or_default()
                    .iter()
                    .map(PartyId::signer_id)
                    .cloned()
                    .collect();
                attendance.session_ended(missing, ended_by.get());
            }
            result
        };
        let (sessions, observations) = (self.sessions.clone(), self.observations.clone());
        let others = spec.others.clone();
        async move {
            let result = sessions.run(spec, job).await;
            match &result {
                Ok(_) => {
                    for party in others.values() {
                        observations.worked(party);
                    }
                }
                Err(error) => observe(&observations, &others, error),
            }
            result
        }
    }
}

/// Notes who let a run fail. The chain says who takes part, so whoever does not open it is silent.
/// But where there are three or more, whoever is silent may be waiting for another in vain, or have
/// ended well where another was kept from it: only all tries together tell, see [`Attendance`].
fn observe(
    observations: &Observations,
    others: &BTreeMap<AccountId, SignerId>,
    error: &RunError<SessionError>,
) {
    let is_pair = others.len() == 1;
    match error {
        RunError::NotOpened { absent } if is_pair => {
            for party in absent.iter().filter_map(|account| others.get(account)) {
                observations.failed(party, UnprovableFault::Silent);
            }
        }
        RunError::Protocol(error) if is_pair || !error.is_silence() => observations.blame(error),
        _ => {}
    }
}

/// How a run of an attempt is to go on.
pub(super) struct Plan {
    pub(super) subject: Subject,
    pub(super) signer: NodeSigner,
    /// The other participants.
    pub(super) others: BTreeMap<AccountId, SignerId>,
    /// How long they may take to open a try.
    pub(super) open_timeout: Duration,
    /// How long a round may take.
    pub(super) round_timeout: Duration,
    /// Where it is noted who is missing, if that is to be known.
    pub(super) attendance: Option<Attendance>,
}

/// A session as the protocols know it.
pub(super) fn run_of(
    session: Session,
    signer: NodeSigner,
    deadlines: Deadlines,
    runtime: Handle,
) -> Run {
    Run {
        session_id: session.id,
        signer,
        link: Link {
            outgoing: session.outgoing,
            incoming: session.incoming,
        },
        deadlines,
        cancel: session.cancel,
        runtime,
        metrics: session.metrics,
    }
}

/// The work at one attempt, of one kind. It goes on in the background until it ends, or until this
/// is told to stop or dropped.
pub(super) struct Worker<T> {
    running: Option<Running<T>>,
    /// The attempt that work was begun at last, and the best block then.
    begun: Option<(u32, BlockNumber)>,
}

struct Running<T> {
    attempt: u32,
    task: JoinHandle<RunResult<T>>,
}

impl<T> Drop for Running<T> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl<T: Send + 'static> Worker<T> {
    pub(super) fn new() -> Self {
        Self {
            running: None,
            begun: None,
        }
    }

    /// Whether to begin work at an attempt now: nothing is going on, and it has not failed within
    /// this very block.
    pub(super) fn may_begin(&self, attempt: u32, now: BlockNumber) -> bool {
        self.running.is_none() && self.begun != Some((attempt, now))
    }

    /// Begins work at an attempt.
    pub(super) fn begin(
        &mut self,
        attempt: u32,
        now: BlockNumber,
        work: impl Future<Output = RunResult<T>> + Send + 'static,
    ) {
        let task = tokio::spawn(work);
        self.running = Some(Running { attempt, task });
        self.begun = Some((attempt, now));
    }

    /// Ends the work at any other attempt than this.
    pub(super) fn keep_only(&mut self, attempt: u32) {
        self.running.take_if(|running| running.attempt != attempt);
    }

    /// Ends all work.
    pub(super) fn stop(&mut self) {
        self.running = None;
    }

    /// Resolves when the work ends; never if there is none. Cancel-safe.
    pub(super) async fn finished(&mut self) -> (u32, RunResult<T>) {
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
}

/// Tells the chain what this node has stored, until the chain knows.
pub(super) struct Confirmer<C>(Calls<C, u32>);

impl<C: WatchChain> Confirmer<C> {
    pub(super) fn new(node: &Node<C>) -> Self {
        Self(Calls::new(node.chain.clone(), node.identity.clone()))
    }

    /// Makes the confirmation of an attempt, unless it was made within the last few blocks.
    pub(super) async fn confirm<S: Statement>(
        &mut self,
        attempt: u32,
        now: BlockNumber,
        confirmation: impl FnOnce() -> S,
    ) {
        if !self.0.is_due(&attempt, now) {
            return;
        }
        match self.0.make(attempt, now, confirmation()).await {
            Ok(()) => tracing::info!(attempt, "confirmed a result"),
            Err(error) => {
                let error = chain_of(&error);
                tracing::warn!(attempt, %error, "could not confirm a result; will try again");
            }
        }
    }
}

/// Members by account: the mesh knows them so.
pub(super) fn accounts<'a>(
    members: impl IntoIterator<Item = &'a CommitteeMember<AccountId>>,
) -> BTreeMap<AccountId, SignerId> {
    members
        .into_iter()
        .map(|member| (member.validator.clone(), member.party.clone()))
        .collect()
}

/// The parties of members.
pub(super) fn parties(members: &[CommitteeMember<AccountId>]) -> Vec<SignerId> {
    members.iter().map(|member| member.party.clone()).collect()
}

/// An error with its sources, for the log.
pub(super) fn chain_of(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::protocol::{PartyId, Round, Stage};
    use sp_core::sr25519;

    fn party(number: u8) -> SignerId {
        sr25519::Public::from_raw([number; 32]).into()
    }

    /// Who is blamed, by silence that lasts, for the end of a run with so many others.
    async fn blamed(others: u8, error: impl Fn() -> RunError<SessionError>) -> Vec<SignerId> {
        let others: BTreeMap<_, _> = (1..=others)
            .map(|number| (AccountId::new([number; 32]), party(number)))
            .collect();
        let observations = Observations::default();
        observe(&observations, &others, &error());
        tokio::time::advance(Duration::from_secs(60)).await;
        observe(&observations, &others, &error());
        observations.due().into_iter().map(|(who, _)| who).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn silence_is_blamed_only_where_nobody_else_can_be_its_cause() {
        let timed_out = || {
            RunError::Protocol(SessionError::TimedOut {
                round: Round {
                    stage: Stage::AuxGen,
                    id: None,
                },
                absent: [PartyId::from(party(1))].into(),
            })
        };
        let not_opened = || RunError::NotOpened {
            absent: vec![AccountId::new([1; 32])],
        };
        assert_eq!(blamed(1, timed_out).await, [party(1)]);
        assert_eq!(blamed(1, not_opened).await, [party(1)]);
        assert!(blamed(2, timed_out).await.is_empty());
        assert!(blamed(2, not_opened).await.is_empty());
        assert!(blamed(1, || RunError::NoTryLeft).await.is_empty());
    }
}
