//! One of each kind, for every run of the tests. The other scenarios take an hour.

use super::{
    row::Outcome,
    stage::{Scenario, Stage},
};

#[tokio::test(flavor = "multi_thread")]
async fn one_of_each_kind() {
    let stage = Stage::open().await;
    stage
        .play(vec![
            Scenario::killed("killed"),
            Scenario::member(
                "wrong signature share",
                &["wrong-signature-share"],
                Outcome::Proven,
            ),
            Scenario::member(
                "false evidence",
                &["false-evidence=altered"],
                Outcome::Proven,
            ),
        ])
        .await;
}
