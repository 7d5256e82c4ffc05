//! The signing network: signers, committee, programs and registrations, and what faults cost.

use crate::{
    constants::{DEPOSIT_BASE, DEPOSIT_PER_BYTE, MAX_AUTHORITIES},
    AccountId, Balances, Offences, Runtime, RuntimeHoldReason, Session, System,
};
use alloc::{vec, vec::Vec};
use codec::Codec;
use frame_support::traits::{ConstU128, ConstU32, Get};
use pallet_session::historical::IdentificationTuple;
use pallet_signing::PunishOffender;
use sp_runtime::Perbill;
use sp_staking::{
    offence::{Kind, Offence, OffenceSeverity, ReportOffence},
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

/// What a validator is punished for: `KIND` tells the kinds apart, `slot` the offences of one kind.
///
/// Each validator answers for itself: what it loses does not depend on others that are punished at the
/// same time.
struct Fault<Slot, const KIND: u8> {
    session: SessionIndex,
    /// With the offender, this is what can be punished once.
    slot: Slot,
    validators: u32,
    offender: IdentificationTuple<Runtime>,
    slash: Perbill,
}

/// A challenge was left unanswered. The slot is the block in which that was noticed.
const SILENCE: u8 = 0;
/// It cheated. The slot is the generation of the session in which it did.
const CHEATING: u8 = 1;
/// It accused another falsely. The slot is the generation that was in force.
const FALSE_EVIDENCE: u8 = 2;

impl<Slot, const KIND: u8> Offence<IdentificationTuple<Runtime>> for Fault<Slot, KIND>
where
    Slot: Clone + Codec + Ord,
{
    const ID: Kind = match KIND {
        SILENCE => *b"sign:no-answer  ",
        CHEATING => *b"sign:cheating   ",
        _ => *b"sign:false-proof",
    };
    type Slot = (Slot, AccountId);

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
        (self.slot.clone(), self.offender.0.clone())
    }

    fn slash_fraction(&self, _offenders: u32) -> Perbill {
        self.slash
    }
}

/// Reports offences, for which staking takes a part of the validator's and its nominators' stake, and
/// the session pallet may disable it for the era.
pub struct SlashStake;

impl SlashStake {
    fn report<Slot, const KIND: u8>(
        offender: &AccountId,
        session: SessionIndex,
        slot: Slot,
        slash: Perbill,
        prover: Option<&AccountId>,
    ) where
        Slot: Clone + Codec + Ord,
    {
        let validators = Session::validators().len();
        let fault = Fault::<Slot, KIND> {
            session,
            slot,
            validators: validators.try_into().unwrap_or(u32::MAX),
            // It need not be a validator any more: the session says whose stake is liable.
            offender: (offender.clone(), ()),
            slash,
        };
        // Only a duplicate could fail, and the pallet punishes nobody twice.
        let reported = Offences::report_offence(prover.into_iter().cloned().collect(), fault);
        debug_assert!(reported.is_ok());
    }
}

impl PunishOffender<AccountId> for SlashStake {
    fn session() -> SessionIndex {
        Session::current_index()
    }

    fn punish(
        offender: &AccountId,
        session: SessionIndex,
        offence: pallet_signing::Offence,
        slash: Perbill,
        prover: Option<&AccountId>,
    ) {
        use pallet_signing::Offence::{Cheating, FalseEvidence, Silence};
        match offence {
            Silence => {
                let block = System::block_number();
                Self::report::<_, SILENCE>(offender, session, block, slash, prover);
            }
            Cheating { generation } => {
                Self::report::<_, CHEATING>(offender, session, generation, slash, prover);
            }
            FalseEvidence { generation } => {
                Self::report::<_, FALSE_EVIDENCE>(offender, session, generation, slash, prover);
            }
        }
    }

    fn disable(offender: &AccountId, slash: Perbill) {
        Session::report_offence(offender.clone(), OffenceSeverity(slash));
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn prepare(offender: &AccountId) {
        use super::consensus::MAX_NOMINATORS;
        use crate::{constants::UNIT, Staking};
        use pallet_staking::{ActiveEraInfo, ErasStartSessionIndex};
        use sp_staking::{Exposure, IndividualExposure};

        let era = ActiveEra::get();
        pallet_staking::ActiveEra::<Runtime>::put(ActiveEraInfo {
            index: era,
            start: None,
        });
        ErasStartSessionIndex::<Runtime>::insert(era, 0);
        let others: Vec<_> = (0..MAX_NOMINATORS)
            .map(|index| IndividualExposure {
                who: frame_benchmarking::account("nominator", index, 0),
                value: UNIT,
            })
            .collect();
        let exposure = Exposure {
            total: UNIT.saturating_mul(u128::from(MAX_NOMINATORS).saturating_add(1)),
            own: UNIT,
            others,
        };
        Staking::add_era_stakers(era, offender.clone(), exposure);
    }
}
