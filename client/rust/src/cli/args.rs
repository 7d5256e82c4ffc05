//! What may be said on the command line.

use super::values::{
    parse_account, parse_address, parse_auxiliary, parse_digest, parse_endpoint, parse_hash,
    parse_hex, parse_instance, parse_program_key, parse_report, parse_url, parse_verifying_key,
    parse_wei, Auxiliary, Bytes, Instance, ReportId, Secret,
};
use alloy_primitives::{Address, U256};
use clap::{Args, Parser, Subcommand};
use signing_client::{AccountId, HashChoice, ProgramKey, VerifyingKey};
use std::path::PathBuf;

/// Exit codes, shown with the top-level help.
const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  failed: no connection, a transaction that failed, a file that is no program, …
  2  the command line is wrong
  3  the network refused to sign; the error's code says why
  4  there is a signature, or a proof of cheating, but it could not be verified
  5  a proof of cheating was checked, and the chain says something else of it

Example:
  signing-cli --url ws://127.0.0.1:9944 status --json";

/// Have the signing network sign: deploy programs, register keys, sign messages
#[derive(Debug, Parser)]
#[command(name = "signing-cli", version, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What holds for every command.
#[derive(Args, Debug)]
pub(crate) struct Global {
    /// The node's RPC server
    #[arg(
        long,
        env = "SIGNING_URL",
        default_value = "ws://127.0.0.1:9944",
        value_parser = parse_url,
        global = true
    )]
    pub(crate) url: String,
    /// Print one JSON object on standard output, also for errors
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Show no progress on standard error
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show the network: phase, committee, validators; with --json parameters, too
    #[command(after_help = "Example:\n  signing-cli status --json")]
    Status,
    /// Show the committee: members, standbys, hand-overs and their deadlines, challenges
    #[command(after_help = "Example:\n  signing-cli committee --json")]
    Committee,
    /// List what was reported of validators and what came of it, and check reports
    #[command(subcommand, after_help = "Example:\n  signing-cli faults list")]
    Faults(FaultsCommand),
    /// Deploy, list, remove and check programs
    #[command(subcommand, after_help = "Example:\n  signing-cli program list")]
    Program(ProgramCommand),
    /// Make a key that programs guard, against a deposit by the byte
    #[command(after_help = "\
Examples:
  signing-cli register --suri //Alice --program 0x5e6f…=@config.json
  signing-cli register --key-file key --program 0x5e6f… --program 0x9a0b…='{\"limit\":3}'")]
    Register(RegisterArgs),
    /// Show, change and remove registrations
    #[command(
        subcommand,
        after_help = "Example:\n  signing-cli registration show 0x02ab…"
    )]
    Registration(RegistrationCommand),
    /// Have a message signed, and verify the signature
    #[command(after_help = "\
Examples:
  signing-cli sign --suri //Alice --verifying-key 0x02ab… 'hello'
  signing-cli sign --suri //Alice --verifying-key 0x02ab… --hex 0x02f86c… --json
  signing-cli sign --key-file key --verifying-key 0x02ab… --hash sha2 --file letter.txt
  echo -n hello | signing-cli sign --suri //Alice --verifying-key 0x02ab… --stdin

The exit code is 0 only if the signature recovers to the verifying key over the digest that was
computed here, and a threshold of the committee vouches for it. Only the program knows the digest of
a custom hash: give it with --digest, or the signature is printed with exit code 4.")]
    Sign(SignArgs),
    /// Build Ethereum transactions to sign, and assemble the signed ones
    #[command(
        subcommand,
        after_help = "Example:\n  signing-cli ethereum payload --to 0x7099… --value 1ether --chain-id 1 --nonce 0 --max-fee 30gwei"
    )]
    Ethereum(EthereumCommand),
}

/// `faults`
#[derive(Debug, Subcommand)]
pub(crate) enum FaultsCommand {
    /// List the faults that were reported in the last finalized blocks, and what followed
    #[command(after_help = "Example:\n  signing-cli faults list --blocks 14400 --json")]
    List(FaultsListArgs),
    /// Show a report as it was made; a proof of cheating is checked again on this machine
    #[command(after_help = "\
Examples:
  signing-cli faults show 8312
  signing-cli faults show 8312-2 --node target/release/signing-node --json

A proof is checked by `signing-node check-evidence`. The exit code is 5 if it says something else
than the chain, and 4 if that cannot be told.")]
    Show(FaultsShowArgs),
}

/// `faults list`
#[derive(Args, Debug)]
pub(crate) struct FaultsListArgs {
    /// How many finalized blocks to look through. A node keeps the events of 256, unless it runs with
    /// --state-pruning
    #[arg(long, default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) blocks: u32,
}

/// `faults show`
#[derive(Args, Debug)]
pub(crate) struct FaultsShowArgs {
    /// The block, and which of its extrinsics, as `faults list` shows them
    #[arg(value_name = "BLOCK[-INDEX]", value_parser = parse_report)]
    pub(crate) report: ReportId,
    /// The node's binary, which checks evidence; the one beside this program or on the PATH, unless
    /// given
    #[arg(long, env = "SIGNING_NODE", value_name = "FILE")]
    pub(crate) node: Option<PathBuf>,
}

/// The variables that name the key, if the command line does not. Not clap's: its structs do not tell what comes
/// from where.
pub(crate) const SURI: &str = "SIGNING_SURI";
pub(crate) const KEY_FILE: &str = "SIGNING_KEY_FILE";

/// The key that signs transactions and requests.
#[derive(Args, Debug)]
pub(crate) struct KeyArgs {
    /// Secret URI of the sr25519 key: a mnemonic, a 0x… seed or //Alice. Arguments are visible to
    /// other users of this machine: prefer the variable, or --key-file [env: SIGNING_SURI]
    #[arg(long)]
    pub(crate) suri: Option<Secret>,
    /// File that holds the secret URI [env: SIGNING_KEY_FILE]
    #[arg(long, value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,
}

/// How far a transaction is followed.
#[derive(Args, Debug)]
pub(crate) struct WaitArgs {
    /// Return when the transaction is in a block, though that block may yet be abandoned
    #[arg(long)]
    pub(crate) no_finality: bool,
}

/// `program`
#[derive(Debug, Subcommand)]
pub(crate) enum ProgramCommand {
    /// Deploy a program, against a deposit by the byte
    #[command(after_help = "\
Example:
  signing-cli program deploy allow-list.wasm --suri //Alice \\
      --config-schema allow-list.config.schema.json")]
    Deploy(DeployArgs),
    /// List all programs
    #[command(after_help = "Example:\n  signing-cli program list --json")]
    List,
    /// Remove a program of yours that nobody uses; the deposit is released
    #[command(after_help = "Example:\n  signing-cli program remove 0x5e6f… --suri //Alice")]
    Remove(RemoveArgs),
    /// Check a file before it is deployed, without a node
    ///
    /// Checks size, validity, imports, exports and memory. What the program does, and whether its
    /// fuel suffices, only the signers' engine can tell: test it with the program SDK.
    #[command(after_help = "Example:\n  signing-cli program check allow-list.wasm")]
    Check(CheckArgs),
}

/// `program deploy`
#[derive(Args, Debug)]
pub(crate) struct DeployArgs {
    /// The WebAssembly module
    pub(crate) file: PathBuf,
    /// JSON schema of an instance's configuration
    #[arg(long, value_name = "FILE")]
    pub(crate) config_schema: Option<PathBuf>,
    /// JSON schema of a request's auxiliary data
    #[arg(long, value_name = "FILE")]
    pub(crate) auxiliary_data_schema: Option<PathBuf>,
    /// Name of oracle data that the program is given; may be repeated
    #[arg(long = "oracle-key", value_name = "NAME")]
    pub(crate) oracle_keys: Vec<String>,
    #[command(flatten)]
    pub(crate) key: KeyArgs,
    #[command(flatten)]
    pub(crate) wait: WaitArgs,
}

/// `program remove`
#[derive(Args, Debug)]
pub(crate) struct RemoveArgs {
    /// The program's key
    #[arg(value_parser = parse_program_key)]
    pub(crate) program: ProgramKey,
    #[command(flatten)]
    pub(crate) key: KeyArgs,
    #[command(flatten)]
    pub(crate) wait: WaitArgs,
}

/// `program check`
#[derive(Args, Debug)]
pub(crate) struct CheckArgs {
    /// The WebAssembly module
    pub(crate) file: PathBuf,
}

/// Programs of a registration.
#[derive(Args, Debug)]
pub(crate) struct ProgramsArgs {
    /// A program that must say yes, and its configuration: text, 0x… or @FILE; may be repeated.
    /// Whether the program can use the configuration shows at the first signature
    #[arg(
        long = "program",
        value_name = "KEY[=CONFIG]",
        required = true,
        value_parser = parse_instance
    )]
    pub(crate) programs: Vec<Instance>,
}

/// `register`
#[derive(Args, Debug)]
pub(crate) struct RegisterArgs {
    #[command(flatten)]
    pub(crate) programs: ProgramsArgs,
    /// Account that may change the programs, SS58 or 0x…; yours, unless given
    #[arg(long, value_name = "ACCOUNT", value_parser = parse_account)]
    pub(crate) owner: Option<AccountId>,
    #[command(flatten)]
    pub(crate) key: KeyArgs,
    #[command(flatten)]
    pub(crate) wait: WaitArgs,
}

/// `registration`
#[derive(Debug, Subcommand)]
pub(crate) enum RegistrationCommand {
    /// Show a registration: owner, index, deposit, programs
    #[command(after_help = "Example:\n  signing-cli registration show 0x02ab… --json")]
    Show(ShowArgs),
    /// Replace the programs of a registration that you own
    #[command(after_help = "\
Example:
  signing-cli registration change-programs 0x02ab… --program 0x5e6f…=@config.json --suri //Alice")]
    ChangePrograms(ChangeProgramsArgs),
    /// Hand a registration that you own to another account
    #[command(after_help = "\
Example:
  signing-cli registration change-owner 0x02ab… --owner 5FHneW46… --suri //Alice")]
    ChangeOwner(ChangeOwnerArgs),
    /// Remove a registration that you own; the deposit is released to its depositor
    ///
    /// There is no way back, and no question first: the network never signs with the key again.
    /// What the key alone controls, such as the balance of its address, is lost. Move it first.
    #[command(after_help = "Example:\n  signing-cli registration remove 0x02ab… --suri //Alice")]
    Remove(DeregisterArgs),
}

/// `registration show`
#[derive(Args, Debug)]
pub(crate) struct ShowArgs {
    /// The registration's verifying key
    #[arg(value_parser = parse_verifying_key)]
    pub(crate) verifying_key: VerifyingKey,
}

/// `registration change-programs`
#[derive(Args, Debug)]
pub(crate) struct ChangeProgramsArgs {
    /// The registration's verifying key
    #[arg(value_parser = parse_verifying_key)]
    pub(crate) verifying_key: VerifyingKey,
    #[command(flatten)]
    pub(crate) programs: ProgramsArgs,
    #[command(flatten)]
    pub(crate) key: KeyArgs,
    #[command(flatten)]
    pub(crate) wait: WaitArgs,
}

/// `registration change-owner`
#[derive(Args, Debug)]
pub(crate) struct ChangeOwnerArgs {
    /// The registration's verifying key
    #[arg(value_parser = parse_verifying_key)]
    pub(crate) verifying_key: VerifyingKey,
    /// The new owner, SS58 or 0x…
    #[arg(long, value_name = "ACCOUNT", value_parser = parse_account)]
    pub(crate) owner: AccountId,
    #[command(flatten)]
    pub(crate) key: KeyArgs,
    #[command(flatten)]
    pub(crate) wait: WaitArgs,
}

/// `registration remove`
#[derive(Args, Debug)]
pub(crate) struct DeregisterArgs {
    /// The registration's verifying key
    #[arg(value_parser = parse_verifying_key)]
    pub(crate) verifying_key: VerifyingKey,
    #[command(flatten)]
    pub(crate) key: KeyArgs,
    #[command(flatten)]
    pub(crate) wait: WaitArgs,
}

/// `sign`
#[derive(Args, Debug)]
#[command(group = clap::ArgGroup::new("what").required(true).multiple(false))]
pub(crate) struct SignArgs {
    /// The registration's verifying key
    #[arg(
        long,
        env = "SIGNING_VERIFYING_KEY",
        value_name = "KEY",
        value_parser = parse_verifying_key
    )]
    pub(crate) verifying_key: VerifyingKey,
    /// The message, as text. Put -- before one that may begin with a dash, or use --stdin
    #[arg(group = "what")]
    pub(crate) message: Option<String>,
    /// The message, as hex
    #[arg(long, group = "what", value_name = "HEX", value_parser = parse_hex)]
    pub(crate) hex: Option<Bytes>,
    /// Read the message from a file
    #[arg(long, group = "what", value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// Read the message from standard input
    #[arg(long, group = "what")]
    pub(crate) stdin: bool,
    /// How the message becomes a digest: keccak, sha2, sha3, blake2_256, identity (the message is
    /// the digest), or custom:N (the hash of the registration's N-th program, counted from 0)
    #[arg(long, default_value = "keccak", value_parser = parse_hash)]
    pub(crate) hash: HashChoice,
    /// What a program is given besides: text, 0x…, @FILE, or none; once for each program, in order
    #[arg(long = "auxiliary-data", value_name = "DATA", value_parser = parse_auxiliary)]
    pub(crate) auxiliary_data: Vec<Auxiliary>,
    /// The digest to verify against, where it cannot be computed here: with a custom hash
    #[arg(long, value_name = "HEX", value_parser = parse_digest)]
    pub(crate) digest: Option<Digest>,
    /// Ask this relayer, host:port, in place of a random one
    #[arg(long, value_name = "ENDPOINT", value_parser = parse_endpoint)]
    pub(crate) relayer: Option<String>,
    /// How long one relayer may take, in seconds
    #[arg(long, default_value_t = 60, value_name = "SECONDS")]
    pub(crate) timeout: u64,
    #[command(flatten)]
    pub(crate) key: KeyArgs,
}

/// The 32 bytes that are signed.
pub(crate) type Digest = [u8; 32];

/// `ethereum`
#[derive(Debug, Subcommand)]
pub(crate) enum EthereumCommand {
    /// Build an EIP-1559 transaction's signing payload: what `sign --hex` takes
    #[command(after_help = "\
Example:
  signing-cli ethereum payload --to 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 --value 0.1ether \\
    --chain-id 1 --nonce 0 --max-fee 30gwei --max-priority-fee 1gwei")]
    Payload(PayloadArgs),
    /// Assemble the signed transaction and recover its sender from it
    #[command(after_help = "\
Example:
  signing-cli ethereum recover --payload 0x02f86c… --signature 0x… --expect 0x7099…")]
    Recover(RecoverArgs),
}

/// `ethereum payload`
#[derive(Args, Debug)]
pub(crate) struct PayloadArgs {
    /// The receiver's address
    #[arg(long, value_name = "ADDRESS", value_parser = parse_address)]
    pub(crate) to: Address,
    /// What to transfer: wei, or with a unit as in 0.5ether or 20gwei
    #[arg(long, value_name = "AMOUNT", default_value = "0", value_parser = parse_wei)]
    pub(crate) value: U256,
    /// The chain's id
    #[arg(long, value_name = "ID")]
    pub(crate) chain_id: u64,
    /// How many transactions the sender has made
    #[arg(long)]
    pub(crate) nonce: u64,
    /// The most that a unit of gas may cost
    #[arg(long, value_name = "AMOUNT", value_parser = parse_wei)]
    pub(crate) max_fee: U256,
    /// The most that a unit of gas may tip
    #[arg(long, value_name = "AMOUNT", default_value = "0", value_parser = parse_wei)]
    pub(crate) max_priority_fee: U256,
    /// The most gas that it may use
    #[arg(long, value_name = "GAS", default_value_t = 21_000)]
    pub(crate) gas_limit: u64,
    /// Call data
    #[arg(long, value_name = "HEX", default_value = "0x", value_parser = parse_hex)]
    pub(crate) data: Bytes,
}

/// `ethereum recover`
#[derive(Args, Debug)]
pub(crate) struct RecoverArgs {
    /// What `ethereum payload` printed
    #[arg(long, value_name = "HEX", value_parser = parse_hex)]
    pub(crate) payload: Bytes,
    /// r ‖ s ‖ v, 65 bytes, as `sign` prints it
    #[arg(long, value_name = "HEX", value_parser = parse_hex)]
    pub(crate) signature: Bytes,
    /// Fail unless this is the sender
    #[arg(long, value_name = "ADDRESS", value_parser = parse_address)]
    pub(crate) expect: Option<Address>,
}

#[cfg(test)]
mod tests;
