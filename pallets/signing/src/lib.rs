//! Signers, committee, programs and registrations of the signing network.
//!
//! ```text
//!  pallet-session ──new session──► validators ◄── whose key is this? ── announce_signer
//!                                      │                                confirm_keygen
//!                                      ▼
//!  AwaitingSigners ─ N announced ─ draw ──► Keygen ── all confirmed the same ──► Active
//!         ▲                                 │  │
//!         └── too few signers ──────────────┘  └── deadline or disagreement: the next attempt
//!
//!  set_program ──► programs ◄── counted references ── registrations ◄── register
//! ```
//!
//! # Walk-through
//! 1. Every validator's signer announces where it is with [`Call::announce_signer`], signed by its
//!    `signing` session key and free of charge.
//! 2. When N validators of the session have announced themselves, the others have until
//!    [`Config::ChoiceDelay`] blocks later to do so. Then, or in the block after the last of them
//!    has, a committee is drawn from all signers by the chain's randomness. Its members generate
//!    the key off the chain, store their shares, and [confirm](Call::confirm_keygen).
//! 3. When all confirm the same key and the same public shares, that is the network key. It is set
//!    once and never replaced.
//! 4. Users deploy programs, and register: a registration is the BIP-32 child of the network key
//!    at the next index, with the programs that must say yes before the network signs with it.
//!
//! # What is trusted
//! Session-key calls carry their own signature, so they need no account and no fee. The signature,
//! the key's standing and the phase are checked in `#[pallet::authorize]`, when the pool admits the
//! call and again when a block executes it; a call that would fail never takes block space. At most
//! one call per key and kind waits in the pool at a time.
//!
//! The chain cannot know whether a generated key is good: it believes the members, all of which
//! must say the same. One honest member is therefore enough to keep a false key off the chain.
//!
//! # What the draw is worth
//! No announcement draws the committee, only the beginning of a later block. Were it drawn as soon as
//! there are N signers, they would all be members, and the author of one block could choose them by
//! the order in which it puts announcements. So:
//! - When all validators have announced themselves, the candidates are all of them: no author has a
//!   say in that.
//! - Otherwise the candidates are those whose announcements got into one of the blocks of the delay.
//!   Absent validators cannot hold the network up. An author can keep an announcement out of its own
//!   blocks only; to keep one out of the draw takes every block of the delay. The author of the last
//!   of them can still choose whether those that come last are candidates.
//!
//! The randomness is a hash of a tag, the attempt's number and what [`Config::Randomness`] gives,
//! which in the runtime is `pallet_babe::RandomnessFromOneEpochAgo`. That is fixed when an epoch
//! begins, from the VRF outputs of the blocks of the one before it:
//! - No author can change it once the epoch has begun, and the order and the contents of blocks are
//!   nothing to it. Authors of the end of the epoch before could: each by one bit, by giving up a
//!   block.
//! - It is no secret. Everybody knows it from the beginning of the epoch, so everybody can tell which
//!   committee any set of candidates would lead to. Who can change the set at will, by leaving some of
//!   its own validators unannounced, can choose among as many draws as it has such sets. It gets no
//!   more members than it has validators for, but more than its share.
//! - In a chain's first epoch there were no blocks before it, and BABE gives zeros: its draws are
//!   known before the chain begins. A chain whose signers run from its beginning gets its key in
//!   that epoch. Who writes its chain spec chooses the first validators, and so among these draws.
//!
//! A draw that nobody can foresee would need randomness from after the last announcement. It would
//! take an epoch, so that the network would have no key for so long, and is for when committees are
//! replaced.
//!
//! # Modules
//! - `validators`: the current session's validators and their keys.
//! - `session_key_calls`: what session-key calls have in common.
//! - `signers`: announcements.
//! - `keygen`: the phases up to `Active`; `committee_choice`: when a committee is drawn, and how.
//! - `programs`, `registrations`, `parameters`: what users and root do.
//!
//! Faults (`report_fault`, `answer_challenge`) and handing the key over (`confirm_reshare`, rotation)
//! will be two more modules beside `keygen`, with a `Resharing` phase beside `Keygen`.
#![cfg_attr(not(feature = "std"), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod committee_choice;
mod keygen;
mod parameters;
mod programs;
mod registrations;
mod session_key_calls;
mod signers;
#[cfg(any(feature = "try-runtime", test))]
mod try_state;
mod types;
mod validators;
pub mod weights;

#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;
pub use pallet::*;
pub use types::{
    AnnouncementOf, BalanceOf, CommitteeMemberOf, CommitteeOf, KeygenAttemptOf, NetworkStateOf,
    ParametersOf, PhaseOf, ProgramInstances, ProgramOf, ProgramSummaryOf, RegistrationOf,
};
pub use weights::WeightInfo;

use frame_support::traits::fungible;
use signing_primitives as primitives;

#[frame_support::pallet]
pub mod pallet {
    use super::*;
    use alloc::vec::Vec;
    use frame_support::{pallet_prelude::*, traits::Randomness};
    use frame_system::{ensure_authorized, pallet_prelude::*};
    use primitives::{
        KeygenConfirmation, MaxBytecode, ProgramDefinition, ProgramKey, SignerId, SignerInfo,
        SignerSignature, VerifyingKey,
    };
    use sp_core::H256;
    use sp_runtime::traits::Zero;

    const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    /// What the runtime decides.
    #[pallet::config]
    pub trait Config: frame_system::Config<Hash = H256> {
        /// Where deposits are held.
        type Currency: fungible::Mutate<Self::AccountId>
            + fungible::MutateHold<Self::AccountId, Reason = Self::RuntimeHoldReason>;

        /// The runtime's reasons to hold a balance.
        type RuntimeHoldReason: From<HoldReason>;

        /// What the choice of a committee is drawn from. It must not be up to a block's author:
        /// `pallet_babe::RandomnessFromOneEpochAgo`. The crate's documentation says what that is worth.
        type Randomness: Randomness<Self::Hash, BlockNumberFor<Self>>;

        /// For how many blocks after there are enough signers the draw of a committee waits for the
        /// validators that have not announced themselves; at least 1. The more there are, the more
        /// blocks one author would have to own to keep others out of the draw. They should be enough
        /// for all signers that run to get an announcement into a block: 5.
        #[pallet::constant]
        type ChoiceDelay: Get<BlockNumberFor<Self>>;

        /// The most validators of a session. Those over it cannot be signers.
        #[pallet::constant]
        type MaxValidators: Get<u32>;

        /// The deposit for any program.
        #[pallet::constant]
        type ProgramDepositBase: Get<BalanceOf<Self>>;

        /// The deposit for each byte of a program's SCALE-encoded definition.
        #[pallet::constant]
        type ProgramDepositPerByte: Get<BalanceOf<Self>>;

        /// What the calls cost.
        type WeightInfo: WeightInfo;
    }

    /// Why this pallet holds a balance.
    #[pallet::composite_enum]
    pub enum HoldReason {
        /// Rent for a program's bytes, until its deployer removes it.
        ProgramDeposit,
    }

    /// The current session's validators (stash accounts), with their `signing` keys.
    #[pallet::storage]
    pub type SigningKeys<T: Config> = CountedStorageMap<_, Twox64Concat, T::AccountId, SignerId>;

    /// The inverse of [`SigningKeys`]: whose current key this is.
    #[pallet::storage]
    pub type KeyOwners<T: Config> = StorageMap<_, Blake2_128Concat, SignerId, T::AccountId>;

    /// Announcements of the current session's validators. That of a validator which leaves the
    /// session is dropped with it, so there are never more than validators.
    #[pallet::storage]
    pub type Signers<T: Config> =
        CountedStorageMap<_, Twox64Concat, T::AccountId, SignerInfo<BlockNumberFor<T>>>;

    /// Signers that are passed over in the choice of a committee, since they let an earlier attempt
    /// fail and have not announced themselves again.
    #[pallet::storage]
    pub type Excluded<T: Config> =
        StorageValue<_, BoundedBTreeSet<T::AccountId, T::MaxValidators>, ValueQuery>;

    /// The block in whose beginning a committee may be drawn although not all validators have
    /// announced themselves: [`Config::ChoiceDelay`] after there were enough signers. There is one
    /// for as long as there are enough, until there is a key.
    #[pallet::storage]
    pub type DrawAt<T: Config> = StorageValue<_, BlockNumberFor<T>>;

    /// The phase before there is any.
    #[pallet::type_value]
    pub fn InitialPhase<T: Config>() -> PhaseOf<T> {
        primitives::Phase::AwaitingSigners
    }

    /// Where the network is in the life of its key.
    #[pallet::storage]
    pub type Phase<T: Config> = StorageValue<_, PhaseOf<T>, ValueQuery, InitialPhase<T>>;

    /// The number of the last keygen attempt; the first is 1.
    #[pallet::storage]
    pub type LastAttempt<T: Config> = StorageValue<_, u32, ValueQuery>;

    /// The committee that holds the network key, once there is one.
    #[pallet::storage]
    pub type Committee<T: Config> = StorageValue<_, CommitteeOf<T>>;

    /// The network key, once there is one: written once.
    #[pallet::storage]
    pub type NetworkVerifyingKey<T: Config> = StorageValue<_, VerifyingKey>;

    /// Programs without their bytecode.
    #[pallet::storage]
    pub type Programs<T: Config> = StorageMap<_, Identity, ProgramKey, ProgramSummaryOf<T>>;

    /// The bytecode of [`Programs`].
    #[pallet::storage]
    pub type Bytecodes<T: Config> =
        StorageMap<_, Identity, ProgramKey, BoundedVec<u8, MaxBytecode>>;

    /// The deposits that are held for [`Programs`].
    #[pallet::storage]
    pub type ProgramDeposits<T: Config> = StorageMap<_, Identity, ProgramKey, BalanceOf<T>>;

    /// Registrations by their verifying keys.
    #[pallet::storage]
    pub type Registrations<T: Config> =
        StorageMap<_, Blake2_128Concat, VerifyingKey, RegistrationOf<T>>;

    /// The derivation index of the next registration.
    #[pallet::storage]
    pub type NextIndex<T: Config> = StorageValue<_, u32, ValueQuery>;

    /// The parameters before genesis sets any.
    #[pallet::type_value]
    pub fn DefaultParameters<T: Config>() -> ParametersOf<T> {
        parameters::defaults::<T>()
    }

    /// What root may set.
    #[pallet::storage]
    pub type Parameters<T: Config> =
        StorageValue<_, ParametersOf<T>, ValueQuery, DefaultParameters<T>>;

    /// Whether root has paused signing and registering.
    #[pallet::storage]
    pub type Paused<T: Config> = StorageValue<_, bool, ValueQuery>;

    /// The state that a chain begins with.
    #[pallet::genesis_config]
    pub struct GenesisConfig<T: Config> {
        /// The parameters: N, T, deadlines and limits.
        pub parameters: ParametersOf<T>,
    }

    impl<T: Config> Default for GenesisConfig<T> {
        fn default() -> Self {
            Self {
                parameters: parameters::defaults::<T>(),
            }
        }
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        fn build(&self) {
            // A chain spec that cannot work must not become a chain.
            if let Err(error) = parameters::validate::<T>(&self.parameters) {
                panic!("signing parameters in the chain spec: {error:?}");
            }
            Parameters::<T>::put(&self.parameters);
        }
    }

    /// What has happened.
    #[pallet::event]
    #[pallet::generate_deposit(pub(super) fn deposit_event)]
    pub enum Event<T: Config> {
        /// A validator's signer has told where it is; it may be chosen for a committee.
        SignerAnnounced {
            /// The validator's stash account.
            validator: T::AccountId,
        },
        /// A signer's validator has left the session's set, and its announcement with it.
        SignerLeft {
            /// The validator's stash account.
            validator: T::AccountId,
        },
        /// A committee has been chosen and makes the key.
        KeygenStarted {
            /// The number of the attempt.
            attempt: u32,
            /// The members, ordered by party id.
            members: Vec<CommitteeMemberOf<T>>,
            /// How many members it will take to sign.
            threshold: u32,
            /// The last block in which a confirmation counts.
            deadline: BlockNumberFor<T>,
        },
        /// A member has stored its share and confirmed the key.
        KeygenConfirmed {
            /// The number of the attempt.
            attempt: u32,
            /// The member's stash account.
            validator: T::AccountId,
        },
        /// An attempt has ended without a key.
        KeygenFailed {
            /// The number of the attempt.
            attempt: u32,
            /// Why it ended.
            failure: KeygenFailure,
            /// The members that are passed over until they announce themselves again.
            excluded: Vec<T::AccountId>,
        },
        /// There is a network key.
        NetworkKeyCreated {
            /// Counts the sets of key shares there have been; the first is 1.
            generation: u32,
            /// The network key, SEC1 compressed.
            verifying_key: VerifyingKey,
            /// The members that hold shares of it, ordered by party id.
            members: Vec<CommitteeMemberOf<T>>,
        },
        /// A program has been deployed.
        ProgramSet {
            /// Names the program.
            program: ProgramKey,
            /// Who deployed it, and may remove it.
            deployer: T::AccountId,
            /// What is held of the deployer's balance.
            deposit: BalanceOf<T>,
        },
        /// A program has been removed and its deposit released.
        ProgramRemoved {
            /// Names the program.
            program: ProgramKey,
        },
        /// A user has a key.
        Registered {
            /// The key is the network key's child `m/0/<index>`.
            index: u32,
            /// The user's key, SEC1 compressed.
            verifying_key: VerifyingKey,
            /// Who may change the programs.
            owner: T::AccountId,
            /// Who registered.
            who: T::AccountId,
        },
        /// Other programs guard a key.
        ProgramsChanged {
            /// The user's key.
            verifying_key: VerifyingKey,
        },
        /// Somebody else may change a key's programs.
        OwnerChanged {
            /// The user's key.
            verifying_key: VerifyingKey,
            /// The new owner.
            owner: T::AccountId,
        },
        /// Root has set the parameters.
        ParametersSet {
            /// The parameters that are now in force.
            parameters: ParametersOf<T>,
        },
        /// Root has paused signing and registering.
        Paused,
        /// Root has resumed signing and registering.
        Resumed,
    }

    /// Why a keygen attempt ended without a key.
    #[derive(
        Clone, Copy, Debug, Decode, DecodeWithMemTracking, Encode, Eq, PartialEq, TypeInfo,
    )]
    pub enum KeygenFailure {
        /// Not all members confirmed in time. Those that did not are excluded.
        DeadlineMissed,
        /// Two members confirmed different results. One of them lies, and the chain cannot tell
        /// which: all that confirmed are excluded.
        ResultsDiffer,
    }

    /// Why a call failed.
    #[pallet::error]
    pub enum Error<T> {
        /// The key is no validator's `signing` key in the current session.
        NotACurrentKey,
        /// The validator has an announcement from this block or a later one.
        AnnouncementNotNewer,
        /// The block that the announcement names is too long ago.
        AnnouncementExpired,
        /// The block that the announcement names is too far ahead.
        AnnouncementFromFuture,
        /// The endpoint is no `host:port`.
        InvalidEndpoint,
        /// No keygen is running.
        NotInKeygen,
        /// Another attempt is running.
        WrongAttempt,
        /// The key is not the party id of any member.
        NotAMember,
        /// The member has confirmed already.
        AlreadyConfirmed,
        /// The verifying key is no compressed secp256k1 point.
        InvalidVerifyingKey,
        /// There is such a program.
        ProgramAlreadyExists,
        /// The bytecode is empty.
        EmptyBytecode,
        /// The bytecode does not begin as a WebAssembly module does.
        NotWasm,
        /// Signers do not know this version of the ABI.
        UnknownAbiVersion,
        /// There is no such program.
        ProgramNotFound,
        /// Somebody else deployed the program.
        NotDeployer,
        /// Registrations use the program.
        ProgramInUse,
        /// No more registrations can use the program.
        TooManyReferences,
        /// There is no network key yet.
        NoNetworkKey,
        /// Root has paused signing and registering.
        SigningPaused,
        /// Root has not paused signing.
        NotPaused,
        /// A registration needs at least one program.
        NoPrograms,
        /// All derivation indexes are used.
        IndexesExhausted,
        /// There is no such registration.
        NotRegistered,
        /// Somebody else owns the registration.
        NotOwner,
        /// One member alone must not be able to sign.
        ThresholdTooLow,
        /// The committee is smaller than the threshold.
        CommitteeTooSmall,
        /// The committee is larger than a committee can be.
        CommitteeTooLarge,
        /// The parameter must not be zero.
        ZeroParameter,
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn on_initialize(now: BlockNumberFor<T>) -> Weight {
            Self::advance_phase(now)
        }

        fn integrity_test() {
            assert!(
                T::MaxValidators::get() >= <primitives::MaxMembers as Get<u32>>::get(),
                "a committee of the largest size needs as many validators"
            );
            assert!(
                !T::ChoiceDelay::get().is_zero(),
                "one block's author must not choose the candidates"
            );
            assert!(
                parameters::validate::<T>(&parameters::defaults::<T>()).is_ok(),
                "the default parameters must be valid"
            );
        }

        #[cfg(feature = "try-runtime")]
        fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::do_try_state()
        }
    }

    #[pallet::call(weight(<T as Config>::WeightInfo))]
    impl<T: Config> Pallet<T> {
        /// Tells where a validator's signer is, and makes the validator eligible for the committee.
        ///
        /// Free; authorized by the validator's current `signing` key, which signs
        /// [`primitives::announcement_payload`]. Only an announcement that names a later block
        /// replaces an earlier one, and the block must be within the freshness window of the
        /// current one, before or after it. It draws no committee itself: that is for the beginning
        /// of a later block.
        #[pallet::call_index(0)]
        #[pallet::authorize(|_, announcement, signature| {
            Self::authorize_announcement(announcement, signature)
        })]
        pub fn announce_signer(
            origin: OriginFor<T>,
            announcement: AnnouncementOf<T>,
            signature: SignerSignature,
        ) -> DispatchResult {
            ensure_authorized(origin)?;
            // Verified by `authorize`.
            let _ = signature;
            Self::do_announce_signer(announcement)
        }

        /// Confirms that a member has stored its share of the generated key.
        ///
        /// Free; authorized by the key that is the member's party id in the attempt, which signs
        /// [`primitives::keygen_confirmation_payload`]. It may have been rotated since: the
        /// protocol ran with it. The last confirmation makes the network key; one that differs from
        /// those before it ends the attempt.
        #[pallet::call_index(1)]
        #[pallet::weight(
            <T as Config>::WeightInfo::confirm_keygen().max(<T as Config>::WeightInfo::contradict_keygen())
        )]
        #[pallet::authorize(|_, confirmation, signature| {
            Self::authorize_confirmation(confirmation, signature)
        })]
        pub fn confirm_keygen(
            origin: OriginFor<T>,
            confirmation: KeygenConfirmation,
            signature: SignerSignature,
        ) -> DispatchResult {
            ensure_authorized(origin)?;
            // Verified by `authorize`.
            let _ = signature;
            Self::do_confirm_keygen(&confirmation)
        }

        /// Deploys a program against a held deposit. Its key is [`ProgramDefinition::key`].
        #[pallet::call_index(2)]
        #[pallet::weight(<T as Config>::WeightInfo::set_program(definition.bytecode.len() as u32))]
        pub fn set_program(origin: OriginFor<T>, definition: ProgramDefinition) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_set_program(who, definition)
        }

        /// Removes a program that no registration uses, and releases its deposit. For its deployer.
        #[pallet::call_index(3)]
        pub fn remove_program(origin: OriginFor<T>, program: ProgramKey) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_remove_program(&who, program)
        }

        /// Makes a key for a user, guarded by `programs`: all must say yes before the network signs
        /// with it. [`Event::Registered`] tells the key.
        #[pallet::call_index(4)]
        #[pallet::weight(<T as Config>::WeightInfo::register(programs.len() as u32))]
        pub fn register(
            origin: OriginFor<T>,
            programs: ProgramInstances,
            owner: T::AccountId,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_register(who, programs, owner)
        }

        /// Replaces the programs that guard a key. For its owner; also while signing is paused, so
        /// that what must be revoked can be.
        #[pallet::call_index(5)]
        #[pallet::weight(<T as Config>::WeightInfo::change_programs(programs.len() as u32))]
        pub fn change_programs(
            origin: OriginFor<T>,
            verifying_key: VerifyingKey,
            programs: ProgramInstances,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_change_programs(&who, verifying_key, programs)
        }

        /// Hands a registration to another owner. For its owner.
        #[pallet::call_index(6)]
        pub fn change_owner(
            origin: OriginFor<T>,
            verifying_key: VerifyingKey,
            owner: T::AccountId,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_change_owner(&who, verifying_key, owner)
        }

        /// Sets the parameters. For root.
        ///
        /// N, T and the deadline hold for the next keygen attempt: one that is running goes on with
        /// those it began with, and so does the committee. The limits hold at once.
        #[pallet::call_index(7)]
        pub fn set_parameters(origin: OriginFor<T>, parameters: ParametersOf<T>) -> DispatchResult {
            ensure_root(origin)?;
            Self::do_set_parameters(parameters)
        }

        /// Stops signing and registering. For root.
        #[pallet::call_index(8)]
        pub fn pause(origin: OriginFor<T>) -> DispatchResult {
            ensure_root(origin)?;
            Self::do_pause()
        }

        /// Resumes signing and registering. For root.
        #[pallet::call_index(9)]
        pub fn resume(origin: OriginFor<T>) -> DispatchResult {
            ensure_root(origin)?;
            Self::do_resume()
        }
    }

    #[pallet::view_functions]
    impl<T: Config> Pallet<T> {
        /// Everything a signer needs to know of the chain to decide on one request.
        pub fn network_state() -> NetworkStateOf<T> {
            primitives::NetworkState {
                validators: Self::validators(),
                phase: Phase::<T>::get(),
                committee: Committee::<T>::get(),
                verifying_key: NetworkVerifyingKey::<T>::get(),
                parameters: Parameters::<T>::get(),
                paused: Paused::<T>::get(),
            }
        }

        /// The registration of a user's verifying key.
        pub fn registration(verifying_key: VerifyingKey) -> Option<RegistrationOf<T>> {
            Registrations::<T>::get(verifying_key)
        }

        /// A program with its bytecode.
        pub fn program(key: ProgramKey) -> Option<ProgramOf<T>> {
            let summary = Programs::<T>::get(key)?;
            let bytecode = Bytecodes::<T>::get(key)?.into_inner();
            Some(primitives::Program { summary, bytecode })
        }

        /// All programs, without their bytecode. There is no limit to them: for nodes to ask, not
        /// for calls.
        pub fn programs() -> Vec<(ProgramKey, ProgramSummaryOf<T>)> {
            Programs::<T>::iter().collect()
        }
    }
}
