//! Measured weights of `pallet_signing`. Written by `scripts/weights`: measure again, do not edit.
//!
//! 2026-11-22, AMD EPYC, steps 20, repeat 10.
#![allow(missing_docs)]

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// What calls cost on the machine above, with the database weights of `T`.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_signing::WeightInfo for WeightInfo<T> {
    /// Storage: `Signing::KeyOwners` (r:1 w:0)
    /// Proof: `Signing::KeyOwners` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
    /// Storage: `Signing::Parameters` (r:1 w:0)
    /// Proof: `Signing::Parameters` (`max_values`: Some(1), `max_size`: Some(28), added: 523, mode: `MaxEncodedLen`)
    /// Storage: `Signing::Signers` (r:1 w:1)
    /// Proof: `Signing::Signers` (`max_values`: None, `max_size`: Some(333), added: 2808, mode: `MaxEncodedLen`)
    /// Storage: `Signing::Excluded` (r:1 w:1)
    /// Proof: `Signing::Excluded` (`max_values`: Some(1), `max_size`: Some(3202), added: 3697, mode: `MaxEncodedLen`)
    /// Storage: `Signing::CounterForSigners` (r:1 w:0)
    /// Proof: `Signing::CounterForSigners` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    /// Storage: `Signing::Phase` (r:1 w:0)
    /// Proof: `Signing::Phase` (`max_values`: Some(1), `max_size`: Some(3153), added: 3648, mode: `MaxEncodedLen`)
    /// Storage: `Signing::DrawAt` (r:1 w:1)
    /// Proof: `Signing::DrawAt` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    fn announce_signer() -> Weight {
        // At least 173_370 ns.
        Weight::from_parts(201_771_000, 4687)
            .saturating_add(T::DbWeight::get().reads(7))
            .saturating_add(T::DbWeight::get().writes(3))
    }
    /// Storage: `Signing::KeyOwners` (r:1 w:0)
    /// Proof: `Signing::KeyOwners` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
    /// Storage: `Signing::Parameters` (r:1 w:0)
    /// Proof: `Signing::Parameters` (`max_values`: Some(1), `max_size`: Some(28), added: 523, mode: `MaxEncodedLen`)
    /// Storage: `Signing::Signers` (r:1 w:0)
    /// Proof: `Signing::Signers` (`max_values`: None, `max_size`: Some(333), added: 2808, mode: `MaxEncodedLen`)
    /// Storage: `System::BlockHash` (r:1 w:0)
    /// Proof: `System::BlockHash` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
    fn authorize_announce_signer() -> Weight {
        // At least 69_070 ns.
        Weight::from_parts(77_580_000, 3798).saturating_add(T::DbWeight::get().reads(4))
    }
    /// Storage: `Signing::Phase` (r:1 w:1)
    /// Proof: `Signing::Phase` (`max_values`: Some(1), `max_size`: Some(3153), added: 3648, mode: `MaxEncodedLen`)
    /// Storage: `Signing::NetworkVerifyingKey` (r:1 w:1)
    /// Proof: `Signing::NetworkVerifyingKey` (`max_values`: Some(1), `max_size`: Some(33), added: 528, mode: `MaxEncodedLen`)
    /// Storage: `Signing::DrawAt` (r:0 w:1)
    /// Proof: `Signing::DrawAt` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    /// Storage: `Signing::Excluded` (r:0 w:1)
    /// Proof: `Signing::Excluded` (`max_values`: Some(1), `max_size`: Some(3202), added: 3697, mode: `MaxEncodedLen`)
    /// Storage: `Signing::Committee` (r:0 w:1)
    /// Proof: `Signing::Committee` (`max_values`: Some(1), `max_size`: Some(2093), added: 2588, mode: `MaxEncodedLen`)
    fn confirm_keygen() -> Weight {
        // At least 117_210 ns.
        Weight::from_parts(142_150_000, 4638)
            .saturating_add(T::DbWeight::get().reads(2))
            .saturating_add(T::DbWeight::get().writes(5))
    }
    /// Storage: `Signing::Phase` (r:1 w:1)
    /// Proof: `Signing::Phase` (`max_values`: Some(1), `max_size`: Some(3153), added: 3648, mode: `MaxEncodedLen`)
    /// Storage: `Signing::Signers` (r:32 w:0)
    /// Proof: `Signing::Signers` (`max_values`: None, `max_size`: Some(333), added: 2808, mode: `MaxEncodedLen`)
    /// Storage: `Signing::Excluded` (r:1 w:1)
    /// Proof: `Signing::Excluded` (`max_values`: Some(1), `max_size`: Some(3202), added: 3697, mode: `MaxEncodedLen`)
    fn contradict_keygen() -> Weight {
        // At least 375_110 ns.
        Weight::from_parts(424_640_000, 90846)
            .saturating_add(T::DbWeight::get().reads(34))
            .saturating_add(T::DbWeight::get().writes(2))
    }
    /// Storage: `Signing::LastAttempt` (r:1 w:0)
    /// Proof: `Signing::LastAttempt` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    /// Storage: `Signing::Phase` (r:1 w:0)
    /// Proof: `Signing::Phase` (`max_values`: Some(1), `max_size`: Some(3153), added: 3648, mode: `MaxEncodedLen`)
    /// Storage: `System::BlockHash` (r:1 w:0)
    /// Proof: `System::BlockHash` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
    fn authorize_confirm_keygen() -> Weight {
        // At least 98_130 ns.
        Weight::from_parts(117_350_000, 4638).saturating_add(T::DbWeight::get().reads(3))
    }
    /// Storage: `Signing::Programs` (r:1 w:1)
    /// Proof: `Signing::Programs` (`max_values`: None, `max_size`: Some(8798), added: 11273, mode: `MaxEncodedLen`)
    /// Storage: `Balances::Holds` (r:1 w:1)
    /// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(103), added: 2578, mode: `MaxEncodedLen`)
    /// Storage: `Signing::ProgramDeposits` (r:0 w:1)
    /// Proof: `Signing::ProgramDeposits` (`max_values`: None, `max_size`: Some(48), added: 2523, mode: `MaxEncodedLen`)
    /// Storage: `Signing::Bytecodes` (r:0 w:1)
    /// Proof: `Signing::Bytecodes` (`max_values`: None, `max_size`: Some(1000036), added: 1002511, mode: `MaxEncodedLen`)
    /// The range of component `b` is `[8, 1000000]`.
    fn set_program(b: u32) -> Weight {
        // At least 151_070 ns.
        Weight::from_parts(153_360_000, 12263)
            // ±652
            .saturating_add(Weight::from_parts(10_255, 0).saturating_mul(b.into()))
            .saturating_add(T::DbWeight::get().reads(2))
            .saturating_add(T::DbWeight::get().writes(4))
    }
    /// Storage: `Signing::Programs` (r:1 w:1)
    /// Proof: `Signing::Programs` (`max_values`: None, `max_size`: Some(8798), added: 11273, mode: `MaxEncodedLen`)
    /// Storage: `Signing::ProgramDeposits` (r:1 w:1)
    /// Proof: `Signing::ProgramDeposits` (`max_values`: None, `max_size`: Some(48), added: 2523, mode: `MaxEncodedLen`)
    /// Storage: `Balances::Holds` (r:1 w:1)
    /// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(103), added: 2578, mode: `MaxEncodedLen`)
    /// Storage: `Signing::Bytecodes` (r:0 w:1)
    /// Proof: `Signing::Bytecodes` (`max_values`: None, `max_size`: Some(1000036), added: 1002511, mode: `MaxEncodedLen`)
    fn remove_program() -> Weight {
        // At least 156_640 ns.
        Weight::from_parts(212_950_000, 12263)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(4))
    }
    /// Storage: `Signing::Paused` (r:1 w:0)
    /// Proof: `Signing::Paused` (`max_values`: Some(1), `max_size`: Some(1), added: 496, mode: `MaxEncodedLen`)
    /// Storage: `Signing::NetworkVerifyingKey` (r:1 w:0)
    /// Proof: `Signing::NetworkVerifyingKey` (`max_values`: Some(1), `max_size`: Some(33), added: 528, mode: `MaxEncodedLen`)
    /// Storage: `Signing::Programs` (r:8 w:8)
    /// Proof: `Signing::Programs` (`max_values`: None, `max_size`: Some(8798), added: 11273, mode: `MaxEncodedLen`)
    /// Storage: `Signing::NextIndex` (r:1 w:1)
    /// Proof: `Signing::NextIndex` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    /// Storage: `Signing::Registrations` (r:0 w:1)
    /// Proof: `Signing::Registrations` (`max_values`: None, `max_size`: Some(33126), added: 35601, mode: `MaxEncodedLen`)
    /// The range of component `p` is `[1, 8]`.
    fn register(p: u32) -> Weight {
        // At least 265_551 ns.
        Weight::from_parts(264_712_973, 1518)
            // ±638_206
            .saturating_add(Weight::from_parts(33_742_498, 0).saturating_mul(p.into()))
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().reads(u64::from(p).saturating_mul(1)))
            .saturating_add(T::DbWeight::get().writes(2))
            .saturating_add(T::DbWeight::get().writes(u64::from(p).saturating_mul(1)))
            .saturating_add(Weight::from_parts(0, 11273).saturating_mul(p.into()))
    }
    /// Storage: `Signing::Registrations` (r:1 w:1)
    /// Proof: `Signing::Registrations` (`max_values`: None, `max_size`: Some(33126), added: 35601, mode: `MaxEncodedLen`)
    /// Storage: `Signing::Programs` (r:16 w:16)
    /// Proof: `Signing::Programs` (`max_values`: None, `max_size`: Some(8798), added: 11273, mode: `MaxEncodedLen`)
    /// The range of component `p` is `[1, 8]`.
    fn change_programs(p: u32) -> Weight {
        // At least 237_790 ns.
        Weight::from_parts(263_114_369, 91174)
            // ±637_634
            .saturating_add(Weight::from_parts(19_825_580, 0).saturating_mul(p.into()))
            .saturating_add(T::DbWeight::get().reads(9))
            .saturating_add(T::DbWeight::get().reads(u64::from(p).saturating_mul(1)))
            .saturating_add(T::DbWeight::get().writes(9))
            .saturating_add(T::DbWeight::get().writes(u64::from(p).saturating_mul(1)))
            .saturating_add(Weight::from_parts(0, 11273).saturating_mul(p.into()))
    }
    /// Storage: `Signing::Registrations` (r:1 w:1)
    /// Proof: `Signing::Registrations` (`max_values`: None, `max_size`: Some(33126), added: 35601, mode: `MaxEncodedLen`)
    fn change_owner() -> Weight {
        // At least 57_520 ns.
        Weight::from_parts(80_870_000, 36591)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    /// Storage: `Signing::CounterForSigners` (r:1 w:0)
    /// Proof: `Signing::CounterForSigners` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    /// Storage: `Signing::Phase` (r:1 w:0)
    /// Proof: `Signing::Phase` (`max_values`: Some(1), `max_size`: Some(3153), added: 3648, mode: `MaxEncodedLen`)
    /// Storage: `Signing::DrawAt` (r:1 w:1)
    /// Proof: `Signing::DrawAt` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    /// Storage: `Signing::Parameters` (r:0 w:1)
    /// Proof: `Signing::Parameters` (`max_values`: Some(1), `max_size`: Some(28), added: 523, mode: `MaxEncodedLen`)
    fn set_parameters() -> Weight {
        // At least 81_740 ns.
        Weight::from_parts(99_471_000, 4638)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(2))
    }
    /// Storage: `Signing::Paused` (r:1 w:1)
    /// Proof: `Signing::Paused` (`max_values`: Some(1), `max_size`: Some(1), added: 496, mode: `MaxEncodedLen`)
    fn pause() -> Weight {
        // At least 18_590 ns.
        Weight::from_parts(20_390_000, 1486)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    /// Storage: `Signing::Paused` (r:1 w:1)
    /// Proof: `Signing::Paused` (`max_values`: Some(1), `max_size`: Some(1), added: 496, mode: `MaxEncodedLen`)
    fn resume() -> Weight {
        // At least 20_370 ns.
        Weight::from_parts(22_230_000, 1486)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    /// Storage: `Signing::Phase` (r:1 w:0)
    /// Proof: `Signing::Phase` (`max_values`: Some(1), `max_size`: Some(3153), added: 3648, mode: `MaxEncodedLen`)
    fn on_initialize() -> Weight {
        // At least 16_620 ns.
        Weight::from_parts(17_950_000, 4638).saturating_add(T::DbWeight::get().reads(1))
    }
    /// Storage: `Signing::Phase` (r:1 w:0)
    /// Proof: `Signing::Phase` (`max_values`: Some(1), `max_size`: Some(3153), added: 3648, mode: `MaxEncodedLen`)
    /// Storage: `Signing::DrawAt` (r:1 w:0)
    /// Proof: `Signing::DrawAt` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    /// Storage: `Signing::CounterForSigners` (r:1 w:0)
    /// Proof: `Signing::CounterForSigners` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    /// Storage: `Signing::CounterForSigningKeys` (r:1 w:0)
    /// Proof: `Signing::CounterForSigningKeys` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    fn await_signers() -> Weight {
        // At least 17_110 ns.
        Weight::from_parts(18_030_000, 4638).saturating_add(T::DbWeight::get().reads(4))
    }
    /// Storage: `Signing::Parameters` (r:1 w:0)
    /// Proof: `Signing::Parameters` (`max_values`: Some(1), `max_size`: Some(28), added: 523, mode: `MaxEncodedLen`)
    /// Storage: `Signing::CounterForSigners` (r:1 w:0)
    /// Proof: `Signing::CounterForSigners` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    /// Storage: `Signing::LastAttempt` (r:1 w:1)
    /// Proof: `Signing::LastAttempt` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    /// Storage: `Babe::NextRandomness` (r:1 w:0)
    /// Proof: `Babe::NextRandomness` (`max_values`: Some(1), `max_size`: Some(32), added: 527, mode: `MaxEncodedLen`)
    /// Storage: `Babe::EpochStart` (r:1 w:0)
    /// Proof: `Babe::EpochStart` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
    /// Storage: `Signing::Signers` (r:101 w:0)
    /// Proof: `Signing::Signers` (`max_values`: None, `max_size`: Some(333), added: 2808, mode: `MaxEncodedLen`)
    /// Storage: `Signing::SigningKeys` (r:100 w:0)
    /// Proof: `Signing::SigningKeys` (`max_values`: None, `max_size`: Some(72), added: 2547, mode: `MaxEncodedLen`)
    /// Storage: `Signing::Excluded` (r:1 w:1)
    /// Proof: `Signing::Excluded` (`max_values`: Some(1), `max_size`: Some(3202), added: 3697, mode: `MaxEncodedLen`)
    /// Storage: `Signing::Phase` (r:0 w:1)
    /// Proof: `Signing::Phase` (`max_values`: Some(1), `max_size`: Some(3153), added: 3648, mode: `MaxEncodedLen`)
    /// The range of component `v` is `[2, 100]`.
    fn start_keygen(v: u32) -> Weight {
        // At least 73_000 ns.
        Weight::from_parts(75_930_000, 4687)
            // ±3_088_759
            .saturating_add(Weight::from_parts(24_743_399, 0).saturating_mul(v.into()))
            .saturating_add(T::DbWeight::get().reads(7))
            .saturating_add(T::DbWeight::get().reads(u64::from(v).saturating_mul(2)))
            .saturating_add(T::DbWeight::get().writes(3))
            .saturating_add(Weight::from_parts(0, 2808).saturating_mul(v.into()))
    }
    /// Storage: `Signing::Signers` (r:32 w:0)
    /// Proof: `Signing::Signers` (`max_values`: None, `max_size`: Some(333), added: 2808, mode: `MaxEncodedLen`)
    /// Storage: `Signing::Excluded` (r:1 w:1)
    /// Proof: `Signing::Excluded` (`max_values`: Some(1), `max_size`: Some(3202), added: 3697, mode: `MaxEncodedLen`)
    /// Storage: `Signing::Phase` (r:0 w:1)
    /// Proof: `Signing::Phase` (`max_values`: Some(1), `max_size`: Some(3153), added: 3648, mode: `MaxEncodedLen`)
    fn fail_keygen() -> Weight {
        // At least 311_951 ns.
        Weight::from_parts(341_960_000, 90846)
            .saturating_add(T::DbWeight::get().reads(33))
            .saturating_add(T::DbWeight::get().writes(2))
    }
    // From here on these are estimates: made by hand, until `scripts/weights` is run again.
    fn deregister() -> Weight {
        Weight::from_parts(400_000_000, 0)
            .saturating_add(T::DbWeight::get().reads(12))
            .saturating_add(T::DbWeight::get().writes(12))
    }
    fn confirm_reshare() -> Weight {
        Weight::from_parts(500_000_000, 0)
            .saturating_add(T::DbWeight::get().reads(80))
            .saturating_add(T::DbWeight::get().writes(110))
    }
    fn authorize_confirm_reshare() -> Weight {
        Weight::from_parts(200_000_000, 0).saturating_add(T::DbWeight::get().reads(4))
    }
    fn confirm_aux_info() -> Weight {
        Weight::from_parts(150_000_000, 0)
            .saturating_add(T::DbWeight::get().reads(24))
            .saturating_add(T::DbWeight::get().writes(6))
    }
    fn authorize_confirm_aux_info() -> Weight {
        Weight::from_parts(200_000_000, 0).saturating_add(T::DbWeight::get().reads(4))
    }
    fn report_fault() -> Weight {
        Weight::from_parts(250_000_000, 0)
            .saturating_add(T::DbWeight::get().reads(112))
            .saturating_add(T::DbWeight::get().writes(9))
    }
    fn authorize_report_fault() -> Weight {
        Weight::from_parts(250_000_000, 0).saturating_add(T::DbWeight::get().reads(11))
    }
    /// The range of component `n` is `[1, 400000]`.
    fn report_proof(n: u32) -> Weight {
        Weight::from_parts(1_000_000_000, 0)
            .saturating_add(Weight::from_parts(20_000, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(160))
            .saturating_add(T::DbWeight::get().writes(60))
    }
    /// The range of component `n` is `[1, 400000]`.
    fn authorize_report_proof(n: u32) -> Weight {
        Weight::from_parts(400_000_000, 0)
            .saturating_add(Weight::from_parts(20_000, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(12))
    }
    fn answer_challenge() -> Weight {
        Weight::from_parts(60_000_000, 0)
            .saturating_add(T::DbWeight::get().reads(2))
            .saturating_add(T::DbWeight::get().writes(2))
    }
    fn authorize_answer_challenge() -> Weight {
        Weight::from_parts(200_000_000, 0).saturating_add(T::DbWeight::get().reads(3))
    }
    fn leave_committee() -> Weight {
        Weight::from_parts(200_000_000, 0)
            .saturating_add(T::DbWeight::get().reads(300))
            .saturating_add(T::DbWeight::get().writes(4))
    }
    /// The range of component `v` is `[2, MaxValidators]`.
    fn reassign(v: u32) -> Weight {
        Weight::from_parts(600_000_000, 0)
            .saturating_add(Weight::from_parts(60_000_000, 0).saturating_mul(v.into()))
            .saturating_add(T::DbWeight::get().reads(90))
            .saturating_add(T::DbWeight::get().writes(16))
            .saturating_add(T::DbWeight::get().reads(4).saturating_mul(v.into()))
    }
    fn punish() -> Weight {
        Weight::from_parts(300_000_000, 0)
            .saturating_add(T::DbWeight::get().reads(40))
            .saturating_add(T::DbWeight::get().writes(30))
    }
}
