//! Ways to cheat, one for each kind of proof.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::{
    payloads::{AffG, Map, Round2Normal, Round4Normal},
    play::{Forge, Played},
};
use signing_evidence::{Part, Round, SigningEvidence};

/// The party that cheats.
pub const CHEATER: usize = 0;

/// The kind of proof that comes of it, by its number in the encoding, and what the cheater does to its
/// messages of a session of three.
pub type Way = (u8, fn(&mut Forge));

/// One for each kind.
pub const WAYS: [Way; 7] = [
    (0, |message| {
        if message.round == Round::new(1) {
            message.set(Part::Echo, Some(vec![7]));
        }
    }),
    (1, |message| two_faced(message, 1)),
    (2, |message| two_faced(message, 2)),
    (3, |message| {
        in_round_2(message, |normal| normal.ds.clear());
    }),
    (4, |message| {
        in_round_2(message, |normal| spoil(&mut normal.psis, 0));
    }),
    (5, |message| {
        in_round_2(message, |normal| flip(&mut normal.elog.z));
    }),
    (6, |message| {
        if message.round == Round::new(4) {
            message.change(Part::Normal, |normal: &mut Round4Normal| {
                flip(&mut normal.sigma);
            });
        }
    }),
];

/// Evidence against the cheater, as another party has it; or, of what it takes two to know, both.
pub fn evidence_against_cheater(played: &Played) -> Option<SigningEvidence> {
    played.evidence(1, CHEATER).or_else(|| {
        let everything = played.everything();
        played
            .facts
            .evidence_against(&played.id(CHEATER), &everything)
    })
}

fn in_round_2(message: &mut Forge, change: impl FnOnce(&mut Round2Normal)) {
    if message.round == Round::new(2) {
        message.change(Part::Normal, change);
    }
}

/// Tells the last party something else than the others.
pub(crate) fn two_faced(message: &mut Forge, round: u8) {
    if message.round == Round::new(round) && message.to == 2 {
        // Nothing that decodes the message minds a tail.
        let payload = message.payload(Part::Echo).unwrap();
        message.set(Part::Echo, Some([payload, vec![0]].concat()));
    }
}

pub(crate) fn spoil(psis: &mut Map<AffG>, which: usize) {
    flip(&mut psis[which].1.z[0].absolute);
}

pub(crate) fn flip(number: &mut [u8]) {
    *number.last_mut().unwrap() ^= 1;
}
