//! The decision that relayers and signers make in the same way: may this be signed?

use super::{
    checks::{self, DigestPlan},
    error::RequestError,
    ledger::{Entered, Ledger},
    programs::{EvaluateProgram, ProgramInput},
    snapshot::{Look, Snapshot, Snapshots},
    turns::Turns,
};
use crate::{
    chain::{Program, ProgramKey, Registration, VerifyingKey, WatchChain},
    identity::Identity,
    metrics::Stage,
    trace::Trace,
};
use signing_primitives::wire::{SignedMessage, UserSignatureRequest};
use sp_panic_handler::AbortGuard;
use std::{sync::Arc, time::Instant};
use tokio::sync::Semaphore;

/// What relayers and signers decide with: the chain, the programs, this node's identity.
pub struct Admission {
    pub(super) identity: Arc<Identity>,
    snapshots: Snapshots,
    programs: Arc<dyn EvaluateProgram>,
    /// One per core, for all but programs: quick work, which must not queue behind slow work.
    quick: Arc<Semaphore>,
    /// One less than cores, so that programs leave one to everything else.
    turns: Turns,
}

impl Admission {
    /// Decides with these.
    pub fn new(
        identity: Arc<Identity>,
        chain: Arc<dyn WatchChain>,
        programs: Arc<dyn EvaluateProgram>,
    ) -> Self {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        Self {
            identity,
            snapshots: Snapshots::new(chain),
            programs,
            quick: Arc::new(Semaphore::new(cores)),
            turns: Turns::new(cores.saturating_sub(1).max(1)),
        }
    }

    /// The chain as it is now. Blocks on the runtime.
    ///
    /// # Errors
    /// [`RequestError::Chain`].
    pub fn snapshot(&self) -> Result<Snapshot, RequestError> {
        Ok(self.snapshots.now()?)
    }

    /// The chain as far as it is known, whether or not that is its present: for people to look at,
    /// and for nothing to be decided by. Blocks on the runtime.
    pub(crate) fn look(&self) -> Look {
        self.snapshots.look()
    }

    /// This node's identity.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Runs `job`, which must be quick, on a blocking thread. A panic in it is an error.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> Result<T, RequestError> + Send + 'static,
    ) -> Result<T, RequestError> {
        let permit = self
            .quick
            .clone()
            .acquire_owned()
            .await
            .map_err(|closed| RequestError::Internal(closed.into()))?;
        blocking(permit, job).await
    }

    /// Makes all checks of a user's request that are quick, which is all but its signature's, made
    /// before, and its programs'. Blocks.
    pub(super) fn check(&self, ledger: &Ledger, subject: Subject) -> Result<Checked, RequestError> {
        let Subject {
            snapshot, request, ..
        } = &subject;
        checks::sizes(request)?;
        let window = snapshot.network.parameters.freshness_window;
        checks::fresh(request.block_number, snapshot.best_number(), window)?;
        let key = request.signature_verifying_key;
        if snapshot.network.verifying_key == Some(key) {
            return Err(RequestError::NetworkKey);
        }
        ledger.check(&subject)?;
        let registration = subject
            .trace
            .timed(Stage::ChainReads, || snapshot.registration(key))?
            .ok_or(RequestError::NotRegistered)?;
        let plan = checks::fits(request, &registration)?;
        Ok(Checked {
            subject,
            registration,
            plan,
        })
    }

    /// Asks the programs, in the request's turn. What they grant is entered in `ledger`. If the
    /// future is dropped, programs that have begun still run to their end, which fuel bounds.
    pub(super) async fn grant(
        self: &Arc<Self>,
        ledger: &Arc<Ledger>,
        checked: Checked,
    ) -> Result<(Subject, Grant), RequestError> {
        // Before the wait, so that no more wait than may be evaluated.
        let mut counted = ledger.count(&checked.subject)?;
        let since = Instant::now();
        let turn = self
            .turns
            .take(checked.subject.key(), counted.standing())
            .await;
        checked.subject.trace.stage(Stage::Queue, since);
        let turn = turn?;
        counted.begin();
        let (this, ledger) = (self.clone(), ledger.clone());
        blocking((turn, counted), move || {
            let Checked {
                subject,
                registration,
                plan,
            } = checked;
            let digest = this.ask_programs(&subject, &registration, plan)?;
            let entered = ledger.enter(&subject)?;
            subject.trace.granted();
            tracing::debug!("the programs say yes");
            let grant = Grant {
                registration_index: registration.index,
                digest,
                entered,
            };
            Ok((subject, grant))
        })
        .await
    }

    /// Asks all programs, then has the digest made.
    fn ask_programs(
        &self,
        subject: &Subject,
        registration: &Registration,
        plan: DigestPlan,
    ) -> Result<[u8; 32], RequestError> {
        let Subject {
            snapshot,
            signed,
            request,
            trace,
            ..
        } = subject;
        // One budget for all of them: a request costs no more for having many programs.
        let mut fuel = snapshot.network.parameters.fuel;
        let mut digest = match plan {
            DigestPlan::Known(digest) => Some(digest),
            DigestPlan::Program(_) => None,
        };
        for (index, instance) in registration.programs.iter().enumerate() {
            let failed = |failure| RequestError::Program { index, failure };
            let span = tracing::debug_span!("program", index, key = ?instance.program);
            let _entered = span.enter();
            let program = trace.timed(Stage::ChainReads, || {
                load(snapshot, index, instance.program)
            })?;
            let auxiliary_data = request
                .auxilary_data
                .as_ref()
                .and_then(|entries| entries.get(index))
                .and_then(Option::as_deref);
            let input = ProgramInput {
                message: &request.message,
                auxiliary_data,
                config: &instance.config,
                requester: &signed.sender,
            };
            let key = instance.program;
            trace
                .timed(Stage::Programs, || {
                    self.programs.evaluate(key, &program, &mut fuel, input)
                })
                .map_err(failed)?;
            if plan == DigestPlan::Program(index) {
                let hash = trace.timed(Stage::Programs, || {
                    self.programs
                        .custom_hash(key, &program, &mut fuel, &request.message)
                });
                digest = Some(hash.map_err(failed)?);
            }
        }
        // The chain refuses registrations without programs; if it did not, nobody would have said
        // yes here.
        if registration.programs.is_empty() {
            return Err(RequestError::ProgramUnavailable { index: 0 });
        }
        digest.ok_or_else(|| RequestError::Internal("no program made the digest".into()))
    }
}

/// Runs `job` on a blocking thread, which holds `permit` until it is done.
async fn blocking<T: Send + 'static>(
    permit: impl Send + 'static,
    job: impl FnOnce() -> Result<T, RequestError> + Send + 'static,
) -> Result<T, RequestError> {
    let span = tracing::Span::current();
    tokio::task::spawn_blocking(move || {
        let _entered = span.enter();
        let _permit = permit;
        // Without this, Substrate's panic hook ends the whole node.
        let _guard = AbortGuard::force_unwind();
        job()
    })
    .await
    .unwrap_or_else(|panicked| Err(RequestError::Internal(panicked.into())))
}

fn load(snapshot: &Snapshot, index: usize, key: ProgramKey) -> Result<Program, RequestError> {
    let program = snapshot
        .program(key)?
        .ok_or(RequestError::ProgramUnavailable { index })?;
    // There is no oracle yet, and a program must not be run with less than it asks for.
    if !program.summary.oracle_keys.is_empty() {
        return Err(RequestError::ProgramUnavailable { index });
    }
    Ok(program)
}

/// What is decided on.
pub(super) struct Subject {
    /// What is told of it.
    pub(super) trace: Trace,
    pub(super) snapshot: Snapshot,
    /// The user's signed request. Its signature has been checked.
    pub(super) signed: SignedMessage,
    /// What is inside it.
    pub(super) request: UserSignatureRequest,
    /// Names the signed request.
    pub(super) request_hash: [u8; 32],
    /// Names this attempt at it. A relayer makes attempts, so for itself there is only one: the
    /// request.
    pub(super) attempt: [u8; 32],
}

/// A subject that has passed all checks but its programs'.
pub(super) struct Checked {
    pub(super) subject: Subject,
    registration: Registration,
    plan: DigestPlan,
}

/// What may be signed.
pub(super) struct Grant {
    pub(super) registration_index: u32,
    pub(super) digest: [u8; 32],
    pub(super) entered: Entered,
}

impl Subject {
    pub(super) fn key(&self) -> VerifyingKey {
        self.request.signature_verifying_key
    }

    pub(super) fn limit(&self) -> u32 {
        self.snapshot.network.parameters.request_limit
    }
}
