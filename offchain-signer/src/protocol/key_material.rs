//! What a member holds after a key generation or a resharing.

use super::{
    public_parts::{self, PublicShares, UnexpectedLayout},
    Params, PartyId,
};
use codec::Encode;
use core::fmt;
use serde::{Deserialize, Serialize};
use signing_primitives::{SignerId, SigningSubject, VerifyingKey};
use sp_core::H256;
use sp_crypto_hashing::blake2_256;
use std::collections::BTreeSet;
use synedrion::{
    bip32::{self, DerivationPath},
    AuxInfo, KeyShare, ThresholdKeyShare,
};
use zeroize::Zeroizing;

const COMMITMENT_TAG: &[u8; 30] = b"signing-network/key-material/1";

/// The version of the serialized form.
const FORMAT: u8 = 1;

/// Why key material cannot be used, or not like this.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyMaterialError {
    /// The bytes are no key material of a version that this program knows.
    #[error("these bytes are no key material that this version can read")]
    Malformed,
    /// The key share and the auxiliary information belong to different parties or committees.
    #[error("the key share and the auxiliary information do not belong together")]
    Mismatched,
    /// The library's types have changed.
    #[error(transparent)]
    UnexpectedLayout(#[from] UnexpectedLayout),
    /// It takes exactly as many participants as the threshold says.
    #[error("{given} participants, but it takes exactly {threshold}")]
    WrongParticipantCount {
        /// How many there are.
        given: usize,
        /// How many it takes.
        threshold: usize,
    },
    /// This node does not take part itself.
    #[error("this node is not among the participants")]
    NotParticipating,
    /// A participant holds no share.
    #[error("{0:?} is not a member")]
    NotAMember(PartyId),
    /// The derivation index is not below 2³¹, or its child key does not exist (one in 2¹²⁷).
    #[error("there is no child key {0}")]
    NoSuchChild(u32),
    /// The library refused.
    #[error("{0}")]
    Library(manul::session::LocalError),
}

/// What a member holds after a key generation or a resharing: its share of the network key and its auxiliary
/// information, with the public counterparts of all members.
#[derive(Clone)]
pub struct KeyMaterial {
    attempt: u32,
    share: ThresholdKeyShare<Params, PartyId>,
    aux_info: AuxInfo<Params, PartyId>,
    owner: PartyId,
    members: BTreeSet<PartyId>,
    verifying_key: VerifyingKey,
    commitment: H256,
}

/// What one signature needs: the participants' shares of the signing key.
pub struct SigningInputs {
    /// The key that the signature will be for, SEC1 compressed.
    pub verifying_key: VerifyingKey,
    /// The participants' public shares of it, as evidence carries them.
    pub public_shares: Vec<u8>,
    /// The participants' public auxiliary information, as evidence carries it.
    pub public_aux_info: Vec<u8>,
    pub(super) participants: BTreeSet<PartyId>,
    pub(super) threshold: u32,
    pub(super) network_key: VerifyingKey,
    pub(super) key_share: KeyShare<Params, PartyId>,
    pub(super) aux_info: AuxInfo<Params, PartyId>,
}

impl KeyMaterial {
    /// Puts the results of a key generation or a resharing together, checking that they fit.
    pub(super) fn new(
        attempt: u32,
        share: ThresholdKeyShare<Params, PartyId>,
        aux_info: AuxInfo<Params, PartyId>,
    ) -> Result<Self, KeyMaterialError> {
        let (owner, shares) = public_parts::of_threshold_share(&share)?;
        let (aux_owner, aux_parties, aux_bytes) = public_parts::of_aux_info(&aux_info)?;
        let members: BTreeSet<PartyId> = shares
            .holders
            .iter()
            .map(|(party, ..)| party.clone())
            .collect();
        if owner != aux_owner || !members.contains(&owner) || !members.iter().eq(&aux_parties) {
            return Err(KeyMaterialError::Mismatched);
        }
        let verifying_key = share.verifying_key().map_err(KeyMaterialError::Library)?;
        Ok(Self {
            attempt,
            share,
            aux_info,
            owner,
            members,
            verifying_key: compressed(&verifying_key)?,
            commitment: commitment(&shares, &aux_bytes),
        })
    }

    /// The same, as if it came from another attempt.
    #[cfg(test)]
    pub(crate) fn of_attempt(&self, attempt: u32) -> Self {
        Self {
            attempt,
            ..self.clone()
        }
    }

    /// The attempt that it comes from.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// Whose it is.
    pub fn owner(&self) -> &PartyId {
        &self.owner
    }

    /// All who hold shares.
    pub fn members(&self) -> &BTreeSet<PartyId> {
        &self.members
    }

    /// How many of them it takes to sign.
    pub fn threshold(&self) -> usize {
        self.share.threshold()
    }

    /// The network key, SEC1 compressed.
    pub fn verifying_key(&self) -> VerifyingKey {
        self.verifying_key
    }

    /// BLAKE2-256 of the threshold, all members' evaluation points and public shares, and all
    /// members' public auxiliary information, in SCALE after a tag. The same for all members.
    pub fn commitment(&self) -> H256 {
        self.commitment
    }

    /// This member's share.
    pub(super) fn share(&self) -> &ThresholdKeyShare<Params, PartyId> {
        &self.share
    }

    /// What this member needs to sign with exactly `participants`: with the network key itself, or
    /// with its BIP-32 child `m/0/<index>`.
    pub fn signing_inputs(
        &self,
        index: Option<u32>,
        participants: &BTreeSet<PartyId>,
    ) -> Result<SigningInputs, KeyMaterialError> {
        if participants.len() != self.threshold() {
            return Err(KeyMaterialError::WrongParticipantCount {
                given: participants.len(),
                threshold: self.threshold(),
            });
        }
        if let Some(stranger) = participants.difference(&self.members).next() {
            return Err(KeyMaterialError::NotAMember(stranger.clone()));
        }
        if !participants.contains(&self.owner) {
            return Err(KeyMaterialError::NotParticipating);
        }
        let derived;
        let share = match index {
            None => &self.share,
            Some(index) => {
                derived = child_path(index)
                    .and_then(|path| self.share.derive_bip32(&path))
                    .map_err(|_| KeyMaterialError::NoSuchChild(index))?;
                &derived
            }
        };
        let key_share = share
            .to_key_share(participants)
            .map_err(KeyMaterialError::Library)?;
        let aux_info = self
            .aux_info
            .clone()
            .subset(participants)
            .map_err(KeyMaterialError::Library)?;
        let (_, _, public_aux_info) = public_parts::of_aux_info(&aux_info)?;
        Ok(SigningInputs {
            verifying_key: compressed(&key_share.verifying_key())?,
            public_shares: public_parts::of_key_share(&key_share)?,
            public_aux_info,
            participants: participants.clone(),
            threshold: u32::try_from(self.threshold()).unwrap_or(u32::MAX),
            network_key: self.verifying_key,
            key_share,
            aux_info,
        })
    }

    /// The serialized form: secret, to be sealed before it is stored.
    pub fn to_bytes(&self) -> Result<Zeroizing<Vec<u8>>, KeyMaterialError> {
        #[derive(Serialize)]
        struct Stored<'a>(
            u8,
            u32,
            &'a ThresholdKeyShare<Params, PartyId>,
            &'a AuxInfo<Params, PartyId>,
        );
        let stored = Stored(FORMAT, self.attempt, &self.share, &self.aux_info);
        Ok(public_parts::serialize(&stored)?)
    }

    /// Reads the serialized form.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyMaterialError> {
        #[derive(Deserialize)]
        struct Stored(
            u32,
            ThresholdKeyShare<Params, PartyId>,
            AuxInfo<Params, PartyId>,
        );
        let (format, bytes) = bytes.split_first().ok_or(KeyMaterialError::Malformed)?;
        if *format != FORMAT {
            return Err(KeyMaterialError::Malformed);
        }
        match postcard::take_from_bytes::<Stored>(bytes) {
            Ok((Stored(attempt, share, aux_info), [])) => Self::new(attempt, share, aux_info),
            _ => Err(KeyMaterialError::Malformed),
        }
    }
}

impl fmt::Debug for KeyMaterial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyMaterial")
            .field("attempt", &self.attempt)
            .field("owner", &self.owner)
            .finish_non_exhaustive()
    }
}

impl SigningInputs {
    /// Those who sign.
    pub fn participants(&self) -> &BTreeSet<PartyId> {
        &self.participants
    }

    /// What all participants have to agree on before they sign, and what the id of the session
    /// commits to.
    pub fn subject(
        &self,
        genesis_hash: H256,
        generation: u32,
        digest: [u8; 32],
        request_id: [u8; 32],
    ) -> SigningSubject {
        SigningSubject {
            genesis_hash,
            generation,
            participants: self
                .participants
                .iter()
                .cloned()
                .map(SignerId::from)
                .collect(),
            threshold: self.threshold,
            network_key: self.network_key,
            verifying_key: self.verifying_key,
            digest,
            request_id,
            public_shares_hash: H256(blake2_256(&self.public_shares)),
            auxiliary_info_hash: H256(blake2_256(&self.public_aux_info)),
        }
    }
}

impl fmt::Debug for SigningInputs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningInputs")
            .field("participants", &self.participants)
            .finish_non_exhaustive()
    }
}

/// `m/0/<index>`.
fn child_path(index: u32) -> Result<DerivationPath, bip32::Error> {
    let mut path = DerivationPath::default();
    path.push(bip32::ChildNumber::new(0, false)?);
    path.push(bip32::ChildNumber::new(index, false)?);
    Ok(path)
}

fn commitment(shares: &PublicShares, aux_info: &[u8]) -> H256 {
    let holders: Vec<(&SignerId, &[u8], &[u8])> = shares
        .holders
        .iter()
        .map(|(party, id, share)| (party.signer_id(), id.as_slice(), share.as_slice()))
        .collect();
    H256(blake2_256(
        &(COMMITMENT_TAG, shares.threshold, holders, aux_info).encode(),
    ))
}

pub(super) fn compressed(
    key: &k256::ecdsa::VerifyingKey,
) -> Result<VerifyingKey, KeyMaterialError> {
    key.to_encoded_point(true)
        .as_bytes()
        .try_into()
        .map_err(|_| UnexpectedLayout.into())
}

#[cfg(test)]
pub(super) mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use super::*;
    use crate::protocol::test_network::committee;
    use k256::elliptic_curve::{group::GroupEncoding, sec1::FromEncodedPoint, PrimeField};
    use sha2::{Digest, Sha256, Sha512};

    fn hmac_sha512(key: &[u8], data: &[u8]) -> [u8; 64] {
        let mut block = [0; 128];
        block[..key.len()].copy_from_slice(key);
        let inner = Sha512::digest([&block.map(|b| b ^ 0x36)[..], data].concat());
        Sha512::digest([&block.map(|b| b ^ 0x5c)[..], &inner].concat()).into()
    }

    /// The child `m/0/<index>` of a key, from the definitions (BIP-32, and the rule for the first
    /// chain code that the chain follows) and nothing of the library.
    pub(in crate::protocol) fn child_key(parent: VerifyingKey, index: u32) -> VerifyingKey {
        let mut key = parent;
        let chain_code = Sha256::new_with_prefix(b"chain-code-derivation")
            .chain_update(parent)
            .finalize();
        let mut chain_code: [u8; 32] = chain_code.into();
        for child in [0, index] {
            let i = hmac_sha512(&chain_code, &[&key[..], &child.to_be_bytes()].concat());
            let (tweak, next) = i.split_at(32);
            chain_code = next.try_into().unwrap();
            let tweak = <[u8; 32]>::try_from(tweak).unwrap();
            let tweak = k256::Scalar::from_repr(tweak.into()).unwrap();
            let point = k256::EncodedPoint::from_bytes(key).unwrap();
            let point = k256::ProjectivePoint::from_encoded_point(&point).unwrap();
            let child = point + k256::ProjectivePoint::GENERATOR * tweak;
            key = child.to_affine().to_bytes().into();
        }
        key
    }

    fn pair(of: [usize; 2]) -> BTreeSet<PartyId> {
        of.map(|i| committee().0.party(i)).into()
    }

    #[test]
    fn children_are_those_that_the_chain_derives() {
        let material = &committee().1[0];
        for index in [0, 1, 77, (1 << 31) - 1] {
            let inputs = material.signing_inputs(Some(index), &pair([0, 2])).unwrap();
            assert_eq!(
                inputs.verifying_key,
                child_key(material.verifying_key(), index)
            );
        }
        let inputs = material.signing_inputs(None, &pair([0, 2])).unwrap();
        assert_eq!(inputs.verifying_key, material.verifying_key());
        for index in [1 << 31, u32::MAX] {
            assert!(matches!(
                material.signing_inputs(Some(index), &pair([0, 2])),
                Err(KeyMaterialError::NoSuchChild(_))
            ));
        }
    }

    #[test]
    fn it_takes_exactly_the_threshold() {
        let (network, material) = committee();
        let all: BTreeSet<_> = (0..3).map(|i| network.party(i)).collect();
        for participants in [BTreeSet::new(), [network.party(0)].into(), all] {
            assert!(matches!(
                material[0].signing_inputs(None, &participants),
                Err(KeyMaterialError::WrongParticipantCount { threshold: 2, .. })
            ));
        }
        assert!(matches!(
            material[0].signing_inputs(None, &pair([1, 2])),
            Err(KeyMaterialError::NotParticipating)
        ));
        let stranger: PartyId = {
            use sp_core::crypto::ByteArray;
            SignerId::from_slice(&[1; 32]).unwrap().into()
        };
        assert!(matches!(
            material[0].signing_inputs(None, &[network.party(0), stranger.clone()].into()),
            Err(KeyMaterialError::NotAMember(who)) if who == stranger
        ));
    }

    #[test]
    fn participants_agree_on_the_subject() {
        let material = &committee().1;
        let subject = |of: usize, index| {
            material[of]
                .signing_inputs(Some(index), &pair([0, 1]))
                .unwrap()
                .subject(H256([1; 32]), 1, [2; 32], [3; 32])
        };
        assert_eq!(subject(0, 4), subject(1, 4));
        assert_ne!(
            subject(0, 4).public_shares_hash,
            subject(0, 5).public_shares_hash
        );
    }

    #[test]
    fn survives_storage() {
        let material = &committee().1[1];
        let bytes = material.to_bytes().unwrap();
        let read = KeyMaterial::from_bytes(&bytes).unwrap();
        assert_eq!(read.to_bytes().unwrap(), bytes);
        assert_eq!(read.commitment(), material.commitment());
        assert_eq!(read.verifying_key(), material.verifying_key());
        assert_eq!(read.owner(), material.owner());
        assert_eq!(read.attempt(), material.attempt());
    }

    #[test]
    fn malformed_bytes_are_refused() {
        let bytes = committee().1[1].to_bytes().unwrap();
        let mut other_format = bytes.clone();
        other_format[0] = 2;
        let longer = [&bytes[..], &[0]].concat();
        for bad in [&[], &other_format[..], &longer, &bytes[..bytes.len() - 1]] {
            assert!(KeyMaterial::from_bytes(bad).is_err());
        }
    }

    #[test]
    fn parts_of_different_members_do_not_fit() {
        let material = &committee().1;
        assert!(matches!(
            KeyMaterial::new(1, material[0].share.clone(), material[1].aux_info.clone()),
            Err(KeyMaterialError::Mismatched)
        ));
        let some = pair([0, 1]);
        let fewer = material[0].aux_info.clone().subset(&some).unwrap();
        assert!(matches!(
            KeyMaterial::new(1, material[0].share.clone(), fewer),
            Err(KeyMaterialError::Mismatched)
        ));
    }

    #[test]
    fn debug_shows_no_secrets() {
        let material = &committee().1[0];
        let inputs = material.signing_inputs(None, &pair([0, 1])).unwrap();
        let shown = format!("{material:?}{inputs:?}");
        assert!(shown.len() < 200, "{shown}");
        assert!(!shown.contains("share") && !shown.contains("prime"));
    }
}
