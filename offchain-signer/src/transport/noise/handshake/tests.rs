#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::*;
use crate::transport::noise::{FrameKind, Opened};
use x25519_dalek::{PublicKey, StaticSecret};

const LIMIT: usize = 1024;

fn local(seed: u8) -> Local {
    Local::new(
        AccountId::new([seed; 32]),
        Zeroizing::new([seed; 32]),
        H256::repeat_byte(9),
    )
}

fn remote(local: &Local) -> Remote {
    let x25519 = PublicKey::from(&StaticSecret::from(*local.secret)).to_bytes();
    Remote {
        account: local.account.clone(),
        x25519,
    }
}

/// Both sides' channels, or the first error.
fn handshake(
    initiator: &Local,
    dialled: &Remote,
    responder: &Local,
) -> Result<(Channel, Channel, Remote), NoiseError> {
    let (initiator, hello) = Initiator::start(initiator, dialled)?;
    let (responder, reply) = Responder::new(responder)?.read_hello(&hello)?;
    let (initiator, identity) = initiator.read_reply(&reply)?;
    let claim = responder.read_identity(&identity)?;
    let remote = claim.remote().clone();
    let (responder, acceptance) = claim.finish()?;
    Ok((initiator.finish(&acceptance)?, responder, remote))
}

#[test]
fn both_sides_learn_each_other_and_can_talk() {
    let (a, b) = (local(1), local(2));
    let (at_a, at_b, claimed) = handshake(&a, &remote(&b), &b).unwrap();
    assert_eq!(claimed, remote(&a));
    let (mut a_seals, mut a_opens) = at_a.split(LIMIT);
    let (mut b_seals, mut b_opens) = at_b.split(LIMIT);
    let frame = a_seals.seal(FrameKind::LastPart, b"to b").unwrap();
    assert_eq!(
        b_opens.open(&frame).unwrap(),
        Opened::Message(b"to b".to_vec())
    );
    let frame = b_seals.seal(FrameKind::LastPart, b"to a").unwrap();
    assert_eq!(
        a_opens.open(&frame).unwrap(),
        Opened::Message(b"to a".to_vec())
    );
}

#[test]
fn message_lengths_are_the_documented_ones() {
    let (a, b) = (local(1), local(2));
    let (initiator, hello) = Initiator::start(&a, &remote(&b)).unwrap();
    let (responder, reply) = Responder::new(&b).unwrap().read_hello(&hello).unwrap();
    let (_, identity) = initiator.read_reply(&reply).unwrap();
    let (_, acceptance) = responder
        .read_identity(&identity)
        .unwrap()
        .finish()
        .unwrap();
    let lengths = [hello.len(), reply.len(), identity.len(), acceptance.len()];
    assert_eq!(lengths, [48, 48, 96, 17]);
}

#[test]
fn snow_itself_speaks_the_same_protocol() {
    let (a, b) = (local(1), local(2));
    let prologue = a.prologue(&b.account);
    let mut snow_initiator = snow::Builder::new(PATTERN.parse().unwrap())
        .local_private_key(&a.secret[..])
        .unwrap()
        .prologue(&prologue)
        .unwrap()
        .remote_public_key(&remote(&b).x25519)
        .unwrap()
        .build_initiator()
        .unwrap();
    let mut buffer = [0; 200];
    let written = snow_initiator.write_message(&[], &mut buffer).unwrap();
    let (responder, reply) = Responder::new(&b)
        .unwrap()
        .read_hello(&buffer[..written])
        .unwrap();
    snow_initiator.read_message(&reply, &mut buffer).unwrap();
    let written = snow_initiator
        .write_message(a.account.as_ref(), &mut buffer)
        .unwrap();
    let claim = responder.read_identity(&buffer[..written]).unwrap();
    assert_eq!(claim.remote(), &remote(&a));
    let (_, acceptance) = claim.finish().unwrap();
    let mut snow_initiator = snow_initiator.into_transport_mode().unwrap();
    assert_eq!(
        snow_initiator
            .read_message(&acceptance, &mut buffer)
            .unwrap(),
        1
    );
}

#[test]
fn a_responder_with_another_key_cannot_read_the_hello() {
    let (a, b, c) = (local(1), local(2), local(3));
    let dialled = Remote {
        account: c.account.clone(),
        x25519: remote(&b).x25519,
    };
    assert!(matches!(
        handshake(&a, &dialled, &c),
        Err(NoiseError::Undecryptable(_))
    ));
}

#[test]
fn another_chain_or_version_cannot_read_the_hello() {
    let (a, b) = (local(1), local(2));
    let other_chain = Local {
        genesis_hash: H256::repeat_byte(8),
        ..b.clone()
    };
    let other_version = Local {
        version: VERSION + 1,
        ..b.clone()
    };
    for responder in [other_chain, other_version] {
        let result = handshake(&a, &remote(&b), &responder);
        assert!(matches!(result, Err(NoiseError::Undecryptable(_))));
    }
}

/// Mallory announces Bob's key as its own and passes Alice's bytes on to Bob: Alice believes that
/// she talks to Mallory, so Bob must not believe that she talks to him.
#[test]
fn a_borrowed_key_does_not_misdirect_a_connection() {
    let (alice, bob, mallory) = (local(3), local(2), local(1));
    let announced_by_mallory = Remote {
        account: mallory.account,
        x25519: remote(&bob).x25519,
    };
    let result = handshake(&alice, &announced_by_mallory, &bob);
    assert!(matches!(result, Err(NoiseError::Undecryptable(_))));
}

#[test]
fn an_all_zero_key_is_refused() {
    let dialled = Remote {
        account: AccountId::new([2; 32]),
        x25519: [0; 32],
    };
    assert!(Initiator::start(&local(1), &dialled).is_err());
    // A hello whose ephemeral key is zero.
    assert!(Responder::new(&local(2))
        .unwrap()
        .read_hello(&[0; HELLO])
        .is_err());
}

#[test]
fn every_flipped_bit_of_every_handshake_message_is_noticed() {
    let (a, b) = (local(1), local(2));
    for message in 0..4 {
        let length = [HELLO, REPLY, IDENTITY, TAG + 1][message];
        for bit in 0..length * 8 {
            let flip = |index: usize, mut bytes: Vec<u8>| {
                if index == message {
                    bytes[bit / 8] ^= 1 << (bit % 8);
                }
                bytes
            };
            let result = (|| {
                let (initiator, hello) = Initiator::start(&a, &remote(&b))?;
                let (responder, reply) = Responder::new(&b)?.read_hello(&flip(0, hello))?;
                let (initiator, identity) = initiator.read_reply(&flip(1, reply))?;
                let claim = responder.read_identity(&flip(2, identity))?;
                let (_, acceptance) = claim.finish()?;
                initiator.finish(&flip(3, acceptance))
            })();
            // X25519 ignores the top bit of a public key (RFC 7748, section 5), but the handshake
            // hash does not.
            assert!(result.is_err(), "message {message}, bit {bit}");
        }
    }
}

#[test]
fn handshake_messages_of_other_lengths_are_refused_unread() {
    let b = local(2);
    for length in [0, 1, HELLO - 1, HELLO + 1, 65535] {
        let result = Responder::new(&b).unwrap().read_hello(&vec![0; length]);
        let Err(NoiseError::HandshakeLength { expected, actual }) = result.map(|_| ()) else {
            panic!("accepted a hello of {length} bytes");
        };
        assert_eq!((expected, actual), (HELLO, length));
    }
}

#[test]
fn a_replayed_hello_leads_nowhere() {
    let (a, b) = (local(1), local(2));
    let (initiator, hello) = Initiator::start(&a, &remote(&b)).unwrap();
    let (responder, reply) = Responder::new(&b).unwrap().read_hello(&hello).unwrap();
    let (_, identity) = initiator.read_reply(&reply).unwrap();
    responder.read_identity(&identity).unwrap();
    // The same bytes again, to the same responder: its ephemeral key is another one now.
    let (responder, _) = Responder::new(&b).unwrap().read_hello(&hello).unwrap();
    assert!(matches!(
        responder.read_identity(&identity),
        Err(NoiseError::Undecryptable(_))
    ));
}

#[test]
fn a_message_in_place_of_the_acceptance_is_refused() {
    let (a, b) = (local(1), local(2));
    let (initiator, hello) = Initiator::start(&a, &remote(&b)).unwrap();
    let (responder, reply) = Responder::new(&b).unwrap().read_hello(&hello).unwrap();
    let (initiator, identity) = initiator.read_reply(&reply).unwrap();
    let (mut sealer, _) = responder
        .read_identity(&identity)
        .unwrap()
        .channel
        .split(LIMIT);
    let frame = sealer.seal(FrameKind::LastPart, &[]).unwrap();
    assert!(matches!(
        initiator.finish(&frame),
        Err(NoiseError::UnknownFrame)
    ));
}
