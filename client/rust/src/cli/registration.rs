//! `register` and `registration`

use super::{
    account,
    args::{
        ChangeOwnerArgs, ChangeProgramsArgs, DeregisterArgs, Global, ProgramsArgs, RegisterArgs,
        RegistrationCommand, ShowArgs,
    },
    connect,
    failure::Failure,
    report::{coins, hex, Report},
    values::Instance,
    wait,
};
use serde_json::{json, Value};
use signing_client::{EthereumAddress, ProgramInstance, RegistrationDeposit};

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
        RegistrationCommand::Remove(args) => remove(global, args).await,
    }
}

async fn show(global: &Global, args: ShowArgs) -> Result<Report, Failure> {
    let key = args.verifying_key;
    let client = connect(global).await?;
    let registration = client
        .registration(key)
        .await?
        .ok_or(Failure::NotRegistered(key))?;
    let deposit = client.registration_deposit(key).await?;
    let address = EthereumAddress::of(&key).map(|address| address.to_string());
    let address = address.unwrap_or_else(|error| error.to_string());
    let programs: Vec<_> = registration.programs.iter().map(to_json).collect();
    let json = json!({
        "verifying_key": hex(key),
        "address": address,
        "owner": registration.owner.to_string(),
        "index": registration.index,
        "deposit": deposit.as_ref().map(deposit_json),
        "programs": programs,
    });
    let mut report = Report::new(json)
        .field("verifying key", hex(key))
        .field("address", address)
        .field("owner", &registration.owner)
        .field("index", registration.index)
        .field("deposit", deposit_text(deposit.as_ref()));
    for instance in &registration.programs {
        report = report
            .field("program", hex(instance.program))
            .field("  config", config(instance));
    }
    Ok(report)
}

/// The amount is in the smallest unit, and a string: JSON's numbers are too small.
fn deposit_json(deposit: &RegistrationDeposit) -> Value {
    json!({
        "depositor": deposit.depositor.to_string(),
        "amount": deposit.amount.to_string(),
    })
}

fn deposit_text(deposit: Option<&RegistrationDeposit>) -> String {
    match deposit {
        Some(deposit) => format!("{} of {}", coins(deposit.amount), deposit.depositor),
        None => "none".into(),
    }
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

async fn remove(global: &Global, args: DeregisterArgs) -> Result<Report, Failure> {
    let account = account(&args.key)?;
    let key = args.verifying_key;
    let client = connect(global).await?.with_wait(wait(&args.wait));
    // Not for the fee of finding out on the chain.
    if client.registration(key).await?.is_none() {
        return Err(Failure::NotRegistered(key));
    }
    // Nobody but the owner, who is here, can change it from now on.
    let deposit = client.registration_deposit(key).await?;
    client.deregister(key, &account).await?;
    let json = json!({
        "verifying_key": hex(key),
        "removed": true,
        "released": deposit.as_ref().map(deposit_json),
    });
    Ok(Report::new(json)
        .field("removed", hex(key))
        .field("released", deposit_text(deposit.as_ref())))
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
