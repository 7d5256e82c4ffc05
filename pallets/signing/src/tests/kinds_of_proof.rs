//! Every kind of proof, of sessions with real keys, on its way through the chain.

use super::evidence::{proof, with_bytes, with_facts};
use crate::{mock::*, Offence, ParametersOf};
use codec::Encode;
use frame_support::{assert_noop, assert_ok, storage::with_storage_layer};
use frame_system::RawOrigin;
use signing_evidence::{CommitteeFacts, Proof, Round, SigningEvidence};
use signing_evidence_cheater::{
    play::{Forge, Parties, Played},
    proofs::proofs,
    ways::{evidence_against_cheater, CHEATER, WAYS},
};
use sp_core::Pair;
use sp_runtime::{transaction_validity::InvalidTransaction, DispatchError};
use std::{collections::BTreeSet, sync::OnceLock};

/// The members of a committee of three that signs with all of them.
const MEMBERS: [AccountId; 3] = [1, 2, 3];

/// On a chain where the members sign.
fn on_chain(look: impl FnOnce()) {
    test(5, || {
        let parameters = ParametersOf::<Test> {
            threshold: 3,
            ..parameters()
        };
        assert_ok!(Signing::set_parameters(RuntimeOrigin::root(), parameters));
        activate_with_others([4]);
        look();
    });
}

fn parties() -> &'static Parties {
    static PARTIES: OnceLock<Parties> = OnceLock::new();
    let suri = |validator: AccountId| format!("//{validator}//0");
    PARTIES.get_or_init(|| Parties::new(MEMBERS.map(suri)))
}

/// A session of the members, as the chain knows them.
fn play(cheat: impl FnMut(&mut Forge)) -> Played {
    with_facts(1, |committee| parties().play(&[0, 1, 2], &committee, cheat))
}

/// Whose party it is.
fn validator(played: &Played, party: usize) -> AccountId {
    let id = played.id(party);
    let whose = |validator: &AccountId| pair(*validator).public() == id;
    MEMBERS.into_iter().find(whose).unwrap()
}

/// Reports it, in a block; tells who is punished for what.
fn punished(
    reporter: AccountId,
    accused: AccountId,
    evidence: &SigningEvidence,
) -> (AccountId, Offence) {
    let report = proof(reporter, accused, evidence);
    submit_report(&pair(reporter), report).unwrap().unwrap();
    match &Punished::take()[..] {
        [(offender, _, offence, _)] => (*offender, *offence),
        others => panic!("{others:?}"),
    }
}

#[test]
fn real_cheating_of_every_kind_is_punished() {
    for (kind, cheat) in WAYS {
        on_chain(|| {
            let played = play(|message| {
                if message.from == CHEATER {
                    cheat(message);
                }
            });
            let evidence = evidence_against_cheater(&played).unwrap();
            let (cheater, reporter) = (validator(&played, CHEATER), validator(&played, 1));
            let offence = Offence::Cheating { generation: 1 };
            assert_eq!(
                punished(reporter, cheater, &evidence),
                (cheater, offence),
                "kind {kind}"
            );
        });
    }
}

/// Something other than what an honest accused took part in.
const ALTERATIONS: [fn(&mut SigningEvidence); 7] = [
    // As they are.
    |_| (),
    |evidence| *evidence.public_shares.last_mut().unwrap() ^= 1,
    |evidence| *evidence.public_aux_info.last_mut().unwrap() ^= 1,
    |evidence| evidence.subject.digest[0] ^= 1,
    |evidence| evidence.nonces[0][0] ^= 1,
    |evidence| evidence.nonces.as_mut().reverse(),
    // In another round, for the kinds that say which.
    |evidence| match &mut evidence.proof {
        Proof::InvalidMessage { round, .. } | Proof::ContradictoryBroadcasts { round, .. } => {
            *round = Round::new(round.number % 4 + 1);
        }
        Proof::ContradictoryEcho { round, .. } => *round = 5 - *round,
        _ => (),
    },
];

/// An honest member's messages, put together to every kind of proof: with the right data, with other
/// data, as if of another round or session, and as if another had sent them.
#[test]
fn genuine_messages_of_every_kind_cost_the_reporter() {
    const ACCUSED: usize = 0;
    let mut kinds = BTreeSet::new();
    on_chain(|| {
        let (played, other) = (play(|_| ()), play(|_| ()));
        let mut all = Vec::new();
        for proof in proofs(&played, ACCUSED) {
            kinds.insert(proof.encode()[0]);
            for alter in ALTERATIONS {
                let mut evidence = played.report(ACCUSED, proof.clone());
                alter(&mut evidence);
                all.push((ACCUSED, evidence));
            }
            all.push((1, played.report(1, proof)));
        }
        for proof in proofs(&other, ACCUSED) {
            all.push((ACCUSED, played.report(ACCUSED, proof)));
        }
        let reporter = validator(&played, 2);
        for (accused, evidence) in all {
            // Each as the first of its chain.
            with_storage_layer(|| {
                let offence = Offence::FalseEvidence { generation: 1 };
                assert_eq!(
                    punished(reporter, validator(&played, accused), &evidence),
                    (reporter, offence),
                    "{:?}",
                    evidence.proof
                );
                Err::<(), _>(DispatchError::Other("undone"))
            })
            .unwrap_err();
        }
    });
    let of_cheaters: BTreeSet<u8> = WAYS.map(|(kind, _)| kind).into();
    assert_eq!(kinds, of_cheaters);
}

/// Of a session of another generation of the same members: no evidence about the one that is named.
#[test]
fn messages_of_another_generation_are_refused() {
    on_chain(|| {
        let honest = |_: &mut Forge| ();
        let of_the_next = with_facts(1, |committee| {
            let generation = 2;
            parties().play(
                &[0, 1, 2],
                &CommitteeFacts {
                    generation,
                    ..committee
                },
                honest,
            )
        });
        let (accused, reporter) = (validator(&of_the_next, 0), validator(&of_the_next, 2));
        for proof in proofs(&of_the_next, 0) {
            let evidence = of_the_next.report(0, proof).encode();
            let report = with_bytes(reporter, accused, 1, evidence);
            let refused = submit_report(&pair(reporter), report.clone());
            assert_eq!(refused, Err(InvalidTransaction::Call.into()));
            assert_noop!(
                Signing::report_fault(RawOrigin::Authorized.into(), report, pair(1).sign(b"")),
                Error::EvidenceOfOthers
            );
        }
        assert_eq!(Punished::get(), []);
    });
}
