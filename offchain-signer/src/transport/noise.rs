//! `Noise_XK_25519_ChaChaPoly_BLAKE2s`, without any input or output.
//!
//! ```text
//! initiator (higher account id)                 responder
//!   -> e, es                                    hello        48 bytes
//!   <- e, ee                                    reply        48 bytes
//!   -> s, se, initiator's account               identity     96 bytes
//!   <- first transport frame                    acceptance   17 bytes
//! ```
//! The three Noise messages do not tell the initiator whether the responder knows its key, so the
//! responder ends the handshake with an acceptance; before it, nothing is sent and nothing is lost.
//!
//! The prologue binds the protocol version, the chain and the *responder's account*; the third
//! message carries the *initiator's account*. Without these a validator could announce another one's
//! x25519 key and pass the other's connections off as its own.
//!
//! Source: The Noise Protocol Framework, revision 34, <https://noiseprotocol.org/noise.html>.

mod channel;
mod handshake;
mod keys;

pub(crate) use channel::{fragments, Channel, FrameKind, Opened, Opener, Sealer};
pub(crate) use handshake::{Initiator, Local, Remote, Responder};

/// Goes into the prologue: nodes of different versions do not understand each other's frames, so
/// their handshake fails.
pub const VERSION: u16 = 1;

/// The longest Noise message, and so the longest WebSocket frame: 65535 bytes (Noise, section 3).
pub(crate) const MAX_FRAME: usize = 65535;
/// The length of an AEAD tag.
pub(crate) const TAG: usize = 16;

/// Something that the other side sent breaks the protocol, or a limit is reached. Always ends the
/// connection.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NoiseError {
    /// A handshake message has a length that it cannot have.
    #[error("a handshake message of {actual} bytes in place of {expected}")]
    HandshakeLength {
        /// What it must be.
        expected: usize,
        /// What it was.
        actual: usize,
    },
    /// A frame does not decrypt: another key, chain or version, tampered with, out of order, or
    /// replayed.
    #[error("a frame that does not decrypt")]
    Undecryptable(#[source] snow::Error),
    /// snow refused to produce a message.
    #[error("no frame can be made")]
    Seal(#[source] snow::Error),
    /// All 2^64 - 1 nonces of this connection are used up, or it failed before.
    #[error("the connection's nonces are used up")]
    Exhausted,
    /// A frame decrypts, but is none of the known kinds.
    #[error("an unknown kind of frame")]
    UnknownFrame,
    /// A frame has more or fewer bytes than its kind allows.
    #[error("a frame of a length that its kind does not have")]
    FrameLength,
    /// The fragments of a message add up to more than the limit.
    #[error("a message of more than {limit} bytes")]
    Oversized {
        /// The limit, in bytes.
        limit: usize,
    },
}
