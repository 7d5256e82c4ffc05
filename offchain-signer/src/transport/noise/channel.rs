//! Frames of an authenticated connection: one Noise transport message each.
//!
//! ```text
//! frame     = ChaChaPoly(nonce n, kind ‖ body) ‖ tag     at most 65535 bytes
//! kind 0    heartbeat, body empty
//! kind 1    part of a message, more follows: body is exactly 65518 bytes
//! kind 2    last part of a message: body is 0 to 65518 bytes
//! ```
//! Nonces count up from 0 on each side and are not sent: a frame that is lost, repeated, reordered or
//! changed does not decrypt, and ends the connection. A message has one encoding only, so nobody can
//! keep this node busy with a message of endless empty parts.

use super::{NoiseError, MAX_FRAME, TAG};
use snow::StatelessTransportState;
use std::sync::Arc;

/// The most bytes of a message that one frame carries.
pub(crate) const MAX_BODY: usize = MAX_FRAME - TAG - 1;

/// What a frame is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum FrameKind {
    Heartbeat,
    Part,
    LastPart,
}

impl FrameKind {
    fn to_byte(self) -> u8 {
        match self {
            Self::Heartbeat => 0,
            Self::Part => 1,
            Self::LastPart => 2,
        }
    }

    fn from_byte(byte: u8) -> Result<Self, NoiseError> {
        match byte {
            0 => Ok(Self::Heartbeat),
            1 => Ok(Self::Part),
            2 => Ok(Self::LastPart),
            _ => Err(NoiseError::UnknownFrame),
        }
    }
}

/// The parts of a message in order, at least one; only the last is a [`FrameKind::LastPart`].
pub(crate) fn fragments(message: &[u8]) -> impl Iterator<Item = (FrameKind, &[u8])> {
    let mut rest = Some(message);
    std::iter::from_fn(move || {
        let left = rest.take()?;
        match left.split_at_checked(MAX_BODY) {
            Some((part, more)) if !more.is_empty() => {
                rest = Some(more);
                Some((FrameKind::Part, part))
            }
            _ => Some((FrameKind::LastPart, left)),
        }
    })
}

/// An authenticated, encrypted connection. Only a finished handshake makes one.
pub(crate) struct Channel {
    sealer: Sealer,
    opener: Opener,
}

impl Channel {
    pub(super) fn new(state: StatelessTransportState) -> Self {
        let state = Arc::new(state);
        Self {
            sealer: Sealer {
                state: state.clone(),
                nonce: 0,
                plaintext: Vec::new(),
            },
            opener: Opener {
                state,
                nonce: 0,
                message: Vec::new(),
                limit: 0,
            },
        }
    }

    /// Takes the two directions apart, so that reading never waits for writing. `limit` is the
    /// largest message that will be received, in bytes.
    pub(crate) fn split(mut self, limit: usize) -> (Sealer, Opener) {
        self.opener.limit = limit;
        (self.sealer, self.opener)
    }

    pub(super) fn write_acceptance(&mut self) -> Result<Vec<u8>, NoiseError> {
        self.sealer.seal(FrameKind::Heartbeat, &[])
    }

    pub(super) fn read_acceptance(&mut self, frame: &[u8]) -> Result<(), NoiseError> {
        match self.opener.open(frame)? {
            Opened::Heartbeat => Ok(()),
            Opened::Part | Opened::Message(_) => Err(NoiseError::UnknownFrame),
        }
    }
}

/// The sending direction.
pub(crate) struct Sealer {
    state: Arc<StatelessTransportState>,
    nonce: u64,
    /// Kept between frames to save allocations.
    plaintext: Vec<u8>,
}

impl Sealer {
    /// Encrypts the next frame. Frames must be sent in the order in which they were sealed.
    pub(crate) fn seal(&mut self, kind: FrameKind, body: &[u8]) -> Result<Vec<u8>, NoiseError> {
        self.plaintext.clear();
        self.plaintext.push(kind.to_byte());
        self.plaintext.extend_from_slice(body);
        let mut frame = vec![0; self.plaintext.len() + TAG];
        let next = self.nonce.checked_add(1).ok_or(NoiseError::Exhausted)?;
        let written = self
            .state
            .write_message(self.nonce, &self.plaintext, &mut frame)
            .map_err(NoiseError::Seal)?;
        if written != frame.len() {
            return Err(NoiseError::FrameLength);
        }
        self.nonce = next;
        Ok(frame)
    }
}

/// What a received frame brought.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Opened {
    Heartbeat,
    /// A part of a message; more is to come.
    Part,
    /// The last part: here is the whole message.
    Message(Vec<u8>),
}

/// The receiving direction.
pub(crate) struct Opener {
    state: Arc<StatelessTransportState>,
    nonce: u64,
    /// The parts so far of the message that is arriving. Grows with what has arrived, never with
    /// what the sender promises.
    message: Vec<u8>,
    limit: usize,
}

impl Opener {
    /// Decrypts the next frame. After an error every further frame is an error too.
    pub(crate) fn open(&mut self, frame: &[u8]) -> Result<Opened, NoiseError> {
        let opened = self.try_open(frame);
        if opened.is_err() {
            self.nonce = u64::MAX;
            self.message = Vec::new();
        }
        opened
    }

    fn try_open(&mut self, frame: &[u8]) -> Result<Opened, NoiseError> {
        let next = self.nonce.checked_add(1).ok_or(NoiseError::Exhausted)?;
        let mut plaintext = vec![0; frame.len().saturating_sub(TAG)];
        self.state
            .read_message(self.nonce, frame, &mut plaintext)
            .map_err(NoiseError::Undecryptable)?;
        self.nonce = next;
        let (kind, body) = plaintext.split_first().ok_or(NoiseError::FrameLength)?;
        match FrameKind::from_byte(*kind)? {
            FrameKind::Heartbeat if body.is_empty() => Ok(Opened::Heartbeat),
            FrameKind::Heartbeat => Err(NoiseError::FrameLength),
            FrameKind::Part if body.len() == MAX_BODY => {
                self.append(body)?;
                Ok(Opened::Part)
            }
            FrameKind::Part => Err(NoiseError::FrameLength),
            // Most messages fit into one frame.
            FrameKind::LastPart if self.message.is_empty() && body.len() <= self.limit => {
                Ok(Opened::Message(body.to_vec()))
            }
            FrameKind::LastPart => {
                // After full parts, an empty last part would be a second encoding.
                if body.is_empty() {
                    return Err(NoiseError::FrameLength);
                }
                self.append(body)?;
                Ok(Opened::Message(std::mem::take(&mut self.message)))
            }
        }
    }

    fn append(&mut self, body: &[u8]) -> Result<(), NoiseError> {
        let limit = self.limit;
        if body.len() > limit.saturating_sub(self.message.len()) {
            return Err(NoiseError::Oversized { limit });
        }
        self.message.extend_from_slice(body);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
