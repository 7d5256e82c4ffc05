//! `program`

use super::{
    account,
    args::{CheckArgs, DeployArgs, Global, ProgramCommand, RemoveArgs},
    connect,
    failure::Failure,
    report::{hex, Report},
    values::read_file,
    wait,
};
use serde_json::json;
use signing_client::{check_module, ProgramDefinition, ProgramKey, ProgramSummary};
use std::path::PathBuf;

pub(crate) async fn run(global: &Global, command: ProgramCommand) -> Result<Report, Failure> {
    match command {
        ProgramCommand::Deploy(args) => deploy(global, args).await,
        ProgramCommand::List => list(global).await,
        ProgramCommand::Remove(args) => remove(global, args).await,
        ProgramCommand::Check(args) => check(args),
    }
}

async fn deploy(global: &Global, args: DeployArgs) -> Result<Report, Failure> {
    let account = account(&args.key)?;
    let bytecode = read_file(args.file)?;
    // What signers would refuse to run is not worth a deposit.
    let summary = check_module(&bytecode)?;
    let oracle_keys = args
        .oracle_keys
        .into_iter()
        .map(|name| bounded("an oracle key", name.into_bytes()))
        .collect::<Result<Vec<_>, _>>()?;
    let found = oracle_keys.len();
    let definition = ProgramDefinition {
        bytecode: bounded("the bytecode", bytecode)?,
        config_schema: schema("the configuration's schema", args.config_schema)?,
        auxiliary_data_schema: schema("the auxiliary data's schema", args.auxiliary_data_schema)?,
        oracle_keys: oracle_keys.try_into().map_err(|_| Failure::TooMany {
            what: "oracle keys",
            found,
            limit: 8,
        })?,
        abi_version: summary.abi_version,
    };
    let client = connect(global).await?.with_wait(wait(&args.wait));
    let deployment = client.deploy(&definition, &account).await?;
    let outcome = if deployment.existed {
        "was there already"
    } else {
        "deployed"
    };
    let json = json!({
        "program": hex(deployment.program),
        "existed": deployment.existed,
        "bytes": summary.bytes,
    });
    Ok(Report::new(json)
        .field("program", hex(deployment.program))
        .field("outcome", outcome))
}

async fn list(global: &Global) -> Result<Report, Failure> {
    let programs = connect(global).await?.programs().await?;
    let list: Vec<_> = programs.iter().map(to_json).collect();
    let mut report = Report::new(json!({ "programs": list }));
    if programs.is_empty() {
        report = report.line("no programs");
    }
    for (key, program) in &programs {
        report = report.line(hex(key)).line(format!(
            "  {} bytes, used {} time(s), deployed by {}",
            program.bytecode_len, program.references, program.deployer
        ));
    }
    Ok(report)
}

fn to_json((key, program): &(ProgramKey, ProgramSummary)) -> serde_json::Value {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    json!({
        "program": hex(key),
        "deployer": program.deployer.to_string(),
        "bytes": program.bytecode_len,
        "references": program.references,
        "abi_version": program.abi_version,
        "config_schema": text(&program.config_schema),
        "auxiliary_data_schema": text(&program.auxiliary_data_schema),
        "oracle_keys": program.oracle_keys.iter().map(|key| text(key)).collect::<Vec<_>>(),
    })
}

async fn remove(global: &Global, args: RemoveArgs) -> Result<Report, Failure> {
    let account = account(&args.key)?;
    let client = connect(global).await?.with_wait(wait(&args.wait));
    client.remove_program(args.program, &account).await?;
    let json = json!({ "program": hex(args.program), "removed": true });
    Ok(Report::new(json).field("removed", hex(args.program)))
}

fn check(args: CheckArgs) -> Result<Report, Failure> {
    let summary = check_module(&read_file(args.file)?)?;
    let json = json!({
        "valid": true,
        "bytes": summary.bytes,
        "abi_version": summary.abi_version,
        "custom_hash": summary.custom_hash,
        "logs": summary.logs,
        "initial_memory": summary.initial_memory,
        "functions": summary.functions,
        "executed": false,
    });
    Ok(Report::new(json)
        .field("bytes", summary.bytes)
        .field("ABI version", summary.abi_version)
        .field(
            "custom hash",
            if summary.custom_hash { "yes" } else { "no" },
        )
        .field("debug log", if summary.logs { "yes" } else { "no" })
        .field(
            "memory",
            format!("{} bytes from the start", summary.initial_memory),
        )
        .field("functions", summary.functions)
        .line("well formed, with the imports and exports of a program; it was not run"))
}

fn schema<const N: u32>(what: &'static str, path: Option<PathBuf>) -> Result<Bounded<N>, Failure> {
    match path {
        Some(path) => bounded(what, read_file(path)?),
        None => Ok(Bounded::<N>::default()),
    }
}

type Bounded<const N: u32> = sp_core::bounded::BoundedVec<u8, sp_core::ConstU32<N>>;

fn bounded<const N: u32>(what: &'static str, bytes: Vec<u8>) -> Result<Bounded<N>, Failure> {
    let found = bytes.len();
    bytes.try_into().map_err(|_| Failure::TooLong {
        what,
        found,
        limit: N as usize,
    })
}
