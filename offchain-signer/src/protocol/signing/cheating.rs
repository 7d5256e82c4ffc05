//! Parties that cheat in signing sessions, and what the others make of it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::*;
use crate::protocol::{
    test_network::{among, committee, unanimous, TestNetwork},
    Fault, Params, PartyId,
};
use core::time::Duration;
use manul::{
    combinators::misbehave::{Misbehaving, MisbehavingEntryPoint},
    protocol::{
        Artifact, BoxedFormat, BoxedRound, DirectMessage, EchoBroadcast, EntryPoint, LocalError,
        ProtocolMessagePart, RoundId,
    },
};
use rand_core::CryptoRngCore;
use serde::{Deserialize, Serialize};
use signing_evidence::{SessionFacts, SigningEvidence, Verdict};
use signing_primitives::Subject;
use sp_core::H256;
use std::{collections::BTreeSet, mem::replace, sync::OnceLock};
use tokio::sync::mpsc;

const DIGEST: [u8; 32] = [0xd1; 32];

/// What a party does against the rules.
#[derive(Clone, Debug)]
pub(crate) enum Cheat {
    /// Sends all others a direct message in the first round that is none. It can be proved.
    BadMessage,
    /// Sends one other such a message.
    BadMessageTo(PartyId),
    /// Says nothing to one other after the first round.
    SilentTo(PartyId),
    /// Sends all others the same wrong share of δ in the third round.
    WrongDelta,
}

impl Misbehaving<PartyId, Cheat> for Cheat {
    type EntryPoint = InteractiveSigning<Params, PartyId>;

    fn modify_direct_message(
        _rng: &mut dyn CryptoRngCore,
        _round: &BoxedRound<PartyId, <Self::EntryPoint as EntryPoint<PartyId>>::Protocol>,
        cheat: &Cheat,
        format: &BoxedFormat,
        destination: &PartyId,
        message: DirectMessage,
        artifact: Option<Artifact>,
    ) -> Result<(DirectMessage, Option<Artifact>), LocalError> {
        let is_bad = match cheat {
            Cheat::BadMessage => true,
            Cheat::BadMessageTo(victim) => destination == victim,
            _ => false,
        };
        Ok(match is_bad {
            true => (DirectMessage::new(format, 7u8)?, artifact),
            false => (message, artifact),
        })
    }

    fn modify_echo_broadcast(
        _rng: &mut dyn CryptoRngCore,
        round: &BoxedRound<PartyId, <Self::EntryPoint as EntryPoint<PartyId>>::Protocol>,
        cheat: &Cheat,
        format: &BoxedFormat,
        message: EchoBroadcast,
    ) -> Result<EchoBroadcast, LocalError> {
        if !matches!(cheat, Cheat::WrongDelta) || round.id() != RoundId::new(3) {
            return Ok(message);
        }
        let mut echo: Round3Echo = message.deserialize(format).unwrap();
        *echo.delta.last_mut().unwrap() ^= 1;
        EchoBroadcast::new(format, echo)
    }
}

/// The echo broadcast of the third round.
#[derive(Deserialize, Serialize)]
struct Round3Echo {
    delta: Vec<u8>,
}

/// Takes part in a session, and cheats.
pub(crate) fn sign_cheating(
    inputs: SigningInputs,
    digest: [u8; 32],
    mut run: Run,
    cheat: Cheat,
) -> SessionError {
    let mut others = inputs.participants.clone();
    others.remove(run.signer.party());
    if let Cheat::SilentTo(victim) = &cheat {
        let (said, mut saying) = mpsc::channel(64);
        let outgoing = replace(&mut run.link.outgoing, said);
        let victim = victim.clone();
        run.runtime.spawn(async move {
            let mut told = false;
            while let Some((to, message)) = saying.recv().await {
                if to != victim || !replace(&mut told, true) {
                    let _ = outgoing.send((to, message)).await;
                }
            }
        });
    }
    let honest = InteractiveSigning::new(digest.into(), inputs.key_share, inputs.aux_info).unwrap();
    let cheating = MisbehavingEntryPoint::<PartyId, Cheat, Cheat>::new(honest, Some(cheat));
    let (mut mailbox, signer, id) = Mailbox::open(run, others, Stage::Signing);
    run_session(cheating, &signer, &id, &mut mailbox).unwrap_err()
}

/// The second member's side of a session with the first, in which it cheats, by the first's account.
fn after_cheating() -> (TestNetwork, SessionError, SessionFacts) {
    let (network, material) = committee();
    let pair = among(network, &[0, 1]).impatient(Duration::from_secs(20));
    let participants: BTreeSet<_> = (0..2).map(|index| pair.party(index)).collect();
    let inputs = |index: usize| {
        let of = |m: &&crate::protocol::KeyMaterial| *m.owner() == pair.party(index);
        let material = material.iter().find(of).unwrap();
        material.signing_inputs(Some(3), &participants).unwrap()
    };
    let facts = SessionFacts {
        subject: inputs(0).subject(H256([9; 32]), 1, DIGEST, [8; 32]),
        nonces: pair.nonces(),
        public_shares: inputs(0).public_shares,
        public_aux_info: inputs(0).public_aux_info,
    };
    let id = Subject::Signing(facts.subject.clone())
        .session_id(&facts.nonces)
        .unwrap();
    let mut errors = pair.run_session(id, |index, run| match index {
        0 => sign(inputs(0), DIGEST, run).unwrap_err(),
        _ => sign_cheating(inputs(1), DIGEST, run, Cheat::BadMessage),
    });
    let error = errors.swap_remove(0);
    (pair, error, facts)
}

/// What proves that the second member of [`committee`] has cheated, in generation 1. The same each
/// time.
pub(crate) fn evidence() -> &'static SigningEvidence {
    static EVIDENCE: OnceLock<SigningEvidence> = OnceLock::new();
    EVIDENCE.get_or_init(|| {
        let (_, error, facts) = after_cheating();
        error.evidence(&facts).swap_remove(0)
    })
}

#[test]
fn a_cheater_leaves_evidence() {
    let (pair, error, facts) = after_cheating();
    let SessionError::Misbehaviour { culprits, .. } = &error else {
        panic!("{error}");
    };
    assert_eq!(culprits[&pair.party(1)].fault, Fault::Provable);
    // The facts that this node knows the session by prove it; others prove nothing.
    let evidence = error.evidence(&facts);
    assert_eq!(evidence.len(), 1);
    assert_eq!(evidence[0].accused, *pair.party(1).signer_id());
    assert_eq!(evidence[0].verify(), Verdict::Proven);
    let mut other = facts;
    other.subject.digest[0] ^= 1;
    assert!(error.evidence(&other).is_empty());
}

/// What the honest ones of so many make of it that the last one sends a wrong share.
fn after_a_wrong_share(count: usize) -> (TestNetwork, Vec<SessionError>) {
    let (network, material) = unanimous(count);
    let network = network.impatient(Duration::from_secs(20));
    let participants: BTreeSet<_> = (0..count).map(|index| network.party(index)).collect();
    let results = network.run(|index, run| {
        let inputs = material[index].signing_inputs(None, &participants).unwrap();
        match index == count - 1 {
            true => sign_cheating(inputs, DIGEST, run, Cheat::WrongDelta),
            false => sign(inputs, DIGEST, run).unwrap_err(),
        }
    });
    (network, results)
}

/// The library would make messages for rounds in which the honest take half a minute for each, and
/// convict each other by what the cheater told each of them. Neither happens: no message is made.
#[test]
fn a_wrong_share_among_three_ends_the_session_and_names_nobody() {
    let (_, mut results) = after_a_wrong_share(3);
    results.pop();
    for error in results {
        assert!(
            matches!(&error, SessionError::WrongShares { round, others }
            if round.to_string().contains("Round 3") && others.len() == 2),
            "{error}"
        );
        assert!(error.blamed().is_empty());
        assert!(!error.is_own(), "a relayer would take it for a refusal");
    }
}

#[test]
fn a_wrong_share_between_two_is_the_others() {
    let (network, results) = after_a_wrong_share(2);
    let error = &results[0];
    assert!(matches!(error, SessionError::WrongShares { .. }), "{error}");
    assert_eq!(error.blamed(), [network.party(1)].into());
}
