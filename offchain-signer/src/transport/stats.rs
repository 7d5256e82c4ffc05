//! Counters of the mesh since its start.

use std::sync::atomic::{AtomicU64, Ordering};

/// What the mesh has done so far.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Stats {
    /// Bytes received in frames of authenticated connections, encrypted.
    pub bytes_in: u64,
    /// Bytes sent in frames of authenticated connections, encrypted.
    pub bytes_out: u64,
    /// Messages received whole.
    pub messages_in: u64,
    /// Messages handed to the operating system whole.
    pub messages_out: u64,
    /// Connections made, dialled or accepted.
    pub connections: u64,
    /// Those of them that came after the first with the same peer.
    pub reconnects: u64,
    /// Dials that failed.
    pub failed_dials: u64,
    /// Accepted WebSockets that did not become a connection: no or bad Noise, unknown, wrong
    /// direction, too slow, or pushed out by others.
    pub refused_handshakes: u64,
}

macro_rules! counters {
    ($($name:ident),*) => {
        /// The live counters behind [`Stats`].
        #[derive(Debug, Default)]
        pub(crate) struct Counters { $(pub(crate) $name: Counter),* }

        impl Counters {
            pub(crate) fn snapshot(&self) -> Stats {
                Stats { $($name: self.$name.0.load(Ordering::Relaxed)),* }
            }
        }
    };
}
counters!(
    bytes_in,
    bytes_out,
    messages_in,
    messages_out,
    connections,
    reconnects,
    failed_dials,
    refused_handshakes
);

/// A number that only grows. Relaxed: counters order nothing.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, n: usize) {
        self.0.fetch_add(n as u64, Ordering::Relaxed);
    }
}
