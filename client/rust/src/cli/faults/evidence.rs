//! Has evidence checked by the node's own code, on this machine.
//!
//! The protocol library that checks it is under the AGPL, which this crate is not: so the check is a
//! sub-command of the node, run as a process of its own (docs/decisions/0011).

use serde_json::Value;
use std::{
    ffi::{OsStr, OsString},
    io::{self, Write},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

/// The node's name, beside this program or on the PATH.
const NODE: &str = "signing-node";

/// Evidence could not be checked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CheckError {
    #[error("cannot run {}: give the node's binary with --node", .node.to_string_lossy())]
    NoNode {
        node: OsString,
        #[source]
        source: io::Error,
    },
    #[error("{} could not check the evidence: {words}", .node.to_string_lossy())]
    Failed { node: OsString, words: String },
}

/// What a check of evidence says.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Checked {
    /// Whether it proves what it says.
    pub(crate) proven: bool,
    /// All that the node tells of it.
    pub(crate) told: Value,
}

/// The node's binary: as given, beside this program, or wherever the PATH has it.
fn binary(given: Option<&Path>) -> OsString {
    let beside = || {
        let beside: PathBuf = std::env::current_exe().ok()?.with_file_name(NODE);
        beside.is_file().then(|| beside.into_os_string())
    };
    given
        .map(|path| path.as_os_str().to_owned())
        .or_else(beside)
        .unwrap_or_else(|| NODE.into())
}

/// Runs the node with `evidence` as its input, and waits for it.
fn run(node: &OsStr, evidence: &[u8]) -> io::Result<Output> {
    let mut child = Command::new(node)
        .args(["check-evidence", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    if let Some(mut input) = child.stdin.take() {
        // A node that does not read it says why.
        let _ = input.write_all(evidence);
    }
    child.wait_with_output()
}

/// Has `evidence` checked.
pub(crate) async fn check(evidence: &[u8], node: Option<&Path>) -> Result<Checked, CheckError> {
    let node = binary(node);
    let running = {
        let (node, evidence) = (node.clone(), evidence.to_vec());
        tokio::task::spawn_blocking(move || run(&node, &evidence))
    };
    let ended = running
        .await
        .unwrap_or_else(|lost| Err(io::Error::other(lost)));
    let output = ended.map_err(|source| CheckError::NoNode {
        node: node.clone(),
        source,
    })?;
    let failed = |words: String| CheckError::Failed {
        node: node.clone(),
        words,
    };
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(failed(words));
    }
    let told: Value = serde_json::from_slice(&output.stdout)
        .map_err(|error| failed(format!("its answer is no JSON: {error}")))?;
    let proven = match told.get("verdict").and_then(Value::as_str) {
        Some("proven") => true,
        Some("rejected") => false,
        _ => return Err(failed("its answer has no verdict".into())),
    };
    Ok(Checked { proven, told })
}
