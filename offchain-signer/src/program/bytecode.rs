//! What is checked of a module before and after wasmi compiles it.

use signing_program_sdk::abi;
use wasmi::{ExternType, FuncType, Module, ValType};
use wasmparser::{ElementItems, ElementSectionReader, FunctionBody, Parser, Payload};

use super::{
    limits::{MAX_ELEMENTS, MAX_EXPORTS, MAX_IMPORTS, MAX_LOCALS, MAX_TYPES},
    result::printable,
    ProgramError,
};

/// WebAssembly's page, bytes.
const PAGE: u64 = 65_536;

/// Counts what wasmi does not count. Reads section headers and locals only; validity is wasmi's
/// matter.
pub(super) fn check_counts(bytecode: &[u8]) -> Result<(), ProgramError> {
    if Parser::is_component(bytecode) {
        return Err(ProgramError::TooMany {
            what: "components",
            max: 0,
        });
    }
    for payload in Parser::new(0).parse_all(bytecode) {
        match payload.map_err(ProgramError::invalid)? {
            Payload::TypeSection(section) => at_most(section.count(), MAX_TYPES, "types")?,
            Payload::ImportSection(section) => at_most(section.count(), MAX_IMPORTS, "imports")?,
            Payload::ExportSection(section) => at_most(section.count(), MAX_EXPORTS, "exports")?,
            Payload::ElementSection(section) => {
                at_most(count_elements(section)?, MAX_ELEMENTS, "elements")?
            }
            Payload::CodeSectionEntry(body) => {
                at_most(count_locals(&body)?, MAX_LOCALS, "locals in a function")?
            }
            _ => {}
        }
    }
    Ok(())
}

fn count_elements(section: ElementSectionReader<'_>) -> Result<u32, ProgramError> {
    let mut elements = 0u32;
    for segment in section {
        let count = match segment.map_err(ProgramError::invalid)?.items {
            ElementItems::Functions(items) => items.count(),
            ElementItems::Expressions(_, items) => items.count(),
        };
        elements = elements.saturating_add(count);
    }
    Ok(elements)
}

fn count_locals(body: &FunctionBody<'_>) -> Result<u32, ProgramError> {
    let mut locals = 0u32;
    for group in body.get_locals_reader().map_err(ProgramError::invalid)? {
        let (count, _) = group.map_err(ProgramError::invalid)?;
        locals = locals.saturating_add(count);
    }
    Ok(locals)
}

fn at_most(count: u32, max: u32, what: &'static str) -> Result<(), ProgramError> {
    match count <= max {
        true => Ok(()),
        false => Err(ProgramError::TooMany { what, max }),
    }
}

/// What a module that follows the ABI offers.
pub(super) struct Interface {
    /// How large its memory is at the start, bytes.
    pub(super) initial_memory: u64,
    /// Whether it has a custom hash.
    pub(super) has_custom_hash: bool,
}

/// Checks the module's imports and exports against the ABI.
pub(super) fn check_interface(module: &Module) -> Result<Interface, ProgramError> {
    for import in module.imports() {
        let log = FuncType::new([ValType::I32, ValType::I32], []);
        let is_log = import.module() == abi::LOG_MODULE
            && import.name() == abi::LOG_NAME
            && matches!(import.ty(), ExternType::Func(ty) if *ty == log);
        if !is_log {
            let name = format!("{}.{}", import.module(), import.name());
            return Err(ProgramError::ForbiddenImport(printable(
                name.as_bytes(),
                128,
            )));
        }
    }

    let version = module.get_export(abi::VERSION_EXPORT);
    if !matches!(version, Some(ExternType::Func(_))) {
        return Err(ProgramError::AbiVersion);
    }
    let memory = match export(module, abi::MEMORY_EXPORT)? {
        ExternType::Memory(memory) => memory,
        _ => return Err(ProgramError::WrongExport(abi::MEMORY_EXPORT)),
    };
    let entry = FuncType::new([ValType::I32, ValType::I32], [ValType::I64]);
    check_func(
        module,
        abi::ALLOC_EXPORT,
        &FuncType::new([ValType::I32], [ValType::I32]),
    )?;
    check_func(module, abi::EVALUATE_EXPORT, &entry)?;
    let has_custom_hash = module.get_export(abi::CUSTOM_HASH_EXPORT).is_some();
    if has_custom_hash {
        check_func(module, abi::CUSTOM_HASH_EXPORT, &entry)?;
    }
    Ok(Interface {
        initial_memory: memory.minimum().saturating_mul(PAGE),
        has_custom_hash,
    })
}

fn export(module: &Module, name: &'static str) -> Result<ExternType, ProgramError> {
    module
        .get_export(name)
        .ok_or(ProgramError::MissingExport(name))
}

fn check_func(module: &Module, name: &'static str, ty: &FuncType) -> Result<(), ProgramError> {
    match export(module, name)? {
        ExternType::Func(actual) if actual == *ty => Ok(()),
        _ => Err(ProgramError::WrongExport(name)),
    }
}
