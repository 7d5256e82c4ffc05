//! What the benchmarks begin with once there is a key: everything as large as it can be.

use super::setup::{exclude, largest, max_members, signer, signers, NETWORK_KEY};
use crate::{
    primitives, AuxInfo, AuxInfoAttempt, AuxInfoAttemptOf, AuxInfoSetOf, Barred, BarredValidators,
    Challenge, ChallengeAnswerOf, Challenges, Committee, CommitteeMemberOf, CommitteeOf, Config,
    Conviction, Convictions, Excluded, FaultReportOf, FormerMembers, FruitlessAttempts, KeyOwners,
    LastAttempt, Leaving, LostSeat, LostSeats, NetworkVerifyingKey, Pallet, Parameters,
    ParametersOf, Phase, PreviousCommittee, RefreshDue, Report, Reports, ReshareAttemptOf,
    SeatLoss, Signers, Silences, Standbys,
};
use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec,
    vec::Vec,
};
use codec::Encode;
use frame_benchmarking::v2::*;
use frame_support::{traits::Get, BoundedBTreeMap, BoundedBTreeSet, BoundedVec};
use frame_system::pallet_prelude::BlockNumberFor;
use primitives::{
    AuxInfoConfirmation, Fault, MaxStandbys, ReshareConfirmation, SignerId, SignerSignature,
    UnprovableFault,
};
use signing_evidence::CommitteeFacts;
use signing_evidence_cheater::two_broadcasts;
use sp_core::H256;
use sp_runtime::{
    traits::{Bounded, One},
    RuntimeAppPublic,
};

/// The generation in force.
pub(super) const GENERATION: u32 = 2;
/// How many members it takes to sign: the fewer, the more can lose their seats at once.
const THRESHOLD: u32 = 2;

const BOUNDED: &str = "there are no more than there can be";
const OWN_KEY: &str = "the key was generated here";

/// Who there is.
pub(super) struct Network<T: Config> {
    /// All signers.
    pub(super) all: Vec<(T::AccountId, SignerId)>,
    /// The members of the committee in force, and of the one before it.
    pub(super) members: Vec<CommitteeMemberOf<T>>,
}

impl<T: Config> Network<T> {
    pub(super) fn last_member(&self) -> CommitteeMemberOf<T> {
        self.members.last().expect("there are members").clone()
    }

    fn first_member(&self) -> CommitteeMemberOf<T> {
        self.members.first().expect("there are members").clone()
    }
}

fn committee<T: Config>(generation: u32, members: &[CommitteeMemberOf<T>]) -> CommitteeOf<T> {
    CommitteeOf::<T> {
        generation,
        attempt: generation,
        members: BoundedVec::truncate_from(members.to_vec()),
        threshold: THRESHOLD,
        commitment: H256([1; 32]),
        expelled: BoundedVec::new(),
    }
}

/// In block 1, `count` signers, of which up to three quarters are members, and standbys are as many as
/// there can be.
pub(super) fn network<T: Config>(count: u32) -> Network<T> {
    frame_system::Pallet::<T>::set_block_number(One::one());
    let all = signers::<T>(count);
    let size = (count * 3 / 4).clamp(2, max_members());
    let mut members: Vec<_> = all
        .iter()
        .take(size as usize)
        .map(|(validator, party)| CommitteeMemberOf::<T> {
            validator: validator.clone(),
            party: party.clone(),
        })
        .collect();
    members.sort_by(|a, b| a.party.cmp(&b.party));
    NetworkVerifyingKey::<T>::put(NETWORK_KEY);
    PreviousCommittee::<T>::put(committee::<T>(GENERATION - 1, &members));
    Committee::<T>::put(committee::<T>(GENERATION, &members));
    Phase::<T>::put(primitives::Phase::Active);
    LastAttempt::<T>::put(GENERATION);
    let standbys = all.iter().skip(size as usize).map(|(who, _)| who.clone());
    Standbys::<T>::put(BoundedVec::truncate_from(
        standbys
            .take(<MaxStandbys as Get<u32>>::get() as usize)
            .collect(),
    ));
    Parameters::<T>::put(ParametersOf::<T> {
        committee_size: size,
        threshold: THRESHOLD,
        standbys: MaxStandbys::get(),
        ..largest::<T>()
    });
    Network { all, members }
}

/// Has everybody else report a validator.
fn accuse_by<'a, T: Config>(
    accused: &T::AccountId,
    reporters: impl Iterator<Item = &'a T::AccountId>,
) where
    T::AccountId: 'a,
{
    let reports: BTreeMap<_, _> = reporters
        .filter(|reporter| *reporter != accused)
        .map(|reporter| {
            let report = Report {
                at: BlockNumberFor::<T>::one(),
                fault: UnprovableFault::Silent,
            };
            (reporter.clone(), report)
        })
        .collect();
    Reports::<T>::insert(accused, BoundedBTreeMap::try_from(reports).expect(BOUNDED));
}

/// The confirmation that completes a hand-over from members that have all left the validators.
pub(super) fn reshare_confirmation<T: Config>() -> (ReshareConfirmation, SignerSignature) {
    let Network { all, members } = network::<T>(T::MaxValidators::get());
    let mut former: Vec<_> = (0..max_members())
        .map(|index| CommitteeMemberOf::<T> {
            validator: account("former", index, 0),
            party: SignerId::generate_pair(None),
        })
        .collect();
    former.sort_by(|a, b| a.party.cmp(&b.party));
    let mut keys = BTreeMap::new();
    for member in &former {
        Signers::<T>::insert(&member.validator, signer::<T>());
        KeyOwners::<T>::insert(&member.party, &member.validator);
        keys.insert(member.validator.clone(), member.party.clone());
    }
    FormerMembers::<T>::put(BoundedBTreeMap::try_from(keys).expect(BOUNDED));
    Committee::<T>::put(committee::<T>(GENERATION, &former));
    let sessions: BTreeMap<_, _> = former
        .iter()
        .chain(&members)
        .map(|member| (member.validator.clone(), 1))
        .collect();
    crate::LastSessions::<T>::put(BoundedBTreeMap::try_from(sessions).expect(BOUNDED));
    for accused in former.iter().chain(&members) {
        accuse_by::<T>(&accused.validator, all.iter().map(|(who, _)| who));
    }
    exclude::<T>(&all);
    fill_convictions::<T>(&all);

    let attempt = GENERATION + 1;
    let mut confirmed: Vec<_> = members.iter().map(|m| m.validator.clone()).collect();
    confirmed.pop();
    let last = members.last().expect("there are members").party.clone();
    LastAttempt::<T>::put(attempt);
    Phase::<T>::put(primitives::Phase::Resharing(ReshareAttemptOf::<T> {
        attempt,
        generation: GENERATION + 1,
        old_holders: BoundedVec::truncate_from(former.into_iter().take(2).collect()),
        members: BoundedVec::truncate_from(members),
        threshold: 2,
        aux_info: None,
        confirmed: BoundedVec::truncate_from(confirmed),
        commitment: Some(H256([2; 32])),
        deadline: One::one(),
    }));
    let confirmation = ReshareConfirmation {
        signing_key: last.clone(),
        attempt,
        commitment: H256([2; 32]),
    };
    let payload =
        primitives::reshare_confirmation_payload(Pallet::<T>::genesis_hash(), &confirmation);
    let signature = last.sign(&payload).expect(OWN_KEY);
    (confirmation, signature)
}

/// Fills what the choice of a committee looks at with validators that it is not about, but for the room that it needs
/// to bar and pass over members. The parameters ask for more members than there can be, so that every way to choose
/// is tried. Auxiliary information is there, and all are challenged.
pub(super) fn fill_choice<T: Config>(network: &Network<T>) {
    let count = T::MaxValidators::get().saturating_sub(max_members());
    let strangers: BTreeSet<T::AccountId> = (0..count)
        .map(|index| account("stranger", index, 0))
        .collect();
    let strangers = BoundedBTreeSet::try_from(strangers).expect(BOUNDED);
    Barred::<T>::put(BarredValidators::<T> {
        era: T::Era::get(),
        validators: strangers.clone(),
    });
    Excluded::<T>::put(strangers.clone());
    Leaving::<T>::put(strangers);
    Parameters::<T>::mutate(|parameters| parameters.threshold = parameters.committee_size + 1);
    AuxInfo::<T>::put(AuxInfoSetOf::<T> {
        attempt: GENERATION,
        parties: BoundedVec::truncate_from(parties(network)),
        commitment: H256([1; 32]),
    });
    RefreshDue::<T>::put(true);
    challenge_all(network, BlockNumberFor::<T>::max_value());
}

/// As many members as can have lose their seats in the next block.
pub(super) fn lose_seats<T: Config>(network: &Network<T>) {
    for member in network.members.iter().skip(THRESHOLD as usize) {
        Pallet::<T>::lose_seat(member.validator.clone(), SeatLoss::Fault);
    }
}

/// A hand-over, the third one in a row that has come to nothing, in which up to half of the members give way to
/// others. No more have confirmed than it takes for the fault to be with all the others. Returns the block that
/// finds it overdue.
pub(super) fn overdue_resharing<T: Config>(network: &Network<T>) -> BlockNumberFor<T> {
    let newcomers: Vec<_> = network
        .all
        .iter()
        .filter(|(validator, _)| {
            let mut members = network.members.iter();
            members.all(|member| member.validator != *validator)
        })
        .take((network.members.len() / 2).max(1))
        .map(|(validator, party)| CommitteeMemberOf::<T> {
            validator: validator.clone(),
            party: party.clone(),
        })
        .collect();
    let staying = network.members.iter().skip(newcomers.len()).cloned();
    let mut members: Vec<_> = staying.chain(newcomers).collect();
    members.sort_by(|a, b| a.party.cmp(&b.party));
    let attempt = GENERATION + 1;
    let confirmed = members
        .iter()
        .take(THRESHOLD as usize)
        .map(|m| m.validator.clone());
    let confirmed = BoundedVec::truncate_from(confirmed.collect());
    LastAttempt::<T>::put(attempt);
    FruitlessAttempts::<T>::put(2);
    Phase::<T>::put(primitives::Phase::Resharing(ReshareAttemptOf::<T> {
        attempt,
        generation: GENERATION + 1,
        old_holders: BoundedVec::truncate_from(
            network
                .members
                .iter()
                .take(THRESHOLD as usize)
                .cloned()
                .collect(),
        ),
        members: BoundedVec::truncate_from(members),
        threshold: THRESHOLD,
        aux_info: Some(GENERATION),
        confirmed,
        commitment: Some(H256([2; 32])),
        deadline: One::one(),
    }));
    BlockNumberFor::<T>::one() + One::one()
}

/// Members and standbys.
fn parties<T: Config>(network: &Network<T>) -> Vec<CommitteeMemberOf<T>> {
    let standbys = Standbys::<T>::get();
    let mut parties = network.members.clone();
    parties.extend(
        network
            .all
            .iter()
            .filter(|(validator, _)| standbys.contains(validator))
            .map(|(validator, party)| CommitteeMemberOf::<T> {
                validator: validator.clone(),
                party: party.clone(),
            }),
    );
    parties.sort_by(|a, b| a.party.cmp(&b.party));
    parties
}

/// An attempt of members and standbys at auxiliary information, which all but the last have confirmed.
/// Returns the last.
pub(super) fn aux_info_attempt<T: Config>(network: &Network<T>) -> CommitteeMemberOf<T> {
    let parties = parties(network);
    let last = parties.last().expect("there are members").clone();
    let mut confirmed: Vec<_> = parties.iter().map(|p| p.validator.clone()).collect();
    confirmed.pop();
    let attempt = GENERATION + 1;
    LastAttempt::<T>::put(attempt);
    AuxInfoAttempt::<T>::put(AuxInfoAttemptOf::<T> {
        attempt,
        parties: BoundedVec::truncate_from(parties),
        confirmed: BoundedVec::truncate_from(confirmed),
        commitment: Some(H256([2; 32])),
        deadline: One::one(),
    });
    last
}

/// The confirmation of the last party, which differs from the others'.
pub(super) fn aux_info_confirmation<T: Config>() -> (AuxInfoConfirmation, SignerSignature) {
    let network = network::<T>(T::MaxValidators::get());
    let last = aux_info_attempt(&network).party;
    let confirmation = AuxInfoConfirmation {
        signing_key: last.clone(),
        attempt: GENERATION + 1,
        commitment: H256([3; 32]),
    };
    let payload =
        primitives::aux_info_confirmation_payload(Pallet::<T>::genesis_hash(), &confirmation);
    let signature = last.sign(&payload).expect(OWN_KEY);
    (confirmation, signature)
}

fn sign<T: Config>(report: FaultReportOf<T>) -> (FaultReportOf<T>, SignerSignature) {
    let payload = primitives::fault_report_payload(Pallet::<T>::genesis_hash(), &report);
    let signature = report.signing_key.sign(&payload).expect(OWN_KEY);
    (report, signature)
}

/// All other members have lost their seats.
fn fill_lost_seats<T: Config>(members: &[CommitteeMemberOf<T>], but: &T::AccountId) {
    let lost: BTreeMap<_, _> = members
        .iter()
        .filter(|member| member.validator != *but)
        .map(|member| {
            let lost = LostSeat {
                cause: SeatLoss::Rotated,
                at: BlockNumberFor::<T>::one(),
            };
            (member.validator.clone(), lost)
        })
        .collect();
    LostSeats::<T>::put(BoundedBTreeMap::try_from(lost).expect(BOUNDED));
}

/// The report that completes those of all other validators about a member.
pub(super) fn fault_report<T: Config>() -> (FaultReportOf<T>, SignerSignature) {
    let network = network::<T>(T::MaxValidators::get());
    let (accused, reporter) = (network.last_member().validator, network.first_member());
    let others = network.all.iter().map(|(who, _)| who);
    accuse_by::<T>(
        &accused,
        others.filter(|other| **other != reporter.validator),
    );
    Parameters::<T>::mutate(|parameters| parameters.fault_quorum = T::MaxValidators::get() - 1);
    challenge_all(&network, One::one());
    Challenges::<T>::mutate(|all| all.remove(&accused));
    fill_lost_seats::<T>(&network.members, &accused);
    sign::<T>(FaultReportOf::<T> {
        signing_key: reporter.party,
        accused,
        generation: GENERATION,
        fault: Fault::Unprovable(UnprovableFault::Silent),
        at: One::one(),
    })
}

/// Has as many been convicted as can be remembered.
fn fill_convictions<T: Config>(all: &[(T::AccountId, SignerId)]) {
    let convictions: BTreeMap<_, _> = all
        .iter()
        .map(|(validator, _)| {
            let conviction = Conviction {
                era: T::Era::get(),
                generation: GENERATION,
                slash: Default::default(),
            };
            (validator.clone(), conviction)
        })
        .collect();
    Convictions::<T>::put(BoundedBTreeMap::try_from(convictions).expect(BOUNDED));
}

/// A report with `n` bytes of evidence about a session of all members.
pub(super) fn proof<T: Config>(n: u32) -> (FaultReportOf<T>, SignerSignature) {
    let network = network::<T>(T::MaxValidators::get());
    let (accused, reporter) = (network.last_member(), network.first_member());
    let threshold = network.members.len() as u32;
    Committee::<T>::mutate(|committee| {
        if let Some(committee) = committee {
            committee.threshold = threshold;
        }
    });
    let members: Vec<_> = network.members.iter().map(|m| m.party.clone()).collect();
    let facts = CommitteeFacts {
        genesis_hash: Pallet::<T>::genesis_hash(),
        generation: GENERATION,
        threshold,
        network_key: NETWORK_KEY,
        members: &members,
    };
    let evidence = |second: Vec<u8>| {
        let sign = |bytes: &[u8]| accused.party.sign(&bytes).expect(OWN_KEY);
        two_broadcasts(&facts, &accused.party, 1, [vec![1], second], sign)
            .expect("there are enough members")
            .encode()
    };
    // The length of the long broadcast takes up to three bytes more than that of a short one.
    let rest = evidence(vec![2]).len() as u32 + 3;
    let evidence = evidence(vec![2; n.saturating_sub(rest) as usize + 1]);
    accuse_by::<T>(&accused.validator, network.all.iter().map(|(who, _)| who));
    fill_lost_seats::<T>(&network.members, &accused.validator);
    let others = network
        .all
        .iter()
        .filter(|(who, _)| *who != accused.validator && *who != reporter.validator);
    fill_convictions::<T>(&others.cloned().collect::<Vec<_>>());
    sign::<T>(FaultReportOf::<T> {
        signing_key: reporter.party,
        accused: accused.validator,
        generation: GENERATION,
        fault: Fault::Provable(BoundedVec::try_from(evidence).expect(BOUNDED)),
        at: One::one(),
    })
}

/// Challenges all validators; and all have been silent before.
pub(super) fn challenge_all<T: Config>(network: &Network<T>, deadline: BlockNumberFor<T>) {
    let challenges: BTreeMap<_, _> = network
        .all
        .iter()
        .map(|(validator, key)| {
            let challenge = Challenge {
                deadline,
                key: key.clone(),
                session: 0,
            };
            (validator.clone(), challenge)
        })
        .collect();
    Challenges::<T>::put(BoundedBTreeMap::try_from(challenges).expect(BOUNDED));
    let silences: BTreeMap<_, _> = network
        .all
        .iter()
        .map(|(validator, _)| (validator.clone(), (1, 0)))
        .collect();
    Silences::<T>::put(BoundedBTreeMap::try_from(silences).expect(BOUNDED));
}

/// The answer of one of as many as can be challenged: the last to be found.
pub(super) fn challenge_answer<T: Config>() -> (ChallengeAnswerOf<T>, SignerSignature) {
    let network = network::<T>(T::MaxValidators::get());
    challenge_all(&network, One::one());
    let challenges = Challenges::<T>::get();
    let (_, last) = challenges.iter().next_back().expect("all are challenged");
    let answer = ChallengeAnswerOf::<T> {
        signing_key: last.key.clone(),
        deadline: last.deadline,
    };
    let payload = primitives::challenge_answer_payload(Pallet::<T>::genesis_hash(), &answer);
    let signature = last.key.sign(&payload).expect(OWN_KEY);
    (answer, signature)
}
