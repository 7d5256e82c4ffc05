//! The command line.

use crate::{
    check_evidence::CheckEvidenceCmd,
    genesis::GenesisCommand,
    signer::{SignerCmd, SignerOptions},
};
use sc_cli::RunCmd;

/// Arguments of the node; without a sub-command it runs.
#[derive(Debug, clap::Parser)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) subcommand: Option<Subcommand>,

    #[clap(flatten)]
    pub(crate) run: RunCmd,

    #[clap(flatten)]
    pub(crate) signer: SignerOptions,

    #[cfg(feature = "misbehave")]
    #[clap(flatten)]
    pub(crate) misbehave: crate::misbehave::MisbehaveOptions,
}

/// What the node can do beside running.
#[derive(Debug, clap::Subcommand)]
// One value of this type exists per process.
#[allow(clippy::large_enum_variant)]
pub(crate) enum Subcommand {
    /// Manage keys.
    #[command(subcommand)]
    Key(sc_cli::KeySubcommand),

    /// Begin a chain: make validators' session keys, and the chain specification.
    #[command(subcommand)]
    Genesis(GenesisCommand),

    /// Print a chain specification; deprecated, use `export-chain-spec`.
    BuildSpec(sc_cli::BuildSpecCmd),

    /// Write a chain specification to a file or to standard output.
    ExportChainSpec(sc_cli::ExportChainSpecCmd),

    /// Check blocks that are in the database.
    CheckBlock(sc_cli::CheckBlockCmd),

    /// Write blocks to a file.
    ExportBlocks(sc_cli::ExportBlocksCmd),

    /// Write the state of a block as a chain specification.
    ExportState(sc_cli::ExportStateCmd),

    /// Read blocks from a file.
    ImportBlocks(sc_cli::ImportBlocksCmd),

    /// Back up, restore and look into the signer's key store, with the node stopped.
    #[command(subcommand)]
    Signer(SignerCmd),

    /// Remove the chain's database. Keys and key shares are kept.
    PurgeChain(sc_cli::PurgeChainCmd),

    /// Go back to an earlier block that is not final.
    Revert(sc_cli::RevertCmd),

    /// Check evidence of cheating as the chain does, without a chain.
    CheckEvidence(CheckEvidenceCmd),

    /// Print what the database says of the chain.
    ChainInfo(sc_cli::ChainInfoCmd),

    /// Measure the runtime's calls, or this machine.
    #[cfg(feature = "runtime-benchmarks")]
    #[command(subcommand)]
    Benchmark(crate::benchmark::BenchmarkCommand),
}
