//! What becomes of those who are convicted: of cheating, or of accusing another falsely.
//!
//! A convict loses its seat or its standby's place, and gets no other in the era; it is slashed, and
//! makes no blocks in the era; in the era, and while the generation is in force, it can prove nothing
//! against others, and it does not get a seat back that it has lost.
//!
//! # Whose stake is liable
//! That of the current session, if the convict is a validator now. Who has left the validators answers
//! with the stake of the last session in which it was one, for as long as it can be accused: until the
//! second generation after it was a member is in force. Evidence does not say when the session was that
//! it is about, only in which generation.

use crate::{
    faults::Accused, Committee, Config, Conviction, Convictions, LastSessions, Offence, Pallet,
    Parameters, Phase, PreviousCommittee, ProvenCheaters, PunishOffender, Reports, SeatLoss,
    SigningKeys,
};
use frame_support::{defensive, traits::Get, BoundedBTreeSet};
use signing_primitives as primitives;
use sp_runtime::Perbill;

impl<T: Config> Pallet<T> {
    /// Whether a validator was convicted in this era, or while the generation in force was.
    pub(crate) fn is_convicted(validator: &T::AccountId) -> bool {
        Convictions::<T>::get()
            .get(validator)
            .is_some_and(Self::is_in_effect)
    }

    fn is_in_effect(conviction: &Conviction) -> bool {
        conviction.era == T::Era::get() || conviction.generation == Self::generation_in_force()
    }

    /// 0 before there is any.
    pub(crate) fn generation_in_force() -> u32 {
        Committee::<T>::get().map_or(0, |committee| committee.generation)
    }

    /// Takes from a validator what it has, and punishes it. Returns by how much.
    pub(crate) fn convict(
        validator: &T::AccountId,
        offence: Offence,
        prover: Option<&T::AccountId>,
    ) -> Perbill {
        let slash = Parameters::<T>::get().cheating_slash;
        // It has lost already what it could lose by them.
        Reports::<T>::remove(validator);
        match Self::standing(validator) {
            Some(Accused::Seated) => Self::lose_seat(validator.clone(), SeatLoss::Fault),
            Some(Accused::Standby) => Self::dismiss_standby(validator.clone()),
            None => {}
        }
        Self::bar([validator.clone()]);
        Self::remember_conviction(validator, slash);
        let session = LastSessions::<T>::get()
            .get(validator)
            .copied()
            .unwrap_or_else(T::Punish::session);
        T::Punish::punish(validator, session, offence, slash, prover);
        slash
    }

    fn remember_conviction(validator: &T::AccountId, slash: Perbill) {
        let conviction = Conviction {
            era: T::Era::get(),
            generation: Self::generation_in_force(),
            slash,
        };
        Convictions::<T>::mutate(|all| {
            if !all.contains_key(validator) && all.len() >= T::MaxValidators::get() as usize {
                // Room for it: one whose conviction is of no effect any more is forgiven; there is one,
                // unless all validators of an era were convicted. Then it is the oldest.
                let oldest = all
                    .iter()
                    .min_by_key(|(_, conviction)| (Self::is_in_effect(conviction), conviction.era))
                    .map(|(validator, _)| validator.clone());
                if let Some(oldest) = oldest {
                    all.remove(&oldest);
                }
            }
            if all.try_insert(validator.clone(), conviction).is_err() {
                defensive!("there is room for another");
            }
        });
    }

    /// Drops what can be of no effect any more.
    pub(crate) fn forget_convictions() {
        let previous = Self::generation_in_force().saturating_sub(1);
        let mut proven = ProvenCheaters::<T>::get().into_inner();
        let before = proven.len();
        proven.retain(|(generation, _)| *generation >= previous);
        if proven.len() != before {
            ProvenCheaters::<T>::set(BoundedBTreeSet::try_from(proven).unwrap_or_default());
        }
        let mut convictions = Convictions::<T>::get();
        let before = convictions.len();
        convictions.retain(|_, conviction| Self::is_in_effect(conviction));
        if convictions.len() != before {
            Convictions::<T>::put(convictions);
        }
        let mut sessions = LastSessions::<T>::get();
        let before = sessions.len();
        sessions.retain(|validator, _| {
            !SigningKeys::<T>::contains_key(validator) && Self::is_accountable(validator)
        });
        if sessions.len() != before {
            LastSessions::<T>::put(sessions);
        }
    }

    /// A session that begins with other validators, or with other keys of one of them, lets all make
    /// blocks again. Those that were convicted in this era shall not.
    pub(crate) fn disable_convicts() {
        let era = T::Era::get();
        for (validator, conviction) in Convictions::<T>::get() {
            if conviction.era == era && SigningKeys::<T>::contains_key(&validator) {
                T::Punish::disable(&validator, conviction.slash);
            }
        }
    }

    /// Keeps in mind which was the last session of a validator that leaves, if it can be accused of
    /// something still. The session that follows it has begun already.
    pub(crate) fn note_last_session(validator: &T::AccountId) {
        if !Self::is_accountable(validator) {
            return;
        }
        let session = T::Punish::session().saturating_sub(1);
        let noted = LastSessions::<T>::try_mutate(|all| {
            // Before another comes: those of the last session may be accountable no more.
            all.retain(|validator, _| Self::is_accountable(validator));
            all.try_insert(validator.clone(), session)
        });
        if noted.is_err() {
            defensive!("no more are accountable than there are members");
        }
    }

    /// Whether a validator is or was a member of a generation in whose sessions it can be shown to have
    /// cheated, or is to be one.
    fn is_accountable(validator: &T::AccountId) -> bool {
        let to_be = match Phase::<T>::get() {
            primitives::Phase::Keygen(attempt) => attempt.members,
            primitives::Phase::Resharing(attempt) => attempt.members,
            _ => Default::default(),
        };
        let was = PreviousCommittee::<T>::get().map(|committee| committee.members);
        Self::holds_share(validator)
            || was
                .into_iter()
                .flatten()
                .chain(to_be)
                .any(|member| member.validator == *validator)
    }
}
