//! Looks for many secrets at once, in all the forms in which bytes are usually written.

use base64::engine::{
    general_purpose::{STANDARD, URL_SAFE},
    Engine,
};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// How much of a secret in one piece counts as the secret, bytes.
const WINDOW: usize = 16;
/// In base64 as much as ends with a whole group: 20 characters.
const BASE64_WINDOW: usize = 15;
/// By this much of its beginning a pattern is looked up.
const PREFIX: usize = 8;
/// A window with fewer different bytes may be anything, such as padding.
const LEAST_VARIETY: usize = 8;
/// Slots of the filter that most positions do not get past.
const FILTER: usize = 1 << 20;

/// Byte strings to look for, each under a label.
pub struct Needles {
    patterns: HashMap<[u8; PREFIX], Vec<Pattern>>,
    filter: Vec<bool>,
}

struct Pattern {
    label: String,
    form: &'static str,
    bytes: Vec<u8>,
}

/// What was found, by label and form: in which places, and at which byte of each first.
pub type Found = BTreeMap<(String, &'static str), BTreeMap<String, usize>>;

impl Default for Needles {
    fn default() -> Self {
        Self {
            patterns: HashMap::new(),
            filter: vec![false; FILTER],
        }
    }
}

impl Needles {
    /// Looks for every piece of `secret` of 16 bytes (15 in base64): as it is and backwards, raw, in
    /// hex, in base64, and as a list of decimal numbers.
    ///
    /// # Panics
    /// If it has no such piece.
    pub fn add(&mut self, label: &str, secret: &[u8]) {
        let backwards: Vec<u8> = secret.iter().rev().copied().collect();
        let mut any = false;
        for bytes in [secret, &backwards] {
            for window in bytes.windows(WINDOW).filter(|window| is_varied(window)) {
                any = true;
                self.pattern(label, "raw", window.to_vec());
                self.pattern(label, "hex", hex::encode(window).into());
                self.pattern(label, "hex", hex::encode_upper(window).into());
                self.pattern(label, "decimal", decimal(window, ","));
                self.pattern(label, "decimal", decimal(window, ", "));
            }
            for window in bytes.windows(BASE64_WINDOW).filter(|w| is_varied(w)) {
                self.pattern(label, "base64", STANDARD.encode(window).into());
                self.pattern(label, "base64", URL_SAFE.encode(window).into());
            }
        }
        assert!(any, "{label} is too short or too plain to be looked for");
    }

    fn pattern(&mut self, label: &str, form: &'static str, bytes: Vec<u8>) {
        let Some(prefix) = bytes.first_chunk::<PREFIX>() else {
            return;
        };
        if let Some(slot) = self.filter.get_mut(slot(prefix)) {
            *slot = true;
        }
        self.patterns.entry(*prefix).or_default().push(Pattern {
            label: label.into(),
            form,
            bytes,
        });
    }

    /// Adds what `haystack` holds to `found`.
    pub fn find(&self, place: &str, haystack: &[u8], found: &mut Found) {
        for (offset, prefix) in haystack.windows(PREFIX).enumerate() {
            let Some(prefix) = prefix.first_chunk::<PREFIX>() else {
                continue;
            };
            if !self.filter.get(slot(prefix)).copied().unwrap_or_default() {
                continue;
            }
            let rest = haystack.get(offset..).unwrap_or_default();
            for pattern in self.patterns.get(prefix).into_iter().flatten() {
                if rest.starts_with(&pattern.bytes) {
                    found
                        .entry((pattern.label.clone(), pattern.form))
                        .or_default()
                        .entry(place.to_owned())
                        .or_insert(offset);
                }
            }
        }
    }
}

fn slot(prefix: &[u8; PREFIX]) -> usize {
    let hash = u64::from_le_bytes(*prefix).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (hash >> 44) as usize
}

fn is_varied(window: &[u8]) -> bool {
    window.iter().collect::<BTreeSet<_>>().len() >= LEAST_VARIETY
}

fn decimal(bytes: &[u8], between: &str) -> Vec<u8> {
    let numbers: Vec<String> = bytes.iter().map(u8::to_string).collect();
    numbers.join(between).into()
}
