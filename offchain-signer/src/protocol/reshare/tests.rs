#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod cheating;

use super::*;
use crate::protocol::{
    key_material::tests::child_key,
    signing::sign,
    test_network::{among, committee, prepared, TestNetwork, PREPARED_BY},
    RecoverableSignature,
};
use core::time::Duration;
use signing_primitives::VerifyingKey;
use sp_core::H256;
use std::collections::BTreeMap;

const DIGEST: [u8; 32] = [0xd2; 32];

/// Five signers, of whom three have shares of the key and two have none.
struct World {
    network: TestNetwork,
    materials: BTreeMap<PartyId, KeyMaterial>,
    /// By index in the network.
    old: Vec<usize>,
    fresh: Vec<usize>,
}

fn world() -> World {
    let materials: BTreeMap<PartyId, KeyMaterial> = committee()
        .1
        .iter()
        .map(|material| (material.owner().clone(), material.clone()))
        .collect();
    let network = prepared().0.clone();
    let is_old = |index: &usize| materials.contains_key(&network.party(*index));
    let (old, fresh) = (0..5).partition(is_old);
    World {
        network,
        materials,
        old,
        fresh,
    }
}

impl World {
    fn signer(&self, index: usize) -> SignerId {
        self.network.party(index).into()
    }

    fn subject(&self, from: &[usize], to: &[usize], threshold: u32) -> ReshareSubject {
        let material = self.materials.values().next().unwrap();
        let ascending = |of: &[usize]| {
            let mut signers: Vec<_> = of.iter().map(|index| self.signer(*index)).collect();
            signers.sort();
            signers
        };
        ReshareSubject {
            genesis_hash: H256([1; 32]),
            attempt: 7,
            generation: 2,
            network_key: material.verifying_key(),
            old_commitment: material.commitment(),
            old_holders: ascending(from),
            old_threshold: material.threshold() as u32,
            members: ascending(to),
            threshold,
            aux_info: Some(PREPARED_BY),
        }
    }

    /// The part of the signer with this index.
    fn part(&self, reshare: &Reshare, index: usize) -> Result<ResharePart, ReshareError> {
        let share = self.materials.get(&self.network.party(index));
        reshare.part(&self.signer(index), share, Some(&prepared().1[index]))
    }

    /// The sub-network of those who take part, with their indices here.
    fn parties(&self, reshare: &Reshare) -> (TestNetwork, Vec<usize>) {
        let takes_part = |index: &usize| {
            let signer = self.signer(*index);
            reshare.hands_over(&signer) || reshare.takes_over(&signer)
        };
        let indices: Vec<_> = (0..5).filter(takes_part).collect();
        (among(&self.network, &indices), indices)
    }

    /// What everybody gets out of it.
    fn results(&self, reshare: &Reshare) -> BTreeMap<usize, Option<KeyMaterial>> {
        let (network, indices) = self.parties(reshare);
        self.results_over(&network, &indices, reshare)
    }

    fn results_over(
        &self,
        network: &TestNetwork,
        indices: &[usize],
        reshare: &Reshare,
    ) -> BTreeMap<usize, Option<KeyMaterial>> {
        let results = network.run(|position, run| {
            let part = self.part(reshare, indices[position]).unwrap();
            part.take(run).unwrap()
        });
        indices.iter().copied().zip(results).collect()
    }

    /// A signature of these, with the child key 3.
    fn signature(
        &self,
        materials: &BTreeMap<usize, Option<KeyMaterial>>,
        of: &[usize],
    ) -> RecoverableSignature {
        let network = among(&self.network, of);
        let participants = of.iter().map(|index| self.network.party(*index)).collect();
        let signatures = network.run(|position, run| {
            let material = materials[&of[position]].as_ref().unwrap();
            let inputs = material.signing_inputs(Some(3), &participants).unwrap();
            sign(inputs, DIGEST, run).unwrap()
        });
        assert!(signatures.iter().all(|each| *each == signatures[0]));
        signatures[0]
    }

    fn child_key(&self) -> VerifyingKey {
        child_key(committee().1[0].verifying_key(), 3)
    }
}

fn ascending<const N: usize>(mut of: [usize; N]) -> [usize; N] {
    of.sort();
    of
}

/// All new members have the same result, of the same key.
fn agreed(results: &BTreeMap<usize, Option<KeyMaterial>>) -> H256 {
    let materials: Vec<_> = results.values().flatten().collect();
    for material in &materials {
        assert_eq!(material.commitment(), materials[0].commitment());
        assert_eq!(material.verifying_key(), committee().1[0].verifying_key());
        assert_eq!(material.attempt(), 7);
    }
    materials[0].commitment()
}

#[test]
fn a_member_is_replaced_without_making_auxiliary_information() {
    let world = world();
    let (old, fresh) = (&world.old, &world.fresh);
    let members = ascending([old[1], old[2], fresh[0]]);
    let reshare = Reshare::new(world.subject(&[old[0], old[1]], &members, 2)).unwrap();
    let (network, indices) = world.parties(&reshare);
    const AUX_GEN: u8 = 4;
    let network = network.tampered(|_, _, message| {
        assert_ne!(message[0], AUX_GEN);
        vec![message]
    });
    let results = world.results_over(&network, &indices, &reshare);
    assert!(results[&old[0]].is_none(), "no member, no share");
    agreed(&results);
    for pair in [
        [members[0], members[1]],
        [members[0], members[2]],
        [members[1], members[2]],
    ] {
        let signature = world.signature(&results, &pair);
        assert_eq!(signature.recover(&DIGEST), Some(world.child_key()));
    }
}

#[test]
fn size_and_threshold_change() {
    let world = world();
    let reshare = Reshare::new(world.subject(&world.old[1..], &[0, 1, 2, 3, 4], 3)).unwrap();
    let results = world.results(&reshare);
    agreed(&results);
    let material = results[&0].as_ref().unwrap();
    assert_eq!((material.members().len(), material.threshold()), (5, 3));
    let signature = world.signature(&results, &[0, 2, 4]);
    assert_eq!(signature.recover(&DIGEST), Some(world.child_key()));
}

#[test]
fn refreshed_shares_and_old_ones_make_no_signature_together() {
    let world = world();
    let old = &world.old;
    let reshare = Reshare::new(world.subject(&old[..2], old, 2)).unwrap();
    let results = world.results(&reshare);
    assert_ne!(agreed(&results), committee().1[0].commitment());
    let signature = world.signature(&results, &[old[0], old[2]]);
    assert_eq!(signature.recover(&DIGEST), Some(world.child_key()));

    let pair = [old[0], old[1]];
    let network = among(&world.network, &pair).impatient(Duration::from_secs(20));
    let participants: BTreeSet<_> = pair.iter().map(|i| world.network.party(*i)).collect();
    let mixed = network.run(|position, run| {
        let material = match position {
            0 => &world.materials[&network.party(0)],
            _ => results[&pair[1]].as_ref().unwrap(),
        };
        let inputs = material.signing_inputs(Some(3), &participants).unwrap();
        sign(inputs, DIGEST, run)
    });
    assert!(mixed.iter().all(Result::is_err));
}

#[test]
fn without_auxiliary_information_it_is_made() {
    let world = world();
    let members = ascending([world.old[0], world.fresh[0]]);
    let subject = ReshareSubject {
        aux_info: None,
        ..world.subject(&world.old[..2], &members, 2)
    };
    let results = world.results(&Reshare::new(subject).unwrap());
    assert!(results[&world.old[1]].is_none());
    agreed(&results);
    let signature = world.signature(&results, &members);
    assert_eq!(signature.recover(&DIGEST), Some(world.child_key()));
}

/// What the others make of one that says nothing.
fn with_silent(silent: usize, reshare: &Reshare, world: &World) -> Vec<Option<SessionError>> {
    let (network, indices) = world.parties(reshare);
    let network = network.impatient(Duration::from_millis(500));
    network.run(|position, run| {
        if indices[position] == silent {
            return None;
        }
        world
            .part(reshare, indices[position])
            .unwrap()
            .take(run)
            .err()
    })
}

#[test]
fn a_silent_old_holder_is_named() {
    let world = world();
    let (old, fresh) = (&world.old, &world.fresh);
    let subject = world.subject(&[old[0], old[1]], &[old[1], old[2], fresh[0]], 2);
    let errors = with_silent(old[0], &Reshare::new(subject).unwrap(), &world);
    let errors: Vec<_> = errors.into_iter().flatten().collect();
    assert_eq!(errors.len(), 3, "no member has a result");
    for error in errors {
        assert!(matches!(error, SessionError::TimedOut { .. }), "{error}");
        assert_eq!(error.blamed(), [world.network.party(old[0])].into());
    }
}

#[test]
fn a_silent_new_member_is_named() {
    let world = world();
    let (old, fresh) = (&world.old, &world.fresh);
    let subject = world.subject(&[old[0], old[1]], &[old[1], old[2], fresh[0]], 2);
    let errors = with_silent(fresh[0], &Reshare::new(subject).unwrap(), &world);
    let errors: Vec<_> = errors.into_iter().flatten().collect();
    // The one that only hands over is done before anybody could miss anybody.
    assert_eq!(errors.len(), 2);
    for error in errors {
        assert_eq!(error.blamed(), [world.network.party(fresh[0])].into());
    }
}

#[test]
fn resharings_that_make_no_sense() {
    let world = world();
    let old = &world.old;
    let good = world.subject(&old[..2], old, 2);
    for threshold in [0, 1, 4, u32::MAX] {
        let subject = ReshareSubject {
            threshold,
            ..good.clone()
        };
        assert!(matches!(
            Reshare::new(subject),
            Err(ReshareError::Threshold { members: 3, .. })
        ));
    }
    for holders in [&old[..1], &old[..3]] {
        let subject = world.subject(holders, old, 2);
        assert!(matches!(
            Reshare::new(subject),
            Err(ReshareError::OldHolders { threshold: 2, .. })
        ));
    }
    let subject = ReshareSubject {
        network_key: [0; 33],
        ..good
    };
    assert!(matches!(
        Reshare::new(subject),
        Err(ReshareError::NetworkKey)
    ));
}

#[test]
fn nobody_takes_a_part_without_what_it_takes() {
    let world = world();
    let (old, fresh) = (&world.old, &world.fresh);
    let members = [old[0], old[1], fresh[0]];
    let reshare = Reshare::new(world.subject(&old[..2], &members, 2)).unwrap();
    let me = world.signer(old[0]);
    let share = &world.materials[&world.network.party(old[0])];
    let prepared = &prepared().1[old[0]];
    assert!(reshare.part(&me, Some(share), Some(prepared)).is_ok());
    let other = &world.materials[&world.network.party(old[1])];
    for missing in [None, Some(other)] {
        assert!(matches!(
            reshare.part(&me, missing, Some(prepared)),
            Err(ReshareError::ShareMissing)
        ));
    }
    for missing in [None, Some(&prepared.of_attempt(9))] {
        assert!(matches!(
            reshare.part(&me, Some(share), missing),
            Err(ReshareError::AuxInfoMissing(PREPARED_BY))
        ));
    }
    assert!(matches!(
        world.part(&reshare, fresh[1]),
        Err(ReshareError::NoPart(_))
    ));
    // A share of another generation than the one that is handed over.
    let subject = ReshareSubject {
        old_commitment: H256([9; 32]),
        ..world.subject(&old[..2], &members, 2)
    };
    assert!(matches!(
        world.part(&Reshare::new(subject).unwrap(), old[0]),
        Err(ReshareError::ShareMissing)
    ));
    let shown = format!("{:?}", world.part(&reshare, old[0]).unwrap());
    assert!(!shown.contains("secret") && !shown.contains("prime"));
}
