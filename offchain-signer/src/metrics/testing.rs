//! Reads metrics, for tests.
#![allow(clippy::unwrap_used)]

use substrate_prometheus_endpoint::{prometheus::proto, Registry};

/// A metric's value: a counter's or a gauge's, or how many observations a histogram has.
pub(crate) fn value(registry: &Registry, name: &str, labels: &[(&str, &str)]) -> u64 {
    let families = registry.gather();
    let family = families.iter().find(|family| family.get_name() == name);
    let family = family.unwrap_or_else(|| panic!("there is no {name}"));
    let metric = family
        .get_metric()
        .iter()
        .find(|metric| {
            let found = metric.get_label().iter();
            let found: Vec<_> = found
                .map(|label| (label.get_name(), label.get_value()))
                .collect();
            found.len() == labels.len() && labels.iter().all(|label| found.contains(label))
        })
        .unwrap_or_else(|| panic!("{name} has no {labels:?}"));
    match family.get_field_type() {
        proto::MetricType::COUNTER => metric.get_counter().get_value() as u64,
        proto::MetricType::GAUGE => metric.get_gauge().get_value() as u64,
        proto::MetricType::HISTOGRAM => metric.get_histogram().get_sample_count(),
        other => panic!("{name} is a {other:?}"),
    }
}

/// All series: names with labels.
pub(crate) fn series(registry: &Registry) -> Vec<String> {
    let mut series = Vec::new();
    for family in registry.gather() {
        for metric in family.get_metric() {
            let labels = metric.get_label().iter();
            let labels: Vec<_> = labels
                .map(|label| format!("{}={}", label.get_name(), label.get_value()))
                .collect();
            series.push(format!("{}{{{}}}", family.get_name(), labels.join(",")));
        }
    }
    series
}
