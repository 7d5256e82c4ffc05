//! So many at a time, for each key.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError, Weak},
};
use tokio::sync::Semaphore;

/// Hands out a semaphore for each key. Keys that nobody has a permit of, or waits for one, are forgotten.
pub(crate) struct PerKey<Key> {
    most: usize,
    keys: Mutex<HashMap<Key, Weak<Semaphore>>>,
}

impl<Key: Eq + Hash> PerKey<Key> {
    /// So many permits for each key.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            most,
            keys: Mutex::default(),
        }
    }

    /// The key's semaphore.
    pub(crate) fn of(&self, key: Key) -> Arc<Semaphore> {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        keys.retain(|_, of_key| of_key.strong_count() > 0);
        if let Some(of_key) = keys.get(&key).and_then(Weak::upgrade) {
            return of_key;
        }
        let of_key = Arc::new(Semaphore::new(self.most));
        keys.insert(key, Arc::downgrade(&of_key));
        of_key
    }

    /// How many keys are remembered.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.keys.lock().map_or(0, |keys| keys.len())
    }
}
