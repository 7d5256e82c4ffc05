//! What nodes measure, against the documentation and against what has happened.

use network_tests::{repository, Network, Validator};

/// The value of the series of this name that has all these labels.
pub(super) fn value(metrics: &str, name: &str, labels: &[(&str, &str)]) -> f64 {
    let is_it = |line: &&str| {
        let rest = line.strip_prefix(name);
        let named = rest.is_some_and(|rest| rest.starts_with(['{', ' ']));
        let mut labels = labels.iter();
        named && labels.all(|(label, value)| line.contains(&format!("{label}=\"{value}\"")))
    };
    let line = metrics.lines().find(is_it);
    let line = line.unwrap_or_else(|| panic!("no {name} {labels:?} in:\n{metrics}"));
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

/// The documented metrics are what real nodes serve, and say what has happened.
pub(super) async fn measures(network: &Network, relayer: &Validator, signer: &Validator) {
    let docs = std::fs::read_to_string(repository().join("docs/metrics.md")).unwrap();
    let documented: Vec<&str> = docs
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .filter(|name| name.starts_with("signing_"))
        .collect();
    assert!(documented.len() > 30, "{documented:?}");
    // What there is of the signer's in them is checked where the signer's metrics are made.
    let files = ["alerts.yml", "dashboard.json"].map(operators);
    let of_the_chain: Vec<&str> = files.iter().flat_map(|file| of_the_chain(file)).collect();
    assert!(!of_the_chain.is_empty());
    for node in [relayer, signer] {
        let metrics = network.metrics(&node.name).await;
        for name in &documented {
            let kind = format!("# TYPE {name} ");
            assert!(metrics.contains(&kind), "{}: {name}", node.name);
        }
        for name in &of_the_chain {
            // There is one.
            value(&metrics, name, &[]);
        }
        // As alerts.yml asks for it.
        let best = value(&metrics, "substrate_block_height", &[("status", "best")]);
        assert!(best > 1.0, "{}: {best}", node.name);
    }
    let relayed = network.metrics(&relayer.name).await;
    let ok = |role| [("role", role), ("outcome", "ok")];
    let relayed_ok = value(&relayed, "signing_requests_total", &ok("relayer"));
    assert!(relayed_ok >= 1.0, "{relayed_ok}");
    assert_eq!(
        value(&relayed, "signing_requests_total", &ok("signer")),
        0.0
    );
    assert_eq!(
        value(&relayed, "signing_network_phase", &[("phase", "active")]),
        1.0
    );
    assert_eq!(
        value(&relayed, "signing_node_role", &[("role", "relayer")]),
        1.0
    );
    for stage in [
        "decryption",
        "programs",
        "session_setup",
        "protocol",
        "answer",
    ] {
        let labels = [("role", "relayer"), ("stage", stage)];
        let times = value(&relayed, "signing_request_stage_seconds_count", &labels);
        assert!(times >= relayed_ok, "{stage}: {times}");
    }
    let signed = network.metrics(&signer.name).await;
    let signing = [("kind", "signing"), ("outcome", "ok")];
    let round = [("protocol", "interactive_signing"), ("round", "3")];
    let signed_ok = value(&signed, "signing_requests_total", &ok("signer"));
    for (name, labels, least) in [
        ("signing_requests_total", &ok("signer")[..], 1.0),
        ("signing_node_role", &[("role", "signer")], 1.0),
        ("signing_sessions_total", &signing, signed_ok),
        ("signing_protocol_round_seconds_count", &round, signed_ok),
        ("signing_key_generation", &[], 1.0),
        ("signing_share_generation", &[], 1.0),
        ("signing_mesh_bytes_total", &[("direction", "in")], 1000.0),
        ("signing_mesh_connected_peers", &[], 2.0),
        ("signing_programs_cached", &[], 1.0),
        ("signing_program_fuel_total", &[], 1.0),
    ] {
        let found = value(&signed, name, labels);
        assert!(found >= least, "{name} {labels:?}: {found}");
    }
}

/// A file that operators give to Prometheus or to Grafana.
fn operators(file: &str) -> String {
    let path = repository().join("docs/operator").join(file);
    std::fs::read_to_string(path).unwrap()
}

/// The series of the chain that a file names: those that a node has without its signer.
fn of_the_chain(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .filter(|word| word.starts_with("substrate_"))
}
