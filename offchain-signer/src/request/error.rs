//! Why a request is not granted.

use super::{programs::ProgramFailure, signing::SigningFailure};
use crate::{chain::ChainError, identity::IdentityError};
use signing_primitives::wire::EnvelopeError;

/// Which layer of a request could not be parsed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum MalformedPart {
    /// The HTTP body: `EncryptedRequest`.
    Envelope,
    /// The plaintext of the envelope: `SignedMessage`.
    SignedMessage,
    /// The message that is signed: `UserSignatureRequest` or `SignRequest`.
    Request,
}

/// Why a request is not granted. The text goes to whoever asked: it holds nothing but what they
/// sent, what the chain says, and the words of their program. Causes on this node's side are
/// sources, for the log.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// A layer of the request is not the JSON it should be.
    #[error("the {} cannot be parsed: {source}", match part {
        MalformedPart::Envelope => "request body",
        MalformedPart::SignedMessage => "signed message in the envelope",
        MalformedPart::Request => "request in the signed message",
    })]
    Malformed {
        /// Which layer.
        part: MalformedPart,
        /// What is wrong with it, in terms of the text that was sent.
        source: serde_json::Error,
    },
    /// The envelope does not open with this node's key.
    #[error("the envelope cannot be opened with this node's x25519 key")]
    Undecryptable(#[from] EnvelopeError),
    /// The signature is not the sender's.
    #[error("the signature is not the sender's over this message")]
    WrongSignature,
    /// This node is no validator of the current session.
    #[error("this node is not a validator of the current session")]
    NotAValidator,
    /// The network has no key yet, or no committee.
    #[error("the network has no signing committee yet")]
    NotActive,
    /// So many members of the committee have lost their seats that the others cannot sign.
    #[error("too few members of the committee are left to sign")]
    Degraded,
    /// Root has paused signing.
    #[error("signing is paused")]
    Paused,
    /// A user's request went to a member of the committee.
    #[error("this node is a signer: ask a validator outside the committee")]
    ThisNodeIsASigner,
    /// A relayer's request went to a node outside the committee.
    #[error("this node is not a member of the committee")]
    ThisNodeIsNotASigner,
    /// The sender of a relayer's request is no validator.
    #[error("the sender is not the signing key of a current validator")]
    SenderIsNotAValidator,
    /// The list of signers is too short or too long.
    #[error("the list names {found} signers, not {expected}")]
    WrongSignerCount {
        /// How many are listed.
        found: usize,
        /// The threshold.
        expected: u32,
    },
    /// The list of signers names one twice.
    #[error("the list names a signer twice")]
    DuplicateSigner,
    /// The list of signers names one that is no member.
    #[error("the list names a signer that is not a member of the committee")]
    NotAMember,
    /// The list of signers names a member that has lost its seat.
    #[error("the list names a member that has lost its seat")]
    Expelled,
    /// The request names a generation that is not in force here.
    #[error("generation {named} is not in force: {in_force} is")]
    OtherGeneration {
        /// The generation that the request names.
        named: u32,
        /// The one in force at the finalized block.
        in_force: u32,
    },
    /// The list of signers does not name this node.
    #[error("the list of signers does not name this node")]
    ThisNodeIsNotListed,
    /// A relayer's request lacks the user's own.
    #[error("the user's signed request is missing")]
    UserRequestMissing,
    /// A relayer's request lacks its nonce.
    #[error("the nonce is missing")]
    NonceMissing,
    /// The user did not sign what the relayer asks for.
    #[error("the user's signed request is another one")]
    UserRequestDiffers,
    /// The message is too long.
    #[error("the message has {found} bytes, more than {limit}")]
    MessageTooLong {
        /// Its length, bytes.
        found: usize,
        /// The most there may be.
        limit: usize,
    },
    /// The auxiliary data is too long.
    #[error("the auxiliary data has {found} bytes, more than {limit}")]
    AuxiliaryDataTooLong {
        /// Its length over all programs, bytes.
        found: usize,
        /// The most there may be.
        limit: usize,
    },
    /// The request names a block that is too far behind.
    #[error("block {named} is more than {window} blocks behind the best block, {best}")]
    Stale {
        /// The block that the request names.
        named: u32,
        /// The best block.
        best: u32,
        /// How far they may be apart.
        window: u32,
    },
    /// The request names a block that is too far ahead.
    #[error("block {named} is more than {window} blocks ahead of the best block, {best}")]
    FromTheFuture {
        /// The block that the request names.
        named: u32,
        /// The best block.
        best: u32,
        /// How far they may be apart.
        window: u32,
    },
    /// This node has granted the same signed request before, or is deciding on it.
    #[error("this signed request has been seen before")]
    Replayed,
    /// The same signed request has been tried too often.
    #[error("this signed request has been tried {limit} times")]
    TooManyAttempts {
        /// How often it may be.
        limit: usize,
    },
    /// The registration has had its requests for this block.
    #[error("more than {limit} requests for this key in one block")]
    OverLimit {
        /// How many there may be.
        limit: u32,
    },
    /// The verifying key is the network's own.
    #[error("this is the network's own key: it signs nothing; register to get a key")]
    NetworkKey,
    /// Nobody has registered the verifying key, or not in a final block yet.
    #[error("no registration that is final has this verifying key")]
    NotRegistered,
    /// SHA-1 was asked for.
    #[error("a SHA-1 digest has 20 bytes and cannot be signed; 32 are needed")]
    Sha1,
    /// `identity` was asked for a message that is not 32 bytes long.
    #[error("with hash `identity` the message must have 32 bytes, not {found}")]
    NotADigest {
        /// The message's length, bytes.
        found: usize,
    },
    /// The custom hash of a program that the registration has not.
    #[error("there is no program {index}: the registration has {programs}")]
    NoSuchProgram {
        /// The program that was asked for, counted from 0.
        index: u64,
        /// How many there are.
        programs: usize,
    },
    /// There is auxiliary data for more or fewer programs than the registration has.
    #[error("auxiliary data for {found} programs: the registration has {programs}")]
    AuxiliaryDataMismatch {
        /// How many entries there are.
        found: usize,
        /// How many programs there are.
        programs: usize,
    },
    /// A program said no, or broke down.
    #[error("program {index}: {failure}")]
    Program {
        /// Which of the registration's programs, counted from 0.
        index: usize,
        /// What happened.
        failure: ProgramFailure,
    },
    /// A registered program is not on chain, or needs what this node cannot give it.
    #[error("program {index} cannot be run here")]
    ProgramUnavailable {
        /// Which of the registration's programs, counted from 0.
        index: usize,
    },
    /// Fewer members of the committee can be reached than it takes.
    #[error("fewer than {threshold} members of the committee have announced where they are")]
    TooFewSigners {
        /// How many it takes.
        threshold: u32,
    },
    /// No set of signers made the signature.
    #[error("the signers that were asked could not make the signature")]
    NoSignature,
    /// The signature was not there in time.
    #[error("the signers did not make the signature in time")]
    TimedOut,
    /// The session on this signer failed.
    #[error("the signing session failed")]
    Session(#[from] SigningFailure),
    /// This node has too much to do.
    #[error("this node is busy: try again or ask another")]
    Busy,
    /// This node cannot read the chain.
    #[error("this node cannot read the chain; it may still be catching up")]
    Chain(#[from] ChainError),
    /// This node cannot use its session key.
    #[error("this node cannot use its session key")]
    Identity(#[from] IdentityError),
    /// A bug, or a machine out of resources.
    #[error("an internal error")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}
