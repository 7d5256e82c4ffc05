//! `status`

use super::{
    args::Global,
    committee::{seat, Seat},
    connect,
    failure::Failure,
    report::{hex, Report},
};
use serde_json::{json, Value};
use signing_client::{Block, NetworkState, Phase, Status, Validator};

pub(crate) async fn status(global: &Global) -> Result<Report, Failure> {
    let client = connect(global).await?;
    Ok(report(&client.status().await?))
}

fn report(status: &Status) -> Report {
    let network = &status.network;
    let mut report = Report::new(to_json(status))
        .field("chain", hex(status.genesis_hash))
        .field("best", block_line(&status.best))
        .field("finalized", block_line(&status.finalized))
        .field("phase", phase(network))
        .field(
            "signing",
            if network.paused {
                "paused"
            } else {
                "not paused"
            },
        );
    report = match &network.verifying_key {
        Some(key) => report.field("network key", hex(key)),
        None => report.field("network key", "none yet"),
    };
    report = match &network.committee {
        Some(committee) => report.field(
            "committee",
            format!(
                "generation {}, {} of {} sign",
                committee.generation,
                committee.threshold,
                committee.members.len()
            ),
        ),
        None => report.field("committee", "none yet"),
    };
    for validator in &network.validators {
        let endpoint = endpoint(validator).unwrap_or_else(|| "no announcement".into());
        let role = role(network, validator);
        report = report.line(format!("  {role:<10} {} {endpoint}", validator.account));
    }
    report
}

fn to_json(status: &Status) -> Value {
    let network = &status.network;
    let committee = network.committee.as_ref().map(|committee| {
        json!({
            "generation": committee.generation,
            "threshold": committee.threshold,
            "members": committee
                .members
                .iter()
                .map(|member| member.validator.to_string())
                .collect::<Vec<_>>(),
        })
    });
    let validators: Vec<_> = network
        .validators
        .iter()
        .map(|validator| {
            json!({
                "account": validator.account.to_string(),
                "signing_key": hex(&validator.signing_key),
                "role": role(network, validator),
                "endpoint": endpoint(validator),
                "x25519": validator.signer.as_ref().map(|signer| hex(signer.x25519)),
            })
        })
        .collect();
    let parameters = &network.parameters;
    json!({
        "chain": {
            "genesis_hash": hex(status.genesis_hash),
            "best": block(&status.best),
            "finalized": block(&status.finalized),
        },
        "phase": phase(network),
        "paused": network.paused,
        "verifying_key": network.verifying_key.map(hex),
        "committee": committee,
        "validators": validators,
        "parameters": {
            "committee_size": parameters.committee_size,
            "threshold": parameters.threshold,
            "keygen_deadline": parameters.keygen_deadline,
            "reshare_deadline": parameters.reshare_deadline,
            "rotation_period": parameters.rotation_period,
            "standbys": parameters.standbys,
            "fault_quorum": parameters.fault_quorum,
            "report_window": parameters.report_window,
            "challenge_window": parameters.challenge_window,
            "cheating_slash": parameters.cheating_slash.deconstruct(),
            "silence_slash": parameters.silence_slash.deconstruct(),
            "request_limit": parameters.request_limit,
            "fuel": parameters.fuel,
            "freshness_window": parameters.freshness_window,
        },
    })
}

fn block(block: &Block) -> Value {
    json!({ "number": block.number, "hash": hex(block.hash) })
}

fn block_line(block: &Block) -> String {
    format!("{} {}", block.number, hex(block.hash))
}

pub(super) fn phase(network: &NetworkState) -> &'static str {
    match network.phase {
        Phase::AwaitingSigners => "awaiting_signers",
        Phase::Keygen(_) => "keygen",
        Phase::Active => "active",
        Phase::Resharing(_) => "resharing",
        Phase::Degraded => "degraded",
    }
}

fn role(network: &NetworkState, validator: &Validator) -> &'static str {
    let committee = network.committee.as_ref();
    match committee.and_then(|committee| seat(committee, &validator.account)) {
        Some(Seat::Sits) => "signer",
        Some(Seat::Expelled) => "expelled",
        None if validator.signer.is_some() => "relayer",
        None => "silent",
    }
}

fn endpoint(validator: &Validator) -> Option<String> {
    let signer = validator.signer.as_ref()?;
    Some(String::from_utf8_lossy(&signer.endpoint).into_owned())
}
