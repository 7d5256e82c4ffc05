//! Benchmarks of every call, of what admits session-key calls, and of the beginning of a block.

mod network;
mod setup;

use crate::{
    primitives, AuxInfoAttempt, AuxInfoPause, BalanceOf, Call, Challenges, Config, DrawAt,
    Excluded, FormerMembers, HoldReason, LostSeats, NetworkVerifyingKey, Pallet, Parameters,
    ParametersOf, Paused, Phase, Programs, PunishOffender, Registrations, Reports, Signers,
    Silences, Standbys,
};
use frame_benchmarking::v2::*;
use frame_support::{
    pallet_prelude::TransactionSource,
    traits::{fungible::InspectHold, Authorize, Get},
};
use frame_system::{pallet_prelude::BlockNumberFor, RawOrigin};
use network::*;
use primitives::{MaxBytecode, MaxProgramsPerRegistration, ProgramKey};
use setup::*;
use sp_core::H256;
use sp_runtime::traits::{Bounded, One};

/// Asks whether the pool may take a good call.
fn authorize<T: Config>(call: Call<T>) {
    call.authorize(TransactionSource::External)
        .expect("the call is authorized by itself")
        .expect("the call is good");
}

/// The attempt at a hand-over that is running.
fn resharing<T: Config>() -> Option<u32> {
    match Phase::<T>::get() {
        primitives::Phase::Resharing(attempt) => Some(attempt.attempt),
        _ => None,
    }
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

    /// All that is only looked at once there is a committee: an attempt at auxiliary information whose deadline is
    /// still to come and which puts off a rotation, and as many challenges as there can be.
    #[benchmark]
    fn on_initialize() {
        let network = network::<T>(T::MaxValidators::get());
        aux_info_attempt(&network);
        fill_choice(&network);
        AuxInfoPause::<T>::put(BlockNumberFor::<T>::max_value());
        Parameters::<T>::mutate(|parameters| parameters.rotation_period = One::one());

        #[block]
        {
            Pallet::<T>::advance_phase(One::one());
        }

        assert!(AuxInfoAttempt::<T>::exists());
        assert_eq!(Phase::<T>::get(), primitives::Phase::Active);
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

    /// The last member of the largest committee confirms; of those who held the key nobody stays.
    #[benchmark]
    fn confirm_reshare() {
        let (confirmation, signature) = reshare_confirmation::<T>();

        #[extrinsic_call]
        _(RawOrigin::Authorized, confirmation, signature);

        assert_eq!(Pallet::<T>::generation_in_force(), GENERATION + 1);
        assert!(FormerMembers::<T>::get().is_empty());
        assert_eq!(Reports::<T>::iter_keys().count(), 0);
    }

    #[benchmark]
    fn authorize_confirm_reshare() {
        let (confirmation, signature) = reshare_confirmation::<T>();
        let call = Call::<T>::confirm_reshare {
            confirmation,
            signature,
        };

        #[block]
        {
            authorize(call);
        }
    }

    /// The last party alone says otherwise.
    #[benchmark]
    fn confirm_aux_info() {
        let (confirmation, signature) = aux_info_confirmation::<T>();

        #[extrinsic_call]
        _(RawOrigin::Authorized, confirmation, signature);

        assert!(!AuxInfoAttempt::<T>::exists());
        assert_eq!(Excluded::<T>::get().len(), Standbys::<T>::get().len());
    }

    #[benchmark]
    fn authorize_confirm_aux_info() {
        let (confirmation, signature) = aux_info_confirmation::<T>();
        let call = Call::<T>::confirm_aux_info {
            confirmation,
            signature,
        };

        #[block]
        {
            authorize(call);
        }
    }

    /// All others have reported a member, and it takes them all.
    #[benchmark]
    fn report_fault() {
        let (report, signature) = fault_report::<T>();
        let accused = report.accused.clone();

        #[extrinsic_call]
        _(RawOrigin::Authorized, report, signature);

        assert!(LostSeats::<T>::get().contains_key(&accused));
        assert!(Challenges::<T>::get().contains_key(&accused));
    }

    #[benchmark]
    fn authorize_report_fault() {
        let (report, signature) = fault_report::<T>();
        let call = Call::<T>::report_fault { report, signature };

        #[block]
        {
            authorize(call);
        }
    }

    /// With the node's check, which is nothing here: two signatures. Its worst case is added to this.
    #[benchmark]
    fn report_proof(n: Linear<4_000, { primitives::limits::MAX_REPORT_BYTES }>) {
        let (report, signature) = proof::<T>(n);
        let accused = report.accused.clone();
        T::Punish::prepare(&accused);

        #[extrinsic_call]
        report_fault(RawOrigin::Authorized, report, signature);

        assert!(LostSeats::<T>::get().contains_key(&accused));
        assert!(Pallet::<T>::is_convicted(&accused));
    }

    #[benchmark]
    fn authorize_report_proof(n: Linear<4_000, { primitives::limits::MAX_REPORT_BYTES }>) {
        let (report, signature) = proof::<T>(n);
        let call = Call::<T>::report_fault { report, signature };

        #[block]
        {
            authorize(call);
        }
    }

    #[benchmark]
    fn answer_challenge() {
        let (answer, signature) = challenge_answer::<T>();
        let before = Challenges::<T>::get().len();

        #[extrinsic_call]
        _(RawOrigin::Authorized, answer, signature);

        assert_eq!(Challenges::<T>::get().len(), before - 1);
    }

    #[benchmark]
    fn authorize_answer_challenge() {
        let (answer, signature) = challenge_answer::<T>();
        let call = Call::<T>::answer_challenge { answer, signature };

        #[block]
        {
            authorize(call);
        }
    }

    #[benchmark]
    fn leave_committee() {
        let network = network::<T>(T::MaxValidators::get());
        let who = network.last_member().validator;

        #[extrinsic_call]
        _(RawOrigin::Signed(who.clone()));

        assert!(LostSeats::<T>::get().contains_key(&who));
    }

    /// As many members as can have lost their seats in the largest committee there can be of `v` signers, and
    /// auxiliary information is being made.
    #[benchmark]
    fn reassign(v: Linear<4, { T::MaxValidators::get() }>) {
        let network = network::<T>(v);
        aux_info_attempt(&network);
        fill_choice(&network);
        lose_seats(&network);
        let next = frame_system::Pallet::<T>::block_number() + One::one();

        #[block]
        {
            Pallet::<T>::advance_phase(next);
        }

        assert_eq!(resharing::<T>(), Some(GENERATION + 2));
    }

    /// For the third time not all have confirmed in time: all that have not and one more are passed over.
    #[benchmark]
    fn fail_resharing(v: Linear<4, { T::MaxValidators::get() }>) {
        let network = network::<T>(v);
        fill_choice(&network);
        let now = overdue_resharing(&network);
        let before = Excluded::<T>::get().len();

        #[block]
        {
            Pallet::<T>::advance_phase(now);
        }

        assert!(Excluded::<T>::get().len() >= before + network.members.len() - 2);
        assert_eq!(resharing::<T>(), Some(GENERATION + 2));
    }

    /// One of as many challenges as there can be is overdue.
    #[benchmark]
    fn punish() {
        let network = network::<T>(T::MaxValidators::get());
        let offender = network.last_member().validator;
        challenge_all(&network, One::one());
        Challenges::<T>::mutate(|all| {
            let challenge = all.get_mut(&offender).expect("all are challenged");
            challenge.deadline = Default::default();
        });
        T::Punish::prepare(&offender);
        let now = frame_system::Pallet::<T>::block_number();

        #[block]
        {
            Pallet::<T>::end_challenges(now);
        }

        assert!(!Challenges::<T>::get().contains_key(&offender));
        assert!(Silences::<T>::get().contains_key(&offender));
    }

    impl_benchmark_test_suite!(
        Pallet,
        crate::mock::benchmark_externalities(),
        crate::mock::Test
    );
}
