//! Checks that need nothing but the request and the chain's state.

use super::error::RequestError;
use crate::{
    chain::{Committee, Registration, SignerId},
    identity::account_of,
};
use signing_primitives::{
    limits::{MAX_AUXILIARY_DATA, MAX_MESSAGE},
    wire::{digest, DigestError, HashChoice, UserSignatureRequest, ValidatorInfo},
};
use sp_core::crypto::AccountId32;
use std::collections::BTreeSet;

/// The message and the auxiliary data are not too long.
pub(super) fn sizes(request: &UserSignatureRequest) -> Result<(), RequestError> {
    let found = request.message.len();
    if found > MAX_MESSAGE {
        return Err(RequestError::MessageTooLong {
            found,
            limit: MAX_MESSAGE,
        });
    }
    let found = request
        .auxilary_data
        .iter()
        .flatten()
        .flatten()
        .map(Vec::len)
        .sum();
    if found > MAX_AUXILIARY_DATA {
        return Err(RequestError::AuxiliaryDataTooLong {
            found,
            limit: MAX_AUXILIARY_DATA,
        });
    }
    Ok(())
}

/// The request names a block near the best one.
pub(super) fn fresh(named: u32, best: u32, window: u32) -> Result<(), RequestError> {
    if named.abs_diff(best) <= window {
        Ok(())
    } else if named < best {
        Err(RequestError::Stale {
            named,
            best,
            window,
        })
    } else {
        Err(RequestError::FromTheFuture {
            named,
            best,
            window,
        })
    }
}

/// How the digest will be had, once the programs have said yes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum DigestPlan {
    /// It is here already.
    Known([u8; 32]),
    /// The registration's program of this index makes it.
    Program(usize),
}

/// The request fits the registration: its hash exists and there is auxiliary data for as many
/// programs as there are.
pub(super) fn fits(
    request: &UserSignatureRequest,
    registration: &Registration,
) -> Result<DigestPlan, RequestError> {
    let programs = registration.programs.len();
    // A custom hash is looked up before anything is hashed.
    if let HashChoice::Custom(index) = request.hash {
        let known = usize::try_from(index)
            .ok()
            .filter(|index| *index < programs);
        let index = known.ok_or(RequestError::NoSuchProgram { index, programs })?;
        auxiliary(request, programs)?;
        return Ok(DigestPlan::Program(index));
    }
    auxiliary(request, programs)?;
    match digest(request.hash, &request.message) {
        Ok(digest) => Ok(DigestPlan::Known(digest)),
        Err(DigestError::TwentyBytes) => Err(RequestError::Sha1),
        Err(DigestError::NotADigest { found }) => Err(RequestError::NotADigest { found }),
        Err(error) => Err(RequestError::Internal(error.into())),
    }
}

fn auxiliary(request: &UserSignatureRequest, programs: usize) -> Result<(), RequestError> {
    match &request.auxilary_data {
        Some(entries) if entries.len() != programs => Err(RequestError::AuxiliaryDataMismatch {
            found: entries.len(),
            programs,
        }),
        _ => Ok(()),
    }
}

/// The list of signers is T distinct sitting members of the committee, this node among them. Only
/// the accounts are read: addresses and keys come from the chain.
pub(super) fn signers(
    list: &[ValidatorInfo],
    committee: &Committee,
    sitting: &BTreeSet<SignerId>,
    me: &SignerId,
) -> Result<BTreeSet<SignerId>, RequestError> {
    let expected = committee.threshold;
    if usize::try_from(expected).ok() != Some(list.len()) {
        return Err(RequestError::WrongSignerCount {
            found: list.len(),
            expected,
        });
    }
    let mut participants = BTreeSet::new();
    for listed in list {
        let party = member(committee, &listed.tss_account).ok_or(RequestError::NotAMember)?;
        if !sitting.contains(party) {
            return Err(RequestError::Expelled);
        }
        if !participants.insert(party.clone()) {
            return Err(RequestError::DuplicateSigner);
        }
    }
    if !participants.contains(me) {
        return Err(RequestError::ThisNodeIsNotListed);
    }
    Ok(participants)
}

fn member<'a>(committee: &'a Committee, account: &AccountId32) -> Option<&'a SignerId> {
    let mut parties = committee.members.iter().map(|member| &member.party);
    parties.find(|party| account_of(party) == *account)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_is_inclusive_on_both_sides() {
        assert!(fresh(80, 100, 20).is_ok());
        assert!(fresh(120, 100, 20).is_ok());
        assert!(matches!(
            fresh(79, 100, 20),
            Err(RequestError::Stale { .. })
        ));
        assert!(matches!(
            fresh(121, 100, 20),
            Err(RequestError::FromTheFuture { .. })
        ));
        // Near the ends of the range nothing overflows.
        assert!(fresh(0, 5, 20).is_ok());
        assert!(fresh(u32::MAX, u32::MAX - 5, 20).is_ok());
        assert!(matches!(
            fresh(u32::MAX, 0, 20),
            Err(RequestError::FromTheFuture { .. })
        ));
        assert!(matches!(
            fresh(0, u32::MAX, 20),
            Err(RequestError::Stale { .. })
        ));
    }
}
