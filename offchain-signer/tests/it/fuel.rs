//! What fuel is in time.

#![allow(clippy::unwrap_used)]

use offchain_signer::{
    chain::ProgramKey,
    program::{Input, Limits, ProgramEngine, ProgramError},
};
use std::time::Instant;

/// A program that would never end, so that it takes all the fuel that it is given.
const ENDLESS: &str = r#"(module
    (memory (export "memory") 1)
    (func (export "signing_program_abi_1"))
    (func (export "alloc") (param i32) (result i32) (i32.const 1024))
    (func (export "evaluate") (param i32 i32) (result i64) (local $count i64)
        (loop (local.set $count (i64.add (local.get $count) (i64.const 1))) (br 0))
        unreachable))"#;
const REPEAT: u32 = 5;

/// Prints JSON, for `scripts/bench growth`.
#[test]
#[ignore = "a measurement: scripts/bench growth"]
fn what_fuel_costs() {
    let bytecode = wat::parse_str(ENDLESS).unwrap();
    let engine = ProgramEngine::new(Limits::default());
    let program = engine.load(ProgramKey::zero(), &bytecode).unwrap();
    let input = Input {
        requester: &[1; 32],
        message: b"message",
        config: b"",
        auxiliary_data: None,
        oracle_data: vec![],
    };
    let mut found = Vec::new();
    for fuel in [10_000, 100_000, 1_000_000, 10_000_000, 50_000_000u64] {
        let begin = Instant::now();
        for _ in 0..REPEAT {
            let run = program.evaluate_metered(&input, fuel);
            assert!(matches!(run.outcome, Err(ProgramError::OutOfFuel)));
            assert_eq!(run.fuel_used, fuel);
        }
        let milliseconds = begin.elapsed().as_secs_f64() * 1e3 / f64::from(REPEAT);
        found.push(serde_json::json!({ "fuel": fuel, "milliseconds": milliseconds }));
    }
    println!("\n{}", serde_json::Value::from(found));
}
