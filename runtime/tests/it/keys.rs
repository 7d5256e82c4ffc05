//! Session keys of the validators of the local preset.

use codec::Encode;
use signing_runtime::{AccountId, RuntimeCall, Session, SessionKeys};
use sp_core::sr25519;
use sp_keyring::{Ed25519Keyring, Sr25519Keyring};

/// Which of its keys a validator changes, and to which.
#[derive(Clone, Copy, Default)]
pub(crate) struct Changed {
    pub(crate) authority_discovery: Option<Sr25519Keyring>,
    pub(crate) signing: Option<Sr25519Keyring>,
}

fn sr25519(key: impl Into<sr25519::Public>) -> Sr25519Keyring {
    Sr25519Keyring::from_public(&key.into()).unwrap()
}

/// Sets a validator's keys: those that it has, but for what is changed.
pub(crate) fn set_keys(stash: &AccountId, changed: Changed) -> RuntimeCall {
    let current: SessionKeys = Session::load_keys(stash).unwrap();
    let grandpa = Ed25519Keyring::from_public(&current.grandpa.clone().into()).unwrap();
    let babe = sr25519(current.babe.clone());
    let authority_discovery = changed
        .authority_discovery
        .unwrap_or_else(|| sr25519(current.authority_discovery.clone()));
    let signing = changed
        .signing
        .unwrap_or_else(|| sr25519(current.signing.clone()));
    // Each key signs for its owner.
    let statement = [b"POP_", AsRef::<[u8]>::as_ref(stash)].concat();
    let proof = (
        grandpa.sign(&statement),
        babe.sign(&statement),
        authority_discovery.sign(&statement),
        signing.sign(&statement),
    );
    RuntimeCall::Session(pallet_session::Call::set_keys {
        keys: SessionKeys {
            authority_discovery: authority_discovery.public().into(),
            signing: signing.public().into(),
            ..current
        },
        proof: proof.encode(),
    })
}
