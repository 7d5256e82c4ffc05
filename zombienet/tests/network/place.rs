//! A network with a user on it.

use crate::{
    bad_input::capitalized,
    load::Load,
    signing::{account, nonce, serve},
    users,
};
use codec::{Decode, Encode};
use network_tests::{target, Encoded, Network, Rpc, Validator};
use serde_json::{json, Value};
use signing_client::{
    Account, AccountId, BlockNumber, NetworkState, SignError, SignOptions, Signature,
    SigningClient, VerifyingKey,
};
use signing_primitives::Parameters;
use sp_core::crypto::Ss58Codec;
use std::{
    future::Future,
    process::Command,
    time::{Duration, Instant},
};

/// How long it may take from the start to the network key.
const TO_A_KEY: Duration = Duration::from_secs(480);

/// How long a hand-over may take, with the making of auxiliary information before it.
const TO_HAND_OVER: Duration = Duration::from_secs(300);

/// What `signing-cli --json` says to a command about the chain of this node.
pub(crate) fn cli(node: &Validator, command: &[&str]) -> Value {
    let output = Command::new(target().join("release/signing-cli"))
        .args(["--url", &node.rpc, "--json"])
        .args(command)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{command:?}: {said}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A running network, its key, and a user that is registered.
pub(crate) struct Place {
    pub(crate) network: Network,
    pub(crate) key: String,
    pub(crate) user: Account,
    pub(crate) users_key: VerifyingKey,
}

impl Place {
    /// Starts the network of that name; returns when it signs.
    pub(crate) async fn open(definition: &str, arguments: &[&str]) -> Self {
        println!("{definition}");
        Self::of(Network::start_defined(definition, arguments).await).await
    }

    /// Registers a user on a network that has been started; returns when it signs.
    pub(crate) async fn of(network: Network) -> Self {
        let begin = Instant::now();
        let (key, status) = network.wait_for_key(TO_A_KEY).await;
        let user = account("//Bob");
        let client = network.client().await;
        let registered = users::requester_only(&client, &user).await;
        serve(&client, registered.verifying_key, &user).await;
        println!(
            "{} nodes sign {:.0} s after they were up",
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
    pub(crate) fn names(&self) -> Vec<String> {
        let nodes = self.network.status().validators;
        nodes.into_iter().map(|node| node.name).collect()
    }

    /// The user asks for one signature after the other, and reads the chain at this node.
    pub(crate) async fn load(&self, at: &str) -> Load {
        self.load_at(self.network.validator(at).client().await)
    }

    /// The same, reading the chain through this client.
    pub(crate) fn load_at(&self, client: SigningClient) -> Load {
        Load::start(client, self.users_key, self.user.clone())
    }

    /// A signature for the user.
    pub(crate) async fn sign(
        &self,
        client: &SigningClient,
        relayer: Option<&Validator>,
    ) -> Result<Signature, SignError> {
        let mut options = SignOptions::new(self.users_key, nonce().to_vec(), self.user.clone());
        options.relayer = relayer.map(|relayer| relayer.endpoint.clone());
        client.sign(&options).await
    }

    /// One that is no member, and has announced itself; not `except`.
    pub(crate) async fn relayer(&self, client: &SigningClient, except: &[&str]) -> Validator {
        let state = state(client).await;
        let mut nodes = self.validators();
        nodes.retain(|node| !except.contains(&node.name.as_str()) && !is_member(&state, &id(node)));
        nodes.remove(0)
    }

    /// Those of the members that are among these nodes; of all nodes if there is no name.
    pub(crate) async fn members(&self, client: &SigningClient, names: &[&str]) -> Vec<Validator> {
        let state = state(client).await;
        let mut nodes = self.validators();
        nodes.retain(|node| {
            (names.is_empty() || names.contains(&node.name.as_str()))
                && is_member(&state, &id(node))
        });
        nodes
    }

    /// The nodes that are validators.
    fn validators(&self) -> Vec<Validator> {
        let mut nodes = self.network.status().validators;
        nodes.retain(|node| node.account.is_some());
        nodes
    }

    /// Has a member leave, and returns when another committee has taken over.
    pub(crate) async fn replace(&self, member: &Validator, client: &SigningClient, rpc: &Rpc) {
        let generation = generation(client).await;
        rpc.transact("Signing", "leave_committee", (), &stash(member))
            .await;
        until("another committee", TO_HAND_OVER, || async {
            (self::generation(client).await > generation).then_some(())
        })
        .await;
    }
}

/// The network's state at the last finalized block.
pub(crate) async fn state(client: &SigningClient) -> NetworkState {
    client.status().await.unwrap().network
}

/// Has root change the network's parameters.
pub(crate) async fn set_parameters(
    client: &SigningClient,
    rpc: &Rpc,
    change: impl FnOnce(&mut Parameters<BlockNumber>),
) {
    let mut parameters = state(client).await.parameters;
    change(&mut parameters);
    let parameters = (Encoded(parameters.encode()),);
    rpc.sudo("Signing", "set_parameters", parameters, &account("//Alice"))
        .await;
}

/// The generation of the committee in force.
pub(crate) async fn generation(client: &SigningClient) -> u32 {
    state(client).await.committee.unwrap().generation
}

/// A validator's stash.
pub(crate) fn id(validator: &Validator) -> AccountId {
    AccountId::from_ss58check(validator.account.as_deref().unwrap()).unwrap()
}

/// The account that signs for it.
pub(crate) fn stash(validator: &Validator) -> Account {
    account(&format!("//{}//stash", capitalized(&validator.name)))
}

/// Has a node make session keys, and sets them for the stash account, through any node.
pub(crate) async fn new_session_keys(own: &Rpc, rpc: &Rpc, stash: &Account) {
    let owner = format!("0x{}", hex::encode(stash.id().encode()));
    let keys = own.call("author_rotateKeysWithOwner", json!([owner])).await;
    let keys = keys.unwrap();
    let bytes = |name: &str| {
        let text = keys[name].as_str().unwrap();
        hex::decode(text.trim_start_matches("0x")).unwrap()
    };
    let keys = (Encoded(bytes("keys")), Encoded(bytes("proof").encode()));
    rpc.transact("Session", "set_keys", keys, stash).await;
}

/// Whether a validator has a seat in the committee in force.
pub(crate) fn is_member(state: &NetworkState, validator: &AccountId) -> bool {
    let members = state.committee.iter().flat_map(|all| &all.members);
    members.into_iter().any(|one| one.validator == *validator)
}

/// Looks until there is something.
///
/// # Panics
/// If there is nothing after `patience`.
pub(crate) async fn until<T, F: Future<Output = Option<T>>>(
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
pub(crate) struct Heights {
    pub(crate) best: u32,
    pub(crate) finalized: u32,
}

/// What a node says of its chain. It need not have any state.
pub(crate) async fn heights(node: &Validator) -> Heights {
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
pub(crate) async fn hash(rpc: &Rpc, number: u32) -> Option<String> {
    let hash = rpc.call("chain_getBlockHash", json!([number])).await;
    hash.unwrap().as_str().map(Into::into)
}

/// What is stored under a key, at the node's best block or another.
pub(crate) async fn stored(rpc: &Rpc, key: &[u8], at: Option<&str>) -> Option<Vec<u8>> {
    let key = format!("0x{}", hex::encode(key));
    let value = rpc
        .call("state_getStorage", json!([key, at]))
        .await
        .unwrap();
    let value = value.as_str()?;
    Some(hex::decode(value.trim_start_matches("0x")).unwrap())
}

/// The key of a value of `pallet-signing`.
pub(crate) fn value_of_signing(name: &str) -> Vec<u8> {
    let parts = [&b"Signing"[..], name.as_bytes()];
    parts.map(sp_crypto_hashing::twox_128).concat()
}

/// A value of `pallet-signing`, decoded.
pub(crate) async fn value<T: Decode>(rpc: &Rpc, name: &str) -> Option<T> {
    let bytes = stored(rpc, &value_of_signing(name), None).await?;
    // All of them, or it is stored otherwise.
    let mut rest = bytes.as_slice();
    let value = T::decode(&mut rest).ok()?;
    rest.is_empty().then_some(value)
}
