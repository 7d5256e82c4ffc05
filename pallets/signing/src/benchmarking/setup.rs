//! What the benchmarks begin with, before there is a key, and for what users do.

use crate::{
    primitives, AnnouncementOf, BalanceOf, CommitteeMemberOf, Config, DrawAt, Excluded, HoldReason,
    KeygenAttemptOf, NetworkVerifyingKey, Pallet, ParametersOf, Phase, ProgramInstances, Signers,
};
use alloc::{collections::BTreeSet, vec, vec::Vec};
use frame_benchmarking::v2::*;
use frame_support::{
    traits::{
        fungible::{InspectHold, Mutate},
        Get, OneSessionHandler,
    },
    BoundedBTreeSet, BoundedVec,
};
use frame_system::pallet_prelude::BlockNumberFor;
use primitives::{
    derive_child_key, KeygenConfirmation, MaxConfig, MaxMembers, MaxProgramsPerRegistration,
    ProgramDefinition, ProgramInstance, SignerId, SignerInfo, SignerSignature, VerifyingKey,
};
use sp_core::H256;
use sp_runtime::{
    traits::{Bounded, One},
    RuntimeAppPublic,
};

/// The generator of secp256k1, which is as good a network key as any.
pub(super) const NETWORK_KEY: VerifyingKey = [
    0x02, 0x79, 0xbe, 0x66, 0x7e, 0xf9, 0xdc, 0xbb, 0xac, 0x55, 0xa0, 0x62, 0x95, 0xce, 0x87, 0x0b,
    0x07, 0x02, 0x9b, 0xfc, 0xdb, 0x2d, 0xce, 0x28, 0xd9, 0x59, 0xf2, 0x81, 0x5b, 0x16, 0xf8, 0x17,
    0x98,
];

/// The number of members in the largest committee.
pub(super) fn max_members() -> u32 {
    MaxMembers::get()
}

/// Parameters with the largest committee.
pub(super) fn largest<T: Config>() -> ParametersOf<T> {
    let committee_size = max_members();
    ParametersOf::<T> {
        committee_size,
        ..Default::default()
    }
}

/// Begins a session with `count` validators.
pub(super) fn validators<T: Config>(count: u32) -> Vec<(T::AccountId, SignerId)> {
    let validators: Vec<_> = (0..count)
        .map(|index| {
            (
                account("validator", index, 0),
                SignerId::generate_pair(None),
            )
        })
        .collect();
    Pallet::<T>::on_genesis_session(
        validators
            .iter()
            .map(|(account, key)| (account, key.clone())),
    );
    validators
}

pub(super) fn signer<T: Config>() -> SignerInfo<BlockNumberFor<T>> {
    SignerInfo {
        endpoint: BoundedVec::truncate_from(vec![b'a'; 255]),
        x25519: [1; 32],
        announced_at: Default::default(),
    }
}

/// Begins a session with `count` validators that have all announced themselves.
pub(super) fn signers<T: Config>(count: u32) -> Vec<(T::AccountId, SignerId)> {
    let validators = validators::<T>(count);
    for (validator, _) in &validators {
        Signers::<T>::insert(validator, signer::<T>());
    }
    validators
}

/// Passes these validators over in the choice of a committee.
pub(super) fn exclude<T: Config>(validators: &[(T::AccountId, SignerId)]) {
    let excluded: BTreeSet<_> = validators
        .iter()
        .map(|(validator, _)| validator.clone())
        .collect();
    Excluded::<T>::put(
        BoundedBTreeSet::try_from(excluded).expect("there are no more than the most validators"),
    );
}

/// An announcement in block 1 with the longest endpoint there can be.
pub(super) fn announcement<T: Config>(key: &SignerId) -> (AnnouncementOf<T>, SignerSignature) {
    frame_system::Pallet::<T>::set_block_number(One::one());
    let endpoint = [[b'a'; 62].as_slice(); 4].join(&b'.');
    let endpoint = BoundedVec::truncate_from([&endpoint[..], b":3"].concat());
    let announcement = AnnouncementOf::<T> {
        signing_key: key.clone(),
        endpoint,
        x25519: [2; 32],
        at: One::one(),
    };
    let payload = primitives::announcement_payload(Pallet::<T>::genesis_hash(), &announcement);
    let signature = key.sign(&payload).expect("the key was generated here");
    (announcement, signature)
}

/// Begins an attempt with the largest committee, which all but the last member have confirmed. All
/// the other signers have let earlier attempts fail.
pub(super) fn keygen<T: Config>() -> KeygenAttemptOf<T> {
    let mut members = signers::<T>(T::MaxValidators::get());
    exclude::<T>(&members.split_off(max_members() as usize));
    let mut members: Vec<_> = members
        .into_iter()
        .map(|(validator, party)| CommitteeMemberOf::<T> { validator, party })
        .collect();
    members.sort_by(|a, b| a.party.cmp(&b.party));
    let mut confirmed: Vec<_> = members
        .iter()
        .map(|member| member.validator.clone())
        .collect();
    confirmed.pop();
    let attempt = KeygenAttemptOf::<T> {
        attempt: 1,
        members: BoundedVec::truncate_from(members),
        threshold: 2,
        confirmed: BoundedVec::truncate_from(confirmed),
        result: Some((NETWORK_KEY, H256([1; 32]))),
        deadline: One::one(),
    };
    crate::LastAttempt::<T>::put(1);
    DrawAt::<T>::put(BlockNumberFor::<T>::one());
    Phase::<T>::put(primitives::Phase::Keygen(attempt.clone()));
    attempt
}

/// The confirmation of the last member, with the key that the others have confirmed.
pub(super) fn confirmation<T: Config>() -> (KeygenConfirmation, SignerSignature) {
    confirmation_of::<T>(H256([1; 32]))
}

pub(super) fn confirmation_of<T: Config>(
    commitment: H256,
) -> (KeygenConfirmation, SignerSignature) {
    let attempt = keygen::<T>();
    let member = attempt.members.last().expect("the committee has members");
    let confirmation = KeygenConfirmation {
        signing_key: member.party.clone(),
        attempt: 1,
        verifying_key: NETWORK_KEY,
        commitment,
    };
    let payload =
        primitives::keygen_confirmation_payload(Pallet::<T>::genesis_hash(), &confirmation);
    let signature = member
        .party
        .sign(&payload)
        .expect("the key was generated here");
    (confirmation, signature)
}

/// A program of `len` bytes with the longest schemas there can be.
pub(super) fn definition(len: u32, salt: u8) -> ProgramDefinition {
    let mut bytecode = b"\0asm\x01\0\0\0".to_vec();
    bytecode.resize(len as usize, salt);
    let oracle_key = BoundedVec::truncate_from(vec![salt; 64]);
    ProgramDefinition {
        bytecode: BoundedVec::truncate_from(bytecode),
        config_schema: BoundedVec::truncate_from(vec![salt; 4096]),
        auxiliary_data_schema: BoundedVec::truncate_from(vec![salt; 4096]),
        oracle_keys: BoundedVec::truncate_from(vec![oracle_key; 8]),
        abi_version: primitives::ABI_VERSION,
    }
}

pub(super) fn rich<T: Config>() -> T::AccountId {
    enriched::<T>(whitelisted_caller())
}

pub(super) fn enriched<T: Config>(who: T::AccountId) -> T::AccountId {
    T::Currency::set_balance(&who, BalanceOf::<T>::max_value() / 4u32.into());
    who
}

/// What is held of an account for registrations.
pub(super) fn held_for_registrations<T: Config>(who: &T::AccountId) -> BalanceOf<T> {
    T::Currency::balance_on_hold(&HoldReason::RegistrationDeposit.into(), who)
}

/// Deploys `count` programs and makes instances of them with the longest configurations.
pub(super) fn instances<T: Config>(who: &T::AccountId, count: u32, salt: u8) -> ProgramInstances {
    let instances = (0..count)
        .map(|index| {
            let definition = definition(100, salt.wrapping_add(index as u8));
            let program = definition.key();
            Pallet::<T>::do_set_program(who.clone(), definition).expect("the program is good");
            let config =
                BoundedVec::truncate_from(vec![1; <MaxConfig as Get<u32>>::get() as usize]);
            ProgramInstance { program, config }
        })
        .collect();
    BoundedVec::truncate_from(instances)
}

/// Has `depositor` register a key with as many programs as it can have for `owner`.
pub(super) fn registration<T: Config>(
    depositor: &T::AccountId,
    owner: &T::AccountId,
) -> VerifyingKey {
    NetworkVerifyingKey::<T>::put(NETWORK_KEY);
    let programs = instances::<T>(owner, MaxProgramsPerRegistration::get(), 0);
    Pallet::<T>::do_register(depositor.clone(), programs, owner.clone())
        .expect("the programs are good");
    derive_child_key(&NETWORK_KEY, 0).expect("the key is a point")
}
