//! Changes that are no faults: a member leaves, one rotates out, the committee grows and shrinks.

use super::{
    row::Outcome,
    stage::{Act, Change, Scenario, Stage},
};

#[tokio::test(flavor = "multi_thread")]
async fn committees_that_change() {
    let stage = Stage::open().await;
    let change = |name, change| Scenario {
        name,
        act: Act::Change(change),
        outcome: Outcome::Moved,
    };
    stage
        .play(&[
            change("leaves the committee", Change::Leave),
            change("rotates out", Change::Parameters(|p| p.rotation_period = 5)),
            change(
                "3 of 4 sign",
                Change::Parameters(|p| {
                    p.rotation_period = 0;
                    p.committee_size = 4;
                    p.threshold = 3;
                }),
            ),
            change(
                "2 of 3 sign again",
                Change::Parameters(|p| {
                    p.committee_size = 3;
                    p.threshold = 2;
                }),
            ),
        ])
        .await;
}
