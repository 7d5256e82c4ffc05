//! How bytes are written in JSON: as hex, as lists of numbers, as SS58.

use serde::{de, Deserialize, Deserializer, Serializer};
use std::{borrow::Cow, fmt, string::String, vec::Vec};

/// Decodes hex, with or without `0x` in front.
pub(super) fn decode_hex<E: de::Error>(text: &str) -> Result<Vec<u8>, E> {
    hex::decode(text.strip_prefix("0x").unwrap_or(text))
        .map_err(|error| E::custom(format_args!("not hex: {error}")))
}

/// Decodes the hex of `N` bytes, with or without `0x` in front.
pub(super) fn decode_hex_array<const N: usize, E: de::Error>(text: &str) -> Result<[u8; N], E> {
    let bytes = decode_hex::<E>(text)?;
    let found = bytes.len();
    bytes
        .try_into()
        .map_err(|_| E::custom(format_args!("expected hex of {N} bytes, found {found}")))
}

/// Bytes as hex with `0x` in front.
pub(super) mod hex_0x {
    use super::*;

    pub(in super::super) fn serialize<S: Serializer>(
        bytes: &[u8],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let mut text = String::with_capacity(2 + 2 * bytes.len());
        text.push_str("0x");
        text.push_str(&hex::encode(bytes));
        serializer.serialize_str(&text)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<u8>, D::Error> {
        decode_hex(&Cow::<str>::deserialize(deserializer)?)
    }
}

/// Bytes as hex without `0x`.
pub(super) mod hex_plain {
    use super::*;

    pub(in super::super) fn serialize<S: Serializer>(
        bytes: &[u8],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(bytes))
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<u8>, D::Error> {
        decode_hex(&Cow::<str>::deserialize(deserializer)?)
    }
}

/// A fixed number of bytes as hex without `0x`.
pub(super) mod hex_array {
    use super::*;

    pub(in super::super) fn serialize<S: Serializer, const N: usize>(
        bytes: &[u8; N],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(bytes))
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>, const N: usize>(
        deserializer: D,
    ) -> Result<[u8; N], D::Error> {
        decode_hex_array(&Cow::<str>::deserialize(deserializer)?)
    }
}

/// An optional fixed number of bytes as hex without `0x`; `null` or absent is none.
pub(super) mod hex_array_option {
    use super::*;

    pub(in super::super) fn serialize<S: Serializer, const N: usize>(
        bytes: &Option<[u8; N]>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match bytes {
            Some(bytes) => serializer.serialize_some(&hex::encode(bytes)),
            None => serializer.serialize_none(),
        }
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>, const N: usize>(
        deserializer: D,
    ) -> Result<Option<[u8; N]>, D::Error> {
        Option::<Cow<str>>::deserialize(deserializer)?
            .map(|text| decode_hex_array(&text))
            .transpose()
    }
}

/// One list of optional bytes, each as hex without `0x`; `null` or absent is none.
pub(super) mod hex_list {
    use super::*;

    /// One entry, with the encoding that serde needs a type for.
    struct Entry(Option<Vec<u8>>);

    type List = Vec<Option<Vec<u8>>>;

    impl<'de> Deserialize<'de> for Entry {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            Option::<Cow<str>>::deserialize(deserializer)?
                .map(|text| decode_hex(&text))
                .transpose()
                .map(Self)
        }
    }

    pub(in super::super) fn serialize<S: Serializer>(
        list: &Option<List>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match list {
            Some(list) => {
                serializer.collect_seq(list.iter().map(|entry| entry.as_ref().map(hex::encode)))
            }
            None => serializer.serialize_none(),
        }
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<List>, D::Error> {
        let list = Option::<Vec<Entry>>::deserialize(deserializer)?;
        Ok(list.map(|list| list.into_iter().map(|entry| entry.0).collect()))
    }
}

/// Reads a list of exactly `N` numbers.
struct Numbers<const N: usize>;

impl<'de, const N: usize> de::Visitor<'de> for Numbers<N> {
    type Value = [u8; N];

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "a list of {N} numbers from 0 to 255")
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut bytes = [0; N];
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = list
                .next_element()?
                .ok_or_else(|| de::Error::invalid_length(index, &self))?;
        }
        if list.next_element::<de::IgnoredAny>()?.is_some() {
            return Err(de::Error::invalid_length(N + 1, &self));
        }
        Ok(bytes)
    }
}

/// A fixed number of bytes as a list of numbers.
pub(super) mod numbers {
    use super::*;

    pub(in super::super) fn serialize<S: Serializer, const N: usize>(
        bytes: &[u8; N],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(bytes)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>, const N: usize>(
        deserializer: D,
    ) -> Result<[u8; N], D::Error> {
        deserializer.deserialize_seq(Numbers::<N>)
    }
}

/// An optional fixed number of bytes as a list of numbers; `null` or absent is none.
pub(super) mod numbers_option {
    use super::*;

    /// The bytes, with the encoding that serde needs a type for.
    struct Present<const N: usize>([u8; N]);

    impl<'de, const N: usize> Deserialize<'de> for Present<N> {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            numbers::deserialize(deserializer).map(Self)
        }
    }

    pub(in super::super) fn serialize<S: Serializer, const N: usize>(
        bytes: &Option<[u8; N]>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match bytes {
            Some(bytes) => numbers::serialize(bytes, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>, const N: usize>(
        deserializer: D,
    ) -> Result<Option<[u8; N]>, D::Error> {
        Ok(Option::<Present<N>>::deserialize(deserializer)?.map(|present| present.0))
    }
}

/// An account in SS58. Any network's prefix is accepted; the generic one, 42, is written.
pub(super) mod ss58 {
    use super::*;
    use sp_core::crypto::{AccountId32, Ss58AddressFormatRegistry, Ss58Codec};

    pub(in super::super) fn serialize<S: Serializer>(
        account: &AccountId32,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let format = Ss58AddressFormatRegistry::SubstrateAccount.into();
        serializer.serialize_str(&account.to_ss58check_with_version(format))
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<AccountId32, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        AccountId32::from_ss58check_with_version(&text)
            .map(|(account, _)| account)
            .map_err(|error| de::Error::custom(format_args!("not an SS58 account: {error:?}")))
    }
}
