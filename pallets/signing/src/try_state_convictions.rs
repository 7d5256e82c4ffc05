//! What must hold of convictions after every block.

use crate::{
    try_state::try_state_members, Committee, Config, Convictions, LastSessions, LostSeats, Pallet,
    PreviousCommittee, ProvenCheaters, ReviewDue, SigningKeys, Standbys,
};
use frame_support::{ensure, traits::Get};
use sp_runtime::{
    traits::{One, Saturating},
    TryRuntimeError,
};

impl<T: Config> Pallet<T> {
    pub(crate) fn try_state_convictions() -> Result<(), TryRuntimeError> {
        let (current, previous) = (Committee::<T>::get(), PreviousCommittee::<T>::get());
        if let Some(previous) = &previous {
            try_state_members::<T>(&previous.members, previous.threshold)?;
            ensure!(
                previous.generation.checked_add(1) == Some(Self::generation_in_force()),
                "the previous generation is the one before"
            );
        }
        ensure!(
            ProvenCheaters::<T>::get()
                .iter()
                .all(|(generation, cheater)| {
                    [&current, &previous]
                        .into_iter()
                        .flatten()
                        .filter(|committee| committee.generation == *generation)
                        .any(|committee| committee.members.iter().any(|m| m.validator == *cheater))
                }),
            "members of known generations were proven to cheat"
        );
        let now = frame_system::Pallet::<T>::block_number();
        ensure!(
            LastSessions::<T>::get()
                .keys()
                .all(|validator| !SigningKeys::<T>::contains_key(validator)),
            "who is a validator answers with its present stake"
        );
        let (lost, standbys) = (LostSeats::<T>::get(), Standbys::<T>::get());
        for (convict, conviction) in Convictions::<T>::get() {
            if conviction.era == T::Era::get() {
                ensure!(
                    Self::barred().contains(&convict),
                    "convicts are barred for the era"
                );
                ensure!(
                    ReviewDue::<T>::exists() || !standbys.contains(&convict),
                    "convicts are no standbys"
                );
            }
            if conviction.generation == Self::generation_in_force() {
                let sits = current
                    .as_ref()
                    .is_some_and(|committee| committee.sitting().any(|m| m.validator == convict));
                // This block takes a seat that the one before decided on after its session has begun.
                let loses = lost
                    .get(&convict)
                    .is_some_and(|lost| lost.at.saturating_add(One::one()) >= now);
                ensure!(!sits || loses, "convicts do not sit");
            }
        }
        Ok(())
    }
}
