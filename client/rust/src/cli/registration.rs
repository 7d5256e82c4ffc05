//! `register` and `registration`

use super::{
    account,
    args::{
        ChangeOwnerArgs, ChangeProgramsArgs, Global, ProgramsArgs, RegisterArgs,
        RegistrationCommand, ShowArgs,
    },
    connect,
    failure::Failure,
    report::{hex, Report},
    values::Instance,
    wait,
};
use serde_json::{json, Value};
use signing_client::{EthereumAddress, ProgramInstance};

pub(crate) async fn register(global: &Global, args: RegisterArgs) -> Result<Report, Failure> {
    let account = account(&args.key)?;
    let programs = instances(args.programs)?;
    let owner = args.owner.unwrap_or_else(|| account.id());
    let client = connect(global).await?.with_wait(wait(&args.wait));
    let registered = client.register(&programs, &owner, &account).await?;
    let json = json!({
        "index": registered.index,
        "verifying_key": hex(registered.verifying_key),
        "address": registered.address.to_string(),
        "owner": registered.owner.to_string(),
    });
    Ok(Report::new(json)
        .field("verifying key", hex(registered.verifying_key))
        .field("address", registered.address)
        .field("owner", &registered.owner)
        .field("index", registered.index))
}

pub(crate) async fn run(global: &Global, command: RegistrationCommand) -> Result<Report, Failure> {
    match command {
        RegistrationCommand::Show(args) => show(global, args).await,
        RegistrationCommand::ChangePrograms(args) => change_programs(global, args).await,
        RegistrationCommand::ChangeOwner(args) => change_owner(global, args).await,
    }
}

async fn show(global: &Global, args: ShowArgs) -> Result<Report, Failure> {
    let key = args.verifying_key;
    let client = connect(global).await?;
    let registration = client
        .registration(key)
        .await?
        .ok_or(Failure::NotRegistered(key))?;
    let address = EthereumAddress::of(&key).map(|address| address.to_string());
    let address = address.unwrap_or_else(|error| error.to_string());
    let programs: Vec<_> = registration.programs.iter().map(to_json).collect();
    let json = json!({
        "verifying_key": hex(key),
        "address": address,
        "owner": registration.owner.to_string(),
        "index": registration.index,
        "programs": programs,
    });
    let mut report = Report::new(json)
        .field("verifying key", hex(key))
        .field("address", address)
        .field("owner", &registration.owner)
        .field("index", registration.index);
    for instance in &registration.programs {
        report = report
            .field("program", hex(instance.program))
            .field("  config", config(instance));
    }
    Ok(report)
}

fn to_json(instance: &ProgramInstance) -> Value {
    json!({
        "program": hex(instance.program),
        "config": hex(&instance.config),
        "config_text": std::str::from_utf8(&instance.config).ok(),
    })
}

/// A configuration for people: text if it is text that a terminal shows, else hex.
fn config(instance: &ProgramInstance) -> String {
    match std::str::from_utf8(&instance.config) {
        Ok("") => "none".into(),
        Ok(text) if !text.chars().any(|c| c.is_control() && !c.is_whitespace()) => text.into(),
        _ => hex(&instance.config),
    }
}

async fn change_programs(global: &Global, args: ChangeProgramsArgs) -> Result<Report, Failure> {
    let account = account(&args.key)?;
    let programs = instances(args.programs)?;
    let client = connect(global).await?.with_wait(wait(&args.wait));
    client
        .change_programs(args.verifying_key, &programs, &account)
        .await?;
    let list: Vec<_> = programs.iter().map(to_json).collect();
    let json = json!({ "verifying_key": hex(args.verifying_key), "programs": list });
    let mut report = Report::new(json).field("verifying key", hex(args.verifying_key));
    for instance in &programs {
        report = report.field("program", hex(instance.program));
    }
    Ok(report)
}

async fn change_owner(global: &Global, args: ChangeOwnerArgs) -> Result<Report, Failure> {
    let account = account(&args.key)?;
    let client = connect(global).await?.with_wait(wait(&args.wait));
    client
        .change_owner(args.verifying_key, &args.owner, &account)
        .await?;
    let json = json!({
        "verifying_key": hex(args.verifying_key),
        "owner": args.owner.to_string(),
    });
    Ok(Report::new(json)
        .field("verifying key", hex(args.verifying_key))
        .field("owner", &args.owner))
}

fn instances(args: ProgramsArgs) -> Result<Vec<ProgramInstance>, Failure> {
    let found = args.programs.len();
    let limit = 8;
    if found > limit {
        return Err(Failure::TooMany {
            what: "programs",
            found,
            limit,
        });
    }
    let programs = args.programs.into_iter().map(Instance::read);
    Ok(programs.collect::<Result<_, _>>()?)
}
