//! Random announcements, confirmations, lies, sessions, programs, and registrations that come, change
//! hands and go. The invariants are checked after every step by `try_state`, those that span steps are checked here.

use crate::{
    mock::*, primitives, Call, Committee, LastAttempt, NetworkVerifyingKey, Parameters, Phase,
    Programs, Registrations,
};
use primitives::{SignerPair, VerifyingKey};
use rand::{rngs::StdRng, seq::SliceRandom, Rng, SeedableRng};
use sp_core::Pair;
use std::collections::{BTreeMap, BTreeSet};

/// What must never change, and what must only grow.
#[derive(Default)]
struct History {
    key: Option<VerifyingKey>,
    committee: Option<crate::CommitteeOf<Test>>,
    last_attempt: u32,
    /// The members of every attempt.
    attempts: BTreeMap<u32, Vec<AccountId>>,
    /// The users' keys that are registered, and those that were.
    registered: BTreeSet<VerifyingKey>,
    deregistered: BTreeSet<VerifyingKey>,
}

impl History {
    fn observe(&mut self) {
        let key = NetworkVerifyingKey::<Test>::get();
        let committee = Committee::<Test>::get();
        if self.key.is_some() {
            assert_eq!(key, self.key, "the network key never changes");
            assert_eq!(
                committee, self.committee,
                "nor does the committee, without resharing"
            );
        }
        (self.key, self.committee) = (key, committee);

        let last = LastAttempt::<Test>::get();
        assert!(
            last == self.last_attempt || last == self.last_attempt + 1,
            "attempts are counted"
        );
        self.last_attempt = last;
        if let primitives::Phase::Keygen(attempt) = Phase::<Test>::get() {
            let members = stashes(&attempt.members);
            let before = self
                .attempts
                .entry(attempt.attempt)
                .or_insert_with(|| members.clone());
            assert_eq!(*before, members, "an attempt number is used once");
        }

        let registered: BTreeSet<_> = Registrations::<Test>::iter_keys().collect();
        let gone = self.registered.difference(&registered);
        self.deregistered.extend(gone);
        assert!(
            registered.is_disjoint(&self.deregistered),
            "a key is registered once"
        );
        self.registered = registered;
        let money = |who| Balances::free_balance(who) + held_for_registrations(who);
        assert_eq!(money(BOB), ENDOWMENT, "registering costs no more than fees");
    }
}

struct Walk {
    rng: StdRng,
    /// The current session's validators and their keys.
    session: Vec<(AccountId, SignerPair)>,
    /// Every key a validator has had.
    pairs: BTreeMap<Vec<u8>, SignerPair>,
    rotations: u32,
    /// How often members lie, in percent.
    lies: u32,
}

impl Walk {
    fn step(&mut self) {
        match self.rng.gen_range(0..100) {
            0..=24 => self.announce(),
            25..=59 => self.confirm(),
            60..=79 => next_block(),
            80..=84 => self.change_session(),
            85..=86 => self.set_parameters(),
            87..=91 => {
                deploy_any(self.rng.gen_range(0..6));
            }
            92..=93 => self.remove_program(),
            94..=95 => self.hand_over_or_deregister(),
            _ => self.register_or_change(),
        }
    }

    fn announce(&mut self) {
        let (_, pair) = self.session.choose(&mut self.rng).unwrap();
        let now = System::block_number();
        let at = self.rng.gen_range(now.saturating_sub(10)..now + 10);
        // Refused if it is stale or from the future.
        let _ = submit_announcement(pair, announcement(pair, at));
    }

    fn confirm(&mut self) {
        let primitives::Phase::Keygen(attempt) = Phase::<Test>::get() else {
            return next_block();
        };
        let member = attempt.members.choose(&mut self.rng).unwrap();
        let pair = &self.pairs[&member.party.to_vec_key()];
        let lie = self.rng.gen_range(0..100) < self.lies;
        let key = network_key(if lie { 200 } else { attempt.attempt as u8 });
        // Refused if it has confirmed already.
        let confirmation = confirmation(pair, attempt.attempt, key);
        let payload = primitives::keygen_confirmation_payload(genesis_hash(), &confirmation);
        let signature = pair.sign(&payload);
        let _ = submit(Call::confirm_keygen {
            confirmation,
            signature,
        });
    }

    fn change_session(&mut self) {
        let count = self.rng.gen_range(4..9);
        let mut accounts: Vec<AccountId> = (1..=10).collect();
        accounts.shuffle(&mut self.rng);
        let mut session = Vec::new();
        for account in accounts.into_iter().take(count) {
            let current = self
                .session
                .iter()
                .find(|(validator, _)| *validator == account);
            let pair = match current {
                Some((_, pair)) if self.rng.gen_bool(0.7) => pair.clone(),
                _ => {
                    self.rotations += 1;
                    rotated_pair(account, self.rotations)
                }
            };
            self.pairs.insert(pair.public().to_vec_key(), pair.clone());
            session.push((account, pair));
        }
        new_session(&session);
        self.session = session;
    }

    fn set_parameters(&mut self) {
        let threshold = self.rng.gen_range(2..4);
        let parameters = primitives::Parameters {
            threshold,
            committee_size: self.rng.gen_range(threshold..6),
            keygen_deadline: self.rng.gen_range(2..15),
            ..Parameters::<Test>::get()
        };
        Signing::set_parameters(RuntimeOrigin::root(), parameters).unwrap();
    }

    fn some_program(&mut self) -> Option<primitives::ProgramKey> {
        Programs::<Test>::iter_keys()
            .collect::<Vec<_>>()
            .choose(&mut self.rng)
            .copied()
    }

    fn remove_program(&mut self) {
        if let Some(program) = self.some_program() {
            let removed = Signing::remove_program(RuntimeOrigin::signed(ALICE), program);
            if removed.is_err() {
                assert_eq!(removed, Err(Error::ProgramInUse.into()));
            }
        }
    }

    fn somebody(&mut self) -> AccountId {
        *[ALICE, BOB].choose(&mut self.rng).unwrap()
    }

    fn hand_over_or_deregister(&mut self) {
        let registered: Vec<_> = Registrations::<Test>::iter_keys().collect();
        let Some(key) = registered.choose(&mut self.rng) else {
            return;
        };
        let owner = RuntimeOrigin::signed(owner_of(key));
        if self.rng.gen() {
            Signing::change_owner(owner, *key, self.somebody()).unwrap();
        } else {
            Signing::deregister(owner, *key).unwrap();
        }
    }

    fn register_or_change(&mut self) {
        let count = self.rng.gen_range(1..=8);
        let programs: Vec<_> = (0..count).filter_map(|_| self.some_program()).collect();
        if programs.is_empty() {
            return;
        }
        let registered: Vec<_> = Registrations::<Test>::iter_keys().collect();
        match registered.choose(&mut self.rng) {
            Some(key) if self.rng.gen() => {
                let owner = RuntimeOrigin::signed(owner_of(key));
                Signing::change_programs(owner, *key, instances(&programs)).unwrap()
            }
            _ => {
                let who = RuntimeOrigin::signed(self.somebody());
                let owner = self.somebody();
                let registered = Signing::register(who, instances(&programs), owner);
                let active = NetworkVerifyingKey::<Test>::exists();
                assert_eq!(registered.is_ok(), active, "{registered:?}");
            }
        }
    }
}

fn owner_of(key: &VerifyingKey) -> AccountId {
    Registrations::<Test>::get(key).unwrap().owner
}

fn deploy_any(salt: u8) {
    // Refused if it is there.
    let _ = Signing::set_program(RuntimeOrigin::signed(ALICE), definition(20, salt));
}

trait ToVecKey {
    fn to_vec_key(&self) -> Vec<u8>;
}

impl ToVecKey for primitives::SignerId {
    fn to_vec_key(&self) -> Vec<u8> {
        codec::Encode::encode(self)
    }
}

#[test]
fn no_walk_breaks_an_invariant() {
    let (mut active, mut attempts, mut deregistered) = (0, 0, 0);
    for seed in 0..24 {
        test(6, || {
            Seed::set(seed as u32);
            let session: Vec<_> = (1..=6)
                .map(|validator| (validator, pair(validator)))
                .collect();
            let pairs = session
                .iter()
                .map(|(_, pair)| (pair.public().to_vec_key(), pair.clone()))
                .collect();
            let rng = StdRng::seed_from_u64(seed);
            // From honest members to such as always quarrel.
            let mut walk = Walk {
                rng,
                session,
                pairs,
                rotations: 0,
                lies: seed as u32 % 4 * 20,
            };
            let mut history = History::default();
            for _ in 0..250 {
                walk.step();
                check();
                history.observe();
            }
            active += u32::from(history.key.is_some());
            attempts += history.last_attempt;
            deregistered += history.deregistered.len();
        });
    }
    // The walks go somewhere: some reach a key, and not all at the first attempt.
    assert!(active >= 8, "{active} of the walks reached a key");
    assert!(attempts >= 40, "{attempts} attempts");
    assert!(deregistered >= 8, "{deregistered} registrations ended");
}
