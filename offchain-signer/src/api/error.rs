//! Every answer that is not a success: one table.

use crate::request::{MalformedPart, ProgramFailure, RequestError, SigningFailure};
use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
    Json,
};
use signing_primitives::wire::ApiErrorBody;
use std::{borrow::Cow, error::Error};

/// Makes the enum of codes and its table from one list.
macro_rules! codes {
    ($($variant:ident $status:literal $name:literal $meaning:literal)*) => {
        /// What can go wrong, as clients are told. Codes are stable; `docs/http-api.md` lists them.
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        #[non_exhaustive]
        pub enum Code {
            $(#[doc = $meaning] $variant,)*
        }

        impl Code {
            /// All of them, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The HTTP status.
            pub fn status(self) -> StatusCode {
                let status: u16 = match self { $(Self::$variant => $status,)* };
                StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
            }

            /// The stable name.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What it means, for the documentation and as the message where there is no other.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)* }
            }
        }
    };
}

codes! {
    NotFound 404 "not_found" "There is no such route."
    MethodNotAllowed 405 "method_not_allowed" "The route takes another method."
    UpgradeRequired 400 "upgrade_required" "`/ws` takes WebSocket connections only."
    BodyTooLarge 413 "body_too_large" "The body is longer than any valid request."
    BodyTimeout 408 "body_timeout" "The body did not arrive in time, or broke off."
    EnvelopeMalformed 400 "envelope_malformed" "The body is not the JSON of an encrypted request."
    EnvelopeUndecryptable 400 "envelope_undecryptable" "The envelope does not open with this node's x25519 key."
    SignedMessageMalformed 400 "signed_message_malformed" "The envelope does not hold the JSON of a signed message."
    SignatureInvalid 401 "signature_invalid" "The signature inside is not the sender's, or in `sign_tx` one of the two is not."
    RequestMalformed 400 "request_malformed" "The signed message is not the JSON of a request."
    NotAValidator 503 "not_a_validator" "This node is not a validator of the current session."
    NetworkNotActive 503 "network_not_active" "The network has no key and committee yet."
    NetworkDegraded 503 "network_degraded" "So many members of the committee have lost their seats that the others cannot sign."
    NetworkPaused 503 "network_paused" "Root has paused signing."
    NodeIsSigner 400 "node_is_signer" "`relay_tx` was sent to a member of the committee; ask a validator outside of it."
    NodeIsNotSigner 400 "node_is_not_signer" "`sign_tx` was sent to a node outside the committee."
    SenderNotValidator 403 "sender_not_validator" "`sign_tx` came from an account that is no current validator's signing key."
    SignerCountWrong 400 "signer_count_wrong" "`sign_tx` lists fewer or more signers than the threshold."
    SignerDuplicate 400 "signer_duplicate" "`sign_tx` lists a signer twice."
    SignerNotMember 400 "signer_not_member" "`sign_tx` lists a signer that is no member of the committee."
    SignerExpelled 400 "signer_expelled" "`sign_tx` lists a member of the committee that has lost its seat."
    GenerationNotInForce 409 "generation_not_in_force" "`sign_tx` names a generation that is not in force on this node, nor was just before or will be next."
    SignerListWithoutNode 400 "signer_list_without_node" "`sign_tx` does not list the node that it was sent to."
    NonceMissing 400 "nonce_missing" "`sign_tx` has no nonce."
    UserRequestMissing 400 "user_request_missing" "`sign_tx` does not hold the user's signed request."
    UserRequestDiffers 400 "user_request_differs" "`sign_tx` asks for something else than the user's signed request does."
    MessageTooLarge 413 "message_too_large" "The message has more than 1,000,000 bytes."
    AuxiliaryDataTooLarge 413 "auxiliary_data_too_large" "The auxiliary data has more than 100,000 bytes in all."
    BlockStale 400 "block_stale" "The block number is too far behind the best block."
    BlockInFuture 400 "block_in_future" "The block number is too far ahead of the best block."
    RequestReplayed 409 "request_replayed" "This node has granted the same signed request before, or is deciding on it."
    TooManyAttempts 409 "too_many_attempts" "The same signed request has been tried too often."
    RateLimited 429 "rate_limited" "The key has had as many requests in this block as it may have."
    KeyIsNetworkKey 400 "key_is_network_key" "The verifying key is the network's own, which signs nothing."
    KeyNotRegistered 404 "key_not_registered" "No registration has the verifying key, or none that is final yet."
    HashUnsupported 400 "hash_unsupported" "`sha1`: 20 bytes cannot be signed."
    HashNeeds32Bytes 400 "hash_needs_32_bytes" "`identity`: the message must have 32 bytes."
    HashOutOfRange 400 "hash_out_of_range" "`custom`: the registration has no program of this index."
    HashNotProvided 400 "hash_not_provided" "`custom`: the program has no custom hash."
    AuxiliaryDataMismatch 400 "auxiliary_data_mismatch" "There is auxiliary data for more or fewer programs than the registration has."
    ProgramRefused 403 "program_refused" "A program said no; the message holds its words."
    ProgramOutOfFuel 422 "program_out_of_fuel" "A program burnt all its fuel."
    ProgramOutOfMemory 422 "program_out_of_memory" "A program wanted more memory than it may have."
    ProgramStackOverflow 422 "program_stack_overflow" "A program's calls nest too deep."
    ProgramTrapped 422 "program_trapped" "A program ended abnormally."
    ProgramBadResult 422 "program_bad_result" "A program did not answer as its ABI says."
    ProgramInvalid 422 "program_invalid" "A program is not a module that can be run."
    ProgramUnavailable 503 "program_unavailable" "A program is not on chain, or needs oracle data that this node has not."
    TooFewSigners 503 "too_few_signers" "Fewer members of the committee than it takes have announced where they are."
    SigningFailed 502 "signing_failed" "No set of signers that was asked made the signature."
    SigningTimedOut 504 "signing_timed_out" "The signers did not make the signature in time."
    SessionFailed 502 "session_failed" "From a signer: another participant broke the protocol's rules."
    SessionTimedOut 504 "session_timed_out" "From a signer: another participant was silent."
    NoShare 503 "no_share" "From a signer: it holds no key share of this generation."
    Busy 503 "busy" "This node has too much to do: try again, or ask another."
    TimedOut 504 "timed_out" "The request took too long on this node."
    NoSigningKey 503 "no_signing_key" "This node has no `signing` session key."
    ChainUnavailable 503 "chain_unavailable" "This node cannot read the chain; it may still be catching up."
    Internal 500 "internal" "An error of this node's own; its log says more."
}

impl Code {
    /// The code of a request's error.
    pub fn of(error: &RequestError) -> Self {
        match error {
            RequestError::Malformed { part, .. } => match part {
                MalformedPart::Envelope => Self::EnvelopeMalformed,
                MalformedPart::SignedMessage => Self::SignedMessageMalformed,
                MalformedPart::Request => Self::RequestMalformed,
            },
            RequestError::Undecryptable(_) => Self::EnvelopeUndecryptable,
            RequestError::WrongSignature => Self::SignatureInvalid,
            RequestError::NotAValidator => Self::NotAValidator,
            RequestError::NotActive => Self::NetworkNotActive,
            RequestError::Degraded => Self::NetworkDegraded,
            RequestError::Paused => Self::NetworkPaused,
            RequestError::ThisNodeIsASigner => Self::NodeIsSigner,
            RequestError::ThisNodeIsNotASigner => Self::NodeIsNotSigner,
            RequestError::SenderIsNotAValidator => Self::SenderNotValidator,
            RequestError::WrongSignerCount { .. } => Self::SignerCountWrong,
            RequestError::DuplicateSigner => Self::SignerDuplicate,
            RequestError::NotAMember => Self::SignerNotMember,
            RequestError::Expelled => Self::SignerExpelled,
            RequestError::OtherGeneration { .. } => Self::GenerationNotInForce,
            RequestError::ThisNodeIsNotListed => Self::SignerListWithoutNode,
            RequestError::UserRequestMissing => Self::UserRequestMissing,
            RequestError::NonceMissing => Self::NonceMissing,
            RequestError::UserRequestDiffers => Self::UserRequestDiffers,
            RequestError::MessageTooLong { .. } => Self::MessageTooLarge,
            RequestError::AuxiliaryDataTooLong { .. } => Self::AuxiliaryDataTooLarge,
            RequestError::Stale { .. } => Self::BlockStale,
            RequestError::FromTheFuture { .. } => Self::BlockInFuture,
            RequestError::Replayed => Self::RequestReplayed,
            RequestError::TooManyAttempts { .. } => Self::TooManyAttempts,
            RequestError::OverLimit { .. } => Self::RateLimited,
            RequestError::NetworkKey => Self::KeyIsNetworkKey,
            RequestError::NotRegistered => Self::KeyNotRegistered,
            RequestError::Sha1 => Self::HashUnsupported,
            RequestError::NotADigest { .. } => Self::HashNeeds32Bytes,
            RequestError::NoSuchProgram { .. } => Self::HashOutOfRange,
            RequestError::AuxiliaryDataMismatch { .. } => Self::AuxiliaryDataMismatch,
            RequestError::Program { failure, .. } => Self::of_program(failure),
            RequestError::ProgramUnavailable { .. } => Self::ProgramUnavailable,
            RequestError::TooFewSigners { .. } => Self::TooFewSigners,
            RequestError::NoSignature => Self::SigningFailed,
            RequestError::TimedOut => Self::SigningTimedOut,
            RequestError::Session(failure) => match failure {
                SigningFailure::TimedOut { .. } => Self::SessionTimedOut,
                SigningFailure::Misbehaved { .. } => Self::SessionFailed,
                SigningFailure::NoShare { .. } => Self::NoShare,
                SigningFailure::Busy => Self::Busy,
                SigningFailure::Internal(_) => Self::Internal,
            },
            RequestError::Busy => Self::Busy,
            RequestError::Chain(_) => Self::ChainUnavailable,
            RequestError::Identity(_) | RequestError::Internal(_) => Self::Internal,
        }
    }

    fn of_program(failure: &ProgramFailure) -> Self {
        match failure {
            ProgramFailure::Refused(_) => Self::ProgramRefused,
            ProgramFailure::NoCustomHash => Self::HashNotProvided,
            ProgramFailure::OutOfFuel => Self::ProgramOutOfFuel,
            ProgramFailure::OutOfMemory => Self::ProgramOutOfMemory,
            ProgramFailure::StackOverflow => Self::ProgramStackOverflow,
            ProgramFailure::Trapped => Self::ProgramTrapped,
            ProgramFailure::MalformedResult => Self::ProgramBadResult,
            ProgramFailure::BadModule => Self::ProgramInvalid,
        }
    }
}

/// An error answer: a status, and a JSON body of code and message.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ApiError {
    code: Code,
    message: Cow<'static, str>,
}

impl From<Code> for ApiError {
    fn from(code: Code) -> Self {
        Self {
            code,
            message: code.meaning().into(),
        }
    }
}

impl From<&RequestError> for ApiError {
    /// Logs what the peer is not told.
    fn from(error: &RequestError) -> Self {
        let code = Code::of(error);
        let cause = error as &dyn Error;
        // What a peer can cause at will must not fill the log.
        if code.status().is_server_error() {
            tracing::warn!(code = code.name(), error = cause, "a request failed");
        } else {
            tracing::debug!(code = code.name(), error = cause, "a request was refused");
        }
        Self {
            code,
            message: error.to_string().into(),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = ApiErrorBody {
            code: self.code.name().to_owned(),
            message: self.message.into_owned(),
        };
        let mut response = (self.code.status(), Json(body)).into_response();
        // For the metrics.
        response.extensions_mut().insert(self.code);
        response
    }
}

#[cfg(test)]
mod documentation;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn codes_are_distinct_and_statuses_are_errors() {
        let names: BTreeSet<_> = Code::ALL.iter().map(|code| code.name()).collect();
        assert_eq!(names.len(), Code::ALL.len());
        for code in Code::ALL {
            let status = code.status();
            assert!(
                status.is_client_error() || status.is_server_error(),
                "{code:?}"
            );
        }
    }

    #[test]
    fn causes_are_not_told() {
        let secret = RequestError::Internal("/var/lib/secret".into());
        let told = ApiError::from(&secret);
        assert_eq!(
            (told.code, &*told.message),
            (Code::Internal, "an internal error")
        );
    }
}
