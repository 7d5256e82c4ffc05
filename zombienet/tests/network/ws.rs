//! Whoever connects to `/ws` of a running signer: strangers, and a member of the committee that has
//! gone bad. Each is hung up on for the right reason, which the signer's log tells, or is listened to
//! in vain; nothing grows without a bound, and honest users are served meanwhile and afterwards.

use crate::{
    bad_input::World,
    key_stores,
    signing::{everybody_signs, nonce},
};
use network_tests::{
    Channel, Claim, Handshake, Network, Role, Socket, Target, HEARTBEAT, LAST_PART, PART,
};
use rand::Rng;
use signing_client::{SignOptions, SigningClient};
use sp_core::{crypto::AccountId32, H256};
use std::{
    path::PathBuf,
    time::{Duration, Instant},
};
use tokio_tungstenite::tungstenite::Message;

const MIB: u64 = 1 << 20;
/// What a signer may have more of in memory after all of it: 16 messages of 4 MiB that wait, as much
/// in the buffers on the way, 8 MiB of early frames, and what its other work takes.
const GROWTH: u64 = 128 * MIB;
/// Sooner than a stalled handshake would be cut off.
const AT_ONCE: Duration = Duration::from_secs(4);
/// What a handshake may take, and some for a busy machine.
const STALLED: Duration = Duration::from_secs(15);
/// How long it may take until a member of three is one of those that sign.
const TO_SIGN: Duration = Duration::from_secs(60);
/// Connections that say nothing.
const SILENT: usize = 600;
/// The largest message that one validator takes from another.
const MAX_MESSAGE: usize = 4 << 20;

/// One signer under attack.
struct Victim {
    target: Target,
    log: PathBuf,
}

impl Victim {
    fn new(network: &Network, member: &Member) -> Self {
        Self {
            target: member.target.clone(),
            log: network.folder().join(format!("{}.log", member.name)),
        }
    }

    /// How often the signer has given this reason so far.
    fn told(&self, reason: &str) -> usize {
        let log = std::fs::read_to_string(&self.log).unwrap();
        log.matches(&format!("error={reason}")).count()
    }

    /// Waits until the signer has given this reason once more than `before`.
    async fn tells(&self, reason: &str, before: usize) {
        let deadline = Instant::now() + Duration::from_secs(10);
        while self.told(reason) <= before {
            assert!(Instant::now() < deadline, "the log does not say {reason:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// A member of the committee.
struct Member {
    name: String,
    target: Target,
}

impl Member {
    /// What its thief could say: who it is, with its own key.
    fn claim(&self, network: &Network) -> Claim {
        let opened = key_stores::open(network, &self.name, self.target.genesis);
        Claim {
            account: self.target.account.clone(),
            secret: opened.x25519,
        }
    }
}

/// The committee, ordered by account: of two members the higher one dials.
async fn members(network: &Network, client: &SigningClient) -> Vec<Member> {
    let chain = client.status().await.unwrap();
    let status = network.status();
    let mut members: Vec<Member> = status
        .with_role(Role::Signer)
        .into_iter()
        .map(|node| {
            let account: AccountId32 = node.account.as_ref().unwrap().parse().unwrap();
            let known = chain.network.validators.iter();
            let known = known.clone().find(|known| known.account == account);
            Member {
                name: node.name.clone(),
                target: Target {
                    // Past the proxy: a flood is nothing to record.
                    address: node.http.trim_start_matches("http://").into(),
                    x25519: known.unwrap().signer.as_ref().unwrap().x25519,
                    genesis: chain.genesis_hash,
                    account,
                },
            }
        })
        .collect();
    members.sort_by(|a, b| a.target.account.cmp(&b.target.account));
    members
}

pub(crate) async fn attacks(network: &Network, client: &SigningClient, world: &World) {
    let members = members(network, client).await;
    let (victim, traitor) = (&members[0], &members[2]);
    let begin = Instant::now();
    let mut nodes = network.status().validators.into_iter();
    let node = nodes.find(|node| node.name == victim.name).unwrap();
    let memory = || node.resident_memory().unwrap();
    let before = memory();
    let subject = Victim::new(network, victim);

    strangers(&subject, &traitor.target.account).await;
    tokio::join!(
        stalls(&subject),
        honest(client, world, &subject, "while others stall"),
    );
    tokio::join!(
        silent_flood(&subject),
        honest(client, world, &subject, "while a stranger floods"),
    );
    let by_strangers = memory();
    wrong_direction(network, &members).await;

    network.kill(&traitor.name);
    let claim = traitor.claim(network);
    bad_frames(&subject, &claim).await;
    let (peak, ()) = tokio::join!(
        unknown_sessions(&subject, &claim, &memory),
        honest(client, world, &subject, "while a member floods"),
    );
    tokio::join!(
        silent_member(&subject, &claim),
        honest(client, world, &subject, "while a member is silent"),
    );
    network.restart(&traitor.name);

    let after = memory();
    println!(
        "/ws of {}: {} MiB resident before, {} MiB after strangers, {} MiB in a member's flood, \
         {} MiB after it, {:.0} s",
        victim.name,
        before / MIB,
        by_strangers / MIB,
        peak / MIB,
        after / MIB,
        begin.elapsed().as_secs_f64()
    );
    for (when, now) in [
        ("strangers", by_strangers),
        ("a member", peak),
        ("all", after),
    ] {
        assert!(
            now < before + GROWTH,
            "{now} bytes after {when}, {before} before"
        );
    }
    // The one under attack and the one that was gone included.
    everybody_signs(client, world.key, &world.account(), members.len()).await;
}

/// Requests that have nothing to do with the attack are granted, and it is the victim too that signs:
/// a relayer would go round it if it could not.
async fn honest(client: &SigningClient, world: &World, victim: &Victim, when: &str) {
    let begin = Instant::now();
    for requests in 1.. {
        let options = SignOptions::new(world.key, nonce().to_vec(), world.account());
        let signature = match client.sign(&options).await {
            Ok(signature) => signature,
            Err(error) => panic!("not signed {when}: {error}"),
        };
        let took = begin.elapsed();
        if signature.signers.contains(&victim.target.account) {
            println!(
                "signed {when}: request {requests}, {:.1} s",
                took.as_secs_f64()
            );
            return;
        }
        assert!(took < TO_SIGN, "the one under attack does not sign {when}");
    }
}

/// Those who hold no validator's key.
async fn strangers(victim: &Victim, member: &AccountId32) {
    let target = &victim.target;
    let stranger = |account: &AccountId32| Claim {
        account: account.clone(),
        secret: rand::thread_rng().gen(),
    };
    let nobody = AccountId32::new([7; 32]);
    let other_chain = Target {
        genesis: H256::repeat_byte(9),
        ..target.clone()
    };
    let hello = |target: &Target| Handshake::start(target, &stranger(&nobody)).hello;

    // What each says, one message after the other, whatever the signer answers; and why it is hung
    // up on.
    let no_noise = "a handshake message of 500 bytes in place of 48";
    let undecryptable = "a frame that does not decrypt";
    for (said, reason) in [
        (vec![vec![0xff; 500]], no_noise),
        (vec![vec![1; 48]], undecryptable),
        (vec![hello(&other_chain)], undecryptable),
        (
            vec![hello(target), hello(target)],
            "a handshake message of 48 bytes in place of 96",
        ),
        // As a transport frame would be.
        (
            vec![hello(target), vec![1; 17]],
            "a handshake message of 17 bytes in place of 96",
        ),
        (vec![hello(target), vec![1; 96]], undecryptable),
        (vec![vec![0; 1_000_000]], "the WebSocket failed"),
    ] {
        let before = victim.told(reason);
        let mut socket = Socket::open(&target.address).await.unwrap();
        for bytes in said {
            socket.send(bytes).await;
        }
        hung_up(&mut socket, reason).await;
        victim.tells(reason, before).await;
    }

    let before = victim.told("a text message");
    let mut socket = Socket::open(&target.address).await.unwrap();
    socket.say(Message::text("hello?")).await;
    hung_up(&mut socket, "a text message").await;
    victim.tells("a text message", before).await;

    for (claim, reason) in [
        (stranger(&nobody), "not a peer"),
        (stranger(member), "not the peer's key"),
        (stranger(&target.account), "not a peer"),
    ] {
        let before = victim.told(reason);
        let begin = Instant::now();
        assert!(Channel::open(target, &claim).await.is_none(), "{reason}");
        assert!(begin.elapsed() < AT_ONCE, "{reason}");
        victim.tells(reason, before).await;
    }

    // Plain HTTP.
    let url = format!("http://{}/ws", target.address);
    assert_eq!(reqwest::get(url).await.unwrap().status().as_u16(), 400);
}

async fn hung_up(socket: &mut Socket, why: &str) {
    let took = socket.closed(AT_ONCE).await;
    assert!(took.is_some(), "{why}: was not hung up on");
}

/// A member that dials whom it must wait for: its key is good, its claim is true, and still there is
/// one connection between two members and not two.
async fn wrong_direction(network: &Network, members: &[Member]) {
    let (lower, higher) = (&members[0], &members[1]);
    let reason = "the peer must not dial, but be dialled";
    let victim = Victim::new(network, higher);
    let before = victim.told(reason);
    let claim = lower.claim(network);
    assert!(Channel::open(&victim.target, &claim).await.is_none());
    victim.tells(reason, before).await;
}

/// Those who stop half-way through the handshake: they are cut off in time, pings or not.
async fn stalls(victim: &Victim) {
    let reason = "the handshake took too long";
    let before = victim.told(reason);
    let claim = Claim {
        account: AccountId32::new([7; 32]),
        secret: [8; 32],
    };
    let stall = |messages: usize, pings: bool| {
        let (target, claim) = (victim.target.clone(), claim.clone());
        async move {
            let mut socket = Socket::open(&target.address).await.unwrap();
            if messages == 1 {
                socket.send(Handshake::start(&target, &claim).hello).await;
                assert_eq!(socket.next().await.unwrap().len(), 48);
            }
            let begin = Instant::now();
            while pings && socket.say(Message::Ping(vec![0; 100].into())).await {
                assert!(begin.elapsed() < STALLED, "pings prolong a handshake");
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            assert!(socket.closed(STALLED).await.is_some(), "was not cut off");
        }
    };
    tokio::join!(stall(0, false), stall(1, false), stall(0, true));
    victim.tells(reason, before + 2).await;
}

/// Connections without a word, as many as one comes by: each new one pushes the oldest out.
async fn silent_flood(victim: &Victim) {
    let reason = "pushed out by a newer handshake";
    let before = victim.told(reason);
    let begin = Instant::now();
    let mut opened = Vec::new();
    for _ in 0..SILENT / 60 {
        let opening = (0..60).map(|_| Socket::open(&victim.target.address));
        opened.extend(futures::future::join_all(opening).await);
    }
    let refused = opened.iter().filter(|socket| socket.is_none()).count();
    let closing = opened.iter_mut().flatten().map(|s| s.closed(STALLED));
    for end in futures::future::join_all(closing).await {
        assert!(end.is_some(), "a silent connection stays open");
    }
    victim.tells(reason, before + SILENT / 2).await;
    println!(
        "{SILENT} silent connections, {refused} of them refused: {:.1} s",
        begin.elapsed().as_secs_f64()
    );
}

/// A member that breaks the rules of its own connection.
async fn bad_frames(victim: &Victim, traitor: &Claim) {
    let undecryptable = "a frame that does not decrypt";
    type Frames = fn(&mut Channel) -> Vec<Vec<u8>>;
    let attacks: [(&str, Frames); 9] = [
        (undecryptable, |channel| {
            let frame = channel.seal(LAST_PART, b"once");
            vec![frame.clone(), frame]
        }),
        (undecryptable, |channel| {
            let first = channel.seal(LAST_PART, b"first");
            vec![channel.seal(LAST_PART, b"second"), first]
        }),
        (undecryptable, |channel| {
            let _left_out = channel.seal(LAST_PART, b"first");
            vec![channel.seal(LAST_PART, b"second")]
        }),
        (undecryptable, |channel| {
            let mut frame = channel.seal(LAST_PART, b"tampered with");
            frame[3] ^= 1;
            vec![frame]
        }),
        (undecryptable, |_| {
            vec![b"in the clear, as long as may be".to_vec()]
        }),
        ("an unknown kind of frame", |channel| {
            vec![channel.seal(7, b"what is this")]
        }),
        (
            "a frame of a length that its kind does not have",
            |channel| vec![channel.seal(PART, b"short")],
        ),
        (
            "a frame of a length that its kind does not have",
            |channel| vec![channel.seal(HEARTBEAT, b"loud")],
        ),
        ("a message of more than 4194304 bytes", |channel| {
            let part = vec![0; network_tests::PART_BYTES];
            (0..=MAX_MESSAGE / part.len())
                .map(|_| channel.seal(PART, &part))
                .collect()
        }),
    ];
    for (reason, frames) in attacks {
        let before = victim.told(reason);
        let mut channel = pose(victim, traitor).await;
        for frame in frames(&mut channel) {
            channel.socket.send(frame).await;
        }
        hung_up(&mut channel.socket, reason).await;
        victim.tells(reason, before).await;
    }

    // A whole handshake within a connection, and one that was overheard, once more.
    let before = victim.told(undecryptable);
    let mut channel = pose(victim, traitor).await;
    let hello = Handshake::start(&victim.target, traitor).hello;
    channel.socket.send(hello).await;
    hung_up(&mut channel.socket, "a second handshake").await;
    let mut overheard = Socket::open(&victim.target.address).await.unwrap();
    let handshake = Handshake::start(&victim.target, traitor);
    let hello = handshake.hello.clone();
    overheard.send(hello.clone()).await;
    let (identity, _) = handshake.identity(&overheard.next().await.unwrap());
    drop(overheard);
    let mut again = Socket::open(&victim.target.address).await.unwrap();
    again.send(hello).await;
    again.next().await.unwrap();
    again.send(identity).await;
    hung_up(&mut again, "a replayed handshake").await;
    victim.tells(undecryptable, before + 1).await;

    // Two at once: the newer one counts.
    let reason = "replaced by a newer connection";
    let before = victim.told(reason);
    let mut older = pose(victim, traitor).await;
    let mut newer = pose(victim, traitor).await;
    hung_up(&mut older.socket, reason).await;
    assert!(newer.stays_open(Duration::from_millis(300)).await);
    victim.tells(reason, before).await;
}

/// A connection as the member.
async fn pose(victim: &Victim, traitor: &Claim) -> Channel {
    let channel = Channel::open(&victim.target, traitor).await;
    channel.unwrap_or_else(|| panic!("a member with its own key is refused"))
}

/// A member whose handshake is in order names sessions and runs that there are not, says what is no
/// frame of a session at all, and more of it than anybody should keep. It is no offence: a session
/// may be about to begin. What it says is kept within a bound, and then forgotten. Returns the most
/// memory that was seen.
async fn unknown_sessions(victim: &Victim, traitor: &Claim, memory: &impl Fn() -> u64) -> u64 {
    let begin = Instant::now();
    let dropped = "dropped a message that is no frame";
    let log = || {
        let log = std::fs::read_to_string(&victim.log).unwrap();
        log.matches(dropped).count()
    };
    let before = log();
    let mut channel = pose(victim, traitor).await;
    let message = |payload: usize| {
        let session: [u8; 32] = rand::thread_rng().gen();
        codec::Encode::encode(&(1u8, session, vec![0u8; payload]))
    };
    let open =
        || codec::Encode::encode(&(0u8, rand::thread_rng().gen::<[u8; 32]>(), 0u32, [5u8; 32]));
    for no_frame in [vec![9], Vec::from(*b"garbage"), open()[..40].to_vec()] {
        assert!(channel.send(&no_frame).await);
    }
    let mut peak = memory();
    for round in 0..4 {
        for _ in 0..500 {
            assert!(channel.send(&open()).await, "hung up on");
            assert!(channel.send(&message(1_000)).await, "hung up on");
        }
        for _ in 0..6 {
            assert!(channel.send(&message(MAX_MESSAGE - 64)).await, "hung up on");
        }
        peak = peak.max(memory());
        assert!(
            channel.stays_open(Duration::from_millis(100)).await,
            "hung up on in round {round}"
        );
    }
    let deadline = Instant::now() + Duration::from_secs(10);
    while log() < before + 3 {
        assert!(Instant::now() < deadline, "{dropped:?} is not in the log");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    println!(
        "4000 frames and 96 MiB about unknown sessions: {:.1} s",
        begin.elapsed().as_secs_f64()
    );
    peak.max(memory())
}

/// A member that connects and says nothing more is taken for dead.
async fn silent_member(victim: &Victim, traitor: &Claim) {
    let reason = "the peer is silent";
    let before = victim.told(reason);
    let mut channel = pose(victim, traitor).await;
    let took = channel.socket.closed(Duration::from_secs(40)).await;
    assert!(took.unwrap() > Duration::from_secs(10), "{took:?}");
    victim.tells(reason, before).await;
}
