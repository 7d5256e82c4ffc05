//! How much a program may use.

use wasmi::{CompilationMode, Config, EnforcedLimits, OperatorCost};

/// How much a program, and all of them in the cache, may use. Fuel is not among them: it is a
/// parameter of the chain, given with every evaluation.
///
/// All signers must use the same limits but for the cache's, or they disagree on what to sign; so
/// these are constants of this version in all but tests.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The longest module, bytes. The chain takes none longer.
    pub max_bytecode: usize,
    /// The longest encoded input, bytes: a message of 1 MB, the configuration, and as much
    /// auxiliary and oracle data as the HTTP body limit lets in.
    pub max_input: usize,
    /// The largest memory of an instance, bytes. 16 MiB hold the 1 MiB stack that compilers
    /// reserve and the longest message a dozen times over; eight programs of a registration,
    /// evaluated one after the other, need it once.
    pub max_memory: usize,
    /// The largest table of an instance, elements. As many as a module may have functions.
    pub max_table: usize,
    /// How many compiled programs are kept.
    pub cached_programs: usize,
    /// How long the bytecodes of all kept programs may be together, bytes. Compiled code takes
    /// some ten times as much, forty if it was written to. Compiling again takes about 30 ms for
    /// 1 MB, so there is no need to keep many.
    pub cached_bytecode: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_bytecode: 1_000_000,
            max_input: 4 * 1024 * 1024,
            max_memory: 16 * 1024 * 1024,
            max_table: 10_000,
            cached_programs: 64,
            cached_bytecode: 2_000_000,
        }
    }
}

/// Most exports of a module: each costs time at every instantiation.
pub(super) const MAX_EXPORTS: u32 = 1000;
/// Most imports of a module: there is one thing to import.
pub(super) const MAX_IMPORTS: u32 = 1;
/// Most types of a module.
pub(super) const MAX_TYPES: u32 = 10_000;
/// Most locals of a function, parameters not counted. They are zeroed at every call, which costs
/// the same fuel however many there are.
pub(super) const MAX_LOCALS: u32 = 1024;
/// Most elements that a module's element segments have together. Each is evaluated at every
/// instantiation.
pub(super) const MAX_ELEMENTS: u32 = 10_000;
/// Most tables of an instance.
pub(super) const MAX_TABLES: usize = 4;

/// Deepest nesting of calls.
const MAX_RECURSION: usize = 512;
/// Largest stack of values, bytes: a thousand for each of those calls.
const MAX_STACK: usize = 512 * 1024;

/// Fuel for an evaluation's start: one for this many bytes of initial memory, module and input.
/// The same as wasmi takes for bytes that a module copies or grows by.
pub(super) const BYTES_PER_FUEL: u64 = 64;

/// Fuel for a line of the debug log.
pub(super) const LOG_FUEL: u64 = 1000;
/// Most lines that one evaluation writes to the debug log.
pub(super) const MAX_LOG_LINES: u32 = 16;
/// Longest line of the debug log, bytes.
pub(super) const MAX_LOG_LINE: usize = 256;
/// Longest text of a refusal, bytes.
pub(super) const MAX_REFUSAL: usize = 512;

/// How wasmi is to run programs.
///
/// Everything that decides on the outcome is named here, so that a new wasmi cannot change it
/// unseen.
pub(super) fn engine_config() -> Config {
    let mut config = Config::default();
    config
        .consume_fuel(true)
        .operator_cost(operator_cost())
        // Lazy translation takes fuel at the first call of a function: the first evaluation on a
        // node would cost more than the next, and nodes would disagree.
        .compilation_mode(CompilationMode::Eager)
        // Bounds counts of globals, functions, segments, parameters and results, against modules
        // that are small but costly to compile.
        .enforced_limits(EnforcedLimits::strict())
        .ignore_custom_sections(true);
    config.set_max_recursion_depth(MAX_RECURSION);
    config.set_max_stack_height(MAX_STACK);
    // WebAssembly 2.0 without SIMD, which the crate's features leave out, and multiple values.
    config
        .wasm_mutable_global(true)
        .wasm_sign_extension(true)
        .wasm_saturating_float_to_int(true)
        // A branch of two bytes that moves 32 values compiles to 550.
        .wasm_multi_value(false)
        .wasm_bulk_memory(true)
        .wasm_reference_types(true)
        .floats(true)
        .wasm_multi_memory(false)
        .wasm_tail_call(false)
        // wasmi evaluates these recursively, on the host's stack.
        .wasm_extended_const(false)
        .wasm_custom_page_sizes(false)
        .wasm_wide_arithmetic(false);
    config
}

/// Fuel of instructions: one, as is wasmi's default, but more where one instruction does the work
/// of several.
fn operator_cost() -> OperatorCost {
    OperatorCost {
        call: 10,
        call_indirect: 10,
        memory_grow: 10,
        memory_init: 10,
        memory_copy: 10,
        memory_fill: 10,
        table_grow: 10,
        table_init: 10,
        table_copy: 10,
        table_fill: 10,
        ..OperatorCost::default()
    }
}
