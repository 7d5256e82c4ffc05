//! How many orders of one relayer a signer works on.

use crate::chain::SignerId;
use std::{
    collections::{hash_map::Entry, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

/// More than this node can compute at a time, and far fewer than the requests that it takes: a relayer
/// that asks for sessions which nobody else opens must not be in the way of the others.
const EACH: usize = 32;

/// The orders in work, by the relayer that gave them.
#[derive(Debug, Default)]
pub(super) struct Orders(Arc<Mutex<HashMap<SignerId, usize>>>);

/// An order in work, until it is dropped.
#[derive(Debug)]
pub(super) struct InWork {
    orders: Arc<Mutex<HashMap<SignerId, usize>>>,
    relayer: SignerId,
}

impl Orders {
    /// None if there are too many of this relayer.
    pub(super) fn take(&self, relayer: &SignerId) -> Option<InWork> {
        let mut orders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = orders.entry(relayer.clone()).or_default();
        if *count == EACH {
            return None;
        }
        *count += 1;
        Some(InWork {
            orders: self.0.clone(),
            relayer: relayer.clone(),
        })
    }
}

impl Drop for InWork {
    fn drop(&mut self) {
        let mut orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        if let Entry::Occupied(mut count) = orders.entry(self.relayer.clone()) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sp_core::sr25519;

    #[test]
    fn one_relayer_leaves_room_for_the_others() {
        let relayer = |number| SignerId::from(sr25519::Public::from_raw([number; 32]));
        let orders = Orders::default();
        let mut held: Vec<_> = (0..EACH).map(|_| orders.take(&relayer(1))).collect();
        assert!(held.iter().all(Option::is_some));
        assert!(orders.take(&relayer(1)).is_none());
        assert!(orders.take(&relayer(2)).is_some());
        held.pop();
        assert!(orders.take(&relayer(1)).is_some());
        held.clear();
        assert!(orders.0.lock().is_ok_and(|orders| orders.is_empty()));
    }
}
