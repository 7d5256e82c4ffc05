//! A member that provably cheats.

use super::*;
use crate::{
    protocol::{
        signing::cheating::{sign_cheating, Cheat},
        Deadlines, NodeSigner, PartyId,
    },
    service::attempt::{accounts, run_of},
    sessions::{Attendance, Budget, RunSpec, Session, SessionsHandle},
};
use signing_evidence::{SigningEvidence, Verdict};
use signing_primitives::{Subject, UnprovableFault};
use std::collections::BTreeSet;
use tokio::{runtime::Handle, time::Instant};

/// Takes part in a signing session as `order` says, and cheats.
async fn cheat(world: &World, sessions: &SessionsHandle, order: SigningOrder) {
    let participants: BTreeSet<PartyId> = order
        .participants
        .iter()
        .map(|party| party.clone().into())
        .collect();
    let material = materials()[&order.me];
    let inputs = move || material.signing_inputs(Some(INDEX), &participants).unwrap();
    let genesis_hash = world.chain.genesis_hash();
    let subject = inputs().subject(
        genesis_hash,
        order.generation,
        order.digest,
        order.request_id,
    );
    let others = world
        .members
        .iter()
        .filter(|member| member.party != order.me && order.participants.contains(&member.party));
    let spec = RunSpec {
        attendance: Attendance::default(),
        trace: Default::default(),
        subject: Subject::Signing(subject),
        me: order.me.clone(),
        others: accounts(others),
        last_try: 0,
        open_timeout: Duration::from_secs(8),
        budget: Budget {
            messages: 48,
            bytes: 4 << 20,
        },
    };
    let signer = NodeSigner::new(keystore_of(&order.me), order.me).unwrap();
    let runtime = Handle::current();
    let job = move |session: Session| {
        let deadlines = Deadlines::new(
            Duration::from_secs(10),
            Instant::now() + Duration::from_secs(20),
        );
        let run = run_of(session, signer.clone(), deadlines, runtime.clone());
        Err::<(), _>(sign_cheating(
            inputs(),
            order.digest,
            run,
            Cheat::BadMessage,
        ))
    };
    sessions.run(spec, job).await.unwrap_err();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_proof_is_on_disk_when_the_session_has_failed() {
    let world = world();
    let (honest, cheater) = (world.old[0], world.old[1]);
    let node = world.start(honest).await;
    until("the share is in use", || held(&node).0 == [1]).await;
    let sessions = world.net.join(world.members[cheater].validator.clone());
    let order = |me| world.order(me, [honest, cheater], 1, 1);
    let (failed, ()) = tokio::join!(
        node.signer.sign(order(honest)),
        cheat(&world, &sessions, order(cheater))
    );
    let member = &world.members[cheater];
    match failed {
        Err(SigningFailure::Misbehaved { culprits }) => {
            assert_eq!(culprits, [member.party.clone()].into());
        }
        other => panic!("{other:?}"),
    }
    let due = (member.party.clone(), UnprovableFault::Misbehaved);
    assert_eq!(node.observations.due(), [due]);

    // The node crashes before it looks at the chain again.
    drop(node);
    let node = world.start(honest).await;
    let proofs = node.ledger.proofs();
    let (case, proof) = &proofs[0];
    assert_eq!((case.generation, &case.accused), (1, &member.validator));
    let proof: SigningEvidence = codec::DecodeAll::decode_all(&mut proof.as_slice()).unwrap();
    assert_eq!(proof.verify(), Verdict::Proven);
    assert_eq!((proofs.len(), proof.accused), (1, member.party.clone()));
}
