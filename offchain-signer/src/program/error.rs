//! Why a program did not say yes.

use std::sync::Arc;

use wasmi::{
    errors::{ErrorKind, InstantiationError, MemoryError},
    TrapCode,
};

/// Why a program did not say yes. Each of these is a refusal: nothing is signed.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProgramError {
    /// It said no, and why. The text is the program's, at most 512 bytes, without control
    /// characters.
    #[error("the program refused: {0}")]
    Refused(String),
    /// It used all its fuel.
    #[error("the program ran out of fuel")]
    OutOfFuel,
    /// It wanted more memory than there is for it.
    #[error("the program ran out of memory")]
    OutOfMemory,
    /// Its calls nest too deep.
    #[error("the program's calls nest too deep")]
    StackOverflow,
    /// It did what WebAssembly forbids, or gave up (Rust programs that panic do).
    #[error("the program ended abnormally: {0}")]
    Trapped(TrapCode),
    /// Its result, or the place for its input, is outside its memory or not of a known form.
    #[error("the program did not answer as its ABI says")]
    MalformedResult,
    /// It has no `custom_hash`.
    #[error("the program has no custom hash")]
    NoCustomHash,
    /// The input is too long for any program.
    #[error("the input has {len} bytes, over the limit of {max}")]
    InputTooLong {
        /// Its length, encoded.
        len: usize,
        /// The limit.
        max: usize,
    },
    /// The module is too long.
    #[error("the module has {len} bytes, over the limit of {max}")]
    ModuleTooLong {
        /// Its length.
        len: usize,
        /// The limit.
        max: usize,
    },
    /// The module is not WebAssembly, or uses features that programs have not.
    #[error("the module is not valid")]
    InvalidModule(#[source] Arc<dyn std::error::Error + Send + Sync>),
    /// The module has more of something than programs may have.
    #[error("the module has more {what} than the limit of {max}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// The limit.
        max: u32,
    },
    /// The module is not written for an ABI version that this signer speaks.
    #[error(
        "the module is not written for ABI version {}",
        signing_program_sdk::abi::VERSION
    )]
    AbiVersion,
    /// The module lacks an export.
    #[error("the module does not export `{0}`")]
    MissingExport(&'static str),
    /// An export of the module is not of the type that it should be.
    #[error("the export `{0}` is not of the right type")]
    WrongExport(&'static str),
    /// The module wants to import something that programs cannot have.
    #[error("the module imports `{0}`")]
    ForbiddenImport(String),
    /// The interpreter panicked: a bug in it, not in the signer's handling of the program.
    #[error("the interpreter failed")]
    Interpreter,
}

impl ProgramError {
    pub(super) fn invalid(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::InvalidModule(Arc::new(error))
    }

    /// From an error while instantiating or running.
    pub(super) fn from_run(error: wasmi::Error) -> Self {
        match error.kind() {
            ErrorKind::Memory(
                MemoryError::ResourceLimiterDeniedAllocation | MemoryError::OutOfSystemMemory,
            )
            | ErrorKind::Instantiation(
                InstantiationError::FailedToInstantiateMemory(_)
                | InstantiationError::FailedToInstantiateTable(_)
                | InstantiationError::TooManyTables,
            ) => return Self::OutOfMemory,
            ErrorKind::Instantiation(InstantiationError::ElementSegmentDoesNotFit { .. }) => {
                return Self::Trapped(TrapCode::TableOutOfBounds)
            }
            _ => {}
        }
        match error.as_trap_code() {
            Some(TrapCode::OutOfFuel) => Self::OutOfFuel,
            Some(TrapCode::GrowthOperationLimited | TrapCode::OutOfSystemMemory) => {
                Self::OutOfMemory
            }
            Some(TrapCode::StackOverflow) => Self::StackOverflow,
            Some(trap) => Self::Trapped(trap),
            None => Self::invalid(error),
        }
    }
}
