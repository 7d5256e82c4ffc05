//! What has been granted and asked so far: against replays, and against more than the limits.

use super::{
    admission::Subject,
    error::RequestError,
    fresh::{Fresh, RequestHash},
    known::Known,
    rate_limit::RateLimit,
    replay::ReplayCache,
};
use crate::chain::{AccountId, BlockNumber, VerifyingKey};
use std::{
    collections::BTreeSet,
    sync::{
        atomic::{AtomicBool, Ordering},
        Arc, Mutex, MutexGuard, PoisonError,
    },
};

/// How many evaluations of a key's programs there may be in a block, in multiples of the requests
/// that may be granted. Three attempts at each request come to three times; what is above is room
/// for refusals. One half is for anybody, the other for requesters that have been granted lately:
/// strangers, who have as many accounts as they like, cannot lock them out.
pub(crate) const EVALUATIONS_PER_GRANT: u32 = 4;

/// How many evaluations there may be for one signed request: who hands on somebody's request again and again cannot
/// use up what its requester has of the key's.
pub(crate) const EVALUATIONS_PER_REQUEST: usize = 16;

/// What a node has granted as a relayer, or as a signer.
pub(super) struct Ledger(Mutex<Entries>);

/// On whose account a request's evaluation goes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Standing {
    /// Its requester has been granted something for this key lately.
    Known,
    /// It is anybody's.
    Stranger,
}

/// An evaluation that is counted, until it is over. If it is dropped before it has begun, it is not counted any
/// more.
pub(super) struct Counted {
    ledger: Arc<Ledger>,
    key: VerifyingKey,
    requester: AccountId,
    request_hash: RequestHash,
    attempt: [u8; 32],
    block: BlockNumber,
    standing: Standing,
    has_begun: bool,
}

impl Counted {
    pub(super) fn standing(&self) -> Standing {
        self.standing
    }

    /// The programs run, and whatever comes of it, it counts.
    pub(super) fn begin(&mut self) {
        self.has_begun = true;
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let entries = &mut *self.ledger.lock();
        let evaluations = entries.evaluated.get_mut(&self.request_hash);
        if self.has_begun {
            // Its user may ask a relayer again.
            if let Some(evaluations) = evaluations.filter(|_| self.attempt == self.request_hash) {
                evaluations.attempts.remove(&self.attempt);
            }
            return;
        }
        if let Some(evaluations) = evaluations {
            evaluations.attempts.remove(&self.attempt);
            evaluations.made = evaluations.made.saturating_sub(1);
        }
        match self.standing {
            Standing::Known => {
                entries.known.give_back(&self.key, &self.requester);
                entries.kept.give_back(&self.key, self.block);
            }
            Standing::Stranger => entries.open.give_back(&self.key, self.block),
        }
    }
}

/// A subject that has been entered as granted. If it is dropped without having been kept, it may be granted again:
/// nothing has come of it.
pub(super) struct Entered {
    ledger: Arc<Ledger>,
    key: VerifyingKey,
    request_hash: RequestHash,
    attempt: [u8; 32],
    /// Where it counts against the limit; further attempts at a request do not.
    counted_in: Option<BlockNumber>,
    is_kept: AtomicBool,
}

impl Entered {
    /// Signers are asked, or sign: whatever comes of it, it stays entered.
    pub(super) fn keep(&self) {
        self.is_kept.store(true, Ordering::Relaxed);
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        if *self.is_kept.get_mut() {
            return;
        }
        let entries = &mut *self.ledger.lock();
        entries.replay.take_back(&self.request_hash, &self.attempt);
        if let Some(block) = self.counted_in {
            entries.grants.give_back(&self.key, block);
        }
    }
}

/// Evaluations for one signed request, whatever they said.
#[derive(Default)]
struct Evaluations {
    made: usize,
    /// The attempts for which they were made. Each, however often it is sent, is evaluated once: copies cost
    /// nothing. Only a relayer, whose attempt is the request itself, lets a user ask again when it is over.
    attempts: BTreeSet<[u8; 32]>,
}

struct Entries {
    replay: ReplayCache,
    evaluated: Fresh<Evaluations>,
    grants: RateLimit,
    /// Evaluations for anybody. Not the same counts as the grants: what strangers ask for and do not
    /// get must not use up the user's requests.
    open: RateLimit,
    /// Evaluations that are kept for those who are known.
    kept: RateLimit,
    known: Known,
}

impl Entries {
    /// Whether the subject's programs may be evaluated once more.
    fn check_evaluations(&self, subject: &Subject) -> Result<(), RequestError> {
        let limit = EVALUATIONS_PER_REQUEST;
        match self.evaluated.get(&subject.request_hash) {
            Some(made) if made.attempts.contains(&subject.attempt) => Err(RequestError::Replayed),
            Some(made) if made.made >= limit => Err(RequestError::TooManyAttempts { limit }),
            _ => Ok(()),
        }
    }
}

impl Ledger {
    /// An empty one, which grants each request so many attempts.
    pub(super) fn new(attempts_per_request: usize) -> Self {
        Self(Mutex::new(Entries {
            replay: ReplayCache::new(attempts_per_request),
            evaluated: Fresh::default(),
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
        entries.check_evaluations(subject)?;
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
    pub(super) fn count(self: &Arc<Self>, subject: &Subject) -> Result<Counted, RequestError> {
        let entries = &mut *self.lock();
        let (key, requester) = (subject.key(), &subject.signed.sender);
        let best = subject.snapshot.best_number();
        let request_hash = subject.request_hash;
        let window = subject.snapshot.network.parameters.freshness_window;
        entries.evaluated.expire(best, window);
        entries.check_evaluations(subject)?;
        let half = subject.limit().saturating_mul(EVALUATIONS_PER_GRANT / 2);
        let is_kept = entries.kept.check(&key, best, half).is_ok()
            && entries.known.may_use(&key, requester, best, half);
        let (standing, evaluations) = match is_kept {
            true => (Standing::Known, &mut entries.kept),
            false => (Standing::Stranger, &mut entries.open),
        };
        let block = evaluations.count(&key, best, half)?;
        let named = subject.request.block_number;
        let evaluations = entries.evaluated.entry(request_hash, named);
        evaluations.made += 1;
        evaluations.attempts.insert(subject.attempt);
        Ok(Counted {
            block,
            request_hash,
            attempt: subject.attempt,
            ledger: self.clone(),
            key,
            requester: requester.clone(),
            standing,
            has_begun: false,
        })
    }

    /// Enters the subject as granted, unless another thread has entered the same meanwhile.
    /// Further attempts at a request do not count against the limit.
    pub(super) fn enter(self: &Arc<Self>, subject: &Subject) -> Result<Entered, RequestError> {
        let entries = &mut *self.lock();
        let best = subject.snapshot.best_number();
        let window = subject.snapshot.network.parameters.freshness_window;
        entries.replay.expire(best, window);
        let is_first = entries
            .replay
            .check(&subject.request_hash, &subject.attempt)?;
        let grants = &mut entries.grants;
        let counted_in = is_first
            .then(|| grants.count(&subject.key(), best, subject.limit()))
            .transpose()?;
        entries.replay.remember(
            subject.request_hash,
            subject.attempt,
            subject.request.block_number,
        );
        let requester = &subject.signed.sender;
        entries.known.remember(subject.key(), requester, best);
        Ok(Entered {
            ledger: self.clone(),
            is_kept: AtomicBool::new(false),
            key: subject.key(),
            request_hash: subject.request_hash,
            attempt: subject.attempt,
            counted_in,
        })
    }
}
