//! Compiles programs, once, and keeps them.

use std::{
    fmt,
    sync::{
        atomic::{AtomicU64, Ordering},
        Arc, Mutex, MutexGuard, PoisonError,
    },
    time::Instant,
};

use super::{cache::Cache, CompiledProgram, Limits, Metered, ProgramError};
use crate::chain::ProgramKey;

/// Compiles programs, once, and keeps the most recently used. One serves the whole process.
pub struct ProgramEngine {
    limits: Limits,
    cache: Mutex<Cache>,
    /// Held while compiling. One at a time bounds the memory that it takes, and lets those who
    /// wait for the same program find it ready.
    compiling: Mutex<()>,
    compiled: AtomicU64,
    evaluations: AtomicU64,
    fuel: AtomicU64,
}

/// What an engine has done so far, and what it keeps.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct EngineStats {
    /// Programs that are kept, those that cannot be run among them.
    pub cached: u64,
    /// The length of their bytecode.
    pub cached_bytes: u64,
    /// Modules compiled, or found to be unusable.
    pub compiled: u64,
    /// Runs of programs that were [noted](ProgramEngine::note).
    pub evaluations: u64,
    /// The fuel that they used.
    pub fuel: u64,
}

impl ProgramEngine {
    /// An engine with an empty cache.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            cache: Mutex::new(Cache::new(&limits)),
            compiling: Mutex::new(()),
            compiled: AtomicU64::new(0),
            evaluations: AtomicU64::new(0),
            fuel: AtomicU64::new(0),
        }
    }

    /// The program, if it was loaded before and is still kept: with this there is no need to fetch
    /// bytecode from the chain. Does not block for long.
    pub fn cached(&self, key: &ProgramKey) -> Option<Result<Arc<CompiledProgram>, ProgramError>> {
        lock(&self.cache).get(key)
    }

    /// The program, compiled now if it is not kept. Takes CPU time, bounded by its length.
    ///
    /// `bytecode` must be what the chain has under `key`, since later calls with the same key get
    /// the same program.
    pub fn load(
        &self,
        key: ProgramKey,
        bytecode: &[u8],
    ) -> Result<Arc<CompiledProgram>, ProgramError> {
        if let Some(cached) = self.cached(&key) {
            return cached;
        }
        let _one_at_a_time = lock(&self.compiling);
        if let Some(cached) = self.cached(&key) {
            return cached;
        }
        let start = Instant::now();
        let compiled = CompiledProgram::compile(bytecode, self.limits).map(Arc::new);
        tracing::debug!(
            program = ?key,
            bytes = bytecode.len(),
            micros = start.elapsed().as_micros(),
            error = compiled.as_ref().err().map(tracing::field::display),
            "compiled a program"
        );
        self.compiled.fetch_add(1, Ordering::Relaxed);
        lock(&self.cache).insert(key, compiled.clone(), bytecode.len());
        compiled
    }

    /// Counts a run of one of its programs. Gives what the program answered.
    pub fn note<T>(&self, run: Metered<T>) -> Result<T, ProgramError> {
        self.evaluations.fetch_add(1, Ordering::Relaxed);
        self.fuel.fetch_add(run.fuel_used, Ordering::Relaxed);
        run.outcome
    }

    /// What it has done so far, and what it keeps.
    pub fn stats(&self) -> EngineStats {
        let (cached, cached_bytes) = lock(&self.cache).size();
        EngineStats {
            cached: cached as u64,
            cached_bytes: cached_bytes as u64,
            compiled: self.compiled.load(Ordering::Relaxed),
            evaluations: self.evaluations.load(Ordering::Relaxed),
            fuel: self.fuel.load(Ordering::Relaxed),
        }
    }
}

impl fmt::Debug for ProgramEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProgramEngine")
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// Locks. What these locks guard is whole even if a holder panicked.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
