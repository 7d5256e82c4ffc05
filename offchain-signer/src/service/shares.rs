//! The key shares that this node signs with now.

use crate::{
    chain::{AccountId, SignerId},
    protocol::KeyMaterial,
};
use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

/// A share of the network key, and who holds the others.
#[derive(Clone, Debug)]
pub(super) struct Share {
    pub(super) generation: u32,
    pub(super) material: Arc<KeyMaterial>,
    /// The members by account: the mesh knows them so.
    pub(super) accounts: BTreeMap<AccountId, SignerId>,
}

/// The share in use. Resharing will keep two generations here, side by side.
#[derive(Debug, Default)]
pub(super) struct Shares(RwLock<Option<Share>>);

impl Shares {
    pub(super) fn of_generation(&self, generation: u32) -> Option<Share> {
        let share = self.0.read().unwrap_or_else(PoisonError::into_inner);
        share
            .as_ref()
            .filter(|share| share.generation == generation)
            .cloned()
    }

    pub(super) fn use_share(&self, share: Share) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(share);
    }
}
