//! Validators that are gone, or cut off.

use super::{
    row::Outcome,
    stage::{Change, Scenario, Stage, Step, Who},
};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "long: scripts/test scenarios"]
async fn validators_that_are_not_there() {
    let stage = Stage::open().await;
    // Not a member: two of three could not sign without it.
    let crashing = Step::Misbehave(Who::Outsider(1), &["crash-after-report"]);
    // The first member leaves.
    let killed_in_a_hand_over = Scenario {
        steps: vec![Step::Change(Change::Leave), Step::Kill(Who::Member(1))],
        accused: &[1],
        ..Scenario::killed("killed in a hand-over")
    };
    let omitting = Step::Misbehave(Who::Outsiders, &["omit-reports"]);
    stage
        .play(vec![
            Scenario::killed("killed"),
            killed_in_a_hand_over,
            Scenario::killed("killed, and one who reports it crashes").after(crashing),
            Scenario::killed("killed, and most authors omit reports").after(omitting),
        ])
        .await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "long: scripts/test scenarios"]
async fn validators_that_are_cut_off() {
    let stage = Stage::open().await;
    let outcome = Outcome::Voted;
    stage
        .play(vec![
            Scenario {
                steps: vec![Step::Cut { from: 1, off: 0 }],
                ..Scenario::member("cut off from one signer", &[], Outcome::Nobody)
            },
            Scenario::member("cut off from all signers", &["cut-from=all"], outcome),
            Scenario::member("silent from round 1", &["silent-from-round=1"], outcome),
            Scenario::member("silent from round 3", &["silent-from-round=3"], outcome),
            Scenario::member("refuses requests", &["refuse-requests"], outcome),
            Scenario::member("slow by 2 s", &["slow=2"], Outcome::Nobody),
            // It hears of the challenge when it is too late.
            Scenario::member("cut off from the chain", &["cut-chain"], Outcome::Absent),
        ])
        .await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "long: scripts/test scenarios"]
async fn two_at_once() {
    let stage = Stage::open().await;
    let four = Change::Parameters(|parameters| parameters.committee_size = 4);
    // So that as many as it takes are left when one cheats and two that can prove it are gone.
    let five = Change::Parameters(|parameters| parameters.committee_size = 5);
    let two = Scenario {
        accused: &[0, 1],
        ..Scenario::killed("two killed at once").after(Step::Kill(Who::Member(1)))
    };
    // Whichever of them has the proof, and with it alone decides, is gone when it has sent it.
    let mut crashing = Scenario::member(
        "wrong signature share, and whoever reports it crashes",
        &["wrong-signature-share"],
        Outcome::Proven,
    );
    for reporter in 1..5 {
        crashing = crashing.after(Step::Misbehave(
            Who::Member(reporter),
            &["crash-after-proof"],
        ));
    }
    stage
        .play(vec![
            Scenario::change("2 of 4 sign", four),
            two,
            Scenario::change("2 of 5 sign", five),
            crashing,
        ])
        .await;
}
