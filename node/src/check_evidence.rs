//! `check-evidence`: what the chain's host function says of evidence, for whoever wants to see for
//! himself.

use codec::DecodeAll;
use serde_json::{json, Value};
use signing_evidence::{
    signing_evidence_verifier, Broadcast, IdMap, Part, Proof, Rejection, Round, SigningEvidence,
    Verdict, MAX_REPORT_BYTES,
};
use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

/// Arguments of `check-evidence`.
///
/// Prints one JSON object: `verdict` is `proven` or `rejected`, with a `reason`. Whether the session is
/// one of a chain's committee only that chain can tell.
#[derive(Debug, clap::Parser)]
pub(crate) struct CheckEvidenceCmd {
    /// The evidence, SCALE encoded as in a report, or as hex with 0x; `-` for standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

impl CheckEvidenceCmd {
    pub(crate) fn run(&self) -> sc_cli::Result<()> {
        let read = read(&self.file)?;
        let bytes = from_hex(&read).unwrap_or(read);
        println!("{}", check(&bytes));
        Ok(())
    }
}

/// The file, or as much of it as it takes to know that it is too long.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let limit = 3 + 2 * u64::from(MAX_REPORT_BYTES) + 1;
    let mut bytes = Vec::new();
    match path == Path::new("-") {
        true => io::stdin().lock().take(limit).read_to_end(&mut bytes)?,
        false => File::open(path)?.take(limit).read_to_end(&mut bytes)?,
    };
    Ok(bytes)
}

/// The bytes, if this is `0x…`: no evidence begins so, as genesis hashes do not.
fn from_hex(bytes: &[u8]) -> Option<Vec<u8>> {
    let digits = bytes.trim_ascii().strip_prefix(b"0x")?;
    hex::decode(digits).ok()
}

/// What the host function says, and what the evidence is about.
fn check(bytes: &[u8]) -> Value {
    let verdict = signing_evidence_verifier::verify(bytes);
    let (word, reason) = match verdict {
        Verdict::Proven => ("proven", Value::Null),
        Verdict::Rejected(rejection) => ("rejected", json!(reason(rejection))),
    };
    let mut told = json!({ "verdict": word, "reason": reason, "bytes": bytes.len() });
    // What is too long is not looked into.
    let evidence = u32::try_from(bytes.len())
        .is_ok_and(|length| length <= MAX_REPORT_BYTES)
        .then(|| SigningEvidence::decode_all(&mut &bytes[..]).ok())
        .flatten();
    if let (Some(evidence), Some(told)) = (evidence, told.as_object_mut()) {
        told.extend(about(&evidence));
    }
    told
}

fn about(evidence: &SigningEvidence) -> serde_json::Map<String, Value> {
    use codec::Encode;
    let hex = |bytes: &[u8]| format!("0x{}", hex::encode(bytes));
    let subject = &evidence.subject;
    let participants = subject.participants.iter();
    let participants: Vec<_> = participants.map(|party| hex(party.as_ref())).collect();
    let session = evidence.session_id().ok().map(|id| hex(&id.0));
    let about = json!({
        "proof": kind(&evidence.proof),
        "round": round(&evidence.proof),
        "accused": hex(evidence.accused.as_ref()),
        "session_id": session,
        "genesis_hash": hex(subject.genesis_hash.as_bytes()),
        "generation": subject.generation,
        "threshold": subject.threshold,
        "network_key": hex(&subject.network_key),
        "verifying_key": hex(&subject.verifying_key),
        "digest": hex(&subject.digest),
        "participants": participants,
        "public_shares_bytes": evidence.public_shares.len(),
        "public_aux_info_bytes": evidence.public_aux_info.len(),
        "proof_bytes": evidence.proof.encoded_size(),
    });
    match about {
        Value::Object(about) => about,
        _ => Default::default(),
    }
}

fn kind(proof: &Proof) -> String {
    let part = |part: &Part| match part {
        Part::Echo => "echo broadcast",
        Part::Normal => "normal broadcast",
        Part::Direct => "direct message",
    };
    match proof {
        Proof::InvalidMessage { part: which, .. } => format!("invalid message: {}", part(which)),
        Proof::ContradictoryBroadcasts { part, .. } => format!(
            "contradictory broadcasts: {}",
            match part {
                Broadcast::Echo => "echo",
                Broadcast::Normal => "normal",
            }
        ),
        Proof::ContradictoryEcho { .. } => "contradictory echo".into(),
        Proof::WrongIds { map, .. } => format!(
            "wrong ids: {}",
            match map {
                IdMap::D => "D",
                IdMap::F => "F",
                IdMap::Psi => "psi",
            }
        ),
        Proof::AffGPsi { .. } => "aff-g psi".into(),
        Proof::Elog { .. } => "elog".into(),
        Proof::SignatureShare { .. } => "signature share".into(),
    }
}

/// The round that the kind of proof is about.
fn round(proof: &Proof) -> String {
    let round = match proof {
        Proof::InvalidMessage { round, .. } | Proof::ContradictoryBroadcasts { round, .. } => {
            *round
        }
        Proof::ContradictoryEcho { round, .. } => Round::new(*round),
        Proof::WrongIds { .. } | Proof::AffGPsi { .. } | Proof::Elog { .. } => Round::new(2),
        Proof::SignatureShare { .. } => Round::new(4),
    };
    match round.passes_on {
        true => format!("{}, echo", round.number),
        false => round.number.to_string(),
    }
}

fn reason(rejection: Rejection) -> &'static str {
    match rejection {
        Rejection::TooLong => "it is longer than evidence may be",
        Rejection::Malformed => "the bytes are no evidence",
        Rejection::NoSession => "subject and nonces make no session",
        Rejection::WrongData => "the public shares or auxiliary information are not the session's",
        Rejection::NotAParticipant => "the accused does not take part in the session",
        Rejection::WrongRound => "there is no such round",
        Rejection::WrongSignature => {
            "the accused did not sign a message for this session and round"
        }
        Rejection::NotProven => "the messages are in order, or do not belong together",
        Rejection::Panicked => "the numbers in it cannot be computed with",
        _ => "a reason that this program does not know",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use codec::Encode;
    use signing_evidence::SignedMessage;
    use signing_primitives::{SignerId, SigningSubject};
    use sp_core::{sr25519, H256};
    use std::io::Write;

    fn party(byte: u8) -> SignerId {
        sr25519::Public::from_raw([byte; 32]).into()
    }

    /// Of the right form, and proving nothing: nobody has signed anything.
    fn evidence() -> SigningEvidence {
        let subject = SigningSubject {
            genesis_hash: H256([1; 32]),
            generation: 3,
            participants: vec![party(1), party(2)],
            threshold: 2,
            network_key: [2; 33],
            verifying_key: [3; 33],
            digest: [4; 32],
            request_id: [5; 32],
            public_shares_hash: H256([6; 32]),
            auxiliary_info_hash: H256([7; 32]),
        };
        let broadcast = SignedMessage {
            signature: [0; 64],
            payload: None,
        };
        SigningEvidence {
            subject,
            nonces: vec![[8; 32], [9; 32]].try_into().unwrap(),
            public_shares: vec![1].try_into().unwrap(),
            public_aux_info: vec![1, 2].try_into().unwrap(),
            accused: party(2),
            proof: Proof::WrongIds {
                map: IdMap::F,
                broadcast,
            },
        }
    }

    #[test]
    fn what_proves_nothing_is_rejected_and_told_all_the_same() {
        let told = check(&evidence().encode());
        assert_eq!(told["verdict"], "rejected");
        assert!(told["reason"].is_string());
        assert_eq!(told["proof"], "wrong ids: F");
        assert_eq!(told["round"], "2");
        assert_eq!(told["generation"], 3);
        assert_eq!(told["public_aux_info_bytes"], 2);
        assert_eq!(told["participants"].as_array().unwrap().len(), 2);
        assert!(told["session_id"].as_str().unwrap().starts_with("0x"));
    }

    #[test]
    fn garbage_is_told_as_such() {
        for bytes in [vec![], vec![0xff; 100], vec![0; 1_000_000]] {
            let told = check(&bytes);
            assert_eq!(told["verdict"], "rejected");
            assert_eq!(told["bytes"], bytes.len());
            assert_eq!(told.get("proof"), None);
        }
        let mut long = evidence().encode();
        long.push(0);
        assert_eq!(check(&long)["reason"], reason(Rejection::Malformed));
    }

    #[test]
    fn files_hold_bytes_or_hex() {
        let bytes = evidence().encode();
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&bytes).unwrap();
        assert_eq!(read(file.path()).unwrap(), bytes);
        assert_eq!(from_hex(&bytes), None);
        let hex = format!("0x{}\n", hex::encode(&bytes));
        assert_eq!(from_hex(hex.as_bytes()), Some(bytes));
        assert_eq!(from_hex(b"0xzz"), None);
        assert!(read(Path::new("/nowhere")).is_err());
    }

    #[test]
    fn no_file_is_read_without_end() {
        let read = read(Path::new("/dev/zero")).unwrap();
        assert!(read.len() <= 3 + 2 * 400_000 + 1);
    }
}
