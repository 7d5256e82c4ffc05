//! `docs/http-api.md` says what the code does.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::documentation::{has_table, page};
use signing_primitives::limits::{MAX_AUXILIARY_DATA, MAX_MESSAGE, MAX_RELAY_BODY, MAX_SIGN_BODY};
use std::collections::BTreeSet;

const PAGE: &str = "http-api.md";

/// An error of each kind that has words of its own, on a network of two of three at block 100.
fn examples() -> Vec<RequestError> {
    let no_json = || serde_json::from_str::<bool>("?").unwrap_err();
    let malformed = |part| RequestError::Malformed {
        part,
        source: no_json(),
    };
    let failed = |failure| RequestError::Program { index: 0, failure };
    vec![
        malformed(MalformedPart::Envelope),
        malformed(MalformedPart::SignedMessage),
        malformed(MalformedPart::Request),
        RequestError::Undecryptable(signing_primitives::wire::EnvelopeError::Undecryptable),
        RequestError::WrongSignature,
        RequestError::NotAValidator,
        RequestError::NotActive,
        RequestError::Degraded,
        RequestError::Paused,
        RequestError::ThisNodeIsASigner,
        RequestError::ThisNodeIsNotASigner,
        RequestError::SenderIsNotAValidator,
        RequestError::WrongSignerCount {
            found: 3,
            expected: 2,
        },
        RequestError::DuplicateSigner,
        RequestError::NotAMember,
        RequestError::Expelled,
        RequestError::OtherGeneration {
            named: 1,
            in_force: 4,
        },
        RequestError::ThisNodeIsNotListed,
        RequestError::UserRequestMissing,
        RequestError::NonceMissing,
        RequestError::UserRequestDiffers,
        RequestError::MessageTooLong {
            found: MAX_MESSAGE + 1,
            limit: MAX_MESSAGE,
        },
        RequestError::AuxiliaryDataTooLong {
            found: MAX_AUXILIARY_DATA + 1,
            limit: MAX_AUXILIARY_DATA,
        },
        RequestError::Stale {
            named: 79,
            best: 100,
            window: 20,
        },
        RequestError::FromTheFuture {
            named: 121,
            best: 100,
            window: 20,
        },
        RequestError::Replayed,
        RequestError::TooManyAttempts { limit: 8 },
        RequestError::OverLimit { limit: 20 },
        RequestError::NetworkKey,
        RequestError::NotRegistered,
        RequestError::Sha1,
        RequestError::NotADigest { found: 31 },
        RequestError::NoSuchProgram {
            index: 1,
            programs: 1,
        },
        RequestError::AuxiliaryDataMismatch {
            found: 2,
            programs: 1,
        },
        failed(ProgramFailure::Refused(
            "the recipient is not allowed".into(),
        )),
        failed(ProgramFailure::NoCustomHash),
        failed(ProgramFailure::OutOfFuel),
        failed(ProgramFailure::OutOfMemory),
        failed(ProgramFailure::StackOverflow),
        failed(ProgramFailure::Trapped),
        failed(ProgramFailure::MalformedResult),
        failed(ProgramFailure::BadModule),
        RequestError::ProgramUnavailable { index: 0 },
        RequestError::TooFewSigners { threshold: 2 },
        RequestError::NoSignature,
        RequestError::TimedOut,
        RequestError::Session(SigningFailure::TimedOut {
            absent: BTreeSet::new(),
        }),
        RequestError::Session(SigningFailure::Misbehaved {
            culprits: BTreeSet::new(),
        }),
        RequestError::Session(SigningFailure::NoShare { generation: 4 }),
        RequestError::Busy,
        RequestError::Chain(crate::chain::ChainError::Behind),
        RequestError::Internal("a bug".into()),
    ]
}

/// The documentation's table is this one. Run with `BLESS=1` to write it anew.
#[test]
fn the_documentation_has_this_table() {
    let answers: Vec<ApiError> = examples().into_iter().map(ApiError::from).collect();
    let mut table = String::from(
        "| status | code | meaning | message, for example |\n| --- | --- | --- | --- |\n",
    );
    for code in Code::ALL {
        let answer = answers.iter().find(|answer| answer.code == *code);
        let row = format!(
            "| {} | `{}` | {} | {} |\n",
            code.status().as_u16(),
            code.name(),
            code.meaning(),
            answer.map_or("", |answer| &*answer.message),
        );
        table.push_str(&row);
    }
    has_table(PAGE, "errors", &table);
}

#[test]
fn the_documentation_has_these_limits() {
    let text = std::fs::read_to_string(page(PAGE))
        .unwrap()
        .replace(',', "");
    for limit in [
        MAX_MESSAGE,
        MAX_AUXILIARY_DATA,
        MAX_RELAY_BODY,
        MAX_SIGN_BODY,
    ] {
        assert!(text.contains(&format!("| {limit} bytes |")), "{limit}");
    }
}
