//! How many connections there may be, in all and from one address.

use crate::remote::network_of;
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Counts connections by the network that they come from.
#[derive(Clone)]
pub(super) struct Slots {
    taken: Arc<Mutex<Taken>>,
    most: usize,
    per_network: usize,
    on_loopback: usize,
}

#[derive(Default)]
struct Taken {
    total: usize,
    by_network: HashMap<IpAddr, usize>,
}

/// The right to one connection, until it is dropped.
pub(super) struct Slot {
    slots: Slots,
    network: IpAddr,
}

impl Slots {
    /// So many in all, from one network, and from this machine.
    pub(super) fn new(most: usize, per_network: usize, on_loopback: usize) -> Self {
        Self {
            taken: Arc::default(),
            most,
            per_network,
            on_loopback,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        // Nothing panics while it holds the lock.
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A slot for a connection from `remote`, unless there are as many as there may be.
    pub(super) fn take(&self, remote: IpAddr) -> Option<Slot> {
        let network = network_of(remote);
        let limit = if network.is_loopback() {
            self.on_loopback
        } else {
            self.per_network
        };
        let mut taken = self.lock();
        let of_network = taken.by_network.get(&network).copied().unwrap_or(0);
        if taken.total >= self.most || of_network >= limit {
            return None;
        }
        taken.total += 1;
        taken.by_network.insert(network, of_network + 1);
        Some(Slot {
            slots: self.clone(),
            network,
        })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut taken = self.slots.lock();
        taken.total = taken.total.saturating_sub(1);
        if let Some(count) = taken.by_network.get_mut(&self.network) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                taken.by_network.remove(&self.network);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn one_network_leaves_room_for_others() {
        let slots = Slots::new(4, 2, 3);
        let first = slots.take(ip("2001:db8::1")).unwrap();
        let second = slots.take(ip("2001:db8::ffff:2")).unwrap();
        assert!(slots.take(ip("2001:db8::3")).is_none(), "the same /64");
        let other = slots.take(ip("2001:db8:0:1::1")).unwrap();
        drop(first);
        let again = slots.take(ip("2001:db8::3")).unwrap();
        // All are taken, then.
        let v4 = slots.take(ip("10.0.0.1")).unwrap();
        assert!(slots.take(ip("10.0.0.2")).is_none());
        drop((second, other, again, v4));
        let taken = slots.lock();
        assert_eq!((taken.total, taken.by_network.len()), (0, 0));
    }

    #[test]
    fn mapped_and_loopback_addresses() {
        let slots = Slots::new(100, 1, 2);
        let _mapped = slots.take(ip("::ffff:10.0.0.1")).unwrap();
        assert!(slots.take(ip("10.0.0.1")).is_none());
        for local in ["127.0.0.1", "::1"] {
            let two = (slots.take(ip(local)), slots.take(ip(local)));
            assert!(two.0.is_some() && two.1.is_some(), "{local}");
            assert!(slots.take(ip(local)).is_none(), "{local}");
        }
        let _mapped_local = slots.take(ip("::ffff:127.0.0.1")).unwrap();
    }
}
