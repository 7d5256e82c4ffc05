//! A network with a user on it.

use crate::{
    load::Load,
    scenarios::id,
    signing::{account, nonce, serve},
    users,
};
use codec::Decode;
use network_tests::{Network, Rpc, Validator};
use serde_json::{json, Value};
use signing_client::{
    Account, AccountId, NetworkState, SignError, SignOptions, Signature, SigningClient,
    VerifyingKey,
};
use std::{
    future::Future,
    time::{Duration, Instant},
};

/// How long it may take from the start to the network key.
const TO_A_KEY: Duration = Duration::from_secs(480);

/// A running network, its key, and a user that is registered.
pub(super) struct Place {
    pub(super) network: Network,
    pub(super) key: String,
    pub(super) user: Account,
    pub(super) users_key: VerifyingKey,
}

impl Place {
    /// Starts the network of that name; returns when it signs.
    pub(super) async fn open(definition: &str, arguments: &[&str]) -> Self {
        let network = Network::start_defined(definition, arguments).await;
        let begin = Instant::now();
        let (key, status) = network.wait_for_key(TO_A_KEY).await;
        let user = account("//Bob");
        let client = network.client().await;
        let registered = users::requester_only(&client, &user).await;
        serve(&client, registered.verifying_key, &user).await;
        println!(
            "{definition}: {} nodes sign {:.0} s after they were up",
            status.validators.len(),
            begin.elapsed().as_secs_f64()
        );
        Self {
            network,
            key,
            user,
            users_key: registered.verifying_key,
        }
    }

    /// The names of all nodes.
    pub(super) fn names(&self) -> Vec<String> {
        let nodes = self.network.status().validators;
        nodes.into_iter().map(|node| node.name).collect()
    }

    /// The user asks for one signature after the other, and reads the chain at this node.
    pub(super) async fn load(&self, at: &str) -> Load {
        let client = self.network.validator(at).client().await;
        Load::start(client, self.users_key, self.user.clone())
    }

    /// A signature for the user.
    pub(super) async fn sign(
        &self,
        client: &SigningClient,
        relayer: Option<&Validator>,
    ) -> Result<Signature, SignError> {
        let mut options = SignOptions::new(self.users_key, nonce().to_vec(), self.user.clone());
        options.relayer = relayer.map(|relayer| relayer.endpoint.clone());
        client.sign(&options).await
    }

    /// One that is no member, and has announced itself; not `except`.
    pub(super) async fn relayer(&self, client: &SigningClient, except: &[&str]) -> Validator {
        let state = state(client).await;
        let nodes = self.network.status().validators;
        let mut nodes = nodes.into_iter().filter(|node| {
            node.account.is_some()
                && !except.contains(&node.name.as_str())
                && !is_member(&state, &id(node))
        });
        nodes.next().unwrap()
    }
}

/// The network's state at the last finalized block.
pub(super) async fn state(client: &SigningClient) -> NetworkState {
    client.status().await.unwrap().network
}

/// Whether a validator has a seat in the committee in force.
pub(super) fn is_member(state: &NetworkState, validator: &AccountId) -> bool {
    let members = state.committee.iter().flat_map(|all| &all.members);
    members.into_iter().any(|one| one.validator == *validator)
}

/// Looks until there is something.
///
/// # Panics
/// If there is nothing after `patience`.
pub(super) async fn until<T, F: Future<Output = Option<T>>>(
    what: &str,
    patience: Duration,
    look: impl Fn() -> F,
) -> T {
    let begin = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(begin.elapsed() < patience, "not after {patience:?}: {what}");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// Heights at a node.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heights {
    pub(super) best: u32,
    pub(super) finalized: u32,
}

/// What a node says of its chain. It need not have any state.
pub(super) async fn heights(node: &Validator) -> Heights {
    let rpc = Rpc::new(&node.rpc);
    let finalized = rpc.call("chain_getFinalizedHead", json!([])).await.unwrap();
    Heights {
        best: number(&rpc, json!([])).await,
        finalized: number(&rpc, json!([finalized])).await,
    }
}

async fn number(rpc: &Rpc, block: Value) -> u32 {
    let header = rpc.call("chain_getHeader", block).await.unwrap();
    let number = header["number"].as_str().unwrap();
    u32::from_str_radix(number.trim_start_matches("0x"), 16).unwrap()
}

/// The hash of a block in a node's chain.
pub(super) async fn hash(rpc: &Rpc, number: u32) -> Option<String> {
    let hash = rpc.call("chain_getBlockHash", json!([number])).await;
    hash.unwrap().as_str().map(Into::into)
}

/// What is stored under a key, at the node's best block or another.
pub(super) async fn stored(rpc: &Rpc, key: &[u8], at: Option<&str>) -> Option<Vec<u8>> {
    let key = format!("0x{}", hex::encode(key));
    let value = rpc
        .call("state_getStorage", json!([key, at]))
        .await
        .unwrap();
    let value = value.as_str()?;
    Some(hex::decode(value.trim_start_matches("0x")).unwrap())
}

/// The key of a value of `pallet-signing`.
pub(super) fn value_of_signing(name: &str) -> Vec<u8> {
    let parts = [&b"Signing"[..], name.as_bytes()];
    parts.map(sp_crypto_hashing::twox_128).concat()
}

/// A value of `pallet-signing`, decoded.
pub(super) async fn value<T: Decode>(rpc: &Rpc, name: &str) -> Option<T> {
    let bytes = stored(rpc, &value_of_signing(name), None).await?;
    // All of them, or it is stored otherwise.
    let mut rest = bytes.as_slice();
    let value = T::decode(&mut rest).ok()?;
    rest.is_empty().then_some(value)
}
