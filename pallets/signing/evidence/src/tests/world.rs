//! Three parties, and sessions in which nobody cheats.

use crate::{
    cheater::play::{Forge, Parties, Played},
    CommitteeFacts,
};
use sp_core::H256;
use std::sync::OnceLock;

/// Plays a signing session of some of the parties, in which every message passes through `cheat`.
pub(super) fn play(participants: &[usize], cheat: impl FnMut(&mut Forge)) -> Played {
    static PARTIES: OnceLock<Parties> = OnceLock::new();
    let parties = PARTIES.get_or_init(|| Parties::new((0..3).map(|seed| format!("//{seed}"))));
    let committee = CommitteeFacts {
        genesis_hash: H256([1; 32]),
        generation: 1,
        threshold: participants.len() as u32,
        network_key: [2; 33],
        members: &[],
    };
    parties.play(participants, &committee, cheat)
}

/// Sessions of two parties and of three.
pub(super) fn honest(parties: usize) -> &'static Played {
    static TWO: OnceLock<Played> = OnceLock::new();
    static THREE: OnceLock<Played> = OnceLock::new();
    let (cell, parties): (_, &[usize]) = match parties {
        2 => (&TWO, &[0, 1]),
        _ => (&THREE, &[0, 1, 2]),
    };
    cell.get_or_init(|| {
        let played = play(parties, |_| ());
        assert!(played.signed);
        played
    })
}
