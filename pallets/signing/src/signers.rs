//! Announcements: how a validator's signer becomes eligible for the committee.

use crate::{
    primitives,
    session_key_calls::{refusal, Authorization},
    AnnouncementOf, Barred, Committee, Config, Error, Event, Excluded, ExcludedAt, KeyOwners,
    Pallet, Parameters, Phase, Signers,
};
use codec::Encode;
use frame_support::{dispatch::DispatchResult, ensure};
use primitives::{is_plausible_endpoint, SignerInfo, SignerSignature};
use sp_runtime::{traits::Saturating, SaturatedConversion};

impl<T: Config> Pallet<T> {
    /// Decides whether the pool, and a block, may take an announcement.
    pub(crate) fn authorize_announcement(
        announcement: &AnnouncementOf<T>,
        signature: &SignerSignature,
    ) -> Authorization {
        Self::check_announcement(announcement).map_err(refusal)?;
        let payload = primitives::announcement_payload(Self::genesis_hash(), announcement);
        Self::verify(&announcement.signing_key, &payload, signature)?;

        let window = Parameters::<T>::get().freshness_window;
        Self::admit(
            (b"announce-signer", &announcement.signing_key).encode(),
            // The newer announcement of a key is the one that counts.
            announcement.at.saturated_into(),
            announcement.at.saturating_add(window),
        )
    }

    /// Finds the validator that may make this announcement now. Leaves out the signature.
    fn check_announcement(announcement: &AnnouncementOf<T>) -> Result<T::AccountId, Error<T>> {
        let validator =
            KeyOwners::<T>::get(&announcement.signing_key).ok_or(Error::NotACurrentKey)?;
        let now = frame_system::Pallet::<T>::block_number();
        let window = Parameters::<T>::get().freshness_window;
        ensure!(
            announcement.at.saturating_add(window) >= now,
            Error::AnnouncementExpired
        );
        // The signer's node may be a little ahead of this one.
        ensure!(
            announcement.at <= now.saturating_add(window),
            Error::AnnouncementFromFuture
        );
        if let Some(earlier) = Signers::<T>::get(&validator) {
            ensure!(
                announcement.at > earlier.announced_at,
                Error::AnnouncementNotNewer
            );
        }
        ensure!(
            is_plausible_endpoint(&announcement.endpoint),
            Error::InvalidEndpoint
        );
        Ok(validator)
    }

    /// Stores an announcement.
    pub(crate) fn do_announce_signer(announcement: AnnouncementOf<T>) -> DispatchResult {
        let validator = Self::check_announcement(&announcement)?;
        let AnnouncementOf::<T> {
            endpoint,
            x25519,
            at,
            ..
        } = announcement;
        Signers::<T>::insert(
            &validator,
            SignerInfo {
                endpoint,
                x25519,
                announced_at: at,
            },
        );
        // It says that it is there, so it is a candidate again. Not in the block in which it was passed
        // over: the block's author could have put that first, to be chosen before any other can answer.
        let now = frame_system::Pallet::<T>::block_number();
        if Excluded::<T>::get().contains(&validator) && ExcludedAt::<T>::get() != Some(now) {
            Excluded::<T>::mutate(|excluded| excluded.remove(&validator));
        }
        Self::take_back(&validator);
        Self::deposit_event(Event::SignerAnnounced { validator });
        Self::schedule_draw(now);
        if Committee::<T>::exists() {
            Self::review_later();
        }
        Ok(())
    }

    /// Gives a member its seat back that lost it without proof, if the others are too few to sign: now
    /// that it says that it is there, it is better than nobody. Who was convicted does not get it back.
    fn take_back(validator: &T::AccountId) {
        if Phase::<T>::get() != primitives::Phase::Degraded || Self::is_convicted(validator) {
            return;
        }
        let Some(mut committee) = Committee::<T>::get() else {
            return;
        };
        if !committee.expelled.contains(validator) {
            return;
        }
        committee.expelled.retain(|expelled| expelled != validator);
        Committee::<T>::put(committee);
        Barred::<T>::mutate(|barred| barred.validators.remove(validator));
        Self::deposit_event(Event::SeatRegained {
            validator: validator.clone(),
        });
    }
}
