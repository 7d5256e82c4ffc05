//! The commands.

mod args;
mod committee;
mod ethereum;
mod failure;
mod faults;
mod program;
mod registration;
mod report;
mod sign;
mod status;
mod values;

pub(crate) use args::Cli;

use args::{Command, Global, KeyArgs, WaitArgs};
use failure::Failure;
use report::Report;
use signing_client::{Account, SigningClient, Wait};
use std::{env, ffi::OsStr};
use values::Secret;

/// Does what was asked for.
pub(crate) async fn run(cli: Cli) -> Result<Report, Failure> {
    let global = &cli.global;
    match cli.command {
        Command::Status => status::status(global).await,
        Command::Committee => committee::committee(global).await,
        Command::Faults(command) => faults::run(global, command).await,
        Command::Program(command) => program::run(global, command).await,
        Command::Register(args) => registration::register(global, args).await,
        Command::Registration(command) => registration::run(global, command).await,
        Command::Sign(args) => sign::sign(global, args).await,
        Command::Ethereum(command) => ethereum::run(command),
    }
}

/// Connects to the node, and shows progress on standard error unless told not to.
async fn connect(global: &Global) -> Result<SigningClient, Failure> {
    let client = SigningClient::connect(&global.url).await?;
    let quiet = global.quiet;
    Ok(client.with_progress(move |progress| {
        if !quiet {
            eprintln!("… {progress}");
        }
    }))
}

/// Reads the key that signs. What is said on the command line counts, whatever the environment says besides.
fn account(key: &KeyArgs) -> Result<Account, Failure> {
    let from_file = |path| Ok(Account::from_file(path)?);
    let from_uri = |uri: &Secret| Ok(Account::from_uri(uri.expose())?);
    match (&key.suri, &key.key_file) {
        (None, None) => Err(Failure::NoKey),
        (None, Some(path)) => from_file(path),
        (Some(uri), None) => from_uri(uri),
        (Some(uri), Some(path)) => {
            let is_in = |name, value: &OsStr| env::var_os(name).is_some_and(|is| is == value);
            let uri_is_there = is_in(args::SURI, uri.expose().as_ref());
            match (uri_is_there, is_in(args::KEY_FILE, path.as_ref())) {
                (false, true) => from_uri(uri),
                (true, false) => from_file(path),
                _ => Err(Failure::TwoKeys),
            }
        }
    }
}

fn wait(args: &WaitArgs) -> Wait {
    if args.no_finality {
        Wait::Included
    } else {
        Wait::Finalized
    }
}
