//! Old holders that hand over something else than their shares.

use super::*;
use crate::protocol::{
    driver::run_session,
    mailbox::{Mailbox, Run},
    Fault, Params,
};
use k256::{
    elliptic_curve::{group::GroupEncoding, PrimeField},
    ProjectivePoint, Scalar,
};
use manul::{
    combinators::misbehave::{Misbehaving, MisbehavingEntryPoint},
    protocol::{
        Artifact, BoxedFormat, BoxedRound, DirectMessage, EchoBroadcast, EntryPoint, LocalError,
        ProtocolMessagePart,
    },
};
use rand_core::{CryptoRngCore, OsRng};
use serde::{Deserialize, Serialize};
use signing_primitives::RunStage;
use synedrion::{KeyResharing, NewHolder, OldHolder};

/// As the library's messages, which are not public.
#[derive(Deserialize, Serialize)]
struct Broadcast {
    public_polynomial: Vec<Vec<u8>>,
    old_share_id: Vec<u8>,
}

#[derive(Deserialize, Serialize)]
struct Direct {
    subshare: Vec<u8>,
}

fn point(bytes: &[u8]) -> ProjectivePoint {
    let bytes: [u8; 33] = bytes.try_into().unwrap();
    ProjectivePoint::from_bytes(&bytes.into()).unwrap()
}

fn scalar(bytes: &[u8]) -> Scalar {
    let bytes: [u8; 32] = bytes.try_into().unwrap();
    Scalar::from_repr(bytes.into()).unwrap()
}

/// What the cheater does.
#[derive(Clone, Debug)]
enum Cheat {
    /// A sub-share for this member that is off its polynomial.
    SubShare(PartyId),
    /// Adds `x (x - 1) (x - 2)` to its polynomial, and is honest about it. The degree is too high;
    /// the key, the first and the second member's shares are what they should be.
    HighDegree(Vec<PartyId>),
}

struct Cheater;

type Round<'a> =
    BoxedRound<PartyId, <KeyResharing<Params, PartyId> as EntryPoint<PartyId>>::Protocol>;

impl Misbehaving<PartyId, Cheat> for Cheater {
    type EntryPoint = KeyResharing<Params, PartyId>;

    fn modify_echo_broadcast(
        _rng: &mut dyn CryptoRngCore,
        _round: &Round,
        cheat: &Cheat,
        format: &BoxedFormat,
        message: EchoBroadcast,
    ) -> Result<EchoBroadcast, LocalError> {
        let Cheat::HighDegree(_) = cheat else {
            return Ok(message);
        };
        let mut broadcast: Broadcast = message.deserialize(format).unwrap();
        // x³ - 3x² + 2x
        let added = [Scalar::ZERO, 2u64.into(), -Scalar::from(3u64), 1u64.into()];
        broadcast.public_polynomial = added
            .iter()
            .enumerate()
            .map(|(index, added)| {
                let held = broadcast.public_polynomial.get(index);
                let held = held.map_or(ProjectivePoint::IDENTITY, |bytes| point(bytes));
                (held + ProjectivePoint::GENERATOR * added)
                    .to_bytes()
                    .to_vec()
            })
            .collect();
        EchoBroadcast::new(format, broadcast)
    }

    fn modify_direct_message(
        _rng: &mut dyn CryptoRngCore,
        _round: &Round,
        cheat: &Cheat,
        format: &BoxedFormat,
        destination: &PartyId,
        message: DirectMessage,
        artifact: Option<Artifact>,
    ) -> Result<(DirectMessage, Option<Artifact>), LocalError> {
        let added = match cheat {
            Cheat::SubShare(victim) if victim == destination => Scalar::ONE,
            Cheat::SubShare(_) => Scalar::ZERO,
            Cheat::HighDegree(members) => {
                let position = members.iter().position(|member| member == destination);
                let x = Scalar::from(position.unwrap() as u64 + 1);
                x * (x - Scalar::ONE) * (x - Scalar::from(2u64))
            }
        };
        let mut direct: Direct = message.deserialize(format).unwrap();
        direct.subshare = (scalar(&direct.subshare) + added).to_bytes().to_vec();
        Ok((DirectMessage::new(format, direct)?, artifact))
    }
}

/// Runs a resharing in which the old holder `cheater`, who is no member, cheats: what becomes of
/// the others.
fn with_cheat(
    world: &World,
    reshare: &Reshare,
    cheater: usize,
    cheat: &Cheat,
) -> Vec<Option<Result<Option<KeyMaterial>, SessionError>>> {
    let (network, indices) = world.parties(reshare);
    let network = network.impatient(Duration::from_secs(10));
    network.run(|position, run| {
        let part = world.part(reshare, indices[position]).unwrap();
        if indices[position] != cheater {
            return Some(part.take(run));
        }
        run_as_cheater(reshare, part, run, cheat);
        None
    })
}

fn run_as_cheater(reshare: &Reshare, part: ResharePart, run: Run, cheat: &Cheat) {
    let me = run.signer.party().clone();
    let mut others: BTreeSet<_> = reshare
        .old_holders
        .union(&reshare.members)
        .cloned()
        .collect();
    others.remove(&me);
    let (mut mailbox, signer, id) = Mailbox::open(run, others, Stage::KeyResharing);
    let new_holder = reshare.members.contains(&me).then(|| NewHolder {
        verifying_key: reshare.key,
        old_threshold: reshare.old_holders.len(),
        old_holders: reshare.old_holders.clone(),
    });
    let honest = KeyResharing::new(
        part.held.map(|key_share| OldHolder { key_share }),
        new_holder,
        reshare.members.clone(),
        reshare.subject.threshold as usize,
    );
    let cheating =
        MisbehavingEntryPoint::<PartyId, Cheat, Cheater>::new(honest, Some(cheat.clone()));
    let id = id.stage(RunStage::KeyResharing);
    let _ = run_session(cheating, &signer, &id, &mut mailbox);
}

fn replacement(world: &World) -> (Reshare, Vec<PartyId>) {
    let (old, fresh) = (&world.old, &world.fresh);
    let subject = world.subject(&[old[0], old[1]], &[old[1], old[2], fresh[0]], 2);
    let reshare = Reshare::new(subject).unwrap();
    let members = reshare.members.iter().cloned().collect();
    (reshare, members)
}

#[test]
fn a_tampered_sub_share_names_its_sender() {
    let world = world();
    let (reshare, members) = replacement(&world);
    let victim = world.network.party(world.fresh[0]);
    assert!(members.contains(&victim));
    let cheater = world.old[0];
    let results = with_cheat(&world, &reshare, cheater, &Cheat::SubShare(victim.clone()));
    let (_, indices) = world.parties(&reshare);
    for (result, index) in results.into_iter().zip(indices) {
        let Some(result) = result else { continue };
        let error = result.unwrap_err();
        if world.network.party(index) == victim {
            assert_eq!(error.blamed(), [world.network.party(cheater)].into());
            let SessionError::Misbehaviour { culprits, .. } = error else {
                panic!("{error}");
            };
            // The library would make evidence of it, and panics because it cannot.
            assert!(culprits.values().all(|found| found.fault == Fault::Panic));
        }
    }
}

/// The library takes this: without the check in `staged` two members would have shares of the key,
/// and the third one that makes wrong signatures, for which it would be blamed.
#[test]
fn a_polynomial_of_too_high_a_degree_gives_nobody_a_share() {
    let world = world();
    let (reshare, members) = replacement(&world);
    let results = with_cheat(&world, &reshare, world.old[0], &Cheat::HighDegree(members));
    let results: Vec<_> = results.into_iter().flatten().collect();
    assert_eq!(results.len(), 3);
    for result in results {
        assert!(matches!(result, Err(SessionError::WrongKey)), "{result:?}");
    }
}

#[test]
fn another_share_than_ones_own_gives_nobody_a_share_and_names_nobody() {
    let world = world();
    let (reshare, _) = replacement(&world);
    let (network, indices) = world.parties(&reshare);
    let network = network.impatient(Duration::from_secs(10));
    // Of another key. (Another member's share of this one would do as well as its own.)
    let committee = world.materials.keys().cloned().collect();
    let others = Share::new_centralized(&mut OsRng, &committee, 2, None).unwrap();
    let results = network.run(|position, run| {
        let mut part = world.part(&reshare, indices[position]).unwrap();
        let cheats = indices[position] == world.old[0];
        if cheats {
            part.held = Some(others[&world.network.party(world.old[0])].clone());
        }
        (cheats, part.take(run))
    });
    for (cheats, result) in results {
        if !cheats {
            let error = result.unwrap_err();
            assert!(error.blamed().is_empty(), "{error}");
        }
    }
}
