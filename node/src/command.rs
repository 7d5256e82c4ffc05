//! Carries out what the command line says.

use crate::{
    chain_spec,
    cli::{Cli, Subcommand},
    service,
    signer::{self, ResolvedSignerConfig},
};
use sc_cli::SubstrateCli;
use sc_service::{ChainSpec, Configuration};
use signing_runtime::OpaqueBlock as Block;
use std::sync::Arc;

impl SubstrateCli for Cli {
    fn impl_name() -> String {
        if cfg!(feature = "misbehave") {
            "Signing Node, misbehaving on purpose".into()
        } else {
            "Signing Node".into()
        }
    }

    fn impl_version() -> String {
        env!("SUBSTRATE_CLI_IMPL_VERSION").into()
    }

    fn description() -> String {
        env!("CARGO_PKG_DESCRIPTION").into()
    }

    fn author() -> String {
        "the signing network's authors".into()
    }

    fn support_url() -> String {
        "the issues of this repository".into()
    }

    fn copyright_start_year() -> i32 {
        2026
    }

    fn load_spec(&self, id: &str) -> Result<Box<dyn ChainSpec>, String> {
        Ok(Box::new(chain_spec::load(id)?))
    }
}

/// The command line with the network's default backend, libp2p. `--network-backend litep2p`
/// chooses the other.
fn parse() -> Cli {
    use clap::{CommandFactory, FromArgMatches};

    let command = Cli::setup_command(Cli::command())
        .mut_arg("network_backend", |arg| arg.default_value("libp2p"));
    Cli::from_arg_matches(&command.get_matches()).unwrap_or_else(|error| error.exit())
}

/// Runs the node or one of its sub-commands.
pub(crate) fn run() -> sc_cli::Result<()> {
    let cli = parse();
    match &cli.subcommand {
        Some(subcommand) => run_subcommand(&cli, subcommand),
        None => run_node(&cli),
    }
}

fn run_node(cli: &Cli) -> sc_cli::Result<()> {
    let runner = cli.create_runner(&cli.run)?;
    #[cfg(feature = "misbehave")]
    cli.misbehave
        .announce(&runner.config().chain_spec.chain_type())
        .map_err(|error| sc_cli::Error::Application(Box::new(error)))?;
    // Before the node starts: a prompt for the password must not drown in its log.
    let signer = resolve_signer(cli, runner.config())?;
    #[cfg(feature = "misbehave")]
    let signer = signer.map(|signer| cli.misbehave.applied_to(signer));
    runner
        .run_node_until_exit(|config| async move { service::new_full(config, signer).await })
        .map_err(sc_cli::Error::Service)
}

/// The signer's configuration, if this node runs one: if it is a validator.
fn resolve_signer(
    cli: &Cli,
    config: &Configuration,
) -> sc_cli::Result<Option<ResolvedSignerConfig>> {
    if !config.role.is_authority() {
        let unused = cli.signer.check_unused();
        unused.map_err(|error| sc_cli::Error::Application(Box::new(error)))?;
        return Ok(None);
    }
    cli.signer
        .resolve(
            &config.chain_spec.chain_type(),
            &config.data_path,
            &signer::TerminalPrompt,
        )
        .map(Some)
        .map_err(|errors| sc_cli::Error::Application(Box::new(errors)))
}

fn run_subcommand(cli: &Cli, subcommand: &Subcommand) -> sc_cli::Result<()> {
    match subcommand {
        Subcommand::Key(cmd) => cmd.run(cli),
        Subcommand::Genesis(cmd) => cmd.run(),
        #[allow(deprecated)]
        Subcommand::BuildSpec(cmd) => cli
            .create_runner(cmd)?
            .sync_run(|config| cmd.run(config.chain_spec, config.network)),
        Subcommand::ExportChainSpec(cmd) => cmd.run(cli.load_spec(&cmd.chain)?),
        Subcommand::CheckBlock(cmd) => cli.create_runner(cmd)?.async_run(|config| {
            let parts = service::new_partial(&config)?;
            Ok((
                cmd.run(parts.client, parts.import_queue),
                parts.task_manager,
            ))
        }),
        Subcommand::ExportBlocks(cmd) => cli.create_runner(cmd)?.async_run(|config| {
            let parts = service::new_partial(&config)?;
            Ok((cmd.run(parts.client, config.database), parts.task_manager))
        }),
        Subcommand::ExportState(cmd) => cli.create_runner(cmd)?.async_run(|config| {
            let parts = service::new_partial(&config)?;
            Ok((cmd.run(parts.client, config.chain_spec), parts.task_manager))
        }),
        Subcommand::ImportBlocks(cmd) => cli.create_runner(cmd)?.async_run(|config| {
            let parts = service::new_partial(&config)?;
            Ok((
                cmd.run(parts.client, parts.import_queue),
                parts.task_manager,
            ))
        }),
        Subcommand::Signer(cmd) => cmd.run(cli),
        Subcommand::PurgeChain(cmd) => cli.create_runner(cmd)?.sync_run(|config| {
            cmd.run(config.database)?;
            for kept in signer::kept_by_purge(&config.data_path, &config.keystore) {
                println!("{kept}");
            }
            Ok(())
        }),
        Subcommand::Revert(cmd) => cli.create_runner(cmd)?.async_run(|config| {
            let parts = service::new_partial(&config)?;
            // BABE's and GRANDPA's own records go back with the chain.
            let revert_consensus = Box::new(|client: Arc<service::FullClient>, backend, blocks| {
                sc_consensus_babe::revert(client.clone(), backend, blocks)?;
                sc_consensus_grandpa::revert(client, blocks)?;
                Ok(())
            });
            Ok((
                cmd.run(parts.client, parts.backend, Some(revert_consensus)),
                parts.task_manager,
            ))
        }),
        Subcommand::CheckEvidence(cmd) => cmd.run(),
        Subcommand::ChainInfo(cmd) => cli
            .create_runner(cmd)?
            .sync_run(|config| cmd.run::<Block>(&config)),
        #[cfg(feature = "runtime-benchmarks")]
        Subcommand::Benchmark(cmd) => cmd.run(cli),
    }
}
