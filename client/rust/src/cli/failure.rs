//! What goes wrong, and how it is told.

use super::values::{ReportId, SourceError};
use serde_json::{json, Value};
use signing_client::{
    AccountError, ChainError, ConnectError, HistoryError, HttpError, ModuleError, RegisterError,
    SignError, TransactionError,
};
use std::{error::Error, process::ExitCode};

/// A command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("no key: give --suri or --key-file, or set SIGNING_SURI or SIGNING_KEY_FILE")]
    NoKey,
    #[error("two keys: give one of --suri and --key-file, or unset one of SIGNING_SURI and SIGNING_KEY_FILE")]
    TwoKeys,
    #[error(transparent)]
    Account(#[from] AccountError),
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error(transparent)]
    Chain(#[from] ChainError),
    #[error(transparent)]
    Transaction(#[from] TransactionError),
    #[error(transparent)]
    Register(RegisterError),
    #[error(transparent)]
    Sign(Box<SignError>),
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error("cannot read standard input")]
    StandardInput(#[source] std::io::Error),
    #[error("the message is empty; if that is what you mean: --hex ''")]
    EmptyMessage,
    #[error("not a program: {0}")]
    Module(#[from] ModuleError),
    #[error("{what} has {found} bytes; at most {limit} are allowed")]
    TooLong {
        what: &'static str,
        found: usize,
        limit: usize,
    },
    #[error("{found} {what}; at most {limit} are allowed")]
    TooMany {
        what: &'static str,
        found: usize,
        limit: usize,
    },
    #[error("0x{} is not registered on this chain", hex::encode(.0))]
    NotRegistered([u8; 33]),
    #[error(transparent)]
    History(#[from] HistoryError),
    #[error("{}", no_report(.id, .others))]
    NoReport { id: ReportId, others: Vec<String> },
    #[error("the fee is larger than a fee can be")]
    FeeTooLarge,
    #[error("the tip is more than all that a unit of gas may cost: give a --max-fee that is at least --max-priority-fee")]
    TipAboveFee,
    #[error("not the signing payload of an EIP-1559 transaction")]
    NotAPayload,
    #[error("not a signature: expected r ‖ s ‖ v, 65 bytes, s in the lower half of its range")]
    NotASignature,
    #[error("the sender is {found}, not {expected}")]
    OtherSender {
        found: alloy_primitives::Address,
        expected: alloy_primitives::Address,
    },
}

impl From<SignError> for Failure {
    fn from(error: SignError) -> Self {
        Self::Sign(Box::new(error))
    }
}

impl From<RegisterError> for Failure {
    fn from(error: RegisterError) -> Self {
        match error {
            RegisterError::Transaction(error) => Self::Transaction(error),
            other => Self::Register(other),
        }
    }
}

/// The command line is wrong.
const USAGE: u8 = 2;
/// The network refused to sign.
const REFUSED: u8 = 3;
/// There is a signature that could not be verified.
pub(crate) const UNVERIFIED: u8 = 4;
/// What was checked here is not what the chain says.
pub(crate) const DISPUTED: u8 = 5;

fn no_report(id: &ReportId, others: &[String]) -> String {
    match (others, id.index) {
        ([], _) => format!("there is no report in block {}", id.block),
        (others, None) => format!("say which report is meant: {}", others.join(", ")),
        (others, Some(_)) => {
            let others = others.join(", ");
            format!(
                "{id} is no report; in block {} there are {others}",
                id.block
            )
        }
    }
}

impl Failure {
    fn exit_code(&self) -> u8 {
        match self {
            Self::NoKey
            | Self::TwoKeys
            | Self::Account(_)
            | Self::EmptyMessage
            | Self::TooLong { .. }
            | Self::TooMany { .. } => USAGE,
            Self::OtherSender { .. } | Self::NotASignature => UNVERIFIED,
            Self::Sign(error) => match error.as_ref() {
                SignError::Refused(_) => REFUSED,
                SignError::Untrustworthy { .. } => UNVERIFIED,
                _ => 1,
            },
            _ => 1,
        }
    }

    /// What programs go by. Stable; the network's own code where it refused.
    fn code(&self) -> String {
        let code = match self {
            Self::NoKey => "no_key",
            Self::TwoKeys => "two_keys",
            Self::Account(_) => "bad_key",
            Self::Connect(_) | Self::Chain(_) => "chain_unavailable",
            Self::Transaction(error) => return transaction_code(error),
            Self::Register(_) => "transaction_failed",
            Self::Sign(error) => return sign_code(error),
            Self::Source(_) | Self::StandardInput(_) => "unreadable_file",
            Self::Module(_) => "not_a_program",
            Self::EmptyMessage
            | Self::TooLong { .. }
            | Self::TooMany { .. }
            | Self::FeeTooLarge
            | Self::TipAboveFee => "bad_value",
            Self::NotRegistered(_) => "not_registered",
            Self::History(HistoryError::NoSuchBlock { .. }) => "no_such_block",
            Self::History(HistoryError::Chain(_) | HistoryError::NoMetadata(_)) => {
                "chain_unavailable"
            }
            Self::History(_) => "incompatible_chain",
            Self::NoReport { .. } => "no_such_report",
            Self::NotAPayload => "bad_payload",
            Self::NotASignature => "bad_signature",
            Self::OtherSender { .. } => "other_sender",
        };
        code.into()
    }

    /// Tells the error: on standard error, and as JSON on standard output if that was asked for.
    pub(crate) fn print(&self, json: bool) -> ExitCode {
        let message = with_causes(self);
        eprintln!("error: {message}");
        if json {
            println!("{}", in_json(&self.code(), &message));
        }
        ExitCode::from(self.exit_code())
    }
}

/// A wrong command line, as [`Failure::print`] tells errors in JSON.
pub(crate) fn usage(error: &clap::Error) -> Value {
    // What follows an empty line is how it is used.
    let text = error.to_string();
    let words = text.split("\n\n").next().unwrap_or_default();
    let words: Vec<_> = words.split_whitespace().collect();
    let message = words.join(" ");
    let message = message.trim_start_matches("error: ");
    in_json("usage", message)
}

fn in_json(code: &str, message: &str) -> Value {
    json!({ "error": { "code": code, "message": message } })
}

fn transaction_code(error: &TransactionError) -> String {
    match error {
        TransactionError::Chain(_) | TransactionError::NoMetadata(_) => "chain_unavailable".into(),
        TransactionError::Failed { failure, .. } => failure.name.clone(),
        TransactionError::BalanceTooLow { .. } => "balance_too_low".into(),
        TransactionError::Refused { .. } => "transaction_refused".into(),
        TransactionError::Unencodable { .. } => "incompatible_chain".into(),
        TransactionError::TimedOut { .. } => "transaction_timed_out".into(),
        _ => "transaction_failed".into(),
    }
}

fn sign_code(error: &SignError) -> String {
    let code = match error {
        SignError::Refused(error) => return error.code.clone(),
        SignError::Chain(_) => "chain_unavailable",
        SignError::NotActive(_) => "not_active",
        SignError::Paused => "paused",
        SignError::NotRegistered { .. } => "not_registered",
        SignError::NotAKey(_) => "bad_key",
        SignError::MessageTooLong { .. } => "message_too_long",
        SignError::AuxiliaryDataTooLong { .. } => "auxiliary_data_too_long",
        SignError::Digest(_) => "bad_hash",
        SignError::OtherDigest { .. } => "other_digest",
        SignError::Relayer(_) => "no_relayer",
        SignError::NoAnswer { source, .. } => match source {
            HttpError::Unreachable { .. } => "relayer_unreachable",
            _ => "bad_answer",
        },
        SignError::Untrustworthy { .. } => "untrustworthy_answer",
        _ => "sign_failed",
    };
    code.into()
}

/// An error and its causes in one line. Causes that an error has already told are left out.
pub(crate) fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        // What subxt and jsonrpsee put before a cause, each of them again.
        let words = words
            .rsplit("RPC error: client error: ")
            .next()
            .unwrap_or(&words);
        if !text.contains(words) {
            text.push_str(": ");
            text.push_str(words);
        }
        cause = error.source();
    }
    text
}
