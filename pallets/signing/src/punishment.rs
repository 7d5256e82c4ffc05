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
}

/// Takes a part of a validator's stake.
pub trait PunishOffender<AccountId> {
    /// The current session: the stake that is liable is that of the session in which the fault was.
    fn session() -> u32;

    /// Punishes `offender` for what it did in `session`.
    fn punish(offender: &AccountId, session: u32, offence: Offence, slash: Perbill);
}

/// Punishes nobody.
impl<AccountId> PunishOffender<AccountId> for () {
    fn session() -> u32 {
        0
    }

    fn punish(_: &AccountId, _: u32, _: Offence, _: Perbill) {}
}
