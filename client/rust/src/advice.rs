//! What to do about the API's refusals.
//!
//! The codes are those of the signer's HTTP API (`docs/http-api.md`). One that is not listed here is
//! judged by its status: 5xx is the node's trouble, 4xx the request's.

/// Codes by which a node speaks of itself, though their status is 4xx: another one may do better. The
/// request went astray, this node's view of the chain is not the client's, or it has had its share.
const ABOUT_THE_NODE: &[&str] = &[
    "block_in_future",
    "block_stale",
    "body_timeout",
    "envelope_undecryptable",
    "key_not_registered",
    "method_not_allowed",
    "node_is_signer",
    "not_found",
    // Each node counts for itself, and strangers may have used up what is for anybody on this one. If
    // it was the user who had too much, the signers say so: they have limits, too.
    "rate_limited",
];

/// Codes that are the same everywhere, though their status is 5xx.
const ABOUT_THE_NETWORK: &[&str] = &["network_degraded", "network_not_active", "network_paused"];

/// Advice where there is something to do about it.
const ADVICE: &[(&str, &str)] = &[
    (
        "auxiliary_data_mismatch",
        "give --auxiliary-data once for each program, or not at all",
    ),
    (
        "block_in_future",
        "the relayer, or your node, is not in sync",
    ),
    ("block_stale", "your node, or the relayer, is not in sync"),
    ("busy", "try again in a moment"),
    (
        "envelope_undecryptable",
        "the relayer has changed its key: try again",
    ),
    (
        "hash_needs_32_bytes",
        "hash the message yourself, or choose another --hash",
    ),
    ("hash_not_provided", "choose another --hash"),
    (
        "hash_out_of_range",
        "`registration show` lists the programs; they are counted from 0",
    ),
    ("key_is_network_key", "`register` to get a key of your own"),
    (
        "key_not_registered",
        "`registration show` tells whether your node knows the key",
    ),
    (
        "network_degraded",
        "wait until members of the committee are back; `status` shows it",
    ),
    (
        "network_not_active",
        "`status` shows how far the network is",
    ),
    (
        "network_paused",
        "wait until the network's governance resumes signing",
    ),
    (
        "program_out_of_fuel",
        "the program takes too long for this message",
    ),
    (
        "rate_limited",
        "ask another relayer, or wait for the next block",
    ),
    ("signing_failed", "try again; `status` shows the committee"),
    (
        "signing_timed_out",
        "try again; `status` shows the committee",
    ),
    (
        "too_few_signers",
        "wait until more members of the committee have announced themselves",
    ),
    ("too_many_attempts", "try again"),
];

/// Advice for a code of the signer's API, where there is any.
pub(crate) fn advice(code: &str) -> Option<&'static str> {
    let found = ADVICE.iter().find(|(of, _)| *of == code);
    found.map(|(_, advice)| *advice)
}

/// Whether another relayer may grant what one refused with this status and code.
pub(crate) fn another_may_do_better(status: u16, code: &str) -> bool {
    if status >= 500 {
        !ABOUT_THE_NETWORK.contains(&code)
    } else {
        ABOUT_THE_NODE.contains(&code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_to_blame() {
        for (status, code, another) in [
            (403, "program_refused", false),
            (422, "program_out_of_fuel", false),
            (401, "signature_invalid", false),
            (413, "message_too_large", false),
            (429, "rate_limited", true),
            (400, "something_new", false),
            (503, "network_paused", false),
            (503, "network_degraded", false),
            (503, "busy", true),
            (502, "signing_failed", true),
            (500, "something_new", true),
            (400, "node_is_signer", true),
            (404, "key_not_registered", true),
        ] {
            assert_eq!(
                another_may_do_better(status, code),
                another,
                "{status} {code}"
            );
        }
    }
}
