//! How the participants of a run agree on a session id.
//!
//! Each sends every other a random nonce for the current try; whoever has all of them knows the
//! session id. A participant that restarts has lost its nonce and sends a new one: that ends the
//! try for everybody, and the next try has a higher number. Try numbers only grow, so the
//! participants always converge on the highest one that any of them has seen.

use crate::chain::AccountId;
use signing_primitives::SessionNonce as Nonce;
use std::collections::BTreeMap;

/// What to do after a peer's `Open`.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Step {
    /// Nothing: this nonce is known.
    Ignore,
    /// A new nonce, and others are missing. Tell the peer this node's: it may have restarted
    /// without having received it.
    Wait,
    /// A new nonce, and the last one: the session can start. Tell the peer this node's, too.
    Start,
    /// This try is over; begin the one with this number.
    Retry(u32),
    /// The peer is behind: tell it again which try this node is at.
    Remind,
    /// The run cannot be tried again.
    Fail,
}

/// One run's agreement on a session id, at one node.
#[derive(Debug)]
pub(super) struct Opening {
    others: usize,
    try_number: u32,
    last_try: u32,
    nonce: Nonce,
    received: BTreeMap<AccountId, Nonce>,
    started: bool,
}

impl Opening {
    /// Begins a run at try 0 with `others` other participants; it may go up to try `last_try`.
    pub(super) fn new(others: usize, last_try: u32, nonce: Nonce) -> Self {
        Self {
            others,
            try_number: 0,
            last_try,
            nonce,
            received: BTreeMap::new(),
            started: false,
        }
    }

    /// Whether this try has come to a session.
    pub(super) fn started(&self) -> bool {
        self.started
    }

    pub(super) fn try_number(&self) -> u32 {
        self.try_number
    }

    pub(super) fn nonce(&self) -> Nonce {
        self.nonce
    }

    /// The other participants' nonces of this try.
    pub(super) fn received(&self) -> &BTreeMap<AccountId, Nonce> {
        &self.received
    }

    /// Begins the try `number`; what was received for earlier ones is void.
    pub(super) fn retry(&mut self, number: u32, nonce: Nonce) {
        self.try_number = number;
        self.nonce = nonce;
        self.received.clear();
        self.started = false;
    }

    /// The session of this try ended without a result.
    pub(super) fn failed(&self) -> Step {
        self.after(self.try_number)
    }

    /// A participant has sent its nonce. The caller has checked that it is a participant.
    pub(super) fn on_open(&mut self, from: &AccountId, number: u32, nonce: Nonce) -> Step {
        if number < self.try_number {
            return Step::Remind;
        }
        if number > self.try_number {
            return if number <= self.last_try {
                Step::Retry(number)
            } else {
                Step::Fail
            };
        }
        match self.received.get(from) {
            Some(known) if *known == nonce => Step::Ignore,
            // A second nonce for one try: the participant has restarted.
            Some(_) => self.after(number),
            None => {
                self.received.insert(from.clone(), nonce);
                if self.received.len() == self.others && !self.started {
                    self.started = true;
                    Step::Start
                } else {
                    Step::Wait
                }
            }
        }
    }

    fn after(&self, number: u32) -> Step {
        match number.checked_add(1) {
            Some(next) if next <= self.last_try => Step::Retry(next),
            _ => Step::Fail,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    fn account(byte: u8) -> AccountId {
        AccountId::new([byte; 32])
    }

    #[test]
    fn starts_when_all_nonces_are_there_and_only_once() {
        let mut opening = Opening::new(2, 0, [0; 32]);
        assert_eq!(opening.on_open(&account(1), 0, [1; 32]), Step::Wait);
        assert_eq!(opening.on_open(&account(1), 0, [1; 32]), Step::Ignore);
        assert_eq!(opening.on_open(&account(2), 0, [2; 32]), Step::Start);
        assert_eq!(opening.on_open(&account(2), 0, [2; 32]), Step::Ignore);
    }

    #[test]
    fn a_restarted_participant_ends_the_try() {
        let mut opening = Opening::new(2, 3, [0; 32]);
        opening.on_open(&account(1), 0, [1; 32]);
        opening.on_open(&account(2), 0, [2; 32]);
        assert_eq!(opening.on_open(&account(1), 0, [9; 32]), Step::Retry(1));
        opening.retry(1, [7; 32]);
        assert!(opening.received().is_empty());
        assert_eq!(opening.on_open(&account(2), 0, [2; 32]), Step::Remind);
    }

    #[test]
    fn a_run_that_may_not_be_retried_fails() {
        let mut opening = Opening::new(1, 0, [0; 32]);
        opening.on_open(&account(1), 0, [1; 32]);
        assert_eq!(opening.on_open(&account(1), 0, [2; 32]), Step::Fail);
        assert_eq!(opening.on_open(&account(1), 1, [3; 32]), Step::Fail);
        assert_eq!(opening.failed(), Step::Fail);
    }

    #[test]
    fn a_peer_cannot_push_the_try_number_past_the_last() {
        let mut opening = Opening::new(1, 5, [0; 32]);
        assert_eq!(opening.on_open(&account(1), u32::MAX, [1; 32]), Step::Fail);
        assert_eq!(opening.on_open(&account(1), 5, [1; 32]), Step::Retry(5));
    }

    /// However restarts and deliveries interleave, participants that keep talking end in one
    /// session with the same nonces.
    #[test]
    fn participants_converge_after_restarts() {
        use rand::{Rng, SeedableRng};
        for seed in 0..500u64 {
            let mut rng = rand::rngs::StdRng::seed_from_u64(seed);
            let n = 3usize;
            let mut nodes: Vec<Opening> = (0..n)
                .map(|_| Opening::new(n - 1, 100, rng.gen()))
                .collect();
            let mut wire: Vec<(usize, usize, u32, Nonce)> = Vec::new();
            let announce = |nodes: &[Opening], wire: &mut Vec<_>, from: usize| {
                for to in (0..n).filter(|to| *to != from) {
                    wire.push((from, to, nodes[from].try_number(), nodes[from].nonce()));
                }
            };
            for i in 0..n {
                announce(&nodes, &mut wire, i);
            }
            let mut restarts = 3;
            while !wire.is_empty() {
                if restarts > 0 && rng.gen_bool(0.1) {
                    restarts -= 1;
                    let who = rng.gen_range(0..n);
                    nodes[who] = Opening::new(n - 1, 100, rng.gen());
                    // The connections of a node that restarts are new, and order holds on each.
                    wire.retain(|(from, to, ..)| *from != who && *to != who);
                    announce(&nodes, &mut wire, who);
                    continue;
                }
                let pick = rng.gen_range(0..wire.len());
                let (from, to, ..) = wire[pick];
                let first = wire.iter().position(|m| (m.0, m.1) == (from, to)).unwrap();
                let (from, to, number, nonce) = wire.remove(first);
                match nodes[to].on_open(&account(from as u8), number, nonce) {
                    Step::Ignore => {}
                    Step::Wait | Step::Start | Step::Remind => {
                        wire.push((to, from, nodes[to].try_number(), nodes[to].nonce()))
                    }
                    Step::Retry(next) => {
                        nodes[to].retry(next, rng.gen());
                        if number == next {
                            let step = nodes[to].on_open(&account(from as u8), number, nonce);
                            assert_eq!(step, Step::Wait);
                        }
                        announce(&nodes, &mut wire, to);
                    }
                    Step::Fail => panic!("seed {seed}: gave up"),
                }
            }
            for a in 0..n {
                assert!(nodes[a].started, "seed {seed}: node {a} has not started");
                assert_eq!(nodes[a].try_number(), nodes[0].try_number(), "seed {seed}");
                for b in (0..n).filter(|b| *b != a) {
                    assert_eq!(nodes[a].received()[&account(b as u8)], nodes[b].nonce());
                }
            }
        }
    }
}
