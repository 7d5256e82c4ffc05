//! The signing network: signers, committee, programs and registrations.

use crate::{
    constants::{MAX_AUTHORITIES, MICROUNIT, MILLIUNIT},
    Balances, Runtime, RuntimeHoldReason,
};
use frame_support::traits::{ConstU128, ConstU32};

/// Measured; or, while they are being measured, none to speak of.
#[cfg(not(feature = "runtime-benchmarks"))]
type Weights = crate::weights::pallet_signing::WeightInfo<Runtime>;
#[cfg(feature = "runtime-benchmarks")]
type Weights = ();

impl pallet_signing::Config for Runtime {
    // Time for every signer that runs, also with fast blocks, and more blocks in a row than one
    // author is likely to have.
    type ChoiceDelay = ConstU32<5>;
    type Currency = Balances;
    type MaxValidators = ConstU32<MAX_AUTHORITIES>;
    type ProgramDepositBase = ConstU128<{ 100 * MILLIUNIT }>;
    // A program of the largest size holds a hundred coins.
    type ProgramDepositPerByte = ConstU128<{ 100 * MICROUNIT }>;
    type Randomness = pallet_babe::RandomnessFromOneEpochAgo<Self>;
    type RuntimeHoldReason = RuntimeHoldReason;
    type WeightInfo = Weights;
}
