//! Measures what the runtime's calls cost, for `scripts/weights`.

use crate::{cli::Cli, service::HostFunctions};
use frame_benchmarking_cli::{MachineCmd, PalletCmd, SUBSTRATE_REFERENCE_HARDWARE};
use sc_cli::SubstrateCli;
use signing_runtime::Hashing;

/// What can be measured.
#[derive(Debug, clap::Subcommand)]
// One value of this type exists per process.
#[allow(clippy::large_enum_variant)]
pub(crate) enum BenchmarkCommand {
    /// Measure the calls of pallets, in the runtime of a chain or of a file.
    Pallet(PalletCmd),

    /// Compare this machine with the hardware that Substrate's own weights were measured on.
    Machine(MachineCmd),
}

impl BenchmarkCommand {
    pub(crate) fn run(&self, cli: &Cli) -> sc_cli::Result<()> {
        match self {
            Self::Pallet(cmd) => cli.create_runner(cmd)?.sync_run(|config| {
                // A runtime that is named has precedence over the default chain's.
                let chain_spec = cmd.runtime.is_none().then_some(config.chain_spec);
                cmd.run_with_spec::<Hashing, HostFunctions>(chain_spec)
            }),
            Self::Machine(cmd) => cli
                .create_runner(cmd)?
                .sync_run(|config| cmd.run(&config, SUBSTRATE_REFERENCE_HARDWARE.clone())),
        }
    }
}
