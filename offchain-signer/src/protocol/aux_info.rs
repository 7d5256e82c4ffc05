//! Auxiliary information that is made ahead of time: by members and standbys together, so that any
//! of them can become a committee without making it anew.

use super::{
    mailbox::{Run, Stage},
    public_parts,
    staged::StagedRun,
    KeyMaterialError, Params, PartyId, SessionError,
};
use codec::Encode;
use core::fmt;
use serde::{Deserialize, Serialize};
use signing_primitives::{AuxInfoSubject, SignerId};
use sp_core::H256;
use sp_crypto_hashing::blake2_256;
use std::collections::BTreeSet;
use synedrion::AuxInfo;
use zeroize::Zeroizing;

const COMMITMENT_TAG: &[u8; 26] = b"signing-network/aux-info/1";

/// The version of the serialized form.
const FORMAT: u8 = 1;

/// A generation of auxiliary information that makes no sense.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AuxGenerationError {
    /// There are fewer than two parties, or one is named twice.
    #[error("auxiliary information of {parties} distinct parties, of {named} that are named")]
    Parties {
        /// How many distinct ones there are.
        parties: usize,
        /// How many are named.
        named: usize,
    },
}

/// A generation of auxiliary information ahead of time.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AuxGeneration {
    attempt: u32,
    parties: BTreeSet<PartyId>,
}

impl AuxGeneration {
    /// Auxiliary information of these parties.
    pub fn new(subject: &AuxInfoSubject) -> Result<Self, AuxGenerationError> {
        let parties = party_set(&subject.parties);
        let named = subject.parties.len();
        if parties.len() < 2 || parties.len() != named {
            let parties = parties.len();
            return Err(AuxGenerationError::Parties { parties, named });
        }
        Ok(Self {
            attempt: subject.attempt,
            parties,
        })
    }

    /// Takes this node's part, on this thread.
    pub fn make(&self, run: Run) -> Result<PreparedAuxInfo, SessionError> {
        let mut run = StagedRun::open(run, &self.parties, Stage::AuxGen)?;
        let aux_info = run.aux_gen(&self.parties)?;
        Ok(PreparedAuxInfo::new(self.attempt, aux_info)?)
    }
}

/// One party's auxiliary information, with the public counterparts of all parties.
#[derive(Clone)]
pub struct PreparedAuxInfo {
    attempt: u32,
    aux_info: AuxInfo<Params, PartyId>,
    owner: PartyId,
    parties: BTreeSet<PartyId>,
    commitment: H256,
}

impl PreparedAuxInfo {
    pub(super) fn new(
        attempt: u32,
        aux_info: AuxInfo<Params, PartyId>,
    ) -> Result<Self, KeyMaterialError> {
        let (owner, parties, public) = public_parts::of_aux_info(&aux_info)?;
        let parties: BTreeSet<PartyId> = parties.into_iter().collect();
        if !parties.contains(&owner) {
            return Err(KeyMaterialError::Mismatched);
        }
        Ok(Self {
            attempt,
            aux_info,
            owner,
            parties,
            commitment: H256(blake2_256(&(COMMITMENT_TAG, public).encode())),
        })
    }

    /// The attempt that it comes from.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// Whose it is.
    pub fn owner(&self) -> &PartyId {
        &self.owner
    }

    /// All who have made it together.
    pub fn parties(&self) -> &BTreeSet<PartyId> {
        &self.parties
    }

    /// BLAKE2-256 of all parties' public auxiliary information, in SCALE after a tag. The same for
    /// all parties.
    pub fn commitment(&self) -> H256 {
        self.commitment
    }

    /// The part of it that a committee of these members needs.
    pub(super) fn subset(
        &self,
        members: &BTreeSet<PartyId>,
    ) -> Result<AuxInfo<Params, PartyId>, KeyMaterialError> {
        if let Some(stranger) = members.difference(&self.parties).next() {
            return Err(KeyMaterialError::NotAMember(stranger.clone()));
        }
        self.aux_info
            .clone()
            .subset(members)
            .map_err(KeyMaterialError::Library)
    }

    /// The serialized form: secret, to be sealed before it is stored.
    pub fn to_bytes(&self) -> Result<Zeroizing<Vec<u8>>, KeyMaterialError> {
        #[derive(Serialize)]
        struct Stored<'a>(u8, u32, &'a AuxInfo<Params, PartyId>);
        let stored = Stored(FORMAT, self.attempt, &self.aux_info);
        Ok(public_parts::serialize(&stored)?)
    }

    /// Reads the serialized form.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyMaterialError> {
        #[derive(Deserialize)]
        struct Stored(u32, AuxInfo<Params, PartyId>);
        let (format, bytes) = bytes.split_first().ok_or(KeyMaterialError::Malformed)?;
        if *format != FORMAT {
            return Err(KeyMaterialError::Malformed);
        }
        match postcard::take_from_bytes::<Stored>(bytes) {
            Ok((Stored(attempt, aux_info), [])) => Self::new(attempt, aux_info),
            _ => Err(KeyMaterialError::Malformed),
        }
    }

    /// The same, as if it came from another attempt.
    #[cfg(test)]
    pub(crate) fn of_attempt(&self, attempt: u32) -> Self {
        Self {
            attempt,
            ..self.clone()
        }
    }
}

impl fmt::Debug for PreparedAuxInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PreparedAuxInfo")
            .field("attempt", &self.attempt)
            .field("owner", &self.owner)
            .finish_non_exhaustive()
    }
}

pub(super) fn party_set(signers: &[SignerId]) -> BTreeSet<PartyId> {
    signers.iter().cloned().map(PartyId::from).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use super::*;
    use crate::protocol::test_network::{among, prepared, PREPARED_BY};
    use core::time::Duration;

    fn subject(parties: Vec<SignerId>) -> AuxInfoSubject {
        AuxInfoSubject {
            genesis_hash: H256([1; 32]),
            attempt: 8,
            parties,
        }
    }

    #[test]
    fn all_parties_have_the_same_result() {
        let pair = among(&prepared().0, &[0, 3]);
        let parties = pair.signers.iter().map(|s| s.party().clone().into());
        let generation = AuxGeneration::new(&subject(parties.collect())).unwrap();
        let made = pair.run(|_, run| generation.make(run).unwrap());
        assert_eq!(made[0].commitment(), made[1].commitment());
        for (index, own) in made.iter().enumerate() {
            assert_eq!((own.attempt(), own.owner()), (8, &pair.party(index)));
            assert_eq!(own.parties().len(), 2);
            assert_ne!(own.commitment(), prepared().1[0].commitment());
        }
    }

    #[test]
    fn a_silent_party_is_named() {
        let pair = among(&prepared().0, &[0, 3]).impatient(Duration::from_millis(100));
        let parties = pair.signers.iter().map(|s| s.party().clone().into());
        let generation = AuxGeneration::new(&subject(parties.collect())).unwrap();
        let errors = pair.run(|index, run| (index == 0).then(|| generation.make(run).unwrap_err()));
        assert_eq!(errors[0].as_ref().unwrap().blamed(), [pair.party(1)].into());
    }

    #[test]
    fn parties_that_make_no_sense() {
        let one: SignerId = prepared().0.party(0).into();
        for named in [vec![], vec![one.clone()], vec![one.clone(), one]] {
            assert!(AuxGeneration::new(&subject(named)).is_err());
        }
    }

    #[test]
    fn survives_storage() {
        let (network, prepared) = prepared();
        let info = &prepared[2];
        assert_eq!(*info.owner(), network.party(2));
        let bytes = info.to_bytes().unwrap();
        let read = PreparedAuxInfo::from_bytes(&bytes).unwrap();
        assert_eq!(read.to_bytes().unwrap(), bytes);
        assert_eq!(read.commitment(), prepared[0].commitment());
        assert_eq!((read.attempt(), read.owner()), (PREPARED_BY, info.owner()));
        let longer = [&bytes[..], &[0]].concat();
        let mut other_format = bytes.to_vec();
        other_format[0] = 2;
        for bad in [&[], &longer[..], &other_format, &bytes[..bytes.len() - 1]] {
            assert!(PreparedAuxInfo::from_bytes(bad).is_err());
        }
    }

    #[test]
    fn fits_those_who_have_made_it() {
        let (network, prepared) = prepared();
        let members = [0, 2, 4].map(|index| network.party(index)).into();
        assert!(prepared[2].subset(&members).is_ok());
        assert!(prepared[1].subset(&members).is_err(), "of another owner");
        let stranger: PartyId = {
            use sp_core::crypto::ByteArray;
            SignerId::from_slice(&[1; 32]).unwrap().into()
        };
        let with_stranger = [network.party(2), stranger.clone()].into();
        assert!(matches!(
            prepared[2].subset(&with_stranger),
            Err(KeyMaterialError::NotAMember(who)) if who == stranger
        ));
    }

    #[test]
    fn debug_shows_no_secrets() {
        let shown = format!("{:?}", prepared().1[0]);
        assert!(shown.len() < 120, "{shown}");
    }
}
