//! The library's flows.

use crate::{
    relayer::{Behaviour, CUSTOM_DIGEST},
    samples::{network, user_key},
    world::World,
};
use signing_client::{
    Account, HashChoice, HttpError, Progress, RelayerError, SignError, SignOptions, Signature,
    SigningClient, VerifyError,
};
use signing_primitives::Phase;
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

fn options() -> SignOptions {
    let requester = Account::from_uri("//Ferdie").unwrap();
    SignOptions::new(user_key().1, b"hello".to_vec(), requester)
}

async fn sign(world: &World, options: &SignOptions) -> Result<Signature, SignError> {
    let client = SigningClient::connect(&world.node.url).await.unwrap();
    client.sign(options).await
}

#[tokio::test]
async fn signs_and_says_who_vouches() {
    let world = World::new(Behaviour::Answer(&[2, 0])).await;
    let mut options = options();
    options.auxiliary_data = Some(vec![Some(b"extra".to_vec())]);
    let signature = sign(&world, &options).await.unwrap();
    assert!(signature.verified);
    let validators = &network().state.validators;
    assert_eq!(
        signature.signers,
        [validators[2].account.clone(), validators[0].account.clone()]
    );
    assert!(
        signature.relayer.account == validators[3].account
            || signature.relayer.account == validators[4].account
    );

    let index = world
        .relayers
        .iter()
        .position(|relayer| relayer.count() == 1)
        .unwrap();
    let received = world.relayers[index].received.lock().unwrap()[0].clone();
    assert_eq!(world.requests(), 1);
    assert_eq!(received.sender, options.requester.id());
    assert_eq!(received.request.message, b"hello");
    assert_eq!(received.request.auxilary_data, options.auxiliary_data);
    // Of the best block: the request must be fresh to nodes that are ahead.
    assert_eq!(received.request.block_number, 12);
}

#[tokio::test]
async fn every_builtin_hash_is_checked() {
    let world = World::new(Behaviour::Answer(&[0, 1])).await;
    for hash in [
        HashChoice::Keccak,
        HashChoice::Sha2,
        HashChoice::Sha3,
        HashChoice::Blake2_256,
        HashChoice::Identity,
    ] {
        let mut options = options();
        options.hash = hash;
        options.message = vec![7; 32];
        assert!(sign(&world, &options).await.unwrap().verified, "{hash:?}");
    }
}

#[tokio::test]
async fn refuses_forged_answers() {
    for (behaviour, expected) in [
        (Behaviour::FlippedV, VerifyError::WrongKey),
        (Behaviour::OtherMessage, VerifyError::WrongKey),
        (Behaviour::OtherKey, VerifyError::WrongKey),
        (
            Behaviour::Answer(&[0, 4]),
            VerifyError::UnknownSigner { index: 1 },
        ),
        (
            Behaviour::Answer(&[3, 4]),
            VerifyError::UnknownSigner { index: 0 },
        ),
        (
            Behaviour::Answer(&[1]),
            VerifyError::TooFewSigners {
                found: 1,
                threshold: 2,
            },
        ),
        (
            Behaviour::Answer(&[]),
            VerifyError::TooFewSigners {
                found: 0,
                threshold: 2,
            },
        ),
        (
            Behaviour::Answer(&[1, 1]),
            VerifyError::RepeatedSigner {
                signer: network().state.validators[1].account.clone(),
            },
        ),
    ] {
        let world = World::new(behaviour).await;
        match sign(&world, &options()).await {
            Err(SignError::Untrustworthy { source, .. }) => assert_eq!(source, expected),
            other => panic!("{behaviour:?}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_custom_hash_is_only_as_good_as_its_digest() {
    let world = World::new(Behaviour::Answer(&[0, 1])).await;
    let mut options = options();
    options.hash = HashChoice::Custom(0);
    let signature = sign(&world, &options).await.unwrap();
    assert!(!signature.verified);
    assert_eq!(signature.signers.len(), 2);

    options.digest = Some(CUSTOM_DIGEST);
    assert!(sign(&world, &options).await.unwrap().verified);
    options.digest = Some([1; 32]);
    assert!(matches!(
        sign(&world, &options).await,
        Err(SignError::Untrustworthy {
            source: VerifyError::WrongKey,
            ..
        })
    ));
    // Even without a digest the signers must be the committee's.
    let world = World::new(Behaviour::Answer(&[3, 4])).await;
    options.digest = None;
    assert!(matches!(
        sign(&world, &options).await,
        Err(SignError::Untrustworthy { .. })
    ));
}

#[tokio::test]
async fn a_refusal_of_the_request_is_final() {
    let world = World::new(Behaviour::Refuse(403, "program_refused")).await;
    match sign(&world, &options()).await {
        Err(SignError::Refused(error)) => {
            assert_eq!(
                (error.status, error.code.as_str()),
                (403, "program_refused")
            );
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(world.requests(), 1, "nobody else is asked");
}

/// Whatever is wrong with one relayer, the other one is asked. Relayers are tried in random order,
/// so a few rounds see both orders.
#[tokio::test]
async fn another_relayer_is_asked_when_one_fails() {
    for behaviour in [
        Behaviour::Refuse(503, "busy"),
        Behaviour::Refuse(400, "node_is_signer"),
        Behaviour::Refuse(404, "key_not_registered"),
        Behaviour::Flood,
        Behaviour::Nonsense,
        Behaviour::Redirect,
        Behaviour::FlippedV,
        Behaviour::OtherMessage,
        Behaviour::Answer(&[0, 4]),
    ] {
        let world = World::with([behaviour, Behaviour::Answer(&[0, 1])]).await;
        while world.relayers[0].count() == 0 {
            let signature = sign(&world, &options()).await.unwrap();
            assert_eq!(signature.relayer.endpoint, world.relayers[1].endpoint);
        }
    }
}

#[tokio::test]
async fn a_refusal_says_more_than_no_answer() {
    for _ in 0..8 {
        let world = World::with([Behaviour::Refuse(503, "busy"), Behaviour::Nonsense]).await;
        assert!(matches!(
            sign(&world, &options()).await,
            Err(SignError::Refused(error)) if error.code == "busy"
        ));
    }
}

#[tokio::test]
async fn a_refusal_by_everyone_keeps_its_code() {
    let world = World::new(Behaviour::Refuse(503, "busy")).await;
    assert!(matches!(
        sign(&world, &options()).await,
        Err(SignError::Refused(error)) if error.code == "busy"
    ));
    assert_eq!(world.requests(), 2);
}

#[tokio::test]
async fn an_unreachable_relayer_is_passed_over() {
    let world = World::new(Behaviour::Answer(&[0, 1])).await;
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().to_string()
    };
    {
        let mut chain = world.node.chain.lock().unwrap();
        let signer = chain.state.validators[3].signer.as_mut().unwrap();
        signer.endpoint = closed.clone().into_bytes().try_into().unwrap();
    }
    let failed = Arc::new(Mutex::new(0));
    let observed = failed.clone();
    let client = SigningClient::connect(&world.node.url).await.unwrap();
    let client = client.with_progress(move |progress| {
        if let Progress::RelayerFailed { endpoint, .. } = progress {
            assert_eq!(endpoint, closed);
            *observed.lock().unwrap() += 1;
        }
    });
    while *failed.lock().unwrap() == 0 {
        client.sign(&options()).await.unwrap();
    }
    // Now the other one is gone as well.
    {
        let mut chain = world.node.chain.lock().unwrap();
        let nowhere = chain.state.validators[3].signer.clone();
        chain.state.validators[4].signer = nowhere;
    }
    assert!(matches!(
        client.sign(&options()).await,
        Err(SignError::NoAnswer {
            tried: 2,
            source: HttpError::Unreachable { .. }
        })
    ));
}

#[tokio::test]
async fn a_relayer_that_hangs_is_given_up() {
    let world = World::new(Behaviour::Hang).await;
    let mut options = options();
    options.timeout = Duration::from_millis(100);
    assert!(matches!(
        sign(&world, &options).await,
        Err(SignError::NoAnswer {
            tried: 2,
            source: HttpError::Unreachable { .. }
        })
    ));
    assert_eq!(world.requests(), 2);
}

#[tokio::test]
async fn a_named_relayer_is_the_only_one_asked() {
    let world = World::new(Behaviour::Answer(&[0, 1])).await;
    for index in [0, 1, 0, 0] {
        let mut options = options();
        options.relayer = Some(world.relayers[index].endpoint.clone());
        let signature = sign(&world, &options).await.unwrap();
        assert_eq!(signature.relayer.endpoint, world.relayers[index].endpoint);
    }
    assert_eq!(
        (world.relayers[0].count(), world.relayers[1].count()),
        (3, 1)
    );

    let mut options = options();
    options.relayer = Some("127.0.0.1:3001".into());
    assert!(matches!(
        sign(&world, &options).await,
        Err(SignError::Relayer(RelayerError::IsSigner { .. }))
    ));
}

/// Behind another address than it announced, a node says who it is; what it says of its key is not
/// believed (the fake lies, and could not open what is encrypted for the lie).
#[tokio::test]
async fn a_relayer_at_another_address() {
    let world = World::new(Behaviour::Answer(&[0, 1])).await;
    let elsewhere = world.relayers[0].endpoint.clone();
    {
        let mut chain = world.node.chain.lock().unwrap();
        let signer = chain.state.validators[3].signer.as_mut().unwrap();
        signer.endpoint = b"192.0.2.1:3004".to_vec().try_into().unwrap();
    }
    let mut options = options();
    options.relayer = Some(elsewhere.clone());
    let signature = sign(&world, &options).await.unwrap();
    assert_eq!(signature.relayer.endpoint, elsewhere);
    assert_eq!(
        signature.relayer.account,
        network().state.validators[3].account
    );
}

#[tokio::test]
async fn nobody_is_asked_in_vain() {
    let world = World::new(Behaviour::Answer(&[0, 1])).await;
    let change = |change: &dyn Fn(&mut crate::node::Chain)| {
        change(&mut world.node.chain.lock().unwrap());
    };
    change(&|chain| chain.state.paused = true);
    assert!(matches!(
        sign(&world, &options()).await,
        Err(SignError::Paused)
    ));
    change(&|chain| chain.state.paused = false);

    let mut stranger = options();
    stranger.verifying_key = crate::samples::ecdsa_key(9).1;
    assert!(matches!(
        sign(&world, &stranger).await,
        Err(SignError::NotRegistered { .. })
    ));
    stranger.verifying_key = [0; 33];
    assert!(matches!(
        sign(&world, &stranger).await,
        Err(SignError::NotAKey(_))
    ));

    change(&|chain| {
        chain.state.committee = None;
        chain.state.phase = Phase::AwaitingSigners;
    });
    assert!(matches!(
        sign(&world, &options()).await,
        Err(SignError::NotActive(_))
    ));
    assert_eq!(world.requests(), 0);
}

/// The committee changes between the request and the answer.
#[tokio::test]
async fn a_committee_that_changed_meanwhile_is_looked_up_again() {
    let world = World::new(Behaviour::Answer(&[0, 1])).await;
    let client = SigningClient::connect(&world.node.url).await.unwrap();
    let chain = world.node.chain.clone();
    let current = chain.lock().unwrap().state.clone();
    {
        // The committee before: without Alice and Bob.
        let mut chain = chain.lock().unwrap();
        let committee = chain.state.committee.as_mut().unwrap();
        let mut members = committee.members.to_vec();
        members.truncate(1);
        members[0] = signing_primitives::CommitteeMember {
            validator: current.validators[2].account.clone(),
            party: current.validators[2].signing_key.clone(),
        };
        committee.members = members.try_into().unwrap();
        // Alice and Bob must not be asked to relay.
        chain.state.validators[0].signer = None;
        chain.state.validators[1].signer = None;
    }
    let client = client.with_progress(move |progress| {
        if matches!(progress, Progress::Verifying { .. }) {
            chain.lock().unwrap().state = current.clone();
        }
    });
    let signature = client.sign(&options()).await.unwrap();
    assert!(signature.verified);
}
