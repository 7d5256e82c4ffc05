//! A chain in memory.

use codec::Encode;
use serde_json::Value;
use signing_runtime::{
    constants::MILLISECS_PER_BLOCK, genesis_presets, AccountId, Block, Executive, Header, Runtime,
    RuntimeCall, RuntimeGenesisConfig, Signature, System, UncheckedExtrinsic,
};
use sp_consensus_babe::{
    digests::{CompatibleDigestItem, PreDigest, SecondaryPlainPreDigest},
    Slot,
};
use sp_core::H256;
use sp_io::TestExternalities;
use sp_keyring::Sr25519Keyring;
use sp_runtime::{
    generic::{Digest, DigestItem, Era},
    traits::{Block as BlockT, Header as _},
    ApplyExtrinsicResult, BuildStorage,
};

/// The slot of block 1. Any will do, but not 0: that would be the epoch before the first.
const FIRST_SLOT: u64 = 1_000;

/// The genesis state of a preset.
pub(crate) fn genesis(preset: &str) -> TestExternalities {
    let patch = genesis_presets::get_preset(&preset.into()).unwrap();
    let mut config = serde_json::to_value(RuntimeGenesisConfig::default()).unwrap();
    merge(&mut config, serde_json::from_slice(&patch).unwrap());
    let config: RuntimeGenesisConfig = serde_json::from_value(config).unwrap();
    config.build_storage().unwrap().into()
}

/// JSON merge patch, RFC 7396, as far as presets need it.
fn merge(target: &mut Value, patch: Value) {
    match (target, patch) {
        (Value::Object(target), Value::Object(patch)) => {
            for (key, value) in patch {
                merge(target.entry(key).or_insert(Value::Null), value);
            }
        }
        (target, patch) => *target = patch,
    }
}

/// Begins the block after the current one, in the slot after the current one. Its author is the first
/// validator.
pub(crate) fn begin_block() {
    begin_block_after(1);
}

/// Begins the block after the current one, so many slots later.
pub(crate) fn begin_block_after(slots: u64) {
    let number = System::block_number() + 1;
    let slot = match *pallet_babe::CurrentSlot::<Runtime>::get() {
        0 => FIRST_SLOT + 1,
        current => current + slots,
    };
    let pre_digest =
        DigestItem::babe_pre_digest(PreDigest::SecondaryPlain(SecondaryPlainPreDigest {
            authority_index: 0,
            slot: Slot::from(slot),
        }));
    let parent = System::block_hash(number - 1);
    let digest = Digest {
        logs: vec![pre_digest],
    };
    Executive::initialize_block(&Header::new(
        number,
        H256::default(),
        H256::default(),
        parent,
        digest,
    ));
    let now = slot * MILLISECS_PER_BLOCK;
    let time = RuntimeCall::Timestamp(pallet_timestamp::Call::set { now });
    apply(UncheckedExtrinsic::new_bare(time)).unwrap().unwrap();
}

/// Ends the block that [`begin_block`] began. With the feature `try-runtime`, every pallet then looks
/// at its state.
pub(crate) fn end_block() -> Header {
    let header = end_unsound_block();
    #[cfg(feature = "try-runtime")]
    crate::try_runtime::try_state(header.number);
    header
}

/// Ends the block, whatever the state is: some tests make up as much of it as they need, and no more.
pub(crate) fn end_unsound_block() -> Header {
    Executive::finalize_block()
}

/// Executes an extrinsic in the current block, after a round through its encoding.
pub(crate) fn apply(extrinsic: UncheckedExtrinsic) -> ApplyExtrinsicResult {
    let bytes = extrinsic.encode();
    let decoded = codec::DecodeAll::decode_all(&mut &bytes[..]).unwrap();
    Executive::apply_extrinsic(decoded)
}

/// A transaction of a development account.
pub(crate) fn signed(who: Sr25519Keyring, call: RuntimeCall) -> UncheckedExtrinsic {
    let account = who.to_account_id();
    let nonce = System::account_nonce(&account);
    let extensions = {
        let mut extensions = signing_runtime::unsigned_extensions();
        extensions.5 = frame_system::CheckEra::from(Era::Immortal);
        extensions.6 = frame_system::CheckNonce::from(nonce);
        extensions
    };
    let payload =
        sp_runtime::generic::SignedPayload::new(call.clone(), extensions.clone()).unwrap();
    let signature = payload.using_encoded(|bytes| Signature::Sr25519(who.sign(bytes)));
    UncheckedExtrinsic::new_signed(call, account.into(), signature, extensions)
}

/// What an account can spend.
pub(crate) fn balance(account: &AccountId) -> u128 {
    pallet_balances::Pallet::<Runtime>::free_balance(account)
}

/// The hash that names the chain in session-key calls.
pub(crate) fn genesis_hash() -> <Block as BlockT>::Hash {
    System::block_hash(0)
}
