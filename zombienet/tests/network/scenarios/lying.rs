//! Validators that say what is not so.

use super::{
    row::Outcome,
    stage::{Scenario, Stage, Step, Who},
};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "long: scripts/test scenarios"]
async fn validators_that_lie() {
    let stage = Stage::open().await;
    stage
        .play(vec![
            Scenario::member("false evidence", &["false-evidence"], Outcome::Proven),
            Scenario::member("false reports", &["false-silence"], Outcome::Nobody),
            Scenario {
                name: "relayers that lie",
                steps: vec![Step::Misbehave(Who::Outsiders, &["lying-relayer"])],
                accused: &[],
                outcome: Outcome::Nobody,
            },
        ])
        .await;
}
