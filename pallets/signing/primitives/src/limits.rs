//! How large requests may be, and evidence.
//!
//! A request is hex in JSON, several times over, so the limit on an HTTP body is a multiple of the
//! limit on the message inside it:
//!
//! ```text
//! message                          1 MB
//!   hex in UserSignatureRequest    2 MB
//!   hex in SignedMessage           4 MB  plus, in sign_tx, hex of the same inside SignRequest
//!   hex in HpkeMessage             8 MB  (24 MB for sign_tx)
//! ```

/// The longest message that the network signs, bytes: 1 MB, that is 1,000,000. A message of exactly
/// this length is accepted. (The same megabyte as the one that bounds a program's bytecode.)
pub const MAX_MESSAGE: usize = 1_000_000;

/// The most auxiliary data of one request, bytes, over all programs.
pub const MAX_AUXILIARY_DATA: usize = 100_000;

/// What a request may take besides its message and its auxiliary data: field names, keys,
/// signatures, white space. Bytes of JSON.
pub const REQUEST_OVERHEAD: usize = 16_384;

/// The longest JSON of a user's signature request, bytes.
pub const MAX_USER_REQUEST: usize = 2 * (MAX_MESSAGE + MAX_AUXILIARY_DATA) + REQUEST_OVERHEAD;

/// The longest HTTP body of `POST /user/relay_tx`, bytes.
pub const MAX_RELAY_BODY: usize = 4 * MAX_USER_REQUEST + 4 * REQUEST_OVERHEAD;

/// The longest HTTP body of `POST /user/sign_tx`, bytes: it holds the user's request once as an
/// object and once as the bytes that the user signed.
pub const MAX_SIGN_BODY: usize =
    4 * (MAX_USER_REQUEST + 2 * MAX_USER_REQUEST) + 8 * REQUEST_OVERHEAD;

/// The longest HTTP body of an answer, bytes: one short element per signer.
pub const MAX_ANSWER_BODY: usize = 65_536;

/// The longest evidence of cheating, SCALE encoded: room for every kind of proof in the largest
/// committee, but for two contradictory normal broadcasts of round 2, which fit up to 22 participants.
/// With two participants no report takes more than 21 kB.
pub const MAX_REPORT_BYTES: u32 = 400_000;
