//! `docs/http-api.md` says what the code does.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::{
    api::{body, ApiConfig, Connections},
    chain::BlockNumber,
    documentation::has_table,
    request::{limits, RelayConfig},
};
use signing_primitives::{
    limits::{MAX_AUXILIARY_DATA, MAX_MESSAGE, MAX_RELAY_BODY, MAX_SIGN_BODY},
    Parameters,
};
use std::{collections::BTreeSet, time::Duration};

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
    let answers: Vec<ApiError> = examples().iter().map(ApiError::from).collect();
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

/// With commas between the thousands.
fn grouped(number: impl ToString) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

fn seconds(time: Duration) -> String {
    format!("{} s", time.as_secs_f64())
}

/// So is its table of limits. `BLESS=1` writes that, too.
#[test]
fn the_documentation_has_these_limits() {
    let api = ApiConfig::default();
    let relay = RelayConfig::default();
    let connections = Connections::default();
    let table = format!(
        "\
| what | limit |
| --- | --- |
| message | {message} bytes |
| auxiliary data of one request | {auxiliary_data} bytes |
| body of `relay_tx` | {relay_body} bytes |
| body of `sign_tx` | {sign_body} bytes |
| time for a body to arrive | {body_timeout} |
| time for one set of signers | {attempt_timeout} |
| time for a user's request, over at most {sets} sets | {deadline} |
| time for any request in all | {request_timeout}, then `timed_out` |
| attempts at one signed request that a signer takes part in | {attempts} |
| evaluations of its programs for one signed request, granted or refused | {per_request} on each node, then `too_many_attempts` |
| requests in work on one node | {concurrency} |
| connections to one node | {connections}; more are closed at once |
| connections from one address, or one IPv6 /64 | {per_address}; {on_loopback} from a loopback address |
| time for the head of a request, and for an idle connection | {head_timeout} |
| memory of requests in work on one node | {memory} MiB; {small_part} MiB of it are for requests that take at most {small} KiB each |
| wait for memory | {memory_patience}, then `busy` |
| granted requests for one key in one block | the chain's parameter `request_limit`, {request_limit} by default |
| evaluated requests for one key in one block, granted or not | {per_grant} times as many; half of them only for the {requesters} requesters that its programs have granted last on this node, in the last {known_for} blocks: for each as many from one grant to the next, and one more after every {paid_back_after} blocks |
| evaluations for one key at a time on one node | {turns}, of which others than those requesters have at most {of_strangers} |
| wait for an evaluation to begin | {turn_patience}, then `busy` |
| requests for one key in work on one relayer, waiting or not | {places}, then `busy` |
| requests that a relayer has signed at a time | 1 to {pace_most}, fewer when signers take long; {pace_of_one_key} for one key |
| wait until a relayer's signers are asked | {pace_patience}, then `busy` |
",
        message = grouped(MAX_MESSAGE),
        auxiliary_data = grouped(MAX_AUXILIARY_DATA),
        relay_body = grouped(MAX_RELAY_BODY),
        sign_body = grouped(MAX_SIGN_BODY),
        body_timeout = seconds(api.body_timeout),
        attempt_timeout = seconds(relay.attempt_timeout),
        sets = relay.attempts,
        deadline = seconds(relay.deadline),
        request_timeout = seconds(api.request_timeout),
        attempts = limits::MAX_ATTEMPTS,
        per_request = limits::EVALUATIONS_PER_REQUEST,
        concurrency = api.concurrency,
        connections = grouped(connections.most),
        per_address = connections.per_address,
        on_loopback = connections.on_loopback,
        head_timeout = seconds(connections.head_timeout),
        memory = api.memory >> 20,
        small_part = (api.memory / body::SMALL_PART) >> 20,
        small = body::SMALL >> 10,
        memory_patience = seconds(body::PATIENCE),
        request_limit = Parameters::<BlockNumber>::default().request_limit,
        per_grant = limits::EVALUATIONS_PER_GRANT,
        requesters = limits::REQUESTERS,
        known_for = grouped(limits::MEMORY),
        paid_back_after = limits::PAID_BACK_AFTER,
        turns = limits::OF_ONE_KEY,
        of_strangers = limits::OF_STRANGERS,
        turn_patience = seconds(limits::PATIENCE),
        places = limits::PLACES_OF_ONE_KEY,
        pace_most = limits::PACE_MOST,
        pace_of_one_key = limits::PACE_OF_ONE_KEY,
        pace_patience = seconds(limits::PACE_PATIENCE),
    );
    has_table(PAGE, "limits", &table);
}
