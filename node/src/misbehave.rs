//! The flags of a node that misbehaves on purpose, and what of it happens in the node.
//!
//! ```text
//! --misbehave WAY, --misbehave-when-file PATH ─► Conduct ─► the signer service (offchain-signer)
//!                                                   ├─────► pool      what goes into its blocks
//!                                                   └─────► network   other chain nodes
//! ```

mod network;
mod pool;

pub(crate) use network::stay_cut_off;
pub(crate) use pool::OmittingPool;

use crate::signer::ResolvedSignerConfig;
use clap::builder::StyledStr;
use offchain_signer::{
    chain::WatchChain,
    conduct::Conduct,
    misbehave::{report_falsely, ConductedChain, CrashPoint, Way, WayError, WAYS},
};
use sc_service::{ChainType, TaskManager};
use sp_keystore::KeystorePtr;
use std::{fmt::Write, path::PathBuf, sync::Arc};

/// Flags that `signing-node` does not have.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Misbehaviour")]
pub(crate) struct MisbehaveOptions {
    /// A way to misbehave; may be given several times. `--help` lists them all.
    #[arg(long, value_name = "WAY", value_parser = way, long_help = help())]
    misbehave: Vec<Way>,

    /// Misbehave only while there is a file of this name.
    #[arg(long, value_name = "PATH", requires = "misbehave")]
    misbehave_when_file: Option<PathBuf>,
}

/// This binary was started on a chain that it is not for.
#[derive(Debug, thiserror::Error)]
#[error(
    "this node misbehaves on purpose: it runs on development and local chains only, and this chain \
     is neither. Use signing-node."
)]
pub(crate) struct NotAToy;

fn way(text: &str) -> Result<Way, WayError> {
    text.parse()
}

fn help() -> StyledStr {
    let mut help = String::from("A way to misbehave; may be given several times. One of\n\n");
    for (syntax, what) in WAYS {
        let _ = writeln!(help, "  {syntax}\n          {what}");
    }
    let _ = writeln!(help, "\nThe points are");
    for point in CrashPoint::all() {
        let _ = writeln!(help, "  {point}");
    }
    help.into()
}

impl MisbehaveOptions {
    /// Refuses chains that matter, and says loudly what this node is.
    pub(crate) fn announce(&self, chain_type: &ChainType) -> Result<(), NotAToy> {
        if !matches!(chain_type, ChainType::Development | ChainType::Local) {
            return Err(NotAToy);
        }
        log::warn!("⚠️  THIS NODE MISBEHAVES ON PURPOSE. It is for tests and drills only.");
        for way in &self.misbehave {
            log::warn!("⚠️  It misbehaves in this way: {way:?}");
        }
        if let Some(file) = &self.misbehave_when_file {
            log::warn!("⚠️  While there is a file {}", file.display());
        }
        Ok(())
    }

    /// The signer's configuration, with this conduct.
    pub(crate) fn applied_to(&self, mut signer: ResolvedSignerConfig) -> ResolvedSignerConfig {
        signer.conduct = Conduct::new(
            self.misbehave.clone(),
            self.misbehave_when_file.clone(),
            Some(signer.dir.clone()),
        );
        signer
    }
}

/// The chain as the signer of this node uses it; and false reports, if it makes any.
pub(crate) fn conducted<C: WatchChain>(
    tasks: &TaskManager,
    chain: Arc<C>,
    conduct: &Conduct,
    keystore: &KeystorePtr,
) -> Arc<ConductedChain<C>> {
    let reports = report_falsely(chain.clone(), conduct.clone(), keystore.clone());
    tasks.spawn_handle().spawn("false-reports", None, reports);
    Arc::new(ConductedChain::new(
        chain,
        conduct.clone(),
        keystore.clone(),
    ))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use clap::{CommandFactory, FromArgMatches};

    #[derive(clap::Parser)]
    struct Flags {
        #[clap(flatten)]
        misbehave: MisbehaveOptions,
    }

    fn parse(arguments: &[&str]) -> Result<MisbehaveOptions, clap::Error> {
        let arguments = std::iter::once(&"node").chain(arguments);
        let matches = Flags::command().try_get_matches_from(arguments)?;
        Ok(Flags::from_arg_matches(&matches)?.misbehave)
    }

    #[test]
    fn the_flag_is_repeatable_and_errors_say_what_there_is() {
        let given = parse(&["--misbehave", "garbage", "--misbehave", "slow=2"]).unwrap();
        assert_eq!(given.misbehave.len(), 2);
        let error = parse(&["--misbehave", "be-nice"]).unwrap_err().to_string();
        assert!(error.contains("false-silence"), "{error}");
        assert!(parse(&["--misbehave-when-file", "x"]).is_err());
    }

    #[test]
    fn the_help_lists_all_ways_and_points() {
        let help = Flags::command().render_long_help().to_string();
        for (syntax, _) in WAYS {
            assert!(help.contains(syntax), "{syntax}");
        }
        for point in CrashPoint::all() {
            assert!(help.contains(&point.to_string()), "{point}");
        }
    }

    #[test]
    fn chains_that_matter_are_refused() {
        let flags = parse(&[]).unwrap();
        for toy in [ChainType::Development, ChainType::Local] {
            assert!(flags.announce(&toy).is_ok());
        }
        for serious in [ChainType::Live, ChainType::Custom("x".into())] {
            assert!(flags.announce(&serious).is_err());
        }
    }
}
