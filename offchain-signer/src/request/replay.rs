//! Which requests have been granted already.

use super::{
    error::RequestError,
    fresh::{Fresh, RequestHash},
};
use crate::chain::BlockNumber;
use codec::Encode;
use signing_primitives::wire::SignedMessage;

/// Names a signed request: by its sender, its bytes, and its signature.
pub(super) fn request_hash(signed: &SignedMessage) -> RequestHash {
    let sender: &[u8; 32] = signed.sender.as_ref();
    let named = (
        b"signing-network/user-request/1",
        sender,
        &signed.message,
        &signed.signature,
    );
    sp_crypto_hashing::blake2_256(&named.encode())
}

/// Remembers granted requests, and the attempts at them.
pub(super) struct ReplayCache {
    attempts_per_request: usize,
    granted: Fresh<Vec<[u8; 32]>>,
}

impl ReplayCache {
    /// A cache that lets a request be attempted so many times. Each attempt must be a new one.
    pub(super) fn new(attempts_per_request: usize) -> Self {
        Self {
            attempts_per_request,
            granted: Fresh::default(),
        }
    }

    /// Whether this attempt may be granted; if so, whether it is the request's first.
    pub(super) fn check(
        &self,
        request: &RequestHash,
        attempt: &[u8; 32],
    ) -> Result<bool, RequestError> {
        let Some(attempts) = self.granted.get(request) else {
            return Ok(true);
        };
        if attempts.contains(attempt) {
            return Err(RequestError::Replayed);
        }
        let limit = self.attempts_per_request;
        if attempts.len() >= limit {
            return Err(RequestError::TooManyAttempts { limit });
        }
        Ok(false)
    }

    /// Remembers an attempt that [`Self::check`] lets pass. `named` is the block that the request
    /// names.
    pub(super) fn remember(&mut self, request: RequestHash, attempt: [u8; 32], named: BlockNumber) {
        self.granted.entry(request, named).push(attempt);
    }

    /// Forgets an attempt of which nothing came.
    pub(super) fn take_back(&mut self, request: &RequestHash, attempt: &[u8; 32]) {
        let Some(attempts) = self.granted.get_mut(request) else {
            return;
        };
        attempts.retain(|other| other != attempt);
        if attempts.is_empty() {
            self.granted.remove(request);
        }
    }

    /// Forgets what is not fresh any more.
    pub(super) fn expire(&mut self, best: BlockNumber, window: BlockNumber) {
        self.granted.expire(best, window);
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
    fn a_request_may_be_granted_again_when_it_is_not_fresh_any_more() {
        let mut cache = ReplayCache::new(1);
        assert!(cache.check(&hash(1), &hash(1)).unwrap());
        cache.remember(hash(1), hash(1), 100);
        let again = cache.check(&hash(1), &hash(1));
        assert!(matches!(again, Err(RequestError::Replayed)));
        cache.expire(121, 20);
        assert!(cache.check(&hash(1), &hash(1)).is_ok());
    }

    #[test]
    fn an_attempt_that_is_taken_back_may_be_made_again() {
        let mut cache = ReplayCache::new(2);
        cache.take_back(&hash(1), &hash(10));
        cache.remember(hash(1), hash(10), 5);
        cache.remember(hash(1), hash(11), 5);
        cache.take_back(&hash(1), &hash(12));
        cache.take_back(&hash(1), &hash(10));
        assert!(!cache.check(&hash(1), &hash(10)).unwrap());
        assert!(cache.check(&hash(1), &hash(11)).is_err());
        cache.take_back(&hash(1), &hash(11));
        assert!(cache.check(&hash(1), &hash(11)).unwrap());
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
