//! `faults list`

use super::percent;
use crate::cli::{
    args::{FaultsListArgs, Global},
    connect,
    failure::Failure,
    report::{hex, Report},
};
use serde_json::{json, Value};
use signing_client::{AccountId, BlockNumber, FaultEvent, FaultEventAt, FaultHistory};

pub(super) async fn list(global: &Global, args: FaultsListArgs) -> Result<Report, Failure> {
    let client = connect(global).await?;
    let history = client.faults(args.blocks).await?;
    let window = client.status().await?.network.parameters.report_window;
    Ok(report(&history, window))
}

/// What somebody is said to have done.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Accusation {
    at: FaultEventAt,
    kind: String,
    /// None if the chain itself has seen it.
    reporter: Option<AccountId>,
    accused: AccountId,
    /// Who is in the wrong, if the chain goes by it: after false evidence, the reporter.
    against: AccountId,
    followed: Vec<Consequence>,
}

/// What came of it.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Consequence {
    block: BlockNumber,
    event: &'static str,
    words: String,
}

/// The accusations in a history, each with what followed. A report counts for `window` blocks.
fn accusations(events: &[FaultEventAt], window: BlockNumber) -> Vec<Accusation> {
    let mut found = Vec::new();
    for (index, at) in events.iter().enumerate() {
        // What the chain deposits in the same block may come before its cause.
        let first = events
            .iter()
            .position(|event| event.block == at.block)
            .unwrap_or(index);
        let later = events.get(first..).unwrap_or_default();
        let mut accuse = |kind: &str, reporter: Option<&AccountId>, accused: &AccountId| {
            let is_false = matches!(at.event, FaultEvent::FalseEvidence { .. });
            let against = reporter.filter(|_| is_false).unwrap_or(accused);
            found.push(Accusation {
                at: at.clone(),
                kind: kind.into(),
                reporter: reporter.cloned(),
                accused: accused.clone(),
                against: against.clone(),
                followed: followed(later, at, against, window),
            });
        };
        match &at.event {
            FaultEvent::Reported {
                reporter,
                accused,
                fault,
            } => accuse(&fault.to_lowercase(), Some(reporter), accused),
            FaultEvent::CheatingProven {
                reporter, accused, ..
            } => accuse("cheated", Some(reporter), accused),
            FaultEvent::FalseEvidence {
                reporter, accused, ..
            } => accuse("false evidence", Some(reporter), accused),
            FaultEvent::AttemptFailed { excluded, .. } => {
                for accused in excluded {
                    accuse("not confirmed", None, accused);
                }
            }
            _ => {}
        }
    }
    found
}

/// What followed for whom it went against, up to when the case is closed. What only began when the
/// report counted no more did not follow from it.
fn followed(
    later: &[FaultEventAt],
    accusation: &FaultEventAt,
    against: &AccountId,
    window: BlockNumber,
) -> Vec<Consequence> {
    let mut followed: Vec<Consequence> = Vec::new();
    let counts_until = accusation.block.number.saturating_add(window);
    for at in later {
        if followed.is_empty() && at.block.number > counts_until {
            break;
        }
        let (event, words, closes) = match &at.event {
            FaultEvent::CheatingProven { slash, .. } if at == accusation => {
                ("slashed", format!("slashed {}", percent(*slash)), false)
            }
            FaultEvent::FalseEvidence { slash, .. } if at == accusation => (
                "reporter_slashed",
                format!("reporter slashed {}", percent(*slash)),
                false,
            ),
            FaultEvent::AttemptFailed { event, .. } if at == accusation => {
                (*event, "passed over".into(), true)
            }
            FaultEvent::SeatLost { validator, .. } if validator == against => {
                ("seat_lost", "seat lost".into(), false)
            }
            FaultEvent::StandbyDismissed { validator } if validator == against => {
                ("standby_dismissed", "standby's place lost".into(), false)
            }
            FaultEvent::Challenged {
                validator,
                deadline,
            } if validator == against => {
                ("challenged", format!("challenged until {deadline}"), false)
            }
            FaultEvent::ChallengeAnswered { validator } if validator == against => {
                ("challenge_answered", "answered".into(), true)
            }
            FaultEvent::ChallengeUnanswered { validator, slash } if validator == against => (
                "challenge_unanswered",
                format!("not answered: slashed {}", percent(*slash)),
                true,
            ),
            FaultEvent::SeatRegained { validator } if validator == against => {
                ("seat_regained", "seat regained".into(), true)
            }
            _ => continue,
        };
        let block = at.block.number;
        // A case that was closed before this one was opened is not this one's.
        if closes && block < accusation.block.number {
            continue;
        }
        followed.push(Consequence {
            block,
            event,
            words,
        });
        if closes {
            break;
        }
    }
    followed
}

fn report(history: &FaultHistory, window: BlockNumber) -> Report {
    let accusations = accusations(&history.events, window);
    let mut report = Report::new(to_json(history, &accusations))
        .field("blocks", format!("{} to {}", history.from, history.to));
    if history.forgotten > 0 {
        report = report.line(format!(
            "The node has forgotten the events of {} earlier blocks: ask one with --state-pruning archive.",
            history.forgotten
        ));
    }
    if accusations.is_empty() {
        return report.line("No faults.");
    }
    report = report.line(format!(
        "{:<12}{:<16}{:<50}{:<50}{}",
        "block", "kind", "reporter", "accused", "what followed"
    ));
    for accusation in &accusations {
        let reporter = match &accusation.reporter {
            Some(reporter) => reporter.to_string(),
            None => "(the chain)".into(),
        };
        let followed: Vec<_> = accusation
            .followed
            .iter()
            .map(|consequence| match consequence.block {
                block if block == accusation.at.block.number => consequence.words.clone(),
                block => format!("{} (block {block})", consequence.words),
            })
            .collect();
        let followed = match followed.is_empty() {
            true => "nothing".into(),
            false => followed.join(", "),
        };
        report = report.line(format!(
            "{:<12}{:<16}{:<50}{:<50}{followed}",
            id(&accusation.at),
            accusation.kind,
            reporter,
            accusation.accused.to_string(),
        ));
    }
    report
}

/// What `faults show` takes.
fn id(at: &FaultEventAt) -> String {
    match at.extrinsic {
        Some(extrinsic) => format!("{}-{extrinsic}", at.block.number),
        None => at.block.number.to_string(),
    }
}

fn to_json(history: &FaultHistory, accusations: &[Accusation]) -> Value {
    let faults = accusations.iter().map(|accusation| {
        let followed = accusation.followed.iter().map(|consequence| {
            json!({
                "block": consequence.block,
                "event": consequence.event,
                "words": consequence.words,
            })
        });
        json!({
            "id": id(&accusation.at),
            "block": accusation.at.block.number,
            "block_hash": hex(accusation.at.block.hash),
            "extrinsic": accusation.at.extrinsic,
            "kind": accusation.kind.replace(' ', "_"),
            "reporter": accusation.reporter.as_ref().map(ToString::to_string),
            "accused": accusation.accused.to_string(),
            "followed": followed.collect::<Vec<_>>(),
        })
    });
    json!({
        "from": history.from,
        "to": history.to,
        "forgotten": history.forgotten,
        "faults": faults.collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use signing_client::Block;
    use sp_core::H256;

    fn account(byte: u8) -> AccountId {
        AccountId::new([byte; 32])
    }

    fn at(number: BlockNumber, extrinsic: Option<u32>, event: FaultEvent) -> FaultEventAt {
        FaultEventAt {
            block: Block {
                number,
                hash: H256::repeat_byte(number as u8),
            },
            extrinsic,
            event,
        }
    }

    fn reported(by: u8, accused: u8) -> FaultEvent {
        FaultEvent::Reported {
            reporter: account(by),
            accused: account(accused),
            fault: "Silent".into(),
        }
    }

    fn events_of(accusation: &Accusation) -> Vec<(&'static str, BlockNumber)> {
        let followed = accusation.followed.iter();
        followed
            .map(|consequence| (consequence.event, consequence.block))
            .collect()
    }

    /// Two report a member: the second report costs it its seat. It does not answer.
    #[test]
    fn what_followed_is_told_of_each_report() {
        let history = [
            at(10, Some(1), reported(1, 3)),
            at(12, Some(2), reported(2, 3)),
            at(
                12,
                Some(2),
                FaultEvent::Challenged {
                    validator: account(3),
                    deadline: 40,
                },
            ),
            at(
                12,
                Some(2),
                FaultEvent::SeatLost {
                    validator: account(3),
                    cause: "Fault".into(),
                },
            ),
            at(
                13,
                None,
                FaultEvent::ChallengeAnswered {
                    validator: account(4),
                },
            ),
            at(
                41,
                None,
                FaultEvent::ChallengeUnanswered {
                    validator: account(3),
                    slash: 1_000_000,
                },
            ),
            at(50, Some(1), reported(1, 3)),
            at(60, Some(1), reported(3, 4)),
        ];
        // A report that came to nothing, because it stood alone until it counted no more.
        assert!(events_of(&accusations(&history, 1)[0]).is_empty());
        let found = accusations(&history, 30);
        assert_eq!(found.len(), 4);
        let case = [
            ("challenged", 12),
            ("seat_lost", 12),
            ("challenge_unanswered", 41),
        ];
        assert_eq!(events_of(&found[0]), case);
        assert_eq!(events_of(&found[1]), case);
        assert_eq!(found[0].followed[2].words, "not answered: slashed 0.1 %");
        // A later report is another case, and so is one against somebody else.
        assert!(events_of(&found[2]).is_empty() && events_of(&found[3]).is_empty());
    }

    #[test]
    fn who_is_slashed_for_a_proof_is_the_cheater_and_for_a_false_one_the_reporter() {
        let history = [
            at(
                5,
                Some(1),
                FaultEvent::CheatingProven {
                    reporter: account(1),
                    accused: account(3),
                    generation: 2,
                    slash: 100_000_000,
                },
            ),
            at(
                6,
                Some(1),
                FaultEvent::FalseEvidence {
                    reporter: account(2),
                    accused: account(1),
                    slash: 50_000_000,
                },
            ),
        ];
        let found = accusations(&history, 30);
        assert_eq!(found[0].accused, account(3));
        assert_eq!(found[0].followed[0].words, "slashed 10 %");
        assert_eq!(found[1].accused, account(1));
        assert_eq!(found[1].against, account(2), "the reporter");
        assert_eq!(found[1].followed[0].words, "reporter slashed 5 %");
        assert_eq!((found[0].followed.len(), found[1].followed.len()), (1, 1));
    }

    #[test]
    fn whoever_did_not_confirm_is_named() {
        let history = [at(
            9,
            None,
            FaultEvent::AttemptFailed {
                event: "ReshareFailed",
                attempt: 4,
                failure: "DeadlineMissed".into(),
                excluded: vec![account(1), account(2)],
            },
        )];
        let found = accusations(&history, 30);
        let accused: Vec<_> = found.iter().map(|found| found.accused.clone()).collect();
        assert_eq!(accused, [account(1), account(2)]);
        assert_eq!(id(&found[0].at), "9");
        assert_eq!(found[0].reporter, None);
    }
}
