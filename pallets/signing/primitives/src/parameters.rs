//! What root may set, and what it may not set it to.

use crate::{MaxMembers, MaxStandbys};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use core::fmt;
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use sp_core::Get;
use sp_runtime::{traits::Zero, Perbill};

/// The most that it costs to leave challenges unanswered, however often: above it the first time's.
pub const MOST_FOR_SILENCE: Perbill = Perbill::from_percent(5);

/// What root may set. In a chain spec its fields are in camel case. Where nothing else is said, zero is
/// refused.
#[derive(
    Clone,
    Debug,
    Decode,
    DecodeWithMemTracking,
    Deserialize,
    Encode,
    Eq,
    MaxEncodedLen,
    PartialEq,
    Serialize,
    TypeInfo,
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Parameters<BlockNumber> {
    /// N: the size of a committee, at least `threshold` and at most [`MaxMembers`].
    pub committee_size: u32,
    /// T: how many members it takes to sign, at least 2.
    pub threshold: u32,
    /// Blocks that an attempt at keygen or at auxiliary information may take.
    pub keygen_deadline: BlockNumber,
    /// Blocks that an attempt at resharing may take. Usually it takes two or three; where auxiliary
    /// information has to be made in its course, as long as a keygen.
    pub reshare_deadline: BlockNumber,
    /// Blocks after which one member leaves and a standby takes its place; 0 for never.
    pub rotation_period: BlockNumber,
    /// How many standbys are kept ready: 0 to [`MaxStandbys`].
    pub standbys: u32,
    /// How many sitting members at least must report one of their number, for it to lose its seat
    /// without proof. It also takes at least as many as sign. More than a third of all validators
    /// can do so as well.
    pub fault_quorum: u32,
    /// For how many blocks a report without proof counts.
    pub report_window: BlockNumber,
    /// Blocks in which a validator that was reported to be silent must show that it is there.
    pub challenge_window: BlockNumber,
    /// What a provable cheater, or who accuses falsely, loses of its stake: more than
    /// [`MOST_FOR_SILENCE`] and than `silence_slash`.
    pub cheating_slash: Perbill,
    /// What it costs to leave a challenge unanswered, the first time; twice that the next time, and
    /// so on. May be zero.
    pub silence_slash: Perbill,
    /// Requests per registration and block that a signer or relayer accepts.
    pub request_limit: u32,
    /// Fuel that all programs of a registration together may burn for one request (wasmi's unit).
    pub fuel: u64,
    /// A request must name a block at most this many blocks before or after the best block.
    pub freshness_window: BlockNumber,
}

impl<BlockNumber: From<u32>> Default for Parameters<BlockNumber> {
    /// A committee of three, of which two sign. The numbers of blocks suit blocks of six seconds.
    fn default() -> Self {
        Self {
            committee_size: 3,
            threshold: 2,
            // 5 minutes; a keygen takes about half a minute of computation.
            keygen_deadline: 50.into(),
            // 5 minutes: auxiliary information may have to be made.
            reshare_deadline: 50.into(),
            // A day.
            rotation_period: 14_400.into(),
            standbys: 2,
            fault_quorum: 2,
            // An hour.
            report_window: 600.into(),
            // Half an hour: time for a node to restart and to catch up.
            challenge_window: 300.into(),
            cheating_slash: Perbill::from_percent(10),
            silence_slash: Perbill::from_parts(1_000_000),
            request_limit: 20,
            fuel: 100_000_000,
            // 2 minutes.
            freshness_window: 20.into(),
        }
    }
}

/// Parameters that the network could not work with.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ParametersError {
    /// One member alone could sign.
    ThresholdTooLow,
    /// The committee is smaller than the threshold.
    CommitteeTooSmall,
    /// The committee is larger than a committee can be.
    CommitteeTooLarge,
    /// There are more standbys than there can be.
    TooManyStandbys,
    /// This one must not be zero.
    Zero(&'static str),
    /// To cheat would cost less than to be silent can.
    CheatingTooCheap,
}

/// What must be otherwise. The names are those of a chain spec.
impl fmt::Display for ParametersError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ThresholdTooLow => {
                f.write_str("threshold must be at least 2, so that no member can sign alone")
            }
            Self::CommitteeTooSmall => f.write_str("committeeSize must not be less than threshold"),
            Self::CommitteeTooLarge => {
                let most: u32 = MaxMembers::get();
                write!(f, "committeeSize must be at most {most}")
            }
            Self::TooManyStandbys => {
                let most: u32 = MaxStandbys::get();
                write!(f, "standbys must be at most {most}")
            }
            Self::Zero(name) => write!(f, "{name} must not be 0"),
            Self::CheatingTooCheap => write!(
                f,
                "cheatingSlash must be more than silenceSlash, and more than {} parts in a billion",
                MOST_FOR_SILENCE.deconstruct()
            ),
        }
    }
}

impl<BlockNumber: Zero> Parameters<BlockNumber> {
    /// Checks that the network can work with them.
    ///
    /// # Errors
    /// The first thing that must be otherwise.
    pub fn check(&self) -> Result<(), ParametersError> {
        let ensure = |holds: bool, error| if holds { Ok(()) } else { Err(error) };
        ensure(self.threshold >= 2, ParametersError::ThresholdTooLow)?;
        ensure(
            self.committee_size >= self.threshold,
            ParametersError::CommitteeTooSmall,
        )?;
        ensure(
            self.committee_size <= MaxMembers::get(),
            ParametersError::CommitteeTooLarge,
        )?;
        ensure(
            self.standbys <= MaxStandbys::get(),
            ParametersError::TooManyStandbys,
        )?;
        for (name, is_zero) in [
            ("keygenDeadline", self.keygen_deadline.is_zero()),
            ("reshareDeadline", self.reshare_deadline.is_zero()),
            ("faultQuorum", self.fault_quorum == 0),
            ("reportWindow", self.report_window.is_zero()),
            ("challengeWindow", self.challenge_window.is_zero()),
            ("requestLimit", self.request_limit == 0),
            ("fuel", self.fuel == 0),
            ("freshnessWindow", self.freshness_window.is_zero()),
        ] {
            ensure(!is_zero, ParametersError::Zero(name))?;
        }
        ensure(
            self.cheating_slash > MOST_FOR_SILENCE.max(self.silence_slash),
            ParametersError::CheatingTooCheap,
        )
    }
}
