//! A network for tests: five validators, the first three of them the committee.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use k256::ecdsa::SigningKey;
use signing_primitives::{
    wire::{x25519_public_key, SignatureAnswer},
    Committee, CommitteeMember, Parameters, Phase, SignerId, SignerInfo, Validator, VerifyingKey,
};
use sp_core::{crypto::AccountId32, sr25519, Pair, H256};

type NetworkState = signing_primitives::NetworkState<AccountId32, u32>;

/// Whose keys the validators have.
pub(crate) const NAMES: [&str; 5] = ["//Alice", "//Bob", "//Charlie", "//Dave", "//Eve"];

/// The network, and the secrets of its validators.
pub(crate) struct Network {
    pub(crate) state: NetworkState,
    pub(crate) pairs: Vec<sr25519::Pair>,
}

pub(crate) fn key(uri: &str) -> (sr25519::Pair, SignerId) {
    let pair = sr25519::Pair::from_string(uri, None).unwrap();
    let id = pair.public().into();
    (pair, id)
}

pub(crate) fn ecdsa_key(seed: u8) -> (SigningKey, VerifyingKey) {
    let secret = SigningKey::from_slice(&[seed; 32]).unwrap();
    let public = secret.verifying_key().to_encoded_point(true);
    (secret, public.as_bytes().try_into().unwrap())
}

/// The registered user's key, which in the real network nobody has.
pub(crate) fn user_key() -> (SigningKey, VerifyingKey) {
    ecdsa_key(5)
}

/// The x25519 secret of validator `index`.
pub(crate) fn x25519_secret(index: usize) -> [u8; 32] {
    [index as u8 + 1; 32]
}

/// Validator `index` listens on port 3001 + `index`.
pub(crate) fn network() -> Network {
    let pairs: Vec<_> = NAMES.iter().map(|name| key(name).0).collect();
    let stash =
        |index: usize| AccountId32::new(key(&format!("{}//stash", NAMES[index])).0.public().0);
    let members: Vec<_> = (0..3)
        .map(|index| CommitteeMember {
            validator: stash(index),
            party: key(NAMES[index]).1,
        })
        .collect();
    let validators = (0..NAMES.len())
        .map(|index| Validator {
            account: stash(index),
            signing_key: key(NAMES[index]).1,
            signer: Some(SignerInfo {
                endpoint: format!("127.0.0.1:{}", 3001 + index)
                    .into_bytes()
                    .try_into()
                    .unwrap(),
                x25519: x25519_public_key(&x25519_secret(index)),
                announced_at: 1,
            }),
            active: true,
            excluded: false,
        })
        .collect();
    let state = NetworkState {
        validators,
        phase: Phase::Active,
        committee: Some(Committee {
            generation: 1,
            attempt: 1,
            members: members.try_into().unwrap(),
            threshold: 2,
            commitment: H256::zero(),
            expelled: Default::default(),
        }),
        verifying_key: Some(ecdsa_key(1).1),
        parameters: Parameters {
            fuel: 1_000_000,
            freshness_window: 10,
            ..Parameters::default()
        },
        ..NetworkState::default()
    };
    Network { state, pairs }
}

impl Network {
    /// What `members` answer when `digest` is signed with `key`.
    pub(crate) fn answers(
        &self,
        key: &(SigningKey, VerifyingKey),
        digest: &[u8; 32],
        members: &[usize],
    ) -> Vec<SignatureAnswer> {
        let (ecdsa, recovery) = key.0.sign_prehash_recoverable(digest).unwrap();
        let mut signature = [0; 65];
        signature[..64].copy_from_slice(&ecdsa.to_bytes());
        signature[64] = recovery.to_byte();
        self.vouch(signature, members)
    }

    /// `members` vouch for whatever this is.
    pub(crate) fn vouch(&self, signature: [u8; 65], members: &[usize]) -> Vec<SignatureAnswer> {
        members
            .iter()
            .map(|member| SignatureAnswer {
                signature,
                signer_signature: self.pairs[*member].sign(&signature).0,
            })
            .collect()
    }
}
