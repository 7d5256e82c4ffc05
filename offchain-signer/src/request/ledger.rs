//! What has been granted and asked so far: against replays, and against more than the limits.

use super::{
    admission::Subject, error::RequestError, known::Known, rate_limit::RateLimit,
    replay::ReplayCache,
};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many evaluations of a key's programs there may be in a block, in multiples of the requests
/// that may be granted. Three attempts at each request come to three times; what is above is room
/// for refusals. One half is for anybody, the other for requesters that have been granted lately:
/// strangers, who have as many accounts as they like, cannot lock them out.
pub(crate) const EVALUATIONS_PER_GRANT: u32 = 4;

/// What a node has granted as a relayer, or as a signer.
pub(super) struct Ledger(Mutex<Entries>);

struct Entries {
    replay: ReplayCache,
    grants: RateLimit,
    /// Evaluations for anybody. Not the same counts as the grants: what strangers ask for and do not
    /// get must not use up the user's requests.
    open: RateLimit,
    /// Evaluations that are kept for those who are known.
    kept: RateLimit,
    known: Known,
}

impl Ledger {
    /// An empty one, which grants each request so many attempts.
    pub(super) fn new(attempts_per_request: usize) -> Self {
        Self(Mutex::new(Entries {
            replay: ReplayCache::new(attempts_per_request),
            grants: RateLimit::default(),
            open: RateLimit::default(),
            kept: RateLimit::default(),
            known: Known::default(),
        }))
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the subject could be granted, to spare further work if not.
    pub(super) fn check(&self, subject: &Subject) -> Result<(), RequestError> {
        let entries = &*self.lock();
        if entries
            .replay
            .check(&subject.request_hash, &subject.attempt)?
        {
            entries.grants.check(
                &subject.key(),
                subject.snapshot.best_number(),
                subject.limit(),
            )?;
        }
        Ok(())
    }

    /// Counts the evaluation of the subject's programs, whatever they will say.
    pub(super) fn begin(&self, subject: &Subject) -> Result<(), RequestError> {
        let entries = &mut *self.lock();
        let (key, requester) = (subject.key(), &subject.signed.sender);
        let best = subject.snapshot.best_number();
        let half = subject.limit().saturating_mul(EVALUATIONS_PER_GRANT / 2);
        let is_kept = entries.kept.check(&key, best, half).is_ok()
            && entries.known.may_use(&key, requester, best, half);
        let evaluations = match is_kept {
            true => &mut entries.kept,
            false => &mut entries.open,
        };
        evaluations.count(&key, best, half)
    }

    /// Enters the subject as granted, unless another thread has entered the same meanwhile.
    /// Further attempts at a request do not count against the limit.
    pub(super) fn enter(&self, subject: &Subject) -> Result<(), RequestError> {
        let entries = &mut *self.lock();
        let best = subject.snapshot.best_number();
        let window = subject.snapshot.network.parameters.freshness_window;
        entries.replay.expire(best, window);
        if entries
            .replay
            .check(&subject.request_hash, &subject.attempt)?
        {
            entries
                .grants
                .count(&subject.key(), best, subject.limit())?;
        }
        entries.replay.remember(
            subject.request_hash,
            subject.attempt,
            subject.request.block_number,
        );
        let requester = &subject.signed.sender;
        entries.known.remember(subject.key(), requester, best);
        Ok(())
    }
}
