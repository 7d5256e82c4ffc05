//! Announcements, and those that are refused.

use crate::{
    mock::*,
    primitives::{self, SessionKeyCall},
    session_key_calls::PRIORITY,
    Call, Event, Parameters, Signers,
};
use codec::Encode;
use frame_support::{assert_noop, assert_ok};
use frame_system::RawOrigin;
use sp_core::{Pair, H256};
use sp_runtime::{
    transaction_validity::{InvalidTransaction, TransactionValidityError},
    DispatchError,
};

fn invalid(error: InvalidTransaction) -> Submission {
    Err(TransactionValidityError::Invalid(error))
}

/// Dispatches past the pool's checks, as no transaction can.
fn dispatch(announcement: crate::AnnouncementOf<Test>) -> Result<(), DispatchError> {
    let signature = sign_announcement(&pair(1), &announcement);
    Signing::announce_signer(RawOrigin::Authorized.into(), announcement, signature)
}

#[test]
fn a_validator_announces_its_signer() {
    test(3, || {
        announce(1);
        let signer = Signers::<Test>::get(1).unwrap();
        assert_eq!(&signer.endpoint[..], b"signer.example:3001");
        assert_eq!((signer.x25519, signer.announced_at), ([7; 32], 1));
        assert_eq!(take_events(), [Event::SignerAnnounced { validator: 1 }]);
    });
}

#[test]
fn a_later_announcement_replaces_an_earlier_one() {
    test(3, || {
        announce(1);
        next_block();
        let mut later = announcement(&pair(1), 2);
        later.endpoint = b"[::1]:80".to_vec().try_into().unwrap();
        assert_ok!(submit_announcement(&pair(1), later).unwrap());
        assert_eq!(&Signers::<Test>::get(1).unwrap().endpoint[..], b"[::1]:80");
        assert_eq!(Signers::<Test>::count(), 1);
    });
}

#[test]
fn a_replay_is_refused() {
    test(3, || {
        let first = announcement(&pair(1), 1);
        assert_ok!(submit_announcement(&pair(1), first.clone()).unwrap());
        assert_eq!(
            submit_announcement(&pair(1), first.clone()),
            invalid(InvalidTransaction::Stale)
        );
        // Nor does it undo a later one.
        next_block();
        announce(1);
        assert_eq!(
            submit_announcement(&pair(1), first.clone()),
            invalid(InvalidTransaction::Stale)
        );
        assert_noop!(dispatch(first), Error::AnnouncementNotNewer);
    });
}

#[test]
fn only_the_freshness_window_counts() {
    test(3, || {
        System::set_block_number(100);
        let at = |at| announcement(&pair(1), at);
        assert_eq!(
            submit_announcement(&pair(1), at(91)),
            invalid(InvalidTransaction::Stale)
        );
        assert_noop!(dispatch(at(91)), Error::AnnouncementExpired);
        assert_eq!(
            submit_announcement(&pair(1), at(109)),
            invalid(InvalidTransaction::Future)
        );
        assert_noop!(dispatch(at(109)), Error::AnnouncementFromFuture);
        assert_eq!(
            submit_announcement(&pair(1), at(u64::MAX)),
            invalid(InvalidTransaction::Future)
        );
        assert_ok!(submit_announcement(&pair(1), at(92)).unwrap());
        assert_ok!(submit_announcement(&pair(1), at(108)).unwrap());
    });
}

#[test]
fn a_stranger_is_refused() {
    test(3, || {
        let stranger = announcement(&pair(9), 1);
        assert_eq!(
            submit_announcement(&pair(9), stranger.clone()),
            invalid(InvalidTransaction::BadSigner)
        );
        assert_noop!(dispatch(stranger), Error::NotACurrentKey);
    });
}

#[test]
fn an_old_key_is_refused() {
    test(3, || {
        new_session(&[(1, rotated_pair(1, 1)), (2, pair(2))]);
        let old = announcement(&pair(1), 1);
        assert_eq!(
            submit_announcement(&pair(1), old),
            invalid(InvalidTransaction::BadSigner)
        );
        let new = announcement(&rotated_pair(1, 1), 1);
        assert_ok!(submit_announcement(&rotated_pair(1, 1), new).unwrap());
        // Validator 3 has left.
        let left = announcement(&pair(3), 1);
        assert_eq!(
            submit_announcement(&pair(3), left),
            invalid(InvalidTransaction::BadSigner)
        );
    });
}

#[test]
fn a_forged_signature_is_refused() {
    test(3, || {
        let forged = announcement(&pair(1), 1);
        let refused = invalid(InvalidTransaction::BadProof);
        // Another validator's key.
        assert_eq!(submit_announcement(&pair(2), forged.clone()), refused);
        // A good signature over something else.
        let signature = sign_announcement(&pair(1), &forged);
        let changes: [fn(&mut crate::AnnouncementOf<Test>); 3] = [
            |a| a.x25519 = [8; 32],
            |a| a.at = 2,
            |a| a.endpoint = b"attacker.example:3001".to_vec().try_into().unwrap(),
        ];
        for change in changes {
            let mut announcement = forged.clone();
            change(&mut announcement);
            let signature = signature.clone();
            assert_eq!(
                submit(Call::announce_signer {
                    announcement,
                    signature
                }),
                refused
            );
        }
    });
}

#[test]
fn another_chains_signature_is_refused() {
    test(3, || {
        let announcement = announcement(&pair(1), 1);
        let other_chain = primitives::announcement_payload(H256([1; 32]), &announcement);
        let signature = pair(1).sign(&other_chain);
        assert_eq!(
            submit(Call::announce_signer {
                announcement,
                signature
            }),
            invalid(InvalidTransaction::BadProof)
        );
    });
}

#[test]
fn an_endpoint_must_be_one() {
    test(3, || {
        let mut announcement = announcement(&pair(1), 1);
        announcement.endpoint = b"https://signer.example/".to_vec().try_into().unwrap();
        assert_eq!(
            submit_announcement(&pair(1), announcement.clone()),
            invalid(InvalidTransaction::Call)
        );
        assert_noop!(dispatch(announcement), Error::InvalidEndpoint);
    });
}

#[test]
fn no_other_origin_can_announce() {
    test(3, || {
        let announcement = announcement(&pair(1), 1);
        let signature = sign_announcement(&pair(1), &announcement);
        for origin in [RawOrigin::Root, RawOrigin::None, RawOrigin::Signed(1)] {
            assert_noop!(
                Signing::announce_signer(origin.into(), announcement.clone(), signature.clone()),
                DispatchError::BadOrigin
            );
        }
    });
}

#[test]
fn the_pool_keeps_one_announcement_of_a_key_until_it_expires() {
    test(3, || {
        run_to(10);
        let admit = |validator, at| {
            let announcement = announcement(&pair(validator), at);
            let signature = sign_announcement(&pair(validator), &announcement);
            validate(Call::announce_signer {
                announcement,
                signature,
            })
            .unwrap()
        };
        let (older, newer, other) = (admit(1, 9), admit(1, 10), admit(2, 10));
        assert_eq!(older.provides, newer.provides);
        assert_ne!(newer.provides, other.provides);
        assert!(newer.priority > older.priority && older.priority > PRIORITY);
        // Counts up to block 17 and is void in block 18.
        assert_eq!(older.longevity, 8);
        assert!(older.propagate && older.requires.is_empty());
    });
}

#[test]
fn a_session_key_call_is_the_pallets_call() {
    test(3, || {
        let announcement = announcement(&pair(1), 1);
        let signature = sign_announcement(&pair(1), &announcement);
        let call: Call<Test> =
            SessionKeyCall::AnnounceSigner(announcement.clone(), signature.clone()).into();
        assert_eq!(
            call,
            Call::announce_signer {
                announcement,
                signature
            }
        );

        let confirmation = confirmation(&pair(1), 1, network_key(1));
        let signature = pair(1).sign(&confirmation.encode());
        let call: Call<Test> =
            SessionKeyCall::ConfirmKeygen(confirmation.clone(), signature.clone()).into();
        assert_eq!(
            call,
            Call::confirm_keygen {
                confirmation,
                signature
            }
        );
    });
}

#[test]
fn the_window_is_the_parameters() {
    test(3, || {
        System::set_block_number(100);
        Parameters::<Test>::mutate(|parameters| parameters.freshness_window = 50);
        let pair = pair(1);
        assert_ok!(submit_announcement(&pair, announcement(&pair, 50)).unwrap());
    });
}
