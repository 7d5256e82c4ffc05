//! Keeps what came of compiling programs, the most recently used of them.

use std::{collections::HashMap, sync::Arc};

use super::{CompiledProgram, Limits, ProgramError};
use crate::chain::ProgramKey;

/// What came of compiling: bad modules are remembered too, or each request for one would cost as
/// much as the first.
pub(super) type Compiled = Result<Arc<CompiledProgram>, ProgramError>;

/// The most recently used programs, bounded in number and in length of their bytecodes.
pub(super) struct Cache {
    entries: HashMap<ProgramKey, Entry>,
    bytecode_len: usize,
    clock: u64,
    max_entries: usize,
    max_bytecode_len: usize,
}

struct Entry {
    compiled: Compiled,
    bytecode_len: usize,
    used: u64,
}

impl Cache {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            entries: HashMap::new(),
            bytecode_len: 0,
            clock: 0,
            max_entries: limits.cached_programs,
            max_bytecode_len: limits.cached_bytecode,
        }
    }

    pub(super) fn get(&mut self, key: &ProgramKey) -> Option<Compiled> {
        self.clock += 1;
        let entry = self.entries.get_mut(key)?;
        entry.used = self.clock;
        Some(entry.compiled.clone())
    }

    /// How many programs are kept, and how long their bytecodes are together.
    pub(super) fn size(&self) -> (usize, usize) {
        (self.entries.len(), self.bytecode_len)
    }

    /// Inserts, and drops the least recently used until all fits. Programs in use live on until
    /// their evaluations end.
    pub(super) fn insert(&mut self, key: ProgramKey, compiled: Compiled, bytecode_len: usize) {
        self.clock += 1;
        self.remove(&key);
        self.entries.insert(
            key,
            Entry {
                compiled,
                bytecode_len,
                used: self.clock,
            },
        );
        self.bytecode_len += bytecode_len;
        while self.entries.len() > self.max_entries || self.bytecode_len > self.max_bytecode_len {
            // A scan: the entries are few, and a compilation has just cost far more.
            let oldest = self.entries.iter().min_by_key(|(_, entry)| entry.used);
            let Some(oldest) = oldest.map(|(key, _)| *key) else {
                break;
            };
            self.remove(&oldest);
        }
    }

    fn remove(&mut self, key: &ProgramKey) {
        if let Some(entry) = self.entries.remove(key) {
            self.bytecode_len -= entry.bytecode_len;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: u8) -> ProgramKey {
        ProgramKey::repeat_byte(n)
    }

    fn cache(max_entries: usize, max_bytecode_len: usize) -> Cache {
        let limits = Limits {
            cached_programs: max_entries,
            cached_bytecode: max_bytecode_len,
            ..Limits::default()
        };
        Cache::new(&limits)
    }

    fn kept(cache: &Cache) -> Vec<u8> {
        let mut kept: Vec<_> = cache.entries.keys().map(|key| key.0[0]).collect();
        kept.sort();
        kept
    }

    #[test]
    fn the_least_recently_used_goes_first() {
        let mut cache = cache(2, 100);
        cache.insert(key(1), Err(ProgramError::AbiVersion), 1);
        cache.insert(key(2), Err(ProgramError::AbiVersion), 1);
        assert!(cache.get(&key(1)).is_some());
        cache.insert(key(3), Err(ProgramError::AbiVersion), 1);
        assert_eq!(kept(&cache), [1, 3]);
        assert!(cache.get(&key(2)).is_none());
    }

    #[test]
    fn the_sum_of_lengths_is_bounded() {
        let mut cache = cache(100, 10);
        for n in 0..5 {
            cache.insert(key(n), Err(ProgramError::AbiVersion), 4);
        }
        assert_eq!(kept(&cache), [3, 4]);
        assert_eq!(cache.bytecode_len, 8);
        // Longer than all that may be kept: it is compiled each time.
        cache.insert(key(9), Err(ProgramError::AbiVersion), 11);
        assert_eq!(kept(&cache), [0u8; 0]);
        assert_eq!(cache.bytecode_len, 0);
    }

    #[test]
    fn a_program_inserted_twice_counts_once() {
        let mut cache = cache(100, 10);
        cache.insert(key(1), Err(ProgramError::AbiVersion), 4);
        cache.insert(key(1), Err(ProgramError::AbiVersion), 4);
        assert_eq!(cache.bytecode_len, 4);
    }
}
