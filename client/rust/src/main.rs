//! `signing-cli`: the command line of the signing network.
//!
//! ```text
//! main      parse, run, report, exit code
//! cli/args      what may be said
//! cli/values    how single values are written
//! cli/failure   errors: their texts, codes and exit codes
//! cli/report    results, for people and as JSON
//! cli/…         one file per group of commands
//! ```
#![forbid(unsafe_code)]

mod cli;

use clap::Parser;
use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let cli = match cli::Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return cli::misused(&error, std::env::args_os()),
    };
    let json = cli.global.json;
    match cli::run(cli).await {
        Ok(report) => report.print(json),
        Err(failure) => failure.print(json),
    }
}
