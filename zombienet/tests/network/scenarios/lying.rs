//! Validators that say what is not so.

use super::{
    row::Outcome,
    stage::{Scenario, Stage},
};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "long: scripts/test scenarios"]
async fn validators_that_lie() {
    let stage = Stage::open().await;
    stage
        .play(vec![
            Scenario::member(
                "altered evidence",
                &["false-evidence=altered"],
                Outcome::Proven,
            ),
            Scenario::member(
                "honest messages as evidence",
                &["false-evidence=honest"],
                Outcome::Proven,
            ),
            Scenario::member(
                "random evidence",
                &["false-evidence=random"],
                Outcome::Proven,
            ),
            Scenario::member("false reports", &["false-silence"], Outcome::Nobody),
            Scenario::outsider(
                "a relayer changes signatures",
                &["lying-relayer=wrong-signature"],
            ),
            Scenario::outsider("a relayer asks only some", &["lying-relayer=ask-some"]),
            Scenario::outsiders("relayers ask only some", &["lying-relayer=ask-some"]),
            Scenario::outsiders(
                "relayers ask for what is refused",
                &["lying-relayer=ask-refused"],
            ),
        ])
        .await;
}
