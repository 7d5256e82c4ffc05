//! Signers, committee, programs and registrations of the signing network.
//!
//! ```text
//!  pallet-session ──new session──► validators ◄── whose key is this? ── announce_signer
//!                                      │                                confirm_keygen
//!                                      ▼
//!  AwaitingSigners ─ N announced ─ draw ──► Keygen ── all confirmed the same ──► Active
//!         ▲                                 │  │                                   │ ▲
//!         └── too few signers ──────────────┘  └── deadline or disagreement:       ▼ │ all confirmed
//!                                                  the next attempt             Resharing
//!                                                                  Degraded ◄──────┘  too few sit
//!
//!  report_fault ─► quorum ─► seat lost in the next block ─► CommitteeReassigned
//!        │            └────► challenge ── not answered ──► punished
//!        └─ with proof ─► the node judges it ─► the accused, or the reporter, loses its seat, is
//!                                               slashed, and makes no blocks in the era
//!
//!  set_program ──► programs ◄── counted references ── registrations ◄── register
//!       └───────── deposits ──────────────────────────────────┘
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
//! 4. Who fails is [reported](Call::report_fault), loses its seat in the next block, and must
//!    [answer a challenge](Call::answer_challenge). The others sign on, and hand the key over to a
//!    committee with a standby in its place, whose members [confirm](Call::confirm_reshare) it.
//!    Who is [shown to have cheated](Call::report_fault) in a signing session, or accuses another with
//!    evidence that proves nothing, loses it too, and is slashed.
//! 5. Users deploy programs, and register: a registration is the BIP-32 child of the network key
//!    at the next index, with the programs that must say yes before the network signs with it.
//!
//! # What is stored for a deposit
//! Programs and registrations are stored for as long as their users like, against a deposit that is
//! theirs again when they remove them. It is only ever held of the balance of whoever makes the
//! call, and released to nobody but the one it is held of:
//!
//! | held for | of | released when |
//! | --- | --- | --- |
//! | a program | its deployer | the deployer removes it, which nobody can while registrations use it |
//! | a registration | whoever registered; from the first change of its programs on, the owner who made the last one | the owner changes the programs or deregisters |
//!
//! A registration therefore pins its programs, and with them their deployers' deposits, for as long
//! as somebody pays for it. That is meant so: whoever registers relies on the programs, and a
//! deployer deploys for all.
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
//! - `reassignment`: what the beginning of a block does about seats that are lost; `next_committee`:
//!   who gets them; `standbys`: who may; `former_members`: those that have left the validators.
//! - `resharing`, `aux_info`: handing over, and what makes it quick; `rotation`: members that leave.
//! - `faults`, `challenges`, `punishment`: reports without proof, and what they lead to; `proofs`,
//!   `convictions`: the same of those with proof.
//! - `programs`, `registrations`, `parameters`: what users and root do.
#![cfg_attr(not(feature = "std"), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

mod aux_info;
#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod challenges;
mod committee_choice;
mod convictions;
mod faults;
mod former_members;
mod keygen;
mod next_committee;
mod parameters;
mod programs;
mod proofs;
mod punishment;
mod reassignment;
mod registrations;
mod resharing;
mod rotation;
mod seats;
mod session_key_calls;
mod signers;
mod standbys;
#[cfg(any(feature = "try-runtime", test))]
mod try_state;
#[cfg(any(feature = "try-runtime", test))]
mod try_state_convictions;
#[cfg(any(feature = "try-runtime", test))]
mod try_state_seats;
mod types;
#[cfg(feature = "upgrade-test")]
pub mod upgrade_test;
mod validators;
pub mod weights;

#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;
pub use pallet::*;
pub use punishment::{Offence, PunishOffender};
pub use seats::{
    BarredValidators, Challenge, Conviction, LostSeat, MaxAccountable, MaxLostSeats, MaxProven,
    Report, SeatLoss,
};
pub use types::{
    AnnouncementOf, AuxInfoAttemptOf, AuxInfoSetOf, BalanceOf, ChallengeAnswerOf,
    CommitteeMemberOf, CommitteeOf, FaultReportOf, KeygenAttemptOf, NetworkStateOf, ParametersOf,
    PhaseOf, ProgramInstances, ProgramOf, ProgramSummaryOf, RegistrationDepositOf, RegistrationOf,
    ReshareAttemptOf, StoredIndex,
};
pub use weights::WeightInfo;

use frame_support::traits::fungible;
use signing_primitives as primitives;

#[frame_support::pallet]
pub mod pallet {
    use super::*;
    use alloc::vec::Vec;
    use frame_support::{pallet_prelude::*, traits::Randomness, BoundedBTreeMap};
    use frame_system::{ensure_authorized, pallet_prelude::*};
    use primitives::{
        AuxInfoConfirmation, KeygenConfirmation, MaxBytecode, MaxMembers, MaxStandbys,
        ProgramDefinition, ProgramKey, ReshareConfirmation, SignerId, SignerInfo, SignerSignature,
        UnprovableFault, VerifyingKey,
    };
    use sp_core::H256;
    use sp_runtime::{traits::Zero, Perbill};

    #[cfg(not(feature = "upgrade-test"))]
    const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);
    #[cfg(feature = "upgrade-test")]
    const STORAGE_VERSION: StorageVersion = StorageVersion::new(2);

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

        /// The deposit for any registration.
        #[pallet::constant]
        type RegistrationDepositBase: Get<BalanceOf<Self>>;

        /// The deposit for each byte of a SCALE-encoded registration.
        #[pallet::constant]
        type RegistrationDepositPerByte: Get<BalanceOf<Self>>;

        /// The active era. Who loses a seat in it gets no other until it is over.
        type Era: Get<u32>;

        /// Punishes validators by their stake.
        type Punish: PunishOffender<Self::AccountId>;

        /// What the calls cost.
        type WeightInfo: WeightInfo;
    }

    /// Why this pallet holds a balance.
    #[pallet::composite_enum]
    pub enum HoldReason {
        /// Rent for a program's bytes, until its deployer removes it.
        ProgramDeposit,
        /// Rent for a registration's bytes, until its owner removes it or pays for it in the
        /// depositor's place.
        RegistrationDeposit,
    }

    /// The current session's validators (stash accounts), with their `signing` keys.
    #[pallet::storage]
    pub type SigningKeys<T: Config> = CountedStorageMap<_, Twox64Concat, T::AccountId, SignerId>;

    /// The inverse of [`SigningKeys`]: whose current key this is.
    #[pallet::storage]
    pub type KeyOwners<T: Config> = StorageMap<_, Blake2_128Concat, SignerId, T::AccountId>;

    /// Those of the current session's validators that the next session does without.
    #[pallet::storage]
    pub type Leaving<T: Config> =
        StorageValue<_, BoundedBTreeSet<T::AccountId, T::MaxValidators>, ValueQuery>;

    /// Members of the committee that are no validators any more, with their last keys: they are kept
    /// until they hold no share in force.
    #[pallet::storage]
    pub type FormerMembers<T: Config> =
        StorageValue<_, BoundedBTreeMap<T::AccountId, SignerId, MaxMembers>, ValueQuery>;

    /// Announcements of the current session's validators and of former members. That of another
    /// validator which leaves the session is dropped with it.
    #[pallet::storage]
    pub type Signers<T: Config> =
        CountedStorageMap<_, Twox64Concat, T::AccountId, SignerInfo<BlockNumberFor<T>>>;

    /// Signers that are passed over in the choice of members and standbys, since they let an earlier
    /// attempt fail and have not announced themselves again.
    #[pallet::storage]
    pub type Excluded<T: Config> =
        StorageValue<_, BoundedBTreeSet<T::AccountId, T::MaxValidators>, ValueQuery>;

    /// The last block in which signers were passed over.
    #[pallet::storage]
    pub type ExcludedAt<T: Config> = StorageValue<_, BlockNumberFor<T>>;

    /// How many attempts to hand the key over have missed their deadline, since a generation was activated or
    /// there was nobody to hand over to.
    #[pallet::storage]
    pub type FruitlessAttempts<T: Config> = StorageValue<_, u32, ValueQuery>;

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

    /// The number of the last attempt at keygen, resharing or auxiliary information; the first is 1.
    #[pallet::storage]
    pub type LastAttempt<T: Config> = StorageValue<_, u32, ValueQuery>;

    /// The committee that holds the network key, once there is one.
    #[pallet::storage]
    pub type Committee<T: Config> = StorageValue<_, CommitteeOf<T>>;

    /// The committee before the one in force: what its members did can still be proved.
    #[pallet::storage]
    pub type PreviousCommittee<T: Config> = StorageValue<_, CommitteeOf<T>>;

    /// Who was shown to have cheated in sessions of which generation: of the one in force, or the one
    /// before it. Nobody is punished for it twice.
    #[pallet::storage]
    pub type ProvenCheaters<T: Config> =
        StorageValue<_, BoundedBTreeSet<(u32, T::AccountId), MaxProven>, ValueQuery>;

    /// Those who were convicted, of cheating or of false evidence, in this era or while the generation
    /// in force was.
    #[pallet::storage]
    pub type Convictions<T: Config> =
        StorageValue<_, BoundedBTreeMap<T::AccountId, Conviction, T::MaxValidators>, ValueQuery>;

    /// The last sessions of those members, of the generation in force, the one before it and the next
    /// one, that are no validators any more: with the stake of these they answer for cheating.
    #[pallet::storage]
    pub type LastSessions<T: Config> =
        StorageValue<_, BoundedBTreeMap<T::AccountId, u32, MaxAccountable>, ValueQuery>;

    /// Seats that the beginning of the next block takes.
    #[pallet::storage]
    pub type LostSeats<T: Config> = StorageValue<
        _,
        BoundedBTreeMap<T::AccountId, LostSeat<BlockNumberFor<T>>, MaxLostSeats>,
        ValueQuery,
    >;

    /// The last block in which something changed that may lead to another committee, other standbys, or
    /// other auxiliary information. The beginning of the next block looks at it.
    #[pallet::storage]
    pub type ReviewDue<T: Config> = StorageValue<_, BlockNumberFor<T>>;

    /// Members that are to leave with the next generation, although they could stay.
    #[pallet::storage]
    pub type Retiring<T: Config> =
        StorageValue<_, BoundedBTreeSet<T::AccountId, MaxMembers>, ValueQuery>;

    /// Whether the key is to be handed over even if the members stay the same.
    #[pallet::storage]
    pub type RefreshDue<T: Config> = StorageValue<_, bool, ValueQuery>;

    /// Since when the rotation period runs.
    #[pallet::storage]
    pub type RotationFrom<T: Config> = StorageValue<_, BlockNumberFor<T>, ValueQuery>;

    /// Those who have lost a seat in the current era, or in the last one in which somebody has.
    #[pallet::storage]
    pub type Barred<T: Config> = StorageValue<_, BarredValidators<T>, ValueQuery>;

    /// Those next in line for a seat, first come first.
    #[pallet::storage]
    pub type Standbys<T: Config> =
        StorageValue<_, BoundedVec<T::AccountId, MaxStandbys>, ValueQuery>;

    /// The auxiliary information that members and standbys hold.
    #[pallet::storage]
    pub type AuxInfo<T: Config> = StorageValue<_, AuxInfoSetOf<T>>;

    /// The attempt of members and standbys at new auxiliary information.
    #[pallet::storage]
    pub type AuxInfoAttempt<T: Config> = StorageValue<_, AuxInfoAttemptOf<T>>;

    /// The block until which no attempt at auxiliary information begins, after one that failed without a
    /// standby to blame.
    #[pallet::storage]
    pub type AuxInfoPause<T: Config> = StorageValue<_, BlockNumberFor<T>>;

    /// What validators have reported of members, standbys and those about to be: by the accused, then by
    /// the reporter. At an activation all are dropped, at a session change those that are of no use.
    #[pallet::storage]
    pub type Reports<T: Config> = StorageMap<
        _,
        Twox64Concat,
        T::AccountId,
        BoundedBTreeMap<T::AccountId, Report<BlockNumberFor<T>>, T::MaxValidators>,
        ValueQuery,
    >;

    /// Those who must show that they are there.
    #[pallet::storage]
    pub type Challenges<T: Config> = StorageValue<
        _,
        BoundedBTreeMap<T::AccountId, Challenge<BlockNumberFor<T>>, T::MaxValidators>,
        ValueQuery,
    >;

    /// How many challenges validators have left unanswered, and in which era the last.
    #[pallet::storage]
    pub type Silences<T: Config> =
        StorageValue<_, BoundedBTreeMap<T::AccountId, (u32, u32), T::MaxValidators>, ValueQuery>;

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

    /// The deposits that are held for [`Registrations`].
    #[pallet::storage]
    pub type RegistrationDeposits<T: Config> =
        StorageMap<_, Blake2_128Concat, VerifyingKey, RegistrationDepositOf<T>>;

    /// The derivation index of the next registration. It only ever grows, so that no key is given
    /// to a second user.
    #[pallet::storage]
    pub type NextIndex<T: Config> = StorageValue<_, StoredIndex, ValueQuery>;

    /// The parameters before genesis sets any.
    #[pallet::type_value]
    pub fn DefaultParameters<T: Config>() -> ParametersOf<T> {
        Default::default()
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
                parameters: Default::default(),
            }
        }
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        fn build(&self) {
            // A chain spec that cannot work must not become a chain.
            if let Err(error) = self.parameters.check() {
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
        /// A validator loses its seat, or the one it was to have: the next block names who is to have
        /// the key.
        SeatLost {
            /// The validator's stash account.
            validator: T::AccountId,
            /// Why.
            cause: SeatLoss,
        },
        /// A member that had lost its seat has it back, since the others are too few to sign.
        SeatRegained {
            /// The member's stash account.
            validator: T::AccountId,
        },
        /// A standby has lost its place, since so many reported it that it counts.
        StandbyDismissed {
            /// The validator's stash account.
            validator: T::AccountId,
        },
        /// A rotation period is over, and there is no standby: the members are to hand the key over to
        /// themselves.
        RefreshDue,
        /// Others are to have the key. The committee in force signs, without those that have lost their
        /// seats for a fault, until [`Event::CommitteeActivated`] says so.
        CommitteeReassigned {
            /// The generation that they are to have; if nothing can be handed over, the one in force.
            generation: u32,
            /// Those who have seats no more, or were to have them.
            removed: Vec<T::AccountId>,
            /// Those who are to have seats.
            added: Vec<T::AccountId>,
            /// All who are to have the key, ordered by party id. If nothing can be handed over, those who
            /// have it and have not lost their seats.
            members: Vec<CommitteeMemberOf<T>>,
        },
        /// An attempt at handing the key over has begun.
        ReshareStarted {
            /// The number of the attempt.
            attempt: u32,
            /// The generation that it makes.
            generation: u32,
            /// Those who hand over, ordered by party id.
            old_holders: Vec<CommitteeMemberOf<T>>,
            /// Those who are to have the key, ordered by party id.
            members: Vec<CommitteeMemberOf<T>>,
            /// How many of them it will take to sign.
            threshold: u32,
            /// The last block in which a confirmation counts.
            deadline: BlockNumberFor<T>,
        },
        /// A member to be has stored its share.
        ReshareConfirmed {
            /// The number of the attempt.
            attempt: u32,
            /// The member's stash account.
            validator: T::AccountId,
        },
        /// An attempt at handing the key over has failed.
        ReshareFailed {
            /// The number of the attempt.
            attempt: u32,
            /// Why it ended.
            failure: AttemptFailure,
            /// Those who are passed over until they announce themselves again.
            excluded: Vec<T::AccountId>,
        },
        /// Another generation of key shares is in force.
        CommitteeActivated {
            /// Counts the sets of key shares there have been.
            generation: u32,
            /// The members that hold shares of it, ordered by party id.
            members: Vec<CommitteeMemberOf<T>>,
        },
        /// Members and standbys make auxiliary information.
        AuxInfoStarted {
            /// The number of the attempt.
            attempt: u32,
            /// Those who take part, ordered by party id.
            parties: Vec<CommitteeMemberOf<T>>,
            /// The last block in which a confirmation counts.
            deadline: BlockNumberFor<T>,
        },
        /// A party has stored its auxiliary information.
        AuxInfoConfirmed {
            /// The number of the attempt.
            attempt: u32,
            /// The party's stash account.
            validator: T::AccountId,
        },
        /// An attempt at auxiliary information has ended without any.
        AuxInfoFailed {
            /// The number of the attempt.
            attempt: u32,
            /// Why it ended.
            failure: AttemptFailure,
            /// Those who are passed over until they announce themselves again.
            excluded: Vec<T::AccountId>,
        },
        /// Members and standbys have auxiliary information.
        AuxInfoCreated {
            /// The number of the attempt.
            attempt: u32,
            /// Those who have it, ordered by party id.
            parties: Vec<CommitteeMemberOf<T>>,
        },
        /// A validator has reported another one.
        FaultReported {
            /// The stash account of the one that reports.
            reporter: T::AccountId,
            /// The stash account of the one that is reported.
            accused: T::AccountId,
            /// What it is said to have done.
            fault: UnprovableFault,
        },
        /// A validator was shown to have cheated in a signing session, and is punished.
        CheatingProven {
            /// The stash account of the one that has shown it.
            reporter: T::AccountId,
            /// The stash account of the cheater.
            accused: T::AccountId,
            /// The generation of the session.
            generation: u32,
            /// The part of its stake that the cheater loses.
            slash: Perbill,
        },
        /// A validator has accused another one with evidence that proves nothing, and is punished.
        FalseEvidence {
            /// The stash account of the one that is punished.
            reporter: T::AccountId,
            /// The stash account of the one that it accused.
            accused: T::AccountId,
            /// The part of its stake that the reporter loses.
            slash: Perbill,
        },
        /// A validator must show that it is there.
        Challenged {
            /// The validator's stash account.
            validator: T::AccountId,
            /// The last block in which an answer counts.
            deadline: BlockNumberFor<T>,
        },
        /// A validator has shown that it is there.
        ChallengeAnswered {
            /// The validator's stash account.
            validator: T::AccountId,
        },
        /// A validator has not shown in time that it is there, and is punished.
        ChallengeUnanswered {
            /// The validator's stash account.
            validator: T::AccountId,
            /// The part of its stake that it loses.
            slash: Perbill,
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
            /// What is held of the balance of who registered.
            deposit: BalanceOf<T>,
        },
        /// Other programs guard a key.
        ProgramsChanged {
            /// The user's key.
            verifying_key: VerifyingKey,
            /// What is now held of the owner's balance.
            deposit: BalanceOf<T>,
        },
        /// Somebody else may change a key's programs.
        OwnerChanged {
            /// The user's key.
            verifying_key: VerifyingKey,
            /// The new owner.
            owner: T::AccountId,
        },
        /// A registration has been removed and its deposit released. The network never signs with
        /// its key again.
        Deregistered {
            /// The key was the network key's child `m/0/<index>`.
            index: u32,
            /// The key.
            verifying_key: VerifyingKey,
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

    /// Why an attempt at resharing or auxiliary information ended without a result.
    #[derive(
        Clone, Copy, Debug, Decode, DecodeWithMemTracking, Encode, Eq, PartialEq, TypeInfo,
    )]
    pub enum AttemptFailure {
        /// Not all confirmed in time.
        DeadlineMissed,
        /// Two confirmed different results.
        ResultsDiffer,
        /// Something else is to be done in its place.
        GivenUp,
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
        /// No hand-over is running.
        NotResharing,
        /// The next block gives the attempt up, since somebody has lost its seat.
        AttemptGivenUp,
        /// No attempt at auxiliary information is running.
        NoAuxInfoAttempt,
        /// There is no committee yet.
        NoCommittee,
        /// The report is of another generation than the one in force; with proof, it may be the one
        /// before it as well.
        WrongGeneration,
        /// The block that the report names is too long ago.
        ReportExpired,
        /// The block that the report names is too far ahead.
        ReportFromFuture,
        /// Nobody reports itself.
        ReportOfOneself,
        /// The validator is no member, is not about to be one, and is no standby.
        NotAccusable,
        /// The reporter has reported the validator already, and that still counts.
        AlreadyReported,
        /// The validator has lost its seat already.
        SeatAlreadyLost,
        /// The bytes are no evidence.
        MalformedEvidence,
        /// The evidence is not about the accused, or not about a session of that generation on this
        /// chain.
        EvidenceOfOthers,
        /// It was proved already that the validator cheated in this generation.
        AlreadyProven,
        /// The reporter was convicted itself, of cheating or of false evidence.
        ReporterConvicted,
        /// There is no such challenge.
        NotChallenged,
        /// There would be too few members left, and nobody to take the seat.
        NobodyToReplace,
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
        /// There are more standbys than there can be.
        TooManyStandbys,
        /// The parameter must not be zero.
        ZeroParameter,
        /// To cheat must cost more than to be silent can, and than 5 %.
        CheatingTooCheap,
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
                ParametersOf::<T>::default().check().is_ok(),
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
        ///
        /// A deposit for the registration's bytes is held of the caller's balance, whoever the owner
        /// is. Only the owner can have it released, by [`Call::deregister`] or
        /// [`Call::change_programs`]: register for others only if you can do without it.
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
        ///
        /// The caller becomes the depositor: what was held for the registration is released to
        /// whoever it was held of, and what the new programs take, at today's price, is held of the
        /// caller. So an owner cannot spend a former depositor's balance, and who was given a
        /// registration takes its deposit over by setting the same programs again.
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

        /// Hands a registration to another owner. For its owner; also while signing is paused.
        ///
        /// The deposit stays where it is, with its depositor, until the new owner changes the
        /// programs or deregisters. So nobody can be made to pay by being made an owner, and neither
        /// owner can take what is not theirs: a deposit is released to its depositor and to nobody
        /// else. But the depositor cannot have it back without the new owner, who may leave it held
        /// for ever: hand over only to whom you trust with that, or
        /// [deregister](Call::deregister) and let them register a key of their own.
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
        /// N, T and the deadlines hold for the next attempt: one that is running goes on with those it
        /// began with. The next block begins a hand-over if N or T make another committee of the
        /// signers that there are. The limits hold at once.
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

        /// Removes a registration. For its owner; also while signing is paused.
        ///
        /// Its programs have one use less, and the deposit is released to its depositor. The
        /// network never signs with the key again, for nobody: its index is not used a second time.
        /// Whatever the key alone controls is lost, so move it first.
        #[pallet::call_index(10)]
        pub fn deregister(origin: OriginFor<T>, verifying_key: VerifyingKey) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_deregister(&who, verifying_key)
        }

        /// Confirms that a member of the next committee has stored its share of the network key.
        ///
        /// Free; authorized by the key that is the member's party id in the attempt, which signs
        /// [`primitives::reshare_confirmation_payload`]. It may have been rotated since. The last
        /// confirmation puts the next generation in force; one that differs from those before it ends
        /// the attempt.
        #[pallet::call_index(11)]
        #[pallet::authorize(|_, confirmation, signature| {
            Self::authorize_reshare_confirmation(confirmation, signature)
        })]
        pub fn confirm_reshare(
            origin: OriginFor<T>,
            confirmation: ReshareConfirmation,
            signature: SignerSignature,
        ) -> DispatchResult {
            ensure_authorized(origin)?;
            // Verified by `authorize`.
            let _ = signature;
            Self::do_confirm_reshare(&confirmation)
        }

        /// Confirms that a member or standby has stored its auxiliary information.
        ///
        /// Free; authorized by the key that is the party id in the attempt, which signs
        /// [`primitives::aux_info_confirmation_payload`].
        #[pallet::call_index(12)]
        #[pallet::authorize(|_, confirmation, signature| {
            Self::authorize_aux_info_confirmation(confirmation, signature)
        })]
        pub fn confirm_aux_info(
            origin: OriginFor<T>,
            confirmation: AuxInfoConfirmation,
            signature: SignerSignature,
        ) -> DispatchResult {
            ensure_authorized(origin)?;
            // Verified by `authorize`.
            let _ = signature;
            Self::do_confirm_aux_info(&confirmation)
        }

        /// Reports a member, one that is about to be, or a standby; with proof, whoever was a member of
        /// the generation in force or of the one before it.
        ///
        /// Free; authorized by a validator's current `signing` key, which signs
        /// [`primitives::fault_report_payload`].
        ///
        /// Without proof, one report of a validator by another counts at a time. If those that count are
        /// enough, the accused loses its seat or its place, and is challenged.
        ///
        /// With proof, one report is enough: the accused loses its seat or its place and a part of its
        /// stake, and makes no blocks in this era. If the evidence proves nothing, that becomes of the
        /// reporter. The call succeeds either way. Evidence that is not about a member of these
        /// generations is refused without punishment.
        #[pallet::call_index(13)]
        #[pallet::weight(Pallet::<T>::weight_of_report(report))]
        #[pallet::weight_of_authorize(Pallet::<T>::weight_of_authorizing_report(report))]
        #[pallet::authorize(|_, report, signature| Self::authorize_report(report, signature))]
        pub fn report_fault(
            origin: OriginFor<T>,
            report: FaultReportOf<T>,
            signature: SignerSignature,
        ) -> DispatchResult {
            ensure_authorized(origin)?;
            // Verified by `authorize`.
            let _ = signature;
            Self::do_report_fault(&report)
        }

        /// Shows that a validator is there that was reported.
        ///
        /// Free; authorized by the validator's current `signing` key, or the one it had when it was
        /// challenged, which signs [`primitives::challenge_answer_payload`].
        #[pallet::call_index(14)]
        #[pallet::authorize(|_, answer, signature| Self::authorize_answer(answer, signature))]
        pub fn answer_challenge(
            origin: OriginFor<T>,
            answer: ChallengeAnswerOf<T>,
            signature: SignerSignature,
        ) -> DispatchResult {
            ensure_authorized(origin)?;
            // Verified by `authorize`.
            let _ = signature;
            Self::do_answer_challenge(&answer)
        }

        /// Has the caller's seat go to another. For a member's stash account.
        ///
        /// It signs and hands over until the next committee is in force, and gets no other seat in this
        /// era.
        #[pallet::call_index(15)]
        pub fn leave_committee(origin: OriginFor<T>) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_leave_committee(&who)
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
                standbys: Standbys::<T>::get().into_inner(),
                aux_info: AuxInfo::<T>::get(),
                aux_info_attempt: AuxInfoAttempt::<T>::get(),
                challenges: Challenges::<T>::get()
                    .into_iter()
                    .map(|(validator, challenge)| (validator, challenge.deadline))
                    .collect(),
                verifying_key: NetworkVerifyingKey::<T>::get(),
                parameters: Parameters::<T>::get(),
                paused: Paused::<T>::get(),
            }
        }

        /// The registration of a user's verifying key.
        pub fn registration(verifying_key: VerifyingKey) -> Option<RegistrationOf<T>> {
            Registrations::<T>::get(verifying_key)
        }

        /// What is held for the registration of a user's verifying key.
        pub fn registration_deposit(
            verifying_key: VerifyingKey,
        ) -> Option<RegistrationDepositOf<T>> {
            RegistrationDeposits::<T>::get(verifying_key)
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
