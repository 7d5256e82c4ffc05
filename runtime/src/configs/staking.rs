//! Nominated proof of stake: who may be a validator, and what it earns and risks.

use crate::{
    constants::{BONDING_DURATION, MAX_AUTHORITIES, SESSIONS_PER_ERA, SLASH_DEFER_DURATION},
    AccountId, Balance, Balances, Runtime, RuntimeEvent, RuntimeHoldReason, Session, Staking,
    Timestamp,
};
use frame_election_provider_support::{
    bounds::{ElectionBounds, ElectionBoundsBuilder},
    onchain, SequentialPhragmen,
};
use frame_support::{
    parameter_types,
    traits::{ConstBool, ConstU32, Nothing},
};
use frame_system::EnsureRoot;
use sp_runtime::{curve::PiecewiseLinear, Perbill};

pallet_staking_reward_curve::build! {
    const REWARD_CURVE: PiecewiseLinear<'static> = curve!(
        min_inflation: 0_025_000,
        max_inflation: 0_100_000,
        ideal_stake: 0_500_000,
        falloff: 0_050_000,
        max_piece_count: 40,
        test_precision: 0_005_000,
    );
}

/// The most voters in an election. It is computed in one block, so this bounds that block's work.
pub(super) const MAX_ELECTING_VOTERS: u32 = 1_000;
/// The most candidates in an election.
const MAX_ELECTABLE_TARGETS: u32 = 500;
/// The most validators that one nominator may name.
const MAX_NOMINATIONS: u32 = 16;

parameter_types! {
    pub const RewardCurve: &'static PiecewiseLinear<'static> = &REWARD_CURVE;
    pub ElectionLimits: ElectionBounds = ElectionBoundsBuilder::default()
        .voters_count(MAX_ELECTING_VOTERS.into())
        .targets_count(MAX_ELECTABLE_TARGETS.into())
        .build();
}

/// Elects the validators on chain, in one block: simple, and good for some hundreds of stakers.
pub struct OnChainElection;

impl onchain::Config for OnChainElection {
    type Bounds = ElectionLimits;
    type DataProvider = Staking;
    type MaxBackersPerWinner = ConstU32<MAX_ELECTING_VOTERS>;
    type MaxWinnersPerPage = ConstU32<MAX_AUTHORITIES>;
    type Solver = SequentialPhragmen<AccountId, Perbill>;
    type Sort = ConstBool<true>;
    type System = Runtime;
    type WeightInfo = frame_election_provider_support::weights::SubstrateWeight<Runtime>;
}

/// Sizes for the benchmarks of pallet-staking.
pub struct StakingBenchmarks;

impl pallet_staking::BenchmarkingConfig for StakingBenchmarks {
    type MaxNominators = ConstU32<MAX_ELECTING_VOTERS>;
    type MaxValidators = ConstU32<MAX_AUTHORITIES>;
}

impl pallet_staking::Config for Runtime {
    type AdminOrigin = EnsureRoot<AccountId>;
    type BenchmarkingConfig = StakingBenchmarks;
    type BondingDuration = ConstU32<BONDING_DURATION>;
    type Currency = Balances;
    type CurrencyBalance = Balance;
    type CurrencyToVote = sp_staking::currency_to_vote::U128CurrencyToVote;
    type ElectionProvider = onchain::OnChainExecution<OnChainElection>;
    type EraPayout = pallet_staking::ConvertCurve<RewardCurve>;
    type EventListeners = ();
    type Filter = Nothing;
    type GenesisElectionProvider = Self::ElectionProvider;
    type HistoryDepth = ConstU32<84>;
    type MaxControllersInDeprecationBatch = ConstU32<100>;
    type MaxExposurePageSize = ConstU32<64>;
    type MaxUnlockingChunks = ConstU32<32>;
    type MaxValidatorSet = ConstU32<MAX_AUTHORITIES>;
    type NextNewSession = Session;
    type NominationsQuota = pallet_staking::FixedNominationsQuota<MAX_NOMINATIONS>;
    type OldCurrency = Balances;
    type Reward = ();
    type RewardRemainder = ();
    type RuntimeEvent = RuntimeEvent;
    type RuntimeHoldReason = RuntimeHoldReason;
    type SessionInterface = Self;
    type SessionsPerEra = ConstU32<SESSIONS_PER_ERA>;
    // What is slashed is burnt.
    type Slash = ();
    type SlashDeferDuration = ConstU32<SLASH_DEFER_DURATION>;
    type TargetList = pallet_staking::UseValidatorsMap<Self>;
    type UnixTime = Timestamp;
    type VoterList = pallet_staking::UseNominatorsAndValidatorsMap<Self>;
    type WeightInfo = pallet_staking::weights::SubstrateWeight<Runtime>;
}
