//! A request's session and rounds in the log.

use super::{until, world};
use crate::{
    metrics::{Metrics, Role},
    request::{RunSigning, SigningOrder},
    trace::{
        testing::{lines_with, listen},
        Trace,
    },
};
use tracing::Instrument;

#[tokio::test(flavor = "multi_thread")]
async fn sessions_and_rounds_are_told_under_the_name_of_the_request() {
    listen();
    let world = world();
    let (a, b) = (world.old[0], world.old[1]);
    let nodes = [world.start(a).await, world.start(b).await];
    for node in &nodes {
        until("has its share", || node.shares.of_generation(1).is_some()).await;
    }
    let hash = [0xd5; 32];
    let sign = |index: usize, me: usize| {
        let trace = Trace::new(Role::Signer, Metrics::default());
        trace.name(&hash);
        let order = SigningOrder {
            trace: trace.clone(),
            ..world.order(me, [a, b], 1, 77)
        };
        let signer = nodes[index].signer.clone();
        async move { signer.sign(order).await }.instrument(trace.span())
    };
    let (one, other) = tokio::join!(sign(0, a), sign(1, b));
    assert_eq!(one.unwrap(), other.unwrap());

    let lines = lines_with(&format!("request {}", &hex::encode(hash)[..16]));
    let count = |what: &str| lines.iter().filter(|line| line.contains(what)).count();
    assert_eq!(count("opened a session"), 2, "{lines:#?}");
    // Each round is entered by both, and told as part of the session.
    assert!(count("entered") >= 8, "{lines:#?}");
    let rounds = lines.iter().filter(|line| line.contains("entered"));
    for line in rounds {
        assert!(
            line.contains("session{") && line.contains("round{"),
            "{line}"
        );
    }
}
