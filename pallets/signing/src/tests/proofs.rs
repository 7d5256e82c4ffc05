//! Reports with proof: which are taken, which are refused, and which are an offence of the reporter.

use super::evidence::*;
use crate::{
    mock::*, primitives, proofs::VERIFICATION, Call, Event, FaultReportOf, Offence, SeatLoss,
};
use codec::Encode;
use frame_support::{assert_noop, dispatch::GetDispatchInfo};
use frame_system::RawOrigin;
use primitives::SignerId;
use signing_evidence::{CommitteeFacts, Proof, SigningEvidence};
use sp_core::{Pair, H256};
use sp_runtime::{
    transaction_validity::{InvalidTransaction, UnknownTransaction},
    Perbill,
};

const SLASH: Perbill = Perbill::from_percent(10);

/// The pool refuses it, and so would the dispatch; and nobody is punished.
fn is_refused(report: FaultReportOf<Test>, how: InvalidTransaction, why: Error) {
    let reporter = (1..=9)
        .find(|reporter| pair(*reporter).public() == report.signing_key)
        .unwrap_or(99);
    assert_eq!(
        submit_report(&pair(reporter), report.clone()),
        Err(how.into()),
        "{why:?}"
    );
    assert_noop!(
        Signing::report_fault(RawOrigin::Authorized.into(), report, pair(1).sign(b"")),
        why
    );
    assert_eq!(Punished::get(), []);
}

#[test]
fn one_proof_is_enough() {
    test(5, || {
        activate_with_others([4]);
        prove(1, 3);
        assert_eq!(
            take_events(),
            [
                Event::SeatLost {
                    validator: 3,
                    cause: SeatLoss::Fault
                },
                Event::CheatingProven {
                    reporter: 1,
                    accused: 3,
                    generation: 1,
                    slash: SLASH
                }
            ]
        );
        let offence = Offence::Cheating { generation: 1 };
        assert_eq!(Punished::get(), [(3, 7, offence, SLASH)]);
        assert_eq!(Provers::get(), [1]);
        next_block();
        assert_eq!(
            reassignments(&take_events()),
            [(2, vec![3], vec![4], vec![1, 2, 4])]
        );
        assert_eq!(committee().expelled.to_vec(), [3]);
        assert!(Signing::network_state().challenges.is_empty());
    });
}

#[test]
fn any_validator_can_prove_it_of_any_member_by_its_party_id() {
    test(5, || {
        activate_with_others([4]);
        // 3 has another session key now, but is known to the committee by its first.
        let mut keys: Vec<_> = (1..=5).map(|v| (v, pair(v))).collect();
        keys[2].1 = rotated_pair(3, 1);
        new_session(&keys);
        // 5 has not even announced itself.
        prove(5, 3);
        assert_eq!(Punished::get().len(), 1);
        next_block();
        assert_eq!(committee().expelled.to_vec(), [3]);
    });
}

/// A session begins without this one of the six.
fn leave_validators(who: AccountId) {
    SessionIndex::mutate(|session| *session += 1);
    let others: Vec<_> = (1..=6)
        .filter(|v| *v != who)
        .map(|v| (v, pair(v)))
        .collect();
    new_session(&others);
}

#[test]
fn a_member_that_has_left_the_validators_can_prove_it_and_answers_for_it() {
    test(6, || {
        activate_with_others([4]);
        leave_validators(3);
        prove(3, 1);
        let offence = Offence::Cheating { generation: 1 };
        assert_eq!(Punished::get(), [(1, 8, offence, SLASH)]);
        assert_eq!(Provers::get(), [3]);
    });
    test(6, || {
        activate_with_others([4]);
        leave_validators(3);
        submit_proof(3, 1, &honesty(1, 1));
        // With the stake of the session in which it was a validator.
        let offence = Offence::FalseEvidence { generation: 1 };
        assert_eq!(Punished::get(), [(3, 7, offence, SLASH)]);
    });
    // Without a share it has nothing to say.
    test(6, || {
        activate_with_others([4]);
        let evidence = cheating(1, 1);
        leave_validators(6);
        is_refused(
            proof(6, 1, &evidence),
            InvalidTransaction::BadSigner,
            Error::NotACurrentKey,
        );
    });
}

#[test]
fn what_is_proved_counts_once() {
    test(6, || {
        activate_with_others([4]);
        let report = proof(1, 3, &cheating(3, 1));
        assert_eq!(submit_report(&pair(1), report.clone()), Ok(Ok(())));
        let other = with_facts(1, |facts| {
            broadcasts_of(&facts, &pair(3), &pair(3), [b"this", b"that"])
        });
        for (reporter, again) in [
            (1, report),
            (2, proof(2, 3, &cheating(3, 1))),
            (2, proof(2, 3, &other)),
        ] {
            for _ in 0..2 {
                assert_eq!(
                    submit_report(&pair(reporter), again.clone()),
                    Err(InvalidTransaction::Stale.into())
                );
                assert_noop!(
                    Signing::report_fault(
                        RawOrigin::Authorized.into(),
                        again.clone(),
                        pair(1).sign(b"")
                    ),
                    Error::AlreadyProven
                );
            }
        }
        assert_eq!(Punished::get().len(), 1);
    });
}

#[test]
fn who_may_not_report_does_not() {
    test(9, || {
        let early = with_bytes(1, 2, 0, vec![]);
        is_refused(early, InvalidTransaction::Call, Error::NoCommittee);
        activate_with_others([4]);
        run_to(50);
        let good = proof(1, 3, &cheating(3, 1));
        let with = |change: &dyn Fn(&mut FaultReportOf<Test>)| {
            let mut report = good.clone();
            change(&mut report);
            report
        };
        for (report, how, why) in [
            (
                with(&|r| r.signing_key = pair(99).public()),
                InvalidTransaction::BadSigner,
                Error::NotACurrentKey,
            ),
            (
                proof(3, 3, &cheating(3, 1)),
                InvalidTransaction::Call,
                Error::ReportOfOneself,
            ),
            (
                with(&|r| r.at = 41),
                InvalidTransaction::Stale,
                Error::ReportExpired,
            ),
            (
                with(&|r| r.at = 59),
                InvalidTransaction::Future,
                Error::ReportFromFuture,
            ),
            (
                with(&|r| r.at = u64::MAX),
                InvalidTransaction::Future,
                Error::ReportFromFuture,
            ),
            (
                with(&|r| r.generation = 0),
                InvalidTransaction::Stale,
                Error::WrongGeneration,
            ),
        ] {
            is_refused(report, how, why);
        }
        let early = with(&|r| r.generation = 2);
        assert_eq!(
            submit_report(&pair(1), early),
            Err(UnknownTransaction::CannotLookup.into())
        );
        // In another's name, of another chain, or another report.
        let elsewhere = primitives::fault_report_payload(H256([1; 32]), &good);
        let here = primitives::fault_report_payload(genesis_hash(), &good);
        let other = primitives::fault_report_payload(genesis_hash(), &with(&|r| r.at = 49));
        for signature in [
            pair(2).sign(&here),
            pair(1).sign(&elsewhere),
            pair(1).sign(&other),
        ] {
            let report = good.clone();
            assert_eq!(
                submit(Call::report_fault { report, signature }),
                Err(InvalidTransaction::BadProof.into())
            );
        }
        assert_eq!(Punished::get(), []);
        assert_eq!(submit_report(&pair(1), good.clone()), Ok(Ok(())));
    });
}

#[test]
fn what_is_no_evidence_about_the_accused_costs_nothing() {
    test(9, || {
        activate_with_others([4]);
        let good = cheating(3, 1).encode();
        let malformed = [
            vec![],
            vec![0xff; 1_000],
            [&good[..], &[0]].concat(),
            good[..good.len() - 1].to_vec(),
            good[1..].to_vec(),
            vec![0; primitives::limits::MAX_REPORT_BYTES as usize],
        ];
        for bytes in malformed {
            is_refused(
                with_bytes(1, 3, 1, bytes),
                InvalidTransaction::Call,
                Error::MalformedEvidence,
            );
        }
        let (key, stranger) = (pair(3), pair(99));
        let about = |change: &dyn Fn(&mut CommitteeFacts)| {
            with_facts(1, |mut facts| {
                change(&mut facts);
                broadcasts_of(&facts, &key, &key, [b"one", b"another"])
            })
        };
        let altered = |change: &dyn Fn(&mut SigningEvidence)| {
            let mut evidence = cheating(3, 1);
            change(&mut evidence);
            evidence
        };
        let others: Vec<SignerId> = [5, 6, 7].map(|v| pair(v).public()).to_vec();
        let mut elsewhere = others.clone();
        elsewhere.push(key.public());
        for (accused, evidence) in [
            // Another accused in the report than in the evidence.
            (2, cheating(3, 1)),
            (4, cheating(3, 1)),
            (99, cheating(3, 1)),
            // A party that is no member.
            (
                4,
                with_facts(1, |facts| {
                    broadcasts_of(&facts, &pair(4), &pair(4), [b"one", b"another"])
                }),
            ),
            (3, altered(&|e| e.accused = stranger.public())),
            // Another chain, generation, threshold, key, committee.
            (3, about(&|facts| facts.genesis_hash = H256([1; 32]))),
            (3, about(&|facts| facts.network_key = network_key(2))),
            (3, about(&|facts| facts.threshold = 3)),
            (
                3,
                with_facts(1, |facts| {
                    let members = &elsewhere[..];
                    let facts = CommitteeFacts { members, ..facts };
                    broadcasts_of(&facts, &key, &key, [b"one", b"another"])
                }),
            ),
        ] {
            let report = with_bytes(1, accused, 1, evidence.encode());
            is_refused(report, InvalidTransaction::Call, Error::EvidenceOfOthers);
        }
        let other_generation = about(&|facts| facts.generation = 2);
        is_refused(
            with_bytes(1, 3, 1, other_generation.encode()),
            InvalidTransaction::Call,
            Error::EvidenceOfOthers,
        );
    });
}

/// Whatever a reporter makes of an honest member's messages, it is the reporter who is punished.
#[test]
fn false_evidence_is_an_offence_of_the_reporter() {
    let altered_broadcast = |evidence: &mut SigningEvidence| {
        if let Proof::ContradictoryBroadcasts { second, .. } = &mut evidence.proof {
            second.payload.as_mut().unwrap()[0] ^= 1;
        }
    };
    let altered: [fn(&mut SigningEvidence); 4] = [
        |evidence| evidence.nonces[0][0] ^= 1,
        |evidence| evidence.subject.digest[0] ^= 1,
        |evidence| evidence.subject.participants.reverse(),
        |evidence| evidence.public_shares = vec![9].try_into().unwrap(),
    ];
    let mut kinds: Vec<Box<dyn Fn() -> SigningEvidence>> = vec![
        // What it has signed, twice.
        Box::new(|| honesty(3, 1)),
        // One byte is another.
        Box::new(move || {
            let mut evidence = honesty(3, 1);
            altered_broadcast(&mut evidence);
            evidence
        }),
        // The reporter has signed it.
        Box::new(|| {
            with_facts(1, |facts| {
                broadcasts_of(&facts, &pair(3), &pair(1), [b"one", b"another"])
            })
        }),
        // True of 2, but not of 3.
        Box::new(|| {
            let mut evidence = cheating(2, 1);
            let with_3 = cheating(3, 1).subject;
            evidence.subject = with_3;
            evidence.accused = pair(3).public();
            evidence
        }),
    ];
    // Of another session than the one that the accused took part in.
    for change in altered {
        kinds.push(Box::new(move || {
            let mut evidence = cheating(3, 1);
            change(&mut evidence);
            evidence
        }));
    }
    for kind in kinds {
        test(5, || {
            activate_with_others([4]);
            submit_proof(1, 3, &kind());
            assert_eq!(
                take_events(),
                [
                    Event::SeatLost {
                        validator: 1,
                        cause: SeatLoss::Fault
                    },
                    Event::FalseEvidence {
                        reporter: 1,
                        accused: 3,
                        slash: SLASH
                    }
                ]
            );
            let offence = Offence::FalseEvidence { generation: 1 };
            assert_eq!(Punished::get(), [(1, 7, offence, SLASH)]);
            assert!(Provers::get().is_empty(), "there is nobody to thank");
            next_block();
            assert_eq!(
                reassignments(&take_events()),
                [(2, vec![1], vec![4], vec![2, 3, 4])]
            );
        });
    }
}

#[test]
fn false_evidence_fills_one_place_in_one_block() {
    test(9, || {
        activate_with_others([4]);
        // All are in the pool at once, against different members.
        let calls: Vec<_> = [1, 2, 3]
            .into_iter()
            .map(|accused| {
                let report = proof(5, accused, &honesty(accused, 1));
                let payload = primitives::fault_report_payload(genesis_hash(), &report);
                let signature = pair(5).sign(&payload);
                Call::report_fault { report, signature }
            })
            .collect();
        assert!(calls.iter().all(|call| validate(call.clone()).is_ok()));
        let mut calls = calls.into_iter();
        assert_eq!(submit(calls.next().unwrap()), Ok(Ok(())));
        for call in calls {
            assert_eq!(submit(call), Err(InvalidTransaction::BadSigner.into()));
        }
        assert_eq!(Punished::get().len(), 1);
        // True evidence of a convict is not looked at either.
        let truth = proof(5, 3, &cheating(3, 1));
        assert_eq!(
            submit_report(&pair(5), truth.clone()),
            Err(InvalidTransaction::BadSigner.into())
        );
        assert_noop!(
            Signing::report_fault(RawOrigin::Authorized.into(), truth, pair(1).sign(b"")),
            Error::ReporterConvicted
        );
        // Nor with another key.
        let mut keys: Vec<_> = (1..=9).map(|v| (v, pair(v))).collect();
        keys[4].1 = rotated_pair(5, 1);
        new_session(&keys);
        let rotated = |report| FaultReportOf::<Test> {
            signing_key: rotated_pair(5, 1).public(),
            ..report
        };
        assert_eq!(
            submit_report(&rotated_pair(5, 1), rotated(proof(5, 3, &cheating(3, 1)))),
            Err(InvalidTransaction::BadSigner.into())
        );
        // What it says without proof counts as before.
        assert_eq!(
            submit_report(&rotated_pair(5, 1), rotated(report(5, 3))),
            Ok(Ok(()))
        );
    });
}

#[test]
fn the_pool_keeps_one_proof_of_each_beside_reports_without() {
    test(9, || {
        activate_with_others([4]);
        let admit = |report: FaultReportOf<Test>| {
            let reporter = (1..=9)
                .find(|v| pair(*v).public() == report.signing_key)
                .unwrap();
            let payload = primitives::fault_report_payload(genesis_hash(), &report);
            let signature = pair(reporter).sign(&payload);
            validate(Call::report_fault { report, signature }).unwrap()
        };
        let first = admit(proof(1, 3, &cheating(3, 1)));
        assert_eq!(first.longevity, 9);
        assert_eq!(
            first.provides,
            admit(proof(1, 3, &honesty(3, 1))).provides,
            "whatever the evidence"
        );
        for other in [
            report(1, 3),
            proof(2, 3, &cheating(3, 1)),
            proof(1, 2, &cheating(2, 1)),
        ] {
            assert_ne!(first.provides, admit(other).provides);
        }
        // And a block takes both.
        accuse([1], 3);
        prove(1, 3);
        assert_eq!(Punished::get().len(), 1);
    });
}

#[test]
fn evidence_is_paid_for_in_advance() {
    test(5, || {
        activate_with_others([4]);
        let info = |report| {
            Call::<Test>::report_fault {
                report,
                signature: pair(1).sign(b""),
            }
            .get_dispatch_info()
        };
        let with_proof = info(proof(1, 3, &cheating(3, 1)));
        assert_eq!(with_proof.call_weight.ref_time(), 300_000_000_000 + 30_000);
        assert_eq!(VERIFICATION.ref_time(), 300_000_000_000);
        let without = info(report(1, 3));
        assert_eq!(without.call_weight.ref_time(), 23_000);
    });
}
