//! Signers that cheat in the protocol.

use super::{
    row::Outcome::{Proven, Voted},
    stage::{Scenario, Stage},
};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "long: scripts/test scenarios"]
async fn signers_that_cheat_provably() {
    let stage = Stage::open().await;
    stage
        .play(vec![
            Scenario::member("wrong signature share", &["wrong-signature-share"], Proven),
            Scenario::member(
                "wrong proof in round 2",
                &["wrong-proof-in-round=2"],
                Proven,
            ),
            Scenario::member("different broadcasts", &["different-broadcasts"], Proven),
        ])
        .await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "long: scripts/test scenarios"]
async fn signers_that_cheat() {
    let stage = Stage::open().await;
    stage
        .play(vec![
            Scenario::member("wrong proof in round 1", &["wrong-proof-in-round=1"], Voted),
            Scenario::member("wrong proof in round 3", &["wrong-proof-in-round=3"], Voted),
            Scenario::member("garbage", &["garbage"], Voted),
            Scenario::member("another session's messages", &["replay"], Voted),
        ])
        .await;
}
