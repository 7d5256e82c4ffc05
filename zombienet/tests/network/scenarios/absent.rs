//! Validators that are gone, or cut off.

use super::{
    row::Outcome,
    stage::{Act, Scenario, Stage},
};

#[tokio::test(flavor = "multi_thread")]
async fn validators_that_are_not_there() {
    let stage = Stage::open().await;
    stage
        .play(&[
            Scenario {
                name: "killed",
                act: Act::Kill,
                outcome: Outcome::Absent,
            },
            Scenario {
                name: "cut off from all signers",
                act: Act::Member(&["cut-from=all"]),
                outcome: Outcome::Voted,
            },
            Scenario {
                name: "silent from round 1",
                act: Act::Member(&["silent-from-round=1"]),
                outcome: Outcome::Voted,
            },
            Scenario {
                name: "silent from round 3",
                act: Act::Member(&["silent-from-round=3"]),
                outcome: Outcome::Voted,
            },
            Scenario {
                name: "refuses requests",
                act: Act::Member(&["refuse-requests"]),
                outcome: Outcome::Voted,
            },
        ])
        .await;
}
