#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::{frame::Frame, memory::Net, *};
use crate::{chain::SignerId, metrics::testing::value};
use signing_primitives::{KeygenSubject, SessionId, Subject};
use sp_core::ByteArray;
use std::{collections::BTreeMap, sync::Mutex, time::Duration};
use substrate_prometheus_endpoint::Registry;

fn account(who: u8) -> AccountId {
    AccountId::new([who; 32])
}

fn party(who: u8) -> SignerId {
    SignerId::from_slice(&[who; 32]).unwrap()
}

fn spec(id: u8, me: u8, all: &[u8], last_try: u32) -> RunSpec {
    let others: BTreeMap<_, _> = all
        .iter()
        .filter(|w| **w != me)
        .map(|w| (account(*w), party(*w)))
        .collect();
    RunSpec {
        attendance: Default::default(),
        trace: Default::default(),
        subject: subject(id, all),
        me: party(me),
        others,
        last_try,
        open_timeout: Duration::from_secs(5),
        budget: Budget {
            messages: 8,
            bytes: 1000,
        },
    }
}

fn subject(id: u8, all: &[u8]) -> Subject {
    Subject::Keygen(KeygenSubject {
        genesis_hash: Default::default(),
        attempt: id.into(),
        members: all.iter().map(|who| party(*who)).collect(),
        threshold: 2,
    })
}

/// Says its own number to everybody and adds up what the others say.
fn add_up(me: u8, others: Vec<u8>) -> impl Fn(Session) -> Result<(SessionId, u32), &'static str> {
    move |mut session: Session| {
        for other in &others {
            session
                .outgoing
                .blocking_send((party(*other).into(), vec![me]))
                .unwrap();
        }
        let mut sum = u32::from(me);
        for _ in &others {
            let (_, payload) = session.incoming.blocking_recv().ok_or("closed")?;
            sum += u32::from(payload[0]);
        }
        Ok((session.id, sum))
    }
}

fn others(me: u8, all: &[u8]) -> Vec<u8> {
    all.iter().copied().filter(|w| *w != me).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn participants_that_come_at_different_times_share_one_session() {
    let net = Net::default();
    let all = [1, 2, 3];
    let nodes: Vec<_> = all.iter().map(|who| net.join(account(*who))).collect();
    let mut runs = Vec::new();
    for (node, who) in nodes.iter().cloned().zip(all) {
        let run = async move {
            node.run(spec(7, who, &all, 0), add_up(who, others(who, &all)))
                .await
        };
        runs.push(tokio::spawn(run));
        // The next one opens only after this one's messages have been delivered to it.
        tokio::task::yield_now().await;
    }
    let mut tags = std::collections::BTreeSet::new();
    for run in runs {
        let (tag, sum) = run.await.unwrap().unwrap();
        assert_eq!(sum, 6);
        tags.insert(tag);
    }
    assert_eq!(tags.len(), 1);
    assert!(
        nodes.iter().all(|node| node.open_sessions() == 0),
        "a session was left behind"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_run_of_the_same_subject_has_another_session_id() {
    let net = Net::default();
    let (one, two) = (net.join(account(1)), net.join(account(2)));
    let mut tags = std::collections::BTreeSet::new();
    for _ in 0..3 {
        // The answer to an `Open` of the run before may come when that run is over: then it counts for this one,
        // as a try of a participant that has restarted since.
        let (a, b) = tokio::join!(
            one.run(spec(7, 1, &[1, 2], 1), add_up(1, vec![2])),
            two.run(spec(7, 2, &[1, 2], 1), add_up(2, vec![1])),
        );
        assert_eq!(a.unwrap().0, b.as_ref().unwrap().0);
        tags.insert(b.unwrap().0);
    }
    assert_eq!(tags.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn who_does_not_open_is_named() {
    let net = Net::default();
    let one = net.join(account(1));
    let _silent = net.join(account(2));
    let result = one.run(spec(7, 1, &[1, 2], 0), add_up(1, vec![2])).await;
    match result {
        Err(RunError::NotOpened { absent }) => assert_eq!(absent, [account(2)]),
        other => panic!("{other:?}"),
    }
    assert_eq!(one.open_sessions(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_counted_by_how_they_end() {
    let registry = Registry::new();
    let metrics = Metrics::register(Some(&registry)).unwrap();
    let net = Net::default();
    let one = net.join(account(1)).with_metrics(metrics);
    let ended = |outcome| {
        let labels = [("kind", "keygen"), ("outcome", outcome)];
        value(&registry, "signing_sessions_total", &labels)
    };
    let open = || value(&registry, "signing_sessions_open", &[("kind", "keygen")]);

    // Nobody there: two tries.
    let mut alone = spec(7, 1, &[1, 2], 1);
    alone.open_timeout = Duration::from_millis(20);
    let result = one.run(alone, add_up(1, vec![2])).await;
    assert!(matches!(result, Err(RunError::NotOpened { .. })));
    assert_eq!(ended("not_opened"), 2);

    let two = net.join(account(2));
    let (a, b) = tokio::join!(
        one.run(spec(7, 1, &[1, 2], 0), add_up(1, vec![2])),
        two.run(spec(7, 2, &[1, 2], 0), add_up(2, vec![1])),
    );
    assert!(a.is_ok() && b.is_ok());
    assert_eq!((ended("ok"), open()), (1, 0));

    // The other waits for a message: should both fail at once, the farewell of the first might
    // reach the second before its session has begun.
    let (a, _) = tokio::join!(
        one.run(spec(7, 1, &[1, 2], 0), |_: Session| Err::<(), _>("no")),
        two.run(spec(7, 2, &[1, 2], 0), add_up(2, vec![1])),
    );
    assert!(matches!(a, Err(RunError::Protocol("no"))));
    assert_eq!((ended("failed"), open()), (1, 0));

    // Another run: of this one the other has said that it gives up.
    let run = one.run(spec(8, 1, &[1, 2], 0), add_up(1, vec![2]));
    drop(tokio::time::timeout(Duration::from_millis(20), run).await);
    assert_eq!((ended("cancelled"), open()), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_cannot_be_joined_twice_by_one_node() {
    let net = Net::default();
    let one = net.join(account(1));
    let first = one.clone();
    let running =
        tokio::spawn(async move { first.run(spec(7, 1, &[1, 2], 0), add_up(1, vec![2])).await });
    while !one.router.has_run(&subject(7, &[1, 2]).hash().0) {
        tokio::task::yield_now().await;
    }
    let again = one.run(spec(7, 1, &[1, 2], 0), add_up(1, vec![2])).await;
    assert!(matches!(again, Err(RunError::AlreadyRunning)));
    running.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_participant_is_waited_for_in_the_next_try() {
    let net = Net::default();
    let one = net.join(account(1));
    let two = net.join(account(2));
    // The first life of node 2 opens the session and then says nothing.
    let (opened, was_opened) = tokio::sync::oneshot::channel();
    let opened = Mutex::new(Some(opened));
    let silent = tokio::spawn(async move {
        two.run(spec(7, 2, &[1, 2], 3), move |mut session: Session| {
            if let Some(opened) = opened.lock().unwrap().take() {
                let _ = opened.send(());
            }
            while session.incoming.blocking_recv().is_some() {}
            Err::<(SessionId, u32), _>("stopped")
        })
        .await
    });
    let first =
        tokio::spawn(async move { one.run(spec(7, 1, &[1, 2], 3), add_up(1, vec![2])).await });
    was_opened.await.unwrap();
    silent.abort();
    let two = net.join(account(2));
    let (_, sum) = two
        .run(spec(7, 2, &[1, 2], 3), add_up(2, vec![1]))
        .await
        .unwrap();
    assert_eq!(sum, 3);
    assert_eq!(first.await.unwrap().unwrap().1, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn outsiders_and_garbage_do_not_disturb_a_session() {
    use codec::Encode;
    let net = Net::default();
    let (one, two) = (net.join(account(1)), net.join(account(2)));
    for from in [2, 9] {
        net.inject(account(from), account(1), vec![0xff; 100]).await;
        let unknown = Frame::Message {
            session: [9; 32],
            payload: vec![1],
        };
        net.inject(account(from), account(1), unknown.encode())
            .await;
    }
    let stranger = Frame::Open {
        run: subject(7, &[1, 2]).hash().0,
        try_number: 0,
        nonce: [0; 32],
    };
    net.inject(account(9), account(1), stranger.encode()).await;
    let (a, b) = tokio::join!(
        one.run(spec(7, 1, &[1, 2], 0), add_up(1, vec![2])),
        two.run(spec(7, 2, &[1, 2], 0), add_up(2, vec![1])),
    );
    assert_eq!(a.unwrap(), b.unwrap());
}

#[tokio::test]
async fn a_flood_of_early_frames_is_bounded() {
    use codec::Encode;
    let router = Router::default();
    for number in 0..100_000u32 {
        let mut session = [0; 32];
        session[..4].copy_from_slice(&number.to_le_bytes());
        router.route(
            &account(2),
            &Frame::Message {
                session,
                payload: vec![0; 100],
            }
            .encode(),
        );
    }
    assert!(router.early_frames() <= 64);
    let big = Frame::Message {
        session: [1; 32],
        payload: vec![0; 6 << 20],
    }
    .encode();
    router.route(&account(2), &big);
    router.route(&account(2), &big);
    assert_eq!(router.early_frames(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn dropping_a_run_closes_its_session_and_stops_its_thread() {
    let net = Net::default();
    let (one, two) = (net.join(account(1)), net.join(account(2)));
    let (ended, has_ended) = tokio::sync::oneshot::channel();
    let ended = Mutex::new(Some(ended));
    let (started, has_started) = tokio::sync::oneshot::channel();
    let started = Mutex::new(Some(started));
    let waiting = one.clone();
    let run = tokio::spawn(async move {
        waiting
            .run(spec(7, 1, &[1, 2], 0), move |mut session: Session| {
                started.lock().unwrap().take().unwrap().send(()).unwrap();
                while session.incoming.blocking_recv().is_some() {}
                let _ = ended
                    .lock()
                    .unwrap()
                    .take()
                    .unwrap()
                    .send(session.cancel.is_cancelled());
                Err::<(), _>("closed")
            })
            .await
    });
    let other = tokio::spawn(async move {
        two.run(spec(7, 2, &[1, 2], 0), |mut session: Session| {
            while session.incoming.blocking_recv().is_some() {}
            Err::<(), _>("closed")
        })
        .await
    });
    has_started.await.unwrap();
    run.abort();
    has_ended.await.unwrap();
    assert_eq!(one.open_sessions(), 0);
    other.abort();
}

#[tokio::test]
async fn a_participant_has_a_budget_in_each_session() {
    use codec::Encode;
    let router = Router::default();
    let participants = BTreeMap::from([(account(2), party(2)), (account(3), party(3))]);
    let budget = Budget {
        messages: 3,
        bytes: 100,
    };
    let mut incoming = router.open_session([1; 32], participants, budget);
    let message = |length| {
        let payload = vec![0; length];
        let session = [1; 32];
        Frame::Message { session, payload }.encode()
    };
    for _ in 0..10 {
        router.route(&account(2), &message(1));
    }
    router.route(&account(3), &message(60));
    router.route(&account(3), &message(60));
    router.close_session(&[1; 32]);
    let mut received = BTreeMap::new();
    while let Some((from, _)) = incoming.recv().await {
        *received.entry(from).or_insert(0) += 1;
    }
    assert_eq!(received[&party(2).into()], 3);
    assert_eq!(received[&party(3).into()], 1);
}

#[tokio::test]
async fn whoever_sends_much_takes_no_room_from_others() {
    use codec::Encode;
    let router = Router::default();
    let participants = BTreeMap::from([(account(2), party(2)), (account(3), party(3))]);
    let budget = Budget {
        messages: 1000,
        bytes: 1 << 20,
    };
    let mut incoming = router.open_session([1; 32], participants, budget);
    let message = Frame::Message {
        session: [1; 32],
        payload: vec![0],
    }
    .encode();
    for _ in 0..2000 {
        router.route(&account(2), &message);
    }
    router.route(&account(3), &message);
    router.close_session(&[1; 32]);
    let mut from_the_other = 0;
    while let Some((from, _)) = incoming.recv().await {
        from_the_other += usize::from(from == party(3).into());
    }
    assert_eq!(from_the_other, 1);
}

/// Waits for what does not come.
fn wait(mut session: Session) -> Result<(), &'static str> {
    while session.incoming.blocking_recv().is_some() {}
    Err("closed")
}

/// Long enough that nobody's time is up before the test's.
async fn soon<T>(what: impl std::future::Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(4), what)
        .await
        .expect("waited in vain")
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_gives_up_says_so_and_nobody_waits() {
    let net = Net::default();
    let nodes: Vec<_> = (1..=3).map(|who| net.join(account(who))).collect();
    let runs = futures::future::join3(
        nodes[0].run(spec(7, 1, &[1, 2, 3], 0), |_: Session| {
            Err::<(), _>("was let down")
        }),
        nodes[1].run(spec(7, 2, &[1, 2, 3], 0), wait),
        nodes[2].run(spec(7, 3, &[1, 2, 3], 0), wait),
    );
    let (one, two, three) = soon(runs).await;
    assert!(matches!(one, Err(RunError::Protocol("was let down"))));
    assert!(matches!(two, Err(RunError::NoTryLeft)));
    assert!(matches!(three, Err(RunError::NoTryLeft)));
}

/// A relayer that hangs up on one signer must not have the other think ill of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_nobody_wants_any_more_is_not_waited_for() {
    let net = Net::default();
    let (one, two) = (net.join(account(1)), net.join(account(2)));
    let (started, has_started) = tokio::sync::oneshot::channel();
    let started = Mutex::new(Some(started));
    let dropped = tokio::spawn(async move {
        let job = move |session: Session| {
            let _ = started.lock().unwrap().take().unwrap().send(());
            wait(session)
        };
        one.run(spec(7, 1, &[1, 2], 0), job).await
    });
    let other = tokio::spawn(async move { two.run(spec(7, 2, &[1, 2], 0), wait).await });
    has_started.await.unwrap();
    dropped.abort();
    let other = soon(other).await.unwrap();
    assert!(matches!(other, Err(RunError::NoTryLeft)));
}

/// A relayer that asks one signer late must not have it think ill of the other, who has stopped
/// waiting.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_opened_too_late_is_over_at_once() {
    let net = Net::default();
    let (one, two) = (net.join(account(1)), net.join(account(2)));
    let hasty = RunSpec {
        open_timeout: Duration::from_millis(100),
        ..spec(7, 1, &[1, 2], 0)
    };
    let early = one.run(hasty, wait).await;
    assert!(matches!(early, Err(RunError::NotOpened { .. })));
    let late = soon(two.run(spec(7, 2, &[1, 2], 0), wait)).await;
    assert!(matches!(late, Err(RunError::NoTryLeft)));
}

/// Node 3 opens the session with node 2 only. Node 1 waits for it in vain, and node 2 for node 1.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_kept_out_of_a_session_is_not_waited_for() {
    use codec::Encode;
    let net = Net::default();
    let (one, two) = (net.join(account(1)), net.join(account(2)));
    let open = Frame::Open {
        run: subject(7, &[1, 2, 3]).hash().0,
        try_number: 0,
        nonce: [3; 32],
    };
    net.inject(account(3), account(2), open.encode()).await;
    let hasty = RunSpec {
        open_timeout: Duration::from_millis(500),
        ..spec(7, 1, &[1, 2, 3], 0)
    };
    let runs = futures::future::join(
        one.run(hasty, wait),
        two.run(spec(7, 2, &[1, 2, 3], 0), wait),
    );
    let (one, two) = soon(runs).await;
    match one {
        Err(RunError::NotOpened { absent }) => assert_eq!(absent, [account(3)]),
        other => panic!("{other:?}"),
    }
    assert!(matches!(two, Err(RunError::NoTryLeft)));
}

/// Node 3 lets node 1 down in the first try; node 2 sees only that node 1 says nothing.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_let_down_in_one_try_takes_the_others_along_to_the_next() {
    use std::sync::atomic::{AtomicBool, Ordering};
    let net = Net::default();
    let nodes: Vec<_> = (1..=3).map(|who| net.join(account(who))).collect();
    let job = |me: u8, others: Vec<u8>| {
        let first = AtomicBool::new(true);
        let add_up = add_up(me, others);
        move |session: Session| match (first.swap(false, Ordering::Relaxed), me) {
            (true, 1) => Err("was let down"),
            (true, _) => wait(session).map(|()| unreachable!()),
            (false, _) => add_up(session),
        }
    };
    let runs = futures::future::join3(
        nodes[0].run(spec(7, 1, &[1, 2, 3], 1), job(1, vec![2, 3])),
        nodes[1].run(spec(7, 2, &[1, 2, 3], 1), job(2, vec![1, 3])),
        nodes[2].run(spec(7, 3, &[1, 2, 3], 1), job(3, vec![1, 2])),
    );
    let (one, two, three) = soon(runs).await;
    assert_eq!(one.unwrap().1, 6);
    assert_eq!(two.unwrap().1, 6);
    assert_eq!(three.unwrap().1, 6);
}
