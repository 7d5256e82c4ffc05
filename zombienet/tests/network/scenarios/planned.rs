//! Changes that are no faults: a member leaves, one rotates out, the committee grows and shrinks.

use super::{
    row::Outcome,
    stage::{Change, Scenario, Stage, Step, Who},
};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "long: scripts/test scenarios"]
async fn committees_that_change() {
    let stage = Stage::open().await;
    let rotate = Change::Parameters(|parameters| parameters.rotation_period = 5);
    let grow = Change::Parameters(|parameters| {
        parameters.rotation_period = 0;
        parameters.committee_size = 4;
        parameters.threshold = 3;
    });
    let shrink = Change::Parameters(|parameters| {
        parameters.committee_size = 3;
        parameters.threshold = 2;
    });
    let confirming = Step::Misbehave(Who::Member(1), &["wrong-confirmation=reshare"]);
    let silent = Step::Misbehave(Who::Member(1), &["silent-in=reshare"]);
    // It signs all the while; those that wait for it in vain report it.
    let held_up = Scenario {
        accused: &[1],
        outcome: Outcome::Voted,
        ..Scenario::change("leaves, and another is silent in hand-overs", Change::Leave)
            .after(silent)
    };
    stage
        .play(vec![
            Scenario::change("leaves the committee", Change::Leave),
            held_up,
            Scenario::change("leaves, and another confirms a wrong key", Change::Leave)
                .after(confirming),
            Scenario::change("rotates out", rotate),
            Scenario::change("3 of 4 sign", grow),
            Scenario::change("2 of 3 sign again", shrink),
        ])
        .await;
}
