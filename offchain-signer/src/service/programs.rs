//! The programs of registrations, run by the program engine.

use crate::{
    chain::{Program, ProgramKey},
    program::{CompiledProgram, Input, Metered, ProgramEngine, ProgramError},
    request::{EvaluateProgram, ProgramFailure, ProgramInput},
};
use std::sync::Arc;

impl EvaluateProgram for ProgramEngine {
    fn evaluate(
        &self,
        key: ProgramKey,
        program: &Program,
        fuel: &mut u64,
        input: ProgramInput<'_>,
    ) -> Result<(), ProgramFailure> {
        let input = Input {
            message: input.message,
            auxiliary_data: input.auxiliary_data,
            config: input.config,
            oracle_data: Vec::new(),
            requester: input.requester.as_ref(),
        };
        let program = compiled(self, key, program)?;
        Ok(self.burn(program.evaluate_metered(&input, *fuel), fuel)?)
    }

    fn custom_hash(
        &self,
        key: ProgramKey,
        program: &Program,
        fuel: &mut u64,
        message: &[u8],
    ) -> Result<[u8; 32], ProgramFailure> {
        let program = compiled(self, key, program)?;
        Ok(self.burn(program.custom_hash_metered(message, *fuel), fuel)?)
    }
}

impl ProgramEngine {
    /// Counts a run, and takes what it has used.
    fn burn<T>(&self, run: Metered<T>, fuel: &mut u64) -> Result<T, ProgramError> {
        *fuel = fuel.saturating_sub(run.fuel_used);
        self.note(run)
    }
}

fn compiled(
    engine: &ProgramEngine,
    key: ProgramKey,
    program: &Program,
) -> Result<Arc<CompiledProgram>, ProgramError> {
    engine.load(key, &program.bytecode)
}

impl From<ProgramError> for ProgramFailure {
    fn from(error: ProgramError) -> Self {
        match error {
            ProgramError::Refused(text) => Self::Refused(text),
            ProgramError::OutOfFuel => Self::OutOfFuel,
            ProgramError::OutOfMemory => Self::OutOfMemory,
            ProgramError::StackOverflow => Self::StackOverflow,
            ProgramError::Trapped(_) => Self::Trapped,
            ProgramError::MalformedResult => Self::MalformedResult,
            ProgramError::NoCustomHash => Self::NoCustomHash,
            error => {
                tracing::debug!(%error, "a program that cannot be run");
                Self::BadModule
            }
        }
    }
}
