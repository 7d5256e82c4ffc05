//! Parts that count for themselves: they are asked when somebody looks.
//!
//! The registry holds on to them, and outlives the node's tasks: nothing that holds the chain may be among them, or
//! the node does not end when it is told to.

use super::faults::FaultKind;
use crate::{
    faults::Observations,
    program::{EngineStats, ProgramEngine},
    request::Pace,
    transport::{MeshHandle, Stats},
};
use std::sync::Arc;
use substrate_prometheus_endpoint::{
    register, MetricSource, Opts, PrometheusError, Registry, SourcedCounter, SourcedGauge,
};

/// Tells values, each with the labels that it goes with.
type Read<T> = fn(&T, &mut dyn FnMut(&[&str], u64));

/// Where values come from.
struct Source<T>(Arc<T>, Read<T>);

impl<T> Clone for Source<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone(), self.1)
    }
}

impl<T: Send + Sync> MetricSource for Source<T> {
    type N = u64;

    fn collect(&self, mut set: impl FnMut(&[&str], u64)) {
        (self.1)(&self.0, &mut set);
    }
}

/// Registers what is read from one thing.
struct Reader<'a, T> {
    registry: &'a Registry,
    of: Arc<T>,
}

impl<T: Send + Sync + 'static> Reader<'_, T> {
    fn counter(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
        read: Read<T>,
    ) -> Result<(), PrometheusError> {
        let source = Source(self.of.clone(), read);
        let counter = SourcedCounter::new(&options(name, help, labels), source)?;
        register(counter, self.registry).map(drop)
    }

    fn gauge(&self, name: &str, help: &str, read: Read<T>) -> Result<(), PrometheusError> {
        let source = Source(self.of.clone(), read);
        let gauge = SourcedGauge::new(&options(name, help, &[]), source)?;
        register(gauge, self.registry).map(drop)
    }
}

fn options(name: &str, help: &str, labels: &[&str]) -> Opts {
    let labels = labels.iter().map(ToString::to_string).collect();
    Opts::new(name, help).variable_labels(labels)
}

fn stats(mesh: &MeshHandle, show: impl FnOnce(Stats)) {
    show(mesh.stats());
}

pub(super) fn mesh(registry: &Registry, mesh: &MeshHandle) -> Result<(), PrometheusError> {
    let reader = Reader {
        registry,
        of: Arc::new(mesh.clone()),
    };
    reader.gauge(
        "signing_mesh_peers",
        "Validators that this node should be connected to.",
        |mesh, set| set(&[], mesh.peers().len() as u64),
    )?;
    reader.gauge(
        "signing_mesh_connected_peers",
        "Validators that this node is connected to.",
        |mesh, set| set(&[], mesh.connected().len() as u64),
    )?;
    reader.counter(
        "signing_mesh_bytes_total",
        "Bytes in frames of authenticated connections.",
        &["direction"],
        |mesh, set| {
            stats(mesh, |stats| {
                set(&["in"], stats.bytes_in);
                set(&["out"], stats.bytes_out);
            })
        },
    )?;
    reader.counter(
        "signing_mesh_messages_total",
        "Whole messages received and sent.",
        &["direction"],
        |mesh, set| {
            stats(mesh, |stats| {
                set(&["in"], stats.messages_in);
                set(&["out"], stats.messages_out);
            })
        },
    )?;
    reader.counter(
        "signing_mesh_connections_total",
        "Connections made, dialled or accepted.",
        &[],
        |mesh, set| stats(mesh, |stats| set(&[], stats.connections)),
    )?;
    reader.counter(
        "signing_mesh_reconnects_total",
        "Connections that came after the first with the same peer.",
        &[],
        |mesh, set| stats(mesh, |stats| set(&[], stats.reconnects)),
    )?;
    reader.counter(
        "signing_mesh_failed_dials_total",
        "Dials that failed.",
        &[],
        |mesh, set| stats(mesh, |stats| set(&[], stats.failed_dials)),
    )?;
    reader.counter(
        "signing_mesh_refused_handshakes_total",
        "WebSockets of strangers, or of peers that broke a rule, that became no connection.",
        &[],
        |mesh, set| stats(mesh, |stats| set(&[], stats.refused_handshakes)),
    )
}

pub(super) fn programs(
    registry: &Registry,
    engine: &Arc<ProgramEngine>,
) -> Result<(), PrometheusError> {
    let reader = Reader {
        registry,
        of: engine.clone(),
    };
    fn stats(engine: &ProgramEngine, show: impl FnOnce(EngineStats)) {
        show(engine.stats());
    }
    reader.gauge(
        "signing_programs_cached",
        "Programs that are kept compiled, or known to be unusable.",
        |engine, set| stats(engine, |stats| set(&[], stats.cached)),
    )?;
    reader.gauge(
        "signing_programs_cached_bytes",
        "Length of the bytecode of the programs that are kept.",
        |engine, set| stats(engine, |stats| set(&[], stats.cached_bytes)),
    )?;
    reader.counter(
        "signing_programs_compiled_total",
        "Modules that were compiled, or found to be unusable.",
        &[],
        |engine, set| stats(engine, |stats| set(&[], stats.compiled)),
    )?;
    reader.counter(
        "signing_program_evaluations_total",
        "Times that a program was run, custom hashes included.",
        &[],
        |engine, set| stats(engine, |stats| set(&[], stats.evaluations)),
    )?;
    reader.counter(
        "signing_program_fuel_total",
        "Fuel that programs have used.",
        &[],
        |engine, set| stats(engine, |stats| set(&[], stats.fuel)),
    )
}

pub(super) fn faults(
    registry: &Registry,
    observations: &Arc<Observations>,
) -> Result<(), PrometheusError> {
    let reader = Reader {
        registry,
        of: observations.clone(),
    };
    reader.counter(
        "signing_faults_seen_total",
        "Times that others were seen to fail; a peer that is unreachable counts once a block.",
        &["kind"],
        |observations, set| {
            for kind in FaultKind::ALL {
                set(&[kind.as_str()], observations.counts().get(*kind));
            }
        },
    )?;
    reader.counter(
        "signing_faults_reported_total",
        "Reports of others' faults that the transaction pool has taken; one is made again until a block has it.",
        &["kind"],
        |observations, set| {
            for kind in FaultKind::ALL {
                set(&[kind.as_str()], observations.report_counts().get(*kind));
            }
        },
    )
}

pub(super) fn pace(registry: &Registry, pace: &Arc<Pace>) -> Result<(), PrometheusError> {
    let reader = Reader {
        registry,
        of: pace.clone(),
    };
    reader.gauge(
        "signing_relayer_width",
        "Requests that this node has signed at a time, at most, as a relayer: more when signers are quick.",
        |pace, set| set(&[], pace.at_a_time() as u64),
    )
}
