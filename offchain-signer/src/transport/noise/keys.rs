//! snow's X25519 and ChaChaPoly, but with keys that are wiped from memory when a connection ends:
//! snow 0.10's own wrappers leave the node's static secret and the session keys behind.
//!
//! Everything else (BLAKE2s, randomness) is snow's default. A test runs a handshake between this and
//! snow's own, so that both stay the same protocol.

use chacha20poly1305::{aead::AeadInPlace, ChaCha20Poly1305, KeyInit, Nonce, Tag};
use snow::{
    params::{CipherChoice, DHChoice, HashChoice},
    resolvers::{BoxedCryptoResolver, CryptoResolver, DefaultResolver},
    types::{Cipher, Dh, Hash, Random},
    Error,
};
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

use super::TAG;

/// Where snow gets its primitives from.
pub(super) fn resolver() -> BoxedCryptoResolver {
    Box::new(WipingResolver {
        default: DefaultResolver,
    })
}

struct WipingResolver {
    default: DefaultResolver,
}

impl CryptoResolver for WipingResolver {
    fn resolve_rng(&self) -> Option<Box<dyn Random>> {
        self.default.resolve_rng()
    }

    fn resolve_dh(&self, choice: &DHChoice) -> Option<Box<dyn Dh>> {
        match choice {
            DHChoice::Curve25519 => Some(Box::new(X25519::from_secret([0; 32]))),
            _ => None,
        }
    }

    fn resolve_hash(&self, choice: &HashChoice) -> Option<Box<dyn Hash>> {
        self.default.resolve_hash(choice)
    }

    fn resolve_cipher(&self, choice: &CipherChoice) -> Option<Box<dyn Cipher>> {
        match choice {
            CipherChoice::ChaChaPoly => {
                Some(Box::new(ChaChaPoly(ChaCha20Poly1305::new(&[0; 32].into()))))
            }
            _ => None,
        }
    }
}

/// A key pair. `StaticSecret` wipes itself.
struct X25519 {
    secret: StaticSecret,
    public: PublicKey,
}

impl X25519 {
    fn from_secret(secret: [u8; 32]) -> Self {
        let secret = StaticSecret::from(secret);
        let public = PublicKey::from(&secret);
        Self { secret, public }
    }
}

impl Dh for X25519 {
    fn name(&self) -> &'static str {
        "25519"
    }

    fn pub_len(&self) -> usize {
        32
    }

    fn priv_len(&self) -> usize {
        32
    }

    fn set(&mut self, privkey: &[u8]) {
        // snow has checked the length against `priv_len`.
        if let Ok(secret) = privkey.try_into() {
            *self = Self::from_secret(secret);
        }
    }

    fn generate(&mut self, rng: &mut dyn Random) -> Result<(), Error> {
        let mut secret = Zeroizing::new([0; 32]);
        rng.try_fill_bytes(&mut secret[..])?;
        *self = Self::from_secret(*secret);
        Ok(())
    }

    fn pubkey(&self) -> &[u8] {
        self.public.as_bytes()
    }

    fn privkey(&self) -> &[u8] {
        self.secret.as_bytes()
    }

    fn dh(&self, pubkey: &[u8], out: &mut [u8]) -> Result<(), Error> {
        let public: [u8; 32] = pubkey
            .get(..32)
            .and_then(|key| key.try_into().ok())
            .ok_or(Error::Dh)?;
        let shared = self.secret.diffie_hellman(&PublicKey::from(public));
        // A low-order point makes the result known to everybody (RFC 7748, section 6.1).
        if !shared.was_contributory() {
            return Err(Error::Dh);
        }
        out.get_mut(..32)
            .ok_or(Error::Dh)?
            .copy_from_slice(shared.as_bytes());
        Ok(())
    }
}

/// A cipher with its key, which it wipes itself.
struct ChaChaPoly(ChaCha20Poly1305);

impl ChaChaPoly {
    /// Noise, section 12.3: 32 zero bits, then the counter, little-endian.
    fn nonce(counter: u64) -> Nonce {
        let mut nonce = Nonce::default();
        for (to, from) in nonce.iter_mut().skip(4).zip(counter.to_le_bytes()) {
            *to = from;
        }
        nonce
    }
}

impl Cipher for ChaChaPoly {
    fn name(&self) -> &'static str {
        "ChaChaPoly"
    }

    fn set(&mut self, key: &[u8; 32]) {
        self.0 = ChaCha20Poly1305::new(key.into());
    }

    /// Returns 0 and leaves `out` alone if it is too short, which snow rules out; the callers in
    /// this module check the length anyway.
    fn encrypt(&self, nonce: u64, authtext: &[u8], plaintext: &[u8], out: &mut [u8]) -> usize {
        let Some((body, rest)) = out.split_at_mut_checked(plaintext.len()) else {
            return 0;
        };
        let Some(tag_out) = rest.get_mut(..TAG) else {
            return 0;
        };
        body.copy_from_slice(plaintext);
        match self
            .0
            .encrypt_in_place_detached(&Self::nonce(nonce), authtext, body)
        {
            Ok(tag) => {
                tag_out.copy_from_slice(&tag);
                plaintext.len() + TAG
            }
            Err(_) => {
                body.fill(0);
                0
            }
        }
    }

    fn decrypt(
        &self,
        nonce: u64,
        authtext: &[u8],
        ciphertext: &[u8],
        out: &mut [u8],
    ) -> Result<usize, Error> {
        let length = ciphertext.len().checked_sub(TAG).ok_or(Error::Decrypt)?;
        let (body, tag) = ciphertext.split_at_checked(length).ok_or(Error::Decrypt)?;
        let out = out.get_mut(..length).ok_or(Error::Decrypt)?;
        out.copy_from_slice(body);
        self.0
            .decrypt_in_place_detached(&Self::nonce(nonce), authtext, out, Tag::from_slice(tag))
            .map_err(|_| Error::Decrypt)?;
        Ok(length)
    }
}
