//! The chain derives the same keys as the signers' library does.

use bip32::DerivationPath;
use k256::{ecdsa::VerifyingKey, elliptic_curve::rand_core::OsRng};
use primitives::{derive_child_key, DerivationError};
use rand::Rng;
use signing_primitives as primitives;
use synedrion::DeriveChildKey;

fn by_synedrion(parent: &VerifyingKey, index: u32) -> primitives::VerifyingKey {
    let path: DerivationPath = format!("m/0/{index}").parse().unwrap();
    let child = parent.derive_verifying_key_bip32(&path).unwrap();
    compressed(&child)
}

fn compressed(key: &VerifyingKey) -> primitives::VerifyingKey {
    key.to_encoded_point(true).as_bytes().try_into().unwrap()
}

#[test]
fn children_are_those_of_synedrion() {
    let mut rng = rand::thread_rng();
    for round in 0..40 {
        let parent = *k256::ecdsa::SigningKey::random(&mut OsRng).verifying_key();
        let edges = [0, 1, primitives::INDEX_LIMIT - 1];
        let random = [(); 5].map(|()| rng.gen_range(0..primitives::INDEX_LIMIT));
        for index in edges.into_iter().chain(random) {
            assert_eq!(
                derive_child_key(&compressed(&parent), index),
                Ok(by_synedrion(&parent, index)),
                "round {round}, index {index}",
            );
        }
    }
}

#[test]
fn children_differ_from_each_other_and_from_their_parent() {
    let parent = crate::mock::network_key(1);
    let mut keys: Vec<_> = (0..50)
        .map(|index| derive_child_key(&parent, index).unwrap())
        .collect();
    keys.push(parent);
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 51);
}

#[test]
fn hardened_indexes_have_no_children() {
    let parent = crate::mock::network_key(1);
    for index in [primitives::INDEX_LIMIT, u32::MAX] {
        assert_eq!(
            derive_child_key(&parent, index),
            Err(DerivationError::HardenedIndex)
        );
    }
}
