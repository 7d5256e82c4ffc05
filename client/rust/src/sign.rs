//! Asking the network for a signature, and trusting nobody's word for it.
//!
//! ```text
//! chain ── committee, relayers, best block ──► choose a relayer
//! request ── sign (sr25519) ── encrypt (HPKE) ──► POST /user/relay_tx
//! answers ── who vouches, which key ──► Signature
//! ```

mod flow;

pub(crate) use flow::sign;

use crate::{
    account::Account,
    address::{EthereumAddress, NotAKey},
    chain::{AccountId, ChainError, VerifyingKey},
    http::{ApiError, HttpError},
    relayer::{Relayer, RelayerError},
    verify::VerifyError,
};
use signing_primitives::{
    limits::{MAX_AUXILIARY_DATA, MAX_MESSAGE},
    wire::{DigestError, EnvelopeError, HashChoice},
};
use std::time::Duration;

/// How long one relayer may take by default: it tries several sets of signers in that time.
pub const RELAYER_TIMEOUT: Duration = Duration::from_secs(60);

/// What to sign, with which key, and who asks.
#[derive(Clone, Debug)]
pub struct SignOptions {
    /// The registration's key, SEC1 compressed.
    pub verifying_key: VerifyingKey,
    /// What is to be hashed and signed, at most 1 MB.
    pub message: Vec<u8>,
    /// How the message becomes the digest that is signed.
    pub hash: HashChoice,
    /// What each of the registration's programs is given besides, in their order.
    pub auxiliary_data: Option<Vec<Option<Vec<u8>>>>,
    /// Who asks: programs see this account.
    pub requester: Account,
    /// Which relayer to use, `host:port`, in place of a random one.
    pub relayer: Option<String>,
    /// The digest that is expected. Only the program knows the digest of a custom hash: without
    /// this the signature of one cannot be checked. With a built-in hash it must equal the digest.
    pub digest: Option<[u8; 32]>,
    /// How long one relayer may take.
    pub timeout: Duration,
}

impl SignOptions {
    /// Options with the given essentials, Keccak-256, and the defaults.
    pub fn new(verifying_key: VerifyingKey, message: Vec<u8>, requester: Account) -> Self {
        Self {
            verifying_key,
            message,
            hash: HashChoice::Keccak,
            auxiliary_data: None,
            requester,
            relayer: None,
            digest: None,
            timeout: RELAYER_TIMEOUT,
        }
    }
}

/// A signature by the network.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Signature {
    /// Big-endian.
    pub r: [u8; 32],
    /// Big-endian, in the lower half of its range.
    pub s: [u8; 32],
    /// The recovery id: 0 or 1.
    pub v: u8,
    /// The key that it verifies under, SEC1 compressed.
    pub verifying_key: VerifyingKey,
    /// That key's Ethereum address.
    pub address: EthereumAddress,
    /// What was signed; unknown for a custom hash, unless it was given.
    pub digest: Option<[u8; 32]>,
    /// Stash accounts of the committee members that vouch for it.
    pub signers: Vec<AccountId>,
    /// Who relayed the request.
    pub relayer: Relayer,
    /// Whether the signature was seen to recover to the verifying key. `false` only where there was
    /// no digest to check: then a threshold of signers vouches for it, and nothing else.
    pub verified: bool,
}

impl Signature {
    /// r ‖ s ‖ v.
    pub fn to_bytes(&self) -> [u8; 65] {
        let mut bytes = [0; 65];
        let parts = self.r.iter().chain(&self.s).chain([&self.v]);
        bytes
            .iter_mut()
            .zip(parts)
            .for_each(|(to, from)| *to = *from);
        bytes
    }
}

/// There is no signature, or none to be trusted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// The chain could not be read.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The network has no key yet, or is making one.
    #[error("the network does not sign yet: {0}")]
    NotActive(&'static str),
    /// Root has paused signing.
    #[error("signing is paused on this network")]
    Paused,
    /// The verifying key is no registration's.
    #[error("0x{} is not registered on this chain", hex::encode(verifying_key))]
    NotRegistered {
        /// The key that was asked for.
        verifying_key: VerifyingKey,
    },
    /// The verifying key is not a point.
    #[error(transparent)]
    NotAKey(#[from] NotAKey),
    /// The message is longer than the network signs.
    #[error("the message has {found} bytes; the network signs at most {MAX_MESSAGE}")]
    MessageTooLong {
        /// Its length.
        found: usize,
    },
    /// The auxiliary data is longer than a request may hold.
    #[error("the auxiliary data has {found} bytes; a request holds at most {MAX_AUXILIARY_DATA}")]
    AuxiliaryDataTooLong {
        /// Its length over all programs.
        found: usize,
    },
    /// The message cannot be signed with this hash.
    #[error(transparent)]
    Digest(DigestError),
    /// The digest that was given is not the message's.
    #[error("the message's digest is 0x{}, not the given one", hex::encode(found))]
    OtherDigest {
        /// The digest of the message.
        found: [u8; 32],
    },
    /// Nobody can relay.
    #[error(transparent)]
    Relayer(#[from] RelayerError),
    /// The relayer's key on chain is unusable.
    #[error("the request cannot be encrypted for the relayer at {endpoint}")]
    Envelope {
        /// The relayer's address.
        endpoint: String,
        /// Why.
        #[source]
        source: EnvelopeError,
    },
    /// The request cannot be written as JSON.
    #[error("the request cannot be written as JSON")]
    Json(#[source] serde_json::Error),
    /// The network says no.
    #[error("{0}")]
    Refused(ApiError),
    /// No relayer gave a usable answer; this is the last one's.
    #[error("no relayer answered; {tried} tried")]
    NoAnswer {
        /// How many were asked.
        tried: usize,
        /// What the last one did.
        #[source]
        source: HttpError,
    },
    /// The answer is not the signature that was asked for.
    #[error("the answer of the relayer at {endpoint} must not be used: {source}")]
    Untrustworthy {
        /// The relayer's address.
        endpoint: String,
        /// What is wrong with it.
        source: VerifyError,
    },
}
