//! The names and numbers of the ABI, for those who call programs. The crate's documentation says
//! what they mean.

use alloc::vec::Vec;

/// The version of the ABI that this crate speaks.
pub const VERSION: u8 = 1;
/// The export that says that a module is written for [`VERSION`].
pub const VERSION_EXPORT: &str = "signing_program_abi_1";
/// How the export of any version begins; the version's number follows.
pub const VERSION_EXPORT_PREFIX: &str = "signing_program_abi_";
/// The memory's export.
pub const MEMORY_EXPORT: &str = "memory";
/// The allocator's export.
pub const ALLOC_EXPORT: &str = "alloc";
/// The export that decides.
pub const EVALUATE_EXPORT: &str = "evaluate";
/// The export that hashes.
pub const CUSTOM_HASH_EXPORT: &str = "custom_hash";
/// The module of the one import there is.
pub const LOG_MODULE: &str = "env";
/// The name of the one import there is.
pub const LOG_NAME: &str = "log";

/// First byte of a result: no, and a text follows.
pub const TAG_NO: u8 = 0;
/// First byte of a result: yes, and the hash follows if one was asked for.
pub const TAG_YES: u8 = 1;

/// Where a result lies: packed into the `i64` that `evaluate` and `custom_hash` return.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Span {
    /// Address of the first byte.
    pub address: u32,
    /// Number of bytes.
    pub len: u32,
}

impl Span {
    /// As the ABI returns it: `address << 32 | len`.
    pub fn pack(self) -> i64 {
        ((u64::from(self.address) << 32) | u64::from(self.len)) as i64
    }

    /// The reverse of [`Self::pack`].
    pub fn unpack(packed: i64) -> Self {
        let packed = packed as u64;
        Self {
            address: (packed >> 32) as u32,
            len: packed as u32,
        }
    }
}

/// The result of a program that says yes.
pub fn yes() -> Vec<u8> {
    alloc::vec![TAG_YES]
}

/// The result of a program that hashed the message.
pub fn hash(hash: &[u8; 32]) -> Vec<u8> {
    let mut result = yes();
    result.extend_from_slice(hash);
    result
}

/// The result of a program that says no.
pub fn no(text: &str) -> Vec<u8> {
    let mut result = Vec::with_capacity(1 + text.len());
    result.push(TAG_NO);
    result.extend_from_slice(text.as_bytes());
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_survive_packing_at_both_ends_of_the_address_space() {
        for span in [
            Span { address: 0, len: 0 },
            Span { address: 1, len: 2 },
            Span {
                address: u32::MAX,
                len: u32::MAX,
            },
            Span {
                address: 0x8000_0000,
                len: 0x8000_0000,
            },
        ] {
            assert_eq!(Span::unpack(span.pack()), span);
        }
        assert_eq!(
            Span {
                address: 0x1234,
                len: 0x56
            }
            .pack(),
            0x1234_0000_0056
        );
    }
}
