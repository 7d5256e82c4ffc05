//! The runtime of the signing network.
//!
//! ```text
//! constants         time and money; what the feature `fast-runtime` changes
//! pallets           which pallets there are
//! configs           the pallets' configuration, by concern
//! stake_guard       what members of the committee cannot do with their stake
//! apis              the runtime APIs
//! genesis_presets   `development` (one validator), `local` (five)
//! weights           what calls cost, as `scripts/weights` has measured it
//! ```
//!
//! The crate carries the runtime twice: [`WASM_BINARY`] for use, and [`FAST_WASM_BINARY`] with
//! shorter blocks, sessions and deadlines for tests on real nodes.
#![cfg_attr(not(feature = "std"), no_std)]
// The `runtime` macro recurses once per pallet and part.
#![recursion_limit = "512"]

extern crate alloc;

pub mod apis;
pub mod configs;
pub mod constants;
pub mod genesis_presets;
pub mod pallets;
pub mod stake_guard;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarks;
// Not with the benchmarks that write it: a pallet that has changed could never be measured.
#[cfg(not(feature = "runtime-benchmarks"))]
pub mod weights;

// The generated files have public items without documentation.
#[allow(dead_code, missing_docs, unreachable_pub)]
mod wasm {
    #[cfg(feature = "std")]
    pub(crate) mod normal {
        include!(concat!(env!("OUT_DIR"), "/wasm_binary.rs"));
    }
    #[cfg(all(feature = "std", not(feature = "runtime-benchmarks")))]
    pub(crate) mod fast {
        include!(concat!(env!("OUT_DIR"), "/fast_runtime_binary.rs"));
    }
}

pub use pallets::*;

use alloc::{borrow::Cow, vec::Vec};
use sp_runtime::{
    generic, impl_opaque_keys,
    traits::{BlakeTwo256, IdentifyAccount, Verify},
    MultiAddress, MultiSignature,
};
use sp_version::RuntimeVersion;

/// The runtime, compiled for WebAssembly; `None` if that was skipped (`SKIP_WASM_BUILD`).
#[cfg(feature = "std")]
pub const WASM_BINARY: Option<&[u8]> = wasm::normal::WASM_BINARY;

/// The runtime with the feature `fast-runtime`, compiled for WebAssembly; `None` if that was
/// skipped, as it always is with `runtime-benchmarks`.
#[cfg(all(feature = "std", not(feature = "runtime-benchmarks")))]
pub const FAST_WASM_BINARY: Option<&[u8]> = wasm::fast::WASM_BINARY;
/// The runtime with the feature `fast-runtime` is not built with `runtime-benchmarks`: what calls
/// cost does not depend on it.
#[cfg(all(feature = "std", feature = "runtime-benchmarks"))]
pub const FAST_WASM_BINARY: Option<&[u8]> = None;

/// A signature on an extrinsic.
pub type Signature = MultiSignature;
/// Names an account.
pub type AccountId = <<Signature as Verify>::Signer as IdentifyAccount>::AccountId;
/// An amount, in the smallest unit.
pub type Balance = u128;
/// Counts an account's transactions.
pub type Nonce = u32;
/// Hash of blocks and of much else.
pub type Hash = sp_core::H256;
/// Number of a block.
pub type BlockNumber = u32;
/// How extrinsics name accounts.
pub type Address = MultiAddress<AccountId, ()>;
/// Makes them, and the nodes of the state's trie.
pub type Hashing = BlakeTwo256;
/// A block's header.
pub type Header = generic::Header<BlockNumber, Hashing>;
/// A block.
pub type Block = generic::Block<Header, UncheckedExtrinsic>;
/// A block as the node handles it: its extrinsics are bytes, so that the node can go on with blocks
/// of later runtimes, and RPC shows them as the hex that clients expect.
pub type OpaqueBlock = generic::Block<Header, sp_runtime::OpaqueExtrinsic>;
/// An extrinsic as it comes from the network.
pub type UncheckedExtrinsic =
    generic::UncheckedExtrinsic<Address, RuntimeCall, Signature, TxExtension>;

/// What every transaction is checked for. `AuthorizeCall` comes first: it turns a general
/// transaction with a session-key call into an authorized one, which pays no fee.
pub type TxExtension = (
    frame_system::AuthorizeCall<Runtime>,
    frame_system::CheckNonZeroSender<Runtime>,
    frame_system::CheckSpecVersion<Runtime>,
    frame_system::CheckTxVersion<Runtime>,
    frame_system::CheckGenesis<Runtime>,
    frame_system::CheckEra<Runtime>,
    frame_system::CheckNonce<Runtime>,
    frame_system::CheckWeight<Runtime>,
    stake_guard::GuardStake,
    pallet_transaction_payment::ChargeTransactionPayment<Runtime>,
    frame_system::WeightReclaim<Runtime>,
);

/// Extensions for a transaction that nobody signs and that lasts until it becomes invalid.
pub fn unsigned_extensions() -> TxExtension {
    (
        frame_system::AuthorizeCall::new(),
        frame_system::CheckNonZeroSender::new(),
        frame_system::CheckSpecVersion::new(),
        frame_system::CheckTxVersion::new(),
        frame_system::CheckGenesis::new(),
        frame_system::CheckEra::from(generic::Era::Immortal),
        frame_system::CheckNonce::from(0),
        frame_system::CheckWeight::new(),
        stake_guard::GuardStake,
        pallet_transaction_payment::ChargeTransactionPayment::from(0),
        frame_system::WeightReclaim::new(),
    )
}

/// Carries out blocks.
pub type Executive = frame_executive::Executive<
    Runtime,
    Block,
    frame_system::ChainContext<Runtime>,
    Runtime,
    AllPalletsWithSystem,
>;

impl_opaque_keys! {
    /// The keys that a validator is known by. They change together, with `session.setKeys`.
    pub struct SessionKeys {
        /// Votes on finality.
        pub grandpa: Grandpa,
        /// Makes blocks.
        pub babe: Babe,
        /// Publishes and signs the node's addresses.
        pub authority_discovery: AuthorityDiscovery,
        /// Authenticates the signer's requests, protocol messages and reports.
        pub signing: Signing,
    }
}

// The version number must be a literal.
macro_rules! version {
    ($spec_version:tt) => {
        /// The version of this runtime.
        #[sp_version::runtime_version]
        pub const VERSION: RuntimeVersion = RuntimeVersion {
            spec_name: Cow::Borrowed("signing-network"),
            impl_name: Cow::Borrowed("signing-network"),
            authoring_version: 1,
            spec_version: $spec_version,
            impl_version: 1,
            apis: apis::RUNTIME_API_VERSIONS,
            transaction_version: 1,
            system_version: 1,
        };
    };
}

#[cfg(not(feature = "upgrade-test"))]
version!(1);
#[cfg(feature = "upgrade-test")]
version!(2);
