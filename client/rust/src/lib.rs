//! Client of the signing network: deploy programs, register keys, have messages signed.
//!
//! ```text
//!  SigningClient ── RPC ──► node       state (runtime API), transactions (metadata from the node)
//!        │
//!        └─ HPKE over HTTP ──► relayer ──► signers        one request per signature
//!        ◄── r ‖ s ‖ v, and who vouches for it ── verified here before anyone sees it
//! ```
//!
//! A user registers once and is given a secp256k1 key that nobody holds. From then on the network
//! signs with it whatever the registration's programs allow:
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use signing_client::{Account, SignOptions, SigningClient};
//! use signing_primitives::{ProgramDefinition, ProgramInstance, ABI_VERSION};
//!
//! let client = SigningClient::connect("ws://127.0.0.1:9944").await?;
//! let alice = Account::from_uri("//Alice")?;
//!
//! let definition = ProgramDefinition {
//!     bytecode: std::fs::read("allow_list.wasm")?.try_into().map_err(|_| "too large")?,
//!     config_schema: Default::default(),
//!     auxiliary_data_schema: Default::default(),
//!     oracle_keys: Default::default(),
//!     abi_version: ABI_VERSION,
//! };
//! let program = client.deploy(&definition, &alice).await?.program;
//! let instance = ProgramInstance { program, config: Default::default() };
//! let registered = client.register(&[instance], &alice.id(), &alice).await?;
//! println!("my address is {}", registered.address);
//!
//! let options = SignOptions::new(registered.verifying_key, b"hello".to_vec(), alice);
//! let signature = client.sign(&options).await?;
//! assert!(signature.verified);
//! # Ok(())
//! # }
//! ```
//!
//! # What is trusted
//!
//! The node that the client is connected to: it says what is on the chain. Run your own. Nothing
//! else: a relayer cannot pass off another signature, and learns nothing but the request.
#![forbid(unsafe_code)]

mod account;
mod address;
mod advice;
mod calls;
mod chain;
mod client;
mod faults;
mod http;
mod module;
mod progress;
mod relayer;
#[cfg(test)]
mod samples;
mod sign;
mod transaction;
mod unreachable;
mod verify;

pub use account::{Account, AccountError};
pub use address::{EthereumAddress, NotAKey};
pub use chain::{
    AccountId, Block, BlockNumber, ChainError, Committee, NetworkState, Phase, Program,
    ProgramDefinition, ProgramInstance, ProgramKey, ProgramSummary, Registration,
    RegistrationDeposit, Validator, VerifyingKey,
};
pub use client::{ConnectError, Deployment, RegisterError, Registered, SigningClient, Status};
pub use faults::{FaultEvent, FaultEventAt, FaultHistory, HistoryError, ReportAt, Ruling};
pub use http::{ApiError, HttpError};
pub use module::{check_module, ModuleError, ModuleSummary};
pub use progress::Progress;
pub use relayer::{relayer_at, relayer_with_key, relayers, Relayer, RelayerError};
pub use sign::{SignError, SignOptions, Signature, RELAYER_TIMEOUT};
pub use signing_primitives::wire::{HashChoice, SignatureAnswer};
pub use transaction::{Failure, Shortage, TransactionError, Wait};
pub use verify::{verify, Verified, VerifyError};

/// The guide for applications, whose code compiles.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/dapp-guide.md")]
pub struct DappGuide;
