//! Ethereum addresses of verifying keys.

use k256::ecdsa::VerifyingKey as EcdsaKey;
use signing_primitives::VerifyingKey;
use sp_crypto_hashing::keccak_256;
use std::fmt;

/// The Ethereum address of a secp256k1 key. `Display` writes it with the checksum of EIP-55.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct EthereumAddress(pub [u8; 20]);

/// The bytes are not a point of secp256k1 in SEC1's compressed form.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not a secp256k1 verifying key")]
pub struct NotAKey;

impl EthereumAddress {
    /// The address of a verifying key: the last 20 bytes of Keccak-256 of the uncompressed point.
    ///
    /// # Errors
    /// [`NotAKey`].
    pub fn of(verifying_key: &VerifyingKey) -> Result<Self, NotAKey> {
        let key = EcdsaKey::from_sec1_bytes(verifying_key).map_err(|_| NotAKey)?;
        let point = key.to_encoded_point(false);
        let hash = keccak_256(point.as_bytes().get(1..).ok_or(NotAKey)?);
        let mut address = [0; 20];
        address.copy_from_slice(hash.get(12..).ok_or(NotAKey)?);
        Ok(Self(address))
    }
}

impl fmt::Display for EthereumAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = hex::encode(self.0);
        let hash = hex::encode(keccak_256(digits.as_bytes()));
        formatter.write_str("0x")?;
        for (digit, mark) in digits.chars().zip(hash.chars()) {
            // EIP-55: a letter is upper case where the hash's digit is 8 or more.
            let digit = if mark >= '8' {
                digit.to_ascii_uppercase()
            } else {
                digit
            };
            write!(formatter, "{digit}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    /// The examples of EIP-55.
    #[test]
    fn checksum() {
        for address in [
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
            "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
            "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
            "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
        ] {
            let bytes = hex::decode(&address[2..]).unwrap().try_into().unwrap();
            assert_eq!(EthereumAddress(bytes).to_string(), address);
        }
    }

    /// The account of a well-known development key (Hardhat's first).
    #[test]
    fn address_of_a_key() {
        let secret =
            hex::decode("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80")
                .unwrap();
        let secret = k256::ecdsa::SigningKey::from_slice(&secret).unwrap();
        let key = secret.verifying_key().to_encoded_point(true);
        let address = EthereumAddress::of(key.as_bytes().try_into().unwrap()).unwrap();
        assert_eq!(
            address.to_string(),
            "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
        );
    }

    #[test]
    fn no_address_without_a_point() {
        assert_eq!(EthereumAddress::of(&[0; 33]), Err(NotAKey));
        let mut off_the_curve = [0xff; 33];
        off_the_curve[0] = 2;
        assert_eq!(EthereumAddress::of(&off_the_curve), Err(NotAKey));
    }
}
