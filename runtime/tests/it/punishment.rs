//! From a report to the stake: what becomes of a validator that does not answer a challenge.

use crate::chain::{apply, begin_block, begin_block_after, end_block, genesis, genesis_hash};
use pallet_signing::{Offence, PunishOffender};
use signing_primitives::{
    announcement_payload, challenge_answer_payload, fault_report_payload,
    keygen_confirmation_payload, Announcement, ChallengeAnswer, Endpoint, Fault, FaultReport,
    KeygenConfirmation, Phase, SessionKeyCall, SignerId, UnprovableFault,
};
use signing_runtime::{
    constants::{EPOCH_DURATION_IN_BLOCKS, SESSIONS_PER_ERA, SLASH_DEFER_DURATION},
    genesis_presets::LOCAL,
    AccountId, Block, Runtime, Session, Signing, Staking, System,
};
use signing_runtime_api::runtime_decl_for_signing_api::SigningApi;
use sp_core::H256;
use sp_keyring::Sr25519Keyring;
use sp_runtime::Perbill;

const NODES: [Sr25519Keyring; 5] = [
    Sr25519Keyring::Alice,
    Sr25519Keyring::Bob,
    Sr25519Keyring::Charlie,
    Sr25519Keyring::Dave,
    Sr25519Keyring::Eve,
];

/// The generator of secp256k1.
const NETWORK_KEY: [u8; 33] = [
    0x02, 0x79, 0xbe, 0x66, 0x7e, 0xf9, 0xdc, 0xbb, 0xac, 0x55, 0xa0, 0x62, 0x95, 0xce, 0x87, 0x0b,
    0x07, 0x02, 0x9b, 0xfc, 0xdb, 0x2d, 0xce, 0x28, 0xd9, 0x59, 0xf2, 0x81, 0x5b, 0x16, 0xf8, 0x17,
    0x98,
];

pub(crate) fn call(call: SessionKeyCall<AccountId, u32>) {
    let extrinsic = <Runtime as SigningApi<Block, _, _>>::session_key_extrinsic(call);
    apply(extrinsic).unwrap().unwrap();
}

pub(crate) fn node(key: &SignerId) -> Sr25519Keyring {
    let key: sp_core::sr25519::Public = key.clone().into();
    Sr25519Keyring::from_public(&key).unwrap()
}

pub(crate) fn blocks(count: u32) {
    for _ in 0..count {
        begin_block();
        end_block();
    }
}

/// Announces all signers.
pub(crate) fn announce_all() {
    begin_block();
    for node in NODES {
        let announcement = Announcement {
            signing_key: node.public().into(),
            endpoint: Endpoint::try_from(b"127.0.0.1:9955".to_vec()).unwrap(),
            x25519: [7; 32],
            at: System::block_number(),
        };
        let signature = node.sign(&announcement_payload(genesis_hash(), &announcement));
        call(SessionKeyCall::AnnounceSigner(
            announcement,
            signature.into(),
        ));
    }
    end_block();
}

/// Announces all signers and has those that are drawn make a key.
pub(crate) fn activate() {
    announce_all();
    begin_block();
    let Phase::Keygen(attempt) = Signing::network_state().phase else {
        panic!("no keygen");
    };
    for member in &attempt.members {
        let confirmation = KeygenConfirmation {
            signing_key: member.party.clone(),
            attempt: attempt.attempt,
            verifying_key: NETWORK_KEY,
            commitment: H256([1; 32]),
        };
        let payload = keygen_confirmation_payload(genesis_hash(), &confirmation);
        let signature = node(&member.party).sign(&payload);
        call(SessionKeyCall::ConfirmKeygen(
            confirmation,
            signature.into(),
        ));
    }
    end_block();
    assert_eq!(Signing::network_state().phase, Phase::Active);
}

/// Has two members report the third. Returns its node and stash, and when it must have answered.
pub(crate) fn accuse(window: u32) -> (Sr25519Keyring, AccountId, u32) {
    pallet_signing::Parameters::<Runtime>::mutate(|parameters| {
        parameters.challenge_window = window;
    });
    begin_block();
    let members = Signing::network_state().committee.unwrap().members;
    let accused = &members[0];
    for reporter in &members[1..] {
        let report = FaultReport {
            signing_key: reporter.party.clone(),
            accused: accused.validator.clone(),
            generation: 1,
            fault: Fault::Unprovable(UnprovableFault::Unreachable),
            at: System::block_number(),
        };
        let payload = fault_report_payload(genesis_hash(), &report);
        let signature = node(&reporter.party).sign(&payload);
        call(SessionKeyCall::ReportFault(report, signature.into()));
    }
    end_block();
    let state = Signing::network_state();
    assert_eq!(state.challenges.len(), 1);
    assert_eq!(state.challenges[0].0, accused.validator);
    (
        node(&accused.party),
        accused.validator.clone(),
        state.challenges[0].1,
    )
}

/// The validators' stash accounts.
pub(crate) fn stashes() -> Vec<AccountId> {
    NODES
        .iter()
        .map(|node| Session::key_owner(signing_primitives::KEY_TYPE, &node.public().0))
        .map(Option::unwrap)
        .collect()
}

pub(crate) fn bonded(stash: &AccountId) -> u128 {
    Staking::ledger(stash.clone().into()).unwrap().total
}

/// Goes on until slashes that were decided in this era take effect.
pub(crate) fn end_eras() {
    for _ in 0..(SLASH_DEFER_DURATION + 2) * SESSIONS_PER_ERA {
        begin_block_after(u64::from(EPOCH_DURATION_IN_BLOCKS));
        end_block();
    }
}

#[test]
fn an_unanswered_challenge_costs_stake() {
    genesis(LOCAL).execute_with(|| {
        activate();
        let (_, stash, deadline) = accuse(5);
        let before = bonded(&stash);
        let others: Vec<_> = stashes()
            .into_iter()
            .filter(|other| *other != stash)
            .collect();
        let theirs: Vec<_> = others.iter().map(bonded).collect();
        blocks(deadline - System::block_number());
        assert_eq!(pallet_offences::Reports::<Runtime>::iter().count(), 0);
        blocks(1);
        assert_eq!(pallet_offences::Reports::<Runtime>::iter().count(), 1);
        end_eras();
        // A thousandth.
        assert_eq!(bonded(&stash), before - before / 1_000);
        assert_eq!(others.iter().map(bonded).collect::<Vec<_>>(), theirs);
    });
}

/// Staking does not look back for slashes that were filed under an era that is over.
#[test]
fn what_is_found_out_late_costs_stake_all_the_same() {
    genesis(LOCAL).execute_with(|| {
        activate();
        let stash = stashes().remove(0);
        let (before, session) = (bonded(&stash), Session::current_index());
        for _ in 0..10 * SESSIONS_PER_ERA {
            begin_block_after(u64::from(EPOCH_DURATION_IN_BLOCKS));
            end_block();
        }
        begin_block();
        <Runtime as pallet_signing::Config>::Punish::punish(
            &stash,
            session,
            Offence::Cheating { generation: 1 },
            Perbill::from_percent(10),
            None,
        );
        end_block();
        assert_eq!(pallet_offences::Reports::<Runtime>::iter().count(), 1);
        end_eras();
        assert_eq!(bonded(&stash), before - before / 10);
    });
}

#[test]
fn an_answer_in_time_saves_the_stake() {
    genesis(LOCAL).execute_with(|| {
        activate();
        let (node, stash, deadline) = accuse(5);
        let before = bonded(&stash);
        blocks(deadline - System::block_number() - 1);
        begin_block();
        assert_eq!(System::block_number(), deadline);
        let answer = ChallengeAnswer {
            signing_key: node.public().into(),
            deadline,
        };
        let signature = node.sign(&challenge_answer_payload(genesis_hash(), &answer));
        call(SessionKeyCall::AnswerChallenge(answer, signature.into()));
        end_block();
        assert!(Signing::network_state().challenges.is_empty());
        blocks(3);
        end_eras();
        assert_eq!(bonded(&stash), before);
        assert_eq!(pallet_offences::Reports::<Runtime>::iter().count(), 0);
        // Its seat is another's all the same.
        assert_ne!(Signing::network_state().phase, Phase::Active);
    });
}
