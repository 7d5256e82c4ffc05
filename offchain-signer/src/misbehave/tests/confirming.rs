//! What is confirmed on chain.

use super::*;
use crate::chain::{
    fake::{FakeChain, FakeState},
    SessionKeyCall, WatchChain,
};
use signing_primitives::{
    keygen_confirmation_payload, reshare_confirmation_payload, AuxInfoConfirmation,
    KeygenConfirmation, ReshareConfirmation, SignerId, SignerSignature, KEY_TYPE,
};
use sp_core::{sr25519, Pair, H256};
use sp_keystore::{testing::MemoryKeystore, Keystore};

/// The chain of a node with this conduct, the chain itself, and the node's key.
fn chain(ways: &[&str]) -> (ConductedChain<FakeChain>, Arc<FakeChain>, SignerId) {
    let keystore = MemoryKeystore::new();
    let key = keystore.sr25519_generate_new(KEY_TYPE, None).unwrap();
    let chain = Arc::new(FakeChain::new(FakeState::default()));
    let conducted = ConductedChain::new(chain.clone(), conduct(ways), Arc::new(keystore));
    (conducted, chain, key.into())
}

fn unsigned() -> SignerSignature {
    sr25519::Signature::from_raw([0; 64]).into()
}

fn keygen(key: &SignerId) -> SessionKeyCall {
    let confirmation = KeygenConfirmation {
        signing_key: key.clone(),
        attempt: 1,
        verifying_key: [3; 33],
        commitment: H256([4; 32]),
    };
    SessionKeyCall::ConfirmKeygen(confirmation, unsigned())
}

fn reshare(key: &SignerId) -> SessionKeyCall {
    let confirmation = ReshareConfirmation {
        signing_key: key.clone(),
        attempt: 1,
        commitment: H256([4; 32]),
    };
    SessionKeyCall::ConfirmReshare(confirmation, unsigned())
}

fn aux_info(key: &SignerId) -> SessionKeyCall {
    let confirmation = AuxInfoConfirmation {
        signing_key: key.clone(),
        attempt: 1,
        commitment: H256([4; 32]),
    };
    SessionKeyCall::ConfirmAuxInfo(confirmation, unsigned())
}

fn verify(key: &SignerId, payload: &[u8], signature: &SignerSignature) -> bool {
    let (key, signature): (&sr25519::Public, &sr25519::Signature) =
        (key.as_ref(), signature.as_ref());
    sr25519::Pair::verify(signature, payload, key)
}

#[tokio::test]
async fn a_wrong_confirmation_is_rightly_signed() {
    let (conducted, chain, key) = chain(&["wrong-confirmation=all"]);
    for call in [keygen(&key), reshare(&key), aux_info(&key)] {
        conducted.submit(call).await.unwrap();
    }
    let genesis = chain.genesis_hash();
    let submitted = chain.submitted();
    let SessionKeyCall::ConfirmKeygen(said, signature) = &submitted[0] else {
        panic!("{submitted:?}");
    };
    assert_ne!(said.verifying_key, [3; 33]);
    assert!(k256::ecdsa::VerifyingKey::from_sec1_bytes(&said.verifying_key).is_ok());
    assert!(verify(
        &key,
        &keygen_confirmation_payload(genesis, said),
        signature
    ));
    let SessionKeyCall::ConfirmReshare(said, signature) = &submitted[1] else {
        panic!("{submitted:?}");
    };
    assert_ne!(said.commitment, H256([4; 32]));
    assert!(verify(
        &key,
        &reshare_confirmation_payload(genesis, said),
        signature
    ));
    let SessionKeyCall::ConfirmAuxInfo(said, _) = &submitted[2] else {
        panic!("{submitted:?}");
    };
    assert_ne!(said.commitment, H256([4; 32]));
}

#[tokio::test]
async fn only_what_is_named_is_confirmed_wrongly() {
    let (conducted, chain, key) = chain(&["wrong-confirmation=reshare"]);
    conducted.submit(keygen(&key)).await.unwrap();
    conducted.submit(aux_info(&key)).await.unwrap();
    conducted.submit(reshare(&key)).await.unwrap();
    let submitted = chain.submitted();
    assert_eq!(submitted[..2], [keygen(&key), aux_info(&key)]);
    assert_ne!(submitted[2], reshare(&key));
}
