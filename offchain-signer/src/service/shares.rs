//! The shares of the network key that this node signs with: of the generation in force, and of its
//! neighbours for as long as others may ask for those.
//!
//! ```text
//!                    best block           final block              some blocks later
//! pending share ─────► used, in memory ─────► promoted on disk
//! share of the generation before, or of a node that is no member any more ─────► erased
//! ```
//! Two nodes may differ by a block or two in what they take for final. A request names the
//! generation that its relayer saw, so for a while a signer must be able to use either.

use super::attempt::{accounts, chain_of, Node};
use crate::{
    chain::{AccountId, BlockNumber, Committee, Heads, NetworkState, SignerId, WatchChain},
    key_store::KeyStoreError,
    protocol::KeyMaterial,
};
use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

/// Finalized blocks for which the share of the generation before is kept. What relayers have begun
/// takes half a minute at most, and no two nodes should be further apart than the rest.
const KEPT_FOR: BlockNumber = 10;

/// A share of the network key, and who holds the others.
#[derive(Clone, Debug)]
pub(super) struct Share {
    pub(super) material: Arc<KeyMaterial>,
    /// The committee, as it was when the chain was looked at last.
    pub(super) committee: Arc<Committee>,
}

impl Share {
    /// The members by account: the mesh knows them so.
    pub(super) fn accounts(&self) -> BTreeMap<AccountId, SignerId> {
        accounts(&self.committee.members)
    }
}

/// The shares in use, by generation.
#[derive(Debug, Default)]
pub(super) struct Shares(RwLock<BTreeMap<u32, Share>>);

impl Shares {
    pub(super) fn of_generation(&self, generation: u32) -> Option<Share> {
        let shares = self.0.read().unwrap_or_else(PoisonError::into_inner);
        shares.get(&generation).cloned()
    }

    /// The committees of all of them.
    fn committees(&self) -> Vec<Arc<Committee>> {
        let shares = self.0.read().unwrap_or_else(PoisonError::into_inner);
        shares
            .values()
            .map(|share| share.committee.clone())
            .collect()
    }

    fn change(&self, change: impl FnOnce(&mut BTreeMap<u32, Share>)) {
        change(&mut self.0.write().unwrap_or_else(PoisonError::into_inner));
    }
}

/// Sees to it that this node signs with the shares that the chain says, and has no others.
pub(super) struct ShareKeeper<C> {
    node: Node<C>,
    shares: Arc<Shares>,
    /// The generation in force, and the finalized block at which this node has first seen it so.
    since: Option<(u32, BlockNumber)>,
    complained: Option<u32>,
}

impl<C: WatchChain> ShareKeeper<C> {
    pub(super) fn new(node: Node<C>, shares: Arc<Shares>) -> Self {
        Self {
            node,
            shares,
            since: None,
            complained: None,
        }
    }

    /// Looks at the chain: what is in force at the finalized block is promoted, what is at the best
    /// block is used.
    pub(super) fn follow(&mut self, heads: &Heads, finalized: &NetworkState, best: &NetworkState) {
        let Some(in_force) = &finalized.committee else {
            return;
        };
        if self.since.map(|(generation, _)| generation) != Some(in_force.generation) {
            self.since = Some((in_force.generation, heads.finalized.number));
            self.forget_failed_before(in_force.attempt);
        }
        self.use_final(in_force);
        match &best.committee {
            Some(next) if next.generation > in_force.generation => self.use_next(next),
            _ => {}
        }
        self.erase_old(heads.finalized.number, in_force);
    }

    /// The committees that this node may have to sign with.
    pub(super) fn committees(&self) -> Vec<Arc<Committee>> {
        self.shares.committees()
    }

    /// Erases the shares of attempts that failed: nobody will ever need them.
    fn forget_failed_before(&self, attempt: u32) {
        let before = attempt.saturating_sub(1);
        if let Err(error) = self.node.key_store.discard_pending_up_to(before) {
            tracing::error!(error = %chain_of(&error), "could not tidy the key store");
        }
    }

    /// The finalized committee has a key: promote this node's share of it, and sign with it.
    fn use_final(&mut self, committee: &Committee) {
        if self.node.among(&committee.members).is_none() {
            return;
        }
        let generation = committee.generation;
        match self.promoted(committee) {
            Ok(Some(material)) => self.sign_with(committee, material),
            Ok(None) if self.complained != Some(generation) => {
                self.complained = Some(generation);
                tracing::error!(
                    generation,
                    "this node is a member of the committee, but its key store holds no share of \
                     this generation: if there is a backup of this generation, stop the node and \
                     restore it with `signing-node signer import`; if not, the network replaces this \
                     member"
                );
            }
            Ok(None) => {}
            Err(error) => {
                tracing::error!(error = %chain_of(&error), "cannot use the key store");
            }
        }
    }

    /// The share of the committee in force, active in the key store.
    fn promoted(&self, committee: &Committee) -> Result<Option<Arc<KeyMaterial>>, KeyStoreError> {
        let (generation, store) = (committee.generation, &self.node.key_store);
        let fits = |material: &KeyMaterial| material.commitment() == committee.commitment;
        if let Some(material) = store.active(generation) {
            return Ok(Some(material).filter(|material| fits(material)));
        }
        match store.pending(committee.attempt)? {
            Some(material) if fits(&material) => {
                store.promote(committee.attempt, generation)?;
                tracing::info!(generation, "holding a share of the network key");
                Ok(store.active(generation))
            }
            _ => Ok(None),
        }
    }

    /// A newer committee is in force at the best block: others may see that as final already.
    fn use_next(&self, committee: &Committee) {
        let known = self.shares.of_generation(committee.generation);
        if self.node.among(&committee.members).is_none()
            || known.is_some_and(|share| share.material.commitment() == committee.commitment)
        {
            return;
        }
        match self.node.key_store.pending(committee.attempt) {
            Ok(Some(material)) if material.commitment() == committee.commitment => {
                self.sign_with(committee, Arc::new(material));
            }
            Ok(_) => {}
            Err(error) => {
                tracing::error!(error = %chain_of(&error), "cannot use the key store");
            }
        }
    }

    fn sign_with(&self, committee: &Committee, material: Arc<KeyMaterial>) {
        let share = Share {
            material,
            committee: Arc::new(committee.clone()),
        };
        self.shares.change(|shares| {
            shares.insert(committee.generation, share);
        });
    }

    /// Erases the shares of older generations, when nobody should ask for them any more.
    fn erase_old(&self, finalized: BlockNumber, in_force: &Committee) {
        let generation = in_force.generation;
        let due = self
            .since
            .is_some_and(|(_, since)| finalized >= since.saturating_add(KEPT_FOR));
        let store = &self.node.key_store;
        // A member without its share is in trouble, and should not be in more.
        let trouble =
            self.node.among(&in_force.members).is_some() && store.active(generation).is_none();
        if !due || trouble {
            return;
        }
        self.shares
            .change(|shares| shares.retain(|held, _| *held >= generation));
        if store.oldest().is_none_or(|oldest| oldest >= generation) {
            return;
        }
        match store.erase_below(generation) {
            Ok(()) => tracing::info!(generation, "erased the shares of older generations"),
            Err(error) => {
                tracing::error!(error = %chain_of(&error), "could not erase old shares");
            }
        }
    }
}
