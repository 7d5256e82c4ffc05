//! The public parts of shares and auxiliary information, in one canonical form.
//!
//! The library does not give out its public shares and auxiliary information, but it serializes
//! them, and in evidence that serialization (postcard, ascending by party) is what others check.
//! So that is the form that is hashed. The layouts here mirror the library's; a layout that has
//! changed is an error, not a wrong hash.

use super::{Params, PartyId};
use serde::{Deserialize, Serialize};
use synedrion::{AuxInfo, KeyShare, ThresholdKeyShare};
use zeroize::Zeroizing;

/// The library's serialization is not laid out as expected.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the library's serialization is not laid out as expected")]
pub struct UnexpectedLayout;

/// The public part of a threshold key share, the same for all holders.
#[derive(Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct PublicShares {
    /// How many shares make the key.
    pub(super) threshold: u32,
    /// Every holder's evaluation point (32 bytes) and public share (33 bytes), ascending.
    pub(super) holders: Vec<(PartyId, Vec<u8>, Vec<u8>)>,
}

/// As [`ThresholdKeyShare`].
#[derive(Deserialize)]
struct ThresholdKeyShareLayout<'a> {
    owner: PartyId,
    threshold: u32,
    secret_share: &'a [u8],
    #[serde(borrow)]
    share_ids: Vec<(PartyId, &'a [u8])>,
    #[serde(borrow)]
    public_shares: Vec<(PartyId, &'a [u8])>,
}

/// As [`KeyShare`], up to its public part.
#[derive(Deserialize)]
struct KeyShareLayout<'a> {
    _owner: PartyId,
    secret: &'a [u8],
}

/// As [`AuxInfo`], up to its public part: two primes of 1024 bits.
#[derive(Deserialize)]
struct AuxInfoLayout<'a> {
    owner: PartyId,
    prime_p: &'a [u8],
    prime_q: &'a [u8],
}

/// As one party's public auxiliary information: four numbers of 2048 bits.
#[derive(Deserialize)]
struct PublicAuxInfoLayout<'a> {
    party: PartyId,
    #[serde(borrow)]
    numbers: [&'a [u8]; 4],
}

/// The owner and the public part of a threshold key share.
pub(super) fn of_threshold_share(
    share: &ThresholdKeyShare<Params, PartyId>,
) -> Result<(PartyId, PublicShares), UnexpectedLayout> {
    let bytes = serialize(share)?;
    let (layout, rest) = postcard::take_from_bytes::<ThresholdKeyShareLayout>(&bytes)
        .map_err(|_| UnexpectedLayout)?;
    let same_parties = layout
        .share_ids
        .iter()
        .map(|(party, _)| party)
        .eq(layout.public_shares.iter().map(|(party, _)| party));
    let lengths = layout.secret_share.len() == 32
        && layout.share_ids.iter().all(|(_, id)| id.len() == 32)
        && layout
            .public_shares
            .iter()
            .all(|(_, share)| share.len() == 33);
    if !rest.is_empty() || !same_parties || !lengths {
        return Err(UnexpectedLayout);
    }
    let holders = layout
        .share_ids
        .into_iter()
        .zip(layout.public_shares)
        .map(|((party, id), (_, share))| (party, id.to_vec(), share.to_vec()))
        .collect();
    let shares = PublicShares {
        threshold: layout.threshold,
        holders,
    };
    Ok((layout.owner, shares))
}

/// The public part of a key share, as evidence carries it.
pub(super) fn of_key_share(share: &KeyShare<Params, PartyId>) -> Result<Vec<u8>, UnexpectedLayout> {
    let bytes = serialize(share)?;
    let (layout, public) =
        postcard::take_from_bytes::<KeyShareLayout>(&bytes).map_err(|_| UnexpectedLayout)?;
    let (shares, rest) =
        postcard::take_from_bytes::<Vec<(PartyId, &[u8])>>(public).map_err(|_| UnexpectedLayout)?;
    let lengths = layout.secret.len() == 32 && shares.iter().all(|(_, share)| share.len() == 33);
    if !rest.is_empty() || !lengths {
        return Err(UnexpectedLayout);
    }
    Ok(public.to_vec())
}

/// The owner, the parties and the public part of auxiliary information, as evidence carries it.
pub(super) fn of_aux_info(
    aux_info: &AuxInfo<Params, PartyId>,
) -> Result<(PartyId, Vec<PartyId>, Vec<u8>), UnexpectedLayout> {
    let bytes = serialize(aux_info)?;
    let (layout, public) =
        postcard::take_from_bytes::<AuxInfoLayout>(&bytes).map_err(|_| UnexpectedLayout)?;
    let (infos, rest) = postcard::take_from_bytes::<Vec<PublicAuxInfoLayout>>(public)
        .map_err(|_| UnexpectedLayout)?;
    let lengths = layout.prime_p.len() == 128
        && layout.prime_q.len() == 128
        && infos
            .iter()
            .all(|info| info.numbers.iter().all(|number| number.len() == 256));
    if !rest.is_empty() || !lengths {
        return Err(UnexpectedLayout);
    }
    let parties = infos.into_iter().map(|info| info.party).collect();
    Ok((layout.owner, parties, public.to_vec()))
}

/// Serializes a value that holds secrets: into memory of the right size, so that no copy is left
/// behind by a buffer that grew, and that is erased afterwards.
pub(super) fn serialize<T: Serialize>(value: &T) -> Result<Zeroizing<Vec<u8>>, UnexpectedLayout> {
    let size = postcard::ser_flavors::Size::default();
    let size = postcard::serialize_with_flavor(value, size).map_err(|_| UnexpectedLayout)?;
    let mut bytes = Zeroizing::new(vec![0; size]);
    let used = postcard::to_slice(value, &mut bytes)
        .map_err(|_| UnexpectedLayout)?
        .len();
    debug_assert_eq!(used, size);
    Ok(bytes)
}
