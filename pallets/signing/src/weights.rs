//! What the calls cost.
//!
//! A runtime's weights are written by `scripts/weights`, which measures the benchmarks of this pallet
//! in that runtime. Those of `()` are for tests alone.

use frame_support::weights::Weight;

/// The weights that this pallet needs.
pub trait WeightInfo {
    /// `announce_signer`, at worst the one that makes the signers enough.
    fn announce_signer() -> Weight;
    /// Admitting an `announce_signer`: mostly its sr25519 signature.
    fn authorize_announce_signer() -> Weight;
    /// `confirm_keygen` that completes the largest committee's.
    fn confirm_keygen() -> Weight;
    /// `confirm_keygen` that differs from those of all the others in the largest committee.
    fn contradict_keygen() -> Weight;
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
    /// `report_fault` with `n` bytes of evidence, without the check of the evidence itself: at worst of
    /// a member that loses its seat.
    fn report_proof(n: u32) -> Weight;
    /// Admitting a `report_fault` with `n` bytes of evidence: its sr25519 signature, and decoding them.
    fn authorize_report_proof(n: u32) -> Weight;
    /// `answer_challenge`, at worst one of as many as there are validators.
    fn answer_challenge() -> Weight;
    /// Admitting an `answer_challenge`: mostly its sr25519 signature.
    fn authorize_answer_challenge() -> Weight;
    /// `leave_committee`.
    fn leave_committee() -> Weight;
    /// Choosing the next committee and standbys from `v` signers, in the beginning of a block.
    fn reassign(v: u32) -> Weight;
    /// The same after a hand-over that not all have confirmed in time, with finding out who is passed over.
    fn fail_resharing(v: u32) -> Weight;
    /// Punishing one validator, in the beginning of a block.
    fn punish() -> Weight;
}

/// Weights for tests: no two are the same, so that a test can tell what was charged for.
impl WeightInfo for () {
    fn announce_signer() -> Weight {
        Weight::from_parts(1_000, 0)
    }
    fn authorize_announce_signer() -> Weight {
        Weight::from_parts(2_000, 0)
    }
    fn confirm_keygen() -> Weight {
        Weight::from_parts(3_000, 0)
    }
    fn contradict_keygen() -> Weight {
        Weight::from_parts(4_000, 0)
    }
    fn authorize_confirm_keygen() -> Weight {
        Weight::from_parts(5_000, 0)
    }
    fn set_program(_b: u32) -> Weight {
        Weight::from_parts(6_000, 0)
    }
    fn remove_program() -> Weight {
        Weight::from_parts(7_000, 0)
    }
    fn register(_p: u32) -> Weight {
        Weight::from_parts(8_000, 0)
    }
    fn change_programs(_p: u32) -> Weight {
        Weight::from_parts(9_000, 0)
    }
    fn change_owner() -> Weight {
        Weight::from_parts(10_000, 0)
    }
    fn deregister() -> Weight {
        Weight::from_parts(11_000, 0)
    }
    fn set_parameters() -> Weight {
        Weight::from_parts(12_000, 0)
    }
    fn pause() -> Weight {
        Weight::from_parts(13_000, 0)
    }
    fn resume() -> Weight {
        Weight::from_parts(14_000, 0)
    }
    fn on_initialize() -> Weight {
        Weight::from_parts(15_000, 0)
    }
    fn await_signers() -> Weight {
        Weight::from_parts(16_000, 0)
    }
    fn start_keygen(_v: u32) -> Weight {
        Weight::from_parts(17_000, 0)
    }
    fn fail_keygen() -> Weight {
        Weight::from_parts(18_000, 0)
    }
    fn confirm_reshare() -> Weight {
        Weight::from_parts(19_000, 0)
    }
    fn authorize_confirm_reshare() -> Weight {
        Weight::from_parts(20_000, 0)
    }
    fn confirm_aux_info() -> Weight {
        Weight::from_parts(21_000, 0)
    }
    fn authorize_confirm_aux_info() -> Weight {
        Weight::from_parts(22_000, 0)
    }
    fn report_fault() -> Weight {
        Weight::from_parts(23_000, 0)
    }
    fn authorize_report_fault() -> Weight {
        Weight::from_parts(24_000, 0)
    }
    fn answer_challenge() -> Weight {
        Weight::from_parts(25_000, 0)
    }
    fn authorize_answer_challenge() -> Weight {
        Weight::from_parts(26_000, 0)
    }
    fn leave_committee() -> Weight {
        Weight::from_parts(27_000, 0)
    }
    fn reassign(_v: u32) -> Weight {
        Weight::from_parts(28_000, 0)
    }
    fn punish() -> Weight {
        Weight::from_parts(29_000, 0)
    }
    fn report_proof(_n: u32) -> Weight {
        Weight::from_parts(30_000, 0)
    }
    fn authorize_report_proof(_n: u32) -> Weight {
        Weight::from_parts(31_000, 0)
    }
    fn fail_resharing(_v: u32) -> Weight {
        Weight::from_parts(32_000, 0)
    }
}
