//! How long to wait before the next dial.

use rand::Rng;
use std::time::Duration;

/// Pauses that double from the shortest to the longest, each shortened at random by up to a half, so
/// that nodes which lost the same peer at once do not come back at once.
#[derive(Debug)]
pub(crate) struct Backoff {
    min: Duration,
    max: Duration,
    next: Duration,
}

impl Backoff {
    pub(crate) fn new(min: Duration, max: Duration) -> Self {
        Self {
            min,
            max,
            next: min,
        }
    }

    /// The pause to make now; the one after will be longer.
    pub(crate) fn pause(&mut self, rng: &mut impl Rng) -> Duration {
        let pause = self.next.min(self.max);
        self.next = pause.saturating_mul(2);
        pause.mul_f64(rng.gen_range(0.5..=1.0))
    }

    /// A connection was good: start again with the shortest pause.
    pub(crate) fn reset(&mut self) {
        self.next = self.min;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest_and_vary() {
        let (min, max) = (Duration::from_millis(100), Duration::from_secs(5));
        let mut backoff = Backoff::new(min, max);
        let mut rng = rand::thread_rng();
        for expected in [100, 200, 400, 800, 1600, 3200, 5000, 5000] {
            let pause = backoff.pause(&mut rng).as_millis();
            assert!(
                (expected / 2..=expected).contains(&pause),
                "{pause} for {expected}"
            );
        }
        backoff.reset();
        assert!(backoff.pause(&mut rng) <= min);

        let pauses = |_| Backoff::new(min, max).pause(&mut rand::thread_rng());
        let distinct: std::collections::BTreeSet<_> = (0..20).map(pauses).collect();
        assert!(distinct.len() > 1, "no jitter");
    }
}
