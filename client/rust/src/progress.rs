//! What happens during the long steps, for whoever wants to show it.

use crate::chain::AccountId;
use sp_core::H256;
use std::{fmt, sync::Arc};

/// A step has begun or ended. `Display` gives one line for people.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Progress {
    /// A transaction is being encoded and signed.
    Preparing {
        /// The pallet's call.
        call: &'static str,
    },
    /// The node has taken a transaction into its pool.
    Submitted {
        /// The pallet's call.
        call: &'static str,
    },
    /// A transaction is in a block that may yet be abandoned.
    Included {
        /// The block.
        block: H256,
    },
    /// A transaction is in a finalized block.
    Finalized {
        /// The block.
        block: H256,
    },
    /// A relayer is being asked for a signature.
    Asking {
        /// The relayer's stash account, unless the user named the relayer by address.
        relayer: Option<AccountId>,
        /// Its address.
        endpoint: String,
    },
    /// A relayer could not be reached or is not able to relay: another one is tried, if there is
    /// one.
    RelayerFailed {
        /// Its address.
        endpoint: String,
        /// Why, in words.
        reason: String,
    },
    /// Blocks are being looked through.
    Scanning {
        /// How many have been.
        done: u32,
        /// How many there are to look through.
        total: u32,
    },
    /// An answer has come and is being checked.
    Verifying {
        /// How many signers vouch for it.
        answers: usize,
    },
}

impl fmt::Display for Progress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Preparing { call } => write!(formatter, "preparing {call}"),
            Self::Submitted { call } => {
                write!(formatter, "{call} submitted; waiting for a block")
            }
            Self::Included { block } => {
                write!(formatter, "in block {block:?}, which is not final yet")
            }
            Self::Finalized { block } => write!(formatter, "final in block {block:?}"),
            Self::Asking { relayer, endpoint } => {
                write!(formatter, "asking the relayer at {endpoint}")?;
                match relayer {
                    Some(account) => write!(formatter, " ({account})"),
                    None => Ok(()),
                }
            }
            Self::RelayerFailed { endpoint, reason } => {
                write!(formatter, "the relayer at {endpoint} failed: {reason}")
            }
            Self::Scanning { done, total } => {
                write!(formatter, "looked through {done} of {total} blocks")
            }
            Self::Verifying { answers } => {
                write!(
                    formatter,
                    "checking the signature and {answers} signers' word for it"
                )
            }
        }
    }
}

/// Who is told.
#[derive(Clone)]
pub(crate) struct Observer(Arc<dyn Fn(Progress) + Send + Sync>);

impl Default for Observer {
    fn default() -> Self {
        Self(Arc::new(|_| ()))
    }
}

impl Observer {
    pub(crate) fn new(observe: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        Self(Arc::new(observe))
    }

    pub(crate) fn tell(&self, progress: Progress) {
        (self.0)(progress);
    }
}
