//! Programs that answer badly, or talk too much.

use wasmi::TrapCode;

use super::{
    assert_refused, compile, evaluate, metered, module, program, with_fields, FUEL, LOG, PREAMBLE,
    YES,
};
use crate::program::ProgramError;

/// A program that answers with a place that it does not have, or with something that is no answer.
#[test]
fn malformed_results_are_refusals() {
    for result in [
        // Empty, and a null that is not initialized.
        "0x0",
        "0x0_0000_0001",
        // From the last byte of the memory on; beyond it; as much as there can be.
        "0xffff_0000_0002",
        "0x1_0000_0000_0001",
        "-1",
        "0x0_ffff_ffff",
        "0x7fff_ffff_7fff_ffff",
        // A yes with something behind it.
        "0x10_0000_0002",
        // Tag 'b', which is none.
        "0x21_0000_0001",
    ] {
        let outcome = evaluate(&program(&format!("(i64.const {result})")));
        match (result, outcome) {
            // Memory is zero: a no without a reason.
            ("0x0_0000_0001", Err(ProgramError::Refused(_))) => {}
            ("0x0_ffff_ffff" | _, Err(ProgramError::MalformedResult)) => {}
            (_, outcome) => panic!("{result}: {outcome:?}"),
        }
    }
}

#[test]
fn a_huge_text_is_cut() {
    // The whole memory, from a zero on.
    let body = "(memory.fill (i32.const 1) (i32.const 97) (i32.const 65535)) (i64.const 0x10000)";
    assert_refused!(
        evaluate(&program(body)),
        ProgramError::Refused(text) if *text == "a".repeat(512)
    );
}

#[test]
fn text_that_is_not_utf_8_is_cleaned() {
    let data = r#"(data (i32.const 64) "\00ok\ff\fe\1b[2J")"#;
    let outcome = evaluate(&module(&format!(
        r#"{PREAMBLE} {data}
        (func (export "evaluate") (param i32 i32) (result i64) (i64.const 0x40_0000_0009))"#
    )));
    assert_refused!(
        outcome,
        ProgramError::Refused(text) if text == "ok\u{fffd}\u{fffd}\u{fffd}[2J"
    );
}

#[test]
fn an_alloc_outside_the_memory_is_a_refusal() {
    for address in ["-1", "65536", "65530", "0x7fffffff"] {
        let bytecode = module(&format!(
            r#"(memory (export "memory") 1)
            (func (export "signing_program_abi_1"))
            (func (export "alloc") (param i32) (result i32) (i32.const {address}))
            (func (export "evaluate") (param i32 i32) (result i64) unreachable)"#
        ));
        assert_refused!(evaluate(&bytecode), ProgramError::MalformedResult);
    }
}

#[test]
fn the_log_costs_fuel_and_is_bounded() {
    let line =
        |address: &str, len: &str| format!("(call $log (i32.const {address}) (i32.const {len}))");
    let once = metered(
        &with_fields(&format!("{} {YES}", line("33", "7")), LOG),
        FUEL,
    );
    assert!(once.outcome.is_ok());
    let without = metered(&program(YES), FUEL).fuel_used;
    assert!(
        (1000..1100).contains(&(once.fuel_used - without)),
        "{}",
        once.fuel_used
    );
    // The seventeenth line is not written, but costs the same.
    let many = metered(
        &with_fields(&format!("{} {YES}", line("33", "7").repeat(100)), LOG),
        FUEL,
    );
    assert!(many.outcome.is_ok());
    assert!(many.fuel_used > 100_000);
    let forever = format!("(loop {} (br 0)) unreachable", line("0", "65536"));
    let forever = metered(&with_fields(&forever, LOG), FUEL);
    assert_refused!(forever.outcome, ProgramError::OutOfFuel);
    for (address, len) in [("-1", "1"), ("0", "-1"), ("65536", "1"), ("65535", "2")] {
        assert_refused!(
            evaluate(&with_fields(&format!("{} {YES}", line(address, len)), LOG)),
            ProgramError::Trapped(TrapCode::MemoryOutOfBounds)
        );
    }
}

#[test]
fn the_custom_hash_is_the_programs() {
    let hash = |body: &str| {
        let bytecode = with_fields(
            YES,
            &format!(
                r#"(data (i32.const 200) "\01{}")
                (func (export "custom_hash") (param i32 i32) (result i64) {body})"#,
                "h".repeat(32)
            ),
        );
        // The data segment refers to the memory, which the preamble declares.
        compile(&bytecode).unwrap().custom_hash(b"message", FUEL)
    };
    assert_eq!(hash("(i64.const 0xc8_0000_0021)").unwrap(), [b'h'; 32]);
    assert_refused!(
        hash("(i64.const 0xc8_0000_0020)"),
        ProgramError::MalformedResult
    );
    assert_refused!(
        hash("(i64.const 0xc8_0000_0022)"),
        ProgramError::MalformedResult
    );
    assert_refused!(hash("(i64.const 0x20_0000_0008)"), ProgramError::Refused(_));
    assert_refused!(hash("(loop (br 0)) unreachable"), ProgramError::OutOfFuel);
    let program = compile(&program(YES)).unwrap();
    assert!(!program.has_custom_hash());
    assert_refused!(program.custom_hash(b"", FUEL), ProgramError::NoCustomHash);
}
