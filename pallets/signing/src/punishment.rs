//! What validators are punished for, and who does it.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_runtime::Perbill;

/// What a validator is punished for.
#[derive(
    Clone,
    Copy,
    Debug,
    Decode,
    DecodeWithMemTracking,
    Encode,
    Eq,
    MaxEncodedLen,
    PartialEq,
    TypeInfo,
)]
pub enum Offence {
    /// It left a challenge unanswered.
    Silence,
    /// It cheated in a signing session, which was proved. Punished once per generation.
    Cheating {
        /// The generation of the session.
        generation: u32,
    },
    /// It accused another with evidence that proves nothing. Punished once per generation.
    FalseEvidence {
        /// The generation that was in force.
        generation: u32,
    },
}

/// Takes a part of a validator's stake.
pub trait PunishOffender<AccountId> {
    /// The current session: the stake that is liable is that of the session in which the fault was.
    fn session() -> u32;

    /// Punishes `offender` for what it did in `session`, and rewards who has proved it.
    fn punish(
        offender: &AccountId,
        session: u32,
        offence: Offence,
        slash: Perbill,
        prover: Option<&AccountId>,
    );

    /// Keeps a validator of the current session, which was punished in this era, from making blocks: a
    /// new session lets everybody make them again.
    fn disable(offender: &AccountId, slash: Perbill);

    /// Has the validator at stake what costs most to take a part of.
    #[cfg(feature = "runtime-benchmarks")]
    fn prepare(offender: &AccountId);
}

/// Punishes nobody.
impl<AccountId> PunishOffender<AccountId> for () {
    fn session() -> u32 {
        0
    }

    fn punish(_: &AccountId, _: u32, _: Offence, _: Perbill, _: Option<&AccountId>) {}

    fn disable(_: &AccountId, _: Perbill) {}

    #[cfg(feature = "runtime-benchmarks")]
    fn prepare(_: &AccountId) {}
}
