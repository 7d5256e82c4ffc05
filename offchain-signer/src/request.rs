//! Which requests are granted, and how a relayer gets them signed. No HTTP server here: bodies go
//! in, answers or errors come out.
//!
//! ```text
//!  body ─ open ─► who asks ─ snapshot ─► checks ─► programs ─► digest
//!                                                               │
//!  Relayer: join ─► pace ─► pick T members ─► AskSigner (each) ─► verify answers ─► user
//!                             ▲       │ a member fails: another subset, at once
//!                             └───────┘
//!  Signer:  RunSigning (the session) ─► verify ─► sign the signature ─► relayer
//! ```
//! Programs are slow, and strangers can make them run: they have their own lane of threads and
//! [`turns`] in it, and each run counts against a limit of its own ([`ledger`]).
//!
//! What is cheap is checked first; nothing is remembered of a request until its programs have said
//! yes, so strangers can neither use up a user's request limit nor fill the replay cache. Half of a
//! key's evaluations are kept for those whom its programs have granted requests ([`known`]).
//!
//! A decision is made on one [`snapshot`](Snapshot): identities and the committee at the finalized
//! head, programs and the pause at the best head, registrations at both: they count once they are
//! final, and as they are at the best head.

mod admission;
mod ask;
mod blame;
mod checks;
mod error;
mod fresh;
mod join;
mod known;
mod ledger;
mod open;
mod pace;
mod programs;
mod rate_limit;
mod recover;
mod relay;
mod replay;
mod sign;
mod signing;
mod snapshot;
mod subsets;
mod turns;
mod wait;

pub use admission::Admission;
pub use ask::{AskError, AskSigner, HttpSigners, SignerReply};
pub use error::{MalformedPart, RequestError};
pub(crate) use pace::Pace;
pub use programs::{EvaluateProgram, ProgramFailure, ProgramInput};
pub use recover::recovers_to;
pub use relay::{RelayConfig, Relayer};
pub use sign::Signer;
pub use signing::{RunSigning, SigningFailure, SigningOrder};
pub(crate) use snapshot::Look;
pub use snapshot::{Snapshot, Snapshots};

/// What the documentation has to say.
#[cfg(test)]
pub(crate) mod limits {
    pub(crate) use super::{
        known::{MEMORY, PAID_BACK_AFTER, REQUESTERS},
        ledger::{EVALUATIONS_PER_GRANT, EVALUATIONS_PER_REQUEST},
        pace::{
            MOST as PACE_MOST, OF_ONE_KEY as PACE_OF_ONE_KEY, PATIENCE as PACE_PATIENCE,
            PLACES_OF_ONE_KEY,
        },
        sign::MAX_ATTEMPTS,
        turns::{OF_ONE_KEY, OF_STRANGERS, PATIENCE},
    };
}
#[cfg(test)]
pub(crate) mod testing;
