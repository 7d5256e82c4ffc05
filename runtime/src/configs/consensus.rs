//! Who makes blocks and who finalizes them, and what becomes of those who cheat.

use crate::{
    constants::{
        BONDING_DURATION, EPOCH_DURATION_IN_BLOCKS, MAX_AUTHORITIES, MILLISECS_PER_BLOCK,
        MILLIUNIT, SESSIONS_PER_ERA,
    },
    AccountId, Babe, Balances, Historical, Offences, Runtime, RuntimeEvent, Session, SessionKeys,
    Staking,
};
use frame_support::traits::{ConstU128, ConstU32, ConstU64};
use pallet_session::disabling::UpToLimitWithReEnablingDisablingStrategy;
use sp_runtime::traits::{ConvertInto, OpaqueKeys};

/// The most nominators of one validator: all who may vote. Weights of reports account for as many.
pub(super) const MAX_NOMINATORS: u32 = super::staking::MAX_ELECTING_VOTERS;

/// Sessions for which equivocations can be reported: as long as stake is bonded.
const REPORTABLE_SESSIONS: u64 = BONDING_DURATION as u64 * SESSIONS_PER_ERA as u64;

/// Blocks for which an equivocation report stays valid in the pool.
type ReportLongevity = ConstU64<{ REPORTABLE_SESSIONS * EPOCH_DURATION_IN_BLOCKS as u64 }>;

impl pallet_babe::Config for Runtime {
    type DisabledValidators = Session;
    // Sessions change epochs.
    type EpochChangeTrigger = pallet_babe::ExternalTrigger;
    type EpochDuration = ConstU64<{ EPOCH_DURATION_IN_BLOCKS as u64 }>;
    type EquivocationReportSystem =
        pallet_babe::EquivocationReportSystem<Self, Offences, Historical, ReportLongevity>;
    type ExpectedBlockTime = ConstU64<MILLISECS_PER_BLOCK>;
    type KeyOwnerProof = sp_session::MembershipProof;
    type MaxAuthorities = ConstU32<MAX_AUTHORITIES>;
    type MaxNominators = ConstU32<MAX_NOMINATORS>;
    type WeightInfo = ();
}

impl pallet_grandpa::Config for Runtime {
    type EquivocationReportSystem =
        pallet_grandpa::EquivocationReportSystem<Self, Offences, Historical, ReportLongevity>;
    type KeyOwnerProof = sp_session::MembershipProof;
    type MaxAuthorities = ConstU32<MAX_AUTHORITIES>;
    type MaxNominators = ConstU32<MAX_NOMINATORS>;
    type MaxSetIdSessionEntries = ConstU64<REPORTABLE_SESSIONS>;
    type RuntimeEvent = RuntimeEvent;
    type WeightInfo = ();
}

impl pallet_authority_discovery::Config for Runtime {
    type MaxAuthorities = ConstU32<MAX_AUTHORITIES>;
}

impl pallet_authorship::Config for Runtime {
    type EventHandler = Staking;
    type FindAuthor = pallet_session::FindAccountFromAuthorIndex<Self, Babe>;
}

impl pallet_session::Config for Runtime {
    type Currency = Balances;
    type DisablingStrategy = UpToLimitWithReEnablingDisablingStrategy;
    type KeyDeposit = ConstU128<{ 100 * MILLIUNIT }>;
    type Keys = SessionKeys;
    type NextSessionRotation = Babe;
    type RuntimeEvent = RuntimeEvent;
    type SessionHandler = <SessionKeys as OpaqueKeys>::KeyTypeIdProviders;
    type SessionManager = pallet_session::historical::NoteHistoricalRoot<Self, Staking>;
    type ShouldEndSession = Babe;
    type ValidatorId = AccountId;
    type ValidatorIdOf = ConvertInto;
    type WeightInfo = pallet_session::weights::SubstrateWeight<Runtime>;
}

impl pallet_session::historical::Config for Runtime {
    type FullIdentification = ();
    type FullIdentificationOf = pallet_staking::UnitIdentificationOf<Self>;
    type RuntimeEvent = RuntimeEvent;
}

impl pallet_offences::Config for Runtime {
    type IdentificationTuple = pallet_session::historical::IdentificationTuple<Self>;
    type OnOffenceHandler = Staking;
    type RuntimeEvent = RuntimeEvent;
}
