//! The real example programs, as `scripts/programs` builds them, in the engine that signers run.
//!
//! The tests build the programs first: a few seconds when cold, nothing when they are fresh. They
//! print the fuel that typical and extreme requests take; the chain's default `fuel` is chosen by
//! these numbers (docs/programs.md).

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    sync::{Arc, OnceLock},
};

use offchain_signer::{
    chain::ProgramKey,
    program::{CompiledProgram, Input, Limits, Metered, ProgramEngine, ProgramError, TrapCode},
};

/// The default of the chain's parameter that these measurements suggest.
const FUEL: u64 = 50_000_000;

const ALICE: [u8; 32] = [7; 32];
/// A transaction of EIP-1559 to 0x3535…35, unsigned: type 2, then chain id 1, nonce 7, the fees,
/// gas limit 21,000, recipient, one ether, no data, no access list.
const EIP_1559: &str = "02f0010784\
    3b9aca008504a817c800825208943535353535353535353535353535353535353535880de0b6b3a764000080c0";

/// The target folder, with freshly built programs.
fn target() -> &'static Path {
    static TARGET: OnceLock<&Path> = OnceLock::new();
    TARGET.get_or_init(|| {
        // The folder that cargo gives to integration tests lies in the target folder.
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
        // Of this run: checkouts share what they compile.
        let here = std::env::var_os("CARGO_MANIFEST_DIR").unwrap();
        let root = Path::new(&here).parent().unwrap();
        run(
            Command::new(root.join("scripts/programs")).arg("--quiet"),
            target,
        );
        // The SDK's own example, which is no program to deploy.
        let example = ["--package=signing-program-sdk", "--example=custom_hash"];
        run(
            Command::new(env!("CARGO"))
                .args(["build", "--quiet", "--locked", "--profile=program"])
                .arg("--target=wasm32v1-none")
                .args(example)
                .current_dir(root)
                .env_remove("RUSTFLAGS")
                .env_remove("CARGO_ENCODED_RUSTFLAGS"),
            target,
        );
        target
    })
}

fn run(command: &mut Command, target: &Path) {
    let built = command
        .env("CARGO_TARGET_DIR", target)
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let out = String::from_utf8_lossy(&built.stdout);
    let err = String::from_utf8_lossy(&built.stderr);
    println!("{out}");
    assert!(built.status.success(), "{command:?} failed:\n{out}{err}");
}

fn load(path: &str) -> Arc<CompiledProgram> {
    let bytecode = fs::read(target().join(path)).unwrap();
    let engine = ProgramEngine::new(Limits::default());
    engine.load(ProgramKey::zero(), &bytecode).unwrap()
}

/// Asks twice, since the second answer must be the first, and prints what it took.
fn ask(program: &CompiledProgram, what: &str, input: &Input<'_>, fuel: u64) -> Metered<()> {
    let first = program.evaluate_metered(input, fuel);
    let start = std::time::Instant::now();
    let second = program.evaluate_metered(input, fuel);
    let time = start.elapsed();
    assert_eq!(first.fuel_used, second.fuel_used);
    assert_eq!(first.outcome.is_ok(), second.outcome.is_ok());
    println!(
        "fuel {:>12}  {time:>12.1?}  {what}: {:?}",
        second.fuel_used, second.outcome
    );
    second
}

fn request<'a>(message: &'a [u8], config: &'a str) -> Input<'a> {
    Input {
        requester: &ALICE,
        message,
        config: config.as_bytes(),
        auxiliary_data: None,
        oracle_data: vec![],
    }
}

fn refusal(metered: Metered<()>) -> String {
    match metered.outcome {
        Err(ProgramError::Refused(text)) => text,
        outcome => panic!("{outcome:?}"),
    }
}

/// A JSON list of so many strings that the configuration is as long as the chain allows.
fn longest_config(field: &str, last: &str) -> String {
    let other = last.replace('3', "4");
    let config = |n| {
        let mut list = vec![other.as_str(); n];
        list.push(last);
        format!("{{\"{field}\":[\"{}\"]}}", list.join("\",\""))
    };
    (0..4096)
        .map(config)
        .take_while(|config| config.len() <= 4096)
        .last()
        .unwrap()
}

#[test]
fn allow_list_in_the_engine() {
    let program = load("programs/allow-list.wasm");
    let friend = "0x3535353535353535353535353535353535353535";
    let config = format!("{{\"allow\":[\"{friend}\"]}}");
    let payment = hex::decode(EIP_1559).unwrap();

    let yes = ask(
        &program,
        "allow-list, a payment",
        &request(&payment, &config),
        FUEL,
    );
    assert!(yes.outcome.is_ok());
    assert!(yes.fuel_used < FUEL / 100);

    let mut elsewhere = payment.clone();
    let recipient = elsewhere
        .windows(20)
        .position(|bytes| bytes == [0x35; 20])
        .unwrap();
    elsewhere[recipient] = 0x36;
    let no = ask(
        &program,
        "allow-list, to a stranger",
        &request(&elsewhere, &config),
        FUEL,
    );
    assert_eq!(refusal(no), "the recipient is not on the allow list");

    let no = ask(
        &program,
        "allow-list, no transaction",
        &request(b"hello", &config),
        FUEL,
    );
    assert!(refusal(no).contains("transaction"));
    let no = ask(
        &program,
        "allow-list, bad configuration",
        &request(&payment, "{}"),
        FUEL,
    );
    assert!(refusal(no).contains("configuration"));

    let longest = longest_config("allow", friend);
    let yes = ask(
        &program,
        "allow-list, longest list",
        &request(&payment, &longest),
        FUEL,
    );
    assert!(yes.outcome.is_ok());

    // The longest message that signers take, as a good transaction with so much data.
    let long = long_payment(1_000_000);
    let yes = ask(
        &program,
        "allow-list, 1 MB of data",
        &request(&long, &config),
        FUEL,
    );
    assert!(yes.outcome.is_ok());
    let keys = long_access_list(300_000);
    let yes = ask(
        &program,
        "allow-list, 300 kB of access list",
        &request(&keys, &config),
        FUEL,
    );
    assert!(yes.outcome.is_ok());
    // Far beyond any block's gas: this may run out of fuel.
    let keys = long_access_list(1_000_000);
    let no = ask(
        &program,
        "allow-list, 1 MB of access list",
        &request(&keys, &config),
        FUEL,
    );
    assert!(matches!(no.outcome, Err(ProgramError::OutOfFuel)));

    assert!(matches!(
        ask(
            &program,
            "allow-list, little fuel",
            &request(&payment, &config),
            10_000
        )
        .outcome,
        Err(ProgramError::OutOfFuel)
    ));
}

#[test]
fn requester_only_in_the_engine() {
    let program = load("programs/requester-only.wasm");
    let hex = format!("{{\"accounts\":[\"0x{}\"]}}", hex::encode(ALICE));
    let yes = ask(
        &program,
        "requester-only, hexadecimal",
        &request(b"hello", &hex),
        FUEL,
    );
    assert!(yes.outcome.is_ok());
    assert!(yes.fuel_used < FUEL / 100);

    let address = ss58(&ALICE);
    let config = format!("{{\"accounts\":[\"{address}\"]}}");
    let yes = ask(
        &program,
        "requester-only, SS58",
        &request(b"hello", &config),
        FUEL,
    );
    assert!(yes.outcome.is_ok());

    let stranger = Input {
        requester: &[8; 32],
        ..request(b"hello", &config)
    };
    let no = ask(&program, "requester-only, a stranger", &stranger, FUEL);
    assert_eq!(refusal(no), "this account may not ask");

    let accounts = vec![address.as_str(); 80].join("\",\"");
    let longest = format!("{{\"accounts\":[\"{accounts}\"]}}");
    assert!(longest.len() <= 4096);
    let yes = ask(
        &program,
        "requester-only, longest list",
        &request(b"", &longest),
        FUEL,
    );
    assert!(yes.outcome.is_ok());

    let message = vec![7; 1_000_000];
    let yes = ask(
        &program,
        "requester-only, 1 MB",
        &request(&message, &config),
        FUEL,
    );
    assert!(yes.outcome.is_ok());
}

/// What the SDK makes of `program!(evaluate, custom_hash)`, of `log`, and of a panic.
#[test]
fn custom_hash_log_and_panic_in_the_engine() {
    let program = load("wasm32v1-none/program/examples/custom_hash.wasm");
    let hash = program.custom_hash(b"abc", FUEL).unwrap();
    assert_eq!(hash[..8], *b"\x03\0\0\0abc\0");
    assert!(matches!(
        program.custom_hash(b"", FUEL),
        Err(ProgramError::Refused(text)) if text == "there is nothing to hash"
    ));
    let plain = request(b"abc", "");
    assert!(program.evaluate(&plain, FUEL).is_ok());
    let with = |data| Input {
        auxiliary_data: Some(data),
        ..plain.clone()
    };
    let refused = program.evaluate_metered(&with(b"any"), FUEL);
    assert_eq!(refusal(refused), "auxiliary data is not welcome");
    assert!(matches!(
        program.evaluate(&with(b"panic"), FUEL),
        Err(ProgramError::Trapped(TrapCode::UnreachableCodeReached))
    ));
}

/// The SS58 address, by the library that the chain uses.
fn ss58(account: &[u8; 32]) -> String {
    use sp_core::crypto::{AccountId32, Ss58Codec};
    AccountId32::new(*account).to_ss58check()
}

/// RLP of a string or a list around `payload`.
fn rlp(short: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = match payload.len() {
        len @ 0..=55 => vec![short + len as u8],
        len => {
            let bytes = len.to_be_bytes();
            let digits = &bytes[bytes.iter().position(|byte| *byte != 0).unwrap()..];
            [&[short + 55 + digits.len() as u8][..], digits].concat()
        }
    };
    out.extend_from_slice(payload);
    out
}

/// [`EIP_1559`] with other data and another access list, both RLP.
fn payment_with(data: &[u8], access_list: &[u8]) -> Vec<u8> {
    let payment = hex::decode(EIP_1559).unwrap();
    let fields = &payment[2..payment.len() - 2];
    [&[2][..], &rlp(0xc0, &[fields, data, access_list].concat())].concat()
}

fn long_payment(len: usize) -> Vec<u8> {
    let payment = payment_with(&rlp(0x80, &vec![0x5a; len - 60]), &[0xc0]);
    assert!(payment.len() <= len);
    payment
}

fn long_access_list(len: usize) -> Vec<u8> {
    let item = rlp(0xc0, &[rlp(0x80, &[9; 20]), vec![0xc0]].concat());
    let payment = payment_with(&[0x80], &rlp(0xc0, &item.repeat((len - 70) / item.len())));
    assert!(payment.len() <= len);
    payment
}
