//! What operators do with a node that is stopped: sub-commands that come with every Substrate node.

use network_tests::Network;
use std::{path::Path, process::Command};

/// Stops the network. The chain of one node is exported, and imported by a new one, which then has the
/// same; some of it is taken back, and all of it is removed.
pub(crate) fn of_a_stopped_node(network: &Network, name: &str) {
    network.stop();
    let node = Maintained {
        chain: network.folder().join("chain.json"),
        base_path: network.base_path(name),
    };
    let copy = Maintained {
        chain: node.chain.clone(),
        base_path: network.folder().join("copy"),
    };
    let blocks = network.folder().join("blocks");
    let blocks = blocks.to_str().unwrap();
    node.run(&[
        "export-blocks",
        "--binary",
        "--from",
        "1",
        "--to",
        "20",
        blocks,
    ]);
    copy.run(&["import-blocks", "--binary", blocks]);
    assert_eq!(copy.best(), 20);
    copy.run(&["check-block", "7"]);
    assert!(node.best() > 20);
    // What is final stays.
    copy.run(&["revert", "5"]);
    let reverted = copy.best();
    println!("reverted from 20 to {reverted}");
    assert!((15..=20).contains(&reverted), "{reverted}");
    copy.run(&["purge-chain", "-y"]);
    assert_eq!(copy.best(), 0);
    let specification = node.run(&["export-chain-spec"]);
    assert!(specification.contains("\"genesis\""));
}

struct Maintained<P> {
    chain: P,
    base_path: P,
}

impl<P: AsRef<Path>> Maintained<P> {
    /// What the sub-command prints.
    fn run(&self, command: &[&str]) -> String {
        let (first, rest) = command.split_first().unwrap();
        let mut node = Command::new(network_tests::target().join("release/signing-node"));
        node.args([first, "--chain"]).arg(self.chain.as_ref());
        if *first != "export-chain-spec" {
            node.arg("--base-path").arg(self.base_path.as_ref());
        }
        let output = node.args(rest).output().unwrap();
        assert!(
            output.status.success(),
            "{command:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    /// The height of its best block.
    fn best(&self) -> u32 {
        let info: serde_json::Value = serde_json::from_str(&self.run(&["chain-info"])).unwrap();
        info["best_number"].as_u64().unwrap().try_into().unwrap()
    }
}
