//! What a program is asked, and how that is written in its memory.

use alloc::vec::Vec;
use core::fmt;

/// A request for a signature, as one program sees it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Request<'a> {
    /// The account id (sr25519 public key) of who signed the request. It need not be the owner of
    /// the registration: anyone may ask, and it is for programs to decide who is answered.
    pub requester: &'a [u8; 32],
    /// The bytes that will be hashed and signed. The requester chooses the hash.
    pub message: &'a [u8],
    /// The configuration that the owner gave this instance of the program at registration.
    pub config: &'a [u8],
    /// What the requester added for this program. It is not signed.
    pub auxiliary_data: Option<&'a [u8]>,
    /// One value for each of the program's oracle keys, in their order.
    pub oracle_data: Vec<&'a [u8]>,
}

impl<'a> Request<'a> {
    /// How many bytes [`Self::encode`] makes.
    pub fn encoded_len(&self) -> usize {
        let blob = |bytes: &[u8]| 4 + bytes.len();
        self.requester.len()
            + blob(self.message)
            + blob(self.config)
            + 1
            + self.auxiliary_data.map_or(0, blob)
            + 4
            + self
                .oracle_data
                .iter()
                .map(|value| blob(value))
                .sum::<usize>()
    }

    /// Writes it as the ABI says.
    ///
    /// Lengths beyond 32 bits do not occur: signers bound every part to 1 MB.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.encoded_len());
        out.extend_from_slice(self.requester);
        write_blob(&mut out, self.message);
        write_blob(&mut out, self.config);
        match self.auxiliary_data {
            None => out.push(0),
            Some(data) => {
                out.push(1);
                write_blob(&mut out, data);
            }
        }
        write_len(&mut out, self.oracle_data.len());
        for value in &self.oracle_data {
            write_blob(&mut out, value);
        }
        out
    }

    /// Reads what [`Self::encode`] wrote.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let mut rest = bytes;
        let (requester, tail) = rest.split_first_chunk().ok_or(DecodeError)?;
        rest = tail;
        let message = read_blob(&mut rest)?;
        let config = read_blob(&mut rest)?;
        let auxiliary_data = match read(&mut rest, 1)? {
            [0] => None,
            [1] => Some(read_blob(&mut rest)?),
            _ => return Err(DecodeError),
        };
        let values = read_len(&mut rest)?;
        let mut oracle_data = Vec::new();
        for _ in 0..values {
            oracle_data.push(read_blob(&mut rest)?);
        }
        if !rest.is_empty() {
            return Err(DecodeError);
        }
        Ok(Self {
            requester,
            message,
            config,
            auxiliary_data,
            oracle_data,
        })
    }
}

/// The bytes are not a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct DecodeError;

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the input is not a request of this ABI version")
    }
}

impl core::error::Error for DecodeError {}

fn write_len(out: &mut Vec<u8>, len: usize) {
    out.extend_from_slice(&(len as u32).to_le_bytes());
}

fn write_blob(out: &mut Vec<u8>, bytes: &[u8]) {
    write_len(out, bytes.len());
    out.extend_from_slice(bytes);
}

fn read<'a>(rest: &mut &'a [u8], len: usize) -> Result<&'a [u8], DecodeError> {
    let (head, tail) = rest.split_at_checked(len).ok_or(DecodeError)?;
    *rest = tail;
    Ok(head)
}

fn read_len(rest: &mut &[u8]) -> Result<usize, DecodeError> {
    let (head, tail) = rest.split_first_chunk().ok_or(DecodeError)?;
    *rest = tail;
    Ok(u32::from_le_bytes(*head) as usize)
}

fn read_blob<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], DecodeError> {
    let len = read_len(rest)?;
    read(rest, len)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use super::*;
    use alloc::vec;

    fn full() -> Request<'static> {
        Request {
            requester: &[7; 32],
            message: b"pay",
            config: b"{}",
            auxiliary_data: Some(b""),
            oracle_data: vec![b"a", b"bc"],
        }
    }

    /// The wire bytes of version 1: they may never change.
    #[test]
    fn encoding_is_as_documented() {
        let mut expected = vec![7; 32];
        expected.extend_from_slice(b"\x03\0\0\0pay");
        expected.extend_from_slice(b"\x02\0\0\0{}");
        expected.extend_from_slice(b"\x01\0\0\0\0");
        expected.extend_from_slice(b"\x02\0\0\0\x01\0\0\0a\x02\0\0\0bc");
        assert_eq!(full().encode(), expected);

        let bare = Request {
            requester: &[0; 32],
            message: b"",
            config: b"",
            auxiliary_data: None,
            oracle_data: vec![],
        };
        assert_eq!(bare.encode(), vec![0; 32 + 4 + 4 + 1 + 4]);
    }

    #[test]
    fn decoding_reverses_encoding() {
        let bytes = full().encode();
        assert_eq!(bytes.len(), full().encoded_len());
        assert_eq!(Request::decode(&bytes), Ok(full()));
        let none = Request {
            auxiliary_data: None,
            oracle_data: vec![],
            ..full()
        };
        assert_eq!(Request::decode(&none.encode()), Ok(none));
    }

    #[test]
    fn every_truncation_and_every_extension_is_an_error() {
        let mut bytes = full().encode();
        for len in 0..bytes.len() {
            assert_eq!(Request::decode(&bytes[..len]), Err(DecodeError), "{len}");
        }
        bytes.push(0);
        assert_eq!(Request::decode(&bytes), Err(DecodeError));
    }

    #[test]
    fn huge_lengths_and_counts_are_errors_without_allocation() {
        let mut bytes = vec![0; 32];
        bytes.extend_from_slice(&[0xff; 4]);
        assert_eq!(Request::decode(&bytes), Err(DecodeError));
        let mut bytes = vec![0; 32 + 4 + 4 + 1];
        bytes.extend_from_slice(&[0xff; 4]);
        assert_eq!(Request::decode(&bytes), Err(DecodeError));
    }

    #[test]
    fn an_unknown_option_tag_is_an_error() {
        let mut bytes = vec![0; 32 + 4 + 4 + 1 + 4];
        bytes[40] = 2;
        assert_eq!(Request::decode(&bytes), Err(DecodeError));
    }
}
