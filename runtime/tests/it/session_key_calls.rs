//! Feeless calls, from the runtime API that wraps them to the block that executes them.

use crate::chain::{apply, balance, begin_block, end_block, genesis, genesis_hash, signed};
use signing_primitives::{
    announcement_payload, Announcement, Endpoint, SessionKeyCall, SignerSignature,
};
use signing_runtime::{
    genesis_presets::LOCAL, AccountId, Balances, Block, Executive, Runtime, RuntimeCall, Signing,
    UncheckedExtrinsic,
};
use signing_runtime_api::runtime_decl_for_signing_api::SigningApi;
use sp_keyring::Sr25519Keyring;
use sp_runtime::{
    transaction_validity::{InvalidTransaction, TransactionSource, TransactionValidity},
    DispatchError,
};

fn announcement(signer: Sr25519Keyring) -> SessionKeyCall<AccountId, u32> {
    let announcement = Announcement {
        signing_key: signer.public().into(),
        endpoint: Endpoint::try_from(b"127.0.0.1:9955".to_vec()).unwrap(),
        x25519: [7; 32],
        at: 0,
    };
    let signature = signer.sign(&announcement_payload(genesis_hash(), &announcement));
    SessionKeyCall::AnnounceSigner(announcement, SignerSignature::from(signature))
}

fn extrinsic(call: SessionKeyCall<AccountId, u32>) -> UncheckedExtrinsic {
    <Runtime as SigningApi<Block, _, _>>::session_key_extrinsic(call)
}

fn pool_says(extrinsic: UncheckedExtrinsic) -> TransactionValidity {
    Executive::validate_transaction(TransactionSource::External, extrinsic, genesis_hash())
}

fn announced() -> Vec<Sr25519Keyring> {
    Signing::network_state()
        .validators
        .into_iter()
        .filter(|validator| validator.signer.is_some())
        .map(|validator| {
            let key: sp_core::sr25519::Public = validator.signing_key.into();
            Sr25519Keyring::from_public(&key).unwrap()
        })
        .collect()
}

#[test]
fn a_session_key_announces_its_signer_without_money_or_account() {
    genesis(LOCAL).execute_with(|| {
        let call = extrinsic(announcement(Sr25519Keyring::Bob));
        let valid = pool_says(call.clone()).unwrap();
        assert!(valid.propagate);
        assert!(!valid.provides.is_empty());

        let issuance = Balances::total_issuance();
        let bob = Sr25519Keyring::Bob.to_account_id();
        let before = balance(&bob);
        begin_block();
        apply(call.clone()).unwrap().unwrap();
        assert_eq!(announced(), [Sr25519Keyring::Bob]);
        // Once is enough, for this block and for the pool.
        assert_eq!(apply(call.clone()), Err(InvalidTransaction::Stale.into()));
        end_block();
        assert_eq!(pool_says(call), Err(InvalidTransaction::Stale.into()));
        assert_eq!(balance(&bob), before);
        assert_eq!(Balances::total_issuance(), issuance);
    });
}

#[test]
fn others_cannot_announce_in_its_name() {
    genesis(LOCAL).execute_with(|| {
        let SessionKeyCall::AnnounceSigner(theirs, _) = announcement(Sr25519Keyring::Bob) else {
            unreachable!();
        };
        let forged = Sr25519Keyring::Eve.sign(&announcement_payload(genesis_hash(), &theirs));
        let forged = extrinsic(SessionKeyCall::AnnounceSigner(theirs, forged.into()));
        assert_eq!(
            pool_says(forged.clone()),
            Err(InvalidTransaction::BadProof.into())
        );
        begin_block();
        assert_eq!(apply(forged), Err(InvalidTransaction::BadProof.into()));
        assert_eq!(announced(), []);
    });
}

#[test]
fn a_key_that_is_no_validators_is_refused() {
    genesis(LOCAL).execute_with(|| {
        let stranger = extrinsic(announcement(Sr25519Keyring::Ferdie));
        assert_eq!(
            pool_says(stranger.clone()),
            Err(InvalidTransaction::BadSigner.into())
        );
        begin_block();
        assert_eq!(apply(stranger), Err(InvalidTransaction::BadSigner.into()));
    });
}

#[test]
fn an_account_cannot_make_a_session_key_call() {
    genesis(LOCAL).execute_with(|| {
        let call = announcement(Sr25519Keyring::Bob);
        begin_block();
        let call = RuntimeCall::Signing(call.into());
        let outcome = apply(signed(Sr25519Keyring::Bob, call)).unwrap();
        assert_eq!(outcome, Err(DispatchError::BadOrigin));
        assert_eq!(announced(), []);
    });
}

#[test]
fn a_general_transaction_with_another_call_is_refused() {
    genesis(LOCAL).execute_with(|| {
        let call = RuntimeCall::System(frame_system::Call::remark { remark: vec![] });
        let general =
            UncheckedExtrinsic::new_transaction(call, signing_runtime::unsigned_extensions());
        assert!(pool_says(general.clone()).is_err());
        begin_block();
        assert!(apply(general).is_err());
    });
}
