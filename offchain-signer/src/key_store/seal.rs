//! Records are sealed under a key that comes from the operator's password.
//!
//! ```text
//! password ──Argon2id (salt and costs stand in the header, in the clear)──► key
//! record = nonce (24 random bytes) ‖ XChaCha20-Poly1305(key, nonce, plaintext, place)
//! ```
//!
//! The *place* is associated data: a tag, the chain's genesis hash, the table and the record's
//! name. A record that is moved to another place, or to the store of another chain, does not open.

use super::KeyStoreError;
use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::{
    aead::{Aead, KeyInit, Payload},
    XChaCha20Poly1305, XNonce,
};
use codec::{Decode, Encode};
use core::fmt;
use rand_core::{OsRng, RngCore};
use sp_core::H256;
use zeroize::Zeroizing;

const TAG: &[u8; 27] = b"signing-network/key-store/1";
const NONCE_BYTES: usize = 24;

/// The operator's password.
pub struct Password(Zeroizing<String>);

impl Password {
    /// Takes the password over; it is erased from memory when this is dropped.
    pub fn new(password: String) -> Self {
        Self(Zeroizing::new(password))
    }
}

impl From<Zeroizing<String>> for Password {
    fn from(password: Zeroizing<String>) -> Self {
        Self(password)
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}

/// What it costs to try a password: the costs of Argon2id (RFC 9106).
#[derive(Clone, Copy, Debug, Decode, Encode, Eq, PartialEq)]
pub struct PasswordCost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

impl PasswordCost {
    /// As little as Argon2id allows. For tests: it gives a weak password no protection.
    pub const NEXT_TO_NOTHING: Self = Self {
        memory_kib: 8,
        passes: 1,
        lanes: 1,
    };

    /// A store is not believed that asks for more: opening it would be an attack on the node.
    const MOST: Self = Self {
        memory_kib: 1024 * 1024,
        passes: 16,
        lanes: 16,
    };

    fn is_reasonable(&self) -> bool {
        self.memory_kib <= Self::MOST.memory_kib
            && self.passes <= Self::MOST.passes
            && self.lanes <= Self::MOST.lanes
    }
}

/// 64 MiB, three passes, four lanes: the second recommendation of RFC 9106, above OWASP's minimum.
impl Default for PasswordCost {
    fn default() -> Self {
        Self {
            memory_kib: 64 * 1024,
            passes: 3,
            lanes: 4,
        }
    }
}

/// What stands in a store in the clear.
#[derive(Clone, Debug, Decode, Encode, Eq, PartialEq)]
pub(super) struct Header {
    /// The format of the store.
    pub(super) format: u8,
    /// The chain.
    pub(super) genesis_hash: H256,
    salt: [u8; 16],
    cost: PasswordCost,
}

impl Header {
    /// The format that this program writes and reads.
    pub(super) const FORMAT: u8 = 1;

    /// A store's header with a fresh salt.
    pub(super) fn new(genesis_hash: H256, cost: PasswordCost) -> Self {
        Self::of_format(Self::FORMAT, genesis_hash, cost)
    }

    /// A header with a fresh salt, of something that has formats of its own.
    pub(super) fn of_format(format: u8, genesis_hash: H256, cost: PasswordCost) -> Self {
        let mut salt = [0; 16];
        OsRng.fill_bytes(&mut salt);
        Self {
            format,
            genesis_hash,
            salt,
            cost,
        }
    }

    /// The key that this header and a password make.
    pub(super) fn sealer(&self, password: &Password) -> Result<Sealer, KeyStoreError> {
        if !self.cost.is_reasonable() {
            return Err(KeyStoreError::Derivation(argon2::Error::MemoryTooMuch));
        }
        let params = Params::new(
            self.cost.memory_kib,
            self.cost.passes,
            self.cost.lanes,
            Some(32),
        )
        .map_err(KeyStoreError::Derivation)?;
        let mut key = Zeroizing::new([0; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(password.0.as_bytes(), &self.salt, key.as_mut())
            .map_err(KeyStoreError::Derivation)?;
        Ok(Sealer {
            cipher: XChaCha20Poly1305::new(key.as_ref().into()),
            genesis_hash: self.genesis_hash,
        })
    }
}

/// Where a record is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Place<'a> {
    /// The table.
    pub(super) table: &'static str,
    /// The record's name within it.
    pub(super) name: Name<'a>,
}

/// What a record is called.
#[derive(Clone, Copy, Debug, Encode, Eq, PartialEq)]
pub(super) enum Name<'a> {
    /// A word.
    Word(&'a str),
    /// An attempt, or a generation.
    Number(u32),
}

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(word) => f.write_str(word),
            Self::Number(number) => write!(f, "{number}"),
        }
    }
}

/// Seals and opens records.
pub(super) struct Sealer {
    cipher: XChaCha20Poly1305,
    genesis_hash: H256,
}

impl Sealer {
    /// The chain whose records these are.
    pub(super) fn genesis_hash(&self) -> H256 {
        self.genesis_hash
    }

    /// Seals a record for its place, under a fresh nonce.
    pub(super) fn seal(&self, place: Place, plaintext: &[u8]) -> Result<Vec<u8>, KeyStoreError> {
        let mut nonce = [0; NONCE_BYTES];
        OsRng.fill_bytes(&mut nonce);
        let payload = Payload {
            msg: plaintext,
            aad: &self.associated_data(place),
        };
        let sealed = self
            .cipher
            .encrypt(XNonce::from_slice(&nonce), payload)
            .map_err(|_| KeyStoreError::Sealing)?;
        Ok([&nonce[..], &sealed].concat())
    }

    /// Opens a record, if it was sealed for this place and has not been altered.
    pub(super) fn open(
        &self,
        place: Place,
        record: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, KeyStoreError> {
        let altered = || KeyStoreError::RecordAltered {
            table: place.table,
            name: place.name.to_string(),
        };
        let (nonce, sealed) = record.split_at_checked(NONCE_BYTES).ok_or_else(altered)?;
        let payload = Payload {
            msg: sealed,
            aad: &self.associated_data(place),
        };
        self.cipher
            .decrypt(XNonce::from_slice(nonce), payload)
            .map(Zeroizing::new)
            .map_err(|_| altered())
    }

    fn associated_data(&self, place: Place) -> Vec<u8> {
        (TAG, self.genesis_hash, place.table, place.name).encode()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use super::*;

    const PLACE: Place = Place {
        table: "pending",
        name: Name::Number(3),
    };

    fn header() -> Header {
        Header::new(H256([1; 32]), PasswordCost::NEXT_TO_NOTHING)
    }

    fn password(text: &str) -> Password {
        Password::new(text.into())
    }

    #[test]
    fn opens_what_it_sealed_and_only_that() {
        let sealer = header().sealer(&password("p")).unwrap();
        let record = sealer.seal(PLACE, b"secret").unwrap();
        assert_eq!(sealer.open(PLACE, &record).unwrap().as_slice(), b"secret");
        for at in 0..record.len() {
            let mut altered = record.clone();
            altered[at] ^= 1;
            assert!(sealer.open(PLACE, &altered).is_err());
            assert!(sealer.open(PLACE, &record[..at]).is_err());
        }
    }

    #[test]
    fn a_record_stays_in_its_place() {
        let sealer = header().sealer(&password("p")).unwrap();
        let record = sealer.seal(PLACE, b"secret").unwrap();
        let places = [
            ("active", Name::Number(3)),
            ("pending", Name::Number(4)),
            ("pending", Name::Word("3")),
        ];
        for (table, name) in places {
            assert!(sealer.open(Place { table, name }, &record).is_err());
        }
    }

    #[test]
    fn key_depends_on_password_salt_and_chain() {
        let header = header();
        let record = header
            .sealer(&password("p"))
            .unwrap()
            .seal(PLACE, b"secret")
            .unwrap();
        let opens = |header: &Header, text| {
            let sealer = header.sealer(&password(text)).unwrap();
            sealer.open(PLACE, &record).is_ok()
        };
        assert!(opens(&header, "p"));
        assert!(!opens(&header, "q"));
        assert!(!opens(&self::header(), "p"));
        let other_chain = Header {
            genesis_hash: H256([2; 32]),
            ..header.clone()
        };
        assert!(!opens(&other_chain, "p"));
    }

    #[test]
    fn costs_without_measure_are_refused() {
        let mut header = header();
        header.cost.memory_kib = u32::MAX;
        assert!(header.sealer(&password("p")).is_err());
    }

    #[test]
    fn equal_records_look_different() {
        let sealer = header().sealer(&password("p")).unwrap();
        assert_ne!(
            sealer.seal(PLACE, b"secret").unwrap(),
            sealer.seal(PLACE, b"secret").unwrap()
        );
    }

    #[test]
    fn debug_shows_no_password() {
        assert_eq!(format!("{:?}", password("hunter2")), "Password");
    }
}
