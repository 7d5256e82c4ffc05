//! The signing network: signers, committee, programs and registrations, and what faults cost.

use crate::{
    constants::{DEPOSIT_BASE, DEPOSIT_PER_BYTE, MAX_AUTHORITIES},
    AccountId, Balances, BlockNumber, Offences, Runtime, RuntimeHoldReason, Session, System,
};
use alloc::{vec, vec::Vec};
use frame_support::traits::{ConstU128, ConstU32, Get};
use pallet_session::historical::IdentificationTuple;
use pallet_signing::PunishOffender;
use sp_runtime::{traits::Convert, Perbill};
use sp_staking::{
    offence::{Kind, Offence, ReportOffence},
    SessionIndex,
};

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
    type Era = ActiveEra;
    type MaxValidators = ConstU32<MAX_AUTHORITIES>;
    type ProgramDepositBase = ConstU128<DEPOSIT_BASE>;
    type ProgramDepositPerByte = ConstU128<DEPOSIT_PER_BYTE>;
    type Punish = SlashStake;
    type Randomness = pallet_babe::RandomnessFromOneEpochAgo<Self>;
    type RegistrationDepositBase = ConstU128<DEPOSIT_BASE>;
    type RegistrationDepositPerByte = ConstU128<DEPOSIT_PER_BYTE>;
    type RuntimeHoldReason = RuntimeHoldReason;
    type WeightInfo = Weights;
}

/// Staking's active era; 0 before there is any.
pub struct ActiveEra;

impl Get<u32> for ActiveEra {
    fn get() -> u32 {
        pallet_staking::ActiveEra::<Runtime>::get().map_or(0, |era| era.index)
    }
}

/// A validator has left a challenge unanswered.
struct Silence {
    session: SessionIndex,
    /// In which block that was noticed.
    block: BlockNumber,
    validators: u32,
    offender: IdentificationTuple<Runtime>,
    slash: Perbill,
}

impl Offence<IdentificationTuple<Runtime>> for Silence {
    const ID: Kind = *b"sign:no-answer  ";
    /// Each validator answers for itself: what it loses does not depend on others that are punished at
    /// the same time.
    type Slot = (BlockNumber, AccountId);

    fn offenders(&self) -> Vec<IdentificationTuple<Runtime>> {
        vec![self.offender.clone()]
    }

    fn session_index(&self) -> SessionIndex {
        self.session
    }

    fn validator_set_count(&self) -> u32 {
        self.validators
    }

    fn slot(&self) -> Self::Slot {
        (self.block, self.offender.0.clone())
    }

    fn slash_fraction(&self, _offenders: u32) -> Perbill {
        self.slash
    }
}

/// Reports offences, for which staking takes a part of the validator's and its nominators' stake, and
/// the session pallet may disable it for the era.
pub struct SlashStake;

impl PunishOffender<AccountId> for SlashStake {
    fn session() -> SessionIndex {
        Session::current_index()
    }

    fn punish(
        offender: &AccountId,
        session: SessionIndex,
        offence: pallet_signing::Offence,
        slash: Perbill,
    ) {
        let pallet_signing::Offence::Silence = offence;
        let Some(identification) =
            <Runtime as pallet_session::historical::Config>::FullIdentificationOf::convert(
                offender.clone(),
            )
        else {
            return;
        };
        let validators = Session::validators().len();
        let silence = Silence {
            session,
            block: System::block_number(),
            validators: validators.try_into().unwrap_or(u32::MAX),
            offender: (offender.clone(), identification),
            slash,
        };
        // Nobody has reported it, so nobody is rewarded. Only a duplicate could fail, and the pallet
        // ends a challenge once.
        let reported = Offences::report_offence(Vec::new(), silence);
        debug_assert!(reported.is_ok());
    }
}
