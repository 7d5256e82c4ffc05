//! What it costs to look a registration up, by how many there are.

use crate::chain::genesis;
use pallet_signing::Registrations;
use signing_primitives::{ProgramInstance, ProgramKey, Registration, VerifyingKey};
use signing_runtime::{genesis_presets::LOCAL, AccountId, Block, BlockNumber, Runtime};
use signing_runtime_api::runtime_decl_for_signing_api::SigningApi;
use std::time::Instant;

const LOOKUPS: u32 = 10_000;

fn key(index: u32) -> VerifyingKey {
    let mut key = [2; 33];
    key[1..5].copy_from_slice(&index.to_le_bytes());
    key
}

fn registration(index: u32) -> Registration<AccountId> {
    let instance = ProgramInstance {
        program: ProgramKey::from([7; 32]),
        config: vec![b' '; 64].try_into().unwrap(),
    };
    Registration {
        index,
        owner: AccountId::new([1; 32]),
        programs: vec![instance].try_into().unwrap(),
    }
}

/// In a trie in memory, as a node's caches hold it. Prints JSON, for `scripts/bench growth`.
#[test]
#[ignore = "a measurement, of a minute: scripts/bench growth"]
fn what_a_lookup_costs() {
    let mut chain = genesis(LOCAL);
    let (mut found, mut known) = (Vec::new(), 0);
    for registrations in [1, 1_000, 100_000, 1_000_000u32] {
        chain.execute_with(|| {
            for index in known..registrations {
                Registrations::<Runtime>::insert(key(index), registration(index));
            }
        });
        known = registrations;
        chain.commit_all().unwrap();
        let microseconds = chain.execute_with(|| {
            let begin = Instant::now();
            for lookup in 0..LOOKUPS {
                let index = lookup.wrapping_mul(2_654_435_761) % registrations;
                let registration =
                    <Runtime as SigningApi<Block, AccountId, BlockNumber>>::registration(key(
                        index,
                    ));
                assert_eq!(registration.unwrap().index, index);
            }
            begin.elapsed().as_secs_f64() * 1e6 / f64::from(LOOKUPS)
        });
        found.push(serde_json::json!({
            "registrations": registrations,
            "microseconds": microseconds,
        }));
    }
    println!("\n{}", serde_json::Value::from(found));
}
