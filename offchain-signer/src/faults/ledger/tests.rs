#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
use super::*;
use crate::key_store::{Password, PasswordCost};
use signing_evidence::{Part, Proof, Round, SignedMessage};
use signing_primitives::SigningSubject;
use sp_core::{sr25519, H256};

struct Disk(tempfile::TempDir);

impl Disk {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn store(&self) -> Arc<KeyStore> {
        let (path, password) = (self.0.path().join("keys"), Password::new("p".into()));
        let cost = PasswordCost::NEXT_TO_NOTHING;
        Arc::new(KeyStore::open_at_cost(path, &password, H256([1; 32]), cost).unwrap())
    }

    /// What a node that starts on this disk knows.
    fn open(&self) -> Ledger {
        Ledger::open(self.store())
    }
}

fn party(number: u8) -> SignerId {
    sr25519::Public::from_raw([number; 32]).into()
}

fn case(number: u8, generation: u32) -> Case {
    Case {
        generation,
        accused: AccountId::new([number; 32]),
    }
}

/// Something of the form of evidence, of about this length.
fn evidence(accused: u8, length: usize) -> SigningEvidence {
    SigningEvidence {
        subject: SigningSubject {
            genesis_hash: H256::zero(),
            generation: 1,
            participants: Vec::new(),
            threshold: 2,
            network_key: [2; 33],
            verifying_key: [2; 33],
            digest: [0; 32],
            request_id: [0; 32],
            public_shares_hash: H256::zero(),
            auxiliary_info_hash: H256::zero(),
        },
        nonces: Default::default(),
        public_shares: Default::default(),
        public_aux_info: Default::default(),
        accused: party(accused),
        proof: Proof::InvalidMessage {
            round: Round::new(1),
            part: Part::Echo,
            message: SignedMessage {
                signature: [0; 64],
                payload: Some(vec![0; length]),
            },
        },
    }
}

fn proof(accused: u8, length: usize) -> EncodedEvidence {
    evidence(accused, length).encode().try_into().unwrap()
}

#[test]
fn open_cases_survive_a_restart_and_closed_ones_do_not_come_back() {
    let disk = Disk::new();
    let ledger = disk.open();
    ledger.prove(case(1, 1), &evidence(1, 9));
    ledger.suspect(case(2, 1), &party(2));
    ledger.prove(case(3, 1), &evidence(3, 9));
    ledger.close(&case(3, 1));
    drop(ledger);
    let ledger = disk.open();
    assert_eq!(ledger.proofs(), [(case(1, 1), proof(1, 9))]);
    assert_eq!(ledger.suspects(), [(case(2, 1), party(2))]);
    ledger.close(&case(1, 1));
    ledger.close(&case(2, 1));
    drop(ledger);
    let ledger = disk.open();
    assert!(ledger.proofs().is_empty() && ledger.suspects().is_empty());
}

#[test]
fn one_case_for_each_validator_and_generation() {
    let disk = Disk::new();
    let ledger = disk.open();
    ledger.suspect(case(1, 1), &party(1));
    ledger.suspect(case(1, 2), &party(1));
    assert_eq!(ledger.suspects(), [(case(1, 1), party(1))]);
    // A proof is worth more than a word, and a short one more than a long one.
    for (length, kept) in [(50, 50), (60, 50), (40, 40)] {
        ledger.prove(case(1, 1), &evidence(1, length));
        assert_eq!(ledger.proofs(), [(case(1, 1), proof(1, kept))]);
    }
    ledger.suspect(case(1, 1), &party(1));
    ledger.prove(case(1, 2), &evidence(1, 70));
    drop(ledger);
    let ledger = disk.open();
    let proofs = [(case(1, 1), proof(1, 40)), (case(1, 2), proof(1, 70))];
    assert_eq!(ledger.proofs(), proofs);
    assert!(ledger.suspects().is_empty());
}

#[test]
fn a_proof_of_no_use_leaves_a_word() {
    let disk = Disk::new();
    let ledger = disk.open();
    ledger.prove(case(1, 1), &evidence(1, 9));
    ledger.without_proof(&case(1, 1));
    ledger.without_proof(&case(2, 1));
    drop(ledger);
    let ledger = disk.open();
    assert!(ledger.proofs().is_empty());
    assert_eq!(ledger.suspects(), [(case(1, 1), party(1))]);
}

#[test]
fn cases_are_bounded_and_proofs_come_first() {
    let disk = Disk::new();
    let store = disk.store();
    let ledger = Ledger::open(store.clone());
    let most = u8::try_from(MOST).unwrap();
    for number in 0..most {
        ledger.suspect(case(number, u32::from(number) + 1), &party(number));
    }
    ledger.suspect(case(200, 1), &party(200));
    assert_eq!(ledger.suspects().len(), MOST);
    for number in 100..100 + most {
        ledger.prove(case(number, 1), &evidence(number, 9));
        assert_eq!(store.reports().unwrap().len(), MOST);
    }
    assert_eq!((ledger.proofs().len(), ledger.suspects().len()), (MOST, 0));
    // The next one has to wait until one of them is settled.
    ledger.prove(case(201, 1), &evidence(201, 9));
    ledger.suspect(case(202, 1), &party(202));
    assert_eq!((ledger.proofs().len(), ledger.suspects().len()), (MOST, 0));
    ledger.close(&case(100, 1));
    ledger.prove(case(201, 1), &evidence(201, 9));
    assert_eq!(ledger.proofs().last().unwrap().0, case(201, 1));
}

#[test]
fn what_is_too_long_for_the_chain_is_not_kept() {
    let ledger = Disk::new().open();
    ledger.prove(case(1, 1), &evidence(1, 1 << 20));
    assert!(ledger.proofs().is_empty());
}

#[test]
fn records_that_are_none_are_left_out_and_erased() {
    let disk = Disk::new();
    let store = disk.store();
    let ledger = Ledger::open(store.clone());
    ledger.prove(case(1, 1), &evidence(1, 9));
    let good = (case(2, 1), (party(2), Some(proof(2, 9)))).encode();
    let mut with_a_tail = good.clone();
    with_a_tail.push(0);
    store.put_report("garbage", &[0xff; 99]).unwrap();
    store.put_report("empty", &[]).unwrap();
    store.put_report("another's name", &good).unwrap();
    store.put_report(&case(2, 1).name(), &with_a_tail).unwrap();
    store.put_report(&case(3, 1).name(), &good).unwrap();
    drop((ledger, store));
    let ledger = disk.open();
    assert_eq!(ledger.proofs(), [(case(1, 1), proof(1, 9))]);
    drop(ledger);
    let store = disk.store();
    assert_eq!(store.reports().unwrap().len(), 1);
    // Under its own name it is one.
    store.put_report(&case(2, 1).name(), &good).unwrap();
    assert_eq!(Ledger::open(store).proofs().len(), 2);
}
