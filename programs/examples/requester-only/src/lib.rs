//! A program: only configured accounts may ask for a signature.
//!
//! Configuration, JSON (its schema: `config.schema.json`); accounts as SS58 addresses of any
//! network, or as 32 bytes of hexadecimal with `0x`:
//!
//! ```json
//! {"accounts": ["5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"]}
//! ```
//!
//! The message may be anything. Put other programs beside this one to restrict it.
#![no_std]

extern crate alloc;

mod account;

use alloc::vec::Vec;

use miniserde::json::{self, Value};
use signing_program_sdk::{ensure, program, Refusal, Request};

program!(evaluate);

/// Allows what an account of the configuration asks for.
pub fn evaluate(request: &Request<'_>) -> Result<(), Refusal> {
    let accounts = read_config(request.config)?;
    ensure!(
        accounts.contains(request.requester),
        "this account may not ask"
    );
    Ok(())
}

/// The accounts of the configuration. One that cannot be read spoils them all.
fn read_config(config: &[u8]) -> Result<Vec<[u8; 32]>, Refusal> {
    parse_config(config)
        .ok_or_else(|| "the configuration is not {\"accounts\": [\"5… or 0x…\"]}".into())
}

fn parse_config(config: &[u8]) -> Option<Vec<[u8; 32]>> {
    let Value::Object(fields) = json::from_str(core::str::from_utf8(config).ok()?).ok()? else {
        return None;
    };
    let Some(Value::Array(accounts)) = fields.get("accounts").filter(|_| fields.len() == 1) else {
        return None;
    };
    accounts
        .iter()
        .map(|account| match account {
            Value::String(text) => account::parse(text),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use super::*;
    use signing_program_sdk::testing::TestRequest;

    /// Alice, of the well-known development accounts.
    const ALICE: [u8; 32] = [
        0xd4, 0x35, 0x93, 0xc7, 0x15, 0xfd, 0xd3, 0x1c, 0x61, 0x14, 0x1a, 0xbd, 0x04, 0xa9, 0x9f,
        0xd6, 0x82, 0x2c, 0x85, 0x58, 0x85, 0x4c, 0xcd, 0xe3, 0x9a, 0x56, 0x84, 0xe7, 0xa5, 0x6d,
        0xa2, 0x7d,
    ];
    const SS58: &str = r#"{"accounts": ["5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"]}"#;
    const HEX: &str = r#"{"accounts":
        ["0xd43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d"]}"#;

    #[test]
    fn only_a_configured_account_may_ask() {
        for config in [SS58, HEX] {
            let request = TestRequest::new("anything").config(config);
            assert_eq!(request.clone().requester(ALICE).evaluate(evaluate), Ok(()));
            let mut stranger = ALICE;
            stranger[31] ^= 1;
            for account in [stranger, [0; 32]] {
                let refusal = request
                    .clone()
                    .requester(account)
                    .evaluate(evaluate)
                    .unwrap_err();
                assert_eq!(refusal.text(), "this account may not ask");
            }
        }
    }

    #[test]
    fn a_configuration_that_is_not_understood_allows_nobody() {
        let good = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
        for config in [
            "".into(),
            "{}".into(),
            r#"{"accounts": []}"#.into(),
            r#"{"accounts": null}"#.into(),
            alloc::format!(r#"{{"accounts": "{good}"}}"#),
            alloc::format!(r#"{{"accounts": ["{good}", ""]}}"#),
            alloc::format!(r#"{{"accounts": ["{good}"], "other": 1}}"#),
        ] {
            let request = TestRequest::new("anything")
                .requester(ALICE)
                .config(&config);
            assert!(request.evaluate(evaluate).is_err(), "{config}");
        }
    }

    #[test]
    fn the_schema_fits_the_chain_and_the_program() {
        let schema = include_str!("../config.schema.json");
        assert!(schema.len() <= 4096);
        let schema: serde_json::Value = serde_json::from_str(schema).unwrap();
        for example in schema["examples"].as_array().unwrap() {
            let example = serde_json::to_vec(example).unwrap();
            assert!(read_config(&example).is_ok());
        }
    }
}
