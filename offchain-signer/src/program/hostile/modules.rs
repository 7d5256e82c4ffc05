//! Modules that are not programs, or are too much, and the engine that keeps what came of them.

use std::{
    fmt::Write,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{assert_refused, compile, input, module, program, with_fields, FUEL, YES};
use crate::{
    chain::ProgramKey,
    program::{CompiledProgram, Limits, ProgramEngine, ProgramError},
};

#[test]
fn what_is_not_a_module_is_refused() {
    for bytes in [
        &b""[..],
        b"\0",
        b"\0asm",
        b"\0asm\x01\0\0",
        b"\0asm\x02\0\0\0",
        b"\0asm\x0d\0\x01\0",
        b"#!/bin/sh\nexit 0\n",
        b"(module)",
        &[0xff; 1000],
    ] {
        assert!(compile(bytes).is_err(), "{bytes:?}");
    }
    assert_refused!(compile(b"\0asm\x01\0\0\0"), ProgramError::AbiVersion);
    let good = program(YES);
    for len in 0..good.len() {
        // Without its data segments it is a module, but its yes is gone.
        let outcome = compile(&good[..len]).and_then(|cut| cut.evaluate(&input(b""), FUEL));
        assert!(outcome.is_err(), "{len}");
    }
    let long = vec![0; 1_000_001];
    assert_refused!(
        compile(&long),
        ProgramError::ModuleTooLong {
            len: 1_000_001,
            max: 1_000_000
        }
    );
}

/// Any byte of a good module changed to anything: an answer of some kind, and no crash.
#[test]
fn changed_modules_do_not_crash() {
    let good = program(YES);
    for position in 0..good.len() {
        for bit in 0..8 {
            let mut changed = good.clone();
            changed[position] ^= 1 << bit;
            if let Ok(program) = compile(&changed) {
                let _ = program.evaluate(&input(b"message"), 100_000);
            }
        }
    }
}

/// Well-formed, but the types are wrong: without wasmi's validation this would run.
#[test]
fn invalid_code_is_refused() {
    for body in [
        "(i32.const 1)",
        "(i64.add (i32.const 1) (i64.const 1))",
        "(local.get 9) unreachable",
        "(drop) unreachable",
        "(i32.store (i64.const 1) (i32.const 1)) unreachable",
    ] {
        assert_refused!(compile(&program(body)), ProgramError::InvalidModule(_));
    }
}

/// The client's check of modules has the same lists: what it lets pass should run here.
#[test]
fn features_that_programs_have_are_taken() {
    for fields in [
        r#"(func (result i64) (i64.extend32_s (i64.const 1)))"#,
        r#"(func (result i32) (i32.trunc_sat_f64_s (f64.const 1)))"#,
        r#"(func (memory.copy (i32.const 0) (i32.const 0) (i32.const 0)))"#,
        r#"(func (memory.fill (i32.const 0) (i32.const 0) (i32.const 0)))"#,
        r#"(table 1 funcref) (func (drop (table.get 0 (i32.const 0))))"#,
        r#"(global (export "g") (mut i32) (i32.const 0))"#,
    ] {
        assert!(compile(&with_fields(YES, fields)).is_ok(), "{fields}");
    }
}

#[test]
fn features_that_programs_have_not_are_refused() {
    for fields in [
        r#"(memory 1)"#,
        r#"(memory i64 1)"#,
        r#"(func (result v128) (v128.const i32x4 0 0 0 0))"#,
        r#"(func $f (return_call $f))"#,
        r#"(global i32 (i32.add (i32.const 1) (i32.const 2)))"#,
        r#"(memory 1 1 shared)"#,
        r#"(tag $t)"#,
        r#"(func (result i32 i32) unreachable)"#,
        r#"(func (block (param i32) (drop)))"#,
        r#"(func (drop (drop (block (result i32 i32) unreachable))))"#,
        r#"(type (func (result i32 i32)))"#,
        r#"(type (struct))"#,
        r#"(func (result i64 i64)
            (i64.add128 (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0)))"#,
    ] {
        assert_refused!(
            compile(&with_fields(YES, fields)),
            ProgramError::InvalidModule(_)
        );
    }
}

#[test]
fn exports_must_be_as_the_abi_says() {
    let good = [
        r#"(memory (export "memory") 1)"#,
        r#"(func (export "signing_program_abi_1"))"#,
        r#"(func (export "alloc") (param i32) (result i32) (i32.const 0))"#,
        r#"(func (export "evaluate") (param i32 i32) (result i64) (i64.const 0))"#,
    ];
    let with = |changes: &[(usize, &str)]| {
        let mut fields = good;
        for (field, text) in changes {
            fields[*field] = text;
        }
        compile(&module(&fields.concat()))
    };
    assert!(with(&[]).is_ok());
    assert_refused!(with(&[(0, "")]), ProgramError::MissingExport("memory"));
    assert_refused!(with(&[(1, "")]), ProgramError::AbiVersion);
    assert_refused!(
        with(&[(1, r#"(func (export "signing_program_abi_2"))"#)]),
        ProgramError::AbiVersion
    );
    assert_refused!(with(&[(2, "")]), ProgramError::MissingExport("alloc"));
    assert_refused!(with(&[(3, "")]), ProgramError::MissingExport("evaluate"));
    assert_refused!(
        with(&[(0, r#"(global (export "memory") i32 (i32.const 0))"#)]),
        ProgramError::WrongExport("memory")
    );
    for wrong in [
        r#"(func (export "evaluate") (param i32 i32) (result i32) unreachable)"#,
        r#"(func (export "evaluate") (param i64 i32) (result i64) unreachable)"#,
        r#"(func (export "evaluate") (param i32) (result i64) unreachable)"#,
        r#"(func (export "evaluate") (param i32 i32))"#,
        r#"(global (export "evaluate") i32 (i32.const 0))"#,
    ] {
        assert_refused!(with(&[(3, wrong)]), ProgramError::WrongExport("evaluate"));
    }
    assert_refused!(
        with(&[(
            2,
            r#"(func (export "alloc") (param i64) (result i32) unreachable)"#
        )]),
        ProgramError::WrongExport("alloc")
    );
    assert_refused!(
        with(&[(
            1,
            r#"(func (export "signing_program_abi_1")) (func (export "custom_hash"))"#
        )]),
        ProgramError::WrongExport("custom_hash")
    );
}

#[test]
fn imports_are_refused_but_for_the_log() {
    for (import, name) in [
        (r#"(import "env" "clock" (func (result i64)))"#, "env.clock"),
        (
            r#"(import "wasi_snapshot_preview1" "fd_write" (func))"#,
            "wasi_snapshot_preview1.fd_write",
        ),
        (r#"(import "env" "memory" (memory 1))"#, "env.memory"),
        (
            r#"(import "env" "log" (func (param f64) (result f64)))"#,
            "env.log",
        ),
        (r#"(import "env" "log" (global i32))"#, "env.log"),
        ("(import \"\\1b[2J\" \"\\0a\" (func))", "\u{fffd}[2J. "),
    ] {
        let own_memory = if import.contains("(memory") {
            ""
        } else {
            r#"(memory 1)"#
        };
        let bytecode = module(&format!("{import} {own_memory}"));
        assert_refused!(compile(&bytecode), ProgramError::ForbiddenImport(text) if *text == name);
    }
    let twice = r#"(import "env" "log" (func (param i32 i32)))"#.repeat(2);
    assert_refused!(
        compile(&module(&twice)),
        ProgramError::TooMany {
            what: "imports",
            max: 1
        }
    );
}

#[test]
fn counts_are_bounded() {
    let locals = |n: usize| with_fields(YES, &format!("(func (local {}))", "i64 ".repeat(n)));
    assert!(compile(&locals(1024)).is_ok());
    assert_refused!(
        compile(&locals(1025)),
        ProgramError::TooMany { max: 1024, .. }
    );
    // As one group of locals: five bytes.
    let mut bytecode = locals(1000);
    let group = bytecode
        .windows(3)
        .position(|bytes| bytes == [0xe8, 0x07, 0x7e])
        .unwrap();
    bytecode[group..group + 2].copy_from_slice(&[0xff, 0x7f]);
    assert_refused!(compile(&bytecode), ProgramError::TooMany { .. });

    let repeated = |field: &str, n: usize| {
        let mut fields = String::new();
        for i in 0..n {
            write!(fields, "{}", field.replace('#', &i.to_string())).unwrap();
        }
        compile(&with_fields(YES, &fields))
    };
    assert_refused!(
        repeated(r#"(func (export "f#"))"#, 1000),
        ProgramError::TooMany {
            what: "exports",
            ..
        }
    );
    assert_refused!(
        repeated("(type (func (param i32)))", 10_001),
        ProgramError::TooMany { what: "types", .. }
    );
    assert_refused!(repeated("(func)", 10_001), ProgramError::InvalidModule(_));
    assert_refused!(
        repeated("(global i32 (i32.const 0))", 1001),
        ProgramError::InvalidModule(_)
    );
    assert_refused!(
        repeated(r#"(data "")"#, 1001),
        ProgramError::InvalidModule(_)
    );
    let elements = format!("(func $f) (elem func {})", "$f ".repeat(10_001));
    assert_refused!(
        repeated(&elements, 1),
        ProgramError::TooMany {
            what: "elements",
            ..
        }
    );
    let params = format!("(func (param {}))", "i32 ".repeat(33));
    assert_refused!(repeated(&params, 1), ProgramError::InvalidModule(_));
}

/// Modules of about the largest size, of code that costs much to compile.
#[test]
fn a_megabyte_of_code_compiles_soon() {
    for (code, count) in [
        ("(if (local.get 0) (then) (else))", 160_000),
        ("(drop (loop (result i32) (local.get 0)))", 160_000),
        ("(drop (block (result i32) (drop (br_if 0 (local.get 0) (local.get 1))) (i32.const 0)))", 72_000),
        ("(i32.store (local.get 0) (i32.add (local.get 0) (local.get 1)))", 90_000),
        ("(drop (call $f (local.get 0)))", 190_000),
        ("nop ", 990_000),
    ] {
        let fields = "(func $f (param i32) (result i32) (local.get 0))";
        let bytecode = with_fields(&format!("{} {YES}", code.repeat(count)), fields);
        assert!((900_000..1_000_000).contains(&bytecode.len()), "{} {code}", bytecode.len());
        let start = Instant::now();
        let program = compile(&bytecode).unwrap();
        let compiled = start.elapsed();
        let start = Instant::now();
        let metered = program.evaluate_metered(&input(&[]), FUEL);
        println!(
            "{} bytes of {code}: compiled in {compiled:?}, run in {:?} with {} fuel",
            bytecode.len(),
            start.elapsed(),
            metered.fuel_used,
        );
        // About 40 ms; the rest is for slow and busy machines.
        assert!(compiled < Duration::from_secs(4), "{compiled:?} for {code}");
    }
}

#[test]
fn the_engine_compiles_once_and_remembers_failures() {
    let engine = ProgramEngine::new(Limits::default());
    let key = ProgramKey::repeat_byte(1);
    assert!(engine.cached(&key).is_none());
    let first = engine.load(key, &program(YES)).unwrap();
    assert!(Arc::ptr_eq(
        &first,
        &engine.load(key, &program(YES)).unwrap()
    ));
    assert!(Arc::ptr_eq(&first, &engine.cached(&key).unwrap().unwrap()));

    let bad = ProgramKey::repeat_byte(2);
    assert_refused!(engine.load(bad, b"bad"), ProgramError::InvalidModule(_));
    assert!(matches!(
        engine.cached(&bad),
        Some(Err(ProgramError::InvalidModule(_)))
    ));
}

#[test]
fn a_program_that_was_dropped_from_the_cache_still_runs() {
    let engine = ProgramEngine::new(Limits {
        cached_programs: 1,
        ..Limits::default()
    });
    let first = engine
        .load(ProgramKey::repeat_byte(1), &program(YES))
        .unwrap();
    engine
        .load(ProgramKey::repeat_byte(2), &program(YES))
        .unwrap();
    assert!(engine.cached(&ProgramKey::repeat_byte(1)).is_none());
    assert!(first.evaluate(&input(b""), FUEL).is_ok());
}

#[test]
fn these_types_cross_threads() {
    fn check<T: Send + Sync + 'static>() {}
    check::<ProgramEngine>();
    check::<CompiledProgram>();
    check::<ProgramError>();
}
