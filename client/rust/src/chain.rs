//! Reads of the chain: heads, and the runtime API of `pallet-signing`.
//!
//! The runtime API is called by name and its answers are decoded with the types of
//! `signing-primitives`, so that reads need no metadata.

use codec::{Decode, DecodeAll, Encode};
use signing_primitives as primitives;
use sp_core::{crypto::AccountId32, H256};
use std::sync::Arc;
use subxt::{
    backend::LegacyBackend,
    config::{substrate::SubstrateConfig, RpcConfigFor},
    error::OnlineClientError,
    rpcs::{methods::legacy::LegacyRpcMethods, RpcClient},
    OnlineClient,
};

pub use primitives::{ProgramDefinition, ProgramInstance, ProgramKey, VerifyingKey};

/// A validator's stash, or a user's account.
pub type AccountId = AccountId32;
/// A block number.
pub type BlockNumber = u32;
/// The network's state at one block.
pub type NetworkState = primitives::NetworkState<AccountId, BlockNumber>;
/// Where the network is in the life of its key.
pub type Phase = primitives::Phase<AccountId, BlockNumber>;
/// A validator of the current session.
pub type Validator = primitives::Validator<AccountId, BlockNumber>;
/// The committee that signs.
pub type Committee = primitives::Committee<AccountId>;
/// A user's key and its programs.
pub type Registration = primitives::Registration<AccountId>;
/// What is held for a registration, in the smallest unit, and of whose balance.
pub type RegistrationDeposit = primitives::RegistrationDeposit<AccountId, u128>;
/// A program with its bytecode.
pub type Program = primitives::Program<AccountId>;
/// A program without its bytecode.
pub type ProgramSummary = primitives::ProgramSummary<AccountId>;

type RpcMethods = LegacyRpcMethods<RpcConfigFor<SubstrateConfig>>;

/// A block, by number and hash.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Block {
    /// Its number.
    pub number: BlockNumber,
    /// Its hash.
    pub hash: H256,
}

/// The node could not be asked, or gave no usable answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChainError {
    /// No connection to the node.
    #[error("cannot connect to a node at {url}: is one running there, and is that the port of its RPC server?")]
    Unreachable {
        /// Its address.
        url: String,
        /// Why.
        #[source]
        source: subxt::rpcs::Error,
    },
    /// The node did not say which chain it is on.
    #[error("the node does not name its chain")]
    NoGenesis(#[source] Box<OnlineClientError>),
    /// A call failed.
    #[error("the node did not answer {method}")]
    Call {
        /// The RPC method or runtime API function.
        method: &'static str,
        /// Why.
        #[source]
        source: subxt::rpcs::Error,
    },
    /// The node has no such block.
    #[error("the node has no header for its own {which} block")]
    NoHeader {
        /// Which block was asked for.
        which: &'static str,
    },
    /// The block's number is beyond what the network counts to.
    #[error("the number of the {which} block has more than 32 bits")]
    NumberTooLarge {
        /// Which block was asked for.
        which: &'static str,
    },
    /// The node does not keep the block's extrinsics.
    #[error("the node does not have the extrinsics of block {number} any more")]
    NoBody {
        /// The block's number.
        number: BlockNumber,
    },
    /// The answer is not of the form that this version knows.
    #[error("the answer to {method} is of another version of the network than this client's")]
    Undecodable {
        /// The runtime API function.
        method: &'static str,
        /// Why.
        #[source]
        source: codec::Error,
    },
}

/// A connection to a node.
#[derive(Clone)]
pub(crate) struct Chain {
    methods: RpcMethods,
    online: OnlineClient<SubstrateConfig>,
}

impl Chain {
    pub(crate) async fn connect(url: &str) -> Result<Self, ChainError> {
        let rpc =
            RpcClient::from_insecure_url(url)
                .await
                .map_err(|source| ChainError::Unreachable {
                    url: url.into(),
                    source,
                })?;
        // Not by the node's newer `chainHead` methods: a node may drop a block that is being read, and
        // subxt 0.50 takes no notice of the word that it sends then (`operationInaccessible`), so that
        // the read never ends.
        let backend = LegacyBackend::builder().build(rpc.clone());
        let online = OnlineClient::from_backend(Arc::new(backend))
            .await
            .map_err(|error| ChainError::NoGenesis(Box::new(error)))?;
        Ok(Self {
            methods: RpcMethods::new(rpc),
            online,
        })
    }

    pub(crate) fn genesis_hash(&self) -> H256 {
        H256(self.online.genesis_hash().0)
    }

    /// For transactions, which are encoded by the chain's metadata.
    pub(crate) fn online(&self) -> &OnlineClient<SubstrateConfig> {
        &self.online
    }

    pub(crate) async fn best(&self) -> Result<Block, ChainError> {
        let method = "chain_getBlockHash";
        let hash = self.methods.chain_get_block_hash(None).await;
        let hash = hash.map_err(|source| ChainError::Call { method, source })?;
        let hash = H256(hash.ok_or(ChainError::NoHeader { which: "best" })?.0);
        let number = self.number("best", Some(hash)).await?;
        Ok(Block { number, hash })
    }

    /// The number of the best block, with one call less than [`Self::best`].
    pub(crate) async fn best_number(&self) -> Result<BlockNumber, ChainError> {
        self.number("best", None).await
    }

    pub(crate) async fn finalized(&self) -> Result<Block, ChainError> {
        let hash = self.finalized_hash().await?;
        let number = self.number("finalized", Some(hash)).await?;
        Ok(Block { number, hash })
    }

    pub(crate) async fn finalized_hash(&self) -> Result<H256, ChainError> {
        let method = "chain_getFinalizedHead";
        let hash = self.methods.chain_get_finalized_head().await;
        let hash = hash.map_err(|source| ChainError::Call { method, source })?;
        Ok(H256(hash.0))
    }

    /// The number of the block with this hash; without one, of the best block.
    async fn number(
        &self,
        which: &'static str,
        hash: Option<H256>,
    ) -> Result<BlockNumber, ChainError> {
        let method = "chain_getHeader";
        let header = self
            .methods
            .chain_get_header(hash.map(|hash| hash.0.into()))
            .await
            .map_err(|source| ChainError::Call { method, source })?
            .ok_or(ChainError::NoHeader { which })?;
        BlockNumber::try_from(header.number).map_err(|_| ChainError::NumberTooLarge { which })
    }

    /// The block of this number on the best chain, if there is one.
    pub(crate) async fn block_at(&self, number: BlockNumber) -> Result<Option<Block>, ChainError> {
        let hash = self
            .methods
            .chain_get_block_hash(Some(u64::from(number).into()))
            .await
            .map_err(|source| ChainError::Call {
                method: "chain_getBlockHash",
                source,
            })?;
        Ok(hash.map(|hash| Block {
            number,
            hash: H256(hash.0),
        }))
    }

    /// The extrinsics of a block, encoded.
    pub(crate) async fn body(&self, block: Block) -> Result<Vec<Vec<u8>>, ChainError> {
        let details = self
            .methods
            .chain_get_block(Some(block.hash.0.into()))
            .await
            .map_err(|source| ChainError::Call {
                method: "chain_getBlock",
                source,
            })?
            .ok_or(ChainError::NoBody {
                number: block.number,
            })?;
        let extrinsics = details.block.extrinsics.into_iter();
        Ok(extrinsics.map(|extrinsic| extrinsic.0).collect())
    }

    /// The account's next nonce, counting what waits in the node's pool.
    pub(crate) async fn next_nonce(&self, account: &AccountId) -> Result<u64, ChainError> {
        let account = subxt::utils::AccountId32(*AsRef::<[u8; 32]>::as_ref(account));
        self.methods
            .system_account_next_index(&account)
            .await
            .map_err(|source| ChainError::Call {
                method: "system_accountNextIndex",
                source,
            })
    }

    pub(crate) async fn network_state(&self, at: H256) -> Result<NetworkState, ChainError> {
        self.call("SigningApi_network_state", (), Some(at)).await
    }

    /// The network's state at the last finalized block.
    pub(crate) async fn finalized_state(&self) -> Result<NetworkState, ChainError> {
        self.network_state(self.finalized_hash().await?).await
    }

    /// At the best block; so are programs and deposits.
    pub(crate) async fn registration(
        &self,
        verifying_key: VerifyingKey,
    ) -> Result<Option<Registration>, ChainError> {
        self.call("SigningApi_registration", verifying_key, None)
            .await
    }

    pub(crate) async fn registration_deposit(
        &self,
        verifying_key: VerifyingKey,
    ) -> Result<Option<RegistrationDeposit>, ChainError> {
        self.call("SigningApi_registration_deposit", verifying_key, None)
            .await
    }

    pub(crate) async fn program(&self, key: ProgramKey) -> Result<Option<Program>, ChainError> {
        self.call("SigningApi_program", key, None).await
    }

    pub(crate) async fn programs(&self) -> Result<Vec<(ProgramKey, ProgramSummary)>, ChainError> {
        self.call("SigningApi_programs", (), None).await
    }

    /// Asks the runtime at a block; without one, at the node's best block.
    async fn call<A: Encode, R: Decode>(
        &self,
        method: &'static str,
        arguments: A,
        at: Option<H256>,
    ) -> Result<R, ChainError> {
        let answer = self
            .methods
            .state_call(
                method,
                Some(&arguments.encode()),
                at.map(|hash| hash.0.into()),
            )
            .await
            .map_err(|source| ChainError::Call { method, source })?;
        R::decode_all(&mut answer.as_slice())
            .map_err(|source| ChainError::Undecodable { method, source })
    }
}
