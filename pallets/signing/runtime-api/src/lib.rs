//! The runtime API of `pallet-signing`: what the signer service and clients ask of the chain.
//!
//! Every answer is for the block that the caller names. [`SigningApi::network_state`] is one
//! snapshot of everything a signer needs for one decision, so that it never combines two blocks.
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

use alloc::vec::Vec;
use signing_primitives::{
    NetworkState, Program, ProgramKey, ProgramSummary, Registration, RegistrationDeposit,
    SessionKeyCall, VerifyingKey,
};

sp_api::decl_runtime_apis! {
    /// Reads of `pallet-signing`, and the construction of its feeless session-key extrinsics.
    pub trait SigningApi<AccountId, BlockNumber>
    where
        AccountId: codec::Codec,
        BlockNumber: codec::Codec,
    {
        /// Everything a signer needs to know of the chain to decide on one request.
        fn network_state() -> NetworkState<AccountId, BlockNumber>;

        /// The registration of a user's verifying key.
        fn registration(verifying_key: VerifyingKey) -> Option<Registration<AccountId>>;

        /// What is held for the registration of a user's verifying key.
        fn registration_deposit(
            verifying_key: VerifyingKey,
        ) -> Option<RegistrationDeposit<AccountId, u128>>;

        /// A program with its bytecode.
        fn program(key: ProgramKey) -> Option<Program<AccountId>>;

        /// All programs, without their bytecode.
        fn programs() -> Vec<(ProgramKey, ProgramSummary<AccountId>)>;

        /// Wraps a session-key call into the extrinsic that this runtime expects, so that the node
        /// need not know the runtime's call and extension encoding.
        fn session_key_extrinsic(call: SessionKeyCall<AccountId, BlockNumber>) -> Block::Extrinsic;
    }
}
