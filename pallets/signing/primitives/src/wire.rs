//! The JSON that users, relayers and signers exchange over HTTP, and the envelope it travels in.
//!
//! ```text
//! EncryptedRequest                       the HTTP body
//! └ HpkeMessage ── open ─► SignedMessage the sender and its sr25519 signature
//!                          └ message ─►  UserSignatureRequest   (POST /user/relay_tx)
//!                                        SignRequest            (POST /user/sign_tx)
//! ◄ 200 [SignatureAnswer, …] from a relayer, SignatureAnswer from a signer
//! ◄ 4xx, 5xx ApiErrorBody
//! ```
//!
//! Answers are not encrypted: a signature is public, and it is of no use to anyone but the user who
//! asked for it. Unknown fields are ignored everywhere, so that clients may send more than is read
//! here. Numbers and hex of a wrong length are refused with an error that names both lengths.
//! Where hex is read, a `0x` in front is accepted; which of the forms is written is said with each
//! type.

mod answer;
mod digest;
mod encoding;
mod envelope;
mod request;
mod signed_message;

pub use answer::{AnswerError, ApiErrorBody, Info, Role, SignatureAnswer};
pub use digest::{digest, DigestError, HashChoice};
pub use envelope::{x25519_public_key, EncryptedRequest, EnvelopeError, HpkeMessage};
pub use request::{SignRequest, UserSignatureRequest, ValidatorInfo};
pub use signed_message::{SignedMessage, WrongSignature};
