//! What programs of bad will, and bad programs, come to.
//!
//! Every outcome is also checked to be the same the second time, and to cost the same fuel.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod answers;
mod modules;

use std::{
    thread,
    time::{Duration, Instant},
};

use wasmi::TrapCode;

use super::{CompiledProgram, Input, Limits, Metered, ProgramError};

/// Enough for all that is not meant to run out.
const FUEL: u64 = 10_000_000;

/// What every module needs, without an `evaluate`. At 16 lies a yes, at 32 a no.
const PREAMBLE: &str = r#"
    (memory (export "memory") 1)
    (func (export "signing_program_abi_1"))
    (func (export "alloc") (param i32) (result i32) (i32.const 1024))
    (data (i32.const 16) "\01")
    (data (i32.const 32) "\00because")
"#;
/// The end of an `evaluate` that says yes.
const YES: &str = "(i64.const 0x10_0000_0001)";

fn module(fields: &str) -> Vec<u8> {
    let text = format!("(module {fields})");
    // Without the error's own text: it quotes the module, which may have a megabyte.
    wat::parse_str(&text).unwrap_or_else(|_| panic!("bad text: {:.300}", text))
}

/// A good module around the body of `evaluate`, of two `i32` parameters and an `i64` result.
fn program(body: &str) -> Vec<u8> {
    with_fields(body, "")
}

fn with_fields(body: &str, fields: &str) -> Vec<u8> {
    module(&format!(
        r#"{fields} {PREAMBLE} (func (export "evaluate") (param i32 i32) (result i64) {body})"#
    ))
}

fn compile(bytecode: &[u8]) -> Result<CompiledProgram, ProgramError> {
    CompiledProgram::compile(bytecode, Limits::default())
}

fn input(message: &[u8]) -> Input<'_> {
    Input {
        requester: &[1; 32],
        message,
        config: b"",
        auxiliary_data: None,
        oracle_data: vec![],
    }
}

fn metered(bytecode: &[u8], fuel: u64) -> Metered<()> {
    let program = compile(bytecode).unwrap();
    let first = program.evaluate_metered(&input(b"message"), fuel);
    let second = program.evaluate_metered(&input(b"message"), fuel);
    assert_eq!(first.fuel_used, second.fuel_used);
    assert_eq!(
        format!("{:?}", first.outcome),
        format!("{:?}", second.outcome)
    );
    assert!(first.fuel_used <= fuel);
    first
}

fn evaluate(bytecode: &[u8]) -> Result<(), ProgramError> {
    metered(bytecode, FUEL).outcome
}

macro_rules! assert_refused {
    ($outcome:expr, $pattern:pat $(if $guard:expr)?) => {
        match &$outcome {
            Err($pattern) $(if $guard)? => {}
            outcome => panic!("{:?}", outcome.as_ref().map(|_| ())),
        }
    };
}
use assert_refused;

#[test]
fn a_good_program_says_yes_and_no() {
    assert!(evaluate(&program(YES)).is_ok());
    assert_refused!(
        evaluate(&program("(i64.const 0x20_0000_0008)")),
        ProgramError::Refused(text) if text == "because"
    );
}

#[test]
fn endless_loops_run_out_of_fuel() {
    for body in [
        "(loop (br 0)) unreachable",
        "(loop (nop) (drop (i32.const 1)) (br 0)) unreachable",
        "(loop (block (br 1))) unreachable",
        "(loop (br_table 0 0 0 (local.get 0))) unreachable",
        "(loop (memory.fill (i32.const 0) (i32.const 0) (i32.const 65536)) (br 0)) unreachable",
        "(loop (memory.copy (i32.const 1) (i32.const 0) (i32.const 65535)) (br 0)) unreachable",
        "(loop (memory.fill (i32.const 0) (i32.const 0) (i32.const 0)) (br 0)) unreachable",
        "(loop (drop (memory.grow (i32.const 0))) (br 0)) unreachable",
    ] {
        let metered = metered(&program(body), FUEL);
        assert_refused!(metered.outcome, ProgramError::OutOfFuel);
        assert_eq!(metered.fuel_used, FUEL);
    }
}

#[test]
fn a_start_function_and_alloc_burn_the_same_fuel() {
    let start = with_fields(YES, "(start $spin) (func $spin (loop (br 0)))");
    assert_refused!(evaluate(&start), ProgramError::OutOfFuel);
    let alloc = module(&format!(
        r#"(memory (export "memory") 1)
        (func (export "signing_program_abi_1"))
        (func (export "alloc") (param i32) (result i32) (loop (br 0)) unreachable)
        (func (export "evaluate") (param i32 i32) (result i64) {YES})"#
    ));
    assert_refused!(evaluate(&alloc), ProgramError::OutOfFuel);
}

#[test]
fn a_start_function_may_do_its_work() {
    let start = with_fields(
        YES,
        r#"(start $init) (func $init (i32.store8 (i32.const 16) (i32.const 0)))"#,
    );
    assert_refused!(evaluate(&start), ProgramError::Refused(_));
}

#[test]
fn endless_recursion_overflows_the_stack() {
    let direct = r#"(func $f (param i64) (result i64) (call $f (local.get 0)))"#;
    assert_refused!(
        evaluate(&with_fields("(call $f (i64.const 0))", direct)),
        ProgramError::StackOverflow
    );
    let indirect = r#"
        (type $t (func (result i64))) (table funcref (elem $f))
        (func $f (result i64) (call_indirect (type $t) (i32.const 0)))"#;
    assert_refused!(
        evaluate(&with_fields("(call $f)", indirect)),
        ProgramError::StackOverflow
    );
    let mutual = r#"
        (func $f (result i64) (call $g))
        (func $g (result i64) (local i64 i64 i64) (call $f))"#;
    assert_refused!(
        evaluate(&with_fields("(call $f)", mutual)),
        ProgramError::StackOverflow
    );
}

#[test]
fn memory_is_bounded() {
    for pages in [1, 16, 255, 256, 65535] {
        let grow = format!("(loop (drop (memory.grow (i32.const {pages}))) (br 0)) unreachable");
        assert_refused!(evaluate(&program(&grow)), ProgramError::OutOfMemory);
    }
    // 255 pages more are what there is.
    let most = format!("(drop (memory.grow (i32.const 255))) {YES}");
    assert!(evaluate(&program(&most)).is_ok());
    let initial = |pages: u32| {
        module(&format!(
            r#"(memory (export "memory") {pages})
            (func (export "signing_program_abi_1"))
            (func (export "alloc") (param i32) (result i32) (i32.const 1024))
            (data (i32.const 16) "\01")
            (func (export "evaluate") (param i32 i32) (result i64) {YES})"#
        ))
    };
    assert!(evaluate(&initial(256)).is_ok());
    assert_refused!(evaluate(&initial(257)), ProgramError::OutOfMemory);
    assert_refused!(evaluate(&initial(65536)), ProgramError::OutOfFuel);
    assert_refused!(
        metered(&initial(65536), u64::MAX).outcome,
        ProgramError::OutOfMemory
    );
}

#[test]
fn memory_costs_fuel() {
    let grow = format!("(drop (memory.grow (i32.const 100))) {YES}");
    assert!(metered(&program(&grow), FUEL).fuel_used > 100 * 65536 / 64);
    assert_refused!(
        metered(&program(&grow), 50_000).outcome,
        ProgramError::OutOfFuel
    );
}

#[test]
fn tables_are_bounded() {
    let grow = "(loop (drop (table.grow 0 (ref.null func) (i32.const 1000))) (br 0)) unreachable";
    assert_refused!(
        evaluate(&with_fields(grow, "(table 1 funcref)")),
        ProgramError::OutOfMemory
    );
    assert!(evaluate(&with_fields(YES, "(table 10000 funcref)")).is_ok());
    for huge in [10_001u32, 10_000_000] {
        let table = format!("(table {huge} funcref)");
        assert_refused!(
            evaluate(&with_fields(YES, &table)),
            ProgramError::OutOfMemory
        );
    }
    let beyond = with_fields(YES, "(table 4294967295 funcref)");
    assert!(compile(&beyond)
        .and_then(|p| p.evaluate(&input(b""), FUEL))
        .is_err());
    let many = "(table 1 externref)".repeat(5);
    assert_refused!(
        evaluate(&with_fields(YES, &many)),
        ProgramError::OutOfMemory
    );
}

#[test]
fn traps_are_refusals() {
    use TrapCode::*;
    for (body, trap) in [
        ("unreachable", UnreachableCodeReached),
        (
            "(drop (i32.div_u (i32.const 1) (i32.const 0))) unreachable",
            IntegerDivisionByZero,
        ),
        (
            "(drop (i32.div_s (i32.const 0x80000000) (i32.const -1))) unreachable",
            IntegerOverflow,
        ),
        (
            "(drop (i32.load (i32.const 65536))) unreachable",
            MemoryOutOfBounds,
        ),
        (
            "(drop (i32.load offset=4294967295 (i32.const -1))) unreachable",
            MemoryOutOfBounds,
        ),
        (
            "(i64.store (i32.const 65532) (i64.const 0)) unreachable",
            MemoryOutOfBounds,
        ),
        (
            "(memory.fill (i32.const 0) (i32.const 1) (i32.const -1)) unreachable",
            MemoryOutOfBounds,
        ),
        (
            "(memory.copy (i32.const 65535) (i32.const 0) (i32.const 2)) unreachable",
            MemoryOutOfBounds,
        ),
        (
            "(drop (i32.trunc_f32_s (f32.const nan))) unreachable",
            BadConversionToInteger,
        ),
    ] {
        assert_refused!(
            evaluate(&program(body)),
            ProgramError::Trapped(actual) if *actual == trap
        );
    }
    let table = r#"(type $t (func)) (table 1 funcref)"#;
    assert_refused!(
        evaluate(&with_fields(
            "(call_indirect (type $t) (i32.const 0)) unreachable",
            table
        )),
        ProgramError::Trapped(IndirectCallToNull)
    );
    assert_refused!(
        evaluate(&with_fields(
            "(call_indirect (type $t) (i32.const 9)) unreachable",
            table
        )),
        ProgramError::Trapped(TableOutOfBounds)
    );
}

#[test]
fn segments_that_do_not_fit_are_refusals() {
    assert_refused!(
        evaluate(&with_fields(YES, r#"(data (i32.const 65535) "ab")"#)),
        ProgramError::Trapped(TrapCode::MemoryOutOfBounds)
    );
    assert_refused!(
        evaluate(&with_fields(
            YES,
            r#"(table 1 funcref) (func $f) (elem (i32.const 1) $f)"#
        )),
        ProgramError::Trapped(TrapCode::TableOutOfBounds)
    );
}

/// The input is a copy, and a new one for each evaluation; so are memory, globals and tables.
#[test]
fn nothing_is_kept_between_evaluations() {
    let body = format!(
        "(if (global.get $ran) (then unreachable))
        (if (i32.load (i32.const 128)) (then unreachable))
        (global.set $ran (i32.const 1))
        (i32.store (i32.const 128) (i32.const 1))
        (if (table.size 0) (then unreachable))
        (drop (table.grow 0 (ref.null func) (i32.const 1)))
        (memory.fill (local.get 0) (i32.const 255) (local.get 1))
        {YES}"
    );
    let fields = "(global $ran (mut i32) (i32.const 0)) (table 0 funcref)";
    let program = compile(&with_fields(&body, fields)).unwrap();
    for _ in 0..3 {
        assert!(program.evaluate(&input(b"message"), FUEL).is_ok());
    }
}

#[test]
fn evaluations_may_go_on_at_once() {
    let body = "(local i32)
        (loop
            (local.set 2 (i32.add (local.get 2) (i32.const 1)))
            (i32.store (i32.const 256) (local.get 2))
            (br_if 0 (i32.lt_u (local.get 2) (i32.const 10000))))
        (if (i32.ne (i32.load (i32.const 256)) (i32.const 10000)) (then unreachable))";
    let program = compile(&program(&format!("{body} {YES}"))).unwrap();
    let once = program.evaluate_metered(&input(b""), FUEL).fuel_used;
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let metered = program.evaluate_metered(&input(b""), FUEL);
                assert!(metered.outcome.is_ok());
                assert_eq!(metered.fuel_used, once);
            });
        }
    });
}

const LOG: &str = r#"(import "env" "log" (func $log (param i32 i32)))"#;

#[test]
fn input_costs_fuel_and_is_bounded() {
    let big = r#"(memory (export "memory") 256)
        (func (export "signing_program_abi_1"))
        (func (export "alloc") (param i32) (result i32) (i32.const 1024))
        (data (i32.const 16) "\01")"#;
    let program = compile(&module(&format!(
        r#"{big} (func (export "evaluate") (param i32 i32) (result i64) {YES})"#
    )))
    .unwrap();
    let short = program.evaluate_metered(&input(b""), FUEL).fuel_used;
    let long = program.evaluate_metered(&input(&vec![7; 1_000_000]), FUEL);
    assert!(long.outcome.is_ok());
    assert_eq!(long.fuel_used - short, 1_000_000 / 64);
    assert_refused!(
        program.evaluate(&input(&vec![7; 5_000_000]), FUEL),
        ProgramError::InputTooLong { .. }
    );
    assert_refused!(program.evaluate(&input(b""), 0), ProgramError::OutOfFuel);
    assert_refused!(
        program.evaluate(&input(b""), short - 1),
        ProgramError::OutOfFuel
    );
    assert!(program.evaluate(&input(b""), short).is_ok());
}

#[test]
fn deep_nesting_is_no_danger() {
    let depth = 100_000;
    let body = format!("{}{}{YES}", "block ".repeat(depth), "end ".repeat(depth));
    assert!(evaluate(&program(&body)).is_ok());
    let body = format!("{}{}{YES}", "loop ".repeat(depth), "end ".repeat(depth));
    assert!(evaluate(&program(&body)).is_ok());
    // More operands than a frame has room for.
    let operands = format!(
        "{}{}{YES}",
        "i32.const 1 ".repeat(depth),
        "drop ".repeat(depth)
    );
    assert!(compile(&program(&operands)).is_err() || evaluate(&program(&operands)).is_ok());
}

/// Fuel bounds time: what costs the most time for its fuel.
#[test]
fn fuel_runs_out_soon() {
    let locals = format!("(func $f (local {}))", "i64 ".repeat(1024));
    let indirect = format!("{locals} (type $t (func)) (table funcref (elem $f))");
    for (body, fields) in [
        ("(loop (br 0)) unreachable", ""),
        ("(loop (call $f) (br 0)) unreachable", locals.as_str()),
        (
            "(loop (call_indirect (type $t) (i32.const 0)) (br 0)) unreachable",
            indirect.as_str(),
        ),
        (
            "(loop (memory.fill (i32.const 0) (i32.const 1) (i32.const 63)) (br 0)) unreachable",
            "",
        ),
        (
            "(loop (memory.copy (i32.const 0) (i32.const 9) (i32.const 65000)) (br 0)) unreachable",
            "",
        ),
        (
            "(loop (call $log (i32.const 0) (i32.const 65536)) (br 0)) unreachable",
            LOG,
        ),
        (
            "(loop (drop (f64.sqrt (f64.const 3))) (br 0)) unreachable",
            "",
        ),
    ] {
        let program = compile(&with_fields(body, fields)).unwrap();
        let start = Instant::now();
        assert_refused!(program.evaluate(&input(&[]), FUEL), ProgramError::OutOfFuel);
        let time = start.elapsed();
        println!(
            "{:.2} ns for each fuel of {body}",
            time.as_nanos() as f64 / FUEL as f64
        );
        // 50 ms at most; the rest is for slow and busy machines.
        assert!(time < Duration::from_secs(5), "{time:?} for {body}");
    }
}
