//! Whether a signature is the one that was asked for.

use crate::chain::VerifyingKey;
use k256::ecdsa::{RecoveryId, Signature, VerifyingKey as PublicKey};

/// Whether `signature` (r, s, v; 65 bytes) is one over `digest` that recovers to `verifying_key`,
/// with low s and v either 0 or 1, as Ethereum and Bitcoin want it.
pub fn recovers_to(signature: &[u8; 65], digest: &[u8; 32], verifying_key: &VerifyingKey) -> bool {
    let Some((v, r_s)) = signature.split_last() else {
        return false;
    };
    let Ok(r_s) = Signature::from_slice(r_s) else {
        return false;
    };
    // Only a high s has a lower form.
    if *v > 1 || r_s.normalize_s().is_some() {
        return false;
    }
    RecoveryId::from_byte(*v)
        .and_then(|v| PublicKey::recover_from_prehash(digest, &r_s, v).ok())
        .is_some_and(|key| key.to_encoded_point(true).as_bytes() == verifying_key)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use k256::ecdsa::SigningKey;

    #[test]
    fn accepts_the_signature_and_nothing_near_it() {
        let key = SigningKey::from_slice(&[5; 32]).unwrap();
        let public: VerifyingKey = key
            .verifying_key()
            .to_encoded_point(true)
            .as_bytes()
            .try_into()
            .unwrap();
        let digest = [9; 32];
        let (r_s, v) = key.sign_prehash_recoverable(&digest).unwrap();
        let mut signature = [0; 65];
        signature[..64].copy_from_slice(&r_s.to_bytes());
        signature[64] = v.to_byte();
        assert!(recovers_to(&signature, &digest, &public));

        assert!(!recovers_to(&signature, &[8; 32], &public));
        let mut other = public;
        other[0] ^= 1;
        assert!(!recovers_to(&signature, &digest, &other));
        for byte in [0, 40, 64] {
            let mut altered = signature;
            altered[byte] ^= 1;
            assert!(!recovers_to(&altered, &digest, &public), "byte {byte}");
        }
        // The same signature with high s and the other parity recovers, but is malleable.
        let mut high = signature;
        let s = -*r_s.s();
        high[32..64].copy_from_slice(&s.to_bytes());
        high[64] ^= 1;
        assert!(!recovers_to(&high, &digest, &public));
        assert!(!recovers_to(&[0; 65], &digest, &public));
        assert!(!recovers_to(&[0xff; 65], &digest, &public));
    }
}
