//! The measured weights, held against what a block has room for.

use frame_support::{
    dispatch::DispatchClass,
    traits::Get,
    weights::{constants::WEIGHT_REF_TIME_PER_MICROS, Weight},
};
use pallet_signing::WeightInfo;
use signing_primitives::{MaxBytecode, MaxProgramsPerRegistration};
use signing_runtime::Runtime;

type Weights = <Runtime as pallet_signing::Config>::WeightInfo;

/// Every call at its worst, with what admits it; but not reports with proof, of which a block takes one.
fn worst_cases() -> Vec<(&'static str, Weight)> {
    let programs = MaxProgramsPerRegistration::get();
    vec![
        (
            "announce_signer",
            Weights::authorize_announce_signer().saturating_add(Weights::announce_signer()),
        ),
        (
            "confirm_keygen",
            Weights::authorize_confirm_keygen().saturating_add(Weights::confirm_keygen()),
        ),
        (
            "confirm_keygen of another key",
            Weights::authorize_confirm_keygen().saturating_add(Weights::contradict_keygen()),
        ),
        (
            "confirm_reshare",
            Weights::authorize_confirm_reshare().saturating_add(Weights::confirm_reshare()),
        ),
        (
            "confirm_aux_info",
            Weights::authorize_confirm_aux_info().saturating_add(Weights::confirm_aux_info()),
        ),
        (
            "report_fault",
            Weights::authorize_report_fault().saturating_add(Weights::report_fault()),
        ),
        (
            "answer_challenge",
            Weights::authorize_answer_challenge().saturating_add(Weights::answer_challenge()),
        ),
        ("leave_committee", Weights::leave_committee()),
        ("deregister", Weights::deregister()),
        ("set_program", Weights::set_program(MaxBytecode::get())),
        ("remove_program", Weights::remove_program()),
        ("register", Weights::register(programs)),
        ("change_programs", Weights::change_programs(programs)),
        ("change_owner", Weights::change_owner()),
        ("set_parameters", Weights::set_parameters()),
        ("pause", Weights::pause()),
        ("resume", Weights::resume()),
    ]
}

/// The beginnings of blocks in which an attempt fails and the next one begins, or seats are lost.
fn busiest_beginnings() -> [(&'static str, Weight); 4] {
    let validators = <Runtime as pallet_signing::Config>::MaxValidators::get();
    let keygen = Weights::fail_keygen()
        .saturating_add(Weights::await_signers())
        .saturating_add(Weights::start_keygen(validators));
    [
        ("key generation", keygen),
        ("hand-over", Weights::fail_resharing(validators)),
        ("seats lost", Weights::reassign(validators)),
        ("review", Weights::reassign(validators) * 2),
    ]
}

/// The fast runtime's blocks have half of the time.
fn of_a_fast_block(weight: Weight) -> Weight {
    Weight::from_parts(weight.ref_time() / 2, weight.proof_size())
}

#[test]
fn ten_of_every_call_fit_into_a_block() {
    let limits = <Runtime as frame_system::Config>::BlockWeights::get();
    let normal = limits.get(DispatchClass::Normal);
    let most = of_a_fast_block(normal.max_extrinsic.unwrap());
    for (call, weight) in worst_cases() {
        assert!(
            (weight * 10).all_lt(most),
            "{call} costs {weight:?} of {most:?}"
        );
    }
}

/// What a block begins with leaves nobody's transactions out.
#[test]
fn the_busiest_beginning_takes_little_of_a_block() {
    let limits = <Runtime as frame_system::Config>::BlockWeights::get();
    let most = of_a_fast_block(limits.max_block) / 20;
    for (what, weight) in busiest_beginnings() {
        assert!(weight.all_lt(most), "{what}: {weight:?} of {most:?}");
    }
}

/// Of somebody with as many nominators as can be slashed.
#[test]
fn two_punishments_fit_into_a_block() {
    let limits = <Runtime as frame_system::Config>::BlockWeights::get();
    let most = of_a_fast_block(limits.max_block);
    let weight = Weights::punish() * 2;
    assert!(weight.all_lt(most), "{weight:?} of {most:?}");
}

/// Nobody can have work done that is not charged for: what takes a signature or a point of the curve
/// costs at least that, and what is longer costs more.
#[test]
fn the_costly_is_charged_for() {
    let micros = |weight: Weight| weight.ref_time() / WEIGHT_REF_TIME_PER_MICROS;
    let programs = MaxProgramsPerRegistration::get();
    assert!(micros(Weights::authorize_announce_signer()) >= 20);
    assert!(micros(Weights::authorize_confirm_keygen()) >= 20);
    assert!(micros(Weights::register(1)) >= 200);
    assert!(micros(Weights::register(programs)) > micros(Weights::register(1)));
    assert!(micros(Weights::change_programs(programs)) > micros(Weights::change_programs(1)));
    assert!(micros(Weights::set_program(MaxBytecode::get())) >= 500);
    assert!(
        micros(Weights::set_program(MaxBytecode::get())) > micros(Weights::set_program(8)) + 500
    );
    // The database's part: the members' announcements, and those of all the candidates.
    assert!(micros(Weights::fail_keygen()) > micros(Weights::on_initialize()));
    assert!(micros(Weights::start_keygen(100)) > micros(Weights::start_keygen(2)));
}
