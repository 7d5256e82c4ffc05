//! What a store holds, without its secrets.

use super::{slots::Slot, KeyStore, KeyStoreError};
use crate::protocol::{KeyMaterial, PartyId, PreparedAuxInfo};
use signing_primitives::{VerifyingKey, X25519PublicKey};
use sp_core::H256;
use std::collections::BTreeSet;

/// Key material without its secrets.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Summary {
    /// The attempt it comes from.
    pub attempt: u32,
    /// The generation, if it is active.
    pub generation: Option<u32>,
    /// Whose it is.
    pub owner: PartyId,
    /// The network key.
    pub verifying_key: VerifyingKey,
    /// All who hold shares.
    pub members: BTreeSet<PartyId>,
    /// How many of them it takes to sign.
    pub threshold: usize,
    /// BLAKE2-256 of the public shares and the public auxiliary information.
    pub commitment: H256,
}

/// Auxiliary information without its secrets.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AuxInfoSummary {
    /// The attempt it comes from.
    pub attempt: u32,
    /// Whose it is.
    pub owner: PartyId,
    /// All who have made it together.
    pub parties: BTreeSet<PartyId>,
}

/// A store, or the backup of one, without its secrets.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Overview {
    /// The chain.
    pub genesis_hash: H256,
    /// The node's x25519 key.
    pub x25519_public: X25519PublicKey,
    /// Key material: active first, then pending, each ascending.
    pub shares: Vec<Summary>,
    /// Auxiliary information that was made ahead of time.
    pub aux_info: Vec<AuxInfoSummary>,
    /// How many reports wait for the chain to have them.
    pub reports: usize,
}

impl Summary {
    pub(super) fn of(generation: Option<u32>, material: &KeyMaterial) -> Self {
        Self {
            attempt: material.attempt(),
            generation,
            owner: material.owner().clone(),
            verifying_key: material.verifying_key(),
            members: material.members().clone(),
            threshold: material.threshold(),
            commitment: material.commitment(),
        }
    }
}

impl From<&PreparedAuxInfo> for AuxInfoSummary {
    fn from(info: &PreparedAuxInfo) -> Self {
        Self {
            attempt: info.attempt(),
            owner: info.owner().clone(),
            parties: info.parties().clone(),
        }
    }
}

impl KeyStore {
    /// All key material, without its secrets: active first, then pending, each ascending.
    pub fn list(&self) -> Result<Vec<Summary>, KeyStoreError> {
        let active = self.read_all(Slot::Active)?;
        let pending = self.read_all(Slot::Pending)?;
        let active = active
            .iter()
            .map(|(g, material)| Summary::of(Some(*g), material));
        let pending = pending
            .iter()
            .map(|(_, material)| Summary::of(None, material));
        Ok(active.chain(pending).collect())
    }
}
