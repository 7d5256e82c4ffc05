//! What a scenario has led to.

use crate::place::id;
use network_tests::{Event, Events, Validator};
use signing_client::AccountId;
use std::fmt;

/// What every validator has at stake in the chain that the tests run.
const STAKE: u128 = 100_000_000_000_000_000;

/// The index of `SeatLoss::Fault`.
const FAULT: u8 = 0;

/// What is to come of a scenario.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Outcome {
    /// The one that fails loses its seat, by the word of enough others, and no stake: it is challenged,
    /// and says that it is there.
    Voted,
    /// It loses its seat, and 0.1 % of its stake because it leaves the challenge unanswered.
    Absent,
    /// It loses its seat by the proof of one other, and 10 % of its stake.
    Proven,
    /// Nobody loses anything.
    Nobody,
    /// Nobody loses anything. Users whose requests went to one of those at fault have to ask another.
    Unblamed,
    /// The key moves to another committee, and nobody is to blame.
    Moved,
}

/// One row of the table.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    /// Who failed.
    pub(crate) who: String,
    /// The best block when it began to.
    pub(crate) began: u64,
    pub(crate) reported: Option<u64>,
    pub(crate) decided: Option<u64>,
    pub(crate) reassigned: Option<u64>,
    pub(crate) activated: Option<u64>,
    /// Whether it has answered the challenge that it was given with the loss of its seat.
    pub(crate) is_there: bool,
    /// Hundredths of a percent of its stake.
    pub(crate) slashed: u128,
    /// Others that lost a seat or a place.
    pub(crate) bystanders: usize,
    pub(crate) answered: u32,
    pub(crate) failed: u32,
}

/// What [`Row`] is called where it is printed.
pub(crate) const HEADER: &str = "\
| scenario | who | report after | decided | named | active | slashed | requests answered / failed |\n\
| --- | --- | --- | --- | --- | --- | --- | --- |";

impl Row {
    /// What the events since `began` say of each of the accused; if there are none, of the first
    /// hand-over.
    pub(crate) fn all(
        name: &'static str,
        accused: &[&Validator],
        began: u64,
        events: &Events,
    ) -> Vec<Self> {
        let mut seen: Vec<Event> = events.seen();
        seen.retain(|event| event.block > began);
        let accounts: Vec<AccountId> = accused.iter().map(|one| id(one)).collect();
        let bystanders = seen
            .iter()
            .filter(|event| is_punishment(event) && !accounts.contains(&event.fields()))
            .count();
        let mut rows: Vec<Self> = accused
            .iter()
            .map(|one| Self::of(name, Some(one), began, &seen))
            .collect();
        if rows.is_empty() {
            rows.push(Self::of(name, None, began, &seen));
        }
        for row in &mut rows {
            row.bystanders = bystanders;
        }
        rows
    }

    fn of(name: &'static str, who: Option<&Validator>, began: u64, seen: &[Event]) -> Self {
        let accused = who.map(id);
        let is_accused = |who: &AccountId| Some(who) == accused.as_ref();
        let reported = seen
            .iter()
            .find(|event| reported(event).is_some_and(|who| is_accused(&who)));
        let lost = |event: &&Event| event.name == "SeatLost";
        let decided = seen
            .iter()
            .filter(lost)
            .find(|event| is_accused(&event.fields::<AccountId>()))
            .map(|event| event.block);
        let after = |name: &str, from: Option<u64>| {
            let from = from?;
            let found = seen
                .iter()
                .find(|event| event.name == name && event.block > from);
            found.map(|event| event.block)
        };
        let from = match who {
            Some(_) => decided,
            None => Some(began),
        };
        let reassigned = after("CommitteeReassigned", from);
        let activated = after("CommitteeActivated", reassigned);
        let is_there = seen
            .iter()
            .filter(|event| event.name == "ChallengeAnswered" && Some(event.block) > decided)
            .any(|event| is_accused(&event.fields()));
        let slashes = seen.iter().filter(|event| event.name == "Slashed");
        let slashed = slashes
            .map(Event::fields::<(AccountId, u128)>)
            .filter(|(who, _)| is_accused(who))
            .map(|(_, amount)| amount * 10_000 / STAKE)
            .sum();
        Self {
            name,
            who: who.map_or("-", |who| &who.name).into(),
            began,
            reported: reported.map(|event| event.block),
            decided,
            reassigned,
            activated,
            is_there,
            slashed,
            bystanders: 0,
            answered: 0,
            failed: 0,
        }
    }

    /// Whether everything has happened that was expected to.
    pub(crate) fn is_over(&self, expected: Outcome) -> bool {
        let replaced = self.activated.is_some();
        match expected {
            Outcome::Moved => replaced,
            Outcome::Voted => replaced && (self.is_there || self.slashed > 0),
            Outcome::Absent | Outcome::Proven => replaced && self.slashed > 0,
            Outcome::Nobody | Outcome::Unblamed => false,
        }
    }

    /// Whether what has happened is what was expected, and nobody else suffered from it.
    pub(crate) fn is_fine(&self, expected: Outcome) -> bool {
        let slashed = match expected {
            Outcome::Voted | Outcome::Nobody | Outcome::Unblamed | Outcome::Moved => 0,
            Outcome::Absent => 10,
            Outcome::Proven => 1_000,
        };
        let named = match expected {
            Outcome::Nobody | Outcome::Unblamed => self.decided.is_none(),
            Outcome::Moved => self.activated.is_some(),
            // In the very next block.
            _ => self.activated.is_some() && self.reassigned == self.decided.map(|block| block + 1),
        };
        named
            && self.slashed == slashed
            && (self.is_there || expected != Outcome::Voted)
            && self.bystanders == 0
            && (self.failed == 0 || expected == Outcome::Unblamed)
            && self.answered > 0
    }

    /// # Panics
    /// If something else has happened than what was expected.
    pub(crate) fn check(&self, expected: Outcome) {
        assert!(
            self.is_fine(expected),
            "wanted {expected:?}, and nobody else to suffer:\n{self}\n{} others suffered",
            self.bystanders
        );
    }
}

/// Whom this event reports, if it is a report, with proof or without.
fn reported(event: &Event) -> Option<AccountId> {
    match event.name.as_str() {
        "FaultReported" | "CheatingProven" => Some(event.fields::<(AccountId, AccountId)>().1),
        // What is false of a report is the reporter.
        "FalseEvidence" => Some(event.fields::<AccountId>()),
        _ => None,
    }
}

/// Whether this one has lost its seat, and not by a proof.
pub(crate) fn is_voted_out(who: &AccountId, events: &Events) -> bool {
    let seen = events.seen();
    let has_lost = seen.iter().any(|event| {
        event.name == "SeatLost" && event.fields::<(AccountId, u8)>() == (who.clone(), FAULT)
    });
    let is_convicted = seen
        .iter()
        .filter(|event| ["CheatingProven", "FalseEvidence"].contains(&event.name.as_str()))
        .any(|event| reported(event).as_ref() == Some(who));
    has_lost && !is_convicted
}

/// Whether somebody loses a seat or a place for what it has done, or stake.
fn is_punishment(event: &Event) -> bool {
    match event.name.as_str() {
        "SeatLost" => event.fields::<(AccountId, u8)>().1 == FAULT,
        "StandbyDismissed" | "Slashed" => true,
        _ => false,
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let since = |block: Option<u64>, from: Option<u64>| match (block, from) {
            (Some(block), Some(from)) => format!("+{}", block.saturating_sub(from)),
            _ => "-".into(),
        };
        write!(
            f,
            "| {} | {} | {} | {} | {} | {} | {}.{:02} % | {} / {} |",
            self.name,
            self.who,
            since(self.reported, Some(self.began)),
            since(self.decided, self.reported),
            since(self.reassigned, self.decided),
            since(self.activated, self.reassigned),
            self.slashed / 100,
            self.slashed % 100,
            self.answered,
            self.failed,
        )
    }
}
