//! Validators that say what is not so.

use super::{
    row::Outcome,
    stage::{Act, Scenario, Stage},
};

#[tokio::test(flavor = "multi_thread")]
async fn validators_that_lie() {
    let stage = Stage::open().await;
    stage
        .play(&[
            Scenario {
                name: "false evidence",
                act: Act::Member(&["false-evidence"]),
                outcome: Outcome::Proven,
            },
            Scenario {
                name: "false reports of silence",
                act: Act::Member(&["false-silence"]),
                outcome: Outcome::Nobody,
            },
            Scenario {
                name: "relayers that lie",
                act: Act::Outsiders(&["lying-relayer"]),
                outcome: Outcome::Nobody,
            },
        ])
        .await;
}
