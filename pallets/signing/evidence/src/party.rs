//! Who takes part in a protocol.

use core::fmt;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use signing_primitives::SignerId;
use sp_core::crypto::ByteArray;

/// A party of the protocols: the `signing` session key (sr25519) that it signs its messages with.
///
/// Ordered by the key's bytes. In messages and stored shares it is these 32 bytes and nothing else.
#[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct PartyId(SignerId);

impl PartyId {
    /// The session key.
    pub fn signer_id(&self) -> &SignerId {
        &self.0
    }

    /// The key's 32 bytes.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_ref()
    }
}

impl From<SignerId> for PartyId {
    fn from(id: SignerId) -> Self {
        Self(id)
    }
}

impl From<PartyId> for SignerId {
    fn from(id: PartyId) -> Self {
        id.0
    }
}

/// Hexadecimal: the first four bytes, enough to tell the members of a committee apart in a log.
impl fmt::Debug for PartyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.as_bytes().iter().take(4) {
            write!(f, "{byte:02x}")?;
        }
        f.write_str("…")
    }
}

impl Serialize for PartyId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let bytes: [u8; 32] = *self.0.clone().into_inner().as_ref();
        bytes.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for PartyId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = <[u8; 32]>::deserialize(deserializer)?;
        SignerId::from_slice(&bytes)
            .map(Self)
            .map_err(|()| serde::de::Error::invalid_length(bytes.len(), &"32 bytes"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use super::*;

    #[test]
    fn is_its_32_bytes_and_nothing_else() {
        let bytes: [u8; 32] = core::array::from_fn(|i| i as u8);
        let party = PartyId(SignerId::from_slice(&bytes).unwrap());
        assert_eq!(postcard::to_allocvec(&party).unwrap(), bytes);
        assert_eq!(postcard::from_bytes::<PartyId>(&bytes).unwrap(), party);
        assert!(postcard::from_bytes::<PartyId>(&bytes[..31]).is_err());
    }

    #[test]
    fn ordered_as_the_chain_orders_members() {
        let party = |byte| PartyId(SignerId::from_slice(&[byte; 32]).unwrap());
        assert!(party(1) < party(2));
        assert_eq!(
            party(1) < party(200),
            party(1).signer_id() < party(200).signer_id()
        );
    }
}
