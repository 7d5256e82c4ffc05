//! A compiled program.

use std::{
    fmt,
    panic::{catch_unwind, AssertUnwindSafe},
};

use signing_program_sdk::abi;
use sp_panic_handler::AbortGuard;
use wasmi::{Engine, Linker, Module};

use super::{
    bytecode::{check_counts, check_interface},
    instance::{linker, Host, Run},
    limits::engine_config,
    result::{read_hash, read_verdict},
    Input, Limits, ProgramError,
};

/// A program, ready to be asked. Keeps nothing between evaluations; any number may go on at once,
/// each with its own instance.
pub struct CompiledProgram {
    module: Module,
    linker: Linker<Host>,
    limits: Limits,
    bytecode_len: usize,
    initial_memory: u64,
    has_custom_hash: bool,
}

/// What a program answered, and what that cost.
#[derive(Clone, Debug)]
pub struct Metered<T> {
    /// The answer.
    pub outcome: Result<T, ProgramError>,
    /// The fuel used.
    pub fuel_used: u64,
}

impl CompiledProgram {
    /// Checks and compiles a module. Takes CPU time, bounded by its length.
    ///
    /// Each program has a wasmi engine of its own: an engine never forgets code that was compiled
    /// in it.
    pub(super) fn compile(bytecode: &[u8], limits: Limits) -> Result<Self, ProgramError> {
        let (len, max) = (bytecode.len(), limits.max_bytecode);
        if len > max {
            return Err(ProgramError::ModuleTooLong { len, max });
        }
        guarded(|| {
            check_counts(bytecode)?;
            let engine = Engine::new(&engine_config());
            let module = Module::new(&engine, bytecode).map_err(ProgramError::invalid)?;
            let interface = check_interface(&module)?;
            Ok(Self {
                linker: linker(&engine).map_err(ProgramError::invalid)?,
                module,
                limits,
                bytecode_len: len,
                initial_memory: interface.initial_memory,
                has_custom_hash: interface.has_custom_hash,
            })
        })
    }

    /// Asks the program whether the request may be signed. Takes CPU time, bounded by `fuel`.
    ///
    /// Any error means no. The answer and the fuel used depend on nothing but the module, the
    /// input and `fuel`.
    pub fn evaluate(&self, input: &Input<'_>, fuel: u64) -> Result<(), ProgramError> {
        self.evaluate_metered(input, fuel).outcome
    }

    /// As [`Self::evaluate`], and says what it cost.
    pub fn evaluate_metered(&self, input: &Input<'_>, fuel: u64) -> Metered<()> {
        let (len, max) = (input.encoded_len(), self.limits.max_input);
        if len > max {
            let outcome = Err(ProgramError::InputTooLong { len, max });
            return Metered {
                outcome,
                fuel_used: 0,
            };
        }
        self.call(abi::EVALUATE_EXPORT, &input.encode(), fuel, read_verdict)
    }

    /// Whether the program has a custom hash.
    pub fn has_custom_hash(&self) -> bool {
        self.has_custom_hash
    }

    /// Has the program hash the message. Takes CPU time, bounded by `fuel`.
    pub fn custom_hash(&self, message: &[u8], fuel: u64) -> Result<[u8; 32], ProgramError> {
        self.custom_hash_metered(message, fuel).outcome
    }

    /// As [`Self::custom_hash`], and says what it cost.
    pub fn custom_hash_metered(&self, message: &[u8], fuel: u64) -> Metered<[u8; 32]> {
        let (len, max) = (message.len(), self.limits.max_input);
        let refusal = match (self.has_custom_hash, len > max) {
            (false, _) => ProgramError::NoCustomHash,
            (true, true) => ProgramError::InputTooLong { len, max },
            (true, false) => {
                return self.call(abi::CUSTOM_HASH_EXPORT, message, fuel, read_hash);
            }
        };
        Metered {
            outcome: Err(refusal),
            fuel_used: 0,
        }
    }

    /// The length of its bytecode, bytes.
    pub fn bytecode_len(&self) -> usize {
        self.bytecode_len
    }

    fn call<T>(
        &self,
        entry: &'static str,
        input: &[u8],
        fuel: u64,
        read: impl FnOnce(&[u8]) -> Result<T, ProgramError>,
    ) -> Metered<T> {
        let run = Run {
            module: &self.module,
            linker: &self.linker,
            limits: &self.limits,
            start_bytes: self.initial_memory.saturating_add(self.bytecode_len as u64),
        };
        let called = guarded(|| Ok(run.call(entry, input, fuel)));
        let (result, fuel_used) = called.unwrap_or_else(|error| (Err(error), fuel));
        Metered {
            outcome: result.and_then(|result| read(&result)),
            fuel_used,
        }
    }
}

impl fmt::Debug for CompiledProgram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CompiledProgram")
            .field("bytecode_len", &self.bytecode_len)
            .field("has_custom_hash", &self.has_custom_hash)
            .finish_non_exhaustive()
    }
}

/// Runs the interpreter so that a panic of it is an error. Substrate's panic hook would end the
/// process; nothing of a run outlives it, so nothing is left half-changed.
fn guarded<T>(run: impl FnOnce() -> Result<T, ProgramError>) -> Result<T, ProgramError> {
    let _unwind = AbortGuard::force_unwind();
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| {
        tracing::error!("the WebAssembly interpreter panicked on a program");
        Err(ProgramError::Interpreter)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_of_the_interpreter_is_a_refusal() {
        let outcome: Result<(), _> = guarded(|| panic!("a bug"));
        assert!(matches!(outcome, Err(ProgramError::Interpreter)));
    }
}
