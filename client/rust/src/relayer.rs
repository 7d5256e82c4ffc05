//! Which validator to send a request to.
//!
//! A relayer is a validator outside the committee. Who that is, where it listens and which key to
//! encrypt for is read from the chain, never asked of anyone else.

use crate::chain::{AccountId, NetworkState, Validator};
use rand::{seq::SliceRandom, Rng};
use signing_primitives::{SignerId, X25519PublicKey};

/// A validator that takes `POST /user/relay_tx`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Relayer {
    /// Its stash account.
    pub account: AccountId,
    /// Where its HTTP API is reached: `host:port`.
    pub endpoint: String,
    /// The key that requests are encrypted for.
    pub x25519: X25519PublicKey,
}

/// No validator can relay.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RelayerError {
    /// Every validator that has announced a signer is in the committee.
    #[error("no validator outside the committee has announced a signer: there is nobody to relay")]
    None,
    /// The relayer that the user named is in the committee.
    #[error("{endpoint} belongs to {account}, a signer of the committee; signers do not relay")]
    IsSigner {
        /// The address that was asked for.
        endpoint: String,
        /// Whose it is.
        account: AccountId,
    },
    /// The relayer that the user named is no validator, or has announced nothing.
    #[error("{endpoint} belongs to no validator that has announced a signer on this chain")]
    Unknown {
        /// The address that was asked for.
        endpoint: String,
    },
}

/// All validators that can relay, in random order.
///
/// # Errors
/// [`RelayerError::None`].
pub fn relayers(state: &NetworkState, rng: &mut impl Rng) -> Result<Vec<Relayer>, RelayerError> {
    let mut relayers: Vec<_> = state
        .validators
        .iter()
        .filter(|validator| validator.active && !is_member(state, validator))
        .filter_map(relayer)
        .collect();
    if relayers.is_empty() {
        return Err(RelayerError::None);
    }
    relayers.shuffle(rng);
    Ok(relayers)
}

/// The relayer that announced `endpoint`, if any validator did.
///
/// # Errors
/// [`RelayerError::IsSigner`].
pub fn relayer_at(state: &NetworkState, endpoint: &str) -> Result<Option<Relayer>, RelayerError> {
    let found = state.validators.iter().find(|validator| {
        let signer = validator.signer.as_ref();
        signer.is_some_and(|signer| signer.endpoint.as_slice() == endpoint.as_bytes())
    });
    named(state, endpoint, found)
}

/// The relayer whose signing key is `signing_key`, to be reached at `endpoint` rather than where it
/// announced itself.
///
/// # Errors
/// [`RelayerError::IsSigner`] and [`RelayerError::Unknown`].
pub fn relayer_with_key(
    state: &NetworkState,
    endpoint: &str,
    signing_key: &SignerId,
) -> Result<Relayer, RelayerError> {
    let found = state
        .validators
        .iter()
        .find(|validator| &validator.signing_key == signing_key);
    named(state, endpoint, found)?
        .map(|relayer| Relayer {
            endpoint: endpoint.into(),
            ..relayer
        })
        .ok_or_else(|| RelayerError::Unknown {
            endpoint: endpoint.into(),
        })
}

fn named(
    state: &NetworkState,
    endpoint: &str,
    found: Option<&Validator>,
) -> Result<Option<Relayer>, RelayerError> {
    match found {
        Some(validator) if is_member(state, validator) => Err(RelayerError::IsSigner {
            endpoint: endpoint.into(),
            account: validator.account.clone(),
        }),
        Some(validator) => Ok(relayer(validator)),
        None => Ok(None),
    }
}

fn relayer(validator: &Validator) -> Option<Relayer> {
    let signer = validator.signer.as_ref()?;
    Some(Relayer {
        account: validator.account.clone(),
        endpoint: String::from_utf8(signer.endpoint.to_vec()).ok()?,
        x25519: signer.x25519,
    })
}

/// Whether the validator has a seat in the committee.
pub(crate) fn is_member(state: &NetworkState, validator: &Validator) -> bool {
    state.committee.as_ref().is_some_and(|committee| {
        committee
            .members
            .iter()
            .any(|member| member.validator == validator.account)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use crate::samples::{network, NAMES};
    use rand::{rngs::StdRng, SeedableRng};

    #[test]
    fn never_a_member_of_the_committee() {
        let network = network();
        let mut first = std::collections::BTreeSet::new();
        for seed in 0..200 {
            let mut rng = StdRng::seed_from_u64(seed);
            let relayers = relayers(&network.state, &mut rng).unwrap();
            assert_eq!(relayers.len(), 2);
            for relayer in &relayers {
                let committee = network.state.committee.as_ref().unwrap();
                assert!(!committee
                    .members
                    .iter()
                    .any(|m| m.validator == relayer.account));
            }
            first.insert(relayers[0].endpoint.clone());
        }
        assert_eq!(first.len(), 2, "both relayers get their turn");
    }

    #[test]
    fn never_a_validator_without_an_announcement() {
        let mut network = network();
        network.state.validators[3].signer = None;
        let mut rng = StdRng::seed_from_u64(0);
        let relayers = relayers(&network.state, &mut rng).unwrap();
        assert_eq!(relayers.len(), 1);
        assert_eq!(relayers[0].account, network.state.validators[4].account);

        network.state.validators[4].signer = None;
        assert_eq!(
            super::relayers(&network.state, &mut rng),
            Err(RelayerError::None)
        );
    }

    #[test]
    fn a_named_relayer_must_not_be_a_signer() {
        let network = network();
        for (index, _) in NAMES.iter().enumerate() {
            let validator = &network.state.validators[index];
            let endpoint = format!("127.0.0.1:{}", 3001 + index);
            let at = relayer_at(&network.state, &endpoint);
            let with_key = relayer_with_key(&network.state, "elsewhere:1", &validator.signing_key);
            if index < 3 {
                assert!(matches!(at, Err(RelayerError::IsSigner { .. })));
                assert!(matches!(with_key, Err(RelayerError::IsSigner { .. })));
            } else {
                assert_eq!(at.unwrap().unwrap().account, validator.account);
                let relayer = with_key.unwrap();
                assert_eq!(relayer.endpoint, "elsewhere:1");
                assert_eq!(relayer.x25519, validator.signer.as_ref().unwrap().x25519);
            }
        }
        assert_eq!(relayer_at(&network.state, "127.0.0.1:9"), Ok(None));
        assert!(matches!(
            relayer_with_key(
                &network.state,
                "elsewhere:1",
                &crate::samples::key("//Mallory").1
            ),
            Err(RelayerError::Unknown { .. })
        ));
    }
}
