//! Which requests have been granted already.

use super::error::RequestError;
use crate::chain::BlockNumber;
use codec::Encode;
use signing_primitives::wire::SignedMessage;
use std::collections::{BTreeSet, HashMap};

/// The most requests that are remembered. Only granted ones are, so that it takes registrations and
/// programs that say yes, and the request limit for each, to come near it; the ones nearest to
/// expiry go first then.
const MAX_REQUESTS: usize = 65_536;

/// Names a signed request: by its sender, its bytes, and its signature.
pub(super) fn request_hash(signed: &SignedMessage) -> [u8; 32] {
    let sender: &[u8; 32] = signed.sender.as_ref();
    let named = (
        b"signing-network/user-request/1",
        sender,
        &signed.message,
        &signed.signature,
    );
    sp_crypto_hashing::blake2_256(&named.encode())
}

/// A granted request, and the attempts at it.
struct Granted {
    named_block: BlockNumber,
    attempts: Vec<[u8; 32]>,
}

/// Remembers granted requests for as long as the block that they name makes them fresh.
pub(super) struct ReplayCache {
    attempts_per_request: usize,
    granted: HashMap<[u8; 32], Granted>,
    by_block: BTreeSet<(BlockNumber, [u8; 32])>,
}

impl ReplayCache {
    /// A cache that lets a request be attempted so many times. Each attempt must be a new one.
    pub(super) fn new(attempts_per_request: usize) -> Self {
        Self {
            attempts_per_request,
            granted: HashMap::new(),
            by_block: BTreeSet::new(),
        }
    }

    /// Whether this attempt may be granted; if so, whether it is the request's first.
    pub(super) fn check(
        &self,
        request: &[u8; 32],
        attempt: &[u8; 32],
    ) -> Result<bool, RequestError> {
        let Some(granted) = self.granted.get(request) else {
            return Ok(true);
        };
        if granted.attempts.contains(attempt) {
            return Err(RequestError::Replayed);
        }
        let limit = self.attempts_per_request;
        if granted.attempts.len() >= limit {
            return Err(RequestError::TooManyAttempts { limit });
        }
        Ok(false)
    }

    /// Remembers an attempt that [`Self::check`] lets pass. `named` is the block that the request
    /// names.
    pub(super) fn remember(&mut self, request: [u8; 32], attempt: [u8; 32], named: BlockNumber) {
        let granted = self.granted.entry(request).or_insert_with(|| Granted {
            named_block: named,
            attempts: Vec::new(),
        });
        granted.attempts.push(attempt);
        self.by_block.insert((granted.named_block, request));
        while self.granted.len() > MAX_REQUESTS {
            self.forget_oldest();
        }
    }

    /// Forgets what is not fresh any more.
    pub(super) fn expire(&mut self, best: BlockNumber, window: BlockNumber) {
        while let Some((named, _)) = self.by_block.first() {
            if named.saturating_add(window) >= best {
                break;
            }
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        if let Some((_, request)) = self.by_block.pop_first() {
            self.granted.remove(&request);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn hash(index: usize) -> [u8; 32] {
        sp_crypto_hashing::blake2_256(&index.to_le_bytes())
    }

    #[test]
    fn remembers_as_long_as_a_request_is_fresh() {
        let mut cache = ReplayCache::new(1);
        assert!(cache.check(&hash(1), &hash(1)).unwrap());
        cache.remember(hash(1), hash(1), 100);
        assert!(matches!(
            cache.check(&hash(1), &hash(1)),
            Err(RequestError::Replayed)
        ));
        cache.expire(120, 20);
        assert!(
            cache.check(&hash(1), &hash(1)).is_err(),
            "still fresh in block 120"
        );
        cache.expire(121, 20);
        assert!(cache.check(&hash(1), &hash(1)).is_ok());
        assert!(cache.granted.is_empty() && cache.by_block.is_empty());
    }

    #[test]
    fn attempts_are_new_and_bounded() {
        let mut cache = ReplayCache::new(2);
        cache.remember(hash(1), hash(10), 5);
        assert!(!cache.check(&hash(1), &hash(11)).unwrap());
        assert!(matches!(
            cache.check(&hash(1), &hash(10)),
            Err(RequestError::Replayed)
        ));
        cache.remember(hash(1), hash(11), 5);
        assert!(matches!(
            cache.check(&hash(1), &hash(12)),
            Err(RequestError::TooManyAttempts { limit: 2 })
        ));
        // Another request is none of this one's business.
        assert!(cache.check(&hash(2), &hash(10)).unwrap());
    }

    #[test]
    fn is_bounded_and_forgets_the_oldest_first() {
        let mut cache = ReplayCache::new(1);
        for index in 0..=MAX_REQUESTS {
            cache.remember(hash(index), hash(index), 10 + u32::from(index != 7));
        }
        assert_eq!(cache.granted.len(), MAX_REQUESTS);
        assert_eq!(cache.by_block.len(), MAX_REQUESTS);
        assert!(cache.check(&hash(7), &hash(7)).is_ok());
        assert!(cache.check(&hash(8), &hash(8)).is_err());
    }

    #[test]
    fn a_request_is_its_sender_bytes_and_signature() {
        let signed = SignedMessage {
            message: vec![1, 2],
            sender: [3; 32].into(),
            signature: [4; 64],
            receiver_x25519: None,
        };
        let mut same = signed.clone();
        same.receiver_x25519 = Some([5; 32]);
        assert_eq!(
            request_hash(&same),
            request_hash(&signed),
            "not covered by the signature"
        );
        for change in [
            |signed: &mut SignedMessage| signed.message.push(0),
            |signed: &mut SignedMessage| signed.sender = [4; 32].into(),
            |signed: &mut SignedMessage| signed.signature = [5; 64],
        ] {
            let mut other = signed.clone();
            change(&mut other);
            assert_ne!(request_hash(&other), request_hash(&signed));
        }
    }
}
