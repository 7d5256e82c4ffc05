//! `committee`

use super::{
    args::Global,
    connect,
    failure::Failure,
    report::{hex, Report},
    status::phase,
};
use serde_json::{json, Value};
use signing_client::{AccountId, BlockNumber, Committee, NetworkState, Phase, Status};
use signing_primitives::CommitteeMember;

pub(crate) async fn committee(global: &Global) -> Result<Report, Failure> {
    let client = connect(global).await?;
    Ok(report(&client.status().await?))
}

/// An attempt that is running: what it is for, and how far it is.
struct Running {
    what: &'static str,
    attempt: u32,
    generation: Option<u32>,
    parties: Vec<AccountId>,
    confirmed: Vec<AccountId>,
    deadline: BlockNumber,
}

fn report(status: &Status) -> Report {
    let network = &status.network;
    let now = status.best.number;
    let mut report = Report::new(to_json(status))
        .field("phase", phase(network))
        .field("best block", now.to_string());
    match &network.committee {
        None => report = report.field("committee", "none yet"),
        Some(committee) => {
            report = report
                .field("generation", committee.generation.to_string())
                .field(
                    "threshold",
                    format!("{} of {}", committee.threshold, committee.members.len()),
                )
                .field("commitment", hex(committee.commitment));
            for member in &committee.members {
                let seat = seat_word(committee, &member.validator);
                report = report.line(format!("  {seat:<10} {}", member.validator));
            }
        }
    }
    for standby in &network.standbys {
        let ready = if is_prepared(network, standby) {
            "auxiliary information ready"
        } else {
            "no auxiliary information yet"
        };
        report = report.line(format!("  standby    {standby} {ready}"));
    }
    for running in running(network) {
        report = report.field(
            running.what,
            format!(
                "attempt {}, {} of {} confirmed, until block {} ({} to go)",
                running.attempt,
                running.confirmed.len(),
                running.parties.len(),
                running.deadline,
                running.deadline.saturating_sub(now)
            ),
        );
        for party in &running.parties {
            let confirmed = if running.confirmed.contains(party) {
                "confirmed"
            } else {
                "waiting"
            };
            report = report.line(format!("  {confirmed:<10} {party}"));
        }
    }
    for (accused, deadline) in &network.challenges {
        report = report.line(if now <= *deadline {
            format!("  challenged {accused} must answer until block {deadline}")
        } else {
            format!("  silent     {accused} has not answered until block {deadline}, and is punished soon")
        });
    }
    if network.phase == Phase::Degraded {
        report = report.line(
            "Too few members are left to sign. Start the expelled members' nodes again: they announce \
             themselves and get their seats back. Nothing else restores the key.",
        );
    }
    report
}

fn to_json(status: &Status) -> Value {
    let network = &status.network;
    let committee = network.committee.as_ref().map(|committee| {
        let members = committee.members.iter().map(|member| {
            json!({
                "account": member.validator.to_string(),
                "party": hex(&member.party),
                "seat": seat_word(committee, &member.validator),
            })
        });
        json!({
            "generation": committee.generation,
            "attempt": committee.attempt,
            "threshold": committee.threshold,
            "commitment": hex(committee.commitment),
            "members": members.collect::<Vec<_>>(),
        })
    });
    let standbys = network.standbys.iter().map(|standby| {
        json!({
            "account": standby.to_string(),
            "prepared": is_prepared(network, standby),
        })
    });
    let running = running(network).into_iter().map(|running| {
        json!({
            "what": running.what,
            "attempt": running.attempt,
            "generation": running.generation,
            "parties": accounts(&running.parties),
            "confirmed": accounts(&running.confirmed),
            "deadline": running.deadline,
        })
    });
    let challenges = network
        .challenges
        .iter()
        .map(|(accused, deadline)| json!({ "account": accused.to_string(), "deadline": deadline }));
    json!({
        "block": status.best.number,
        "phase": phase(network),
        "committee": committee,
        "standbys": standbys.collect::<Vec<_>>(),
        "running": running.collect::<Vec<_>>(),
        "challenges": challenges.collect::<Vec<_>>(),
    })
}

fn accounts(accounts: &[AccountId]) -> Vec<String> {
    accounts.iter().map(ToString::to_string).collect()
}

/// What a member of a committee has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Seat {
    /// Its seat.
    Sits,
    /// Nothing but its share: it has lost its seat.
    Expelled,
}

impl Seat {
    fn word(self) -> &'static str {
        match self {
            Self::Sits => "member",
            Self::Expelled => "expelled",
        }
    }
}

/// The seat of a validator; none if it is no member.
pub(super) fn seat(committee: &Committee, validator: &AccountId) -> Option<Seat> {
    let mut members = committee.members.iter();
    members.find(|member| member.validator == *validator)?;
    Some(match committee.expelled.contains(validator) {
        true => Seat::Expelled,
        false => Seat::Sits,
    })
}

fn seat_word(committee: &Committee, validator: &AccountId) -> &'static str {
    seat(committee, validator).map_or("", Seat::word)
}

fn is_prepared(network: &NetworkState, validator: &AccountId) -> bool {
    let mut parties = network.aux_info.iter().flat_map(|set| &set.parties);
    parties.any(|party| party.validator == *validator)
}

fn running(network: &NetworkState) -> Vec<Running> {
    let phase = match &network.phase {
        Phase::Keygen(attempt) => Some(Running {
            what: "key generation",
            attempt: attempt.attempt,
            generation: Some(1),
            parties: validators(&attempt.members),
            confirmed: attempt.confirmed.to_vec(),
            deadline: attempt.deadline,
        }),
        Phase::Resharing(attempt) => Some(Running {
            what: "hand-over",
            attempt: attempt.attempt,
            generation: Some(attempt.generation),
            parties: validators(&attempt.members),
            confirmed: attempt.confirmed.to_vec(),
            deadline: attempt.deadline,
        }),
        _ => None,
    };
    let aux_info = network.aux_info_attempt.as_ref().map(|attempt| Running {
        what: "auxiliary information",
        attempt: attempt.attempt,
        generation: None,
        parties: validators(&attempt.parties),
        confirmed: attempt.confirmed.to_vec(),
        deadline: attempt.deadline,
    });
    phase.into_iter().chain(aux_info).collect()
}

fn validators(members: &[CommitteeMember<AccountId>]) -> Vec<AccountId> {
    let members = members.iter();
    members.map(|member| member.validator.clone()).collect()
}
