//! What a relayer makes of signers that do not sign.

use super::recover::recovers_to;
use crate::chain::{SignerId, VerifyingKey};
use signing_primitives::{wire::SignatureAnswer, UnprovableFault};

/// What a signer seems to have done when there is no signature. What anybody on the way could have
/// altered counts for no more than silence: an answer is vouched for, but not for which request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Blame {
    /// It could not be asked.
    Unreachable,
    /// It did not answer in time, or not with an answer of its own.
    Silent,
    /// It refuses: wrongly, if other signers do not.
    Refusal,
    /// It has too much to do, by its word. Otherwise as a refusal.
    Busy,
    /// It says that the session failed. That counts for no more than the order in which signers are
    /// asked, and as much against itself as against the others: any of them may be the cause.
    Session,
    /// It may have done nothing wrong. It is asked later than others for a while.
    Suspicion,
}

/// The codes by which a signer says that the session with the others failed; or that it has had the attempt
/// already, which this node has made up for this request and nobody but the others and the line between has seen.
const SESSION: [&str; 3] = ["request_replayed", "session_failed", "session_timed_out"];

/// The codes by which an honest signer may refuse what others sign: strangers have used its limits up,
/// which it has by itself, or it knows an earlier or a later block than they. (Not [`BUSY`]: who can be
/// kept busy does not serve, whoever is behind it.)
const MAY_BE_RIGHT: [&str; 13] = [
    "block_in_future",
    "block_stale",
    "generation_not_in_force",
    "key_not_registered",
    "network_degraded",
    "network_not_active",
    "network_paused",
    "node_is_not_signer",
    "rate_limited",
    "sender_not_validator",
    "signer_expelled",
    "signer_not_member",
    "too_many_attempts",
];

/// The code of one that has too much to do.
const BUSY: &str = "busy";

impl Blame {
    /// For a refusal with this code.
    pub(super) fn of_refusal(code: &str) -> Self {
        match code {
            code if SESSION.contains(&code) => Self::Session,
            code if MAY_BE_RIGHT.contains(&code) => Self::Suspicion,
            BUSY => Self::Busy,
            _ => Self::Refusal,
        }
    }

    /// What it is on chain, whatever others do.
    pub(super) fn fault(self) -> Option<UnprovableFault> {
        match self {
            Self::Unreachable => Some(UnprovableFault::Unreachable),
            Self::Silent => Some(UnprovableFault::Silent),
            Self::Refusal | Self::Busy | Self::Session | Self::Suspicion => None,
        }
    }

    /// Whether it has refused what others may sign.
    pub(super) fn is_refusal(self) -> bool {
        matches!(self, Self::Refusal | Self::Busy)
    }
}

/// Checks what a signer has answered.
pub(super) fn check_answer(
    body: &[u8],
    signer: &SignerId,
    digest: &[u8; 32],
    key: &VerifyingKey,
) -> Result<SignatureAnswer, Blame> {
    let answer: SignatureAnswer = serde_json::from_slice(body).map_err(|error| {
        tracing::warn!(%signer, %error, "a signer's answer cannot be parsed");
        Blame::Silent
    })?;
    if !answer.is_by(signer) {
        tracing::warn!(%signer, "an answer is not by the signer that was asked");
        return Err(Blame::Silent);
    }
    if !recovers_to(&answer.signature, digest, key) {
        tracing::warn!(%signer, "an answer is not the signature that was asked for");
        return Err(Blame::Silent);
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Code;

    #[test]
    fn the_codes_are_those_that_signers_answer() {
        for name in SESSION.iter().chain(&MAY_BE_RIGHT).chain([&BUSY]) {
            assert!(Code::ALL.iter().any(|code| code.name() == *name), "{name}");
        }
    }

    #[test]
    fn only_what_no_honest_signer_says_counts_when_others_sign() {
        for code in [
            "busy",
            "internal",
            "no_share",
            "program_refused",
            "",
            "nonsense",
        ] {
            assert!(Blame::of_refusal(code).is_refusal(), "{code}");
        }
        assert_eq!(Blame::of_refusal("busy"), Blame::Busy);
        assert_eq!(Blame::of_refusal("rate_limited"), Blame::Suspicion);
        assert_eq!(Blame::of_refusal("session_failed"), Blame::Session);
    }
}
