#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::*;
use crate::{
    chain::AccountId,
    transport::noise::{Initiator, Local, Remote, Responder},
};
use proptest::prelude::*;
use sp_core::H256;
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

/// A sender and the receiver of what it sends.
fn one_way(limit: usize) -> (Sealer, Opener) {
    let local = |seed: u8| {
        Local::new(
            AccountId::new([seed; 32]),
            Zeroizing::new([seed; 32]),
            H256::zero(),
        )
    };
    let b = local(2);
    let x25519 = PublicKey::from(&StaticSecret::from(*b.secret)).to_bytes();
    let remote = Remote {
        account: b.account.clone(),
        x25519,
    };
    let (initiator, hello) = Initiator::start(&local(1), &remote).unwrap();
    let (responder, reply) = Responder::new(&b).unwrap().read_hello(&hello).unwrap();
    let (initiator, identity) = initiator.read_reply(&reply).unwrap();
    let (at_b, acceptance) = responder
        .read_identity(&identity)
        .unwrap()
        .finish()
        .unwrap();
    let at_a = initiator.finish(&acceptance).unwrap();
    (at_a.split(limit).0, at_b.split(limit).1)
}

fn seal_all(sealer: &mut Sealer, message: &[u8]) -> Vec<Vec<u8>> {
    fragments(message)
        .map(|(kind, body)| sealer.seal(kind, body).unwrap())
        .collect()
}

/// What the opener makes of the frames: complete messages, until the first error.
fn open_all(opener: &mut Opener, frames: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, NoiseError> {
    let mut messages = Vec::new();
    for frame in frames {
        if let Opened::Message(message) = opener.open(frame)? {
            messages.push(message);
        }
    }
    Ok(messages)
}

/// Lengths around every boundary, and any others.
fn length() -> impl Strategy<Value = usize> {
    prop_oneof![
        0..300usize,
        (0..5usize, -3..4isize).prop_map(|(n, d)| (n * MAX_BODY).saturating_add_signed(d)),
        0..400_000usize,
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn fragments_are_full_but_the_last_and_join_to_the_message(length in length(), seed: u8) {
        let message: Vec<u8> = (0..length).map(|i| (i as u8).wrapping_mul(31) ^ seed).collect();
        let parts: Vec<_> = fragments(&message).collect();
        let (last, full) = parts.split_last().unwrap();
        prop_assert!(full.iter().all(|(kind, b)| *kind == FrameKind::Part && b.len() == MAX_BODY));
        prop_assert_eq!(last.0, FrameKind::LastPart);
        prop_assert_eq!(last.1.is_empty(), message.is_empty());
        let joined: Vec<u8> = parts.iter().flat_map(|(_, body)| body.to_vec()).collect();
        prop_assert_eq!(joined, message);
    }

    #[test]
    fn messages_arrive_as_they_were_sent(lengths in prop::collection::vec(length(), 1..4)) {
        let (mut sealer, mut opener) = one_way(4 << 20);
        let messages: Vec<Vec<u8>> = lengths.iter().map(|n| vec![*n as u8; *n]).collect();
        let frames: Vec<_> = messages.iter().flat_map(|m| seal_all(&mut sealer, m)).collect();
        prop_assert!(frames.iter().all(|frame| frame.len() <= MAX_FRAME));
        prop_assert_eq!(open_all(&mut opener, &frames).unwrap(), messages);
    }

    #[test]
    fn a_changed_frame_is_noticed(length in 0..2000usize, at: prop::sample::Index, flip in 1..=255u8) {
        let (mut sealer, mut opener) = one_way(1 << 20);
        let mut frame = sealer.seal(FrameKind::LastPart, &vec![7; length]).unwrap();
        let untouched = frame.clone();
        let at = at.index(frame.len());
        frame[at] ^= flip;
        prop_assert!(matches!(opener.open(&frame), Err(NoiseError::Undecryptable(_))));
        // And the connection is dead for good, even for the true frame.
        prop_assert!(matches!(opener.open(&untouched), Err(NoiseError::Exhausted | NoiseError::Undecryptable(_))));
    }

    #[test]
    fn arbitrary_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let (_, mut opener) = one_way(1 << 20);
        prop_assert!(opener.open(&bytes).is_err());
    }

    /// Any rearrangement of three frames, with repetitions, delivers at most a true prefix.
    #[test]
    fn only_the_order_sent_is_accepted(order in prop::collection::vec(0..3usize, 1..6)) {
        let (mut sealer, mut opener) = one_way(1 << 20);
        let frames: Vec<_> = (0..3u8).map(|n| sealer.seal(FrameKind::LastPart, &[n]).unwrap()).collect();
        for (expected, index) in order.into_iter().enumerate() {
            let opened = opener.open(&frames[index]);
            if index == expected {
                prop_assert_eq!(opened.unwrap(), Opened::Message(vec![index as u8]));
            } else {
                prop_assert!(opened.is_err());
                break;
            }
        }
    }
}

#[test]
fn the_size_limit_is_exact() {
    for limit in [0, 1, MAX_BODY - 1, MAX_BODY, MAX_BODY + 1, 4 << 20] {
        let (mut sealer, mut opener) = one_way(limit);
        let frames = seal_all(&mut sealer, &vec![1; limit]);
        assert_eq!(open_all(&mut opener, &frames).unwrap(), [vec![1; limit]]);

        let (mut sealer, mut opener) = one_way(limit);
        let frames = seal_all(&mut sealer, &vec![1; limit + 1]);
        let result = open_all(&mut opener, &frames);
        assert!(
            matches!(result, Err(NoiseError::Oversized { limit: l }) if l == limit),
            "{limit}"
        );
    }
}

#[test]
fn an_endless_message_is_cut_at_the_limit_and_its_memory_freed() {
    let (mut sealer, mut opener) = one_way(3 * MAX_BODY);
    for _ in 0..3 {
        let frame = sealer.seal(FrameKind::Part, &[0; MAX_BODY]).unwrap();
        assert_eq!(opener.open(&frame).unwrap(), Opened::Part);
    }
    let frame = sealer.seal(FrameKind::Part, &[0; MAX_BODY]).unwrap();
    assert!(matches!(
        opener.open(&frame),
        Err(NoiseError::Oversized { .. })
    ));
    assert_eq!(opener.message.capacity(), 0);
}

#[test]
fn only_the_one_encoding_of_a_message_is_accepted() {
    let bad: [&[(FrameKind, usize)]; 5] = [
        &[(FrameKind::Part, 0)],
        &[(FrameKind::Part, MAX_BODY - 1)],
        &[(FrameKind::Part, MAX_BODY), (FrameKind::LastPart, 0)],
        &[(FrameKind::Heartbeat, 1)],
        &[(FrameKind::Part, MAX_BODY), (FrameKind::Heartbeat, 5)],
    ];
    for frames in bad {
        let (mut sealer, mut opener) = one_way(1 << 20);
        let (last, before) = frames.split_last().unwrap();
        for (kind, length) in before {
            opener
                .open(&sealer.seal(*kind, &vec![0; *length]).unwrap())
                .unwrap();
        }
        let frame = sealer.seal(last.0, &vec![0; last.1]).unwrap();
        assert!(
            matches!(opener.open(&frame), Err(NoiseError::FrameLength)),
            "{frames:?}"
        );
    }
}

#[test]
fn unknown_and_empty_frames_are_refused() {
    let (sealer, mut opener) = one_way(1 << 20);
    let mut frame = vec![0; 1 + TAG];
    sealer
        .state
        .write_message(sealer.nonce, &[3], &mut frame)
        .unwrap();
    assert!(matches!(opener.open(&frame), Err(NoiseError::UnknownFrame)));

    let (sealer, mut opener) = one_way(1 << 20);
    let mut frame = vec![0; TAG];
    sealer
        .state
        .write_message(sealer.nonce, &[], &mut frame)
        .unwrap();
    assert!(matches!(opener.open(&frame), Err(NoiseError::FrameLength)));
}

#[test]
fn heartbeats_may_stand_between_the_parts_of_a_message() {
    let (mut sealer, mut opener) = one_way(1 << 20);
    let frames = [
        sealer.seal(FrameKind::Part, &[1; MAX_BODY]).unwrap(),
        sealer.seal(FrameKind::Heartbeat, &[]).unwrap(),
        sealer.seal(FrameKind::LastPart, &[2]).unwrap(),
    ];
    let messages = open_all(&mut opener, &frames).unwrap();
    assert_eq!(messages[0].len(), MAX_BODY + 1);
}

#[test]
fn the_last_nonce_is_never_used() {
    let (mut sealer, mut opener) = one_way(16);
    sealer.nonce = u64::MAX - 1;
    opener.nonce = u64::MAX - 1;
    let frame = sealer.seal(FrameKind::LastPart, &[1]).unwrap();
    assert_eq!(opener.open(&frame).unwrap(), Opened::Message(vec![1]));
    assert!(matches!(
        sealer.seal(FrameKind::LastPart, &[1]),
        Err(NoiseError::Exhausted)
    ));
    assert!(matches!(opener.open(&frame), Err(NoiseError::Exhausted)));
}

#[test]
fn a_frame_of_the_other_direction_is_refused() {
    let (mut sealer, opener) = one_way(16);
    let mut reflected = Opener {
        state: sealer.state.clone(),
        nonce: 0,
        message: vec![],
        limit: 16,
    };
    let frame = sealer.seal(FrameKind::LastPart, &[1]).unwrap();
    assert!(reflected.open(&frame).is_err());
    drop(opener);
}
