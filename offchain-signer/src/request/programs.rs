//! What is asked of a registration's programs.

use crate::chain::{Program, ProgramKey};
use sp_core::crypto::AccountId32;

/// A request, as one program sees it.
#[derive(Clone, Copy, Debug)]
pub struct ProgramInput<'a> {
    /// What is to be signed, before it is hashed.
    pub message: &'a [u8],
    /// What the user added for this program.
    pub auxiliary_data: Option<&'a [u8]>,
    /// The configuration of this instance of the program.
    pub config: &'a [u8],
    /// The account that signed the request.
    pub requester: &'a AccountId32,
}

/// A program did not say yes.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ProgramFailure {
    /// It said no, in these words.
    #[error("{0}")]
    Refused(String),
    /// It has no `custom_hash`.
    #[error("has no custom hash")]
    NoCustomHash,
    /// It burnt all its fuel.
    #[error("ran out of fuel")]
    OutOfFuel,
    /// It wanted more memory than it may have.
    #[error("wanted more memory than it may have")]
    OutOfMemory,
    /// Its calls nest too deep.
    #[error("nests its calls too deep")]
    StackOverflow,
    /// It did what WebAssembly forbids, or gave up.
    #[error("ended abnormally")]
    Trapped,
    /// It did not answer as its ABI says.
    #[error("did not answer as its ABI says")]
    MalformedResult,
    /// It is no module that could be run.
    #[error("is not a program that can be run")]
    BadModule,
}

/// Runs programs. Calls block, for no longer than `fuel` allows, and are made on blocking threads. They
/// take from `fuel` what they use.
pub trait EvaluateProgram: Send + Sync + 'static {
    /// Asks the program whether to sign. `key` names `program` for good, so that what is compiled
    /// may be kept under it.
    fn evaluate(
        &self,
        key: ProgramKey,
        program: &Program,
        fuel: &mut u64,
        input: ProgramInput<'_>,
    ) -> Result<(), ProgramFailure>;

    /// Asks the program to hash the message. (Not to be trusted with more than that: the program's
    /// owner chooses what is signed when he chooses the hash.)
    fn custom_hash(
        &self,
        key: ProgramKey,
        program: &Program,
        fuel: &mut u64,
        message: &[u8],
    ) -> Result<[u8; 32], ProgramFailure>;
}
