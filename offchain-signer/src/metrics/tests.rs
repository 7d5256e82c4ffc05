#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::{
    testing::{series, value},
    *,
};
use crate::{
    chain::{
        fake::{FakeChain, FakeState},
        AccountId, Committee, SessionKeyCall, SignerId, WatchChain,
    },
    documentation::{has_table, page},
    identity::Identity,
    program::Limits,
    request::testing::World,
    transport::{Limits as MeshLimits, Mesh, MeshConfig},
};
use signing_primitives::{
    AuxInfoAttempt, ChallengeAnswer, CommitteeMember, Phase, ReshareAttempt, UnprovableFault,
    KEY_TYPE,
};
use sp_core::{sr25519, Pair};
use sp_keystore::{testing::MemoryKeystore, Keystore};
use std::collections::BTreeSet;
use substrate_prometheus_endpoint::prometheus::proto::{MetricFamily, MetricType};
use zeroize::Zeroizing;

/// A node's metrics, all that there are.
fn all() -> (Registry, Metrics, Arc<ProgramEngine>, Arc<Observations>) {
    let registry = Registry::new();
    let metrics = Metrics::register(Some(&registry)).unwrap();
    let (mesh, ..) = Mesh::new(MeshConfig {
        x25519_secret: Zeroizing::new([1; 32]),
        genesis_hash: Default::default(),
        limits: MeshLimits::default(),
        conduct: Default::default(),
    });
    let engine = Arc::new(ProgramEngine::new(Limits::default()));
    let observations = Arc::new(Observations::default());
    let world = World::new();
    let pace = world.relayer().relayer.pace();
    metrics.watch(&mesh, &engine, &observations, pace).unwrap();
    (registry, metrics, engine, observations)
}

fn row(family: &MetricFamily) -> String {
    let kind = match family.get_field_type() {
        MetricType::COUNTER => "counter",
        MetricType::GAUGE => "gauge",
        MetricType::HISTOGRAM => "histogram",
        other => panic!("{other:?}"),
    };
    let labels = family.get_metric()[0].get_label().iter();
    let labels: Vec<_> = labels
        .map(|label| format!("`{}`", label.get_name()))
        .collect();
    format!(
        "| `{}` | {kind} | {} | {} |\n",
        family.get_name(),
        labels.join(", "),
        family.get_help()
    )
}

/// The documentation's table is what is registered. Run with `BLESS=1` to write it anew.
#[test]
fn the_documentation_has_these_metrics() {
    let mut table =
        String::from("| metric | type | labels | meaning |\n| --- | --- | --- | --- |\n");
    for family in all().0.gather() {
        table.push_str(&row(&family));
    }
    has_table("metrics.md", "metrics", &table);
}

#[test]
fn names_say_the_unit_and_the_kind() {
    for family in all().0.gather() {
        let name = family.get_name();
        assert!(name.starts_with("signing_"), "{name}");
        let counts = family.get_field_type() == MetricType::COUNTER;
        assert_eq!(name.ends_with("_total"), counts, "{name}");
        let measures = family.get_field_type() == MetricType::HISTOGRAM;
        assert_eq!(name.ends_with("_seconds"), measures, "{name}");
        assert!(family.get_help().ends_with('.'), "{name}");
    }
}

/// Words in a text that are names of this crate's metrics, or look so.
fn mentioned(text: &str) -> BTreeSet<&str> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .filter(|word| word.starts_with("signing_") && *word != "signing_")
        .collect()
}

#[test]
fn dashboard_alerts_and_guides_name_metrics_that_there_are() {
    let registry = all().0;
    let mut names = BTreeSet::new();
    for family in registry.gather() {
        let name = family.get_name().to_owned();
        if family.get_field_type() == MetricType::HISTOGRAM {
            names.extend(["_bucket", "_sum", "_count"].map(|part| format!("{name}{part}")));
        }
        names.insert(name);
    }
    let codes: BTreeSet<_> = crate::api::Code::ALL
        .iter()
        .map(|code| code.name())
        .collect();
    for file in [
        "operator/alerts.yml",
        "operator/dashboard.json",
        "operator/faults.md",
        "metrics.md",
        // The one of the benchmarks that reads them.
        "../scripts/benchmarks/network.py",
    ] {
        let text = std::fs::read_to_string(page(file)).unwrap();
        let found = mentioned(&text);
        assert!(!found.is_empty(), "{file}");
        for name in found {
            // Codes of the API are label values that begin in the same way.
            assert!(
                names.contains(name) || codes.contains(name),
                "{file}: {name}"
            );
        }
    }
    let dashboard = std::fs::read_to_string(page("operator/dashboard.json")).unwrap();
    let dashboard: serde_json::Value = serde_json::from_str(&dashboard).unwrap();
    assert!(!dashboard["panels"].as_array().unwrap().is_empty());
}

/// What a query asks of series: metric, label, and one of the values that it names.
fn selected(text: &str) -> BTreeSet<(&str, &str, &str)> {
    let mut found = BTreeSet::new();
    for query in text.split("signing_").skip(1) {
        let Some((name, rest)) = query.split_once('{') else {
            continue;
        };
        let is_name = name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        let Some((selectors, _)) = rest.split_once('}').filter(|_| is_name) else {
            continue;
        };
        let histogram = ["_bucket", "_sum", "_count"];
        let name = histogram
            .iter()
            .find_map(|part| name.strip_suffix(part))
            .unwrap_or(name);
        for selector in selectors.split(',') {
            let (label, value) = selector.split_once('=').unwrap();
            let values = value.trim_matches(['~', '"', '\\']).split('|');
            let label = label.trim().trim_end_matches('!');
            found.extend(values.map(|value| (name, label, value)));
        }
    }
    found
}

/// A query for a series that there is not never fires.
#[test]
fn dashboard_and_alerts_select_series_that_there_are() {
    let registry = all().0;
    let families = registry.gather();
    let mut series = BTreeSet::new();
    for family in &families {
        let name = family.get_name().trim_start_matches("signing_");
        for metric in family.get_metric() {
            for label in metric.get_label() {
                series.insert((name, label.get_name(), label.get_value()));
            }
        }
    }
    for file in ["operator/alerts.yml", "operator/dashboard.json"] {
        let text = std::fs::read_to_string(page(file)).unwrap();
        let asked = selected(&text);
        assert!(asked.len() > 5, "{file}: {asked:?}");
        for selector in asked {
            // Which nodes, Prometheus knows.
            let of_nodes = matches!(selector.1, "instance" | "job");
            assert!(
                of_nodes || series.contains(&selector),
                "{file}: {selector:?}"
            );
        }
    }
}

/// An alert at night must lead to a line that says what to do.
#[test]
fn the_guide_has_every_alert() {
    let alerts = std::fs::read_to_string(page("operator/alerts.yml")).unwrap();
    let guide = std::fs::read_to_string(page("operator/faults.md")).unwrap();
    let alerts: Vec<_> = alerts
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- alert: "))
        .collect();
    assert!(!alerts.is_empty());
    for alert in alerts {
        assert!(guide.contains(&format!("`{alert}`")), "{alert}");
    }
}

/// An alert for another job than the guide's would never fire.
#[test]
fn alerts_are_for_the_job_of_the_guide() {
    let alerts = std::fs::read_to_string(page("operator/alerts.yml")).unwrap();
    let guide = std::fs::read_to_string(page("operator/guide.md")).unwrap();
    let jobs = alerts.split("job=\"").skip(1);
    let jobs: BTreeSet<_> = jobs.filter_map(|rest| rest.split('"').next()).collect();
    assert!(!jobs.is_empty());
    for job in jobs {
        assert!(guide.contains(&format!("job_name: {job}\n")), "{job}");
    }
}

#[test]
fn all_series_are_there_from_the_start() {
    let (registry, metrics, _, observations) = all();
    let before = series(&registry);
    metrics.request(Role::Relayer).answered(None);
    metrics.call(Call::ReportFault, CallOutcome::InBlock);
    observations.failed(&party(1), UnprovableFault::Silent);
    for stage in Stage::ALL {
        metrics.stage(Role::Signer, *stage, Duration::from_millis(1));
    }
    assert_eq!(series(&registry), before);
}

#[test]
fn a_registry_takes_them_once() {
    let registry = Registry::new();
    let first = Metrics::register(Some(&registry)).unwrap();
    assert!(Metrics::register(Some(&registry)).is_err());
    drop(first);
}

#[test]
fn without_a_registry_the_chain_is_not_looked_at() {
    let metrics = Metrics::register(None).unwrap();
    metrics.network(|| panic!("nobody looks"));
    metrics.request(Role::Signer).answered(None);
}

fn party(byte: u8) -> SignerId {
    sr25519::Public::from_raw([byte; 32]).into()
}

#[test]
fn faults_are_counted_by_kind() {
    let (registry, _, _, observations) = all();
    let seen = |kind| value(&registry, "signing_faults_seen_total", &[("kind", kind)]);
    observations.failed(&party(1), UnprovableFault::Silent);
    observations.failed(&party(2), UnprovableFault::Silent);
    observations.failed(&party(2), UnprovableFault::Misbehaved);
    observations.cheated(&party(3));
    observations.reported(FaultKind::Silent);
    let kinds = FaultKind::ALL.iter().map(|kind| seen(kind.as_str()));
    assert_eq!(kinds.collect::<Vec<_>>(), [0, 2, 1, 1]);
    let reported = |kind| {
        value(
            &registry,
            "signing_faults_reported_total",
            &[("kind", kind)],
        )
    };
    let kinds = FaultKind::ALL.iter().map(|kind| reported(kind.as_str()));
    assert_eq!(kinds.collect::<Vec<_>>(), [0, 1, 0, 0]);
}

#[test]
fn programs_are_counted_with_their_fuel() {
    let (registry, _, engine, _) = all();
    let get = |name| value(&registry, name, &[]);
    let module = wat::parse_str("(module)").unwrap();
    let key = crate::chain::ProgramKey::repeat_byte(1);
    for _ in 0..2 {
        let _ = engine.load(key, &module);
    }
    assert_eq!(get("signing_programs_compiled_total"), 1);
    assert_eq!(get("signing_programs_cached"), 1);
    assert_eq!(get("signing_programs_cached_bytes"), module.len() as u64);
    let run = crate::program::Metered {
        outcome: Ok(()),
        fuel_used: 70,
    };
    engine.note(run.clone()).unwrap();
    engine.note(run).unwrap();
    assert_eq!(get("signing_program_evaluations_total"), 2);
    assert_eq!(get("signing_program_fuel_total"), 140);
}

#[test]
fn calls_are_counted_by_kind_and_fate() {
    let (registry, metrics, ..) = all();
    let answer = ChallengeAnswer {
        signing_key: party(1),
        deadline: 7,
    };
    let signature = sr25519::Pair::from_seed(&[1; 32]).sign(b"").into();
    let call = Call::from(&SessionKeyCall::AnswerChallenge(answer, signature));
    metrics.call(call, CallOutcome::Submitted);
    let labels = [("call", "answer_challenge"), ("outcome", "submitted")];
    assert_eq!(value(&registry, "signing_chain_calls_total", &labels), 1);
    let labels = [("call", "answer_challenge"), ("outcome", "in_block")];
    assert_eq!(value(&registry, "signing_chain_calls_total", &labels), 0);
}

/// The chain in the middle of a hand-over, with this node challenged; then without any of it.
#[test]
fn the_chain_is_shown_as_it_is() {
    let (registry, metrics, ..) = all();
    let keystore = MemoryKeystore::new();
    let me = SignerId::from(
        keystore
            .sr25519_generate_new(KEY_TYPE, Some("//me"))
            .unwrap(),
    );
    let identity = Identity::new(Arc::new(keystore), Zeroizing::new([1; 32]));
    let account = |byte| AccountId::new([byte; 32]);
    let mut state = FakeState::default();
    state.add_validator(account(1), me.clone(), [0; 32], "a:1");
    state.add_validator(account(2), party(2), [0; 32], "b:1");
    let members: Vec<_> = [(account(1), me), (account(2), party(2))]
        .map(|(validator, party)| CommitteeMember { validator, party })
        .into();
    let network = &mut state.network;
    network.committee = Some(Committee {
        generation: 4,
        attempt: 9,
        members: members.clone().try_into().unwrap(),
        threshold: 2,
        commitment: Default::default(),
        expelled: Default::default(),
    });
    network.phase = Phase::Resharing(ReshareAttempt {
        attempt: 11,
        generation: 5,
        old_holders: members.clone().try_into().unwrap(),
        members: members.clone().try_into().unwrap(),
        threshold: 2,
        aux_info: None,
        confirmed: vec![account(2)].try_into().unwrap(),
        commitment: None,
        deadline: 300,
    });
    network.aux_info_attempt = Some(AuxInfoAttempt {
        attempt: 12,
        parties: members.try_into().unwrap(),
        confirmed: Default::default(),
        commitment: None,
        deadline: 400,
    });
    network.challenges = vec![(account(1), 77), (account(2), 78)];
    let chain = FakeChain::new(state);
    let look = |held| {
        let best = chain.heads().borrow().best.hash;
        let now = chain.network_state(best).unwrap();
        metrics.network(|| View::new(&now, &identity, held));
    };
    let get = |name: &str, labels: &[(&str, &str)]| value(&registry, name, labels);
    look(Some(4));
    let phase = |name| get("signing_network_phase", &[("phase", name)]);
    assert_eq!((phase("resharing"), phase("active")), (1, 0));
    let role = |name| get("signing_node_role", &[("role", name)]);
    assert_eq!((role("signer"), role("expelled")), (1, 0));
    assert_eq!(get("signing_key_generation", &[]), 4);
    assert_eq!(get("signing_share_generation", &[]), 4);
    let reshare = |name| get(name, &[("kind", "reshare")]);
    assert_eq!(reshare("signing_attempt"), 11);
    assert_eq!(reshare("signing_attempt_parties"), 2);
    assert_eq!(reshare("signing_attempt_confirmations"), 1);
    assert_eq!(reshare("signing_attempt_deadline_block"), 300);
    assert_eq!(get("signing_attempt", &[("kind", "aux_info")]), 12);
    assert_eq!(get("signing_attempt", &[("kind", "keygen")]), 0);
    assert_eq!(get("signing_challenges_open", &[]), 2);
    assert_eq!(get("signing_challenged", &[]), 1);
    assert_eq!(get("signing_challenge_deadline_block", &[]), 77);

    chain.import(|state| {
        let network = &mut state.network;
        network.phase = Phase::Active;
        network.aux_info_attempt = None;
        network.challenges.clear();
        let committee = network.committee.as_mut().unwrap();
        committee.expelled = vec![account(1)].try_into().unwrap();
    });
    look(None);
    assert_eq!((phase("resharing"), phase("active")), (0, 1));
    assert_eq!((role("signer"), role("expelled")), (0, 1));
    assert_eq!(get("signing_committee_members", &[]), 2);
    assert_eq!(get("signing_committee_sitting_members", &[]), 1);
    assert_eq!(get("signing_share_generation", &[]), 0);
    assert_eq!(reshare("signing_attempt"), 0);
    assert_eq!(reshare("signing_attempt_deadline_block"), 0);
    assert_eq!(get("signing_challenged", &[]), 0);
    assert_eq!(get("signing_challenge_deadline_block", &[]), 0);
}
