//! Randomness for steps that need none unless they go astray.

use rand_core::{CryptoRng, Error, RngCore};
use std::panic::resume_unwind;

/// Whoever wants some is unwound from there. No panic is told: nothing is wrong.
#[derive(Default)]
pub(super) struct NoRandomness {
    /// Whether any was wanted.
    pub(super) wanted: bool,
}

impl NoRandomness {
    fn stop(&mut self) -> ! {
        self.wanted = true;
        resume_unwind(Box::new("no randomness"))
    }
}

impl CryptoRng for NoRandomness {}

impl RngCore for NoRandomness {
    fn next_u32(&mut self) -> u32 {
        self.stop()
    }

    fn next_u64(&mut self) -> u64 {
        self.stop()
    }

    fn fill_bytes(&mut self, _: &mut [u8]) {
        self.stop()
    }

    fn try_fill_bytes(&mut self, _: &mut [u8]) -> Result<(), Error> {
        self.stop()
    }
}
