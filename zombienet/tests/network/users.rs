//! Users with their programs.

use network_tests::target;
use signing_client::{Account, ProgramDefinition, ProgramInstance, Registered, SigningClient};
use signing_primitives::ABI_VERSION;

/// Where `scripts/programs` puts what it builds.
fn module(name: &str) -> Vec<u8> {
    let path = target().join("programs").join(format!("{name}.wasm"));
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}: run scripts/programs", path.display()))
}

/// Deploys a module and registers a user with it alone.
pub(crate) async fn register_module(
    client: &SigningClient,
    account: &Account,
    bytecode: Vec<u8>,
    config: &str,
) -> Registered {
    let definition = ProgramDefinition {
        bytecode: bytecode.try_into().unwrap(),
        config_schema: Default::default(),
        auxiliary_data_schema: Default::default(),
        oracle_keys: Default::default(),
        abi_version: ABI_VERSION,
    };
    let program = client.deploy(&definition, account).await.unwrap().program;
    let config = config.as_bytes().to_vec().try_into().unwrap();
    let instance = ProgramInstance { program, config };
    client
        .register(&[instance], &account.id(), account)
        .await
        .unwrap()
}

/// Deploys an example program and registers a user with it alone.
pub(crate) async fn register(
    client: &SigningClient,
    account: &Account,
    program: &str,
    config: &str,
) -> Registered {
    register_module(client, account, module(program), config).await
}

/// A user of whom only that account may ask.
pub(crate) async fn requester_only(client: &SigningClient, account: &Account) -> Registered {
    let config = format!(r#"{{"accounts":["{}"]}}"#, account.id());
    register(client, account, "requester-only", &config).await
}
