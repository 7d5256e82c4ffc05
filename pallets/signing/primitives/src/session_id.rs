//! What names one run of a protocol.
//!
//! ```text
//! Subject ──BLAKE2-256──► subject hash ─┐
//! a fresh nonce of every participant ───┴─BLAKE2-256──► session id ─┬─► signing
//!                                                                   └─stage─► KeyInit, …
//! ```
//!
//! Every protocol message is signed together with the id of its session, so the id must say all
//! that the session is about: whoever holds a signed message can then be asked which shares,
//! auxiliary information and digest it was meant for, and can be refused any other answer. The
//! nonces make an id unique although subjects repeat (a crash, a relayer that asks twice): one
//! honest participant with a fresh nonce is enough, and an id that never repeats is what keeps two
//! honest messages from being held against their sender as contradictory.
//!
//! Everything is hashed as SCALE, after a tag with a version, so that no two different inputs have
//! the same bytes. This file uses nothing but SCALE and BLAKE2: signers, the runtime and the host
//! function that checks evidence must all get the same ids.

use crate::{SignerId, VerifyingKey};
use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};
use codec::{Decode, DecodeWithMemTracking, Encode};
use core::fmt;
use scale_info::TypeInfo;
use sp_core::H256;
use sp_crypto_hashing::blake2_256;

const SUBJECT_TAG: &[u8; 33] = b"signing-network/session-subject/1";
const SESSION_TAG: &[u8; 28] = b"signing-network/session-id/1";
const STAGE_TAG: &[u8; 31] = b"signing-network/session-stage/1";

/// What a participant contributes to the id of one run: 32 bytes from a cryptographic random
/// number generator, never used twice.
pub type SessionNonce = [u8; 32];

/// Names one run of one protocol. Never used twice.
#[derive(Clone, Copy, Debug, Decode, Encode, Eq, Hash, Ord, PartialEq, PartialOrd, TypeInfo)]
pub struct SessionId(pub [u8; 32]);

/// A key generation: everything its participants have to agree on beforehand.
#[derive(Clone, Debug, Decode, Encode, Eq, PartialEq, TypeInfo)]
pub struct KeygenSubject {
    /// Names the chain.
    pub genesis_hash: H256,
    /// The attempt, as the chain counts them.
    pub attempt: u32,
    /// Those who will hold shares, in ascending order.
    pub members: Vec<SignerId>,
    /// How many of them it will take to sign.
    pub threshold: u32,
}

/// One signature: everything its participants have to agree on beforehand.
#[derive(Clone, Debug, Decode, DecodeWithMemTracking, Encode, Eq, PartialEq, TypeInfo)]
pub struct SigningSubject {
    /// Names the chain.
    pub genesis_hash: H256,
    /// The generation of the key shares.
    pub generation: u32,
    /// Those who sign, in ascending order.
    pub participants: Vec<SignerId>,
    /// How many members it takes to sign.
    pub threshold: u32,
    /// The network key.
    pub network_key: VerifyingKey,
    /// The key that the signature is for: a child of the network key.
    pub verifying_key: VerifyingKey,
    /// What is signed.
    pub digest: [u8; 32],
    /// Names the user's request.
    pub request_id: [u8; 32],
    /// BLAKE2-256 of the participants' public key shares, as evidence carries them.
    pub public_shares_hash: H256,
    /// BLAKE2-256 of the participants' public auxiliary information, as evidence carries it.
    pub auxiliary_info_hash: H256,
}

/// A resharing: everything its participants have to agree on beforehand.
#[derive(Clone, Debug, Decode, Encode, Eq, PartialEq, TypeInfo)]
pub struct ReshareSubject {
    /// Names the chain.
    pub genesis_hash: H256,
    /// The attempt, as the chain counts them.
    pub attempt: u32,
    /// The generation that it makes.
    pub generation: u32,
    /// The network key.
    pub network_key: VerifyingKey,
    /// The commitment of the generation that is handed over.
    pub old_commitment: H256,
    /// Those who hand their shares over, in ascending order.
    pub old_holders: Vec<SignerId>,
    /// How many of the old committee it takes to sign.
    pub old_threshold: u32,
    /// Those who will hold shares, in ascending order.
    pub members: Vec<SignerId>,
    /// How many of them it will take to sign.
    pub threshold: u32,
    /// The attempt that made the auxiliary information they use, if they do not make it now.
    pub aux_info: Option<u32>,
}

/// Making auxiliary information ahead of time: everything its participants have to agree on
/// beforehand.
#[derive(Clone, Debug, Decode, Encode, Eq, PartialEq, TypeInfo)]
pub struct AuxInfoSubject {
    /// Names the chain.
    pub genesis_hash: H256,
    /// The attempt, as the chain counts them.
    pub attempt: u32,
    /// Those who take part, in ascending order.
    pub parties: Vec<SignerId>,
}

/// What a session is about.
#[derive(Clone, Debug, Decode, Encode, Eq, PartialEq, TypeInfo)]
pub enum Subject {
    /// A key generation.
    #[codec(index = 0)]
    Keygen(KeygenSubject),
    /// One signature.
    #[codec(index = 1)]
    Signing(SigningSubject),
    /// A resharing.
    #[codec(index = 2)]
    Reshare(ReshareSubject),
    /// Auxiliary information, made ahead of time.
    #[codec(index = 3)]
    AuxInfo(AuxInfoSubject),
}

/// The protocols that a key generation or a resharing is made of, each with a session id of its own.
#[derive(Clone, Copy, Debug, Decode, Encode, Eq, Ord, PartialEq, PartialOrd, TypeInfo)]
pub enum RunStage {
    /// T parties make a key that all T of them are needed for.
    #[codec(index = 1)]
    KeyInit,
    /// They share it out among all members.
    #[codec(index = 2)]
    KeyResharing,
    /// All members make their auxiliary information.
    #[codec(index = 3)]
    AuxGen,
}

/// Why a subject and nonces make no session id.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SessionIdError {
    /// The participants are not in ascending order, or one is named twice.
    ParticipantsNotAscending,
    /// The nonces are not those of exactly the participants.
    NoncesOfOthers,
}

impl fmt::Display for SessionIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ParticipantsNotAscending => "the participants are not in ascending order",
            Self::NoncesOfOthers => "the nonces are not those of exactly the participants",
        })
    }
}

impl core::error::Error for SessionIdError {}

impl Subject {
    /// Those who take part, in ascending order if the subject names them so.
    pub fn participants(&self) -> Vec<SignerId> {
        match self {
            Self::Keygen(subject) => subject.members.clone(),
            Self::Signing(subject) => subject.participants.clone(),
            Self::Reshare(subject) => subject.participants(),
            Self::AuxInfo(subject) => subject.parties.clone(),
        }
    }

    /// The hash of all there is to agree on: `BLAKE2-256(tag ‖ SCALE(subject))`.
    pub fn hash(&self) -> H256 {
        H256(blake2_256(&(SUBJECT_TAG, self).encode()))
    }

    /// The id of the run of this subject in which every participant contributed its nonce:
    /// `BLAKE2-256(tag ‖ subject hash ‖ SCALE([(participant, nonce)]))`, ascending.
    pub fn session_id(
        &self,
        nonces: &BTreeMap<SignerId, SessionNonce>,
    ) -> Result<SessionId, SessionIdError> {
        let participants = self.participants();
        let ascending = match self {
            Self::Reshare(subject) => {
                is_ascending(&subject.old_holders) && is_ascending(&subject.members)
            }
            _ => is_ascending(&participants),
        };
        if !ascending {
            return Err(SessionIdError::ParticipantsNotAscending);
        }
        if !nonces.keys().eq(&participants) {
            return Err(SessionIdError::NoncesOfOthers);
        }
        let nonces: Vec<(&SignerId, &SessionNonce)> = nonces.iter().collect();
        Ok(SessionId(blake2_256(
            &(SESSION_TAG, self.hash(), nonces).encode(),
        )))
    }
}

impl ReshareSubject {
    /// Those who hand over and those who take over, in ascending order, each once.
    fn participants(&self) -> Vec<SignerId> {
        let both: BTreeSet<_> = self.old_holders.iter().chain(&self.members).collect();
        both.into_iter().cloned().collect()
    }
}

fn is_ascending(parties: &[SignerId]) -> bool {
    parties
        .iter()
        .zip(parties.iter().skip(1))
        .all(|(a, b)| a < b)
}

impl SessionId {
    /// The id of one of the protocols that a key generation or resharing with this id is made of:
    /// `BLAKE2-256(tag ‖ session id ‖ stage)`.
    pub fn stage(&self, stage: RunStage) -> SessionId {
        SessionId(blake2_256(&(STAGE_TAG, self, stage).encode()))
    }
}

impl AsRef<[u8]> for SessionId {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use super::*;
    use alloc::vec;
    use sp_core::{crypto::ByteArray, hexdisplay::HexDisplay};

    fn party(byte: u8) -> SignerId {
        SignerId::from_slice(&[byte; 32]).unwrap()
    }

    fn nonces(of: &[u8]) -> BTreeMap<SignerId, SessionNonce> {
        of.iter().map(|b| (party(*b), [b + 100; 32])).collect()
    }

    fn keygen() -> KeygenSubject {
        KeygenSubject {
            genesis_hash: H256([9; 32]),
            attempt: 7,
            members: vec![party(1), party(2), party(3)],
            threshold: 2,
        }
    }

    fn signing() -> SigningSubject {
        SigningSubject {
            genesis_hash: H256([9; 32]),
            generation: 4,
            participants: vec![party(1), party(3)],
            threshold: 2,
            network_key: [5; 33],
            verifying_key: [6; 33],
            digest: [7; 32],
            request_id: [8; 32],
            public_shares_hash: H256([10; 32]),
            auxiliary_info_hash: H256([11; 32]),
        }
    }

    fn reshare() -> ReshareSubject {
        ReshareSubject {
            genesis_hash: H256([9; 32]),
            attempt: 8,
            generation: 2,
            network_key: [5; 33],
            old_commitment: H256([12; 32]),
            old_holders: vec![party(1), party(3)],
            old_threshold: 2,
            members: vec![party(2), party(3), party(4)],
            threshold: 2,
            aux_info: Some(6),
        }
    }

    fn aux_info() -> AuxInfoSubject {
        AuxInfoSubject {
            genesis_hash: H256([9; 32]),
            attempt: 9,
            parties: vec![party(1), party(2), party(3)],
        }
    }

    fn hex(bytes: impl AsRef<[u8]>) -> alloc::string::String {
        alloc::format!("{}", HexDisplay::from(&bytes.as_ref()))
    }

    /// Computed with Python's `hashlib`, from the documented layout.
    #[test]
    fn vectors() {
        let subject = Subject::Keygen(keygen());
        let id = subject.session_id(&nonces(&[1, 2, 3])).unwrap();
        assert_eq!(
            hex(subject.hash()),
            "99363bae617c31aadd0c51931df183c8bdb20e6b5093547fcb633da54f2d546e"
        );
        assert_eq!(
            hex(id),
            "5c6464460b36615599c74c4917478a64773589f1d4d836c4278ce137fdcfd3f2"
        );
        assert_eq!(
            hex(id.stage(RunStage::KeyInit)),
            "19681d6d7623de82aeba8919e3248095f768262cefabcdf36f5e67d2b13c67bc"
        );
        assert_eq!(
            hex(id.stage(RunStage::KeyResharing)),
            "856f19ddad142ed2399b45435a44debfe834b171723afe5a1f0345aef4e1601c"
        );
        assert_eq!(
            hex(id.stage(RunStage::AuxGen)),
            "3e7c78167ab4b1418b87749318774dad5ba11b1926f48d26e9bc3513d64ab18f"
        );

        let subject = Subject::Signing(signing());
        let id = subject.session_id(&nonces(&[1, 3])).unwrap();
        assert_eq!(
            hex(subject.hash()),
            "c2996242073ede5bec8ce704dbb17b098196c8cd79c351ce8f432f26ee1688c3"
        );
        assert_eq!(
            hex(id),
            "045925f1d90eb64be970dd2dd4ea998c96d0e3ca6b733ff08a67f53c76f35126"
        );
    }

    #[test]
    fn everything_counts() {
        let with = |change: fn(&mut SigningSubject)| {
            let mut subject = signing();
            change(&mut subject);
            Subject::Signing(subject).hash()
        };
        let keygen_with = |change: fn(&mut KeygenSubject)| {
            let mut subject = keygen();
            change(&mut subject);
            Subject::Keygen(subject).hash()
        };
        let reshare_with = |change: fn(&mut ReshareSubject)| {
            let mut subject = reshare();
            change(&mut subject);
            Subject::Reshare(subject).hash()
        };
        let aux_info_with = |change: fn(&mut AuxInfoSubject)| {
            let mut subject = aux_info();
            change(&mut subject);
            Subject::AuxInfo(subject).hash()
        };
        let mut hashes = vec![
            with(|_| ()),
            with(|s| s.genesis_hash.0[31] ^= 1),
            with(|s| s.generation += 1),
            with(|s| s.participants[1] = party(2)),
            with(|s| s.threshold += 1),
            with(|s| s.network_key[32] ^= 1),
            with(|s| s.verifying_key[32] ^= 1),
            with(|s| s.digest[31] ^= 1),
            with(|s| s.request_id[31] ^= 1),
            with(|s| s.public_shares_hash.0[31] ^= 1),
            with(|s| s.auxiliary_info_hash.0[31] ^= 1),
            keygen_with(|_| ()),
            keygen_with(|s| s.genesis_hash.0[31] ^= 1),
            keygen_with(|s| s.attempt += 1),
            keygen_with(|s| s.members.truncate(2)),
            keygen_with(|s| s.threshold += 1),
            reshare_with(|_| ()),
            reshare_with(|s| s.genesis_hash.0[31] ^= 1),
            reshare_with(|s| s.attempt += 1),
            reshare_with(|s| s.generation += 1),
            reshare_with(|s| s.network_key[32] ^= 1),
            reshare_with(|s| s.old_commitment.0[31] ^= 1),
            reshare_with(|s| s.old_holders.truncate(1)),
            reshare_with(|s| s.old_threshold += 1),
            reshare_with(|s| s.members.truncate(2)),
            reshare_with(|s| s.threshold += 1),
            reshare_with(|s| s.aux_info = None),
            aux_info_with(|_| ()),
            aux_info_with(|s| s.genesis_hash.0[31] ^= 1),
            aux_info_with(|s| s.attempt += 1),
            aux_info_with(|s| s.parties.truncate(2)),
        ];
        let count = hashes.len();
        hashes.sort();
        hashes.dedup();
        assert_eq!(hashes.len(), count);
    }

    #[test]
    fn every_nonce_counts() {
        let subject = Subject::Signing(signing());
        let id = subject.session_id(&nonces(&[1, 3])).unwrap();
        for changed in [1, 3] {
            let mut other = nonces(&[1, 3]);
            other.get_mut(&party(changed)).unwrap()[0] ^= 1;
            assert_ne!(subject.session_id(&other).unwrap(), id);
        }
    }

    #[test]
    fn nonces_are_those_of_the_participants() {
        let subject = Subject::Signing(signing());
        for wrong in [&[1][..], &[1, 2], &[1, 2, 3], &[]] {
            assert_eq!(
                subject.session_id(&nonces(wrong)),
                Err(SessionIdError::NoncesOfOthers)
            );
        }
    }

    #[test]
    fn old_and_new_holders_take_part_in_a_resharing() {
        let subject = Subject::Reshare(reshare());
        assert!(subject.session_id(&nonces(&[1, 2, 3, 4])).is_ok());
        assert_eq!(
            subject.session_id(&nonces(&[2, 3, 4])),
            Err(SessionIdError::NoncesOfOthers)
        );
        for (old_holders, members) in [
            (vec![party(3), party(1)], reshare().members),
            (reshare().old_holders, vec![party(2), party(2)]),
        ] {
            let subject = Subject::Reshare(ReshareSubject {
                old_holders,
                members,
                ..reshare()
            });
            assert_eq!(
                subject.session_id(&nonces(&[1, 2, 3, 4])),
                Err(SessionIdError::ParticipantsNotAscending)
            );
        }
    }

    #[test]
    fn participants_ascend() {
        for members in [vec![party(2), party(1)], vec![party(1), party(1)]] {
            let subject = Subject::Signing(SigningSubject {
                participants: members,
                ..signing()
            });
            assert_eq!(
                subject.session_id(&nonces(&[1, 2])),
                Err(SessionIdError::ParticipantsNotAscending)
            );
        }
    }
}
