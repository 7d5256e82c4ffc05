//! From evidence to the stake: what becomes of a cheater, and of who accuses another falsely.

use crate::{
    chain::{
        apply, balance, begin_block, begin_block_after, end_block, genesis, genesis_hash, signed,
    },
    keys::{set_keys, Changed},
    punishment::{accuse, activate, blocks, bonded, call, end_eras, node, stashes},
};
use codec::Encode;
use frame_support::{assert_ok, dispatch::GetDispatchInfo};
use frame_system::RawOrigin;
use signing_evidence::CommitteeFacts;
use signing_evidence_cheater::two_broadcasts;
use signing_primitives::{
    fault_report_payload, limits::MAX_REPORT_BYTES, CommitteeMember, Fault, FaultReport,
    SessionKeyCall,
};
use signing_runtime::{
    constants::{EPOCH_DURATION_IN_BLOCKS, SESSIONS_PER_ERA},
    genesis_presets::LOCAL,
    AccountId, Block, Runtime, Session, Signing, Staking, System,
};
use signing_runtime_api::runtime_decl_for_signing_api::SigningApi;
use sp_keyring::Sr25519Keyring;

type Member = CommitteeMember<AccountId>;

/// Two members: one that reports, and one that is accused and does not make the tests' blocks.
fn reporter_and_accused() -> (Member, Member) {
    let mut members = Signing::network_state().committee.unwrap().members.to_vec();
    members.sort_by_key(|member| index(&member.validator));
    (members.remove(0), members.remove(1))
}

fn index(stash: &AccountId) -> Option<u32> {
    let index = Session::validators().iter().position(|v| v == stash);
    index.map(|index| index as u32)
}

fn is_disabled(stash: &AccountId) -> bool {
    Session::disabled_validators().contains(&index(stash).unwrap())
}

/// Reports with what the accused has signed: two broadcasts in one round.
fn report_with(
    reporter: &Member,
    accused: &Member,
    broadcasts: [&[u8]; 2],
) -> SessionKeyCall<AccountId, u32> {
    let state = Signing::network_state();
    let committee = state.committee.unwrap();
    let members: Vec<_> = committee.members.iter().map(|m| m.party.clone()).collect();
    let facts = CommitteeFacts {
        genesis_hash: genesis_hash(),
        generation: committee.generation,
        threshold: committee.threshold,
        network_key: state.verifying_key.unwrap(),
        members: &members,
    };
    let evidence = two_broadcasts(
        &facts,
        &accused.party,
        1,
        broadcasts.map(<[u8]>::to_vec),
        |bytes| node(&accused.party).sign(bytes).into(),
    );
    let report = FaultReport {
        signing_key: reporter.party.clone(),
        accused: accused.validator.clone(),
        generation: committee.generation,
        fault: Fault::Provable(evidence.unwrap().encode().try_into().unwrap()),
        at: System::block_number(),
    };
    let payload = fault_report_payload(genesis_hash(), &report);
    let signature = node(&reporter.party).sign(&payload);
    SessionKeyCall::ReportFault(report, signature.into())
}

/// Has the reporter prove that the accused has cheated, in a block of its own.
fn prove(reporter: &Member, accused: &Member) {
    begin_block();
    call(report_with(reporter, accused, [b"one", b"another"]));
    end_block();
}

/// Begins a session.
fn next_session() {
    begin_block_after(u64::from(EPOCH_DURATION_IN_BLOCKS));
    end_block();
}

fn era() -> u32 {
    pallet_staking::ActiveEra::<Runtime>::get().unwrap().index
}

#[test]
fn a_proven_cheater_loses_a_tenth_of_its_stake_of_which_the_reporter_gets_some() {
    genesis(LOCAL).execute_with(|| {
        activate();
        let (reporter, cheater) = reporter_and_accused();
        let before: Vec<_> = stashes().iter().map(bonded).collect();
        let reward_before = balance(&reporter.validator);
        prove(&reporter, &cheater);
        assert!(is_disabled(&cheater.validator));
        begin_block();
        let committee = Signing::network_state().committee.unwrap();
        assert_eq!(committee.expelled.first(), Some(&cheater.validator));
        end_block();
        end_eras();
        for (stash, before) in stashes().iter().zip(before) {
            let lost = match *stash == cheater.validator {
                true => before / 10,
                false => 0,
            };
            assert_eq!(bonded(stash), before - lost);
        }
        assert!(balance(&reporter.validator) > reward_before);
    });
}

#[test]
fn false_evidence_costs_the_reporter_a_tenth_of_its_stake() {
    genesis(LOCAL).execute_with(|| {
        activate();
        // The one that is punished does not make the tests' blocks.
        let (accused, reporter) = reporter_and_accused();
        let before: Vec<_> = stashes().iter().map(bonded).collect();
        begin_block();
        call(report_with(&reporter, &accused, [b"one", b"one"]));
        end_block();
        assert!(is_disabled(&reporter.validator) && !is_disabled(&accused.validator));
        end_eras();
        for (stash, before) in stashes().iter().zip(before) {
            let lost = match *stash == reporter.validator {
                true => before / 10,
                false => 0,
            };
            assert_eq!(bonded(stash), before - lost);
        }
    });
}

/// The session pallet lets everybody make blocks again when anybody's keys change.
#[test]
fn a_cheater_makes_no_blocks_for_the_rest_of_the_era() {
    genesis(LOCAL).execute_with(|| {
        activate();
        let (reporter, cheater) = reporter_and_accused();
        prove(&reporter, &cheater);
        let first = era();
        let other = stashes()
            .into_iter()
            .find(|stash| *stash != cheater.validator)
            .unwrap();
        let changed = Changed {
            authority_discovery: Some(Sr25519Keyring::One),
            ..Changed::default()
        };
        begin_block();
        let set_keys = set_keys(&other, changed);
        let other = Sr25519Keyring::from_account_id(&other).unwrap();
        apply(signed(other, set_keys)).unwrap().unwrap();
        end_block();
        let mut sessions = 0;
        loop {
            next_session();
            if era() != first {
                break;
            }
            sessions += 1;
            assert!(is_disabled(&cheater.validator), "session {sessions}");
        }
        // Enough for the new keys to come into force.
        assert!((3..SESSIONS_PER_ERA).contains(&sessions));
        assert!(!is_disabled(&cheater.validator));
    });
}

/// Has a validator leave, and waits until it has.
fn leave(stash: &AccountId) {
    assert_ok!(Staking::chill(RawOrigin::Signed(stash.clone()).into()));
    let mut sessions = 0;
    while index(stash).is_some() {
        next_session();
        sessions += 1;
        assert!(sessions < 3 * SESSIONS_PER_ERA, "it does not leave");
    }
}

#[test]
fn a_cheater_that_has_left_the_validators_is_slashed() {
    genesis(LOCAL).execute_with(|| {
        activate();
        let (reporter, cheater) = reporter_and_accused();
        let before = bonded(&cheater.validator);
        leave(&cheater.validator);
        prove(&reporter, &cheater);
        end_eras();
        assert_eq!(bonded(&cheater.validator), before - before / 10);
    });
}

#[test]
fn who_leaves_challenges_unanswered_by_leaving_is_slashed() {
    genesis(LOCAL).execute_with(|| {
        activate();
        let (_, stash, _) = accuse(30);
        let before = bonded(&stash);
        leave(&stash);
        assert_eq!(bonded(&stash), before);
        blocks(30);
        end_eras();
        assert_eq!(bonded(&stash), before - before / 1_000);
    });
}

/// Also in the fast runtime's blocks, which have half of the time.
#[test]
fn a_block_has_room_for_the_largest_proof() {
    genesis(LOCAL).execute_with(|| {
        activate();
        begin_block();
        let (reporter, cheater) = reporter_and_accused();
        let large = vec![1; MAX_REPORT_BYTES as usize - 1_000];
        let report = report_with(&reporter, &cheater, [b"one", &large]);
        let extrinsic = <Runtime as SigningApi<Block, _, _>>::session_key_extrinsic(report.clone());
        let weight = extrinsic.get_dispatch_info().total_weight();
        let limits = <Runtime as frame_system::Config>::BlockWeights::get();
        let most = limits
            .get(frame_support::dispatch::DispatchClass::Normal)
            .max_extrinsic
            .unwrap();
        assert!(
            weight.ref_time() < most.ref_time() / 2,
            "{weight:?} of {most:?}"
        );
        apply(extrinsic).unwrap().unwrap();
        end_block();
        assert!(is_disabled(&cheater.validator));
    });
}
