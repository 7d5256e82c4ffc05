#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
use super::*;
use clap::CommandFactory;

/// `signing-cli` and all commands under it, each with its path of names.
fn commands() -> Vec<(String, clap::Command)> {
    fn walk(path: String, command: &clap::Command, found: &mut Vec<(String, clap::Command)>) {
        for sub in command.get_subcommands() {
            if sub.get_name() != "help" {
                walk(format!("{path} {}", sub.get_name()), sub, found);
            }
        }
        found.push((path, command.clone()));
    }
    let mut root = Cli::command().term_width(100).disable_version_flag(true);
    root.build();
    // The values of variables are shown, and they are this machine's.
    let root = root.mut_args(|arg| arg.hide_env(true));
    let mut found = Vec::new();
    walk("signing-cli".into(), &root, &mut found);
    found
}

fn without_env(command: clap::Command) -> clap::Command {
    command.mut_args(|arg| arg.hide_env(true)).term_width(100)
}

#[test]
fn the_definition_is_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn every_help_has_an_example() {
    let commands = commands();
    assert_eq!(commands.len(), 21);
    for (path, command) in commands {
        let help = without_env(command).render_long_help().to_string();
        let (_, example) = help
            .split_once("Example")
            .unwrap_or_else(|| panic!("{path} --help has no example:\n{help}"));
        // An example of the command itself; of a group, one of its commands.
        let words: Vec<_> = path.split(' ').collect();
        let line = example
            .lines()
            .find(|line| line.contains("signing-cli"))
            .unwrap();
        for word in words {
            assert!(line.contains(word), "{path}: {line}");
        }
    }
}

#[test]
fn help_is_as_it_was() {
    for (path, command) in commands() {
        let help = without_env(command).render_long_help().to_string();
        insta::assert_snapshot!(path.replace(' ', "_"), help);
    }
}

fn parse(line: &str) -> Result<Cli, clap::error::ErrorKind> {
    let words = line.split_whitespace();
    Cli::try_parse_from(std::iter::once("signing-cli").chain(words)).map_err(|error| error.kind())
}

fn key() -> String {
    format!("0x02{}", "ab".repeat(32))
}

#[test]
fn a_message_comes_from_one_place() {
    use clap::error::ErrorKind;
    let sign = |rest: &str| parse(&format!("sign --verifying-key {} {rest}", key()));
    for rest in ["hello", "--hex 0x00", "--file letter", "--stdin"] {
        assert!(sign(rest).is_ok(), "{rest}");
    }
    assert_eq!(sign("").unwrap_err(), ErrorKind::MissingRequiredArgument);
    for rest in ["hello --stdin", "--hex 00 --file letter", "hello --hex 00"] {
        assert_eq!(
            sign(rest).unwrap_err(),
            ErrorKind::ArgumentConflict,
            "{rest}"
        );
    }
}

#[test]
fn values_are_checked() {
    use clap::error::ErrorKind;
    for line in [
        "sign --verifying-key 0x02 hello",
        &format!("sign --verifying-key {} --hash sha1 hello", key()),
        &format!("sign --verifying-key {} --hex xyz", key()),
        &format!("sign --verifying-key {} --digest 0x00 hello", key()),
        "program remove 0x00",
        "faults show 12-",
        "faults show 12-3-4",
        "faults show +3",
        "faults show 4294967296",
        "faults list --blocks 0",
        "register --program nonsense",
        "ethereum payload --to 0x00 --chain-id 1 --nonce 0 --max-fee 1",
        // The last digit is mistyped.
        "ethereum payload --to 0x70997970C51812dc3A010C7d01b50e0d17dc79C9 --chain-id 1 --nonce 0 --max-fee 1",
    ] {
        assert_eq!(
            parse(line).unwrap_err(),
            ErrorKind::ValueValidation,
            "{line}"
        );
    }
    for line in [
        "register",
        "sign hello",
        &format!("registration change-programs {}", key()),
    ] {
        assert_eq!(
            parse(line).unwrap_err(),
            ErrorKind::MissingRequiredArgument,
            "{line}"
        );
    }
}

#[test]
fn global_options_may_stand_anywhere() {
    for line in ["--json status", "status --json", "program --json list -q"] {
        assert!(parse(line).unwrap().global.json, "{line}");
    }
    let cli = parse("program list --url ws://example:1").unwrap();
    assert_eq!(cli.global.url, "ws://example:1");
}

#[test]
fn auxiliary_data_keeps_its_order() {
    let line = format!(
        "sign --verifying-key {} --auxiliary-data none --auxiliary-data 0x01 hello \
         --auxiliary-data text",
        key()
    );
    let Command::Sign(args) = parse(&line).unwrap().command else {
        panic!("not sign");
    };
    let data: Vec<_> = args
        .auxiliary_data
        .into_iter()
        .map(|entry| entry.0.map(|source| source.read().unwrap()))
        .collect();
    assert_eq!(data, [None, Some(vec![1]), Some(b"text".to_vec())]);
}

#[test]
fn secrets_are_not_shown() {
    let line = format!("sign --verifying-key {} --suri //Mallory hello", key());
    assert!(!format!("{:?}", parse(&line).unwrap()).contains("Mallory"));
}
