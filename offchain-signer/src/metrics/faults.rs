//! How often this node has seen others fail.

use super::label;
use signing_primitives::UnprovableFault;
use std::sync::atomic::{AtomicU64, Ordering};

label! {
    /// What others were seen to do or leave undone.
    FaultKind {
        /// There was no connection.
        Unreachable => "unreachable",
        /// A message or an answer did not come.
        Silent => "silent",
        /// It did what no honest signer does.
        Misbehaved => "misbehaved",
        /// The same, and this node can prove it.
        Cheated => "cheated",
    }
}

impl From<UnprovableFault> for FaultKind {
    fn from(fault: UnprovableFault) -> Self {
        match fault {
            UnprovableFault::Unreachable => Self::Unreachable,
            UnprovableFault::Silent => Self::Silent,
            UnprovableFault::Misbehaved => Self::Misbehaved,
        }
    }
}

/// Counts by kind. Relaxed: counters order nothing.
#[derive(Debug, Default)]
pub struct FaultCounts {
    unreachable: AtomicU64,
    silent: AtomicU64,
    misbehaved: AtomicU64,
    cheated: AtomicU64,
}

impl FaultCounts {
    fn of(&self, kind: FaultKind) -> &AtomicU64 {
        match kind {
            FaultKind::Unreachable => &self.unreachable,
            FaultKind::Silent => &self.silent,
            FaultKind::Misbehaved => &self.misbehaved,
            FaultKind::Cheated => &self.cheated,
        }
    }

    /// One more.
    pub fn count(&self, kind: FaultKind) {
        self.of(kind).fetch_add(1, Ordering::Relaxed);
    }

    /// How many there have been.
    pub fn get(&self, kind: FaultKind) -> u64 {
        self.of(kind).load(Ordering::Relaxed)
    }
}
