//! How single values are written on the command line.

use alloy_primitives::{utils::parse_units, Address, U256};
use signing_client::{
    AccountId, BlockNumber, HashChoice, ProgramInstance, ProgramKey, VerifyingKey,
};
use signing_primitives::is_plausible_endpoint;
use sp_core::{crypto::Ss58Codec, H256};
use std::{fmt, path::PathBuf};
use zeroize::Zeroizing;

/// A secret on the command line: silent in `Debug`, and wiped.
#[derive(Clone)]
pub(crate) struct Secret(Zeroizing<String>);

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl Secret {
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret")
    }
}

/// Bytes. (A type of its own: clap reads `Vec` as "may be repeated".)
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Bytes(pub(crate) Vec<u8>);

/// Bytes that are written here, or in a file that is read later.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Source {
    Bytes(Vec<u8>),
    File(PathBuf),
}

/// A program of a registration.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Instance {
    pub(crate) program: ProgramKey,
    pub(crate) config: Source,
}

/// What one program is given besides the message.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Auxiliary(pub(crate) Option<Source>);

/// A report on the chain: a block, and which of its extrinsics.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct ReportId {
    pub(crate) block: BlockNumber,
    pub(crate) index: Option<u32>,
}

impl fmt::Display for ReportId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.index {
            Some(index) => write!(formatter, "{}-{index}", self.block),
            None => write!(formatter, "{}", self.block),
        }
    }
}

pub(crate) fn parse_report(text: &str) -> Result<ReportId, ValueError> {
    let number = |digits: &str| match digits.bytes().all(|byte| byte.is_ascii_digit()) {
        true => digits.parse().map_err(|_| ValueError::Report),
        false => Err(ValueError::Report),
    };
    let (block, index) = match text.split_once('-') {
        Some((block, index)) => (number(block)?, Some(number(index)?)),
        None => (number(text)?, None),
    };
    Ok(ReportId { block, index })
}

/// A value is not written as it should be.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ValueError {
    #[error("not hex: {0}")]
    Hex(#[from] hex::FromHexError),
    #[error("expected {expected} bytes of hex, found {found}")]
    Length { expected: usize, found: usize },
    #[error("not an account: expected SS58 such as 5GrwvaEF…, or 0x and 32 bytes of hex")]
    Account,
    #[error("not a report: expected BLOCK or BLOCK-INDEX, as `faults list` shows them")]
    Report,
    #[error("no such hash; there are keccak, sha2, sha3, blake2_256, identity and custom:N")]
    Hash,
    #[error("a SHA-1 digest has 20 bytes and cannot be signed")]
    Sha1,
    #[error("not an amount: expected wei, or a number and a unit as in 0.5ether or 20gwei")]
    Amount,
    #[error("not an Ethereum address: expected 0x and 20 bytes of hex")]
    Address,
    #[error("the address's checksum is wrong (EIP-55): is it mistyped? Without one it is all lower case")]
    Checksum,
    #[error("not a node's RPC server: expected ws://HOST:PORT or wss://HOST:PORT")]
    Url,
    #[error("not a signer's endpoint: expected HOST:PORT, as `status` shows it")]
    Endpoint,
}

/// A file's bytes cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SourceError {
    #[error("cannot read {}", path.display())]
    Unreadable {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("the configuration has {found} bytes; at most 4096 are allowed")]
    ConfigTooLong { found: usize },
}

impl Source {
    /// `@FILE`, `0x…`, or text.
    fn parse(text: &str) -> Result<Self, ValueError> {
        if let Some(path) = text.strip_prefix('@') {
            Ok(Self::File(path.into()))
        } else if let Some(digits) = text.strip_prefix("0x") {
            Ok(Self::Bytes(hex::decode(digits)?))
        } else {
            Ok(Self::Bytes(text.into()))
        }
    }

    pub(crate) fn read(self) -> Result<Vec<u8>, SourceError> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            Self::File(path) => read_file(path),
        }
    }
}

pub(crate) fn read_file(path: PathBuf) -> Result<Vec<u8>, SourceError> {
    std::fs::read(&path).map_err(|source| SourceError::Unreadable { path, source })
}

impl Instance {
    pub(crate) fn read(self) -> Result<ProgramInstance, SourceError> {
        let config = self.config.read()?;
        let found = config.len();
        Ok(ProgramInstance {
            program: self.program,
            config: config
                .try_into()
                .map_err(|_| SourceError::ConfigTooLong { found })?,
        })
    }
}

pub(crate) fn parse_hex(text: &str) -> Result<Bytes, ValueError> {
    Ok(Bytes(hex::decode(text.strip_prefix("0x").unwrap_or(text))?))
}

fn parse_array<const N: usize>(text: &str) -> Result<[u8; N], ValueError> {
    let bytes = parse_hex(text)?.0;
    let found = bytes.len();
    bytes
        .try_into()
        .map_err(|_| ValueError::Length { expected: N, found })
}

pub(crate) fn parse_digest(text: &str) -> Result<[u8; 32], ValueError> {
    parse_array(text)
}

pub(crate) fn parse_verifying_key(text: &str) -> Result<VerifyingKey, ValueError> {
    parse_array(text)
}

pub(crate) fn parse_program_key(text: &str) -> Result<ProgramKey, ValueError> {
    parse_array(text).map(H256)
}

pub(crate) fn parse_account(text: &str) -> Result<AccountId, ValueError> {
    if text.starts_with("0x") {
        return parse_array(text).map(AccountId::new);
    }
    AccountId::from_ss58check_with_version(text)
        .map(|(account, _)| account)
        .map_err(|_| ValueError::Account)
}

/// `KEY`, or `KEY=CONFIG`.
pub(crate) fn parse_instance(text: &str) -> Result<Instance, ValueError> {
    let (program, config) = match text.split_once('=') {
        Some((program, config)) => (program, Source::parse(config)?),
        None => (text, Source::Bytes(Vec::new())),
    };
    Ok(Instance {
        program: parse_program_key(program)?,
        config,
    })
}

/// `none`, or as [`Source::parse`].
pub(crate) fn parse_auxiliary(text: &str) -> Result<Auxiliary, ValueError> {
    match text {
        "none" => Ok(Auxiliary(None)),
        _ => Source::parse(text).map(|source| Auxiliary(Some(source))),
    }
}

/// Where a node's RPC server is.
pub(crate) fn parse_url(text: &str) -> Result<String, ValueError> {
    let schemes = ["ws://", "wss://"].into_iter();
    let mut hosts = schemes.filter_map(|scheme| text.strip_prefix(scheme));
    match hosts.any(|host| !host.is_empty()) {
        true => Ok(text.into()),
        false => Err(ValueError::Url),
    }
}

/// Where a signer's HTTP API is, as the chain names it.
pub(crate) fn parse_endpoint(text: &str) -> Result<String, ValueError> {
    match is_plausible_endpoint(text.as_bytes()) {
        true => Ok(text.into()),
        false => Err(ValueError::Endpoint),
    }
}

pub(crate) fn parse_hash(text: &str) -> Result<HashChoice, ValueError> {
    if let Some(index) = text.strip_prefix("custom:") {
        let index = index.parse().map_err(|_| ValueError::Hash)?;
        return Ok(HashChoice::Custom(index));
    }
    match text {
        "keccak" => Ok(HashChoice::Keccak),
        "sha2" => Ok(HashChoice::Sha2),
        "sha3" => Ok(HashChoice::Sha3),
        "blake2_256" => Ok(HashChoice::Blake2_256),
        "identity" => Ok(HashChoice::Identity),
        "sha1" => Err(ValueError::Sha1),
        _ => Err(ValueError::Hash),
    }
}

/// The reverse of [`parse_hash`].
pub(crate) fn hash_name(choice: HashChoice) -> String {
    match choice {
        HashChoice::Sha1 => "sha1".into(),
        HashChoice::Sha2 => "sha2".into(),
        HashChoice::Sha3 => "sha3".into(),
        HashChoice::Keccak => "keccak".into(),
        HashChoice::Blake2_256 => "blake2_256".into(),
        HashChoice::Identity => "identity".into(),
        HashChoice::Custom(index) => format!("custom:{index}"),
    }
}

pub(crate) fn parse_wei(text: &str) -> Result<U256, ValueError> {
    let (number, unit) = match text.find(|c: char| c.is_ascii_alphabetic()) {
        Some(at) => text.split_at(at),
        None => (text, "wei"),
    };
    let decimals = match unit {
        "wei" => 0,
        "gwei" => 9,
        "ether" => 18,
        _ => return Err(ValueError::Amount),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    // alloy drops digits beyond the unit's; here they are a mistake.
    let exact = fraction.len() <= decimals || fraction == "0";
    if !digits(whole) || !digits(fraction) || !exact {
        return Err(ValueError::Amount);
    }
    parse_units(number, unit)
        .map(|amount| amount.get_absolute())
        .map_err(|_| ValueError::Amount)
}

/// An address of letters in both cases has a checksum.
pub(crate) fn parse_address(text: &str) -> Result<Address, ValueError> {
    let address: Address = text.parse().map_err(|_| ValueError::Address)?;
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let has_checksum = digits != digits.to_lowercase() && digits != digits.to_uppercase();
    if has_checksum && address.to_checksum(None) != format!("0x{digits}") {
        return Err(ValueError::Checksum);
    }
    Ok(address)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn addresses_are_of_the_kind_that_is_asked_for() {
        for url in ["ws://127.0.0.1:9944", "wss://node.example.org"] {
            assert_eq!(parse_url(url).unwrap(), url);
        }
        for other in ["", "ws://", "127.0.0.1:9944", "http://127.0.0.1:9955"] {
            assert!(matches!(parse_url(other), Err(ValueError::Url)));
        }
        let endpoint = "127.0.0.1:9955";
        assert_eq!(parse_endpoint(endpoint).unwrap(), endpoint);
        for other in ["", "host", "http://host:80"] {
            assert!(matches!(parse_endpoint(other), Err(ValueError::Endpoint)));
        }
    }

    #[test]
    fn a_mistyped_ethereum_address_is_none() {
        // The first example of EIP-55.
        let address = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
        for same in [
            address.to_owned(),
            address[2..].to_owned(),
            address.to_lowercase(),
            format!("0x{}", address[2..].to_uppercase()),
        ] {
            assert_eq!(parse_address(&same).unwrap().to_checksum(None), address);
        }
        for mistyped in [
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAee",
            "0x5aaeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        ] {
            assert!(matches!(parse_address(mistyped), Err(ValueError::Checksum)));
        }
        for other in ["", "0x", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeA"] {
            assert!(matches!(parse_address(other), Err(ValueError::Address)));
        }
    }

    #[test]
    fn instances() {
        let key = format!("0x{}", "ab".repeat(32));
        let parse = |suffix: &str| parse_instance(&format!("{key}{suffix}")).unwrap().config;
        assert_eq!(parse(""), Source::Bytes(vec![]));
        assert_eq!(parse("="), Source::Bytes(vec![]));
        assert_eq!(
            parse("={\"a\":\"b=c\"}"),
            Source::Bytes(b"{\"a\":\"b=c\"}".to_vec())
        );
        assert_eq!(parse("=0x0102"), Source::Bytes(vec![1, 2]));
        assert_eq!(parse("=@file.json"), Source::File("file.json".into()));
        assert!(parse_instance("0xab").is_err());
        assert!(parse_instance(&format!("{key}=0xzz")).is_err());
    }

    #[test]
    fn a_configuration_that_is_too_long() {
        let instance = Instance {
            program: H256::zero(),
            config: Source::Bytes(vec![0; 4097]),
        };
        assert!(matches!(
            instance.read(),
            Err(SourceError::ConfigTooLong { found: 4097 })
        ));
    }

    #[test]
    fn hashes_are_read_as_they_are_written() {
        for name in [
            "keccak",
            "sha2",
            "sha3",
            "blake2_256",
            "identity",
            "custom:3",
        ] {
            assert_eq!(hash_name(parse_hash(name).unwrap()), name);
        }
        for name in ["sha1", "md5", "custom", "custom:", "custom:-1", "Keccak"] {
            assert!(parse_hash(name).is_err(), "{name}");
        }
    }

    #[test]
    fn accounts() {
        let alice = parse_account("5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY").unwrap();
        let hex = format!("0x{}", hex::encode(AsRef::<[u8]>::as_ref(&alice)));
        assert_eq!(parse_account(&hex).unwrap(), alice);
        for text in ["", "0x", "5GrwvaEF", "//Alice"] {
            assert!(parse_account(text).is_err(), "{text}");
        }
    }

    #[test]
    fn amounts() {
        let wei = |text| parse_wei(text).unwrap();
        assert_eq!(wei("0"), U256::ZERO);
        assert_eq!(wei("21000"), U256::from(21_000));
        assert_eq!(wei("1.5gwei"), U256::from(1_500_000_000u64));
        assert_eq!(wei("0.1ether"), U256::from(100_000_000_000_000_000u64));
        for text in [
            "",
            "-1",
            "+1",
            "1btc",
            "ether",
            "1.5",
            ".5ether",
            "0x10",
            "0.1234567891gwei",
        ] {
            assert!(parse_wei(text).is_err(), "{text}");
        }
    }

    #[test]
    fn secrets_are_silent() {
        let secret = Secret::from(String::from("//Alice"));
        assert!(!format!("{secret:?}").contains("Alice"));
    }
}
