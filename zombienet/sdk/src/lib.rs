//! A network that zombienet's library has started, and a user of it: the nodes are the library's, all that is
//! asked of them goes through `signing-cli`, as an operator's or a user's questions would.
//!
//! Both programs are looked for on the `PATH`, as zombienet looks for the node. `SIGNING_PROGRAMS` is the
//! folder of the example programs (`scripts/network env` prints the same).

use anyhow::{bail, ensure, Context, Result};
use serde_json::Value;
use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};
use tokio::{process::Command, time::sleep};
use zombienet_sdk::{LocalFileSystem, NetworkConfig, NetworkConfigExt};

/// How long it may take until there is a key, on few cores with a large committee.
const KEY: Duration = Duration::from_secs(420);
/// How long it may take until a new committee, or one that was restarted, serves.
const SERVICE: Duration = Duration::from_secs(120);
/// A development account, and its address.
const USER: &str = "//Bob";
const ADDRESS: &str = "5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty";

/// A network that zombienet runs. Dropping it ends its nodes.
pub struct Network {
    zombienet: zombienet_sdk::Network<LocalFileSystem>,
}

/// The committee that signs.
#[derive(Debug, Eq, PartialEq)]
pub struct Committee {
    /// Stashes of its members, SS58.
    pub members: Vec<String>,
    /// How many of them it takes.
    pub threshold: u64,
}

impl Network {
    /// Starts what `zombienet/NAME.toml` defines with the native provider.
    ///
    /// # Errors
    /// If zombienet does not take the definition, or the nodes do not answer.
    pub async fn spawn(name: &str) -> Result<Self> {
        let definition = definition(name)?;
        let definition = definition.to_str().context("a path that is not UTF-8")?;
        let config = NetworkConfig::load_from_toml(definition)
            .with_context(|| format!("zombienet does not take {definition}"))?;
        let zombienet = config.spawn_native().await.context("spawn_native")?;
        println!("{name}: {} nodes", zombienet.nodes().len());
        Ok(Self { zombienet })
    }

    /// Names of its nodes.
    pub fn names(&self) -> Vec<String> {
        self.zombienet.node_names()
    }

    /// Waits until the finalized chain has a network key; the key, and who holds it.
    ///
    /// # Errors
    /// If there is none in time.
    pub async fn key(&self) -> Result<(String, Committee)> {
        let begin = Instant::now();
        loop {
            let status = self.cli(&["status"]).await;
            if let Some(found) = status.as_ref().ok().and_then(made) {
                println!(
                    "network key {} after {:.0} s",
                    found.0,
                    begin.elapsed().as_secs_f64()
                );
                return Ok(found);
            }
            ensure!(begin.elapsed() < KEY, "no key after {KEY:?}: {status:?}");
            sleep(Duration::from_secs(2)).await;
        }
    }

    /// Registers a user with the program `requester-only`; the user's verifying key.
    ///
    /// # Errors
    /// If the chain does not take one of both.
    pub async fn register(&self) -> Result<String> {
        let folder = std::env::var("SIGNING_PROGRAMS").context("SIGNING_PROGRAMS")?;
        let module = Path::new(&folder).join("requester-only.wasm");
        let module = module.to_string_lossy();
        let deployed = self
            .cli(&["program", "deploy", &module, "--suri", USER])
            .await?;
        let program = text(&deployed, "program")?;
        let instance = format!(r#"{program}={{"accounts":["{ADDRESS}"]}}"#);
        let registered = self
            .cli(&["register", "--suri", USER, "--program", &instance])
            .await?;
        text(&registered, "verifying_key")
    }

    /// Has a message signed with that key, as soon as the committee serves. `signing-cli` fails unless the
    /// signature is the key's.
    ///
    /// # Errors
    /// If nobody signs it in time.
    pub async fn sign(&self, key: &str, message: &str) -> Result<String> {
        let begin = Instant::now();
        loop {
            let arguments = ["sign", "--suri", USER, "--verifying-key", key, message];
            match self.cli(&arguments).await {
                Ok(signed) => return text(&signed, "signature"),
                Err(error) if begin.elapsed() > SERVICE => return Err(error),
                Err(_) => sleep(Duration::from_secs(2)).await,
            }
        }
    }

    /// Ends a node and starts it again with what it had.
    ///
    /// # Errors
    /// If zombienet cannot, or the node does not answer afterwards.
    pub async fn restart(&self, name: &str) -> Result<()> {
        let node = self.zombienet.get_node(name)?;
        node.restart(None).await?;
        node.wait_until_is_up(60_u64).await
    }

    /// Waits until a node's metric is at least `least`.
    ///
    /// # Errors
    /// If it is not in time, or there is none of that name.
    pub async fn reaches(&self, name: &str, metric: &str, least: f64) -> Result<()> {
        let node = self.zombienet.get_node(name)?;
        let enough = move |value| value >= least;
        node.wait_metric_with_timeout(metric, enough, SERVICE.as_secs())
            .await
    }

    /// Ends all nodes, and removes what they have written.
    ///
    /// # Errors
    /// If zombienet cannot, or the folder cannot be removed.
    pub async fn end(self) -> Result<()> {
        let dir = self.zombienet.base_dir().map(PathBuf::from);
        self.zombienet.destroy().await?;
        if let Some(dir) = dir {
            std::fs::remove_dir_all(dir)?;
        }
        Ok(())
    }

    /// What `signing-cli` answers when it is asked through the first node.
    async fn cli(&self, arguments: &[&str]) -> Result<Value> {
        let nodes = self.zombienet.nodes();
        let node = nodes.first().context("no nodes")?;
        let done = Command::new("signing-cli")
            .args(["--json", "--quiet", "--url", node.ws_uri()])
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .await
            .context("signing-cli, which scripts/build builds")?;
        let answer = String::from_utf8_lossy(&done.stdout).into_owned();
        if !done.status.success() {
            let complaint = String::from_utf8_lossy(&done.stderr);
            bail!("signing-cli {arguments:?}: {answer}{complaint}");
        }
        Ok(serde_json::from_str(&answer)?)
    }
}

/// The key and the committee that a status tells, if there is a key.
fn made(status: &Value) -> Option<(String, Committee)> {
    let committee = &status["committee"];
    let members = committee["members"].as_array()?.iter();
    let members = members.map(|member| member.as_str().map(str::to_owned));
    let committee = Committee {
        members: members.collect::<Option<_>>()?,
        threshold: committee["threshold"].as_u64()?,
    };
    Some((status["verifying_key"].as_str()?.to_owned(), committee))
}

fn text(answer: &Value, field: &str) -> Result<String> {
    let text = answer[field].as_str();
    Ok(text
        .with_context(|| format!("no {field} in {answer}"))?
        .to_owned())
}

/// The definition in the checkout of this run: checkouts share what they compile.
fn definition(name: &str) -> Result<PathBuf> {
    let here = std::env::var_os("CARGO_MANIFEST_DIR").context("run by cargo")?;
    Ok(Path::new(&here).join("..").join(format!("{name}.toml")))
}
