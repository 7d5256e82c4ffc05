//! Which pallets there are. Their indexes are part of the extrinsics' format: they never change.
// The macro makes public items that it does not document.
#![allow(missing_docs)]

use crate::{Block, UncheckedExtrinsic};
use alloc::vec::Vec;
use sp_inherents::{CheckInherentsResult, InherentData};
use sp_runtime::traits::Block as BlockT;

#[frame_support::runtime]
mod runtime {
    #[runtime::runtime]
    #[runtime::derive(
        RuntimeCall,
        RuntimeEvent,
        RuntimeError,
        RuntimeOrigin,
        RuntimeFreezeReason,
        RuntimeHoldReason,
        RuntimeSlashReason,
        RuntimeLockId,
        RuntimeTask,
        RuntimeViewFunction
    )]
    pub struct Runtime;

    #[runtime::pallet_index(0)]
    pub type System = frame_system;
    // Before session and staking: they read the slot and the time.
    #[runtime::pallet_index(1)]
    pub type Babe = pallet_babe;
    #[runtime::pallet_index(2)]
    pub type Timestamp = pallet_timestamp;

    #[runtime::pallet_index(10)]
    pub type Balances = pallet_balances;
    #[runtime::pallet_index(11)]
    pub type TransactionPayment = pallet_transaction_payment;

    #[runtime::pallet_index(20)]
    pub type Authorship = pallet_authorship;
    #[runtime::pallet_index(21)]
    pub type Staking = pallet_staking;
    #[runtime::pallet_index(22)]
    pub type Offences = pallet_offences;
    #[runtime::pallet_index(23)]
    pub type Historical = pallet_session::historical;
    #[runtime::pallet_index(24)]
    pub type Session = pallet_session;
    #[runtime::pallet_index(25)]
    pub type Grandpa = pallet_grandpa;
    #[runtime::pallet_index(26)]
    pub type AuthorityDiscovery = pallet_authority_discovery;

    #[runtime::pallet_index(30)]
    pub type Sudo = pallet_sudo;

    #[runtime::pallet_index(40)]
    pub type Signing = pallet_signing;
}

/// The inherent extrinsics that the pallets make of `data`.
pub(crate) fn inherents(data: &InherentData) -> Vec<UncheckedExtrinsic> {
    data.create_extrinsics()
}

/// What the pallets say of a block's inherents.
pub(crate) fn check_inherents(
    data: &InherentData,
    block: &<Block as BlockT>::LazyBlock,
) -> CheckInherentsResult {
    data.check_extrinsics(block)
}
