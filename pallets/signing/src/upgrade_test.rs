//! What an upgrade of a live network is tested with: a runtime that keeps the index of the next
//! registration in eight bytes, and the migration to it. Only in builds with the feature
//! `upgrade-test`, which are never for use.

use crate::{Config, NextIndex, Pallet};
use core::marker::PhantomData;
use frame_support::{
    migrations::VersionedMigration,
    traits::{Get, UncheckedOnRuntimeUpgrade},
    weights::Weight,
};

/// From storage version 1 to 2.
pub type Migration<T> =
    VersionedMigration<1, 2, WidenNextIndex<T>, Pallet<T>, <T as frame_system::Config>::DbWeight>;

/// Keeps [`NextIndex`] in eight bytes. It was four.
pub struct WidenNextIndex<T>(PhantomData<T>);

impl<T: Config> UncheckedOnRuntimeUpgrade for WidenNextIndex<T> {
    fn on_runtime_upgrade() -> Weight {
        let widened = NextIndex::<T>::translate::<u32, _>(|index| index.map(u64::from));
        if widened.is_err() {
            log::error!(target: "runtime::signing", "the next index is not as it was before version 2");
        }
        T::DbWeight::get().reads_writes(1, 1)
    }
}
