//! A node's RPC by hand, and transactions as the chain never gets them from the client library.

use serde::Deserialize;
use serde_json::{json, Value};
use signing_client::Account;
use std::sync::Arc;
use subxt::{
    backend::LegacyBackend,
    config::{substrate::SubstrateConfig, DefaultExtrinsicParamsBuilder},
    ext::scale_encode::{EncodeAsFields, EncodeAsType, Error as EncodeError, TypeResolver},
    rpcs::RpcClient,
    OnlineClient,
};

/// A node's RPC server.
#[derive(Clone, Debug)]
pub struct Rpc {
    /// `ws://host:port`; the same port takes plain HTTP.
    url: String,
}

/// The node's refusal.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub struct RpcError {
    /// JSON-RPC's code.
    pub code: i64,
    /// What went wrong.
    pub message: String,
    /// More of it, if there is more.
    #[serde(default)]
    pub data: Option<Value>,
}

impl RpcError {
    /// Its data as text; empty if there is none.
    pub fn data(&self) -> &str {
        self.data
            .as_ref()
            .and_then(Value::as_str)
            .unwrap_or_default()
    }
}

impl Rpc {
    /// The server at `ws://host:port`.
    pub fn new(url: &str) -> Self {
        Self { url: url.into() }
    }

    /// Calls a method.
    ///
    /// # Errors
    /// The node's.
    ///
    /// # Panics
    /// If it does not answer as JSON-RPC says.
    pub async fn call(&self, method: &str, parameters: Value) -> Result<Value, RpcError> {
        #[derive(Deserialize)]
        struct Answer {
            #[serde(default)]
            result: Value,
            error: Option<RpcError>,
        }
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters});
        let sent = reqwest::Client::new()
            .post(self.url.replacen("ws://", "http://", 1))
            .json(&body)
            .send()
            .await;
        let answer = match sent {
            Ok(answer) => answer.json::<Answer>().await,
            Err(error) => Err(error),
        };
        match answer {
            Ok(answer) => answer.error.map_or(Ok(answer.result), Err),
            Err(error) => panic!("{method} at {}: {error}", self.url),
        }
    }

    /// Calls a function of the runtime at the best block; its SCALE-encoded result.
    ///
    /// # Panics
    /// If it fails.
    pub async fn runtime(&self, function: &str, arguments: &[u8]) -> Vec<u8> {
        let arguments = json!([function, hex_0x(arguments)]);
        let result = match self.call("state_call", arguments).await {
            Ok(result) => result,
            Err(error) => panic!("{function}: {error:?}"),
        };
        let text = result.as_str().unwrap_or_default();
        hex::decode(text.trim_start_matches("0x")).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    /// Hands an extrinsic to the node's transaction pool.
    ///
    /// # Errors
    /// The pool's.
    pub async fn submit(&self, extrinsic: &[u8]) -> Result<(), RpcError> {
        let extrinsic = json!([hex_0x(extrinsic)]);
        self.call("author_submitExtrinsic", extrinsic).await?;
        Ok(())
    }

    /// Has root make a call.
    ///
    /// # Panics
    /// If the pool does not take it, or the chain's metadata has no such call.
    pub async fn sudo(
        &self,
        pallet: &str,
        call: &str,
        arguments: impl EncodeAsFields,
        root: &Account,
    ) {
        let encoded = async {
            let client = connect(&self.url).await?;
            let at = client.at_current_block().await?;
            let call = subxt::dynamic::transaction(pallet, call, arguments);
            Ok::<_, subxt::Error>(at.transactions().call_data(&call)?)
        };
        let call = encoded
            .await
            .unwrap_or_else(|error| panic!("{pallet}.{call}: {error}"));
        let transaction = self.signed("Sudo", "sudo", (Encoded(call),), root).await;
        if let Err(error) = self.submit(&transaction).await {
            panic!("sudo: {error:?}");
        }
    }

    /// Makes a call, and returns when a finalized block has it.
    ///
    /// # Panics
    /// If it fails, or the chain's metadata has no such call.
    pub async fn transact(
        &self,
        pallet: &str,
        call: &str,
        arguments: impl EncodeAsFields,
        account: &Account,
    ) {
        let done = async {
            let client = connect(&self.url).await?;
            let at = client.at_current_block().await?;
            let payload = subxt::dynamic::transaction(pallet, call, arguments);
            let parameters = DefaultExtrinsicParamsBuilder::new().mortal(64).build();
            at.transactions()
                .create_signed(&payload, account, parameters)
                .await?
                .submit_and_watch()
                .await?
                .wait_for_finalized_success()
                .await?;
            Ok::<_, subxt::Error>(())
        };
        if let Err(error) = done.await {
            panic!("{pallet}.{call}: {error}");
        }
    }

    /// A signed transaction with these arguments, whatever they are.
    ///
    /// # Panics
    /// If the chain's metadata has no such call, or one of another form.
    pub async fn signed(
        &self,
        pallet: &str,
        call: &str,
        arguments: impl EncodeAsFields,
        account: &Account,
    ) -> Vec<u8> {
        let encoded = async {
            let client = connect(&self.url).await?;
            let at = client.at_current_block().await?;
            let payload = subxt::dynamic::transaction(pallet, call, arguments);
            let parameters = DefaultExtrinsicParamsBuilder::new().mortal(64).build();
            let transaction = at
                .transactions()
                .create_signed(&payload, account, parameters)
                .await?;
            Ok::<_, subxt::Error>(transaction.into_encoded())
        };
        encoded
            .await
            .unwrap_or_else(|error| panic!("{pallet}.{call}: {error}"))
    }
}

/// A value that is SCALE-encoded already.
pub struct Encoded(pub Vec<u8>);

impl EncodeAsType for Encoded {
    fn encode_as_type_to<R: TypeResolver>(
        &self,
        _: R::TypeId,
        _: &R,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        out.extend_from_slice(&self.0);
        Ok(())
    }
}

/// subxt's client of the node at this address, for the reasons that the client library's has, by the same
/// methods.
///
/// # Errors
/// If the node does not answer.
pub(crate) async fn connect(url: &str) -> Result<OnlineClient<SubstrateConfig>, subxt::Error> {
    let rpc = RpcClient::from_insecure_url(url).await?;
    let backend = LegacyBackend::builder().build(rpc);
    Ok(OnlineClient::from_backend(Arc::new(backend)).await?)
}

fn hex_0x(bytes: &[u8]) -> String {
    format!("0x{}", hex::encode(bytes))
}
