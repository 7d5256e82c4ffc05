//! Random faults, confirmations (right, wrong, late), deadlines, joins and leaves, sessions, eras and
//! parameters, once there is a key. `try_state` checks after every step what must hold of a state; what
//! spans steps is checked here.
//!
//! Calls are dispatched without their signatures, so that a million steps take minutes:
//! `scripts/test walk`

use crate::{
    mock::*, primitives, AuxInfoAttempt, Committee, Event, FaultReportOf, LostSeats,
    NetworkVerifyingKey, Offence, Parameters, Reports, SeatLoss, Standbys,
};
use frame_support::traits::{Hooks, OneSessionHandler};
use primitives::{
    Announcement, AuxInfoConfirmation, ChallengeAnswer, Fault, KeygenConfirmation, Phase,
    ReshareConfirmation, SignerId, UnprovableFault, VerifyingKey,
};
use rand::{rngs::StdRng, seq::SliceRandom, Rng, SeedableRng};
use sp_core::H256;
use std::collections::BTreeMap;

const ACCOUNTS: AccountId = 9;

/// A key that is different for each account and rotation.
fn key(account: AccountId, rotation: u32) -> SignerId {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&account.to_be_bytes());
    bytes[8..12].copy_from_slice(&rotation.to_be_bytes());
    sp_core::sr25519::Public::from_raw(sp_io::hashing::blake2_256(&bytes)).into()
}

/// How validators behave, in percent.
struct Manners {
    /// Confirmations that lie.
    lies: u32,
    /// Steps that report somebody.
    reports: u32,
    /// Steps that begin a session.
    sessions: u32,
}

struct Walk {
    rng: StdRng,
    manners: Manners,
    /// The current session's validators and their keys, and those of the next.
    session: Vec<(AccountId, SignerId)>,
    queued: Vec<(AccountId, SignerId)>,
    rotations: u32,
    key: Option<VerifyingKey>,
    generation: u32,
    /// In which era a validator has last lost a seat for a fault.
    offenders: BTreeMap<AccountId, u32>,
    /// Whether the last block has decided that somebody loses a seat.
    decided: bool,
    /// How many committees the beginning of this block has named.
    named: usize,
    reassigned: u32,
    activated: u32,
    degraded: u32,
}

impl Walk {
    fn new(seed: u64, manners: Manners) -> Self {
        let session: Vec<_> = (1..=6).map(|account| (account, key(account, 0))).collect();
        Self {
            rng: StdRng::seed_from_u64(seed),
            manners,
            queued: session.clone(),
            session,
            rotations: 0,
            key: None,
            generation: 0,
            offenders: BTreeMap::new(),
            decided: false,
            named: 0,
            reassigned: 0,
            activated: 0,
            degraded: 0,
        }
    }

    fn step(&mut self) {
        let dice = self.rng.gen_range(0..100);
        let (reports, sessions) = (self.manners.reports, self.manners.sessions);
        if dice < reports {
            match self.rng.gen_range(0..12) {
                0 => self.convict(),
                _ => self.report(),
            }
        } else if dice < reports + sessions {
            self.begin_session();
        } else {
            match self.rng.gen_range(0..100) {
                0..=9 => self.announce(),
                10..=59 => self.confirm(),
                60..=64 => self.answer(),
                65..=67 => self.set_parameters(),
                68..=69 => self.leave(),
                70 => Seed::mutate(|seed| *seed += 1),
                71 => {
                    let blocks = self.rng.gen_range(1..25);
                    (0..blocks).for_each(|_| self.next_block(false));
                }
                _ => self.next_block(false),
            }
        }
        self.observe();
    }

    /// Ends this block and begins the next, maybe with a session.
    fn next_block(&mut self, session: bool) {
        self.observe();
        self.end_block();
        System::set_block_number(System::block_number() + 1);
        if session {
            self.tell_session();
        }
        Signing::on_initialize(System::block_number());
        let told = reassignments(&events()).len();
        if self.decided {
            assert_eq!(told, 1, "a decision is carried out in the next block");
        }
        assert!(told <= 1, "once per block");
        self.named = told;
        self.reassigned += told as u32;
        check();
        self.observe();
    }

    /// What a block decided, and that nothing but its beginning has named a committee.
    fn end_block(&mut self) {
        assert_eq!(
            reassignments(&events()).len(),
            self.named,
            "only the beginning of a block names a committee"
        );
        self.decided = self.lost_seats() > 0;
        System::reset_events();
    }

    fn lost_seats(&self) -> usize {
        events()
            .iter()
            .filter(|event| matches!(event, Event::SeatLost { .. }))
            .count()
    }

    /// What must hold from one state to the next.
    fn observe(&mut self) {
        for event in events() {
            match event {
                Event::SeatLost {
                    validator,
                    cause: SeatLoss::Fault,
                } => {
                    self.offenders.insert(validator, Era::get());
                }
                Event::SeatRegained { validator } => {
                    assert!(!Signing::is_convicted(&validator), "cheaters stay out");
                    self.offenders.remove(&validator);
                }
                _ => {}
            }
        }
        let key = NetworkVerifyingKey::<Test>::get();
        if self.key.is_some() {
            assert_eq!(self.key, key, "the key never changes");
        }
        self.key = key;
        let Some(committee) = Committee::<Test>::get() else {
            return;
        };
        assert!(
            committee.generation == self.generation || committee.generation == self.generation + 1,
            "generations are counted"
        );
        let offends = |validator: &AccountId| self.offenders.get(validator) == Some(&Era::get());
        if committee.generation > self.generation {
            self.activated += 1;
            self.generation = committee.generation;
            assert!(
                committee
                    .members
                    .iter()
                    .all(|member| !offends(&member.validator)),
                "nobody gets a seat that has lost one in this era"
            );
        }
        if LostSeats::<Test>::get().is_empty() {
            assert!(
                committee
                    .sitting()
                    .all(|member| !offends(&member.validator)),
                "who has lost a seat does not sit"
            );
            if let Phase::Resharing(attempt) = phase() {
                assert!(
                    attempt
                        .members
                        .iter()
                        .all(|member| !offends(&member.validator)),
                    "nobody is to get a seat that has lost one in this era"
                );
            }
        }
        assert!(
            Standbys::<Test>::get()
                .iter()
                .all(|standby| !offends(standby)),
            "nor a standby's place"
        );
        self.degraded += u32::from(phase() == Phase::Degraded);
    }

    fn announce(&mut self) {
        let (_, key) = self.session.choose(&mut self.rng).unwrap().clone();
        announce_key(key);
    }

    fn commitment(&mut self) -> H256 {
        let lie = self.rng.gen_range(0..100) < self.manners.lies;
        H256([if lie { self.rng.gen() } else { 5 }; 32])
    }

    /// Somebody confirms what is running, or something that is not running any more.
    fn confirm(&mut self) {
        let commitment = self.commitment();
        match phase() {
            Phase::Keygen(attempt) => {
                let member = attempt.members.choose(&mut self.rng).unwrap();
                // Refused if it has confirmed already.
                let _ = Signing::do_confirm_keygen(&KeygenConfirmation {
                    signing_key: member.party.clone(),
                    attempt: attempt.attempt,
                    verifying_key: network_key(1),
                    commitment,
                });
            }
            Phase::Resharing(attempt) => {
                let member = attempt.members.choose(&mut self.rng).unwrap();
                let late = u32::from(self.rng.gen_bool(0.05));
                let _ = Signing::do_confirm_reshare(&ReshareConfirmation {
                    signing_key: member.party.clone(),
                    attempt: attempt.attempt - late,
                    commitment,
                });
            }
            _ => {}
        }
        if let Some(attempt) = AuxInfoAttempt::<Test>::get() {
            let party = attempt.parties.choose(&mut self.rng).unwrap();
            let _ = Signing::do_confirm_aux_info(&AuxInfoConfirmation {
                signing_key: party.party.clone(),
                attempt: attempt.attempt,
                commitment,
            });
        }
    }

    fn report(&mut self) {
        let (_, signing_key) = self.session.choose(&mut self.rng).unwrap().clone();
        let generation = Committee::<Test>::get().map_or(0, |committee| committee.generation);
        // Refused if it is of no use.
        let _ = Signing::do_report_fault(&FaultReportOf::<Test> {
            signing_key,
            accused: self.rng.gen_range(1..=ACCOUNTS),
            generation,
            fault: Fault::Unprovable(UnprovableFault::Silent),
            at: System::block_number(),
        });
    }

    /// What a proof, true or false, leads to. Never of so many that nobody could lead the network back.
    fn convict(&mut self) {
        let Some(committee) = Committee::<Test>::get() else {
            return;
        };
        let convict = self.rng.gen_range(1..=ACCOUNTS);
        let left = committee
            .members
            .iter()
            .map(|member| member.validator)
            .filter(|member| *member != convict && !Signing::is_convicted(member))
            .count();
        if left >= committee.threshold as usize {
            let generation = committee.generation;
            Signing::convict(&convict, Offence::Cheating { generation }, None);
        }
    }

    fn answer(&mut self) {
        let challenges = crate::Challenges::<Test>::get();
        let now = System::block_number();
        let Some(challenge) = challenges.values().find(|one| one.deadline >= now) else {
            return;
        };
        Signing::do_answer_challenge(&ChallengeAnswer {
            signing_key: challenge.key.clone(),
            deadline: challenge.deadline,
        })
        .unwrap();
    }

    fn leave(&mut self) {
        let who = self.rng.gen_range(1..=ACCOUNTS);
        let _ = Signing::do_leave_committee(&who);
    }

    fn set_parameters(&mut self) {
        let threshold = self.rng.gen_range(2..4);
        let parameters = primitives::Parameters {
            threshold,
            committee_size: self.rng.gen_range(threshold..6),
            keygen_deadline: self.rng.gen_range(2..15),
            reshare_deadline: self.rng.gen_range(1..9),
            rotation_period: [0, 7, 40][self.rng.gen_range(0..3)],
            standbys: self.rng.gen_range(0..4),
            fault_quorum: self.rng.gen_range(1..4),
            ..Parameters::<Test>::get()
        };
        Signing::do_set_parameters(parameters).unwrap();
    }

    /// Begins a session: in the beginning of a block as it is, or as if in the middle of one.
    fn begin_session(&mut self) {
        if self.rng.gen_bool(0.2) {
            Era::mutate(|era| *era += 1);
        }
        self.session = std::mem::take(&mut self.queued);
        let count = self.rng.gen_range(4..=ACCOUNTS as usize);
        let mut accounts: Vec<AccountId> = (1..=ACCOUNTS).collect();
        accounts.shuffle(&mut self.rng);
        for account in accounts.into_iter().take(count) {
            let current = self.session.iter().find(|(other, _)| *other == account);
            let key = match current {
                Some((_, key)) if self.rng.gen_bool(0.9) => key.clone(),
                _ => {
                    self.rotations += 1;
                    key(account, self.rotations)
                }
            };
            self.queued.push((account, key));
        }
        // Keys may change hands.
        if self.rng.gen_bool(0.1) {
            let (first, second) = (self.queued[0].1.clone(), self.queued[1].1.clone());
            (self.queued[0].1, self.queued[1].1) = (second, first);
        }
        if self.rng.gen() {
            self.tell_session();
        } else {
            self.next_block(true);
        }
    }

    fn tell_session(&self) {
        tell_session(&self.session, &self.queued);
        check();
    }

    /// From wherever the walk has led, honest validators lead the network back, and nothing is left
    /// behind.
    fn recover(&mut self) {
        Era::mutate(|era| *era += 1);
        self.queued = (1..=ACCOUNTS)
            .map(|account| (account, key(account, 1_000_000)))
            .collect();
        Signing::do_set_parameters(parameters()).unwrap();
        for _ in 0..2 {
            self.session = self.queued.clone();
            self.next_block(true);
        }
        for _ in 0..150 {
            self.next_block(false);
            for (_, key) in self.session.clone() {
                announce_key(key);
            }
            match phase() {
                Phase::Keygen(attempt) => attempt.members.iter().for_each(|member| {
                    let _ = Signing::do_confirm_keygen(&KeygenConfirmation {
                        signing_key: member.party.clone(),
                        attempt: attempt.attempt,
                        verifying_key: network_key(1),
                        commitment: H256([5; 32]),
                    });
                }),
                Phase::Resharing(attempt) => attempt.members.iter().for_each(|member| {
                    let _ = Signing::do_confirm_reshare(&ReshareConfirmation {
                        signing_key: member.party.clone(),
                        attempt: attempt.attempt,
                        commitment: H256([attempt.attempt as u8; 32]),
                    });
                }),
                _ => {}
            }
            if let Some(attempt) = AuxInfoAttempt::<Test>::get() {
                attempt.parties.iter().for_each(|party| {
                    let _ = Signing::do_confirm_aux_info(&AuxInfoConfirmation {
                        signing_key: party.party.clone(),
                        attempt: attempt.attempt,
                        commitment: H256([attempt.attempt as u8; 32]),
                    });
                });
            }
            self.observe();
            self.answer();
        }
        tell_session(&self.session, &self.queued);
        self.next_block(false);
        self.next_block(false);
        assert_eq!(phase(), Phase::Active, "honest validators lead back");
        let committee = committee();
        assert_eq!(committee.members.len(), 3);
        assert_eq!(committee.sitting().count(), 3);
        assert_eq!(Standbys::<Test>::get().len(), 1);
        assert!(!AuxInfoAttempt::<Test>::exists() && crate::AuxInfo::<Test>::exists());
        assert!(crate::FormerMembers::<Test>::get().is_empty());
        assert!(crate::Retiring::<Test>::get().is_empty() && !crate::RefreshDue::<Test>::get());
        assert!(crate::Challenges::<Test>::get().is_empty());
        assert!(!crate::AuxInfoPause::<Test>::exists());
        assert_eq!(Reports::<Test>::iter_keys().count(), 0);
    }
}

fn events() -> Vec<Event<Test>> {
    System::read_events_for_pallet::<Event<Test>>()
}

fn announce_key(signing_key: SignerId) {
    // Refused if it has announced itself in this block.
    let _ = Signing::do_announce_signer(Announcement {
        signing_key,
        endpoint: b"signer.example:3001".to_vec().try_into().unwrap(),
        x25519: [7; 32],
        at: System::block_number(),
    });
}

fn tell_session(session: &[(AccountId, SignerId)], queued: &[(AccountId, SignerId)]) {
    Signing::on_new_session(
        true,
        session.iter().map(borrowed),
        queued.iter().map(borrowed),
    );
}

fn borrowed((validator, key): &(AccountId, SignerId)) -> (&AccountId, SignerId) {
    (validator, key.clone())
}

/// Walks so many steps from each of so many seeds.
fn walk(seeds: u64, steps: u32) {
    let (mut reassigned, mut activated, mut degraded) = (0, 0, 0);
    for seed in 0..seeds {
        test(0, || {
            Seed::set(seed as u32);
            // From honest and quiet networks to such as always quarrel.
            let manners = Manners {
                lies: [0, 5, 30][seed as usize % 3],
                reports: [2, 10, 30][seed as usize / 3 % 3],
                sessions: [1, 4][seed as usize % 2],
            };
            let mut walk = Walk::new(seed, manners);
            tell_session(&walk.session, &walk.queued);
            for _ in 0..steps {
                walk.step();
                check();
            }
            walk.recover();
            reassigned += walk.reassigned;
            activated += walk.activated;
            degraded += u32::from(walk.degraded > 0);
        });
    }
    // The walks go somewhere.
    println!("{reassigned} reassignments, {activated} activations, {degraded} walks degraded");
    assert!(u64::from(reassigned) > 10 * seeds);
    assert!(u64::from(activated) > 3 * seeds);
    assert!(degraded > 0);
}

#[test]
fn no_walk_breaks_a_hand_over() {
    walk(18, 1_500);
}

#[test]
#[ignore = "takes minutes"]
fn a_million_steps() {
    walk(500, 2_000);
}
