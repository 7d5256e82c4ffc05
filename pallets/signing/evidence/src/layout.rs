//! How manul writes messages and evidence, and what it signs.
//!
//! manul gives out neither the parts of its messages nor the means to put evidence together, but
//! it serializes both (postcard, fields in order). The types here have the same layout. A layout
//! that has changed shows in the tests: real cheating would not be proven any more.

use crate::{
    report::{Part, Round, SignedMessage},
    session::{Blake2b256, NetworkSession, PartySignature},
    PartyId,
};
use blake2::digest::Digest;
use manul::{session::SessionId as ManulSessionId, signature::DigestVerifier};
use serde::{Deserialize, Serialize};
use signing_primitives::SessionId;

/// The id by which manul knows the session.
pub fn manul_session_id(id: &SessionId) -> Vec<u8> {
    let id = ManulSessionId::from_seed::<NetworkSession>(id.as_ref());
    id.as_ref().to_vec()
}

/// As `RoundId`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct RoundLayout {
    numbers: Vec<u8>,
    is_echo: bool,
}

impl From<Round> for RoundLayout {
    fn from(round: Round) -> Self {
        Self {
            numbers: vec![round.number],
            is_echo: round.passes_on,
        }
    }
}

/// As `MessageMetadata`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct MetadataLayout {
    session_id: Vec<u8>,
    round: RoundLayout,
}

impl MetadataLayout {
    pub fn new(session_id: &[u8], round: Round) -> Self {
        Self {
            session_id: session_id.to_vec(),
            round: round.into(),
        }
    }
}

/// As `SignedMessagePart`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct PartLayout {
    signature: Vec<u8>,
    metadata: MetadataLayout,
    payload: Option<Vec<u8>>,
}

impl PartLayout {
    pub fn new(session_id: &[u8], round: Round, message: &SignedMessage) -> Self {
        Self {
            signature: message.signature.to_vec(),
            metadata: MetadataLayout::new(session_id, round),
            payload: message.payload.clone(),
        }
    }

    pub fn payload(&self) -> Option<&[u8]> {
        self.payload.as_deref()
    }

    pub fn round(&self) -> (u8, bool) {
        let round = &self.metadata.round;
        (round.numbers.first().copied().unwrap_or(0), round.is_echo)
    }

    /// The part as a report has it, if it is one of this session and round. Whether it is rightly
    /// signed shows later.
    pub fn of_round(&self, metadata: &MetadataLayout) -> Option<SignedMessage> {
        (self.metadata == *metadata).then_some(())?;
        Some(SignedMessage {
            signature: signature_bytes(&self.signature)?,
            payload: self.payload.clone(),
        })
    }
}

/// As `Message`.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct MessageLayout {
    pub destination: PartyId,
    pub direct: PartLayout,
    pub echo: PartLayout,
    pub normal: PartLayout,
}

/// As `SignedMessageHash`.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct HashLayout {
    signature: Vec<u8>,
    metadata: MetadataLayout,
    hash: Vec<u8>,
}

impl HashLayout {
    #[cfg(test)]
    pub(crate) fn new(
        session_id: &[u8],
        round: Round,
        signature: [u8; 64],
        hash: [u8; 32],
    ) -> Self {
        Self {
            signature: signature.to_vec(),
            metadata: MetadataLayout::new(session_id, round),
            hash: hash.to_vec(),
        }
    }

    #[cfg(test)]
    pub(crate) fn replace(&mut self, signature: [u8; 64], hash: &[u8]) {
        self.signature = signature.to_vec();
        self.hash = hash.to_vec();
    }

    /// The signature and the hash, if they are of this session and round.
    pub fn of_round(&self, metadata: &MetadataLayout) -> Option<([u8; 64], [u8; 32])> {
        (self.metadata == *metadata).then_some(())?;
        let hash = self.hash.as_slice().try_into().ok()?;
        Some((signature_bytes(&self.signature)?, hash))
    }
}

/// As `EchoRoundMessage`: what one party has received from the others.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct EchoRoundLayout {
    pub hashes: Vec<(PartyId, HashLayout)>,
}

/// As `Evidence`.
#[derive(Clone, Debug, Serialize)]
pub struct EvidenceLayout {
    pub guilty: PartyId,
    pub description: &'static str,
    pub evidence: EvidenceKind,
}

/// As `EvidenceEnum`, as far as it is used. The order counts.
#[derive(Clone, Debug, Serialize)]
pub enum EvidenceKind {
    Protocol(Box<ProtocolEvidenceLayout>),
    InvalidDirectMessage(PartLayout),
    InvalidEchoBroadcast(PartLayout),
    InvalidNormalBroadcast(PartLayout),
}

/// As `ProtocolEvidence`.
#[derive(Clone, Debug, Serialize)]
pub struct ProtocolEvidenceLayout {
    pub error: ErrorLayout,
    pub direct: Option<PartLayout>,
    pub echo: Option<PartLayout>,
    pub normal: Option<PartLayout>,
    pub earlier_direct: Vec<(RoundLayout, PartLayout)>,
    pub earlier_echo: Vec<(RoundLayout, PartLayout)>,
    pub earlier_normal: Vec<(RoundLayout, PartLayout)>,
    pub others_echo: Vec<(RoundLayout, Vec<(PartyId, PartLayout)>)>,
    pub echo_hashes: Vec<(RoundLayout, PartLayout)>,
}

impl ProtocolEvidenceLayout {
    pub fn new(error: ErrorLayout) -> Self {
        Self {
            error,
            direct: None,
            echo: None,
            normal: None,
            earlier_direct: Vec::new(),
            earlier_echo: Vec::new(),
            earlier_normal: Vec::new(),
            others_echo: Vec::new(),
            echo_hashes: Vec::new(),
        }
    }
}

/// As synedrion's error of signing: the number of its variant, and for whom something failed.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum ErrorLayout {
    Plain(u32),
    FailedFor(u32, PartyId),
}

impl ErrorLayout {
    pub const R2_WRONG_IDS_D: Self = Self::Plain(2);
    pub const R2_WRONG_IDS_F: Self = Self::Plain(3);
    pub const R2_WRONG_IDS_PSI: Self = Self::Plain(4);
    pub const R2_ELOG: Self = Self::Plain(7);
    pub const R4_SIGNATURE_SHARE: Self = Self::Plain(9);

    pub fn r2_aff_g_psi(failed_for: PartyId) -> Self {
        Self::FailedFor(5, failed_for)
    }
}

/// Reads what is nothing but a `T`.
pub fn decode<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Option<T> {
    match postcard::take_from_bytes(bytes) {
        Ok((value, [])) => Some(value),
        _ => None,
    }
}

/// The hash of a part: it says which part it is of, but what is signed does not.
pub fn part_hash(part: Part, payload: Option<&[u8]>) -> [u8; 32] {
    let kind = match part {
        Part::Echo => 0,
        Part::Normal => 1,
        Part::Direct => 2,
    };
    let hash = Blake2b256::new_with_prefix(b"ProtocolMessagePart").chain_update([kind]);
    let hash = match payload {
        None => hash.chain_update([0]),
        Some(payload) => hash
            .chain_update([1])
            .chain_update((payload.len() as u64).to_be_bytes())
            .chain_update(payload),
    };
    hash.finalize().into()
}

/// Whether the party has signed a part with this hash, for this session and round.
pub fn has_signed(
    party: &PartyId,
    metadata: &MetadataLayout,
    signature: &[u8; 64],
    hash: &[u8; 32],
) -> bool {
    let Ok(metadata) = postcard::to_allocvec(metadata) else {
        return false;
    };
    let digest = Blake2b256::new_with_prefix(b"SignedMessagePartDigest")
        .chain_update(metadata)
        .chain_update((hash.len() as u64).to_be_bytes())
        .chain_update(hash);
    party
        .verify_digest(digest, &PartySignature::from(*signature))
        .is_ok()
}

/// manul holds signatures in their serialized form, in which a sender can append what it likes.
fn signature_bytes(serialized: &[u8]) -> Option<[u8; 64]> {
    let (signature, _) = postcard::take_from_bytes::<PartySignature>(serialized).ok()?;
    Some(signature.to_bytes())
}
