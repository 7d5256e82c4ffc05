//! What validators say to each other over the mesh, SCALE-encoded.

use codec::{Decode, Encode};
use signing_primitives::SessionNonce;

/// Names what a run is about: the hash of its subject, the same on every participant.
pub(super) type RunId = [u8; 32];

/// One message of the mesh.
#[derive(Clone, Debug, Decode, Encode, Eq, PartialEq)]
pub(super) enum Frame {
    /// "I am ready for this try of this run, and this is my nonce."
    Open {
        /// The run.
        run: RunId,
        /// Which try of the run, from 0. A run that fails may be tried again under a new number.
        try_number: u32,
        /// Random; part of the session id, so that no session id is ever used twice.
        nonce: SessionNonce,
    },
    /// A protocol message of an open session.
    Message {
        /// The session.
        session: [u8; 32],
        /// The protocol's bytes.
        payload: Vec<u8>,
    },
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn the_wire_bytes_are_pinned() {
        let open = Frame::Open {
            run: [1; 32],
            try_number: 2,
            nonce: [3; 32],
        }
        .encode();
        assert_eq!(open.len(), 1 + 32 + 4 + 32);
        assert_eq!(open.first(), Some(&0));
        let message = Frame::Message {
            session: [4; 32],
            payload: vec![5, 6],
        }
        .encode();
        assert_eq!(message, [&[1][..], &[4; 32], &[8, 5, 6]].concat());
    }

    #[test]
    fn truncated_and_trailing_bytes_are_not_a_frame() {
        use codec::DecodeAll;
        let bytes = Frame::Message {
            session: [4; 32],
            payload: vec![7; 9],
        }
        .encode();
        for end in 0..bytes.len() {
            assert!(Frame::decode_all(&mut &bytes[..end]).is_err());
        }
        let longer = [&bytes[..], &[0]].concat();
        assert!(Frame::decode_all(&mut &longer[..]).is_err());
    }
}
