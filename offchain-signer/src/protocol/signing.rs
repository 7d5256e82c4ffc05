//! One signature.

#[cfg(test)]
pub(crate) mod cheating;

use super::{
    driver::run_session,
    key_material::{compressed, SigningInputs},
    mailbox::{Mailbox, Run, Stage},
    SessionError,
};
use core::fmt;
use k256::ecdsa::VerifyingKey as EcdsaKey;
use signing_primitives::VerifyingKey;
use synedrion::InteractiveSigning;

/// An ECDSA signature over secp256k1 from which the key can be recovered: `r ‖ s ‖ v`, `s` in the
/// lower half of the range, `v` 0 or 1.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct RecoverableSignature(pub [u8; 65]);

impl fmt::Debug for RecoverableSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", hex::encode(self.0))
    }
}

/// Signs `digest` together with the other participants of `inputs`, on this thread.
///
/// The signature is checked: it recovers to `inputs.verifying_key`.
pub fn sign(
    inputs: SigningInputs,
    digest: [u8; 32],
    run: Run,
) -> Result<RecoverableSignature, SessionError> {
    let mut others = inputs.participants.clone();
    others.remove(run.signer.party());
    let expected = inputs.verifying_key;
    let (mut mailbox, signer, session_id) = Mailbox::open(run, others, Stage::Signing);
    let entry_point = InteractiveSigning::new(digest.into(), inputs.key_share, inputs.aux_info)
        .map_err(super::KeyMaterialError::Library)?;
    let signature = run_session(entry_point, &signer, &session_id, &mut mailbox)?;
    let (signature, recovery_id) = signature.to_backend();

    let mut bytes = [0; 65];
    let (rs, v) = bytes.split_at_mut(64);
    // Already so in this version of the library. Then `v` is right as well.
    if signature.normalize_s().is_some() {
        return Err(SessionError::WrongSignature);
    }
    rs.copy_from_slice(&signature.to_bytes());
    v.fill(recovery_id.to_byte());
    let signature = RecoverableSignature(bytes);
    if signature.recover(&digest) != Some(expected) {
        return Err(SessionError::WrongSignature);
    }
    Ok(signature)
}

impl RecoverableSignature {
    /// The key whose signature of `digest` this is. None if it is not in the form that Ethereum
    /// asks for, or no signature at all.
    pub fn recover(&self, digest: &[u8; 32]) -> Option<VerifyingKey> {
        let (v, rs) = self.0.split_last()?;
        let signature = k256::ecdsa::Signature::from_slice(rs).ok()?;
        if *v > 1 || signature.normalize_s().is_some() {
            return None;
        }
        let recovery_id = k256::ecdsa::RecoveryId::from_byte(*v)?;
        let key = EcdsaKey::recover_from_prehash(digest, &signature, recovery_id).ok()?;
        compressed(&key).ok()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use super::*;
    use crate::protocol::{
        test_network::{among, committee, TestNetwork},
        Fault, KeyMaterial, NodeSigner, PartyId,
    };
    use core::time::Duration;
    use std::{
        collections::BTreeSet,
        sync::{Arc, Mutex},
    };

    const DIGEST: [u8; 32] = [0xd1; 32];

    fn participants(network: &TestNetwork) -> BTreeSet<PartyId> {
        network.signers.iter().map(|s| s.party().clone()).collect()
    }

    fn material(of: &NodeSigner) -> &'static KeyMaterial {
        let (_, material) = committee();
        material.iter().find(|m| m.owner() == of.party()).unwrap()
    }

    fn inputs(network: &TestNetwork, of: usize) -> SigningInputs {
        material(&network.signers[of])
            .signing_inputs(Some(3), &participants(network))
            .unwrap()
    }

    fn sign_all(network: &TestNetwork) -> Vec<Result<RecoverableSignature, SessionError>> {
        network.run(|index, run| sign(inputs(network, index), DIGEST, run))
    }

    #[test]
    fn any_two_of_three_sign() {
        let (network, material) = committee();
        let key = crate::protocol::key_material::tests::child_key(material[0].verifying_key(), 3);
        for pair in [[0, 1], [0, 2], [1, 2]] {
            let pair = among(network, &pair);
            let signatures = sign_all(&pair);
            let signature = *signatures[0].as_ref().unwrap();
            assert_eq!(signature, *signatures[1].as_ref().unwrap());
            assert_eq!(signature.recover(&DIGEST), Some(key));
            assert_ne!(signature.recover(&[0; 32]), Some(key));
            assert!(signature.0[64] <= 1);
        }
    }

    #[test]
    fn a_silent_party_is_named() {
        let pair = among(&committee().0, &[0, 1]).impatient(Duration::from_millis(300));
        let results = pair.run(|index, run| match index {
            0 => Some(sign(inputs(&pair, 0), DIGEST, run).unwrap_err()),
            _ => None,
        });
        assert!(matches!(results[0], Some(SessionError::TimedOut { .. })));
        assert_eq!(
            results[0].as_ref().unwrap().blamed(),
            [pair.party(1)].into()
        );
    }

    /// Replaces the n-th message of party 1, and gives what party 0 makes of it.
    fn after_tampering(
        nth: usize,
        tamper: impl Fn(Vec<u8>) -> Vec<u8> + Send + Sync + 'static,
    ) -> (TestNetwork, SessionError) {
        let count = Mutex::new(0);
        let pair = among(&committee().0, &[0, 1])
            .impatient(Duration::from_secs(20))
            .tampered(move |from, _, message| {
                let mut count = count.lock().unwrap();
                if from == 0 {
                    return vec![message];
                }
                *count += 1;
                match *count == nth {
                    true => vec![tamper(message)],
                    false => vec![message],
                }
            });
        let cancel = tokio_util::sync::CancellationToken::new();
        let mut results = pair.run(|index, mut run| {
            run.cancel = cancel.clone();
            let result = sign(inputs(&pair, index), DIGEST, run);
            cancel.cancel();
            result.unwrap_err()
        });
        (pair, results.swap_remove(0))
    }

    #[test]
    fn garbage_names_its_sender() {
        for nth in [1, 2] {
            for garbage in [&[][..], &[0], &[77; 100], &[0; 100_000]] {
                let (pair, error) = after_tampering(nth, move |_| garbage.to_vec());
                assert!(matches!(&error, SessionError::Misbehaviour { culprits, .. }
                    if culprits[&pair.party(1)].fault == Fault::Unprovable));
                assert_eq!(error.blamed(), [pair.party(1)].into());
            }
        }
    }

    #[test]
    fn a_flipped_bit_names_its_sender() {
        // Somewhere in a signature, a session id, a payload, the last byte.
        for at in [40, 110, 200, 500, usize::MAX] {
            let (pair, error) = after_tampering(1, move |mut message| {
                let at = at.min(message.len() - 1);
                message[at] ^= 1;
                message
            });
            assert_eq!(error.blamed(), [pair.party(1)].into(), "{error}");
        }
    }

    #[test]
    fn a_message_with_a_tail_names_its_sender() {
        let (pair, error) = after_tampering(1, |message| [message, vec![0]].concat());
        assert_eq!(error.blamed(), [pair.party(1)].into());
    }

    #[test]
    fn a_message_of_another_session_names_its_sender() {
        let recorded = Arc::new(Mutex::new(Vec::new()));
        let recorder = recorded.clone();
        let pair = among(&committee().0, &[0, 1]).tampered(move |from, _, message| {
            if from == 1 {
                recorder.lock().unwrap().push(message.clone());
            }
            vec![message]
        });
        assert!(sign_all(&pair).iter().all(Result::is_ok));
        let first = recorded.lock().unwrap()[0].clone();
        let (pair, error) = after_tampering(1, move |_| first.clone());
        let SessionError::Misbehaviour { culprits, .. } = &error else {
            panic!("{error}");
        };
        assert!(culprits[&pair.party(1)].description.contains("session ID"));
    }

    #[test]
    fn a_cancelled_run_ends() {
        let pair = among(&committee().0, &[0, 1]);
        let results = pair.run(|index, run| {
            run.cancel.cancel();
            (index == 0).then(|| sign(inputs(&pair, 0), DIGEST, run))
        });
        assert!(matches!(
            results[0],
            Some(Err(SessionError::Cancelled { .. }))
        ));
    }

    #[test]
    fn a_lost_signing_key_is_an_error() {
        use sp_keystore::{testing::MemoryKeystore, Keystore};
        let pair = among(&committee().0, &[0, 1]);
        let results = pair.run(|index, mut run| {
            if index == 1 {
                return None;
            }
            let keystore = Arc::new(MemoryKeystore::new());
            let other = keystore
                .sr25519_generate_new(signing_primitives::KEY_TYPE, None)
                .unwrap();
            run.signer = NodeSigner::new(keystore, other.into()).unwrap();
            Some(sign(inputs(&pair, 0), DIGEST, run))
        });
        assert!(results[0].as_ref().unwrap().is_err());
    }

    #[test]
    fn parties_that_disagree_on_the_digest_do_not_sign() {
        let pair = among(&committee().0, &[0, 1]).impatient(Duration::from_secs(20));
        let results =
            pair.run(|index, run| sign(inputs(&pair, index), [index as u8; 32], run).unwrap_err());
        assert_eq!(results.len(), 2);
    }
}
