//! A node's RPC server with answers made up here.

use codec::{Decode, Encode};
use jsonrpsee::{
    server::{Server, ServerHandle},
    types::{ErrorObjectOwned, Params},
    RpcModule,
};
use serde_json::{json, Value};
use signing_primitives::{
    NetworkState, ProgramKey, ProgramSummary, Registration, RegistrationDeposit, VerifyingKey,
};
use sp_core::crypto::AccountId32;
use std::sync::{Arc, Mutex};

/// What the fake chain holds.
#[derive(Clone)]
pub(crate) struct Chain {
    pub(crate) state: NetworkState<AccountId32, u32>,
    pub(crate) registrations: Vec<(VerifyingKey, Registration<AccountId32>)>,
    pub(crate) deposits: Vec<(VerifyingKey, RegistrationDeposit<AccountId32, u128>)>,
    pub(crate) programs: Vec<(ProgramKey, ProgramSummary<AccountId32>)>,
    pub(crate) best: u32,
    pub(crate) finalized: u32,
    /// Answers of another version: with bytes that nobody asked for.
    pub(crate) other_version: bool,
}

pub(crate) struct Node {
    pub(crate) url: String,
    pub(crate) chain: Arc<Mutex<Chain>>,
    _server: ServerHandle,
}

/// The hash of block `number` is its number, 32 times.
fn hash(number: u32) -> String {
    format!("0x{}", hex::encode([number as u8; 32]))
}

fn header(number: u32) -> Value {
    json!({
        "parentHash": hash(number.saturating_sub(1)),
        "number": format!("{number:#x}"),
        "stateRoot": hash(0),
        "extrinsicsRoot": hash(0),
        "digest": { "logs": [] },
    })
}

/// The value of the key that is asked for, encoded, if there is one.
fn find<T: Encode>(values: &[(VerifyingKey, T)], mut arguments: &[u8]) -> Option<Vec<u8>> {
    let key = VerifyingKey::decode(&mut arguments).ok()?;
    let found = values.iter().find(|(of, _)| *of == key);
    Some(found.map(|(_, value)| value).encode())
}

/// Who is who is read at the last finalized block; everything else at the best one, which needs no hash.
fn block_to_ask(chain: &Chain, method: &str) -> Option<String> {
    (method == "SigningApi_network_state").then(|| hash(chain.finalized))
}

fn call(chain: &Chain, method: &str, arguments: &[u8]) -> Option<Vec<u8>> {
    let mut answer = match method {
        "SigningApi_network_state" => chain.state.encode(),
        "SigningApi_programs" => chain.programs.encode(),
        "SigningApi_registration" => find(&chain.registrations, arguments)?,
        "SigningApi_registration_deposit" => find(&chain.deposits, arguments)?,
        _ => return None,
    };
    if chain.other_version {
        answer.push(0);
    }
    Some(answer)
}

impl Node {
    pub(crate) async fn start(chain: Chain) -> Self {
        let chain = Arc::new(Mutex::new(chain));
        let mut module = RpcModule::new(chain.clone());
        let refused = |text: &str| ErrorObjectOwned::owned(-32000, text.to_owned(), None::<()>);
        module
            .register_method("rpc_methods", |_, _, _| json!({ "methods": [] }))
            .unwrap();
        module
            .register_method("chain_getBlockHash", |params: Params<'_>, chain, _| {
                let number: Option<u32> = params.sequence().optional_next().unwrap();
                hash(number.unwrap_or(chain.lock().unwrap().best))
            })
            .unwrap();
        module
            .register_method("chain_getFinalizedHead", |_, chain, _| {
                hash(chain.lock().unwrap().finalized)
            })
            .unwrap();
        module
            .register_method("chain_getHeader", |params: Params<'_>, chain, _| {
                let hash: Option<String> = params.sequence().optional_next().unwrap();
                let number = |hash: String| u32::from_str_radix(&hash[2..4], 16).unwrap();
                header(hash.map_or(chain.lock().unwrap().best, number))
            })
            .unwrap();
        module
            .register_method("state_call", move |params: Params<'_>, chain, _| {
                let (method, arguments, at): (String, String, Option<String>) =
                    params.parse().unwrap();
                let arguments = hex::decode(&arguments[2..]).unwrap();
                let chain = chain.lock().unwrap();
                if at != block_to_ask(&chain, &method) {
                    return Err(refused("This is read at another block"));
                }
                call(&chain, &method, &arguments)
                    .map(|answer| format!("0x{}", hex::encode(answer)))
                    .ok_or_else(|| refused("Exported method is not found"))
            })
            .unwrap();
        let server = Server::builder().build("127.0.0.1:0").await.unwrap();
        let url = format!("ws://{}", server.local_addr().unwrap());
        Self {
            url,
            chain,
            _server: server.start(module),
        }
    }
}
