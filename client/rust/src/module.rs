//! Whether a file can be a program, as far as that can be told without running it.
//!
//! The ABI is written down in the crate `signing-program-sdk`. What is not checked here is what
//! takes the signers' engine: fuel, what the program does, and the finer of the engine's limits.

use wasmparser::{
    types::{EntityType, TypesRef},
    FuncType, Parser, Payload, ValType, Validator, WasmFeatures,
};

/// The largest program, bytes.
const MAX_BYTES: usize = 1_000_000;
/// The most memory a program may have, in pages of 64 KiB: 16 MiB.
const MAX_PAGES: u64 = 256;
/// The most functions a program may have.
const MAX_FUNCTIONS: u32 = 10_000;
/// How the export of an ABI version begins; the version's number follows.
const VERSION_PREFIX: &str = "signing_program_abi_";

/// What programs are written in: what the signers' engine is told to take.
const FEATURES: WasmFeatures = WasmFeatures::WASM2
    .difference(WasmFeatures::SIMD)
    .difference(WasmFeatures::MULTI_VALUE);

/// What a module is, to those who deploy it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ModuleSummary {
    /// Its size, bytes.
    pub bytes: usize,
    /// The version of the ABI that it is written for.
    pub abi_version: u8,
    /// Whether it has a hash of its own: `--hash custom:N`.
    pub custom_hash: bool,
    /// Whether it writes to the signers' debug log.
    pub logs: bool,
    /// How much memory it has from the start, bytes.
    pub initial_memory: u64,
    /// How many functions it has, imported one included.
    pub functions: u32,
}

/// Why a file is no program.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModuleError {
    /// The file is empty.
    #[error("the file is empty")]
    Empty,
    /// The file is too large.
    #[error("{found} bytes; a program has at most {MAX_BYTES}")]
    TooLarge {
        /// Its size.
        found: usize,
    },
    /// The file does not begin as WebAssembly does.
    #[error("not WebAssembly: the file does not begin with \\0asm")]
    NotWasm,
    /// The module is not valid, or uses what programs may not.
    #[error("not a valid core module of WebAssembly 2.0 without SIMD and multiple values")]
    Invalid(#[source] wasmparser::BinaryReaderError),
    /// No version of the ABI is named.
    #[error("no export {VERSION_PREFIX}N: is it built with the program SDK?")]
    NoVersion,
    /// A version of the ABI is named that this client does not know.
    #[error("written for another version of the ABI: export {export}")]
    UnknownVersion {
        /// The export's name.
        export: String,
    },
    /// An export is missing.
    #[error("no export {name}: {expected}")]
    MissingExport {
        /// Its name.
        name: &'static str,
        /// What it should be.
        expected: &'static str,
    },
    /// An export is of another type than the ABI says.
    #[error("export {name} is not {expected}")]
    WrongExport {
        /// Its name.
        name: &'static str,
        /// What it should be.
        expected: &'static str,
    },
    /// Something is imported that signers do not provide.
    #[error("imports {module}.{name}; programs may import nothing but env.log: (i32, i32)")]
    Import {
        /// The import's module.
        module: String,
        /// Its name.
        name: String,
    },
    /// There is not exactly one memory.
    #[error("{found} memories; a program has one")]
    Memories {
        /// How many there are.
        found: u32,
    },
    /// The memory is too large from the start.
    #[error("{pages} pages of memory from the start; a program may have {MAX_PAGES}")]
    TooMuchMemory {
        /// The memory's initial size in pages of 64 KiB.
        pages: u64,
    },
    /// There are too many functions.
    #[error("{found} functions; a program may have {MAX_FUNCTIONS}")]
    TooManyFunctions {
        /// How many there are.
        found: u32,
    },
}

/// Checks size, validity, imports, exports and memory of a module. Does not run it.
///
/// # Errors
/// The first [`ModuleError`] found.
pub fn check_module(bytecode: &[u8]) -> Result<ModuleSummary, ModuleError> {
    if bytecode.is_empty() {
        return Err(ModuleError::Empty);
    }
    if bytecode.len() > MAX_BYTES {
        return Err(ModuleError::TooLarge {
            found: bytecode.len(),
        });
    }
    if !bytecode.starts_with(b"\0asm") {
        return Err(ModuleError::NotWasm);
    }
    let types = Validator::new_with_features(FEATURES)
        .validate_all(bytecode)
        .map_err(ModuleError::Invalid)?;
    let types = types.as_ref();
    if types.function_count() > MAX_FUNCTIONS {
        return Err(ModuleError::TooManyFunctions {
            found: types.function_count(),
        });
    }
    let logs = check_imports(&types)?;
    let initial_memory = check_memory(&types)?;
    let exports = exports(bytecode, &types)?;
    let abi_version = version(&exports)?;
    check_exports(&types, &exports)?;
    Ok(ModuleSummary {
        bytes: bytecode.len(),
        abi_version,
        custom_hash: exports.iter().any(|(name, _)| *name == "custom_hash"),
        logs,
        initial_memory,
        functions: types.function_count(),
    })
}

type Exports<'a> = Vec<(&'a str, EntityType)>;

fn exports<'a>(bytecode: &'a [u8], types: &TypesRef<'_>) -> Result<Exports<'a>, ModuleError> {
    let mut exports = Vec::new();
    for payload in Parser::new(0).parse_all(bytecode) {
        if let Payload::ExportSection(section) = payload.map_err(ModuleError::Invalid)? {
            for export in section {
                let export = export.map_err(ModuleError::Invalid)?;
                if let Some(entity) = types.entity_type_from_export(&export) {
                    exports.push((export.name, entity));
                }
            }
        }
    }
    Ok(exports)
}

/// Whether the debug log is imported; an error if anything else is.
fn check_imports(types: &TypesRef<'_>) -> Result<bool, ModuleError> {
    let mut logs = false;
    for (module, name, entity) in types.core_imports().into_iter().flatten() {
        let log = module == "env"
            && name == "log"
            && is_function(types, &entity, &[ValType::I32, ValType::I32], &[]);
        if !log {
            return Err(ModuleError::Import {
                module: module.escape_debug().to_string(),
                name: name.escape_debug().to_string(),
            });
        }
        logs = true;
    }
    Ok(logs)
}

fn check_memory(types: &TypesRef<'_>) -> Result<u64, ModuleError> {
    let found = types.memory_count();
    if found != 1 {
        return Err(ModuleError::Memories { found });
    }
    let pages = types.memory_at(0).initial;
    if pages > MAX_PAGES {
        return Err(ModuleError::TooMuchMemory { pages });
    }
    Ok(pages * 65_536)
}

fn version(exports: &Exports<'_>) -> Result<u8, ModuleError> {
    let current = signing_primitives::ABI_VERSION;
    let mut unknown = None;
    for (name, entity) in exports {
        let Some(version) = name.strip_prefix(VERSION_PREFIX) else {
            continue;
        };
        if version == current.to_string() && matches!(entity, EntityType::Func(_)) {
            return Ok(current);
        }
        unknown = Some(name.escape_debug().to_string());
    }
    Err(match unknown {
        Some(export) => ModuleError::UnknownVersion { export },
        None => ModuleError::NoVersion,
    })
}

fn check_exports(types: &TypesRef<'_>, exports: &Exports<'_>) -> Result<(), ModuleError> {
    use ValType::{I32, I64};
    let entity = |name: &str| exports.iter().find(|(n, _)| *n == name).map(|(_, e)| e);
    let function = |name, expected, parameters: &[ValType], results: &[ValType]| match entity(name)
    {
        None => Err(ModuleError::MissingExport { name, expected }),
        Some(found) if is_function(types, found, parameters, results) => Ok(()),
        Some(_) => Err(ModuleError::WrongExport { name, expected }),
    };
    let (name, expected) = ("memory", "the memory");
    match entity(name) {
        None => return Err(ModuleError::MissingExport { name, expected }),
        Some(EntityType::Memory(_)) => {}
        Some(_) => return Err(ModuleError::WrongExport { name, expected }),
    }
    function("alloc", "a function (i32) -> i32", &[I32], &[I32])?;
    let decides = "a function (i32, i32) -> i64";
    function("evaluate", decides, &[I32, I32], &[I64])?;
    match function("custom_hash", decides, &[I32, I32], &[I64]) {
        Err(ModuleError::MissingExport { .. }) => Ok(()),
        other => other,
    }
}

fn is_function(
    types: &TypesRef<'_>,
    entity: &EntityType,
    parameters: &[ValType],
    results: &[ValType],
) -> bool {
    let EntityType::Func(id) = entity else {
        return false;
    };
    let expected = FuncType::new(parameters.iter().copied(), results.iter().copied());
    types
        .get(*id)
        .is_some_and(|found| found.unwrap_func() == &expected)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    const GOOD: &str = r#"
        (memory (export "memory") 17)
        (func (export "signing_program_abi_1"))
        (func (export "alloc") (param i32) (result i32) i32.const 0)
        (func (export "evaluate") (param i32 i32) (result i64) i64.const 0)"#;

    fn check(body: &str) -> Result<ModuleSummary, ModuleError> {
        check_module(&wat::parse_str(format!("(module {body})")).unwrap())
    }

    /// The error for `GOOD` with one thing replaced.
    fn without(part: &str, replacement: &str) -> String {
        assert!(GOOD.contains(part));
        check(&GOOD.replacen(part, replacement, 1))
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn accepts_programs() {
        let summary = check(GOOD).unwrap();
        assert_eq!((summary.abi_version, summary.functions), (1, 3));
        assert_eq!(summary.initial_memory, 17 * 65_536);
        assert!(!summary.custom_hash && !summary.logs);

        let more = format!(
            r#"(import "env" "log" (func (param i32 i32))) {GOOD}
               (func (export "custom_hash") (param i32 i32) (result i64) i64.const 0)
               (global (export "__heap_base") i32 (i32.const 0))"#
        );
        let summary = check(&more).unwrap();
        assert!(summary.custom_hash && summary.logs);
    }

    #[test]
    fn refuses_what_is_no_module() {
        assert!(matches!(check_module(b""), Err(ModuleError::Empty)));
        assert!(matches!(
            check_module(b"\x7fELF"),
            Err(ModuleError::NotWasm)
        ));
        assert!(matches!(
            check_module(b"\0asm"),
            Err(ModuleError::Invalid(_))
        ));
        let mut long = b"\0asm\x01\0\0\0".to_vec();
        long.resize(MAX_BYTES + 1, 0);
        assert!(matches!(
            check_module(&long),
            Err(ModuleError::TooLarge { found: 1_000_001 })
        ));
        // A component, which is WebAssembly too.
        let component = wat::parse_str("(component)").unwrap();
        assert!(matches!(
            check_module(&component),
            Err(ModuleError::Invalid(_))
        ));
    }

    #[test]
    fn refuses_what_signers_do_not_run() {
        // The signers' own list is in their tests of hostile modules.
        for feature in [
            "(memory 1)",
            "(memory i64 1)",
            "(memory 1 1 shared)",
            "(func (result v128) (v128.const i64x2 0 0))",
            "(func $f (return_call $f))",
            "(func (result i32 i32) unreachable)",
            "(func (block (param i32) (drop)))",
            "(func (drop (drop (block (result i32 i32) unreachable))))",
            "(func (if (result i32 i32) (i32.const 0) (then unreachable) (else unreachable)) unreachable)",
            "(type (func (result i32 i32)))",
            "(global i32 (i32.add (i32.const 1) (i32.const 2)))",
            "(tag $t)",
            "(type (struct))",
            "(func (result i64 i64) (i64.add128 (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0)))",
        ] {
            let error = check(&format!("{GOOD} {feature}")).unwrap_err();
            assert!(
                matches!(error, ModuleError::Invalid(_) | ModuleError::Memories { .. }),
                "{feature}: {error}"
            );
        }
    }

    #[test]
    fn accepts_what_signers_run() {
        for feature in [
            "(func (result i64) (i64.extend32_s (i64.const 1)))",
            "(func (result i32) (i32.trunc_sat_f64_s (f64.const 1)))",
            "(func (memory.copy (i32.const 0) (i32.const 0) (i32.const 0)))",
            "(func (memory.fill (i32.const 0) (i32.const 0) (i32.const 0)))",
            "(table 1 funcref) (func (drop (table.get 0 (i32.const 0))))",
            "(global (export \"g\") (mut i32) (i32.const 0))",
        ] {
            let checked = check(&format!("{GOOD} {feature}"));
            assert!(checked.is_ok(), "{feature}: {checked:?}");
        }
    }

    #[test]
    fn refuses_imports() {
        for import in [
            r#"(import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))"#,
            r#"(import "env" "log" (func (param i32)))"#,
            r#"(import "env" "memory" (memory 1))"#,
        ] {
            let error = check(&format!("{import} {GOOD}")).unwrap_err();
            assert!(
                matches!(error, ModuleError::Import { .. } | ModuleError::Invalid(_)),
                "{error}"
            );
        }
    }

    #[test]
    fn refuses_missing_and_wrong_exports() {
        assert!(without(r#"(export "signing_program_abi_1")"#, "").contains("program SDK"));
        assert!(without("abi_1", "abi_2").contains("signing_program_abi_2"));
        assert!(without(r#"(export "memory")"#, "").contains("no export memory"));
        assert!(without(r#"(export "alloc")"#, "").contains("no export alloc"));
        assert!(without(r#"(export "evaluate")"#, "").contains("no export evaluate"));
        assert!(without("(param i32 i32)", "(param i32)").contains("export evaluate is not"));
        let hash = format!(r#"{GOOD} (func (export "custom_hash"))"#);
        assert!(matches!(
            check(&hash),
            Err(ModuleError::WrongExport {
                name: "custom_hash",
                ..
            })
        ));
    }

    #[test]
    fn refuses_too_much() {
        assert!(without("17)", "257)").contains("257 pages"));
        assert!(check(&GOOD.replacen("17)", "256)", 1)).is_ok());
        let functions = "(func)".repeat(9_998);
        assert!(matches!(
            check(&format!("{GOOD} {functions}")),
            Err(ModuleError::TooManyFunctions { found: 10_001 })
        ));
    }
}
