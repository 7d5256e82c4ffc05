//! A network of five real nodes.

use crate::{
    reason,
    recorder::{Recorder, Recording},
};
use serde::Deserialize;
use signing_client::{SigningClient, Wait};
use std::{
    path::PathBuf,
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
    /// Who signs, once there is a key.
    pub committee: Option<Committee>,
    /// The network key, hex.
    pub verifying_key: Option<String>,
}

/// The committee that signs.
#[derive(Clone, Debug, Deserialize)]
pub struct Committee {
    /// How many there have been, with it.
    pub generation: u32,
    /// Stashes, SS58.
    pub members: Vec<String>,
    /// How many of them it takes to sign.
    pub threshold: u32,
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
    /// Where its signer announces itself on chain: `host:port`, of a proxy if there is one.
    pub endpoint: String,
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
    recorder: Option<Recorder>,
    _turn: MutexGuard<'static, ()>,
}

/// What `scripts/network` keeps of a node.
#[derive(Deserialize)]
struct Kept {
    name: String,
    rpc_host: String,
    prometheus: u16,
}

impl Kept {
    fn metrics(&self) -> String {
        format!("http://{}:{}/metrics", self.rpc_host, self.prometheus)
    }
}

/// How many validators [`Network::start`] starts.
const VALIDATORS: usize = 5;
/// Everything that the signer says, and the protocol libraries below it.
const TALKATIVE: &str = "info,offchain_signer=trace,signing_node=trace,program=trace,manul=trace,\
                         synedrion=trace";

impl Network {
    /// Starts the five validators of `local.toml`, and returns when they answer.
    ///
    /// # Panics
    /// If they do not.
    pub async fn start() -> Self {
        Self::start_defined("local", &[]).await
    }

    /// Starts the network that `zombienet/NAME.toml` defines; `arguments` are more ones for
    /// `scripts/network up`.
    ///
    /// # Panics
    /// As [`Self::start`].
    pub async fn start_defined(name: &str, arguments: &[&str]) -> Self {
        let network = Self::prepare().await;
        let file = repository().join(format!("zombienet/{name}.toml"));
        let file = file.to_string_lossy();
        network.script(&[&["up", "--definition", &file], arguments].concat());
        network
    }

    /// Starts as many validators with the fast runtime.
    ///
    /// # Panics
    /// As [`Self::start`].
    pub async fn start_with(validators: usize) -> Self {
        let network = Self::prepare().await;
        let validators = validators.to_string();
        network.script(&["up", "--chain", "local-fast", "--validators", &validators]);
        network
    }

    /// As [`Self::start`], with logs that show whatever `filter` lets through.
    ///
    /// # Panics
    /// As [`Self::start`].
    pub async fn start_with_log(filter: &str) -> Self {
        let network = Self::prepare().await;
        network.script(&["up", "--chain", "local-fast", "--log", filter]);
        network
    }

    /// The same with the nodes' session keys on their disks, as those of real validators are.
    ///
    /// # Panics
    /// As [`Self::start`].
    pub async fn start_with_keys_on_disk() -> Self {
        let network = Self::prepare().await;
        network.script(&["up", "--chain", "local-fast", "--keys-on-disk"]);
        network
    }

    /// Starts five validators with logs at their most talkative, and with a proxy in front of each signer, so that
    /// whatever goes to it or comes from it is recorded.
    ///
    /// # Panics
    /// As [`Self::start`].
    pub async fn start_recorded() -> Self {
        let mut network = Self::prepare().await;
        let recorder = Recorder::start(VALIDATORS, network.folder().join("network.json"));
        let recorder = expect(recorder, "proxies");
        let ports: Vec<String> = recorder.ports().iter().map(u16::to_string).collect();
        network.recorder = Some(recorder);
        network.script(&[
            "up",
            "--chain",
            "local-fast",
            "--log",
            TALKATIVE,
            "--announce",
            &ports.join(","),
        ]);
        network
    }

    async fn prepare() -> Self {
        reason::keep();
        let turn = TURN.lock().await;
        let folder = tempfile::Builder::new().prefix("signing-test-").tempdir();
        Self {
            folder: expect(folder, "a temporary folder"),
            recorder: None,
            _turn: turn,
        }
    }

    /// Stops all nodes; what they wrote stays.
    pub fn stop(&self) {
        self.script(&["down", "--keep-data"]);
    }

    /// What has gone through the proxies so far; nothing if there are none.
    pub fn recording(&self) -> Recording {
        self.recorder
            .as_ref()
            .map(Recorder::recording)
            .unwrap_or_default()
    }

    /// Runs `scripts/network` for this network; its standard output.
    fn script(&self, arguments: &[&str]) -> String {
        match self.try_script(arguments) {
            Ok(output) => output,
            Err(error) => panic!("scripts/network {error}"),
        }
    }

    /// The same; what it complains about if it fails.
    fn try_script(&self, arguments: &[&str]) -> Result<String, String> {
        let script = repository().join("scripts/network");
        let output = Command::new(script)
            .args(arguments)
            .arg("--dir")
            .arg(self.folder.path().join("network"))
            .output();
        let output = expect(output, "scripts/network runs");
        if !output.status.success() {
            let complaint = String::from_utf8_lossy(&output.stderr);
            return Err(format!("{arguments:?}: {complaint}"));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// How things are.
    pub fn status(&self) -> Status {
        expect(
            serde_json::from_str(&self.script(&["status", "--json"])),
            "a status",
        )
    }

    /// Whether one node's process is there.
    pub fn is_running(&self, name: &str) -> bool {
        let nodes = self.status().validators;
        nodes
            .iter()
            .any(|node| node.name == name && node.pid.is_some())
    }

    /// Ends one node with SIGKILL.
    pub fn kill(&self, name: &str) {
        self.script(&["kill", name]);
    }

    /// Ends one node as a service manager does, and returns when it has ended.
    pub fn stop_one(&self, name: &str) {
        self.script(&["stop", name]);
    }

    /// Ends all nodes with SIGKILL, and starts them again one after the other.
    pub fn restart_all(&self) {
        let nodes = self.status().validators;
        for node in nodes.iter().filter(|node| node.pid.is_some()) {
            self.kill(&node.name);
        }
        for node in &nodes {
            self.restart(&node.name);
        }
    }

    /// Starts a node that was ended, or not yet started, and returns when it answers.
    pub fn restart(&self, name: &str) {
        self.restart_with(name, &[]);
    }

    /// The same with these flags besides.
    pub fn restart_with(&self, name: &str, flags: &[&str]) {
        let flags: Vec<String> = flags.iter().map(|flag| format!("--flag={flag}")).collect();
        let flags = flags.iter().map(String::as_str);
        let arguments: Vec<&str> = ["start", name].into_iter().chain(flags).collect();
        self.script(&arguments);
    }

    /// Loses all that goes between the nodes that run apart and the others, until [`Self::heal`].
    pub fn cut(&self) {
        self.script(&["cut"]);
    }

    /// Ends [`Self::cut`].
    pub fn heal(&self) {
        self.script(&["heal"]);
    }

    /// Where a node keeps all that it keeps.
    pub fn base_path(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    /// `signing-node signer COMMAND`, for a node of this network.
    pub fn signer_command(&self, name: &str, command: &str) -> Command {
        let mut node = Command::new(target().join("release/signing-node"));
        node.args(["signer", command, "--chain"])
            .arg(self.folder().join("chain.json"))
            .arg("--base-path")
            .arg(self.base_path(name));
        node
    }

    /// Starts a node that was killed as one that misbehaves in these ways, and returns when it answers.
    pub fn restart_misbehaving(&self, name: &str, ways: &[&str]) {
        if let Err(error) = self.try_restart_misbehaving(name, ways) {
            panic!("scripts/network {error}");
        }
    }

    /// The same.
    ///
    /// # Errors
    /// If it does not answer.
    pub fn try_restart_misbehaving(&self, name: &str, ways: &[&str]) -> Result<(), String> {
        let flags = ways.iter().map(|way| format!("--flag=--misbehave={way}"));
        let flags: Vec<String> = flags.collect();
        let program = target().join("release/signing-node-misbehaving");
        let program = format!("--node={}", program.display());
        let mut arguments = vec!["start", name, &program];
        arguments.extend(flags.iter().map(String::as_str));
        self.try_script(&arguments).map(|_| ())
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

    /// One of the nodes.
    ///
    /// # Panics
    /// If there is none of that name.
    pub fn validator(&self, name: &str) -> Validator {
        let nodes = self.status().validators;
        let node = nodes.into_iter().find(|node| node.name == name);
        expect(node.ok_or(name), "a node")
    }

    /// A client of the first node.
    pub async fn client(&self) -> SigningClient {
        let status = self.status();
        let node = status.validators.iter().find(|node| node.pid.is_some());
        expect(node.ok_or("none is running"), "a node")
            .client()
            .await
    }

    /// What the nodes tell whoever asks without a request: their signers' pages, through the proxies,
    /// and what they measure.
    ///
    /// # Panics
    /// If one does not answer.
    pub async fn pages(&self) -> Vec<String> {
        let metrics = self.kept().into_iter().map(|node| node.metrics());
        let routes = ["", "status.json", "info", "version", "hashes", "healthz"];
        let pages = self.status().validators.into_iter().flat_map(|node| {
            let url = node.url();
            routes.map(|route| format!("{url}/{route}"))
        });
        let mut all = Vec::new();
        for url in metrics.chain(pages) {
            let answer = expect(reqwest::get(url).await, "a page");
            let answer = expect(answer.error_for_status(), "a page");
            all.push(expect(answer.text().await, "a page"));
        }
        all
    }

    /// What a node measures, in Prometheus' words.
    ///
    /// # Panics
    /// If it does not answer.
    pub async fn metrics(&self, name: &str) -> String {
        let mut nodes = self.kept().into_iter();
        let node = nodes.find(|node| node.name == name).ok_or(name);
        let answer = expect(
            reqwest::get(expect(node, "a node").metrics()).await,
            "metrics",
        );
        expect(answer.text().await, "metrics")
    }

    fn kept(&self) -> Vec<Kept> {
        #[derive(Deserialize)]
        struct File {
            nodes: Vec<Kept>,
        }
        let file = self.folder().join("network.json");
        let file = expect(std::fs::read(file), "the network's file");
        let file: File = expect(serde_json::from_slice(&file), "the network's file");
        file.nodes
    }

    /// All that a node has logged.
    pub fn log(&self, name: &str) -> String {
        let path = self.folder().join(format!("{name}.log"));
        std::fs::read_to_string(path).unwrap_or_default()
    }

    /// The nodes' data and logs.
    pub fn folder(&self) -> PathBuf {
        self.folder.path().join("network")
    }

    /// The ends of the nodes' logs, and what was unusual before.
    pub fn logs(&self) -> String {
        let nodes = self.status().validators.into_iter();
        let parts =
            nodes.map(|node| format!("--- {}\n{}\n", node.name, end_of(&self.log(&node.name))));
        parts.collect()
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        // Another panic on top of one would end the process before the first is told.
        let told = std::thread::panicking().then(|| {
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                let reason = reason::last();
                eprintln!("{}{reason}", self.logs());
                self.script(&["down"]);
            }))
        });
        if told.is_none() {
            self.script(&["down"]);
        }
    }
}

impl Validator {
    /// A client of this node.
    ///
    /// # Panics
    /// If it does not answer.
    pub async fn client(&self) -> SigningClient {
        let client = expect(SigningClient::connect(&self.rpc).await, "a connection");
        client.with_wait(Wait::Included)
    }

    /// Its signer's HTTP API as others reach it.
    pub fn url(&self) -> String {
        format!("http://{}", self.endpoint)
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

/// The last lines of a log that tell of something unusual, and its very last ones, in their order, and no more of
/// each line than is read.
fn end_of(log: &str) -> String {
    const ROUTINE: [&str; 6] = ["🏆", "💤", "🎁", "🔖", "🙌", "AddrCache"];
    const UNUSUAL: usize = 6;
    const LAST: usize = 3;
    const CHARACTERS: usize = 240;
    let lines: Vec<&str> = log.lines().collect();
    let (before, last) = lines.split_at(lines.len().saturating_sub(LAST));
    let is_unusual = |line: &&&str| !ROUTINE.iter().any(|word| line.contains(word));
    let mut told: Vec<&str> = before
        .iter()
        .rev()
        .filter(is_unusual)
        .take(UNUSUAL)
        .copied()
        .collect();
    told.reverse();
    let told = told.into_iter().chain(last.iter().copied());
    let told = told.map(|line| line.chars().take(CHARACTERS).collect::<String>());
    told.collect::<Vec<_>>().join("\n")
}

/// Where everything is built.
///
/// # Panics
/// If there is no home folder.
pub fn target() -> PathBuf {
    if let Some(target) = std::env::var_os("CARGO_TARGET_DIR") {
        return target.into();
    }
    let cache = std::env::var_os("XDG_CACHE_HOME").map_or_else(
        || {
            let home = std::env::var_os("HOME").ok_or("no HOME");
            PathBuf::from(expect(home, "a home folder")).join(".cache")
        },
        PathBuf::from,
    );
    cache.join("signing-network/target")
}

/// The checkout of this run: checkouts share what they compile.
///
/// # Panics
/// If cargo does not run this.
pub fn repository() -> PathBuf {
    let here = std::env::var_os("CARGO_MANIFEST_DIR").ok_or("no CARGO_MANIFEST_DIR");
    PathBuf::from(expect(here, "run by cargo")).join("..")
}

fn expect<T, E: std::fmt::Debug>(result: Result<T, E>, what: &str) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{what}: {error:?}"),
    }
}
