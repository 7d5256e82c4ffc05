//! `GET /`: a page for people who point a browser at a signer.

use super::{
    error::ApiError,
    routes::{role, snapshot},
    Api,
};
use axum::{extract::State, response::Html};
use signing_primitives::{wire::Role, Phase};
use std::{fmt::Write, sync::Arc};

/// The page.
pub(super) async fn page(State(api): State<Arc<Api>>) -> Result<Html<String>, ApiError> {
    let snapshot = snapshot(&api).await?;
    let network = &snapshot.network;
    let role = match role(&api, &snapshot) {
        Role::Signer => "signer: a member of the committee",
        Role::Relayer => "relayer: a validator outside the committee",
        Role::Observer => "none: not a validator of this session",
    };
    let phase = match &network.phase {
        Phase::AwaitingSigners => {
            let announced = network
                .validators
                .iter()
                .filter(|v| v.signer.is_some())
                .count();
            let needed = network.parameters.committee_size;
            format!("awaiting signers: {announced} announced, {needed} needed")
        }
        Phase::Keygen(attempt) => format!(
            "generating the key: attempt {}, {} of {} confirmed, until block {}",
            attempt.attempt,
            attempt.confirmed.len(),
            attempt.members.len(),
            attempt.deadline
        ),
        Phase::Active if snapshot.paused => "active, but paused".into(),
        Phase::Active => "active".into(),
        Phase::Resharing(attempt) => format!(
            "active, and handing over to generation {}: attempt {}, {} of {} confirmed, until block {}",
            attempt.generation,
            attempt.attempt,
            attempt.confirmed.len(),
            attempt.members.len(),
            attempt.deadline
        ),
        Phase::Degraded => "degraded: too few members of the committee are left to sign".into(),
    };

    let mut rows = String::new();
    row(&mut rows, "This node", role);
    row(&mut rows, "Version", &api.parts.version);
    row(&mut rows, "Network", &phase);
    let heads = snapshot.heads;
    row(&mut rows, "Best block", &heads.best.number.to_string());
    row(
        &mut rows,
        "Finalized block",
        &heads.finalized.number.to_string(),
    );
    if let Some(key) = network.verifying_key {
        row(&mut rows, "Network key", &format!("0x{}", hex::encode(key)));
    }
    if let Some(committee) = &network.committee {
        let text = format!(
            "generation {}: any {} of {} sign",
            committee.generation,
            committee.threshold,
            committee.members.len()
        );
        row(&mut rows, "Committee", &text);
        for member in &committee.members {
            let lost = committee.expelled.contains(&member.validator);
            let lost = if lost { " (has lost its seat)" } else { "" };
            row(&mut rows, "Member", &format!("{}{lost}", member.validator));
        }
    }
    Ok(Html(format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>Signer</title><style>body{{font:16px/1.5 system-ui,sans-serif;max-width:48rem;\
         margin:2rem auto;padding:0 1rem}}th{{text-align:left;vertical-align:top;\
         padding-right:2rem;font-weight:600}}td{{overflow-wrap:anywhere}}</style></head>\
         <body><h1>Signer</h1><table>\n{rows}</table></body></html>\n"
    )))
}

fn row(rows: &mut String, name: &str, value: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(
        rows,
        "<tr><th scope=\"row\">{name}</th><td>{}</td></tr>",
        escape(value)
    );
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
