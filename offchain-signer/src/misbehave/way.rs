//! The ways in which a node can misbehave, and how they are written.

use super::CrashPoint;
use crate::chain::AccountId;
use core::{str::FromStr, time::Duration};
use sp_core::crypto::Ss58Codec;

/// One way to misbehave.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Way {
    /// In signing sessions: says nothing from this round on.
    SilentFromRound(u8),
    /// Opens such runs and then says nothing.
    SilentIn(Runs),
    /// In signing sessions: a zero-knowledge proof of this round, 1 to 3, does not hold.
    WrongProofInRound(u8),
    /// In signing sessions: the signature share does not fit.
    WrongSignatureShare,
    /// In signing sessions: tells each another thing in round 2; if there is only one other, tells it
    /// two things.
    DifferentBroadcasts,
    /// In signing sessions: random bytes in place of each message.
    Garbage,
    /// In signing sessions: the messages of the first session in each that follows.
    Replay,
    /// Refuses what relayers ask for.
    RefuseRequests,
    /// Takes so long for each message of a signing session, and for each answer over HTTP.
    Slow(Duration),
    /// Reports others with evidence that proves nothing.
    FalseEvidence(Forgery),
    /// Reports all other members to be silent, all the time.
    FalseSilence,
    /// Confirms something else than what such a run has made.
    WrongConfirmation(Runs),
    /// Deceives users, or signers, as a relayer.
    LyingRelayer(Lie),
    /// Leaves others' reports out of the blocks that it makes.
    OmitReports,
    /// Has no connection with this validator's signer, or with nobody's.
    CutFrom(Option<AccountId>),
    /// Has no connection with other chain nodes.
    CutChain,
    /// The process ends just after a report of a fault has been submitted.
    CrashAfterReport,
    /// The process ends just after a proof of cheating has been submitted.
    CrashAfterProof,
    /// The process ends at this point.
    CrashAt(CrashPoint),
}

/// Kinds of protocol runs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Runs {
    /// Key generations.
    Keygen,
    /// Resharings.
    Reshare,
    /// Generations of auxiliary information ahead of time.
    AuxInfo,
    /// Signing sessions.
    Signing,
    /// All of them.
    All,
}

/// Evidence that proves nothing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Forgery {
    /// A message that the accused has not signed: one of its own, altered.
    Altered,
    /// A message as the accused has sent it, of which there is nothing to complain.
    Honest,
    /// Random bytes, in the form of evidence.
    Random,
}

/// What a relayer does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Lie {
    /// Answers with wrong signatures.
    WrongSignature,
    /// Asks every second signer only.
    AskSome,
    /// Asks for what the programs refuse.
    AskRefused,
}

const RUNS: [(&str, Runs); 5] = [
    ("keygen", Runs::Keygen),
    ("reshare", Runs::Reshare),
    ("aux-info", Runs::AuxInfo),
    ("signing", Runs::Signing),
    ("all", Runs::All),
];

const FORGERIES: [(&str, Forgery); 3] = [
    ("altered", Forgery::Altered),
    ("honest", Forgery::Honest),
    ("random", Forgery::Random),
];

const LIES: [(&str, Lie); 3] = [
    ("wrong-signature", Lie::WrongSignature),
    ("ask-some", Lie::AskSome),
    ("ask-refused", Lie::AskRefused),
];

/// All ways, as they are written, and what each does.
pub const WAYS: [(&str, &str); 19] = [
    (
        "silent-from-round=1..4",
        "signing: says nothing from this round on",
    ),
    (
        "silent-in=keygen|reshare|aux-info|signing|all",
        "opens such runs and then says nothing",
    ),
    (
        "wrong-proof-in-round=1|2|3",
        "signing: a proof of this round does not hold (provable in round 2)",
    ),
    (
        "wrong-signature-share",
        "signing: the share of the signature does not fit (provable)",
    ),
    (
        "different-broadcasts",
        "signing: tells each another thing in round 2, or an only one two things (provable)",
    ),
    ("garbage", "signing: random bytes in place of messages"),
    (
        "replay",
        "signing: in each session the messages of the first",
    ),
    ("refuse-requests", "refuses what relayers ask for"),
    (
        "slow=SECONDS",
        "takes so long for each message of a signing session and each answer over HTTP",
    ),
    (
        "false-evidence=altered|honest|random",
        "reports another member with evidence that does not hold, after each session (random: once)",
    ),
    (
        "false-silence",
        "reports all other members to be silent, all the time",
    ),
    (
        "wrong-confirmation=keygen|reshare|aux-info|all",
        "confirms another key, or other public shares, than were made",
    ),
    (
        "lying-relayer=wrong-signature|ask-some|ask-refused",
        "answers users with a wrong signature; asks every second signer only; asks for what the \
         programs refuse",
    ),
    (
        "omit-reports",
        "leaves others' reports of faults out of the blocks that it makes",
    ),
    (
        "cut-from=ACCOUNT|all",
        "has no connection with the signer of this validator (stash, SS58), or of any",
    ),
    (
        "cut-chain",
        "has no connection with other chain nodes; its signer stays connected",
    ),
    (
        "crash-after-report",
        "the process ends after it has submitted a report of a fault, once",
    ),
    (
        "crash-after-proof",
        "the process ends after it has submitted a proof of cheating, once",
    ),
    ("crash-at=POINT", "the process ends at this point, once"),
];

/// Not a way to misbehave.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum WayError {
    /// There is none of that name.
    #[error("no such way; there are {}", names())]
    Unknown,
    /// It takes other values.
    #[error("write it {0}")]
    Value(String),
}

/// How each is written.
fn names() -> String {
    let names: Vec<_> = WAYS.iter().map(|(syntax, _)| *syntax).collect();
    names.join(", ")
}

fn one_of<T: Copy>(known: &[(&str, T)], value: &str) -> Option<T> {
    known
        .iter()
        .find(|(name, _)| *name == value)
        .map(|(_, found)| *found)
}

fn round(value: &str, last: u8) -> Option<u8> {
    let round = value.parse().ok()?;
    (1..=last).contains(&round).then_some(round)
}

impl FromStr for Way {
    type Err = WayError;

    fn from_str(text: &str) -> Result<Self, WayError> {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (text, None),
        };
        let (syntax, _) = WAYS
            .iter()
            .find(|(syntax, _)| syntax.split('=').next() == Some(name))
            .ok_or(WayError::Unknown)?;
        let way = match value {
            Some(value) => with_value(name, value),
            None => without_value(name),
        };
        way.ok_or_else(|| match name {
            "crash-at" => {
                let points: Vec<_> = CrashPoint::all().map(|point| point.to_string()).collect();
                WayError::Value(format!("crash-at={}", points.join("|")))
            }
            _ => WayError::Value((*syntax).into()),
        })
    }
}

fn without_value(name: &str) -> Option<Way> {
    Some(match name {
        "wrong-signature-share" => Way::WrongSignatureShare,
        "different-broadcasts" => Way::DifferentBroadcasts,
        "garbage" => Way::Garbage,
        "replay" => Way::Replay,
        "refuse-requests" => Way::RefuseRequests,
        "false-silence" => Way::FalseSilence,
        "omit-reports" => Way::OmitReports,
        "cut-chain" => Way::CutChain,
        "crash-after-report" => Way::CrashAfterReport,
        "crash-after-proof" => Way::CrashAfterProof,
        _ => return None,
    })
}

fn with_value(name: &str, value: &str) -> Option<Way> {
    Some(match name {
        "silent-from-round" => Way::SilentFromRound(round(value, 4)?),
        "silent-in" => Way::SilentIn(one_of(&RUNS, value)?),
        "wrong-proof-in-round" => Way::WrongProofInRound(round(value, 3)?),
        "slow" => {
            let seconds: f64 = value.parse().ok()?;
            Way::Slow(Duration::try_from_secs_f64(seconds).ok()?)
        }
        "false-evidence" => Way::FalseEvidence(one_of(&FORGERIES, value)?),
        // Nothing is confirmed of signing.
        "wrong-confirmation" if value != "signing" => Way::WrongConfirmation(one_of(&RUNS, value)?),
        "lying-relayer" => Way::LyingRelayer(one_of(&LIES, value)?),
        "cut-from" if value == "all" => Way::CutFrom(None),
        "cut-from" => Way::CutFrom(Some(AccountId::from_ss58check(value).ok()?)),
        "crash-at" => Way::CrashAt(value.parse().ok()?),
        _ => return None,
    })
}

impl Runs {
    /// Whether these are among them.
    pub(super) fn include(self, runs: Self) -> bool {
        self == Self::All || self == runs
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// All values that a way's syntax names.
    fn examples(syntax: &str) -> Vec<String> {
        let Some((name, values)) = syntax.split_once('=') else {
            return vec![syntax.into()];
        };
        values
            .split('|')
            .flat_map(|value| match value {
                "1..4" => vec!["1".to_string(), "4".into()],
                "SECONDS" => vec!["2".into(), "0.5".into()],
                "ACCOUNT" => vec!["5GNJqTPyNqANBkUVMN1LPPrxXnFouWXoe2wNSmmEoLctxiZY".into()],
                "POINT" => CrashPoint::all().map(|point| point.to_string()).collect(),
                value => vec![value.into()],
            })
            .map(|value| format!("{name}={value}"))
            .collect()
    }

    #[test]
    fn every_way_is_written_as_the_help_says() {
        let mut all = Vec::new();
        for (syntax, _) in WAYS {
            for example in examples(syntax) {
                let way: Way = example.parse().unwrap_or_else(|e| panic!("{example}: {e}"));
                assert!(!all.contains(&way), "{example}");
                all.push(way);
            }
        }
        assert!(all.contains(&Way::Slow(Duration::from_millis(500))));
        assert!(all.contains(&Way::CutFrom(None)));
    }

    #[test]
    fn what_is_no_way_is_told_what_there_is() {
        let error = |text: &str| text.parse::<Way>().unwrap_err().to_string();
        assert!(error("be-nice").contains("silent-from-round=1..4"));
        assert!(error("").contains("crash-at=POINT"));
        for (bad, hint) in [
            ("silent-from-round", "silent-from-round=1..4"),
            ("silent-from-round=0", "silent-from-round=1..4"),
            ("silent-from-round=5", "silent-from-round=1..4"),
            ("silent-in=breakfast", "keygen|reshare"),
            ("wrong-proof-in-round=4", "1|2|3"),
            ("wrong-confirmation=signing", "keygen|reshare|aux-info|all"),
            ("garbage=yes", "garbage"),
            ("slow=-1", "slow=SECONDS"),
            ("slow=soon", "slow=SECONDS"),
            ("cut-from=bob", "cut-from=ACCOUNT|all"),
            ("lying-relayer=", "wrong-signature|ask-some|ask-refused"),
            ("crash-at=lunch", "after-erasing-shares"),
        ] {
            assert!(error(bad).contains(hint), "{bad}: {}", error(bad));
        }
    }
}
