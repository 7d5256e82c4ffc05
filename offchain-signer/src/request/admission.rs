//! The decision that relayers and signers make in the same way: may this be signed?

use super::{
    checks::{self, DigestPlan},
    error::RequestError,
    programs::{EvaluateProgram, ProgramInput},
    rate_limit::RateLimit,
    replay::ReplayCache,
    snapshot::{Snapshot, Snapshots},
};
use crate::{
    chain::{Program, ProgramKey, Registration, VerifyingKey, WatchChain},
    identity::Identity,
};
use signing_primitives::wire::{SignedMessage, UserSignatureRequest};
use sp_panic_handler::AbortGuard;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Semaphore;

/// What relayers and signers decide with: the chain, the programs, this node's identity.
pub struct Admission {
    pub(super) identity: Arc<Identity>,
    snapshots: Snapshots,
    programs: Arc<dyn EvaluateProgram>,
    /// One per core: more programs at a time would only make each of them slower.
    workers: Arc<Semaphore>,
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
            workers: Arc::new(Semaphore::new(cores)),
        }
    }

    /// The chain as it is now. Blocks on the runtime.
    ///
    /// # Errors
    /// [`RequestError::Chain`].
    pub fn snapshot(&self) -> Result<Snapshot, RequestError> {
        Ok(self.snapshots.now()?)
    }

    /// This node's identity.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Runs `job` on a blocking thread, in its turn. A panic in it is an error. If the future is
    /// dropped, a job that has begun still runs to its end, which fuel bounds.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> Result<T, RequestError> + Send + 'static,
    ) -> Result<T, RequestError> {
        let permit = self
            .workers
            .clone()
            .acquire_owned()
            .await
            .map_err(|closed| RequestError::Internal(closed.into()))?;
        tokio::task::spawn_blocking(move || {
            let _permit = permit;
            // Without this, Substrate's panic hook ends the whole node.
            let _guard = AbortGuard::force_unwind();
            job()
        })
        .await
        .unwrap_or_else(|panicked| Err(RequestError::Internal(panicked.into())))
    }

    /// Decides on a user's request, of which the signature has been checked. Blocks, for as long as
    /// the programs' fuel lasts. What is granted is entered in `ledger`.
    pub(super) fn decide(
        &self,
        ledger: &Ledger,
        subject: &Subject<'_>,
    ) -> Result<Grant, RequestError> {
        let Subject {
            snapshot,
            signed,
            request,
            ..
        } = subject;
        checks::sizes(request)?;
        let window = snapshot.network.parameters.freshness_window;
        checks::fresh(request.block_number, snapshot.best_number(), window)?;
        let key = request.signature_verifying_key;
        if snapshot.network.verifying_key == Some(key) {
            return Err(RequestError::NetworkKey);
        }
        ledger.check(subject)?;
        let registration = snapshot
            .registration(key)?
            .ok_or(RequestError::NotRegistered)?;
        let plan = checks::fits(request, &registration)?;
        let digest = self.ask_programs(snapshot, signed, request, &registration, plan)?;
        ledger.enter(subject)?;
        Ok(Grant {
            registration_index: registration.index,
            digest,
        })
    }

    /// Asks all programs, then has the digest made.
    fn ask_programs(
        &self,
        snapshot: &Snapshot,
        signed: &SignedMessage,
        request: &UserSignatureRequest,
        registration: &Registration,
        plan: DigestPlan,
    ) -> Result<[u8; 32], RequestError> {
        let fuel = snapshot.network.parameters.fuel;
        let mut digest = match plan {
            DigestPlan::Known(digest) => Some(digest),
            DigestPlan::Program(_) => None,
        };
        for (index, instance) in registration.programs.iter().enumerate() {
            let failed = |failure| RequestError::Program { index, failure };
            let program = load(snapshot, index, instance.program)?;
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
            self.programs
                .evaluate(instance.program, &program, fuel, input)
                .map_err(failed)?;
            if plan == DigestPlan::Program(index) {
                let hash =
                    self.programs
                        .custom_hash(instance.program, &program, fuel, &request.message);
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
pub(super) struct Subject<'a> {
    pub(super) snapshot: &'a Snapshot,
    /// The user's signed request. Its signature has been checked.
    pub(super) signed: &'a SignedMessage,
    /// What is inside it.
    pub(super) request: &'a UserSignatureRequest,
    /// Names the signed request.
    pub(super) request_hash: [u8; 32],
    /// Names this attempt at it. A relayer makes attempts, so for itself there is only one: the
    /// request.
    pub(super) attempt: [u8; 32],
}

/// What may be signed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Grant {
    pub(super) registration_index: u32,
    pub(super) digest: [u8; 32],
}

/// What has been granted: against replays, and against more requests than the limit.
pub(super) struct Ledger(Mutex<(ReplayCache, RateLimit)>);

impl Ledger {
    /// An empty one, which grants each request so many attempts.
    pub(super) fn new(attempts_per_request: usize) -> Self {
        Self(Mutex::new((
            ReplayCache::new(attempts_per_request),
            RateLimit::default(),
        )))
    }

    fn lock(&self) -> MutexGuard<'_, (ReplayCache, RateLimit)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the subject could be granted, to spare the programs' work if not.
    fn check(&self, subject: &Subject<'_>) -> Result<(), RequestError> {
        let (replay, limit) = &*self.lock();
        if replay.check(&subject.request_hash, &subject.attempt)? {
            limit.check(
                &subject.key(),
                subject.snapshot.best_number(),
                subject.limit(),
            )?;
        }
        Ok(())
    }

    /// Enters the subject as granted, unless another thread has entered the same meanwhile.
    /// Further attempts at a request do not count against the limit.
    fn enter(&self, subject: &Subject<'_>) -> Result<(), RequestError> {
        let (replay, limit) = &mut *self.lock();
        let best = subject.snapshot.best_number();
        replay.expire(best, subject.snapshot.network.parameters.freshness_window);
        if replay.check(&subject.request_hash, &subject.attempt)? {
            limit.count(&subject.key(), best, subject.limit())?;
        }
        replay.remember(
            subject.request_hash,
            subject.attempt,
            subject.request.block_number,
        );
        Ok(())
    }
}

impl Subject<'_> {
    fn key(&self) -> VerifyingKey {
        self.request.signature_verifying_key
    }

    fn limit(&self) -> u32 {
        self.snapshot.network.parameters.request_limit
    }
}
