//! What users may not do with programs and registrations, asked of running nodes: each is refused
//! with the error that says why, and changes nothing.

use crate::signing::account;
use network_tests::{Rpc, Status};
use signing_client::{
    ProgramDefinition, ProgramInstance, ProgramKey, RegisterError, Registered, Shortage,
    SigningClient, TransactionError,
};
use signing_primitives::ABI_VERSION;
use sp_core::H256;
use std::time::{Duration, Instant};
use subxt::ext::scale_encode::EncodeAsType;

/// The most bytes of a program.
const MAX_BYTECODE: usize = 1_000_000;
/// The most programs of a registration.
const MAX_PROGRAMS: usize = 8;
/// The node's code for what its runtime cannot judge.
const UNDECODABLE: i64 = 1002;
/// Where the runtime gives up on what it cannot decode.
const DECODER: &str = "TaggedTransactionQueue_validate_transaction";
/// Enough to pay for any transaction, and not for a large program's deposit.
const POCKET_MONEY: u128 = 5_000_000_000_000;

#[derive(EncodeAsType)]
#[encode_as_type(crate_path = "subxt::ext::scale_encode")]
struct SetProgram {
    definition: Definition,
}

#[derive(EncodeAsType)]
#[encode_as_type(crate_path = "subxt::ext::scale_encode")]
struct Definition {
    bytecode: Vec<u8>,
    config_schema: Vec<u8>,
    auxiliary_data_schema: Vec<u8>,
    oracle_keys: Vec<Vec<u8>>,
    abi_version: u8,
}

#[derive(EncodeAsType)]
#[encode_as_type(crate_path = "subxt::ext::scale_encode")]
struct Transfer {
    dest: Address,
    value: u128,
}

#[derive(EncodeAsType)]
#[encode_as_type(crate_path = "subxt::ext::scale_encode")]
enum Address {
    Id([u8; 32]),
}

/// A wasm module to the chain, which looks no further than its first bytes.
fn program(bytes: usize) -> ProgramDefinition {
    let mut bytecode = b"\0asm\x01\0\0\0".to_vec();
    bytecode.resize(bytes, 0x55);
    definition(bytecode)
}

fn definition(bytecode: Vec<u8>) -> ProgramDefinition {
    ProgramDefinition {
        bytecode: bytecode.try_into().unwrap(),
        config_schema: Default::default(),
        auxiliary_data_schema: Default::default(),
        oracle_keys: Default::default(),
        abi_version: ABI_VERSION,
    }
}

fn instances(program: ProgramKey, count: usize) -> Vec<ProgramInstance> {
    let instance = ProgramInstance {
        program,
        config: Default::default(),
    };
    vec![instance; count]
}

/// The runtime's error.
fn failed<T: std::fmt::Debug>(what: &str, result: Result<T, TransactionError>, name: &str) {
    match result {
        Err(TransactionError::Failed { failure, .. }) => assert_eq!(failure.name, name, "{what}"),
        other => panic!("{what}: wanted {name}, got {other:?}"),
    }
}

/// The client's words for an account that has too little.
fn too_poor<T: std::fmt::Debug>(what: &str, result: Result<T, TransactionError>, for_: Shortage) {
    match result {
        Err(TransactionError::BalanceTooLow { shortage, .. }) => {
            assert_eq!(shortage, for_, "{what}")
        }
        other => panic!("{what}: wanted {for_:?}, got {other:?}"),
    }
}

/// The node's words, before it comes to the runtime's error.
fn refused<T: std::fmt::Debug>(what: &str, result: Result<T, TransactionError>, words: &str) {
    match result {
        Err(TransactionError::Refused { reason, .. }) => {
            assert!(reason.contains(words), "{what}: {reason}");
        }
        other => panic!("{what}: wanted {words:?}, got {other:?}"),
    }
}

fn transaction(result: Result<Registered, RegisterError>) -> Result<Registered, TransactionError> {
    result.map_err(|error| match error {
        RegisterError::Transaction(error) => error,
        other => panic!("{other}"),
    })
}

/// `bobs` is Bob's registration, with one program that Bob has deployed.
pub(crate) async fn refusals(status: &Status, client: &SigningClient, bobs: &Registered) {
    let begin = Instant::now();
    let registration = client.registration(bobs.verifying_key).await.unwrap();
    let programs = deployed(client).await;
    let used = registration.as_ref().unwrap().programs[0].program;

    tokio::join!(
        owner(client, bobs, used),
        stranger(client, bobs, used),
        author(client),
        poor(status, client),
        over_the_limits(status, client, bobs, used),
    );

    assert_eq!(
        client.registration(bobs.verifying_key).await.unwrap(),
        registration
    );
    assert_eq!(deployed(client).await, programs);
    println!("refusals on chain: {:.1} s", begin.elapsed().as_secs_f64());
}

async fn deployed(client: &SigningClient) -> Vec<ProgramKey> {
    let programs = client.programs().await.unwrap();
    programs.into_iter().map(|(key, _)| key).collect()
}

/// What not even an owner and deployer can do.
async fn owner(client: &SigningClient, bobs: &Registered, used: ProgramKey) {
    let bob = account("//Bob");
    let unknown = instances(H256::repeat_byte(1), 1);
    let key = bobs.verifying_key;
    failed(
        "removing a program in use",
        client.remove_program(used, &bob).await,
        "Signing::ProgramInUse",
    );
    failed(
        "removing no program",
        client.remove_program(H256::repeat_byte(1), &bob).await,
        "Signing::ProgramNotFound",
    );
    failed(
        "registering without programs",
        transaction(client.register(&[], &bob.id(), &bob).await),
        "Signing::NoPrograms",
    );
    failed(
        "registering with an unknown program",
        transaction(client.register(&unknown, &bob.id(), &bob).await),
        "Signing::ProgramNotFound",
    );
    failed(
        "changing to no programs",
        client.change_programs(key, &[], &bob).await,
        "Signing::NoPrograms",
    );
    failed(
        "changing to an unknown program",
        client.change_programs(key, &unknown, &bob).await,
        "Signing::ProgramNotFound",
    );
}

async fn stranger(client: &SigningClient, bobs: &Registered, used: ProgramKey) {
    let dave = account("//Dave");
    let key = bobs.verifying_key;
    failed(
        "a stranger removes a program",
        client.remove_program(used, &dave).await,
        "Signing::NotDeployer",
    );
    failed(
        "a stranger changes programs",
        client
            .change_programs(key, &instances(used, 1), &dave)
            .await,
        "Signing::NotOwner",
    );
    failed(
        "a stranger changes the owner",
        client.change_owner(key, &dave.id(), &dave).await,
        "Signing::NotOwner",
    );
    failed(
        "changing the owner of nothing",
        client.change_owner([2; 33], &dave.id(), &dave).await,
        "Signing::NotRegistered",
    );
}

async fn author(client: &SigningClient) {
    let eve = account("//Eve");
    failed(
        "deploying nothing",
        client.deploy(&definition(Vec::new()), &eve).await,
        "Signing::EmptyBytecode",
    );
    failed(
        "deploying what is no module",
        client
            .deploy(&definition(b"#!/bin/sh".to_vec()), &eve)
            .await,
        "Signing::NotWasm",
    );
    let mut future = program(100);
    future.abi_version = ABI_VERSION + 1;
    failed(
        "deploying for another ABI",
        client.deploy(&future, &eve).await,
        "Signing::UnknownAbiVersion",
    );
}

/// Who cannot pay the fee, and who can, but not the deposit.
async fn poor(status: &Status, client: &SigningClient) {
    let large = program(900_000);
    let penniless = account("//Penniless");
    too_poor(
        "deploying without any money",
        client.deploy(&large, &penniless).await,
        Shortage::Fee,
    );

    let rpc = Rpc::new(&status.validators[0].rpc);
    let poor = account("//Poor");
    let gift = Transfer {
        dest: Address::Id(*poor.id().as_ref()),
        value: POCKET_MONEY,
    };
    let ferdie = account("//Ferdie");
    let gift = rpc
        .signed("Balances", "transfer_allow_death", gift, &ferdie)
        .await;
    rpc.submit(&gift).await.unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    let result = loop {
        match client.deploy(&large, &poor).await {
            // The gift is not in a block yet.
            Err(TransactionError::BalanceTooLow {
                shortage: Shortage::Fee,
                ..
            }) if Instant::now() < deadline => {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            result => break result,
        }
    };
    too_poor("deploying without the deposit", result, Shortage::Deposit);
}

/// What is too large for its type cannot be decoded, so it does not even get into the pool. The
/// client library has no types for such programs.
async fn over_the_limits(
    status: &Status,
    client: &SigningClient,
    bobs: &Registered,
    used: ProgramKey,
) {
    let (charlie, alice) = (account("//Charlie"), account("//Alice"));
    let mut bytecode = program(MAX_BYTECODE).bytecode.into_inner();
    bytecode.push(0x55);
    let too_large = SetProgram {
        definition: Definition {
            bytecode,
            config_schema: Vec::new(),
            auxiliary_data_schema: Vec::new(),
            oracle_keys: Vec::new(),
            abi_version: ABI_VERSION,
        },
    };
    let rpc = Rpc::new(&status.validators[0].rpc);
    let large = rpc
        .signed("Signing", "set_program", too_large, &charlie)
        .await;
    let error = rpc.submit(&large).await.unwrap_err();
    assert_eq!(error.code, UNDECODABLE, "a program over the limit");
    assert!(error.message.contains(DECODER), "{}", error.message);

    let many = instances(used, MAX_PROGRAMS + 1);
    refused(
        "registering with too many programs",
        transaction(client.register(&many, &charlie.id(), &charlie).await),
        DECODER,
    );
    refused(
        "changing to too many programs",
        client
            .change_programs(bobs.verifying_key, &many, &alice)
            .await,
        DECODER,
    );
    // As many as there may be.
    let most = instances(used, MAX_PROGRAMS);
    let registered = client.register(&most, &charlie.id(), &charlie).await;
    registered.unwrap();
}
