//! The signing network: signers, committee, programs and registrations.

use crate::{
    constants::{DEPOSIT_BASE, DEPOSIT_PER_BYTE, MAX_AUTHORITIES},
    Balances, Runtime, RuntimeHoldReason,
};
use frame_support::traits::{ConstU128, ConstU32};

impl pallet_signing::Config for Runtime {
    // Time for every signer that runs, also with fast blocks, and more blocks in a row than one
    // author is likely to have.
    type ChoiceDelay = ConstU32<5>;
    type Currency = Balances;
    type MaxValidators = ConstU32<MAX_AUTHORITIES>;
    type ProgramDepositBase = ConstU128<DEPOSIT_BASE>;
    type ProgramDepositPerByte = ConstU128<DEPOSIT_PER_BYTE>;
    type Randomness = pallet_babe::RandomnessFromOneEpochAgo<Self>;
    type RegistrationDepositBase = ConstU128<DEPOSIT_BASE>;
    type RegistrationDepositPerByte = ConstU128<DEPOSIT_PER_BYTE>;
    type RuntimeHoldReason = RuntimeHoldReason;
    type WeightInfo = pallet_signing::weights::SubstrateWeight<Runtime>;
}
