//! The shared types with a runtime's account ids and block numbers.

use crate::{primitives, Config};
use frame_support::traits::fungible;
use frame_system::pallet_prelude::BlockNumberFor;

/// The balance in which deposits are held.
pub type BalanceOf<T> =
    <<T as Config>::Currency as fungible::Inspect<<T as frame_system::Config>::AccountId>>::Balance;
/// [`primitives::Announcement`] of a runtime.
pub type AnnouncementOf<T> = primitives::Announcement<BlockNumberFor<T>>;
/// [`primitives::AuxInfoAttempt`] of a runtime.
pub type AuxInfoAttemptOf<T> =
    primitives::AuxInfoAttempt<<T as frame_system::Config>::AccountId, BlockNumberFor<T>>;
/// [`primitives::AuxInfoSet`] of a runtime.
pub type AuxInfoSetOf<T> = primitives::AuxInfoSet<<T as frame_system::Config>::AccountId>;
/// [`primitives::ChallengeAnswer`] of a runtime.
pub type ChallengeAnswerOf<T> = primitives::ChallengeAnswer<BlockNumberFor<T>>;
/// [`primitives::Committee`] of a runtime.
pub type CommitteeOf<T> = primitives::Committee<<T as frame_system::Config>::AccountId>;
/// [`primitives::CommitteeMember`] of a runtime.
pub type CommitteeMemberOf<T> = primitives::CommitteeMember<<T as frame_system::Config>::AccountId>;
/// [`primitives::FaultReport`] of a runtime.
pub type FaultReportOf<T> =
    primitives::FaultReport<<T as frame_system::Config>::AccountId, BlockNumberFor<T>>;
/// [`primitives::KeygenAttempt`] of a runtime.
pub type KeygenAttemptOf<T> =
    primitives::KeygenAttempt<<T as frame_system::Config>::AccountId, BlockNumberFor<T>>;
/// [`primitives::NetworkState`] of a runtime.
pub type NetworkStateOf<T> =
    primitives::NetworkState<<T as frame_system::Config>::AccountId, BlockNumberFor<T>>;
/// [`primitives::Parameters`] of a runtime.
pub type ParametersOf<T> = primitives::Parameters<BlockNumberFor<T>>;
/// [`primitives::Phase`] of a runtime.
pub type PhaseOf<T> = primitives::Phase<<T as frame_system::Config>::AccountId, BlockNumberFor<T>>;
/// [`primitives::Program`] of a runtime.
pub type ProgramOf<T> = primitives::Program<<T as frame_system::Config>::AccountId>;
/// [`primitives::ProgramSummary`] of a runtime.
pub type ProgramSummaryOf<T> = primitives::ProgramSummary<<T as frame_system::Config>::AccountId>;
/// [`primitives::Registration`] of a runtime.
pub type RegistrationOf<T> = primitives::Registration<<T as frame_system::Config>::AccountId>;
/// [`primitives::RegistrationDeposit`] of a runtime.
pub type RegistrationDepositOf<T> =
    primitives::RegistrationDeposit<<T as frame_system::Config>::AccountId, BalanceOf<T>>;
/// [`primitives::ReshareAttempt`] of a runtime.
pub type ReshareAttemptOf<T> =
    primitives::ReshareAttempt<<T as frame_system::Config>::AccountId, BlockNumberFor<T>>;
/// The programs of a registration.
pub type ProgramInstances =
    sp_runtime::BoundedVec<primitives::ProgramInstance, primitives::MaxProgramsPerRegistration>;

/// How the index of the next registration is stored.
#[cfg(not(feature = "upgrade-test"))]
pub type StoredIndex = u32;
/// How the index of the next registration is stored in the runtime of the upgrade test.
#[cfg(feature = "upgrade-test")]
pub type StoredIndex = u64;
