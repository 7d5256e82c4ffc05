//! What operators do with a node that is stopped: sub-commands that come with every Substrate node.

use network_tests::Network;
use std::{path::Path, process::Command};

/// How many blocks are exported. The first block that is final comes with the proof of it, so that whoever
/// imports it has it as final: there must be later ones.
const EXPORTED: u32 = 40;
/// How many are taken back.
const REVERTED: u32 = 5;

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
    let last = EXPORTED.to_string();
    node.run(&[
        "export-blocks",
        "--binary",
        "--from",
        "1",
        "--to",
        &last,
        blocks,
    ]);
    copy.run(&["import-blocks", "--binary", blocks]);
    let imported = copy.info();
    assert_eq!(imported.best, EXPORTED);
    copy.run(&["check-block", "7"]);
    assert!(node.info().best > EXPORTED);

    // As many as were asked for, but none that is final.
    assert!(imported.finalized < EXPORTED, "all is final: {imported:?}");
    copy.run(&["revert", &REVERTED.to_string()]);
    let reverted = copy.info();
    println!("reverted from {imported:?} to {reverted:?}");
    let least = EXPORTED - REVERTED;
    assert_eq!(reverted.best, imported.finalized.max(least));
    assert_eq!(reverted.finalized, imported.finalized);
    let before = node.info();
    // The second time there is nothing that could be taken back.
    for _ in 0..2 {
        node.run(&["revert", "1000"]);
        let after = node.info();
        println!("reverted from {before:?} to {after:?}");
        assert_eq!(after.best, before.finalized);
        assert_eq!(after.finalized, before.finalized);
    }

    copy.run(&["purge-chain", "-y"]);
    assert_eq!(copy.info().best, 0);
    let specification = node.run(&["export-chain-spec"]);
    assert!(specification.contains("\"genesis\""));
    let built = copy.run(&["build-spec", "--disable-default-bootnode"]);
    assert!(built == specification, "build-spec says something else");
}

struct Maintained<P> {
    chain: P,
    base_path: P,
}

/// Heights in a node's database.
#[derive(Debug)]
struct Info {
    best: u32,
    finalized: u32,
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

    fn info(&self) -> Info {
        let info: serde_json::Value = serde_json::from_str(&self.run(&["chain-info"])).unwrap();
        let height = |name: &str| -> u32 { info[name].as_u64().unwrap().try_into().unwrap() };
        Info {
            best: height("best_number"),
            finalized: height("finalized_number"),
        }
    }
}
