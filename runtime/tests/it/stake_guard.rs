//! What members of the committee cannot do with their stake, and until when.

use crate::{
    chain::{apply, begin_block, end_block, genesis, genesis_hash, signed},
    keys::{set_keys, Changed},
    punishment::{accuse, activate, announce_all, bonded, call, node, stashes},
};
use pallet_staking::Call as Staking;
use pallet_sudo::Call as Sudo;
use signing_primitives::{
    challenge_answer_payload, reshare_confirmation_payload, ChallengeAnswer, Phase, ReshareAttempt,
    ReshareConfirmation, SessionKeyCall, StakeTie,
};
use signing_runtime::{
    constants::UNIT, genesis_presets::LOCAL, AccountId, RuntimeCall, Session, Signing,
};
use sp_core::H256;
use sp_keyring::Sr25519Keyring;
use sp_runtime::{
    transaction_validity::{InvalidTransaction, TransactionValidityError},
    ApplyExtrinsicResult,
};

fn stash(account: &AccountId) -> Sr25519Keyring {
    Sr25519Keyring::from_account_id(account).unwrap()
}

fn members() -> Vec<AccountId> {
    let committee = Signing::network_state().committee.unwrap();
    committee.members.into_iter().map(|m| m.validator).collect()
}

/// A validator that is no member.
fn outsider() -> AccountId {
    let members = members();
    let mut stashes = stashes().into_iter();
    stashes.find(|stash| !members.contains(stash)).unwrap()
}

fn resharing() -> ReshareAttempt<AccountId, u32> {
    match Signing::network_state().phase {
        Phase::Resharing(attempt) => attempt,
        phase => panic!("no hand-over in {phase:?}"),
    }
}

/// Has the next committee confirm its shares.
fn hand_over() {
    let attempt = resharing();
    begin_block();
    for next in &attempt.members {
        let confirmation = ReshareConfirmation {
            signing_key: next.party.clone(),
            attempt: attempt.attempt,
            commitment: H256([1; 32]),
        };
        let payload = reshare_confirmation_payload(genesis_hash(), &confirmation);
        let signature = node(&next.party).sign(&payload);
        call(SessionKeyCall::ConfirmReshare(
            confirmation,
            signature.into(),
        ));
    }
    end_block();
}

fn refused(tie: StakeTie) -> ApplyExtrinsicResult {
    let code = InvalidTransaction::Custom(tie.code());
    Err(TransactionValidityError::Invalid(code))
}

/// Makes a call in a block of its own.
fn make(who: Sr25519Keyring, call: RuntimeCall) -> ApplyExtrinsicResult {
    begin_block();
    let result = apply(signed(who, call));
    end_block();
    result
}

fn another_signing_key() -> Changed {
    Changed {
        signing: Some(Sr25519Keyring::One),
        ..Changed::default()
    }
}

/// Everything that would take a validator's stake, role or key away.
fn escapes(account: &AccountId) -> Vec<RuntimeCall> {
    vec![
        RuntimeCall::Staking(Staking::unbond { value: UNIT }),
        RuntimeCall::Staking(Staking::withdraw_unbonded {
            num_slashing_spans: 0,
        }),
        RuntimeCall::Staking(Staking::chill {}),
        RuntimeCall::Staking(Staking::chill_other {
            stash: account.clone(),
        }),
        RuntimeCall::Staking(Staking::nominate {
            targets: vec![outsider().into()],
        }),
        RuntimeCall::Staking(Staking::reap_stash {
            stash: account.clone(),
            num_slashing_spans: 0,
        }),
        RuntimeCall::Session(pallet_session::Call::purge_keys {}),
        set_keys(account, another_signing_key()),
    ]
}

#[test]
fn a_member_takes_nothing_out_of_reach() {
    genesis(LOCAL).execute_with(|| {
        activate();
        for member in members() {
            let before = bonded(&member);
            for call in escapes(&member) {
                assert_eq!(
                    make(stash(&member), call.clone()),
                    refused(StakeTie::HoldsShare),
                    "{call:?}"
                );
            }
            assert_eq!(bonded(&member), before);
            let keys = Session::load_keys(&member).unwrap();
            assert_ne!(keys.signing, Sr25519Keyring::One.public().into());
        }
        // Nor does another account for it.
        let reap = RuntimeCall::Staking(Staking::reap_stash {
            stash: members()[0].clone(),
            num_slashing_spans: 0,
        });
        assert_eq!(
            make(Sr25519Keyring::Ferdie, reap),
            refused(StakeTie::HoldsShare)
        );
    });
}

#[test]
fn root_does_not_do_it_in_a_members_name() {
    genesis(LOCAL).execute_with(|| {
        activate();
        let member = members()[0].clone();
        for call in escapes(&member) {
            let as_member = RuntimeCall::Sudo(Sudo::sudo_as {
                who: member.clone().into(),
                call: Box::new(call),
            });
            let nested = RuntimeCall::Sudo(Sudo::sudo {
                call: Box::new(as_member.clone()),
            });
            let deeper = RuntimeCall::Sudo(Sudo::sudo_unchecked_weight {
                call: Box::new(nested.clone()),
                weight: Default::default(),
            });
            for call in [as_member, nested, deeper] {
                assert_eq!(
                    make(Sr25519Keyring::Alice, call),
                    refused(StakeTie::HoldsShare)
                );
            }
        }
        // Nobody looks into calls without end.
        let mut endless = RuntimeCall::System(frame_system::Call::remark { remark: vec![] });
        for _ in 0..20 {
            endless = RuntimeCall::Sudo(Sudo::sudo {
                call: Box::new(endless),
            });
        }
        assert_eq!(
            make(Sr25519Keyring::Alice, endless),
            Err(InvalidTransaction::ExhaustsResources.into())
        );
        // As itself root does what it likes.
        let forced = RuntimeCall::Sudo(Sudo::sudo {
            call: Box::new(RuntimeCall::Staking(Staking::force_unstake {
                stash: member,
                num_slashing_spans: 0,
            })),
        });
        assert!(make(Sr25519Keyring::Alice, forced).unwrap().is_ok());
    });
}

#[test]
fn a_member_does_what_does_no_harm() {
    genesis(LOCAL).execute_with(|| {
        activate();
        let member = members()[0].clone();
        let other_discovery = Changed {
            authority_discovery: Some(Sr25519Keyring::One),
            ..Changed::default()
        };
        for call in [
            RuntimeCall::Staking(Staking::bond_extra {
                max_additional: UNIT,
            }),
            RuntimeCall::Staking(Staking::validate {
                prefs: Default::default(),
            }),
            RuntimeCall::Staking(Staking::kick { who: vec![] }),
            RuntimeCall::Staking(Staking::set_payee {
                payee: pallet_staking::RewardDestination::Stash,
            }),
            set_keys(&member, Changed::default()),
            set_keys(&member, other_discovery),
        ] {
            let made = make(stash(&member), call.clone()).unwrap();
            assert!(made.is_ok(), "{call:?}: {made:?}");
        }
    });
}

#[test]
fn who_holds_no_share_is_free() {
    genesis(LOCAL).execute_with(|| {
        activate();
        let free = outsider();
        for call in [
            RuntimeCall::Staking(Staking::unbond { value: UNIT }),
            set_keys(&free, another_signing_key()),
            RuntimeCall::Staking(Staking::chill {}),
            RuntimeCall::Session(pallet_session::Call::purge_keys {}),
        ] {
            let made = make(stash(&free), call.clone()).unwrap();
            assert!(made.is_ok(), "{call:?}: {made:?}");
        }
    });
}

#[test]
fn who_is_to_hold_a_share_is_tied_already() {
    genesis(LOCAL).execute_with(|| {
        announce_all();
        begin_block();
        end_block();
        let Phase::Keygen(attempt) = Signing::network_state().phase else {
            panic!("no keygen");
        };
        let chill = RuntimeCall::Staking(Staking::chill {});
        for member in &attempt.members {
            assert_eq!(
                make(stash(&member.validator), chill.clone()),
                refused(StakeTie::ToHoldShare)
            );
        }
    });
}

#[test]
fn leaving_the_committee_is_the_way_out() {
    genesis(LOCAL).execute_with(|| {
        activate();
        let member = members()[0].clone();
        let (chill, unbond) = (
            RuntimeCall::Staking(Staking::chill {}),
            RuntimeCall::Staking(Staking::unbond { value: UNIT }),
        );
        let leave = RuntimeCall::Signing(pallet_signing::Call::leave_committee {});
        assert!(make(stash(&member), leave).unwrap().is_ok());
        // It holds a share until another generation is in force.
        assert_eq!(
            make(stash(&member), chill.clone()),
            refused(StakeTie::HoldsShare)
        );
        // And the one in its place is tied from now on.
        let joins = resharing().members.into_iter().map(|m| m.validator);
        let joins = joins.into_iter().find(|v| !members().contains(v)).unwrap();
        assert_eq!(
            make(stash(&joins), chill.clone()),
            refused(StakeTie::ToHoldShare)
        );
        hand_over();
        assert_eq!(Signing::network_state().committee.unwrap().generation, 2);
        for call in [unbond, chill] {
            assert!(make(stash(&member), call).unwrap().is_ok());
        }
    });
}

#[test]
fn an_open_challenge_ties() {
    genesis(LOCAL).execute_with(|| {
        activate();
        let (_, expelled, _) = accuse(30);
        // It holds a share of the generation in force, until there is another.
        let chill = RuntimeCall::Staking(Staking::chill {});
        assert_eq!(
            make(stash(&expelled), chill.clone()),
            refused(StakeTie::HoldsShare)
        );
        hand_over();
        assert_eq!(
            make(stash(&expelled), chill.clone()),
            refused(StakeTie::Challenged)
        );
        let state = Signing::network_state();
        let key = state
            .validators
            .iter()
            .find(|validator| validator.account == expelled)
            .map(|validator| validator.signing_key.clone())
            .unwrap();
        let answer = ChallengeAnswer {
            signing_key: key.clone(),
            deadline: state.challenges[0].1,
        };
        let signature = node(&key).sign(&challenge_answer_payload(genesis_hash(), &answer));
        begin_block();
        call(SessionKeyCall::AnswerChallenge(answer, signature.into()));
        end_block();
        assert!(make(stash(&expelled), chill).unwrap().is_ok());
    });
}
