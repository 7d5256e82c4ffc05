//! Programs: deploying, removing, and counting who uses them.

use crate::{
    primitives, BalanceOf, Bytecodes, Config, Error, Event, HoldReason, Pallet, ProgramDeposits,
    ProgramInstances, ProgramSummaryOf, Programs,
};
use codec::Encode;
use frame_support::{
    dispatch::DispatchResult,
    ensure,
    traits::{fungible::MutateHold, tokens::Precision, Get},
};
use primitives::{ProgramDefinition, ProgramKey, ABI_VERSION};
use sp_core::H256;
use sp_runtime::traits::Saturating;

/// How every WebAssembly module begins.
const WASM_MAGIC: &[u8] = b"\0asm";

impl<T: Config> Pallet<T> {
    pub(crate) fn do_set_program(
        deployer: T::AccountId,
        definition: ProgramDefinition,
    ) -> DispatchResult {
        ensure!(!definition.bytecode.is_empty(), Error::<T>::EmptyBytecode);
        ensure!(
            definition.bytecode.starts_with(WASM_MAGIC),
            Error::<T>::NotWasm
        );
        ensure!(
            (1..=ABI_VERSION).contains(&definition.abi_version),
            Error::<T>::UnknownAbiVersion
        );

        // `ProgramDefinition::key`, but hashed by the host: a megabyte in WebAssembly is slow.
        let encoded = definition.encode();
        let program = H256(sp_io::hashing::blake2_256(&encoded));
        ensure!(
            !Programs::<T>::contains_key(program),
            Error::<T>::ProgramAlreadyExists
        );

        let deposit = Self::program_deposit(encoded.len() as u32);
        T::Currency::hold(&HoldReason::ProgramDeposit.into(), &deployer, deposit)?;

        let ProgramDefinition {
            bytecode,
            config_schema,
            auxiliary_data_schema,
            oracle_keys,
            abi_version,
        } = definition;
        Programs::<T>::insert(
            program,
            ProgramSummaryOf::<T> {
                deployer: deployer.clone(),
                bytecode_len: bytecode.len() as u32,
                config_schema,
                auxiliary_data_schema,
                oracle_keys,
                abi_version,
                references: 0,
            },
        );
        Bytecodes::<T>::insert(program, bytecode);
        // Remembered, for the price may change before it is released.
        ProgramDeposits::<T>::insert(program, deposit);
        Self::deposit_event(Event::ProgramSet {
            program,
            deployer,
            deposit,
        });
        Ok(())
    }

    /// What is held for a program whose definition takes `bytes`.
    pub fn program_deposit(bytes: u32) -> BalanceOf<T> {
        T::ProgramDepositPerByte::get()
            .saturating_mul(bytes.into())
            .saturating_add(T::ProgramDepositBase::get())
    }

    pub(crate) fn do_remove_program(who: &T::AccountId, program: ProgramKey) -> DispatchResult {
        let summary = Programs::<T>::get(program).ok_or(Error::<T>::ProgramNotFound)?;
        ensure!(summary.deployer == *who, Error::<T>::NotDeployer);
        ensure!(summary.references == 0, Error::<T>::ProgramInUse);

        Programs::<T>::remove(program);
        Bytecodes::<T>::remove(program);
        let deposit = ProgramDeposits::<T>::take(program).unwrap_or_default();
        // Best effort: if something else has cut the hold, the program must be removable still.
        T::Currency::release(
            &HoldReason::ProgramDeposit.into(),
            who,
            deposit,
            Precision::BestEffort,
        )?;
        Self::deposit_event(Event::ProgramRemoved { program });
        Ok(())
    }

    /// Counts one more use of each instance's program.
    pub(crate) fn add_references(instances: &ProgramInstances) -> DispatchResult {
        for instance in instances {
            Self::change_references(instance.program, |count| {
                count.checked_add(1).ok_or(Error::TooManyReferences)
            })?;
        }
        Ok(())
    }

    /// Counts one use less of each instance's program.
    pub(crate) fn remove_references(instances: &ProgramInstances) -> DispatchResult {
        for instance in instances {
            // A referenced program is never removed and its count never below its uses, so neither
            // error can occur; if one did, the whole call is rolled back.
            Self::change_references(instance.program, |count| {
                count.checked_sub(1).ok_or(Error::ProgramNotFound)
            })?;
        }
        Ok(())
    }

    fn change_references(
        program: ProgramKey,
        change: impl FnOnce(u32) -> Result<u32, Error<T>>,
    ) -> DispatchResult {
        Programs::<T>::try_mutate(program, |summary| {
            let summary = summary.as_mut().ok_or(Error::<T>::ProgramNotFound)?;
            summary.references = change(summary.references)?;
            Ok(())
        })
    }
}
