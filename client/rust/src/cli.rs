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
use signing_client::{Account, AccountError, SigningClient, Wait};
use std::{env, ffi::OsString, path::PathBuf, process::ExitCode};
use values::Secret;

/// Says what is wrong with the command line, or the help that it asked for.
pub(crate) fn misused(error: &clap::Error, words: impl Iterator<Item = OsString>) -> ExitCode {
    // Nobody is left to tell if this fails.
    let _ = error.print();
    let json = words.into_iter().any(|word| word == "--json");
    if json && error.use_stderr() {
        println!("{}", failure::usage(error));
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(u8::MAX))
}

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

/// Reads the key that signs. The environment counts only if the command line names none.
fn account(key: &KeyArgs) -> Result<Account, Failure> {
    if key.suri.is_some() || key.key_file.is_some() {
        return account_of(key);
    }
    let set = |name| env::var_os(name).filter(|value| !value.is_empty());
    let suri =
        set(args::SURI).map(|uri| uri.into_string().map_err(|_| AccountError::NotASecretUri));
    account_of(&KeyArgs {
        suri: suri.transpose()?.map(Secret::from),
        key_file: set(args::KEY_FILE).map(PathBuf::from),
    })
}

fn account_of(key: &KeyArgs) -> Result<Account, Failure> {
    match (&key.suri, &key.key_file) {
        (None, None) => Err(Failure::NoKey),
        (None, Some(path)) => Ok(Account::from_file(path)?),
        (Some(uri), None) => Ok(Account::from_uri(uri.expose())?),
        (Some(_), Some(_)) => Err(Failure::TwoKeys),
    }
}

fn wait(args: &WaitArgs) -> Wait {
    if args.no_finality {
        Wait::Included
    } else {
        Wait::Finalized
    }
}
