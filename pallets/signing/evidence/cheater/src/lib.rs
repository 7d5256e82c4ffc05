//! Parties that cheat, for the tests and benchmarks of what punishes them.
//!
//! `play` has whole sessions with real keys in which one cheats, `ways` a way for each kind of proof, and
//! `proofs` what can be made of the messages of one that has not.
//!
//! [`two_broadcasts`] is the cheap one: a party signs two broadcasts for the same round. That is real
//! evidence, by the very signatures that the check looks at, costs no protocol run to make, and needs
//! nothing of the protocol library, so benchmarks can use it in WebAssembly.
//!
//! A crate of its own, and not a feature, so that tests and nodes have the same `signing-evidence`: it,
//! and all that needs it, is then compiled once.
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

#[cfg(feature = "std")]
#[doc(hidden)]
pub mod payloads;
#[cfg(feature = "std")]
pub mod play;
#[cfg(feature = "std")]
pub mod proofs;
#[cfg(feature = "std")]
pub mod ways;

use alloc::{collections::BTreeMap, vec::Vec};
use codec::Encode;
use signing_evidence::{Broadcast, CommitteeFacts, Proof, Round, SignedMessage, SigningEvidence};
use signing_primitives::{
    SessionId, SessionNonce, SignerId, SignerSignature, SigningSubject, Subject,
};
use sp_core::H256;
use sp_crypto_hashing::blake2_256;
use sp_runtime::BoundedVec;

const ROUND: Round = Round::new(1);

/// What a party has signed in round 1 of a session of `committee`: two normal broadcasts. If they
/// differ, it has cheated; if not, the evidence is false.
///
/// `request` tells sessions apart. The other participants are the first members. None if they make no
/// session.
pub fn two_broadcasts(
    committee: &CommitteeFacts,
    accused: &SignerId,
    request: u8,
    broadcasts: [Vec<u8>; 2],
    sign: impl Fn(&[u8]) -> SignerSignature,
) -> Option<SigningEvidence> {
    let others = committee.members.iter().filter(|member| *member != accused);
    let count = committee.threshold.checked_sub(1)?;
    let mut participants: Vec<_> = others.take(count as usize).cloned().collect();
    participants.push(accused.clone());
    participants.sort();
    let nonces: BTreeMap<SignerId, SessionNonce> = participants
        .iter()
        .map(|party| (party.clone(), [request; 32]))
        .collect();
    let [public_shares, public_aux_info] = [[1u8; 100], [2u8; 100]].map(|data| data.to_vec());
    let subject = SigningSubject {
        genesis_hash: committee.genesis_hash,
        generation: committee.generation,
        participants,
        threshold: committee.threshold,
        network_key: committee.network_key,
        verifying_key: [3; 33],
        digest: [4; 32],
        request_id: [request; 32],
        public_shares_hash: H256(blake2_256(&public_shares)),
        auxiliary_info_hash: H256(blake2_256(&public_aux_info)),
    };
    let session_id = Subject::Signing(subject.clone()).session_id(&nonces).ok()?;
    let [first, second] = broadcasts.map(|payload| {
        let signature = sign(&signed_bytes(&session_id, &payload));
        let signature: &[u8] = signature.as_ref();
        SignedMessage {
            signature: signature.try_into().unwrap_or([0; 64]),
            payload: Some(payload),
        }
    });
    Some(SigningEvidence {
        subject,
        nonces: BoundedVec::truncate_from(nonces.into_values().collect()),
        public_shares: BoundedVec::truncate_from(public_shares),
        public_aux_info: BoundedVec::truncate_from(public_aux_info),
        accused: accused.clone(),
        proof: Proof::ContradictoryBroadcasts {
            round: ROUND,
            part: Broadcast::Normal,
            first,
            second,
        },
    })
}

/// What a party signs for a normal broadcast.
fn signed_bytes(session_id: &SessionId, payload: &[u8]) -> Vec<u8> {
    let session = blake2_256(&[b"SessionId", &session_id.0[..]].concat());
    let length = (payload.len() as u64).to_be_bytes();
    let part = [b"ProtocolMessagePart", &[1u8, 1][..], &length, payload].concat();
    // postcard: the id with its length, the round's numbers with theirs, whether it passes on.
    let metadata = [&[32][..], &session, &[1, ROUND.number, 0]].concat();
    let digest = blake2_256(
        &[
            b"SignedMessagePartDigest",
            &metadata[..],
            &32u64.to_be_bytes(),
            &blake2_256(&part),
        ]
        .concat(),
    );
    (b"signing-network/protocol-message/1", digest).encode()
}
