//! A network of five real nodes.

use serde::Deserialize;
use signing_client::{SigningClient, Wait};
use std::{
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tokio::sync::{Mutex, MutexGuard};

/// One network at a time: each needs the whole machine.
static TURN: Mutex<()> = Mutex::const_new(());

/// What `scripts/network status --json` prints.
#[derive(Clone, Debug, Deserialize)]
pub struct Status {
    /// The nodes.
    pub validators: Vec<Validator>,
    /// `awaiting_signers`, `keygen` or `active`; none if no node answers.
    pub phase: Option<String>,
    /// The network key, hex.
    pub verifying_key: Option<String>,
}

/// One node.
#[derive(Clone, Debug, Deserialize)]
pub struct Validator {
    /// The development account it runs as.
    pub name: String,
    /// Its stash, SS58.
    pub account: Option<String>,
    /// Its RPC server.
    pub rpc: String,
    /// Its signer's HTTP API.
    pub http: String,
    /// Its process, if it is running.
    pub pid: Option<u32>,
    /// Whether it is in the committee.
    pub role: Role,
}

/// What a node does for users.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// It holds a key share.
    Signer,
    /// It takes requests.
    Relayer,
}

/// A running network. Dropping it stops the processes and removes what they wrote.
pub struct Network {
    folder: TempDir,
    _turn: MutexGuard<'static, ()>,
}

impl Network {
    /// Starts five validators with the fast runtime, and returns when they answer.
    ///
    /// # Panics
    /// If they do not.
    pub async fn start() -> Self {
        let turn = TURN.lock().await;
        let folder = tempfile::Builder::new().prefix("signing-test-").tempdir();
        let network = Self {
            folder: expect(folder, "a temporary folder"),
            _turn: turn,
        };
        network.script(&["up", "--chain", "local-fast"]);
        network
    }

    /// Runs `scripts/network` for this network; its standard output.
    fn script(&self, arguments: &[&str]) -> String {
        let script = repository().join("scripts/network");
        let output = Command::new(script)
            .args(arguments)
            .arg("--dir")
            .arg(self.folder.path().join("network"))
            .output();
        let output = expect(output, "scripts/network runs");
        assert!(
            output.status.success(),
            "scripts/network {arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// How things are.
    pub fn status(&self) -> Status {
        expect(
            serde_json::from_str(&self.script(&["status", "--json"])),
            "a status",
        )
    }

    /// Ends one node with SIGKILL.
    pub fn kill(&self, name: &str) {
        self.script(&["kill", name]);
    }

    /// Starts a node that was killed, and returns when it answers.
    pub fn restart(&self, name: &str) {
        self.script(&["start", name]);
    }

    /// Waits until the finalized chain has a network key.
    ///
    /// # Panics
    /// If it has none after `patience`.
    pub async fn wait_for_key(&self, patience: Duration) -> (String, Status) {
        let deadline = Instant::now() + patience;
        loop {
            let status = self.status();
            if let Some(key) = status.verifying_key.clone() {
                return (key, status);
            }
            assert!(
                Instant::now() < deadline,
                "no key after {patience:?}, phase {:?}\n{}",
                status.phase,
                self.logs()
            );
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }

    /// A client of the first node.
    pub async fn client(&self) -> SigningClient {
        let status = self.status();
        let node = status.validators.iter().find(|node| node.pid.is_some());
        let node = expect(node.ok_or("none is running"), "a node");
        let client = expect(SigningClient::connect(&node.rpc).await, "a connection");
        client.with_wait(Wait::Included)
    }

    /// The nodes' data and logs.
    pub fn folder(&self) -> PathBuf {
        self.folder.path().join("network")
    }

    /// The ends of the nodes' logs.
    pub fn logs(&self) -> String {
        let mut text = String::new();
        for validator in self.status().validators {
            let path = self.folder().join(format!("{}.log", validator.name));
            let log = std::fs::read_to_string(path).unwrap_or_default();
            let lines: Vec<&str> = log.lines().collect();
            let tail = lines
                .get(lines.len().saturating_sub(12)..)
                .unwrap_or_default();
            text.push_str(&format!("--- {}\n{}\n", validator.name, tail.join("\n")));
        }
        text
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.logs());
        }
        self.script(&["down"]);
    }
}

impl Validator {
    /// Resident memory of its process, bytes.
    pub fn resident_memory(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid?)).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
        line.split_whitespace()
            .nth(1)?
            .parse::<u64>()
            .ok()
            .map(|kib| kib * 1024)
    }
}

impl Status {
    /// The nodes with this role.
    pub fn with_role(&self, role: Role) -> Vec<&Validator> {
        self.validators
            .iter()
            .filter(|validator| validator.role == role)
            .collect()
    }
}

/// The checkout.
fn repository() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

fn expect<T, E: std::fmt::Debug>(result: Result<T, E>, what: &str) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{what}: {error:?}"),
    }
}
