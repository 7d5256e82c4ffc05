//! What can be made of a party's messages by one who wants to have it convicted.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::play::Played;
use signing_evidence::{
    layout::part_hash, Broadcast, EchoPack, IdMap, Part, Proof, Round, SignedMessage,
};

/// All parts of a message.
pub(crate) const PARTS: [Part; 3] = [Part::Echo, Part::Normal, Part::Direct];

/// A genuine part, and where it was sent.
#[derive(Clone)]
pub(crate) struct Genuine {
    pub(crate) round: Round,
    pub(crate) part: Part,
    pub(crate) message: SignedMessage,
}

/// Every part of every message that a party sent.
pub(crate) fn genuine(played: &Played, party: usize) -> Vec<Genuine> {
    let mut all: Vec<Genuine> = Vec::new();
    for sent in played.messages.iter().filter(|sent| sent.from == party) {
        for part in PARTS {
            let message = played.report_form(sent, part);
            let known = all.iter().any(|other| {
                (other.round, other.part) == (sent.round, part)
                    && other.message.payload == message.payload
            });
            if !known {
                all.push(Genuine {
                    round: sent.round,
                    part,
                    message,
                });
            }
        }
    }
    all
}

/// What the party passed on in a round, with the broadcasts that it was about.
pub(crate) fn pack(played: &Played, accused: usize, round: Round) -> EchoPack {
    EchoPack {
        hashes: played.part(accused, round.passing_on(), Part::Normal),
        broadcasts: (0..played.signers.len())
            .filter(|other| *other != accused)
            .map(|other| (played.id(other), played.part(other, round, Part::Echo)))
            .collect(),
    }
}

/// Every kind of proof, from a party's messages, as it would be if the party had cheated.
pub fn proofs(played: &Played, accused: usize) -> Vec<Proof> {
    let [one, two, three, four] = [1, 2, 3, 4].map(Round::new);
    let part = |round, part| played.part(accused, round, part);
    let mut proofs = vec![
        Proof::WrongIds {
            map: IdMap::D,
            broadcast: part(two, Part::Normal),
        },
        Proof::WrongIds {
            map: IdMap::F,
            broadcast: part(two, Part::Echo),
        },
        Proof::WrongIds {
            map: IdMap::Psi,
            broadcast: part(two, Part::Normal),
        },
        Proof::Elog {
            round1_echo: part(one, Part::Echo),
            echo: part(two, Part::Echo),
            normal: part(two, Part::Normal),
        },
        Proof::SignatureShare {
            round2_echo: part(two, Part::Echo),
            round2: pack(played, accused, two),
            round3_echo: part(three, Part::Echo),
            round3_normal: part(three, Part::Normal),
            round3: pack(played, accused, three),
            normal: part(four, Part::Normal),
        },
    ];
    for other in (0..played.signers.len()).filter(|other| *other != accused) {
        proofs.push(Proof::AffGPsi {
            failed_for: played.id(other),
            echo: part(two, Part::Echo),
            normal: part(two, Part::Normal),
            round1: pack(played, accused, one),
        });
    }
    for round in [two, three] {
        let echo = part(round, Part::Echo);
        proofs.push(Proof::ContradictoryEcho {
            round: round.number,
            normal: part(round, Part::Normal),
            signature: echo.signature,
            hash: part_hash(Part::Echo, echo.payload.as_deref()),
            echo,
        });
    }
    for Genuine {
        round,
        part,
        message,
    } in genuine(played, accused)
    {
        proofs.push(Proof::InvalidMessage {
            round,
            part,
            message: message.clone(),
        });
        for broadcast in [Broadcast::Echo, Broadcast::Normal] {
            if Part::from(broadcast) == part {
                proofs.push(Proof::ContradictoryBroadcasts {
                    round,
                    part: broadcast,
                    first: message.clone(),
                    second: message.clone(),
                });
            }
        }
    }
    proofs
}
