//! Confirmations, and those that are refused.

use crate::{mock::*, primitives, Call, Committee, Phase};
use frame_support::assert_noop;
use frame_system::RawOrigin;
use primitives::KeygenConfirmation;
use sp_core::{Pair, H256};
use sp_runtime::{
    transaction_validity::{InvalidTransaction, TransactionValidityError, UnknownTransaction},
    DispatchError,
};

fn invalid(error: InvalidTransaction) -> Submission {
    Err(TransactionValidityError::Invalid(error))
}

/// Dispatches past the pool's checks, as no transaction can.
fn dispatch(confirmation: KeygenConfirmation) -> Result<(), DispatchError> {
    let signature = pair(1).sign(b"");
    Signing::confirm_keygen(RawOrigin::Authorized.into(), confirmation, signature)
}

#[test]
fn a_confirmation_needs_a_keygen() {
    test(5, || {
        let early = confirmation(&pair(1), 1, network_key(1));
        assert_noop!(dispatch(early.clone()), Error::NotInKeygen);
        // The attempt may have begun in a block that this node has not seen.
        assert_eq!(
            submit_confirmation(&pair(1), early.clone()),
            Err(TransactionValidityError::Unknown(
                UnknownTransaction::CannotLookup
            ))
        );
        activate();
        assert_noop!(dispatch(early.clone()), Error::NotInKeygen);
        assert_eq!(
            submit_confirmation(&pair(1), early),
            invalid(InvalidTransaction::Stale)
        );
    });
}

#[test]
fn a_confirmation_is_for_its_attempt() {
    test(3, || {
        begin_keygen([1, 2, 3]);
        let first = confirmation(&pair(1), 1, network_key(1));
        miss_deadline();
        assert_eq!(attempt().attempt, 2);
        assert_noop!(dispatch(first.clone()), Error::WrongAttempt);
        assert_eq!(
            submit_confirmation(&pair(1), first),
            invalid(InvalidTransaction::Stale)
        );
        let third = confirmation(&pair(1), 3, network_key(1));
        assert_noop!(dispatch(third.clone()), Error::WrongAttempt);
        assert_eq!(
            submit_confirmation(&pair(1), third),
            Err(TransactionValidityError::Unknown(
                UnknownTransaction::CannotLookup
            ))
        );
    });
}

#[test]
fn only_members_confirm() {
    test(5, || {
        begin_keygen([1, 2, 3]);
        announce(4);
        // A signer that is not in the committee, a validator that is no signer, a stranger.
        for outsider in [4, 5, 9] {
            let confirmation = confirmation(&pair(outsider), 1, network_key(1));
            assert_noop!(dispatch(confirmation.clone()), Error::NotAMember);
            assert_eq!(
                submit_confirmation(&pair(outsider), confirmation),
                invalid(InvalidTransaction::BadSigner)
            );
        }
    });
}

#[test]
fn nobody_confirms_twice() {
    test(3, || {
        begin_keygen([1, 2, 3]);
        confirm(1, network_key(1));
        for key in [1, 2] {
            let again = confirmation(&pair(1), 1, network_key(key));
            assert_noop!(dispatch(again.clone()), Error::AlreadyConfirmed);
            assert_eq!(
                submit_confirmation(&pair(1), again),
                invalid(InvalidTransaction::Stale)
            );
        }
        assert_eq!(attempt().confirmed.len(), 1);
    });
}

#[test]
fn a_forged_confirmation_is_refused() {
    test(3, || {
        begin_keygen([1, 2, 3]);
        let refused = invalid(InvalidTransaction::BadProof);
        let good = confirmation(&pair(1), 1, network_key(1));
        assert_eq!(submit_confirmation(&pair(2), good.clone()), refused);

        let payload = primitives::keygen_confirmation_payload(genesis_hash(), &good);
        let signature = pair(1).sign(&payload);
        let mut confirmation = good.clone();
        confirmation.commitment = H256([8; 32]);
        assert_eq!(
            submit(Call::confirm_keygen {
                confirmation,
                signature
            }),
            refused
        );

        let other_chain = primitives::keygen_confirmation_payload(H256([1; 32]), &good);
        let signature = pair(1).sign(&other_chain);
        assert_eq!(
            submit(Call::confirm_keygen {
                confirmation: good,
                signature
            }),
            refused
        );
        assert!(attempt().confirmed.is_empty());
    });
}

#[test]
fn a_key_must_be_a_compressed_point() {
    test(3, || {
        begin_keygen([1, 2, 3]);
        // Not on the curve; the identity; a tag that other encodings of this length use.
        let mut off_curve = [0xff; 33];
        off_curve[0] = 2;
        let mut compact = network_key(1);
        compact[0] = 5;
        for key in [off_curve, [0; 33], compact] {
            let confirmation = confirmation(&pair(1), 1, key);
            assert_noop!(dispatch(confirmation.clone()), Error::InvalidVerifyingKey);
            assert_eq!(
                submit_confirmation(&pair(1), confirmation),
                invalid(InvalidTransaction::Call)
            );
        }
    });
}

#[test]
fn no_other_origin_can_confirm() {
    test(3, || {
        begin_keygen([1, 2, 3]);
        let confirmation = confirmation(&pair(1), 1, network_key(1));
        for origin in [RawOrigin::Root, RawOrigin::None, RawOrigin::Signed(1)] {
            assert_noop!(
                Signing::confirm_keygen(origin.into(), confirmation.clone(), pair(1).sign(b"")),
                DispatchError::BadOrigin
            );
        }
    });
}

#[test]
fn the_pool_keeps_a_confirmation_until_the_deadline() {
    test(3, || {
        begin_keygen([1, 2, 3]);
        assert_eq!((System::block_number(), attempt().deadline), (2, 12));
        next_block();
        let admit = |validator, key| {
            let confirmation = confirmation(&pair(validator), 1, network_key(key));
            let payload = primitives::keygen_confirmation_payload(genesis_hash(), &confirmation);
            let signature = pair(validator).sign(&payload);
            validate(Call::confirm_keygen {
                confirmation,
                signature,
            })
            .unwrap()
        };
        let (first, again, other) = (admit(1, 1), admit(1, 2), admit(2, 1));
        assert_eq!(first.provides, again.provides);
        assert_ne!(first.provides, other.provides);
        // Block 12 is the last in which it counts, and this is block 3.
        assert_eq!(first.longevity, 10);
    });
}

#[test]
fn a_rotated_key_is_still_the_party() {
    test(3, || {
        begin_keygen([1, 2, 3]);
        let rotated: Vec<_> = (1..=3).map(|v| (v, rotated_pair(v, 1))).collect();
        new_session(&rotated);
        let new_key = confirmation(&rotated_pair(1, 1), 1, network_key(1));
        assert_noop!(dispatch(new_key), Error::NotAMember);
        confirm_all([1, 2, 3], network_key(1));
        assert_eq!(Phase::<Test>::get(), primitives::Phase::Active);
        let members = Committee::<Test>::get().unwrap().members;
        assert!(members
            .iter()
            .all(|member| member.party == pair(member.validator).public()));
    });
}
