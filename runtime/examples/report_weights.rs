//! What the chain charges for a report of a fault, by its size: for `scripts/bench faults`.
//!
//! `report_weights [BYTES…]` prints one JSON object: a report without proof, and one with a proof of
//! each of these sizes; the time in microseconds, with what admits the call, and how many fit into the
//! part of a block that such calls may fill.
#![allow(clippy::unwrap_used)]

use frame_support::{
    dispatch::{DispatchClass, GetDispatchInfo},
    traits::Authorize,
    weights::{constants::WEIGHT_REF_TIME_PER_MICROS, Weight},
};
use serde_json::{json, Value};
use signing_primitives::{Fault, FaultReport, UnprovableFault};
use signing_runtime::{Runtime, RuntimeCall};
use sp_core::{crypto::AccountId32, sr25519};

fn weight_of(fault: Fault) -> Weight {
    let report = FaultReport {
        signing_key: sr25519::Public::from_raw([1; 32]).into(),
        accused: AccountId32::new([2; 32]),
        generation: 1,
        fault,
        at: 1,
    };
    let signature = sr25519::Signature::from_raw([0; 64]).into();
    let call = RuntimeCall::Signing(pallet_signing::Call::report_fault { report, signature });
    call.get_dispatch_info()
        .call_weight
        .saturating_add(call.weight_of_authorize())
}

fn told(weight: Weight) -> Value {
    let limits = <Runtime as frame_system::Config>::BlockWeights::get();
    let class = limits.get(DispatchClass::Normal);
    let room = class.max_total.unwrap_or(limits.max_block);
    let each = weight.saturating_add(class.base_extrinsic);
    let fit = room.checked_div_per_component(&each).unwrap_or(u64::MAX);
    json!({
        "microseconds": weight.ref_time() / WEIGHT_REF_TIME_PER_MICROS,
        "proof_size": weight.proof_size(),
        "in_a_block": fit,
    })
}

fn main() {
    let sizes = std::env::args().filter_map(|argument| argument.parse::<usize>().ok());
    let proofs: Vec<_> = sizes
        .map(|size| {
            let fault = Fault::Provable(vec![0; size].try_into().unwrap());
            let mut told = told(weight_of(fault));
            if let Some(told) = told.as_object_mut() {
                told.insert("bytes".into(), json!(size));
            }
            told
        })
        .collect();
    let without = told(weight_of(Fault::Unprovable(UnprovableFault::Silent)));
    println!(
        "{}",
        json!({ "without_proof": without, "with_proof": proofs })
    );
}
