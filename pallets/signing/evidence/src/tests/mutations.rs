//! More than ten thousand reports that somebody or something has been at.

use super::world::{honest, play};
use crate::{
    cheater::{
        payloads::{AffG, Round2Normal},
        play::{sign_part, Played},
        proofs::{genuine, pack, proofs, Genuine},
    },
    layout::{decode, manul_session_id, part_hash, EchoRoundLayout, HashLayout},
    signing_evidence_verifier, Broadcast, EchoPack, IdMap, Part, PartyId, Proof, Rejection, Round,
    SignedMessage, SigningEvidence, Verdict,
};
use codec::Encode;
use rand::{rngs::StdRng, seq::SliceRandom, Rng, SeedableRng};
use sp_core::H256;
use sp_crypto_hashing::blake2_256;

/// Damage to the bytes of a report.
fn damage(bytes: &mut Vec<u8>, rng: &mut StdRng) {
    let at = rng.gen_range(0..bytes.len());
    match rng.gen_range(0..7) {
        0 | 1 => bytes[at] ^= 1 << rng.gen_range(0..8),
        2 => bytes[at] = bytes[at].wrapping_add(rng.gen_range(1..=255)),
        3 => bytes.truncate(at.max(1)),
        4 => bytes.insert(at, rng.gen()),
        5 => {
            bytes.remove(at);
        }
        _ => {
            let (to, length) = (rng.gen_range(0..bytes.len()), rng.gen_range(1..200));
            let length = length.min(bytes.len() - at).min(bytes.len() - to);
            bytes.copy_within(at..at + length, to);
        }
    }
    if bytes.is_empty() {
        bytes.push(0);
    }
}

#[test]
fn ten_thousand_damaged_reports_convict_nobody() {
    let played = honest(2);
    let reports: Vec<Vec<u8>> = (0..2)
        .flat_map(|accused| {
            let proofs = proofs(played, accused);
            proofs
                .into_iter()
                .map(move |proof| played.report(accused, proof).encode())
        })
        .collect();
    let mut rng = StdRng::seed_from_u64(1);
    let mut damaged = 0;
    while damaged < 10_000 {
        let report = reports.choose(&mut rng).unwrap();
        let mut bytes = report.clone();
        for _ in 0..rng.gen_range(1..4) {
            damage(&mut bytes, &mut rng);
        }
        if bytes == *report {
            continue;
        }
        damaged += 1;
        let verdict = signing_evidence_verifier::verify(&bytes);
        assert!(matches!(verdict, Verdict::Rejected(_)), "{bytes:?}");
    }
}

/// Where the messages of recombined proofs come from: mostly the right one, otherwise any other of
/// the accused's, another participant's, or one of another session.
struct Pool<'a> {
    played: &'a Played,
    others: Vec<SignedMessage>,
    accused: usize,
}

impl Pool<'_> {
    fn pick(&self, round: u8, part: Part, rng: &mut StdRng) -> SignedMessage {
        if rng.gen_bool(0.9) {
            return self.played.part(self.accused, Round::new(round), part);
        }
        self.others.choose(rng).unwrap().clone()
    }

    fn pack(&self, round: u8, rng: &mut StdRng) -> EchoPack {
        let mut pack = pack(self.played, self.accused, Round::new(round));
        if rng.gen_bool(0.1) {
            pack.hashes = self.others.choose(rng).unwrap().clone();
        }
        if rng.gen_bool(0.1) {
            pack.broadcasts[0].1 = self.others.choose(rng).unwrap().clone();
        }
        pack
    }

    fn proof(&self, rng: &mut StdRng) -> Proof {
        let any = |rng: &mut StdRng| self.others.choose(rng).unwrap().clone();
        let round = Round {
            number: rng.gen_range(0..6),
            passes_on: rng.gen(),
        };
        match rng.gen_range(0..20) {
            0..=2 => Proof::InvalidMessage {
                round,
                part: *[Part::Echo, Part::Normal, Part::Direct]
                    .choose(rng)
                    .unwrap(),
                message: any(rng),
            },
            3..=5 => Proof::ContradictoryBroadcasts {
                round,
                part: *[Broadcast::Echo, Broadcast::Normal].choose(rng).unwrap(),
                first: any(rng),
                second: any(rng),
            },
            6..=8 => {
                let number = rng.gen_range(1..5);
                let other = any(rng);
                let part = *[Part::Echo, Part::Normal, Part::Direct]
                    .choose(rng)
                    .unwrap();
                Proof::ContradictoryEcho {
                    round: number,
                    echo: self.pick(number, Part::Echo, rng),
                    normal: self.pick(number, Part::Normal, rng),
                    signature: other.signature,
                    hash: part_hash(part, other.payload.as_deref()),
                }
            }
            9..=11 => Proof::WrongIds {
                map: *[IdMap::D, IdMap::F, IdMap::Psi].choose(rng).unwrap(),
                broadcast: any(rng),
            },
            12 => Proof::AffGPsi {
                failed_for: self.played.id(rng.gen_range(0..2)),
                echo: self.pick(2, Part::Echo, rng),
                normal: self.pick(2, Part::Normal, rng),
                round1: self.pack(1, rng),
            },
            13..=15 => Proof::Elog {
                round1_echo: self.pick(1, Part::Echo, rng),
                echo: self.pick(2, Part::Echo, rng),
                normal: self.pick(2, Part::Normal, rng),
            },
            _ => Proof::SignatureShare {
                round2_echo: self.pick(2, Part::Echo, rng),
                round2: self.pack(2, rng),
                round3_echo: self.pick(3, Part::Echo, rng),
                round3_normal: self.pick(3, Part::Normal, rng),
                round3: self.pack(3, rng),
                normal: self.pick(4, Part::Normal, rng),
            },
        }
    }
}

/// Genuine messages put together at random, some of them signed anew by the party's only peer:
/// hundreds of these get as far as the cryptography.
#[test]
fn recombined_reports_convict_nobody() {
    let (played, other) = (honest(2), play(&[0, 1], |_| ()));
    let session_id = manul_session_id(&played.session_id());
    let mut rng = StdRng::seed_from_u64(2);
    let mut reached = 0;
    for accused in [0, 1] {
        let mut others: Vec<SignedMessage> = Vec::new();
        for party in [0, 1] {
            for Genuine {
                round,
                part,
                message,
            } in genuine(played, party)
            {
                if party != accused {
                    let mut payload = message.payload.clone().unwrap_or_default();
                    payload.push(0);
                    let signer = &played.signers[party];
                    others.push(sign_part(signer, &session_id, round, part, Some(payload)));
                }
                others.push(message);
            }
            others.extend(genuine(&other, party).into_iter().map(|g| g.message));
        }
        let pool = Pool {
            played,
            others,
            accused,
        };
        for _ in 0..1_000 {
            let report = played.report(accused, pool.proof(&mut rng));
            match report.verify() {
                Verdict::Rejected(Rejection::NotProven) => reached += 1,
                Verdict::Rejected(_) => {}
                Verdict::Proven => panic!("{:?}", report.proof),
            }
        }
    }
    assert!(reached >= 300, "{reached}");
}

/// The proof as all participants together would have signed it in a session about other auxiliary
/// information.
pub(super) fn moved_to_other_data(
    played: &Played,
    proof: Proof,
    change: impl Fn(&mut [u8]),
) -> SigningEvidence {
    let mut report = played.report(0, proof);
    let mut aux: Vec<(PartyId, [Vec<u8>; 4])> = decode(&report.public_aux_info).unwrap();
    for (_, numbers) in &mut aux {
        numbers.iter_mut().for_each(|number| change(number));
    }
    let aux = postcard::to_allocvec(&aux).unwrap();
    report.subject.auxiliary_info_hash = H256(blake2_256(&aux));
    report.public_aux_info = aux.try_into().unwrap();
    let session_id = manul_session_id(&report.session_id().unwrap());
    sign_anew(played, &session_id, &mut report.proof);
    report
}

/// Signs a proof against party 0 anew, with everybody's keys.
fn sign_anew(played: &Played, session_id: &[u8], proof: &mut Proof) {
    let sign = |who: usize, round: Round, part: Part, message: &mut SignedMessage| {
        let payload = message.payload.clone();
        *message = sign_part(&played.signers[who], session_id, round, part, payload);
    };
    let [one, two, three, four] = [1, 2, 3, 4].map(Round::new);
    let sign_pack = |round: Round, pack: &mut EchoPack| {
        let mut hashes = Vec::new();
        for (index, (sender, message)) in pack.broadcasts.iter_mut().enumerate() {
            sign(index + 1, round, Part::Echo, message);
            let hash = part_hash(Part::Echo, message.payload.as_deref());
            let hash = HashLayout::new(session_id, round, message.signature, hash);
            hashes.push((sender.clone().into(), hash));
        }
        pack.hashes.payload = Some(postcard::to_allocvec(&EchoRoundLayout { hashes }).unwrap());
        sign(0, round.passing_on(), Part::Normal, &mut pack.hashes);
    };
    match proof {
        Proof::AffGPsi {
            echo,
            normal,
            round1,
            ..
        } => {
            sign(0, two, Part::Echo, echo);
            sign(0, two, Part::Normal, normal);
            sign_pack(one, round1);
        }
        Proof::Elog {
            round1_echo,
            echo,
            normal,
        } => {
            sign(0, one, Part::Echo, round1_echo);
            sign(0, two, Part::Echo, echo);
            sign(0, two, Part::Normal, normal);
        }
        Proof::SignatureShare {
            round2_echo,
            round2,
            round3_echo,
            round3_normal,
            round3,
            normal,
        } => {
            sign(0, two, Part::Echo, round2_echo);
            sign(0, three, Part::Echo, round3_echo);
            sign(0, three, Part::Normal, round3_normal);
            sign(0, four, Part::Normal, normal);
            sign_pack(two, round2);
            sign_pack(three, round3);
        }
        other => panic!("{other:?}"),
    }
}

/// Numbers that do no good.
fn hostile(number: &mut [u8], rng: &mut StdRng) {
    match rng.gen_range(0..6) {
        0 => number.fill(0),
        1 => number.fill(0xff),
        2 => {
            number.fill(0);
            *number.last_mut().unwrap() = 1;
        }
        3 => {
            number.fill(0);
            number[0] = 1;
        }
        4 => {
            number[0] &= 0xfe;
            *number.last_mut().unwrap() &= 0xfe;
        }
        _ => {
            let at = rng.gen_range(0..number.len());
            number[at] ^= rng.gen_range(1..=255);
        }
    }
}

fn spoil(proof: &mut AffG, rng: &mut StdRng) {
    // What is not hashed into the challenge goes on to the equations.
    match rng.gen_range(0..8) {
        at @ 0..=3 => {
            let z = &mut proof.z[at];
            match rng.gen_range(0..4) {
                0 => z.negative = !z.negative,
                1 => z.absolute.fill(0),
                2 => z.bound = rng.gen_range(0..5_000),
                _ => hostile(&mut z.absolute, rng),
            }
        }
        at @ 4..=5 => hostile(&mut proof.w[at - 4], rng),
        6 => hostile(&mut proof.a, rng),
        _ => hostile(&mut proof.commitments[rng.gen_range(0..4)], rng),
    }
}

/// A cheater that says against itself whatever it likes: it may be convicted, but the check comes
/// to its end. And whatever the numbers, the other party is safe.
#[test]
fn hostile_numbers_are_borne() {
    let played = honest(2);
    let session_id = manul_session_id(&played.session_id());
    let mut rng = StdRng::seed_from_u64(3);
    let (mut proven, mut panicked) = (0, 0);
    let mut count = |verdict| match verdict {
        Verdict::Proven => proven += 1,
        Verdict::Rejected(Rejection::Panicked) => panicked += 1,
        Verdict::Rejected(_) => {}
    };
    let all = proofs(played, 0);
    let aff_g = &all[5];
    for _ in 0..100 {
        let mut proof = aff_g.clone();
        let Proof::AffGPsi { normal, .. } = &mut proof else {
            panic!("{proof:?}");
        };
        let mut round2: Round2Normal = decode(normal.payload.as_deref().unwrap()).unwrap();
        spoil(&mut round2.psis[0].1, &mut rng);
        normal.payload = Some(postcard::to_allocvec(&round2).unwrap());
        sign_anew(played, &session_id, &mut proof);
        count(played.report(0, proof).verify());
    }
    for _ in 0..100 {
        // The first three of the chosen are elog, signature share and aff-g.
        let proof = all[rng.gen_range(3..6)].clone();
        let seed = rng.gen();
        let report = moved_to_other_data(played, proof, |number| {
            let mut rng = StdRng::seed_from_u64(seed);
            hostile(number, &mut rng);
        });
        count(report.verify());
    }
    assert!(proven > 50, "{proven}");
    assert!(panicked > 10, "{panicked}");
}
