//! Programs that no signer should suffer from.

/// What it does, the module, and the code of the answer.
pub(crate) fn modules() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    vec![
        (
            "loops for ever",
            evaluate("(loop (br 0)) (i64.const 0)"),
            "program_out_of_fuel",
        ),
        (
            "recurses without end",
            evaluate("(call $evaluate (local.get 0) (local.get 1))"),
            "program_stack_overflow",
        ),
        (
            "allocates without end",
            evaluate("(loop (drop (memory.grow (i32.const 16))) (br 0)) (i64.const 0)"),
            "program_out_of_memory",
        ),
        ("traps", evaluate("unreachable"), "program_trapped"),
        (
            "answers outside of its memory",
            evaluate("(i64.const -1)"),
            "program_bad_result",
        ),
        (
            "exports nothing",
            wat::parse_str("(module)").unwrap(),
            "program_invalid",
        ),
        (
            "imports a clock",
            wat::parse_str(r#"(module (import "env" "now" (func (result i64))))"#).unwrap(),
            "program_invalid",
        ),
        (
            "is no module behind its magic",
            b"\0asm\x01\0\0\0garbage".to_vec(),
            "program_invalid",
        ),
        ("is 1 MB of valid code", large(), "program_trapped"),
    ]
}

fn evaluate(body: &str) -> Vec<u8> {
    module(body, "")
}

/// A module whose `evaluate` is `body`, with more functions behind it.
fn module(body: &str, functions: &str) -> Vec<u8> {
    let text = format!(
        r#"(module
            (memory (export "memory") 1)
            (func (export "signing_program_abi_1"))
            (func (export "alloc") (param i32) (result i32) (i32.const 1024))
            (func $evaluate (export "evaluate") (param i32 i32) (result i64) {body})
            {functions})"#
    );
    wat::parse_str(text).unwrap()
}

/// As close to the limit of 1,000,000 bytes as functions of 7 bytes come.
fn large() -> Vec<u8> {
    let function = format!("(func {})", "(drop (i32.const 1))".repeat(3_300));
    let module = module("unreachable", &function.repeat(99));
    assert!(
        (950_000..=1_000_000).contains(&module.len()),
        "{} bytes",
        module.len()
    );
    module
}
