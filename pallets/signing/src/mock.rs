//! A runtime for tests, and what the tests do to it.
//!
//! Session-key calls go through the transaction extensions, as they do from a node's pool.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use crate::{
    self as pallet_signing, primitives, AnnouncementOf, AuxInfoAttempt, AuxInfoAttemptOf, Call,
    Committee, CommitteeMemberOf, CommitteeOf, Config, Event, FaultReportOf, GenesisConfig,
    HoldReason, KeygenAttemptOf, Offence, Pallet, ParametersOf, Phase, PhaseOf, ProgramInstances,
    PunishOffender, RegistrationDeposits, ReshareAttemptOf, SigningKeys,
};
use codec::Encode;
use frame_support::{
    derive_impl,
    dispatch::{DispatchInfo, GetDispatchInfo, PostDispatchInfo},
    parameter_types,
    traits::{fungible::InspectHold, Hooks, OneSessionHandler, Randomness},
};
use primitives::{
    Announcement, AuxInfoConfirmation, ChallengeAnswer, Fault, FaultReport, KeygenConfirmation,
    ProgramDefinition, ProgramInstance, ProgramKey, ReshareConfirmation, SignerPair,
    SignerSignature, UnprovableFault, VerifyingKey,
};
use sp_core::{Pair, H256};
use sp_runtime::{
    testing::UintAuthorityId,
    traits::{Applyable, BlakeTwo256, Checkable},
    transaction_validity::{TransactionSource, TransactionValidityError, ValidTransaction},
    BuildStorage, DispatchResult, DispatchResultWithInfo, Perbill,
};

#[frame_support::runtime]
mod runtime {
    #[runtime::runtime]
    #[runtime::derive(
        RuntimeCall,
        RuntimeEvent,
        RuntimeError,
        RuntimeOrigin,
        RuntimeFreezeReason,
        RuntimeHoldReason,
        RuntimeSlashReason,
        RuntimeLockId,
        RuntimeTask,
        RuntimeViewFunction
    )]
    pub struct Test;

    #[runtime::pallet_index(0)]
    pub type System = frame_system::Pallet<Test>;
    #[runtime::pallet_index(1)]
    pub type Balances = pallet_balances::Pallet<Test>;
    #[runtime::pallet_index(2)]
    pub type Signing = pallet_signing::Pallet<Test>;
}

pub(crate) type AccountId = u64;
type Header = sp_runtime::generic::Header<u64, BlakeTwo256>;
type Extension = frame_system::AuthorizeCall<Test>;
type Extrinsic =
    sp_runtime::generic::UncheckedExtrinsic<AccountId, RuntimeCall, UintAuthorityId, Extension>;
type Block = sp_runtime::generic::Block<Header, Extrinsic>;

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type Block = Block;
    type AccountData = pallet_balances::AccountData<u64>;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
    type AccountStore = System;
}

parameter_types! {
    /// Tests change it to have other committees chosen.
    pub static Seed: u32 = 0;
}

parameter_types! {
    /// The active era.
    pub static Era: u32 = 0;
    /// The current session.
    pub static SessionIndex: u32 = 7;
    /// Who was punished for what of which session, and by how much.
    pub static Punished: Vec<(AccountId, u32, Offence, Perbill)> = Vec::new();
    /// Who has proved what others were punished for.
    pub static Provers: Vec<AccountId> = Vec::new();
    /// Who was kept from making blocks in new sessions.
    pub static Disabled: Vec<AccountId> = Vec::new();
}

/// Takes note of punishments.
pub struct RecordPunishments;

impl PunishOffender<AccountId> for RecordPunishments {
    fn session() -> u32 {
        SessionIndex::get()
    }

    fn punish(
        offender: &AccountId,
        session: u32,
        offence: Offence,
        slash: Perbill,
        prover: Option<&AccountId>,
    ) {
        Punished::mutate(|all| all.push((*offender, session, offence, slash)));
        Provers::mutate(|all| all.extend(prover));
    }

    fn disable(offender: &AccountId, _slash: Perbill) {
        Disabled::mutate(|all| all.push(*offender));
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn prepare(_: &AccountId) {}
}

/// The chain's randomness, as far as the pallet can tell.
pub struct SeededRandomness;

impl Randomness<H256, u64> for SeededRandomness {
    fn random(subject: &[u8]) -> (H256, u64) {
        (
            H256(sp_io::hashing::blake2_256(&(Seed::get(), subject).encode())),
            0,
        )
    }
}

parameter_types! {
    pub const ChoiceDelay: u64 = 4;
    pub const MaxValidators: u32 = 40;
    pub const ProgramDepositBase: u64 = 100;
    pub const ProgramDepositPerByte: u64 = 2;
    pub const RegistrationDepositBase: u64 = 50;
    /// Tests change it as a runtime upgrade would.
    pub static RegistrationDepositPerByte: u64 = 3;
}

impl Config for Test {
    type Currency = Balances;
    type RuntimeHoldReason = RuntimeHoldReason;
    type Randomness = SeededRandomness;
    type ChoiceDelay = ChoiceDelay;
    type MaxValidators = MaxValidators;
    type ProgramDepositBase = ProgramDepositBase;
    type ProgramDepositPerByte = ProgramDepositPerByte;
    type RegistrationDepositBase = RegistrationDepositBase;
    type RegistrationDepositPerByte = RegistrationDepositPerByte;
    type Era = Era;
    type Punish = RecordPunishments;
    type WeightInfo = ();
}

pub(crate) type Error = crate::Error<Test>;

/// A user with a balance.
pub(crate) const ALICE: AccountId = 1001;
/// Another user with a balance.
pub(crate) const BOB: AccountId = 1002;
/// A user without any.
pub(crate) const PAUPER: AccountId = 1003;
/// What users begin with.
pub(crate) const ENDOWMENT: u64 = 10_000_000;

pub(crate) fn parameters() -> ParametersOf<Test> {
    ParametersOf::<Test> {
        committee_size: 3,
        threshold: 2,
        keygen_deadline: 10,
        reshare_deadline: 6,
        rotation_period: 0,
        standbys: 1,
        fault_quorum: 2,
        report_window: 20,
        challenge_window: 15,
        cheating_slash: Perbill::from_percent(10),
        silence_slash: Perbill::from_parts(1_000_000),
        request_limit: 5,
        fuel: 1_000,
        freshness_window: 8,
    }
}

/// State at genesis, without any validators.
pub(crate) fn genesis(parameters: ParametersOf<Test>) -> sp_io::TestExternalities {
    let mut storage = frame_system::GenesisConfig::<Test>::default()
        .build_storage()
        .unwrap();
    pallet_balances::GenesisConfig::<Test> {
        balances: vec![(ALICE, ENDOWMENT), (BOB, ENDOWMENT)],
        ..Default::default()
    }
    .assimilate_storage(&mut storage)
    .unwrap();
    GenesisConfig::<Test> { parameters }
        .assimilate_storage(&mut storage)
        .unwrap();
    storage.into()
}

/// Runs a test on a chain whose validators are 1 to `validators`, in block 1, and checks the
/// invariants after it.
pub(crate) fn test(validators: u64, test: impl FnOnce()) {
    Seed::set(0);
    RegistrationDepositPerByte::set(3);
    Era::set(0);
    SessionIndex::set(7);
    Punished::set(Vec::new());
    Provers::set(Vec::new());
    Disabled::set(Vec::new());
    genesis(parameters()).execute_with(|| {
        let keys: Vec<_> = (1..=validators).map(|v| (v, pair(v).public())).collect();
        Signing::on_genesis_session(keys.iter().map(|(v, key)| (v, key.clone())));
        System::set_block_number(1);
        test();
        check();
    });
}

pub(crate) fn check() {
    Pallet::<Test>::do_try_state().unwrap();
    // `try_state` knows the depositors only. Here all accounts are known.
    for who in frame_system::Account::<Test>::iter_keys() {
        let deposits = RegistrationDeposits::<Test>::iter_values();
        let deposited = deposits.filter(|deposit| deposit.depositor == who);
        assert_eq!(
            held_for_registrations(who),
            deposited.map(|deposit| deposit.amount).sum::<u64>(),
            "nothing is held of {who} for what is gone"
        );
    }
}

/// What is held of an account for registrations.
pub(crate) fn held_for_registrations(who: AccountId) -> u64 {
    Balances::balance_on_hold(&HoldReason::RegistrationDeposit.into(), &who)
}

/// Ends this block and begins the next.
pub(crate) fn next_block() {
    check();
    System::set_block_number(System::block_number() + 1);
    Signing::on_initialize(System::block_number());
    check();
}

pub(crate) fn run_to(block: u64) {
    while System::block_number() < block {
        next_block();
    }
}

/// Begins a session with these validators and session keys.
pub(crate) fn new_session(validators: &[(AccountId, SignerPair)]) {
    let session = || {
        validators
            .iter()
            .map(|(validator, pair)| (validator, pair.public()))
    };
    // The same are queued for the session after it.
    Signing::on_new_session(true, session(), session());
    check();
}

/// Begins a session with the same validators, of which only `next` are queued for the one after it.
pub(crate) fn queue(next: &[AccountId]) {
    let keys: Vec<_> = SigningKeys::<Test>::iter().collect();
    let current = keys.iter().map(|(validator, key)| (validator, key.clone()));
    let queued = keys
        .iter()
        .filter(|(validator, _)| next.contains(validator))
        .map(|(validator, key)| (validator, key.clone()));
    // The iterators must be of one type.
    let current: Vec<_> = current.collect();
    let queued: Vec<_> = queued.collect();
    Signing::on_new_session(true, current.into_iter(), queued.into_iter());
    check();
}

/// The first session key of a validator.
pub(crate) fn pair(validator: AccountId) -> SignerPair {
    rotated_pair(validator, 0)
}

/// A later session key of a validator.
pub(crate) fn rotated_pair(validator: AccountId, rotation: u32) -> SignerPair {
    SignerPair::from_string(&format!("//{validator}//{rotation}"), None).unwrap()
}

pub(crate) fn genesis_hash() -> H256 {
    System::block_hash(0)
}

pub(crate) fn announcement(pair: &SignerPair, at: u64) -> AnnouncementOf<Test> {
    Announcement {
        signing_key: pair.public(),
        endpoint: b"signer.example:3001".to_vec().try_into().unwrap(),
        x25519: [7; 32],
        at,
    }
}

pub(crate) fn sign_announcement(
    pair: &SignerPair,
    announcement: &AnnouncementOf<Test>,
) -> SignerSignature {
    pair.sign(&primitives::announcement_payload(
        genesis_hash(),
        announcement,
    ))
}

/// Has `pair` announce, well signed, whatever `announcement` says.
pub(crate) fn submit_announcement(
    pair: &SignerPair,
    announcement: AnnouncementOf<Test>,
) -> Submission {
    let signature = sign_announcement(pair, &announcement);
    submit(Call::announce_signer {
        announcement,
        signature,
    })
}

/// Has a validator announce itself in this block, with its first session key.
pub(crate) fn announce(validator: AccountId) {
    let pair = pair(validator);
    submit_announcement(&pair, announcement(&pair, System::block_number()))
        .unwrap()
        .unwrap();
}

pub(crate) fn announce_all(validators: impl IntoIterator<Item = AccountId>) {
    validators.into_iter().for_each(announce);
}

pub(crate) fn confirmation(
    pair: &SignerPair,
    attempt: u32,
    verifying_key: VerifyingKey,
) -> KeygenConfirmation {
    KeygenConfirmation {
        signing_key: pair.public(),
        attempt,
        verifying_key,
        commitment: H256([9; 32]),
    }
}

pub(crate) fn submit_confirmation(
    pair: &SignerPair,
    confirmation: KeygenConfirmation,
) -> Submission {
    let payload = primitives::keygen_confirmation_payload(genesis_hash(), &confirmation);
    let signature = pair.sign(&payload);
    submit(Call::confirm_keygen {
        confirmation,
        signature,
    })
}

/// Has a member confirm the running attempt with this key.
pub(crate) fn confirm(validator: AccountId, verifying_key: VerifyingKey) {
    let pair = pair(validator);
    let confirmation = confirmation(&pair, attempt().attempt, verifying_key);
    submit_confirmation(&pair, confirmation).unwrap().unwrap();
}

pub(crate) fn confirm_all(
    validators: impl IntoIterator<Item = AccountId>,
    verifying_key: VerifyingKey,
) {
    validators
        .into_iter()
        .for_each(|validator| confirm(validator, verifying_key));
}

/// Has these validators announce themselves, and goes on to the block that draws a committee.
pub(crate) fn begin_keygen(validators: impl IntoIterator<Item = AccountId>) {
    announce_all(validators);
    let latest = System::block_number() + ChoiceDelay::get();
    while Phase::<Test>::get() == primitives::Phase::AwaitingSigners {
        assert!(System::block_number() < latest, "no committee is drawn");
        next_block();
    }
}

/// Goes on to the block that ends the running attempt.
pub(crate) fn miss_deadline() {
    run_to(attempt().deadline + 1);
}

/// Generates a key with the first three of the validators.
pub(crate) fn activate() {
    begin_keygen([1, 2, 3]);
    for member in attempt().members {
        confirm(member.validator, network_key(1));
    }
    assert_eq!(Phase::<Test>::get(), primitives::Phase::Active);
}

/// Generates a key with 1, 2 and 3, and has the others announce themselves.
pub(crate) fn activate_with_others(others: impl IntoIterator<Item = AccountId>) {
    activate();
    announce_all(others);
    next_block();
    take_events();
}

/// The hand-over that is running.
pub(crate) fn resharing() -> ReshareAttemptOf<Test> {
    match Phase::<Test>::get() {
        primitives::Phase::Resharing(attempt) => attempt,
        phase => panic!("no hand-over in {phase:?}"),
    }
}

pub(crate) fn committee() -> CommitteeOf<Test> {
    Committee::<Test>::get().unwrap()
}

pub(crate) fn phase() -> PhaseOf<Test> {
    Phase::<Test>::get()
}

pub(crate) fn submit_reshare(pair: &SignerPair, attempt: u32, commitment: u8) -> Submission {
    let confirmation = ReshareConfirmation {
        signing_key: pair.public(),
        attempt,
        commitment: H256([commitment; 32]),
    };
    let payload = primitives::reshare_confirmation_payload(genesis_hash(), &confirmation);
    let signature = pair.sign(&payload);
    submit(Call::confirm_reshare {
        confirmation,
        signature,
    })
}

/// Has a member to be confirm the running hand-over.
pub(crate) fn confirm_reshare(validator: AccountId) {
    submit_reshare(&pair(validator), resharing().attempt, 5)
        .unwrap()
        .unwrap();
}

/// Has all members to be confirm the running hand-over.
pub(crate) fn finish_resharing() {
    for validator in stashes(&resharing().members) {
        confirm_reshare(validator);
    }
}

pub(crate) fn submit_aux_info(pair: &SignerPair, attempt: u32, commitment: u8) -> Submission {
    let confirmation = AuxInfoConfirmation {
        signing_key: pair.public(),
        attempt,
        commitment: H256([commitment; 32]),
    };
    let payload = primitives::aux_info_confirmation_payload(genesis_hash(), &confirmation);
    let signature = pair.sign(&payload);
    submit(Call::confirm_aux_info {
        confirmation,
        signature,
    })
}

/// The attempt at auxiliary information that is running.
pub(crate) fn aux_info_attempt() -> AuxInfoAttemptOf<Test> {
    AuxInfoAttempt::<Test>::get().expect("an attempt is running")
}

/// Has all parties confirm their auxiliary information.
pub(crate) fn finish_aux_info() {
    let attempt = aux_info_attempt();
    for validator in stashes(&attempt.parties) {
        submit_aux_info(&pair(validator), attempt.attempt, 6)
            .unwrap()
            .unwrap();
    }
}

pub(crate) fn report(reporter: AccountId, accused: AccountId) -> FaultReportOf<Test> {
    FaultReport {
        signing_key: pair(reporter).public(),
        accused,
        generation: Committee::<Test>::get().map_or(0, |committee| committee.generation),
        fault: Fault::Unprovable(UnprovableFault::Silent),
        at: System::block_number(),
    }
}

pub(crate) fn submit_report(pair: &SignerPair, report: FaultReportOf<Test>) -> Submission {
    let payload = primitives::fault_report_payload(genesis_hash(), &report);
    let signature = pair.sign(&payload);
    submit(Call::report_fault { report, signature })
}

/// Has these validators report another one in this block.
pub(crate) fn accuse(reporters: impl IntoIterator<Item = AccountId>, accused: AccountId) {
    for reporter in reporters {
        submit_report(&pair(reporter), report(reporter, accused))
            .unwrap()
            .unwrap();
    }
}

pub(crate) fn submit_answer(pair: &SignerPair, deadline: u64) -> Submission {
    let answer = ChallengeAnswer {
        signing_key: pair.public(),
        deadline,
    };
    let payload = primitives::challenge_answer_payload(genesis_hash(), &answer);
    let signature = pair.sign(&payload);
    submit(Call::answer_challenge { answer, signature })
}

/// What [`Event::CommitteeReassigned`] has told since events were last taken: generation, removed,
/// added, members.
pub(crate) type Reassignment = (u32, Vec<AccountId>, Vec<AccountId>, Vec<AccountId>);

pub(crate) fn reassignments(events: &[Event<Test>]) -> Vec<Reassignment> {
    events
        .iter()
        .filter_map(|event| match event {
            Event::CommitteeReassigned {
                generation,
                removed,
                added,
                members,
            } => Some((
                *generation,
                removed.clone(),
                added.clone(),
                stashes(members),
            )),
            _ => None,
        })
        .collect()
}

/// The attempt that is running.
pub(crate) fn attempt() -> KeygenAttemptOf<Test> {
    match Phase::<Test>::get() {
        primitives::Phase::Keygen(attempt) => attempt,
        phase => panic!("no keygen in {phase:?}"),
    }
}

/// The validators of the attempt that is running, ordered.
pub(crate) fn members() -> Vec<AccountId> {
    stashes(&attempt().members)
}

pub(crate) fn stashes(members: &[CommitteeMemberOf<Test>]) -> Vec<AccountId> {
    let mut validators: Vec<_> = members.iter().map(|member| member.validator).collect();
    validators.sort();
    validators
}

/// A verifying key that is different for every `number`.
pub(crate) fn network_key(number: u8) -> VerifyingKey {
    sp_core::ecdsa::Pair::from_seed(&[number; 32]).public().0
}

/// What became of a session-key call: refused by the pool (and by any block), or dispatched.
pub(crate) type Submission = Result<DispatchResult, TransactionValidityError>;

fn extrinsic(call: Call<Test>) -> (Extrinsic, DispatchInfo, usize) {
    let extrinsic = Extrinsic::new_transaction(
        RuntimeCall::Signing(call),
        frame_system::AuthorizeCall::new(),
    );
    let (info, len) = (extrinsic.get_dispatch_info(), extrinsic.encoded_size());
    (extrinsic, info, len)
}

/// Asks whether the pool would take a session-key call.
pub(crate) fn validate(call: Call<Test>) -> Result<ValidTransaction, TransactionValidityError> {
    let (extrinsic, info, len) = extrinsic(call);
    extrinsic
        .check(&frame_system::ChainContext::<Test>::default())?
        .validate::<Test>(TransactionSource::External, &info, len)
}

/// Executes a session-key call as a block would. A refusal must change nothing, and be the pool's.
pub(crate) fn submit(call: Call<Test>) -> Submission {
    let root = sp_io::storage::root(sp_core::storage::StateVersion::V1);
    let valid = validate(call.clone());
    let result = apply(call).map(|result| result.map(|_| ()).map_err(|error| error.error));
    if let Err(refusal) = &result {
        assert_eq!(valid, Err(*refusal));
        assert_eq!(
            sp_io::storage::root(sp_core::storage::StateVersion::V1),
            root
        );
    }
    check();
    result
}

/// Executes a session-key call as a block would, and tells its weight.
pub(crate) fn apply(
    call: Call<Test>,
) -> Result<DispatchResultWithInfo<PostDispatchInfo>, TransactionValidityError> {
    let (extrinsic, info, len) = extrinsic(call);
    extrinsic
        .check(&frame_system::ChainContext::<Test>::default())?
        .apply::<Test>(&info, len)
}

/// A program whose bytecode is a module of `len` bytes, which ends with `salt`.
pub(crate) fn definition(len: usize, salt: u8) -> ProgramDefinition {
    let mut bytecode = b"\0asm\x01\0\0\0".to_vec();
    bytecode.resize(len, salt);
    ProgramDefinition {
        bytecode: bytecode.try_into().unwrap(),
        config_schema: b"{}".to_vec().try_into().unwrap(),
        auxiliary_data_schema: Default::default(),
        oracle_keys: Default::default(),
        abi_version: primitives::ABI_VERSION,
    }
}

/// Has ALICE deploy a program.
pub(crate) fn deploy(salt: u8) -> ProgramKey {
    let definition = definition(20, salt);
    let key = definition.key();
    Signing::set_program(RuntimeOrigin::signed(ALICE), definition).unwrap();
    key
}

pub(crate) fn instances(programs: &[ProgramKey]) -> ProgramInstances {
    programs
        .iter()
        .map(|program| ProgramInstance {
            program: *program,
            config: Default::default(),
        })
        .collect::<Vec<_>>()
        .try_into()
        .unwrap()
}

/// What a registration with these instances costs its depositor, at the price that tests begin with.
pub(crate) fn registration_deposit(programs: &ProgramInstances) -> u64 {
    // Index, owner and instances.
    50 + 3 * (4 + 8 + programs.encoded_size() as u64)
}

/// The events of this pallet since they were last asked for.
pub(crate) fn take_events() -> Vec<Event<Test>> {
    let events = System::read_events_for_pallet::<Event<Test>>();
    System::reset_events();
    events
}

/// State at genesis, with a keystore for the validators' keys.
#[cfg(feature = "runtime-benchmarks")]
pub(crate) fn benchmark_externalities() -> sp_io::TestExternalities {
    let mut externalities = genesis(parameters());
    let keystore = sp_keystore::testing::MemoryKeystore::new();
    externalities.register_extension(sp_keystore::KeystoreExt::new(keystore));
    externalities
}
