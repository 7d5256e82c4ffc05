//! Keeps a member's stake, and its `signing` key, within reach for as long as it holds a share.
//!
//! What a signer does is answered for with its validator's stake, and by its session key. So while the
//! validator holds a share of the network key, or is about to, or has to answer a challenge, these
//! transactions of its stash or controller are refused, with the code of a [`StakeTie`](signing_primitives::StakeTie):
//!
//! | call | what it would do |
//! | --- | --- |
//! | `staking.unbond`, `staking.withdrawUnbonded`, `staking.reapStash` | take stake away |
//! | `staking.chill`, `staking.chillOther`, `staking.nominate` | end its being a validator |
//! | `session.purgeKeys` | likewise |
//! | `session.setKeys` with another `signing` key | change the key that its reports and evidence go by |
//!
//! `signing.leaveCommittee` is the way out. What root does as root is not restricted; what it does as
//! another account (`sudo.sudoAs`) is. Staking's rules for chilling others whose stake is too low hold
//! as ever: it takes nothing away.
//!
//! A transaction in the pool is looked at again when it is to get into a block.

use crate::{AccountId, Runtime, RuntimeCall, RuntimeOrigin, Session, Signing};
use codec::{Decode, DecodeWithMemTracking, Encode};
use frame_support::{pallet_prelude::TransactionSource, traits::OriginTrait, weights::Weight};
use scale_info::TypeInfo;
use sp_runtime::{
    impl_tx_ext_default,
    traits::{DispatchInfoOf, StaticLookup, TransactionExtension, ValidateResult},
    transaction_validity::InvalidTransaction,
};

/// How deeply calls can be nested that are looked into; what is nested more deeply is refused.
const MAX_DEPTH: u32 = 8;

/// Refuses what would take a member's stake or key out of reach.
#[derive(
    Clone, Copy, Debug, Decode, DecodeWithMemTracking, Default, Encode, Eq, PartialEq, TypeInfo,
)]
pub struct GuardStake;

impl TransactionExtension<RuntimeCall> for GuardStake {
    const IDENTIFIER: &'static str = "GuardStake";
    type Implicit = ();
    type Val = ();
    type Pre = ();

    fn weight(&self, call: &RuntimeCall) -> Weight {
        match call {
            // Ledger, committee, phase, challenges, keys.
            RuntimeCall::Staking(_) | RuntimeCall::Session(_) | RuntimeCall::Sudo(_) => {
                <Runtime as frame_system::Config>::DbWeight::get().reads(6)
            }
            _ => Weight::zero(),
        }
    }

    fn validate(
        &self,
        origin: RuntimeOrigin,
        call: &RuntimeCall,
        _info: &DispatchInfoOf<RuntimeCall>,
        _len: usize,
        _self_implicit: Self::Implicit,
        _inherited_implication: &impl Encode,
        _source: TransactionSource,
    ) -> ValidateResult<Self::Val, RuntimeCall> {
        if let Some(who) = origin.as_signer() {
            check(who, call, 0)?;
        }
        Ok((Default::default(), (), origin))
    }

    impl_tx_ext_default!(RuntimeCall; prepare);
}

/// Whether `who` may make this call now, and the calls in it.
fn check(who: &AccountId, call: &RuntimeCall, depth: u32) -> Result<(), InvalidTransaction> {
    use pallet_session::Call::{purge_keys, set_keys};
    use pallet_staking::Call::{
        chill, chill_other, nominate, reap_stash, unbond, withdraw_unbonded,
    };
    use pallet_sudo::Call::{sudo, sudo_as, sudo_unchecked_weight};

    if depth > MAX_DEPTH {
        return Err(InvalidTransaction::ExhaustsResources);
    }
    let deeper = depth.saturating_add(1);
    match call {
        RuntimeCall::Staking(
            unbond { .. } | withdraw_unbonded { .. } | chill {} | nominate { .. },
        ) => check_stash(&stash_of(who)),
        RuntimeCall::Staking(chill_other { stash }) if *stash == stash_of(who) => {
            check_stash(stash)
        }
        RuntimeCall::Staking(reap_stash { stash, .. }) => check_stash(stash),
        RuntimeCall::Session(purge_keys {}) => check_stash(who),
        RuntimeCall::Session(set_keys { keys, .. })
            if Session::load_keys(who).is_none_or(|current| current.signing != keys.signing) =>
        {
            check_stash(who)
        }
        RuntimeCall::Sudo(sudo { call } | sudo_unchecked_weight { call, .. }) => {
            check(who, call, deeper)
        }
        RuntimeCall::Sudo(sudo_as { who, call }) => {
            // Whom nobody can name, nobody can act as.
            match <Runtime as frame_system::Config>::Lookup::lookup(who.clone()) {
                Ok(who) => check(&who, call, deeper),
                Err(_) => Ok(()),
            }
        }
        _ => Ok(()),
    }
}

fn check_stash(stash: &AccountId) -> Result<(), InvalidTransaction> {
    match Signing::stake_tie(stash) {
        Some(tie) => Err(InvalidTransaction::Custom(tie.code())),
        None => Ok(()),
    }
}

/// The stash that an account controls, or itself.
fn stash_of(who: &AccountId) -> AccountId {
    pallet_staking::Ledger::<Runtime>::get(who).map_or_else(|| who.clone(), |ledger| ledger.stash)
}
