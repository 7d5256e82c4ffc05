//! What must hold of the state after every block. Reads all of it: for tests and `try-runtime`.

use crate::{
    primitives, BalanceOf, Bytecodes, Committee, CommitteeMemberOf, Config, DrawAt, Excluded,
    FormerMembers, HoldReason, KeyOwners, LastAttempt, Leaving, NetworkVerifyingKey, NextIndex,
    Pallet, Parameters, Phase, ProgramDeposits, Programs, RegistrationDeposits, Registrations,
    Signers, SigningKeys, StoredIndex,
};
use alloc::collections::{BTreeMap, BTreeSet};
use frame_support::{
    ensure,
    traits::{fungible::InspectHold, Get},
};
use primitives::{derive_child_key, is_verifying_key, ProgramDefinition};
use sp_runtime::{traits::Saturating, TryRuntimeError};

impl<T: Config> Pallet<T> {
    /// Checks all invariants.
    pub fn do_try_state() -> Result<(), TryRuntimeError> {
        ensure!(
            Parameters::<T>::get().check().is_ok(),
            "parameters are valid"
        );
        Self::try_state_validators()?;
        Self::try_state_phase()?;
        Self::try_state_convictions()?;
        Self::try_state_draw()?;
        Self::try_state_programs()?;
        Self::try_state_registrations()
    }

    fn try_state_validators() -> Result<(), TryRuntimeError> {
        let validators = SigningKeys::<T>::iter().count();
        ensure!(
            validators <= T::MaxValidators::get() as usize,
            "validators are bounded"
        );
        ensure!(
            SigningKeys::<T>::count() as usize == validators,
            "validators are counted"
        );
        ensure!(
            KeyOwners::<T>::iter().count()
                <= validators.saturating_add(FormerMembers::<T>::get().len()),
            "each validator has one key"
        );
        for (account, key) in SigningKeys::<T>::iter() {
            ensure!(
                KeyOwners::<T>::get(&key) == Some(account),
                "each key has one validator"
            );
        }
        let former = FormerMembers::<T>::get();
        ensure!(
            Signers::<T>::iter_keys().all(|signer| {
                SigningKeys::<T>::contains_key(&signer) || former.contains_key(&signer)
            }),
            "signers are validators, or were"
        );
        ensure!(
            former.keys().all(|validator| {
                !SigningKeys::<T>::contains_key(validator) && Self::holds_share(validator)
            }),
            "former members hold shares"
        );
        ensure!(
            KeyOwners::<T>::iter().all(|(key, owner)| {
                SigningKeys::<T>::get(&owner).as_ref() == Some(&key)
                    || former.get(&owner) == Some(&key)
            }),
            "each key is one's last"
        );
        ensure!(
            Leaving::<T>::get()
                .iter()
                .all(SigningKeys::<T>::contains_key),
            "who leaves is there"
        );
        ensure!(
            Signers::<T>::iter().count() == Signers::<T>::count() as usize,
            "signers are counted"
        );
        ensure!(
            Excluded::<T>::get().iter().all(|validator| {
                Signers::<T>::contains_key(validator) && SigningKeys::<T>::contains_key(validator)
            }),
            "only signers are excluded"
        );
        Ok(())
    }

    fn try_state_phase() -> Result<(), TryRuntimeError> {
        let key = NetworkVerifyingKey::<T>::get();
        let committee = Committee::<T>::get();
        match Phase::<T>::get() {
            primitives::Phase::AwaitingSigners => {
                ensure!(
                    key.is_none() && committee.is_none(),
                    "no key before a keygen"
                );
                Self::try_state_no_seats()?;
            }
            primitives::Phase::Keygen(attempt) => {
                ensure!(
                    key.is_none() && committee.is_none(),
                    "no keygen once there is a key"
                );
                Self::try_state_no_seats()?;
                ensure!(
                    attempt.attempt == LastAttempt::<T>::get(),
                    "the attempt is the last"
                );
                try_state_members::<T>(&attempt.members, attempt.threshold)?;
                let members: BTreeSet<_> = attempt
                    .members
                    .iter()
                    .map(|member| &member.validator)
                    .collect();
                let confirmed: BTreeSet<_> = attempt.confirmed.iter().collect();
                ensure!(
                    confirmed.len() == attempt.confirmed.len(),
                    "each confirms once"
                );
                ensure!(confirmed.is_subset(&members), "members confirm");
                ensure!(
                    confirmed.len() < members.len(),
                    "all confirmations end the attempt"
                );
                ensure!(
                    attempt.result.is_some() != confirmed.is_empty(),
                    "there is a result if somebody confirmed it"
                );
            }
            phase => {
                ensure!(
                    key.is_some_and(|key| is_verifying_key(&key)),
                    "the key is a point"
                );
                let committee = committee.ok_or("a key has a committee")?;
                ensure!(committee.generation >= 1, "generations count from 1");
                ensure!(
                    committee.attempt <= LastAttempt::<T>::get(),
                    "the attempt was begun"
                );
                try_state_members::<T>(&committee.members, committee.threshold)?;
                Self::try_state_seats(&committee, &phase)?;
            }
        }
        Ok(())
    }

    fn try_state_draw() -> Result<(), TryRuntimeError> {
        let enough = Signers::<T>::count() >= Parameters::<T>::get().committee_size;
        let has_key = NetworkVerifyingKey::<T>::exists();
        let draw_at = DrawAt::<T>::get();
        ensure!(
            draw_at.is_some() == (enough && !has_key),
            "a committee is to be drawn if there are enough signers and no key"
        );
        let now = frame_system::Pallet::<T>::block_number();
        ensure!(
            draw_at.is_none_or(|at| at <= now.saturating_add(T::ChoiceDelay::get())),
            "the draw waits no longer than the delay"
        );
        Ok(())
    }

    fn try_state_programs() -> Result<(), TryRuntimeError> {
        let mut references = BTreeMap::<_, u32>::new();
        for registration in Registrations::<T>::iter_values() {
            for instance in registration.programs {
                references
                    .entry(instance.program)
                    .or_default()
                    .saturating_inc();
            }
        }
        let mut deposits = BTreeMap::new();
        let mut programs = 0;
        for (key, summary) in Programs::<T>::iter() {
            programs.saturating_inc();
            let bytecode = Bytecodes::<T>::get(key).ok_or("a program has a bytecode")?;
            ensure!(
                summary.bytecode_len as usize == bytecode.len(),
                "the length is the bytecode's"
            );
            ensure!(
                summary.references == references.remove(&key).unwrap_or_default(),
                "references are counted"
            );
            let definition = ProgramDefinition {
                bytecode,
                config_schema: summary.config_schema,
                auxiliary_data_schema: summary.auxiliary_data_schema,
                oracle_keys: summary.oracle_keys,
                abi_version: summary.abi_version,
            };
            ensure!(definition.key() == key, "the key is the definition's hash");
            let deposit = ProgramDeposits::<T>::get(key).ok_or("a program has a deposit")?;
            add_deposit::<T>(&mut deposits, summary.deployer, deposit);
        }
        ensure!(
            references.is_empty(),
            "registrations use programs that are there"
        );
        ensure!(
            Bytecodes::<T>::iter_keys().count() == programs,
            "a bytecode has a program"
        );
        ensure!(
            ProgramDeposits::<T>::iter_keys().count() == programs,
            "a deposit has a program"
        );
        try_state_holds::<T>(HoldReason::ProgramDeposit, deposits)
    }

    // Another type with the feature `upgrade-test`.
    #[allow(clippy::useless_conversion)]
    fn try_state_registrations() -> Result<(), TryRuntimeError> {
        let network_key = NetworkVerifyingKey::<T>::get();
        let mut deposits = BTreeMap::new();
        let mut registrations = 0;
        for (verifying_key, registration) in Registrations::<T>::iter() {
            registrations.saturating_inc();
            let network_key = network_key
                .as_ref()
                .ok_or("no registration without a network key")?;
            ensure!(
                StoredIndex::from(registration.index) < NextIndex::<T>::get(),
                "indexes are counted"
            );
            ensure!(
                derive_child_key(network_key, registration.index) == Ok(verifying_key),
                "a user's key is the child at its index"
            );
            ensure!(
                !registration.programs.is_empty(),
                "a program guards every key"
            );
            let deposit = RegistrationDeposits::<T>::get(verifying_key)
                .ok_or("a registration has a deposit")?;
            add_deposit::<T>(&mut deposits, deposit.depositor, deposit.amount);
        }
        ensure!(
            RegistrationDeposits::<T>::iter_keys().count() == registrations,
            "a deposit has a registration"
        );
        try_state_holds::<T>(HoldReason::RegistrationDeposit, deposits)
    }
}

/// What is deposited, by whom.
type Deposits<T> = BTreeMap<<T as frame_system::Config>::AccountId, BalanceOf<T>>;

fn add_deposit<T: Config>(deposits: &mut Deposits<T>, of: T::AccountId, amount: BalanceOf<T>) {
    deposits.entry(of).or_default().saturating_accrue(amount);
}

/// What is held of the depositors for this reason is what they have deposited.
fn try_state_holds<T: Config>(
    reason: HoldReason,
    deposits: Deposits<T>,
) -> Result<(), TryRuntimeError> {
    let reason = reason.into();
    for (depositor, deposited) in deposits {
        ensure!(
            T::Currency::balance_on_hold(&reason, &depositor) == deposited,
            "deposits are held, and nothing else is"
        );
    }
    Ok(())
}

pub(crate) fn try_state_members<T: Config>(
    members: &[CommitteeMemberOf<T>],
    threshold: u32,
) -> Result<(), TryRuntimeError> {
    ensure!(threshold >= 2, "no member can sign alone");
    ensure!(
        members.len() >= threshold as usize,
        "the committee can sign"
    );
    let parties: BTreeSet<_> = members.iter().map(|member| &member.party).collect();
    ensure!(parties.len() == members.len(), "parties are distinct");
    ensure!(
        parties
            .into_iter()
            .eq(members.iter().map(|member| &member.party)),
        "parties are ordered"
    );
    let validators: BTreeSet<_> = members.iter().map(|member| &member.validator).collect();
    ensure!(validators.len() == members.len(), "members are distinct");
    Ok(())
}
