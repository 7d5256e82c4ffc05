//! What a signer does with a relayer's request.

use super::{
    admission::{Admission, Checked, Subject},
    checks,
    error::RequestError,
    ledger::Ledger,
    open::{open, verified},
    recover::recovers_to,
    replay::request_hash,
    signing::{RunSigning, SigningOrder},
    snapshot::Snapshot,
};
use crate::{
    chain::{Committee, SignerId, VerifyingKey},
    metrics::Stage,
    trace::Trace,
};
use codec::Encode;
use signing_primitives::wire::{SignRequest, SignatureAnswer, UserSignatureRequest};
use sp_core::sr25519;
use std::{borrow::Cow, collections::BTreeSet, sync::Arc, time::Instant};
use tracing::Instrument;

/// The most attempts at one user's request that this node takes part in, whoever relays it. A
/// relayer makes three; there is room for another relayer that the user turns to. Each attempt
/// costs the signers a second of computation, so they must have an end.
pub(crate) const MAX_ATTEMPTS: usize = 8;

/// A request that has been granted but for its programs.
struct Asked {
    checked: Checked,
    network_key: VerifyingKey,
    relayer: SignerId,
    me: SignerId,
    participants: BTreeSet<SignerId>,
    generation: u32,
}

/// Takes part in signing, as a member of the committee.
pub struct Signer {
    admission: Arc<Admission>,
    sessions: Arc<dyn RunSigning>,
    ledger: Arc<Ledger>,
}

impl Signer {
    /// Decides with `admission`, signs with `sessions`.
    pub fn new(admission: Arc<Admission>, sessions: Arc<dyn RunSigning>) -> Self {
        Self {
            admission,
            sessions,
            ledger: Arc::new(Ledger::new(MAX_ATTEMPTS)),
        }
    }

    /// Answers the body of a `POST /user/sign_tx`. Dropping the future ends the session.
    ///
    /// # Errors
    /// [`RequestError`] says why there is no signature.
    pub async fn sign(
        self: Arc<Self>,
        trace: Trace,
        body: Vec<u8>,
    ) -> Result<SignatureAnswer, RequestError> {
        let (this, of) = (self.clone(), trace.clone());
        let asked = self.admission.run(move || this.check(of, &body)).await?;
        self.take_part(asked).instrument(trace.span()).await
    }

    /// Signs, if the programs say yes.
    async fn take_part(&self, asked: Asked) -> Result<SignatureAnswer, RequestError> {
        let (subject, grant) = self.admission.grant(&self.ledger, asked.checked).await?;
        grant.entered.keep();
        let me = asked.me;
        let order = SigningOrder {
            verifying_key: subject.key(),
            network_key: asked.network_key,
            registration_index: grant.registration_index,
            digest: grant.digest,
            request_id: subject.attempt,
            relayer: asked.relayer,
            me: me.clone(),
            participants: asked.participants,
            generation: asked.generation,
            trace: subject.trace.clone(),
        };
        let trace = subject.trace.clone();
        drop(subject);
        let (digest, verifying_key) = (order.digest, order.verifying_key);
        let signature = self.sessions.sign(order).await?;
        let since = Instant::now();
        if !recovers_to(&signature, &digest, &verifying_key) {
            return Err(RequestError::Internal(
                "the session's signature is a wrong one".into(),
            ));
        }
        let vouch = self.admission.identity.sign(&me, &signature)?;
        let vouch: &sr25519::Signature = vouch.as_ref();
        trace.stage(Stage::Answer, since);
        Ok(SignatureAnswer {
            signature,
            signer_signature: vouch.0,
        })
    }

    /// Makes the quick checks of the request. Blocks.
    fn check(&self, trace: Trace, body: &[u8]) -> Result<Asked, RequestError> {
        let relayed = trace.timed(Stage::Decryption, || {
            open(body, self.admission.identity.x25519_secret())
        })?;
        let snapshot = trace.timed(Stage::ChainReads, || self.admission.snapshot())?;
        let sender: &[u8; 32] = relayed.sender.as_ref();
        let relayer = SignerId::from(sr25519::Public::from_raw(*sender));
        if !snapshot.is_validator(&relayer) {
            return Err(RequestError::SenderIsNotAValidator);
        }
        let asked: SignRequest = trace.timed(Stage::Decryption, || verified(&relayed))?;
        drop(relayed);
        // Named before its signature is checked: a relayer has nothing from a wrong name.
        let request_hash = asked.user_signed_request.as_ref().map(request_hash);
        if let Some(hash) = &request_hash {
            trace.name(hash);
        }

        let (in_force, network_key) = snapshot.signing()?;
        if snapshot.paused {
            return Err(RequestError::Paused);
        }
        let committee = self.committee(&snapshot, in_force, asked.generation)?;
        let seat = self.admission.identity.seat(&committee);
        let me = &seat.ok_or(RequestError::ThisNodeIsNotASigner)?.party;
        let sitting = snapshot.sitting(&committee);
        let sitting = sitting.map(|member| member.party.clone()).collect();
        let participants = checks::signers(&asked.validators_info, &committee, &sitting, me)?;
        let nonce = asked.nonce.ok_or(RequestError::NonceMissing)?;

        let (signed, request_hash) = asked
            .user_signed_request
            .zip(request_hash)
            .ok_or(RequestError::UserRequestMissing)?;
        let request: UserSignatureRequest = trace.timed(Stage::Decryption, || verified(&signed))?;
        if request != asked.user_signature_request {
            return Err(RequestError::UserRequestDiffers);
        }
        drop(asked.user_signature_request);

        let request_id = request_id(&request_hash, &relayer, &participants, &nonce);
        let (me, generation) = (me.clone(), committee.generation);
        drop(committee);
        let subject = Subject {
            trace,
            snapshot,
            signed,
            request,
            request_hash,
            attempt: request_id,
        };
        Ok(Asked {
            checked: self.admission.check(&self.ledger, subject)?,
            network_key,
            relayer,
            me,
            participants,
            generation,
        })
    }
}

impl Signer {
    /// The committee of the generation that a relayer names. Two nodes may differ by a block or two
    /// in what is final: so it may also be the one in force at the best block, or the one before,
    /// while this node still has its share.
    fn committee<'a>(
        &self,
        snapshot: &'a Snapshot,
        in_force: &'a Committee,
        named: Option<u32>,
    ) -> Result<Cow<'a, Committee>, RequestError> {
        let current = in_force.generation;
        let named = named.unwrap_or(current);
        if named == current {
            return Ok(Cow::Borrowed(in_force));
        }
        let best = snapshot.best_committee();
        if let Some(next) = best.filter(|best| best.generation == named) {
            return Ok(Cow::Borrowed(next));
        }
        let before = current.checked_sub(1).filter(|before| *before == named);
        before
            .and_then(|before| self.sessions.committee(before))
            .map(|committee| Cow::Owned(Committee::clone(&committee)))
            .ok_or(RequestError::OtherGeneration {
                named,
                in_force: current,
            })
    }
}

/// Names an attempt: the same for all of its participants, and for no other attempt.
fn request_id(
    request_hash: &[u8; 32],
    relayer: &SignerId,
    participants: &BTreeSet<SignerId>,
    nonce: &[u8; 32],
) -> [u8; 32] {
    let named = (
        b"signing-network/sign-request/1",
        request_hash,
        relayer,
        participants,
        nonce,
    );
    sp_crypto_hashing::blake2_256(&named.encode())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use crate::request::testing::{program_key, registration, World, RELAYER};

    /// Many may be on their way through the quick checks when the first is counted.
    #[tokio::test]
    async fn a_copy_that_was_checked_before_another_was_counted_is_not_evaluated() {
        let world = World::new();
        world.register(registration(program_key(), &["no"]));
        let sign = world.sign_request(&world.request(), &[0, 1]);
        let body = world.relayed(0, RELAYER, &sign);
        let node = &world.nodes[0];
        let check = |_| node.signer.check(Trace::default(), &body).unwrap();
        let copies: Vec<_> = (0..2).map(check).collect();
        let mut refusals = Vec::new();
        for copy in copies {
            refusals.push(node.signer.take_part(copy).await.unwrap_err());
        }
        assert!(matches!(refusals[0], RequestError::Program { .. }));
        assert!(matches!(refusals[1], RequestError::Replayed));
        assert_eq!(node.programs.evaluated.lock().unwrap().len(), 1);
    }
}
