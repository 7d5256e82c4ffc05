//! What session-key calls have in common: they are general transactions without an account, so
//! their own contents decide whether and for how long the pool keeps them.

use crate::{Call, Config, Error, Pallet};
use codec::Encode;
use frame_support::pallet_prelude::{
    InvalidTransaction, TransactionPriority, TransactionValidityError, ValidTransaction, Weight,
};
use frame_system::pallet_prelude::BlockNumberFor;
use signing_primitives::{SessionKeyCall, SignerId, SignerSignature};
use sp_core::H256;
use sp_runtime::{
    traits::{Saturating, Zero},
    RuntimeAppPublic, SaturatedConversion,
};

/// Session-key calls go before users' transactions: there is at most one of each kind per validator
/// in the pool, and the network waits for them.
pub(crate) const PRIORITY: TransactionPriority = TransactionPriority::MAX / 2;

/// What the pool is told of a good call, and how much of the authorization's weight was not used.
pub(crate) type Authorization = Result<(ValidTransaction, Weight), TransactionValidityError>;

impl<T: Config> From<SessionKeyCall<T::AccountId, BlockNumberFor<T>>> for Call<T> {
    fn from(call: SessionKeyCall<T::AccountId, BlockNumberFor<T>>) -> Self {
        match call {
            SessionKeyCall::AnnounceSigner(announcement, signature) => Self::announce_signer {
                announcement,
                signature,
            },
            SessionKeyCall::ConfirmKeygen(confirmation, signature) => Self::confirm_keygen {
                confirmation,
                signature,
            },
            SessionKeyCall::ConfirmReshare(confirmation, signature) => Self::confirm_reshare {
                confirmation,
                signature,
            },
            SessionKeyCall::ConfirmAuxInfo(confirmation, signature) => Self::confirm_aux_info {
                confirmation,
                signature,
            },
            SessionKeyCall::ReportFault(report, signature) => {
                Self::report_fault { report, signature }
            }
            SessionKeyCall::AnswerChallenge(answer, signature) => {
                Self::answer_challenge { answer, signature }
            }
        }
    }
}

impl<T: Config> Pallet<T> {
    /// Names this chain in signed payloads. Block 0's hash is never pruned.
    pub(crate) fn genesis_hash() -> H256 {
        frame_system::BlockHash::<T>::get(BlockNumberFor::<T>::zero())
    }

    /// Checks that `key` signed `payload`.
    pub(crate) fn verify(
        key: &SignerId,
        payload: &[u8],
        signature: &SignerSignature,
    ) -> Result<(), InvalidTransaction> {
        if key.verify(&payload, signature) {
            Ok(())
        } else {
            Err(InvalidTransaction::BadProof)
        }
    }

    /// What the pool is told of a good call.
    ///
    /// `tag` is the same for all calls of which only one can count: the pool keeps one of them, and
    /// one with a higher `rank` replaces one with a lower. After `last_block` the call is void.
    pub(crate) fn admit(
        tag: impl Encode,
        rank: u64,
        last_block: BlockNumberFor<T>,
    ) -> Authorization {
        let now = frame_system::Pallet::<T>::block_number();
        // A longevity of 0 would be void at once, and the last block still counts.
        let blocks: u64 = last_block.saturating_sub(now).saturated_into();
        let valid = ValidTransaction::with_tag_prefix("signing")
            .and_provides(tag)
            .priority(PRIORITY.saturating_add(rank))
            .longevity(blocks.saturating_add(1))
            .propagate(true)
            .build()?;
        Ok((valid, Weight::zero()))
    }
}

/// How the pool is told what a call's `error` would be.
pub(crate) fn refusal<T: Config>(error: Error<T>) -> InvalidTransaction {
    match error {
        Error::NotACurrentKey | Error::NotAMember | Error::ReporterConvicted => {
            InvalidTransaction::BadSigner
        }
        Error::AnnouncementFromFuture | Error::ReportFromFuture => InvalidTransaction::Future,
        Error::AnnouncementNotNewer
        | Error::AnnouncementExpired
        | Error::NotInKeygen
        | Error::NotResharing
        | Error::NoAuxInfoAttempt
        | Error::AttemptGivenUp
        | Error::ReportExpired
        | Error::AlreadyReported
        | Error::AlreadyProven
        | Error::WrongGeneration
        | Error::SeatAlreadyLost
        | Error::NotChallenged
        | Error::WrongAttempt
        | Error::AlreadyConfirmed => InvalidTransaction::Stale,
        _ => InvalidTransaction::Call,
    }
}
