//! Signers that cheat in the protocol.

use super::{
    row::Outcome,
    stage::{Act, Scenario, Stage},
};

#[tokio::test(flavor = "multi_thread")]
async fn signers_that_cheat() {
    let stage = Stage::open().await;
    stage
        .play(&[
            Scenario {
                name: "wrong signature share",
                act: Act::Member(&["wrong-signature-share"]),
                outcome: Outcome::Proven,
            },
            Scenario {
                name: "garbage",
                act: Act::Member(&["garbage"]),
                outcome: Outcome::Voted,
            },
            Scenario {
                name: "wrong proof in round 2",
                act: Act::Member(&["wrong-proof-in-round=2"]),
                outcome: Outcome::Proven,
            },
            Scenario {
                name: "wrong proof in round 1",
                act: Act::Member(&["wrong-proof-in-round=1"]),
                outcome: Outcome::Voted,
            },
            Scenario {
                name: "wrong proof in round 3",
                act: Act::Member(&["wrong-proof-in-round=3"]),
                outcome: Outcome::Voted,
            },
            Scenario {
                name: "messages of another session",
                act: Act::Member(&["replay"]),
                outcome: Outcome::Voted,
            },
        ])
        .await;
}
