//! `faults show`

use super::evidence::{check, CheckError, Checked};
use crate::cli::{
    args::{FaultsShowArgs, Global},
    connect,
    failure::{with_causes, Failure, DISPUTED, UNVERIFIED},
    report::{hex, Report},
    values::ReportId,
};
use serde_json::{json, Value};
use signing_client::{ReportAt, Ruling};
use signing_primitives::{Fault, UnprovableFault};

pub(super) async fn show(global: &Global, args: FaultsShowArgs) -> Result<Report, Failure> {
    let client = connect(global).await?;
    let reports = client.reports(args.report.block).await?;
    let report = choose(&reports, args.report)?;
    let checked = match &report.report.fault {
        Fault::Provable(evidence) => Some(check(evidence, args.node.as_deref()).await),
        Fault::Unprovable(_) => None,
    };
    Ok(describe(report, checked))
}

/// The report that is meant: if there is only one, the block is enough.
fn choose(reports: &[ReportAt], id: ReportId) -> Result<&ReportAt, Failure> {
    let found = match (id.index, reports) {
        (Some(index), _) => reports.iter().find(|report| report.extrinsic == index),
        (None, [only]) => Some(only),
        (None, _) => None,
    };
    found.ok_or_else(|| Failure::NoReport {
        id,
        others: reports
            .iter()
            .map(|report| format!("{}-{}", report.block.number, report.extrinsic))
            .collect(),
    })
}

/// Whether the chain and the check here say the same.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Agreement {
    Same,
    Different,
    Unknown,
}

fn agreement(ruling: &Ruling, checked: &Result<Checked, CheckError>) -> Agreement {
    match (ruling, checked) {
        (Ruling::Proven, Ok(checked)) if checked.proven => Agreement::Same,
        (Ruling::False, Ok(checked)) if !checked.proven => Agreement::Same,
        (Ruling::Proven | Ruling::False, Ok(_)) => Agreement::Different,
        _ => Agreement::Unknown,
    }
}

fn describe(at: &ReportAt, checked: Option<Result<Checked, CheckError>>) -> Report {
    let report = &at.report;
    let mut json = json!({
        "block": at.block.number,
        "block_hash": hex(at.block.hash),
        "extrinsic": at.extrinsic,
        "kind": kind(&report.fault).replace(' ', "_"),
        "reporter_key": hex(&report.signing_key),
        "accused": report.accused.to_string(),
        "generation": report.generation,
        "at": report.at,
        "ruling": ruling_code(&at.ruling),
    });
    let mut lines = vec![
        (
            "block",
            format!("{} {}", at.block.number, hex(at.block.hash)),
        ),
        ("extrinsic", at.extrinsic.to_string()),
        ("kind", kind(&report.fault).into()),
        ("reporter's key", hex(&report.signing_key)),
        ("accused", report.accused.to_string()),
        ("generation", report.generation.to_string()),
        ("made at block", report.at.to_string()),
        ("the chain", ruling_words(&at.ruling).into()),
    ];
    let mut exit_code = 0;
    if let (Fault::Provable(evidence), Some(checked)) = (&report.fault, &checked) {
        lines.push(("evidence", format!("{} bytes", evidence.len())));
        let agreement = agreement(&at.ruling, checked);
        let (recheck, words) = match checked {
            Ok(checked) => {
                lines.extend(told(&checked.told));
                (checked.told.clone(), verdict(&checked.told))
            }
            Err(error) => {
                let words = with_causes(error);
                (json!({ "error": words }), format!("not made: {words}"))
            }
        };
        lines.push(("checked here", words));
        let (agrees, words) = match agreement {
            Agreement::Same => (json!(true), "yes"),
            Agreement::Different => {
                exit_code = DISPUTED;
                (
                    json!(false),
                    "NO: the chain or this node's code is wrong; tell the others",
                )
            }
            Agreement::Unknown => {
                exit_code = UNVERIFIED;
                (Value::Null, "cannot be said")
            }
        };
        lines.push(("agrees", words.into()));
        if let Some(object) = json.as_object_mut() {
            object.insert("evidence_bytes".into(), json!(evidence.len()));
            object.insert("recheck".into(), recheck);
            object.insert("agrees".into(), agrees);
        }
    }
    let report = lines
        .into_iter()
        .fold(Report::new(json), |report, (name, value)| {
            report.field(name, value)
        });
    report.exit_with(exit_code)
}

fn kind(fault: &Fault) -> &'static str {
    match fault {
        Fault::Unprovable(UnprovableFault::Unreachable) => "unreachable",
        Fault::Unprovable(UnprovableFault::Silent) => "silent",
        Fault::Unprovable(UnprovableFault::Misbehaved) => "misbehaved",
        Fault::Provable(_) => "proof of cheating",
    }
}

fn ruling_code(ruling: &Ruling) -> &'static str {
    match ruling {
        Ruling::Counted => "counted",
        Ruling::Proven => "cheating_proven",
        Ruling::False => "false_evidence",
        Ruling::NoEffect => "no_effect",
        _ => "unknown",
    }
}

fn ruling_words(ruling: &Ruling) -> &'static str {
    match ruling {
        Ruling::Counted => "counted it as one validator's word",
        Ruling::Proven => "took it for proof, and slashed the accused",
        Ruling::False => "found it to prove nothing, and slashed the reporter",
        Ruling::NoEffect => "did nothing",
        _ => "said something that the node has forgotten; ask one with --state-pruning archive",
    }
}

/// What the node tells of evidence, line by line.
fn told(told: &Value) -> Vec<(&'static str, String)> {
    let text = |name: &str| match told.get(name) {
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    let bytes = |name: &str| text(name).map(|size| format!("{size} bytes"));
    let lines = [
        ("proof", text("proof")),
        ("round", text("round")),
        ("session", text("session_id")),
        ("chain", text("genesis_hash")),
        ("digest", text("digest")),
        ("key", text("verifying_key")),
        ("cheater's key", text("accused")),
        ("public shares", bytes("public_shares_bytes")),
        ("aux info", bytes("public_aux_info_bytes")),
        ("proof's size", bytes("proof_bytes")),
    ];
    let lines = lines.into_iter();
    lines
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
}

fn verdict(told: &Value) -> String {
    let text = |name: &str| told.get(name).and_then(Value::as_str).unwrap_or_default();
    match text("reason") {
        "" => text("verdict").into(),
        reason => format!("{}: {reason}", text("verdict")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use signing_client::{AccountId, Block};
    use signing_primitives::{FaultReport, SignerId};
    use sp_core::{sr25519, H256};
    use std::{os::unix::fs::PermissionsExt, path::PathBuf};

    fn report(extrinsic: u32, fault: Fault, ruling: Ruling) -> ReportAt {
        ReportAt {
            block: Block {
                number: 7,
                hash: H256([7; 32]),
            },
            extrinsic,
            report: FaultReport {
                signing_key: SignerId::from(sr25519::Public::from_raw([1; 32])),
                accused: AccountId::new([2; 32]),
                generation: 3,
                fault,
                at: 6,
            },
            ruling,
        }
    }

    fn proof() -> Fault {
        Fault::Provable(vec![1, 2, 3].try_into().unwrap())
    }

    /// Held from writing a program to running it: another thread that begins a process in between has
    /// the file open for a moment, and it cannot be run.
    static ONE_AT_A_TIME: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

    /// A program that says this, whatever it is given, and writes what that was into a file.
    fn node(folder: &tempfile::TempDir, says: &str, exit: u8) -> PathBuf {
        let path = folder.path().join("node");
        let given = folder.path().join("given");
        let script = format!(
            "#!/bin/sh\n[ \"$1 $2\" = 'check-evidence -' ] || exit 9\ncat > {}\necho '{says}'\nexit {exit}\n",
            given.display()
        );
        std::fs::write(&path, script).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    #[tokio::test]
    async fn the_check_here_is_held_against_the_chains_ruling() {
        let _one = ONE_AT_A_TIME.lock().await;
        for (ruling, says, exit_code, agrees) in [
            (Ruling::Proven, "proven", 0, json!(true)),
            (Ruling::False, "rejected", 0, json!(true)),
            (Ruling::Proven, "rejected", DISPUTED, json!(false)),
            (Ruling::False, "proven", DISPUTED, json!(false)),
            (Ruling::NoEffect, "proven", UNVERIFIED, Value::Null),
            (Ruling::Forgotten, "proven", UNVERIFIED, Value::Null),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let says = format!("{{\"verdict\":\"{says}\",\"proof\":\"wrong_ids\"}}");
            let node = node(&folder, &says, 0);
            let checked = check(&[1, 2, 3], Some(&node)).await;
            let given = std::fs::read(folder.path().join("given")).unwrap();
            assert_eq!(given, [1, 2, 3], "the very bytes of the report");
            let described = describe(&report(1, proof(), ruling.clone()), Some(checked));
            assert_eq!(described.exit_code(), exit_code, "{ruling:?} {says}");
            assert_eq!(described.json()["agrees"], agrees);
            assert_eq!(described.json()["recheck"]["proof"], "wrong_ids");
        }
    }

    #[tokio::test]
    async fn a_check_that_was_not_made_is_no_agreement() {
        let _one = ONE_AT_A_TIME.lock().await;
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("none");
        for checked in [
            check(&[1], Some(&missing)).await,
            check(&[1], Some(&node(&folder, "nonsense", 0))).await,
            check(&[1], Some(&node(&folder, "{\"verdict\":\"proven\"}", 1))).await,
            check(&[1], Some(&node(&folder, "{\"verdict\":\"perhaps\"}", 0))).await,
        ] {
            assert!(checked.is_err(), "{checked:?}");
            let described = describe(&report(1, proof(), Ruling::Proven), Some(checked));
            assert_eq!(described.exit_code(), UNVERIFIED);
            assert_eq!(described.json()["agrees"], Value::Null);
        }
    }

    #[test]
    fn what_cannot_be_proved_is_not_checked() {
        let fault = Fault::Unprovable(UnprovableFault::Silent);
        let described = describe(&report(1, fault, Ruling::Counted), None);
        assert_eq!(described.exit_code(), 0);
        assert_eq!(described.json()["kind"], "silent");
        assert_eq!(described.json()["ruling"], "counted");
    }

    #[test]
    fn a_block_is_enough_if_it_has_one_report() {
        let one = [report(3, proof(), Ruling::Proven)];
        let two = [
            report(3, proof(), Ruling::Proven),
            report(5, proof(), Ruling::False),
        ];
        let id = |index| ReportId { block: 7, index };
        assert_eq!(choose(&one, id(None)).unwrap().extrinsic, 3);
        assert_eq!(choose(&two, id(Some(5))).unwrap().extrinsic, 5);
        for (reports, id) in [(&two[..], id(None)), (&two, id(Some(4))), (&[], id(None))] {
            let failure = choose(reports, id).unwrap_err();
            assert!(matches!(failure, Failure::NoReport { .. }), "{failure}");
        }
        let failure = choose(&two, id(None)).unwrap_err().to_string();
        assert!(failure.contains("7-3, 7-5"), "{failure}");
    }
}
