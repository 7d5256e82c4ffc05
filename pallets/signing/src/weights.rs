//! What the calls cost.
//!
//! The numbers of [`SubstrateWeight`] are careful guesses until they are measured, which is to be
//! done on the hardware that the network asks of validators, with a node built with
//! `--features runtime-benchmarks`. What that writes implements [`WeightInfo`] and takes the place of
//! [`SubstrateWeight`] in the runtime:
//!
//! ```text
//! signing-node benchmark pallet --pallet pallet_signing --extrinsic '*' \
//!     --chain development --steps 50 --repeat 20 --output runtime/src/weights/pallet_signing.rs
//! ```
//!
//! They were put together from: 25 µs for a read and 100 µs for a write (added by `DbWeight`),
//! 100 µs for an sr25519 signature by the host, 500 µs for reading a compressed point and 5 ms for
//! each BIP-32 step in WebAssembly, 20 ns for each byte of a program.

use core::marker::PhantomData;
use frame_support::{
    traits::Get,
    weights::{constants::RocksDbWeight, Weight},
};

/// The weights that this pallet needs.
pub trait WeightInfo {
    /// `announce_signer`, at worst the one that makes the signers enough.
    fn announce_signer() -> Weight;
    /// Admitting an `announce_signer`: mostly its sr25519 signature.
    fn authorize_announce_signer() -> Weight;
    /// `confirm_keygen`, at worst the last of a full committee: mostly reading a compressed point.
    fn confirm_keygen() -> Weight;
    /// Admitting a `confirm_keygen`: its sr25519 signature and a compressed point.
    fn authorize_confirm_keygen() -> Weight;
    /// `set_program` with `b` bytes of bytecode: copied, hashed and stored.
    fn set_program(b: u32) -> Weight;
    /// `remove_program`, at worst of the largest.
    fn remove_program() -> Weight;
    /// `register` with `p` program instances: mostly two steps of BIP-32 in WebAssembly.
    fn register(p: u32) -> Weight;
    /// `change_programs` to `p` program instances, from the most there can be, by an owner who is
    /// not the depositor.
    fn change_programs(p: u32) -> Weight;
    /// `change_owner`.
    fn change_owner() -> Weight;
    /// `deregister`, at worst with the most program instances there can be, by an owner who is not
    /// the depositor.
    fn deregister() -> Weight;
    /// `set_parameters`.
    fn set_parameters() -> Weight;
    /// `pause`.
    fn pause() -> Weight;
    /// `resume`.
    fn resume() -> Weight;
    /// A block in whose beginning nothing is due, once there is a committee.
    fn on_initialize() -> Weight;
    /// Finding out whether a draw is due, in the beginning of a block.
    fn await_signers() -> Weight;
    /// Drawing a committee of the largest size from `v` signers.
    fn start_keygen(v: u32) -> Weight;
    /// Ending an attempt that all members of the largest committee left unconfirmed.
    fn fail_keygen() -> Weight;
    /// `confirm_reshare`, at worst the last of a full committee whose former members are all others.
    fn confirm_reshare() -> Weight;
    /// Admitting a `confirm_reshare`: mostly its sr25519 signature.
    fn authorize_confirm_reshare() -> Weight;
    /// `confirm_aux_info`, at worst one that differs and costs all standbys their places.
    fn confirm_aux_info() -> Weight;
    /// Admitting a `confirm_aux_info`: mostly its sr25519 signature.
    fn authorize_confirm_aux_info() -> Weight;
    /// `report_fault`, at worst the one that makes them enough, the last of all validators.
    fn report_fault() -> Weight;
    /// Admitting a `report_fault`: its sr25519 signature and all that is reported of the accused.
    fn authorize_report_fault() -> Weight;
    /// `answer_challenge`, at worst one of as many as there are validators.
    fn answer_challenge() -> Weight;
    /// Admitting an `answer_challenge`: mostly its sr25519 signature.
    fn authorize_answer_challenge() -> Weight;
    /// `leave_committee`.
    fn leave_committee() -> Weight;
    /// Choosing the next committee and standbys from `v` signers, in the beginning of a block.
    fn reassign(v: u32) -> Weight;
    /// Punishing one validator, in the beginning of a block.
    fn punish() -> Weight;
}

/// Weights for a runtime, by its own database weights.
pub struct SubstrateWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
    fn announce_signer() -> Weight {
        Weight::from_parts(65_000_000, 0)
            .saturating_add(T::DbWeight::get().reads(8))
            .saturating_add(T::DbWeight::get().writes(5))
    }
    fn authorize_announce_signer() -> Weight {
        Weight::from_parts(150_000_000, 0).saturating_add(T::DbWeight::get().reads(4))
    }
    fn confirm_keygen() -> Weight {
        Weight::from_parts(600_000_000, 0)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(6))
    }
    fn authorize_confirm_keygen() -> Weight {
        Weight::from_parts(750_000_000, 0).saturating_add(T::DbWeight::get().reads(3))
    }
    /// The range of component `b` is `[0, 1000000]`.
    fn set_program(b: u32) -> Weight {
        Weight::from_parts(100_000_000, 0)
            .saturating_add(Weight::from_parts(20_000, 0).saturating_mul(b.into()))
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(4))
    }
    fn remove_program() -> Weight {
        Weight::from_parts(100_000_000, 0)
            .saturating_add(T::DbWeight::get().reads(4))
            .saturating_add(T::DbWeight::get().writes(5))
    }
    /// The range of component `p` is `[1, 8]`.
    fn register(p: u32) -> Weight {
        Weight::from_parts(10_050_000_000, 0)
            .saturating_add(Weight::from_parts(30_000_000, 0).saturating_mul(p.into()))
            .saturating_add(T::DbWeight::get().reads(6))
            .saturating_add(T::DbWeight::get().writes(5))
            .saturating_add(T::DbWeight::get().reads(1).saturating_mul(p.into()))
            .saturating_add(T::DbWeight::get().writes(1).saturating_mul(p.into()))
    }
    /// The range of component `p` is `[1, 8]`.
    fn change_programs(p: u32) -> Weight {
        Weight::from_parts(500_000_000, 0)
            .saturating_add(Weight::from_parts(30_000_000, 0).saturating_mul(p.into()))
            .saturating_add(T::DbWeight::get().reads(14))
            .saturating_add(T::DbWeight::get().writes(14))
            .saturating_add(T::DbWeight::get().reads(1).saturating_mul(p.into()))
            .saturating_add(T::DbWeight::get().writes(1).saturating_mul(p.into()))
    }
    fn change_owner() -> Weight {
        Weight::from_parts(80_000_000, 0)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    fn deregister() -> Weight {
        Weight::from_parts(400_000_000, 0)
            .saturating_add(T::DbWeight::get().reads(12))
            .saturating_add(T::DbWeight::get().writes(12))
    }
    fn set_parameters() -> Weight {
        Weight::from_parts(40_000_000, 0)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(2))
    }
    fn pause() -> Weight {
        Weight::from_parts(20_000_000, 0)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    fn resume() -> Weight {
        Weight::from_parts(20_000_000, 0)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    fn on_initialize() -> Weight {
        Weight::from_parts(60_000_000, 0).saturating_add(T::DbWeight::get().reads(9))
    }
    fn await_signers() -> Weight {
        Weight::from_parts(25_000_000, 0).saturating_add(T::DbWeight::get().reads(4))
    }
    /// The range of component `v` is `[2, MaxValidators]`.
    fn start_keygen(v: u32) -> Weight {
        Weight::from_parts(200_000_000, 0)
            .saturating_add(Weight::from_parts(15_000_000, 0).saturating_mul(v.into()))
            .saturating_add(T::DbWeight::get().reads(7))
            .saturating_add(T::DbWeight::get().writes(4))
            .saturating_add(T::DbWeight::get().reads(2).saturating_mul(v.into()))
    }
    fn fail_keygen() -> Weight {
        Weight::from_parts(300_000_000, 0)
            .saturating_add(T::DbWeight::get().reads(35))
            .saturating_add(T::DbWeight::get().writes(3))
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

/// Weights for tests, by the usual database weights.
impl WeightInfo for () {
    fn announce_signer() -> Weight {
        Weight::from_parts(65_000_000, 0)
            .saturating_add(RocksDbWeight::get().reads(8))
            .saturating_add(RocksDbWeight::get().writes(5))
    }
    fn authorize_announce_signer() -> Weight {
        Weight::from_parts(150_000_000, 0).saturating_add(RocksDbWeight::get().reads(4))
    }
    fn confirm_keygen() -> Weight {
        Weight::from_parts(600_000_000, 0)
            .saturating_add(RocksDbWeight::get().reads(3))
            .saturating_add(RocksDbWeight::get().writes(6))
    }
    fn authorize_confirm_keygen() -> Weight {
        Weight::from_parts(750_000_000, 0).saturating_add(RocksDbWeight::get().reads(3))
    }
    /// The range of component `b` is `[0, 1000000]`.
    fn set_program(b: u32) -> Weight {
        Weight::from_parts(100_000_000, 0)
            .saturating_add(Weight::from_parts(20_000, 0).saturating_mul(b.into()))
            .saturating_add(RocksDbWeight::get().reads(3))
            .saturating_add(RocksDbWeight::get().writes(4))
    }
    fn remove_program() -> Weight {
        Weight::from_parts(100_000_000, 0)
            .saturating_add(RocksDbWeight::get().reads(4))
            .saturating_add(RocksDbWeight::get().writes(5))
    }
    /// The range of component `p` is `[1, 8]`.
    fn register(p: u32) -> Weight {
        Weight::from_parts(10_050_000_000, 0)
            .saturating_add(Weight::from_parts(30_000_000, 0).saturating_mul(p.into()))
            .saturating_add(RocksDbWeight::get().reads(6))
            .saturating_add(RocksDbWeight::get().writes(5))
            .saturating_add(RocksDbWeight::get().reads(1).saturating_mul(p.into()))
            .saturating_add(RocksDbWeight::get().writes(1).saturating_mul(p.into()))
    }
    /// The range of component `p` is `[1, 8]`.
    fn change_programs(p: u32) -> Weight {
        Weight::from_parts(500_000_000, 0)
            .saturating_add(Weight::from_parts(30_000_000, 0).saturating_mul(p.into()))
            .saturating_add(RocksDbWeight::get().reads(14))
            .saturating_add(RocksDbWeight::get().writes(14))
            .saturating_add(RocksDbWeight::get().reads(1).saturating_mul(p.into()))
            .saturating_add(RocksDbWeight::get().writes(1).saturating_mul(p.into()))
    }
    fn change_owner() -> Weight {
        Weight::from_parts(80_000_000, 0)
            .saturating_add(RocksDbWeight::get().reads(1))
            .saturating_add(RocksDbWeight::get().writes(1))
    }
    fn deregister() -> Weight {
        Weight::from_parts(400_000_000, 0)
            .saturating_add(RocksDbWeight::get().reads(12))
            .saturating_add(RocksDbWeight::get().writes(12))
    }
    fn set_parameters() -> Weight {
        Weight::from_parts(40_000_000, 0)
            .saturating_add(RocksDbWeight::get().reads(3))
            .saturating_add(RocksDbWeight::get().writes(2))
    }
    fn pause() -> Weight {
        Weight::from_parts(20_000_000, 0)
            .saturating_add(RocksDbWeight::get().reads(1))
            .saturating_add(RocksDbWeight::get().writes(1))
    }
    fn resume() -> Weight {
        Weight::from_parts(20_000_000, 0)
            .saturating_add(RocksDbWeight::get().reads(1))
            .saturating_add(RocksDbWeight::get().writes(1))
    }
    fn on_initialize() -> Weight {
        Weight::from_parts(60_000_000, 0).saturating_add(RocksDbWeight::get().reads(9))
    }
    fn await_signers() -> Weight {
        Weight::from_parts(25_000_000, 0).saturating_add(RocksDbWeight::get().reads(4))
    }
    /// The range of component `v` is `[2, MaxValidators]`.
    fn start_keygen(v: u32) -> Weight {
        Weight::from_parts(200_000_000, 0)
            .saturating_add(Weight::from_parts(15_000_000, 0).saturating_mul(v.into()))
            .saturating_add(RocksDbWeight::get().reads(7))
            .saturating_add(RocksDbWeight::get().writes(4))
            .saturating_add(RocksDbWeight::get().reads(2).saturating_mul(v.into()))
    }
    fn fail_keygen() -> Weight {
        Weight::from_parts(300_000_000, 0)
            .saturating_add(RocksDbWeight::get().reads(35))
            .saturating_add(RocksDbWeight::get().writes(3))
    }
    fn confirm_reshare() -> Weight {
        Weight::from_parts(500_000_000, 0)
            .saturating_add(RocksDbWeight::get().reads(80))
            .saturating_add(RocksDbWeight::get().writes(110))
    }
    fn authorize_confirm_reshare() -> Weight {
        Weight::from_parts(200_000_000, 0).saturating_add(RocksDbWeight::get().reads(4))
    }
    fn confirm_aux_info() -> Weight {
        Weight::from_parts(150_000_000, 0)
            .saturating_add(RocksDbWeight::get().reads(24))
            .saturating_add(RocksDbWeight::get().writes(6))
    }
    fn authorize_confirm_aux_info() -> Weight {
        Weight::from_parts(200_000_000, 0).saturating_add(RocksDbWeight::get().reads(4))
    }
    fn report_fault() -> Weight {
        Weight::from_parts(250_000_000, 0)
            .saturating_add(RocksDbWeight::get().reads(112))
            .saturating_add(RocksDbWeight::get().writes(9))
    }
    fn authorize_report_fault() -> Weight {
        Weight::from_parts(250_000_000, 0).saturating_add(RocksDbWeight::get().reads(11))
    }
    fn answer_challenge() -> Weight {
        Weight::from_parts(60_000_000, 0)
            .saturating_add(RocksDbWeight::get().reads(2))
            .saturating_add(RocksDbWeight::get().writes(2))
    }
    fn authorize_answer_challenge() -> Weight {
        Weight::from_parts(200_000_000, 0).saturating_add(RocksDbWeight::get().reads(3))
    }
    fn leave_committee() -> Weight {
        Weight::from_parts(200_000_000, 0)
            .saturating_add(RocksDbWeight::get().reads(300))
            .saturating_add(RocksDbWeight::get().writes(4))
    }
    /// The range of component `v` is `[2, MaxValidators]`.
    fn reassign(v: u32) -> Weight {
        Weight::from_parts(600_000_000, 0)
            .saturating_add(Weight::from_parts(60_000_000, 0).saturating_mul(v.into()))
            .saturating_add(RocksDbWeight::get().reads(90))
            .saturating_add(RocksDbWeight::get().writes(16))
            .saturating_add(RocksDbWeight::get().reads(4).saturating_mul(v.into()))
    }
    fn punish() -> Weight {
        Weight::from_parts(300_000_000, 0)
            .saturating_add(RocksDbWeight::get().reads(40))
            .saturating_add(RocksDbWeight::get().writes(30))
    }
}
