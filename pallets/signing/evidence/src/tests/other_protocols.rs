//! Messages of key generation, presented as messages of signing.

use super::world::honest;
use crate::{
    cheater::{
        play::{part_of, play_protocol, random, Sent},
        proofs::PARTS,
    },
    layout::MetadataLayout,
    Params, Part, PartyId, Proof, Rejection, Round, SignedMessage, Verdict,
};
use manul::session::SessionId as ManulSessionId;
use signing_primitives::{KeygenSubject, RunStage, SessionId, SignerId, Subject};
use sp_core::H256;
use std::collections::BTreeSet;
use synedrion::{AuxGen, KeyInit, KeyResharing, KeyShare, NewHolder, OldHolder, ThresholdKeyShare};

/// What party 0 signed.
fn signed(messages: &[Sent], session_id: &SessionId) -> Vec<SignedMessage> {
    let id = ManulSessionId::from_seed::<crate::session::NetworkSession>(session_id.as_ref());
    let from_0 = messages.iter().filter(|sent| sent.from == 0);
    from_0
        .flat_map(|sent| {
            PARTS.map(|part| {
                part_of(&sent.message, part)
                    .of_round(&MetadataLayout::new(id.as_ref(), sent.round))
                    .unwrap()
            })
        })
        .collect()
}

/// The verdicts on these messages as every part of every round of an honest signing session.
fn verdicts(messages: &[SignedMessage]) -> Vec<Verdict> {
    let played = honest(2);
    let mut verdicts = Vec::new();
    for message in messages {
        for round in [1, 2, 3, 4].map(Round::new) {
            for round in [round, round.passing_on()] {
                for part in PARTS {
                    let proof = Proof::InvalidMessage {
                        round,
                        part,
                        message: message.clone(),
                    };
                    verdicts.push(played.report(0, proof).verify());
                }
            }
        }
    }
    verdicts
}

fn ids() -> BTreeSet<PartyId> {
    let signers = honest(2).signers.iter();
    signers.map(|signer| signer.party().clone()).collect()
}

fn key_init(session_id: &SessionId) -> Vec<SignedMessage> {
    let entry_points = (0..2)
        .map(|_| KeyInit::<Params, PartyId>::new(ids()).unwrap())
        .collect();
    let signers = &honest(2).signers;
    let (messages, _, finished) = play_protocol(signers, session_id, entry_points, |_| ());
    assert!(finished);
    signed(&messages, session_id)
}

fn key_resharing(session_id: &SessionId) -> Vec<SignedMessage> {
    let shares = KeyShare::<Params, PartyId>::new_centralized(&mut rand_core::OsRng, &ids(), None);
    let entry_points = shares
        .into_values()
        .map(|key_share| {
            KeyResharing::<Params, PartyId>::new(
                Some(OldHolder {
                    key_share: ThresholdKeyShare::from_key_share(&key_share),
                }),
                Some(NewHolder {
                    verifying_key: key_share.verifying_key(),
                    old_threshold: 2,
                    old_holders: ids(),
                }),
                ids(),
                2,
            )
        })
        .collect();
    let signers = &honest(2).signers;
    let (messages, _, finished) = play_protocol(signers, session_id, entry_points, |_| ());
    assert!(finished);
    signed(&messages, session_id)
}

/// The first round only: the rest takes long.
fn aux_gen(session_id: &SessionId) -> Vec<SignedMessage> {
    let entry_points = (0..2)
        .map(|_| AuxGen::<Params, PartyId>::new(ids()).unwrap())
        .collect();
    let signers = &honest(2).signers;
    let (messages, _, _) = play_protocol(signers, session_id, entry_points, |message| {
        if message.from == 1 {
            message.set(Part::Echo, Some(vec![7]));
        }
    });
    signed(&messages, session_id)
}

#[test]
fn messages_of_key_generation_prove_nothing() {
    let participants: Vec<SignerId> = ids().into_iter().map(SignerId::from).collect();
    let subject = Subject::Keygen(KeygenSubject {
        genesis_hash: H256([1; 32]),
        attempt: 1,
        members: participants.clone(),
        threshold: 2,
    });
    let nonces = participants.into_iter().map(|id| (id, random())).collect();
    let id = subject.session_id(&nonces).unwrap();
    let messages = [
        key_init(&id.stage(RunStage::KeyInit)),
        key_resharing(&id.stage(RunStage::KeyResharing)),
        aux_gen(&id.stage(RunStage::AuxGen)),
    ];
    for messages in messages {
        assert!(messages.iter().any(|message| message.payload.is_some()));
        for verdict in verdicts(&messages) {
            assert!(matches!(
                verdict,
                Verdict::Rejected(Rejection::WrongSignature | Rejection::WrongRound)
            ));
        }
    }
}

/// What protects them is that no two protocols ever have the same session id: an honest party that
/// made a key in the session of a signature would be convicted.
#[test]
fn one_session_id_for_two_protocols_would_convict_the_honest() {
    let messages = key_init(&honest(2).session_id());
    assert!(verdicts(&messages).contains(&Verdict::Proven));
}
