//! The generation of the network key.
//!
//! ```text
//! the first T members ──KeyInit──► a key all T of them are needed for
//!        │  each tells every other member which key it is
//!        ▼
//!   KeyResharing, T ─► N: a share of the same key for every member, any T of which sign
//!        ▼
//!   AuxGen, all N: Paillier keys and ring-Pedersen parameters
//! ```
//!
//! Members beyond the first T cannot know which key they get shares of unless they are told. All T
//! makers have to tell them the same, so one honest maker is enough for it to be right; and T
//! makers without an honest one know the key anyway. That all members have the same result in the
//! end is for the chain to see: they confirm key and commitment there.

use super::{
    error::{Misconduct, Round},
    key_material::compressed,
    mailbox::{Run, Stage},
    staged::{Redistribution, Share, StagedRun},
    KeyMaterial, KeyMaterialError, Params, PartyId, SessionError,
};
use k256::ecdsa::VerifyingKey as EcdsaKey;
use signing_primitives::{KeygenSubject, RunStage, SignerId, VerifyingKey};
use sp_core::H256;
use std::collections::{BTreeMap, BTreeSet};
use synedrion::{KeyInit, ThresholdKeyShare};

/// A key generation that makes no sense.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum KeygenError {
    /// The threshold is not between two and the number of members.
    #[error("a threshold of {threshold} among {members} members")]
    Threshold {
        /// The threshold.
        threshold: u32,
        /// The number of distinct members.
        members: usize,
    },
}

/// A key generation.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Keygen {
    attempt: u32,
    members: BTreeSet<PartyId>,
    makers: BTreeSet<PartyId>,
}

impl Keygen {
    /// A key generation for these members, of whom `threshold` will sign. The first `threshold`
    /// in ascending order make the key.
    pub fn new(
        attempt: u32,
        members: impl IntoIterator<Item = SignerId>,
        threshold: u32,
    ) -> Result<Self, KeygenError> {
        let members: BTreeSet<PartyId> = members.into_iter().map(PartyId::from).collect();
        let count = usize::try_from(threshold).unwrap_or(usize::MAX);
        if count < 2 || count > members.len() {
            return Err(KeygenError::Threshold {
                threshold,
                members: members.len(),
            });
        }
        let makers = members.iter().take(count).cloned().collect();
        Ok(Self {
            attempt,
            members,
            makers,
        })
    }

    /// What all members have to agree on beforehand, and what the id of the run commits to.
    pub fn subject(&self, genesis_hash: H256) -> KeygenSubject {
        KeygenSubject {
            genesis_hash,
            attempt: self.attempt,
            members: self.members.iter().cloned().map(SignerId::from).collect(),
            threshold: u32::try_from(self.makers.len()).unwrap_or(u32::MAX),
        }
    }

    /// Those who will hold shares.
    pub fn members(&self) -> &BTreeSet<PartyId> {
        &self.members
    }
}

/// Takes this node's part in a key generation, on this thread.
pub fn generate(keygen: &Keygen, run: Run) -> Result<KeyMaterial, SessionError> {
    let mut generation = Generation {
        keygen,
        run: StagedRun::open(run, &keygen.members, Stage::KeyInit)?,
    };
    let made = generation.make()?;
    let key = match &made {
        Some(share) => generation.tell(share)?,
        None => generation.learn()?,
    };
    let shared_out = Redistribution {
        key,
        old_holders: &keygen.makers,
        members: &keygen.members,
        threshold: keygen.makers.len(),
    };
    let share = generation
        .run
        .redistribute(&shared_out, made)?
        .ok_or(SessionError::WrongKey)?;
    let aux_info = generation.run.aux_gen(&keygen.members)?;
    Ok(KeyMaterial::new(keygen.attempt, share, aux_info)?)
}

/// A key generation in progress.
struct Generation<'a> {
    keygen: &'a Keygen,
    run: StagedRun,
}

impl Generation<'_> {
    /// Makes the key, if this node is one of those who do.
    fn make(&mut self) -> Result<Option<Share>, SessionError> {
        if !self.keygen.makers.contains(&self.run.me) {
            return Ok(None);
        }
        let entry_point = KeyInit::<Params, PartyId>::new(self.keygen.makers.clone())
            .map_err(KeyMaterialError::Library)?;
        let share = self
            .run
            .run(Stage::KeyInit, RunStage::KeyInit, entry_point)?;
        Ok(Some(ThresholdKeyShare::from_key_share(&share)))
    }

    /// Tells those who did not make the key which it is.
    fn tell(&mut self, share: &Share) -> Result<EcdsaKey, SessionError> {
        let key = share.verifying_key().map_err(KeyMaterialError::Library)?;
        let bytes = compressed(&key)?;
        self.run.mailbox.enter(Stage::NetworkKey);
        let until = self.run.mailbox.round_deadline();
        for member in self.keygen.members.difference(&self.keygen.makers) {
            self.run
                .mailbox
                .send(member, &bytes, until)
                .map_err(|i| i.into_error(&announcement(), BTreeSet::new()))?;
        }
        Ok(key)
    }

    /// Learns from those who made the key which it is.
    fn learn(&mut self) -> Result<EcdsaKey, SessionError> {
        self.run.mailbox.enter(Stage::NetworkKey);
        // KeyInit is still going on among the others: its three rounds are theirs to time.
        let until = self.run.mailbox.round_deadline();
        let mut absent = self.keygen.makers.clone();
        let mut claims = BTreeMap::<PartyId, VerifyingKey>::new();
        let mut agreed = None;
        while !absent.is_empty() {
            let delivery = self
                .run
                .mailbox
                .receive(until)
                .map_err(|i| i.into_error(&announcement(), absent.clone()))?;
            let from = delivery.from;
            let claim = delivery
                .message
                .and_then(|bytes| claimed_key(&bytes).ok_or("an announcement that is no key"))
                .and_then(|claim| match absent.remove(&from) {
                    true => Ok(claim),
                    false => Err("an announcement that was not asked for"),
                });
            match claim {
                Ok((key, bytes)) => {
                    claims.insert(from, bytes);
                    agreed = Some(key);
                }
                // A transport that reconnects may repeat a message.
                Err(_) if claims.contains_key(&from) => {}
                Err(what) => {
                    return Err(SessionError::Misbehaviour {
                        round: announcement(),
                        culprits: [(from, Misconduct::unprovable(what))].into(),
                        transcript: Default::default(),
                    })
                }
            }
        }
        let distinct: BTreeSet<_> = claims.values().collect();
        match agreed {
            Some(key) if distinct.len() == 1 => Ok(key),
            _ => Err(SessionError::KeyDisagreement { claims }),
        }
    }
}

fn announcement() -> Round {
    Round {
        stage: Stage::NetworkKey,
        id: None,
    }
}

fn claimed_key(bytes: &[u8]) -> Option<(EcdsaKey, VerifyingKey)> {
    let compressed = VerifyingKey::try_from(bytes).ok()?;
    let key = EcdsaKey::from_sec1_bytes(bytes).ok()?;
    Some((key, compressed))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use super::*;
    use crate::protocol::test_network::{committee, signers, TestNetwork};
    use core::time::Duration;

    const KEY_ANNOUNCEMENT: u8 = 2;

    fn three(threshold: u32) -> (TestNetwork, Keygen) {
        let network = TestNetwork::new(signers(3));
        let members = network.signers.iter().map(|s| s.party().clone().into());
        let keygen = Keygen::new(1, members, threshold).unwrap();
        (network, keygen)
    }

    #[test]
    fn all_members_have_the_same_result() {
        let (network, material) = committee();
        for (index, own) in material.iter().enumerate() {
            assert_eq!(*own.owner(), network.party(index));
            assert_eq!(own.attempt(), 5);
            assert_eq!(own.threshold(), 2);
            assert_eq!(own.members().len(), 3);
            assert_eq!(own.verifying_key(), material[0].verifying_key());
            assert_eq!(own.commitment(), material[0].commitment());
        }
    }

    #[test]
    fn thresholds_that_make_no_sense() {
        let members: Vec<SignerId> = signers(3)
            .iter()
            .map(|s| s.party().clone().into())
            .collect();
        for threshold in [0, 1, 4, u32::MAX] {
            assert!(Keygen::new(1, members.clone(), threshold).is_err());
        }
        let twice = [members[0].clone(), members[0].clone()];
        assert!(Keygen::new(1, twice, 2).is_err());
    }

    #[test]
    fn a_stranger_cannot_join() {
        let network = TestNetwork::new(signers(4));
        let all: Vec<SignerId> = network
            .signers
            .iter()
            .map(|s| s.party().clone().into())
            .collect();
        let keygen = Keygen::new(1, all[..3].to_vec(), 2).unwrap();
        let results = network.run(|index, run| (index == 3).then(|| generate(&keygen, run)));
        assert!(matches!(
            results[3],
            Some(Err(SessionError::KeyMaterial(
                KeyMaterialError::NotAMember(_)
            )))
        ));
    }

    #[test]
    fn a_silent_maker_is_named() {
        let (network, keygen) = three(2);
        let network = network.impatient(Duration::from_millis(300));
        let results = network.run(|index, run| match index {
            1 => None,
            _ => Some(generate(&keygen, run).unwrap_err()),
        });
        assert_eq!(
            results[0].as_ref().unwrap().blamed(),
            [network.party(1)].into()
        );
        // The third cannot know why it was told no key: it misses both.
        assert_eq!(
            results[2].as_ref().unwrap().blamed(),
            [network.party(0), network.party(1)].into()
        );
    }

    #[test]
    fn a_silent_new_member_is_named() {
        let (network, keygen) = three(2);
        let network = network.impatient(Duration::from_millis(300));
        let results = network.run(|index, run| match index {
            2 => None,
            _ => Some(generate(&keygen, run).unwrap_err()),
        });
        for maker in [0, 1] {
            let error = results[maker].as_ref().unwrap();
            assert!(matches!(error, SessionError::TimedOut { round, .. }
                if round.stage == Stage::KeyResharing));
            assert_eq!(error.blamed(), [network.party(2)].into());
        }
    }

    #[test]
    fn makers_that_name_different_keys_are_found_out_but_not_named() {
        let (network, keygen) = three(2);
        let other = k256::ecdsa::SigningKey::from_slice(&[7; 32]).unwrap();
        let other = compressed(other.verifying_key()).unwrap();
        let network =
            network
                .impatient(Duration::from_millis(300))
                .tampered(move |from, _, message| {
                    if from == 1 && message[0] == KEY_ANNOUNCEMENT {
                        return vec![[&[KEY_ANNOUNCEMENT], other.as_slice()].concat()];
                    }
                    vec![message]
                });
        let results = network.run(|_, run| generate(&keygen, run).unwrap_err());
        let SessionError::KeyDisagreement { claims } = &results[2] else {
            panic!("{:?}", results[2]);
        };
        assert_eq!(claims.len(), 2);
        assert!(results[2].blamed().is_empty());
    }

    #[test]
    fn an_announcement_that_is_no_key_names_its_sender() {
        let (network, keygen) = three(2);
        let network =
            network
                .impatient(Duration::from_millis(300))
                .tampered(|from, _, mut message| {
                    if from == 0 && message[0] == KEY_ANNOUNCEMENT {
                        message[1] = 9;
                    }
                    vec![message]
                });
        let results = network.run(|_, run| generate(&keygen, run).unwrap_err());
        assert_eq!(results[2].blamed(), [network.party(0)].into());
    }

    /// The library panics here, and rightly blames nobody: the makers' shares do not add up to the
    /// key that both announced.
    #[test]
    fn a_key_that_is_not_the_shared_one_names_nobody() {
        let (network, keygen) = three(2);
        let other = k256::ecdsa::SigningKey::from_slice(&[7; 32]).unwrap();
        let other = compressed(other.verifying_key()).unwrap();
        let network =
            network
                .impatient(Duration::from_millis(300))
                .tampered(move |_, _, message| match message[0] {
                    KEY_ANNOUNCEMENT => vec![[&[KEY_ANNOUNCEMENT], other.as_slice()].concat()],
                    _ => vec![message],
                });
        let results = network.run(|_, run| generate(&keygen, run).err());
        assert!(matches!(results[2], Some(SessionError::Panicked { .. })));
    }

    #[test]
    fn repeated_messages_do_no_harm() {
        // Up to auxiliary information: the generation proper is tested once, above.
        let (network, keygen) = three(2);
        let network = network.tampered(|_, _, message| match message[0] {
            4 => vec![vec![4, 0xff]],
            _ => vec![message.clone(), message],
        });
        let results = network.run(|_, run| generate(&keygen, run).unwrap_err());
        for error in &results {
            assert!(
                matches!(error, SessionError::Misbehaviour { round, .. }
                    if round.stage == Stage::AuxGen),
                "{error}"
            );
        }
    }
}
