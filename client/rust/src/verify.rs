//! Whether an answer is what the user asked for.
//!
//! Nothing here trusts the relayer: the digest is the user's own, the verifying key and the
//! committee are the chain's.

use crate::chain::{AccountId, Committee, NetworkState};
use k256::ecdsa::{RecoveryId, Signature as EcdsaSignature, VerifyingKey as EcdsaKey};
use signing_primitives::{wire::SignatureAnswer, VerifyingKey};

/// A signature that signers vouch for, and whether it has been checked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Verified {
    /// r ‖ s ‖ v.
    pub signature: [u8; 65],
    /// Stash accounts of the signers that vouch for it, in the order of their answers.
    pub signers: Vec<AccountId>,
    /// Whether it is known to verify under the key; `false` when there was no digest to check.
    pub checked: bool,
}

/// An answer must not be used.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The network has no committee that could vouch for anything.
    #[error("the chain names no committee")]
    NoCommittee,
    /// The signers' answers hold different signatures.
    #[error("the signers' answers differ")]
    Disagreement,
    /// Fewer signers than the threshold vouch for the signature.
    #[error("{found} signer(s) vouch for the signature; the threshold is {threshold}")]
    TooFewSigners {
        /// How many answers there are.
        found: usize,
        /// How many it takes.
        threshold: u32,
    },
    /// An answer is vouched for by nobody in the committee.
    #[error("answer {index} is not vouched for by a member of the committee")]
    UnknownSigner {
        /// Which answer, counted from 0.
        index: usize,
    },
    /// Two answers are one signer's.
    #[error("{signer} answered more than once")]
    RepeatedSigner {
        /// Its stash account.
        signer: AccountId,
    },
    /// r, s or v is out of range, or s is in the upper half of its range.
    #[error("r, s and v are not a normalized recoverable ECDSA signature")]
    Malformed,
    /// The signature does not recover to the key that was asked for.
    #[error("the signature belongs to another key or message than was asked for")]
    WrongKey,
}

/// Checks a relayer's answers: they agree, a threshold of distinct committee members vouches for
/// them, and the signature over `digest` recovers to `verifying_key`.
///
/// Without a digest the last check cannot be made, and [`Verified::checked`] is `false`.
///
/// # Errors
/// One [`VerifyError`] per way in which this can fail.
pub fn verify(
    answers: &[SignatureAnswer],
    state: &NetworkState,
    verifying_key: &VerifyingKey,
    digest: Option<&[u8; 32]>,
) -> Result<Verified, VerifyError> {
    let committee = state.committee.as_ref().ok_or(VerifyError::NoCommittee)?;
    let too_few = VerifyError::TooFewSigners {
        found: answers.len(),
        threshold: committee.threshold,
    };
    let Some(first) = answers.first() else {
        return Err(too_few);
    };
    if answers
        .iter()
        .any(|answer| answer.signature != first.signature)
    {
        return Err(VerifyError::Disagreement);
    }
    let signers = signers(answers, state, committee)?;
    if signers.len() < committee.threshold as usize {
        return Err(too_few);
    }
    let checked = check(&first.signature, verifying_key, digest)?;
    Ok(Verified {
        signature: first.signature,
        signers,
        checked,
    })
}

/// Whose answers these are. An answer does not name its signer, so every member's keys are tried:
/// the one it has in the committee and the one of the current session.
fn signers(
    answers: &[SignatureAnswer],
    state: &NetworkState,
    committee: &Committee,
) -> Result<Vec<AccountId>, VerifyError> {
    let mut signers = Vec::with_capacity(answers.len());
    for (index, answer) in answers.iter().enumerate() {
        let member = committee
            .members
            .iter()
            .find(|member| {
                answer.is_by(&member.party)
                    || state.validators.iter().any(|validator| {
                        validator.account == member.validator
                            && answer.is_by(&validator.signing_key)
                    })
            })
            .ok_or(VerifyError::UnknownSigner { index })?;
        if signers.contains(&member.validator) {
            return Err(VerifyError::RepeatedSigner {
                signer: member.validator.clone(),
            });
        }
        signers.push(member.validator.clone());
    }
    Ok(signers)
}

fn check(
    signature: &[u8; 65],
    verifying_key: &VerifyingKey,
    digest: Option<&[u8; 32]>,
) -> Result<bool, VerifyError> {
    let (v, rs) = signature.split_last().ok_or(VerifyError::Malformed)?;
    let ecdsa = EcdsaSignature::from_slice(rs).map_err(|_| VerifyError::Malformed)?;
    // Ethereum takes neither a high s (EIP-2) nor a v beyond the two.
    if *v > 1 || ecdsa.normalize_s().is_some() {
        return Err(VerifyError::Malformed);
    }
    let recovery = RecoveryId::from_byte(*v).ok_or(VerifyError::Malformed)?;
    let Some(digest) = digest else {
        return Ok(false);
    };
    let recovered = EcdsaKey::recover_from_prehash(digest, &ecdsa, recovery)
        .map_err(|_| VerifyError::WrongKey)?;
    if recovered.to_encoded_point(true).as_bytes() == verifying_key {
        Ok(true)
    } else {
        Err(VerifyError::WrongKey)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use crate::samples::{network, user_key, Network};

    const DIGEST: [u8; 32] = [7; 32];

    /// Answers of the named members to `DIGEST`.
    fn answers(network: &Network, members: &[usize]) -> Vec<SignatureAnswer> {
        network.answers(&user_key(), &DIGEST, members)
    }

    fn check_answers(answers: &[SignatureAnswer]) -> Result<Verified, VerifyError> {
        verify(answers, &network().state, &user_key().1, Some(&DIGEST))
    }

    #[test]
    fn accepts_a_threshold_and_more() {
        let network = network();
        for members in [&[0, 1][..], &[2, 0], &[0, 1, 2]] {
            let verified = check_answers(&answers(&network, members)).unwrap();
            assert!(verified.checked);
            let expected: Vec<_> = members
                .iter()
                .map(|member| network.state.validators[*member].account.clone())
                .collect();
            assert_eq!(verified.signers, expected);
        }
    }

    #[test]
    fn accepts_a_member_that_rotated_its_session_key() {
        let mut network = network();
        let rotated = crate::samples::key("//Alice//rotated");
        network.state.validators[0].signing_key = rotated.1.clone();
        network.pairs[0] = rotated.0;
        let answers = network.answers(&user_key(), &DIGEST, &[0, 1]);
        assert!(verify(&answers, &network.state, &user_key().1, Some(&DIGEST)).is_ok());
    }

    #[test]
    fn rejects_a_wrong_signer_set() {
        let network = network();
        assert_eq!(
            check_answers(&[]),
            Err(VerifyError::TooFewSigners {
                found: 0,
                threshold: 2
            })
        );
        assert_eq!(
            check_answers(&answers(&network, &[1])),
            Err(VerifyError::TooFewSigners {
                found: 1,
                threshold: 2
            })
        );
        assert_eq!(
            check_answers(&answers(&network, &[1, 1])),
            Err(VerifyError::RepeatedSigner {
                signer: network.state.validators[1].account.clone()
            })
        );
        // A validator outside the committee, such as the relayer itself.
        assert_eq!(
            check_answers(&answers(&network, &[0, 3])),
            Err(VerifyError::UnknownSigner { index: 1 })
        );
        let mut forged = answers(&network, &[0, 1]);
        forged[0].signer_signature[5] ^= 1;
        assert_eq!(
            check_answers(&forged),
            Err(VerifyError::UnknownSigner { index: 0 })
        );
    }

    #[test]
    fn rejects_answers_that_differ() {
        let network = network();
        let other = network.answers(&user_key(), &[8; 32], &[1]);
        let mixed = [answers(&network, &[0])[0], other[0]];
        assert_eq!(check_answers(&mixed), Err(VerifyError::Disagreement));
    }

    #[test]
    fn rejects_another_message_and_another_key() {
        let network = network();
        let answers = answers(&network, &[0, 1]);
        let state = &network.state;
        assert_eq!(
            verify(&answers, state, &user_key().1, Some(&[8; 32])),
            Err(VerifyError::WrongKey)
        );
        assert_eq!(
            verify(
                &answers,
                state,
                &crate::samples::ecdsa_key(9).1,
                Some(&DIGEST)
            ),
            Err(VerifyError::WrongKey)
        );
    }

    /// Signers that conspire with the relayer vouch for anything; the signature still has to be the
    /// user's.
    #[test]
    fn rejects_tampering_even_when_vouched_for() {
        let network = network();
        let good = answers(&network, &[0])[0].signature;
        let tampered = |change: &dyn Fn(&mut [u8; 65])| {
            let mut signature = good;
            change(&mut signature);
            check_answers(&network.vouch(signature, &[0, 1])).unwrap_err()
        };
        assert_eq!(tampered(&|s| s[64] ^= 1), VerifyError::WrongKey);
        for v in [2, 3, 4, 27, 28, 255] {
            assert_eq!(tampered(&|s| s[64] = v), VerifyError::Malformed);
        }
        assert!(matches!(
            tampered(&|s| s[31] ^= 1),
            VerifyError::WrongKey | VerifyError::Malformed
        ));
        assert!(matches!(
            tampered(&|s| s[63] ^= 1),
            VerifyError::WrongKey | VerifyError::Malformed
        ));
        assert_eq!(tampered(&|s| s[..32].fill(0)), VerifyError::Malformed);
        assert_eq!(tampered(&|s| s[32..64].fill(0xff)), VerifyError::Malformed);
        // The same signature with s negated: a valid one to ECDSA, but not to Ethereum.
        assert_eq!(
            tampered(&|s| {
                let ecdsa = EcdsaSignature::from_slice(&s[..64]).unwrap();
                let (r, high) = (*ecdsa.r(), -*ecdsa.s());
                let high = EcdsaSignature::from_scalars(r, high).unwrap();
                s[..64].copy_from_slice(&high.to_bytes());
                s[64] ^= 1;
            }),
            VerifyError::Malformed
        );
    }

    #[test]
    fn without_a_digest_nothing_is_called_checked() {
        let network = network();
        let answers = answers(&network, &[0, 1]);
        let verified = verify(&answers, &network.state, &user_key().1, None).unwrap();
        assert!(!verified.checked);
        let mut forged = answers;
        forged.pop();
        assert!(verify(&forged, &network.state, &user_key().1, None).is_err());
    }

    #[test]
    fn without_a_committee_nobody_vouches() {
        let mut network = network();
        network.state.committee = None;
        let answers = answers(&network, &[0, 1]);
        assert_eq!(
            verify(&answers, &network.state, &user_key().1, Some(&DIGEST)),
            Err(VerifyError::NoCommittee)
        );
    }
}
