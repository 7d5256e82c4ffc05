//! Benchmarks of every call, of what admits session-key calls, and of the beginning of a block.

use crate::{
    primitives, AnnouncementOf, BalanceOf, Call, CommitteeMemberOf, Config, DrawAt, Excluded,
    HoldReason, KeygenAttemptOf, NetworkVerifyingKey, Pallet, Parameters, ParametersOf, Paused,
    Phase, ProgramInstances, Programs, Registrations, Signers,
};
use alloc::{collections::BTreeSet, vec, vec::Vec};
use frame_benchmarking::v2::*;
use frame_support::{
    pallet_prelude::TransactionSource,
    traits::{
        fungible::{InspectHold, Mutate},
        Authorize, Get, OneSessionHandler,
    },
    BoundedBTreeSet, BoundedVec,
};
use frame_system::{pallet_prelude::BlockNumberFor, RawOrigin};
use primitives::{
    derive_child_key, KeygenConfirmation, MaxBytecode, MaxConfig, MaxMembers,
    MaxProgramsPerRegistration, ProgramDefinition, ProgramInstance, ProgramKey, SignerId,
    SignerInfo, SignerSignature, VerifyingKey,
};
use sp_core::H256;
use sp_runtime::{
    traits::{Bounded, One},
    RuntimeAppPublic,
};

/// The generator of secp256k1, which is as good a network key as any.
const NETWORK_KEY: VerifyingKey = [
    0x02, 0x79, 0xbe, 0x66, 0x7e, 0xf9, 0xdc, 0xbb, 0xac, 0x55, 0xa0, 0x62, 0x95, 0xce, 0x87, 0x0b,
    0x07, 0x02, 0x9b, 0xfc, 0xdb, 0x2d, 0xce, 0x28, 0xd9, 0x59, 0xf2, 0x81, 0x5b, 0x16, 0xf8, 0x17,
    0x98,
];

/// The number of members in the largest committee.
fn max_members() -> u32 {
    MaxMembers::get()
}

/// Parameters with the largest committee.
fn largest<T: Config>() -> ParametersOf<T> {
    let committee_size = max_members();
    ParametersOf::<T> {
        committee_size,
        ..Default::default()
    }
}

/// Begins a session with `count` validators.
fn validators<T: Config>(count: u32) -> Vec<(T::AccountId, SignerId)> {
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

fn signer<T: Config>() -> SignerInfo<BlockNumberFor<T>> {
    SignerInfo {
        endpoint: BoundedVec::truncate_from(vec![b'a'; 255]),
        x25519: [1; 32],
        announced_at: Default::default(),
    }
}

/// Begins a session with `count` validators that have all announced themselves.
fn signers<T: Config>(count: u32) -> Vec<(T::AccountId, SignerId)> {
    let validators = validators::<T>(count);
    for (validator, _) in &validators {
        Signers::<T>::insert(validator, signer::<T>());
    }
    validators
}

/// Passes these validators over in the choice of a committee.
fn exclude<T: Config>(validators: &[(T::AccountId, SignerId)]) {
    let excluded: BTreeSet<_> = validators
        .iter()
        .map(|(validator, _)| validator.clone())
        .collect();
    Excluded::<T>::put(
        BoundedBTreeSet::try_from(excluded).expect("there are no more than the most validators"),
    );
}

/// An announcement in block 1 with the longest endpoint there can be.
fn announcement<T: Config>(key: &SignerId) -> (AnnouncementOf<T>, SignerSignature) {
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
fn keygen<T: Config>() -> KeygenAttemptOf<T> {
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
fn confirmation<T: Config>() -> (KeygenConfirmation, SignerSignature) {
    confirmation_of::<T>(H256([1; 32]))
}

fn confirmation_of<T: Config>(commitment: H256) -> (KeygenConfirmation, SignerSignature) {
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
fn definition(len: u32, salt: u8) -> ProgramDefinition {
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

fn rich<T: Config>() -> T::AccountId {
    enriched::<T>(whitelisted_caller())
}

fn enriched<T: Config>(who: T::AccountId) -> T::AccountId {
    T::Currency::set_balance(&who, BalanceOf::<T>::max_value() / 4u32.into());
    who
}

/// What is held of an account for registrations.
fn held_for_registrations<T: Config>(who: &T::AccountId) -> BalanceOf<T> {
    T::Currency::balance_on_hold(&HoldReason::RegistrationDeposit.into(), who)
}

/// Deploys `count` programs and makes instances of them with the longest configurations.
fn instances<T: Config>(who: &T::AccountId, count: u32, salt: u8) -> ProgramInstances {
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
fn registration<T: Config>(depositor: &T::AccountId, owner: &T::AccountId) -> VerifyingKey {
    NetworkVerifyingKey::<T>::put(NETWORK_KEY);
    let programs = instances::<T>(owner, MaxProgramsPerRegistration::get(), 0);
    Pallet::<T>::do_register(depositor.clone(), programs, owner.clone())
        .expect("the programs are good");
    derive_child_key(&NETWORK_KEY, 0).expect("the key is a point")
}

#[benchmarks]
mod benchmarks {
    use super::*;

    #[benchmark]
    fn announce_signer() {
        let validators = signers::<T>(T::MaxValidators::get());
        let (validator, key) = validators.first().expect("there are validators");
        exclude::<T>(&validators);
        // The draw is yet to be set, as if this announcement were the one that makes them enough.
        Parameters::<T>::put(largest::<T>());
        let (announcement, signature) = announcement::<T>(key);

        #[extrinsic_call]
        _(RawOrigin::Authorized, announcement, signature);

        assert_eq!(
            Signers::<T>::get(validator).map(|signer| signer.x25519),
            Some([2; 32])
        );
        assert!(!Excluded::<T>::get().contains(validator));
        assert!(DrawAt::<T>::exists());
    }

    #[benchmark]
    fn authorize_announce_signer() {
        let signers = signers::<T>(1);
        let (_, key) = signers.first().expect("there is one");
        let (announcement, signature) = announcement::<T>(key);
        let call = Call::<T>::announce_signer {
            announcement,
            signature,
        };

        #[block]
        {
            call.authorize(TransactionSource::External)
                .expect("the call is authorized by itself")
                .expect("the announcement is good");
        }
    }

    #[benchmark]
    fn confirm_keygen() {
        let (confirmation, signature) = confirmation::<T>();

        #[extrinsic_call]
        _(RawOrigin::Authorized, confirmation, signature);

        assert_eq!(NetworkVerifyingKey::<T>::get(), Some(NETWORK_KEY));
    }

    /// The last member alone says otherwise.
    #[benchmark]
    fn contradict_keygen() {
        let (confirmation, signature) = confirmation_of::<T>(H256([2; 32]));

        #[block]
        {
            Pallet::<T>::confirm_keygen(RawOrigin::Authorized.into(), confirmation, signature)
                .expect("the confirmation is good");
        }

        assert_eq!(Phase::<T>::get(), primitives::Phase::AwaitingSigners);
        assert_eq!(Excluded::<T>::get().len() as u32, T::MaxValidators::get());
    }

    #[benchmark]
    fn authorize_confirm_keygen() {
        let (confirmation, signature) = confirmation::<T>();
        let call = Call::<T>::confirm_keygen {
            confirmation,
            signature,
        };

        #[block]
        {
            call.authorize(TransactionSource::External)
                .expect("the call is authorized by itself")
                .expect("the confirmation is good");
        }
    }

    #[benchmark]
    fn set_program(b: Linear<8, { <MaxBytecode as Get<u32>>::get() }>) {
        let who = rich::<T>();
        let definition = definition(b, 1);
        let key = definition.key();

        #[extrinsic_call]
        _(RawOrigin::Signed(who), definition);

        assert_eq!(
            Programs::<T>::get(key).map(|program| program.bytecode_len),
            Some(b)
        );
    }

    #[benchmark]
    fn remove_program() {
        let who = rich::<T>();
        let definition = definition(MaxBytecode::get(), 1);
        let key: ProgramKey = definition.key();
        Pallet::<T>::do_set_program(who.clone(), definition).expect("the program is good");
        let held = |who| T::Currency::balance_on_hold(&HoldReason::ProgramDeposit.into(), who);
        assert_eq!(
            held(&who),
            crate::ProgramDeposits::<T>::get(key).unwrap_or_default()
        );

        #[extrinsic_call]
        _(RawOrigin::Signed(who.clone()), key);

        assert_eq!(held(&who), BalanceOf::<T>::default());
    }

    #[benchmark]
    fn register(p: Linear<1, { <MaxProgramsPerRegistration as Get<u32>>::get() }>) {
        let who = rich::<T>();
        NetworkVerifyingKey::<T>::put(NETWORK_KEY);
        let programs = instances::<T>(&who, p, 0);

        #[extrinsic_call]
        _(RawOrigin::Signed(who.clone()), programs, who.clone());

        assert_eq!(Registrations::<T>::iter().count(), 1);
        assert!(held_for_registrations::<T>(&who) > BalanceOf::<T>::default());
    }

    #[benchmark]
    fn change_programs(p: Linear<1, { <MaxProgramsPerRegistration as Get<u32>>::get() }>) {
        let who = rich::<T>();
        let depositor = enriched::<T>(account("depositor", 0, 0));
        let verifying_key = registration::<T>(&depositor, &who);
        let programs = instances::<T>(&who, p, 100);

        #[extrinsic_call]
        _(
            RawOrigin::Signed(who.clone()),
            verifying_key,
            programs.clone(),
        );

        assert_eq!(
            held_for_registrations::<T>(&depositor),
            BalanceOf::<T>::default()
        );
        assert!(held_for_registrations::<T>(&who) > BalanceOf::<T>::default());

        let registration = Registrations::<T>::get(verifying_key);
        assert_eq!(
            registration.map(|registration| registration.programs),
            Some(programs)
        );
    }

    #[benchmark]
    fn change_owner() {
        let who = rich::<T>();
        let verifying_key = registration::<T>(&who, &who);
        let owner: T::AccountId = account("owner", 0, 0);

        #[extrinsic_call]
        _(RawOrigin::Signed(who), verifying_key, owner.clone());

        let registration = Registrations::<T>::get(verifying_key);
        assert_eq!(
            registration.map(|registration| registration.owner),
            Some(owner)
        );
    }

    #[benchmark]
    fn deregister() {
        let who = rich::<T>();
        let depositor = enriched::<T>(account("depositor", 0, 0));
        let verifying_key = registration::<T>(&depositor, &who);

        #[extrinsic_call]
        _(RawOrigin::Signed(who), verifying_key);

        assert!(!Registrations::<T>::contains_key(verifying_key));
        assert_eq!(
            held_for_registrations::<T>(&depositor),
            BalanceOf::<T>::default()
        );
    }

    #[benchmark]
    fn set_parameters() {
        // The draw is yet to be set.
        signers::<T>(max_members());
        let parameters = largest::<T>();

        #[extrinsic_call]
        _(RawOrigin::Root, parameters.clone());

        assert_eq!(Parameters::<T>::get(), parameters);
        assert!(DrawAt::<T>::exists());
    }

    #[benchmark]
    fn pause() {
        #[extrinsic_call]
        _(RawOrigin::Root);

        assert!(Paused::<T>::get());
    }

    #[benchmark]
    fn resume() {
        Paused::<T>::put(true);

        #[extrinsic_call]
        _(RawOrigin::Root);

        assert!(!Paused::<T>::get());
    }

    /// A keygen whose deadline is still to come: the largest phase that is only looked at.
    #[benchmark]
    fn on_initialize() {
        keygen::<T>();

        #[block]
        {
            Pallet::<T>::advance_phase(One::one());
        }
    }

    /// Enough signers, one validator missing, and the delay not over: all there is to look at.
    #[benchmark]
    fn await_signers() {
        let validators = validators::<T>(max_members());
        for (validator, _) in validators.iter().skip(1) {
            Signers::<T>::insert(validator, signer::<T>());
        }
        DrawAt::<T>::put(BlockNumberFor::<T>::max_value());

        #[block]
        {
            Pallet::<T>::advance_phase(One::one());
        }

        assert_eq!(Phase::<T>::get(), primitives::Phase::AwaitingSigners);
    }

    /// The largest committee, if there are as many signers; otherwise all of them. All have let
    /// earlier attempts fail, which is forgotten.
    #[benchmark]
    fn start_keygen(v: Linear<2, { T::MaxValidators::get() }>) {
        let signers = signers::<T>(v);
        exclude::<T>(&signers);
        let committee_size = v.min(max_members());
        Parameters::<T>::put(ParametersOf::<T> {
            committee_size,
            ..largest::<T>()
        });

        #[block]
        {
            Pallet::<T>::start_keygen(One::one());
        }

        assert!(matches!(Phase::<T>::get(), primitives::Phase::Keygen(_)));
        assert!(!Excluded::<T>::exists());
    }

    /// Without the draw that follows.
    #[benchmark]
    fn fail_keygen() {
        let attempt = keygen::<T>();
        let members = attempt
            .members
            .into_iter()
            .map(|member| member.validator)
            .collect();

        #[block]
        {
            Pallet::<T>::fail_keygen(1, crate::KeygenFailure::DeadlineMissed, members);
        }

        assert_eq!(Excluded::<T>::get().len() as u32, T::MaxValidators::get());
    }

    impl_benchmark_test_suite!(
        Pallet,
        crate::mock::benchmark_externalities(),
        crate::mock::Test
    );
}
