//! Three sign, and one of them cheats towards one other only: the third must not take the victim for
//! the culprit.

use super::*;
use crate::{
    protocol::{
        signing::cheating::{sign_cheating, Cheat},
        signing::sign,
        test_network::{unanimous, TestNetwork},
        Deadlines, PartyId, SessionError,
    },
    service::attempt::run_of,
    sessions::{Attendance, Budget, RunError, RunSpec, Session},
};
use signing_primitives::Subject;
use std::collections::BTreeSet;
use tokio::{runtime::Handle, time::Instant};

const VICTIM: usize = 0;
const WITNESS: usize = 1;
const CHEATER: usize = 2;

/// What the victim and the witness make of it.
async fn session(cheat: impl Fn(PartyId) -> Cheat) -> (TestNetwork, [RunError<SessionError>; 2]) {
    let making = std::thread::spawn(|| unanimous(3));
    let (network, material) = tokio::task::spawn_blocking(|| making.join().unwrap())
        .await
        .unwrap();
    let cheat = cheat(network.party(VICTIM));
    let participants: BTreeSet<PartyId> = (0..3).map(|index| network.party(index)).collect();
    let account = |index: usize| AccountId::new([0x70 + index as u8; 32]);
    let net = Net::default();
    let mut runs = Vec::new();
    for (index, material) in material.into_iter().enumerate() {
        let sessions = net.join(account(index));
        let participants = participants.clone();
        let inputs = move || material.signing_inputs(None, &participants).unwrap();
        let others = (0..3).filter(|other| *other != index);
        let spec = RunSpec {
            attendance: Attendance::default(),
            trace: Default::default(),
            subject: Subject::Signing(inputs().subject(H256([9; 32]), 1, [7; 32], [8; 32])),
            me: network.party(index).into(),
            others: others
                .map(|other| (account(other), network.party(other).into()))
                .collect(),
            last_try: 0,
            open_timeout: Duration::from_secs(20),
            budget: Budget {
                messages: 48,
                bytes: 4 << 20,
            },
        };
        let (signer, runtime) = (network.signers[index].clone(), Handle::current());
        let cheat = (index == CHEATER).then(|| cheat.clone());
        let job = move |session: Session| {
            let deadlines = Deadlines::new(
                Duration::from_secs(25),
                Instant::now() + Duration::from_secs(120),
            );
            let run = run_of(session, signer.clone(), deadlines, runtime.clone());
            match &cheat {
                None => sign(inputs(), [7; 32], run).map(drop),
                Some(cheat) => Err(sign_cheating(inputs(), [7; 32], run, cheat.clone())),
            }
        };
        runs.push(tokio::spawn(async move { sessions.run(spec, job).await }));
    }
    let witness = runs.remove(WITNESS).await.unwrap().unwrap_err();
    let victim = runs.remove(VICTIM).await.unwrap().unwrap_err();
    (network, [victim, witness])
}

fn named(error: &RunError<SessionError>) -> BTreeSet<PartyId> {
    match error {
        RunError::Protocol(error) => error.blamed(),
        _ => BTreeSet::new(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_message_to_one_is_not_laid_at_the_victims_door() {
    let (network, [victim, witness]) = session(Cheat::BadMessageTo).await;
    assert!(matches!(
        &victim,
        RunError::Protocol(SessionError::Misbehaviour { .. })
    ));
    assert_eq!(named(&victim), [network.party(CHEATER)].into());
    assert!(matches!(witness, RunError::NoTryLeft), "{witness}");
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_towards_one_is_not_laid_at_the_victims_door() {
    let (network, [victim, witness]) = session(Cheat::SilentTo).await;
    assert!(matches!(
        &victim,
        RunError::Protocol(SessionError::TimedOut { .. })
    ));
    assert_eq!(named(&victim), [network.party(CHEATER)].into());
    assert!(matches!(witness, RunError::NoTryLeft), "{witness}");
}
