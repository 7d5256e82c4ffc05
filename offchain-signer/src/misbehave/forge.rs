//! Protocol messages, taken apart, changed, and signed anew by whoever holds their sender's key.
//!
//! The types are laid out as the libraries serialize their own (postcard, fields in order), which
//! they give no access to. A layout that has changed makes no forgery, which the tests see.

use crate::protocol::{NodeSigner, PartyId};
use manul::{digest::Digest, signature::RandomizedDigestSigner};
use rand_core::OsRng;
use serde::{de::DeserializeOwned, Deserialize, Serialize};
use signing_evidence::session::Blake2b256;
use signing_evidence::SignedMessage;

/// As manul's `MessageMetadata`: the session, and the round with whether echoes are passed on in it.
#[derive(Clone, Deserialize, Serialize)]
struct Metadata {
    session_id: Vec<u8>,
    round: (Vec<u8>, bool),
}

/// As manul's `SignedMessagePart`.
#[derive(Clone, Deserialize, Serialize)]
struct Signed {
    signature: Vec<u8>,
    metadata: Metadata,
    payload: Option<Vec<u8>>,
}

/// As manul's `Message`.
#[derive(Clone, Deserialize, Serialize)]
pub(super) struct Message {
    destination: PartyId,
    direct: Signed,
    echo: Signed,
    normal: Signed,
}

/// A part of a message.
#[derive(Clone, Copy)]
pub(super) enum Part {
    Echo,
    Normal,
    Direct,
}

impl Message {
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        read(bytes)
    }

    pub(super) fn bytes(&self) -> Option<Vec<u8>> {
        postcard::to_allocvec(self).ok()
    }

    /// The round, and whether echo broadcasts are passed on in it.
    pub(super) fn round(&self) -> (u8, bool) {
        let (numbers, passes_on) = &self.echo.metadata.round;
        (numbers.first().copied().unwrap_or_default(), *passes_on)
    }

    fn part(&mut self, part: Part) -> &mut Signed {
        match part {
            Part::Echo => &mut self.echo,
            Part::Normal => &mut self.normal,
            Part::Direct => &mut self.direct,
        }
    }

    /// The echo broadcast, as evidence holds it.
    pub(super) fn echo_as_evidence(&self) -> Option<SignedMessage> {
        Some(SignedMessage {
            signature: self.echo.signature.get(..64)?.try_into().ok()?,
            payload: self.echo.payload.clone(),
        })
    }

    /// Changes a part, and signs it as its sender does.
    pub(super) fn change(
        &mut self,
        signer: &NodeSigner,
        which: Part,
        change: impl FnOnce(&mut Vec<u8>) -> Option<()>,
    ) -> Option<()> {
        let part = self.part(which);
        change(part.payload.as_mut()?)?;
        let digest = Blake2b256::new_with_prefix(b"SignedMessagePartDigest")
            .chain_update(postcard::to_allocvec(&part.metadata).ok()?)
            .chain_update(32u64.to_be_bytes())
            .chain_update(hash(which, part.payload.as_deref()?));
        let signature = signer.try_sign_digest_with_rng(&mut OsRng, digest).ok()?;
        part.signature = signature.to_bytes().to_vec();
        Some(())
    }

    /// As [`Self::change`], of a part that holds a `T`.
    pub(super) fn change_in<T: DeserializeOwned + Serialize>(
        &mut self,
        signer: &NodeSigner,
        which: Part,
        change: impl FnOnce(&mut T),
    ) -> Option<()> {
        self.change(signer, which, |payload| {
            let mut content: T = read(payload)?;
            change(&mut content);
            *payload = postcard::to_allocvec(&content).ok()?;
            Some(())
        })
    }
}

/// The hash of a part of a message, as manul makes it.
fn hash(part: Part, payload: &[u8]) -> [u8; 32] {
    let kind = match part {
        Part::Echo => 0,
        Part::Normal => 1,
        Part::Direct => 2,
    };
    let length = u64::try_from(payload.len()).unwrap_or(u64::MAX);
    Blake2b256::new_with_prefix(b"ProtocolMessagePart")
        .chain_update([kind, 1])
        .chain_update(length.to_be_bytes())
        .chain_update(payload)
        .finalize()
        .into()
}

/// Reads what is nothing but a `T`.
fn read<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    match postcard::take_from_bytes(bytes) {
        Ok((value, [])) => Some(value),
        _ => None,
    }
}

/// Changes the last bit of a number.
pub(super) fn flip(number: &mut [u8]) {
    if let Some(last) = number.last_mut() {
        *last ^= 1;
    }
}

type Number = Vec<u8>;
type Map<T> = Vec<(PartyId, T)>;

#[derive(Deserialize, Serialize)]
struct SignedNumber {
    bound: u32,
    negative: bool,
    absolute: Number,
}

#[derive(Deserialize, Serialize)]
struct Elog {
    e: Number,
    commitments: [Number; 3],
    z: Number,
    u: Number,
}

#[derive(Deserialize, Serialize)]
struct AffG {
    e: Number,
    a: Number,
    b_x: Number,
    b_y: Number,
    commitments: [Number; 4],
    z: [SignedNumber; 4],
    w: [Number; 2],
}

/// The normal broadcast of round 2.
#[derive(Deserialize, Serialize)]
struct Round2 {
    ds: Map<Number>,
    hat_ds: Map<Number>,
    elog: Elog,
    psis: Map<AffG>,
    hat_psis: Map<AffG>,
}

/// The normal broadcast of round 3.
#[derive(Deserialize, Serialize)]
struct Round3 {
    delta: Number,
    elog: Elog,
    s: Number,
}

impl Message {
    /// Makes a proof of the message's round false.
    pub(super) fn spoil_proof(&mut self, signer: &NodeSigner) -> Option<()> {
        match self.round() {
            // It begins with a proof, which begins with a challenge: 32 bytes after their length.
            (1, false) => self.change(signer, Part::Direct, |direct| {
                direct.get_mut(..33).map(flip)
            }),
            (2, false) => self.change_in(signer, Part::Normal, |broadcast: &mut Round2| {
                for (_, psi) in &mut broadcast.psis {
                    let [first, ..] = &mut psi.z;
                    flip(&mut first.absolute);
                }
            }),
            (3, false) => self.change_in(signer, Part::Normal, |broadcast: &mut Round3| {
                flip(&mut broadcast.elog.z);
            }),
            _ => None,
        }
    }
}
