//! A program: an Ethereum transaction may only go to configured addresses.
//!
//! The message is the transaction's signing payload: what a wallet hashes with keccak-256 and
//! signs. EIP-1559 and EIP-2930 payloads and legacy ones, with the chain id of EIP-155 or without,
//! are read; everything else is refused: other transaction types, `personal_sign` texts, EIP-712
//! data, EIP-7702 authorizations, and transactions that create a contract.
//!
//! Configuration, JSON (its schema: `config.schema.json`):
//!
//! ```json
//! {"allow": ["0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045"]}
//! ```
//!
//! Only the recipient is looked at. If a token contract is on the list, then so is every call of
//! it, such as a transfer to anyone: list accounts, or write a program that reads the call data.
//!
//! # Why what was decoded is encoded again
//!
//! alloy's decoder for legacy transactions is lenient on purpose: it takes a string header for a
//! list header, and ignores the last two fields. Such bytes are no signing payload of the decoded
//! transaction. So the decoded transaction is encoded for signing and must be the message, byte by
//! byte. Then the signature is good for this transaction and for no other.
#![no_std]

extern crate alloc;

use alloc::vec::Vec;

use alloy_consensus::{SignableTransaction, Transaction, TxEip1559, TxEip2930, TxLegacy};
use alloy_primitives::{Address, TxKind};
use alloy_rlp::Decodable;
use miniserde::json::{self, Value};
use signing_program_sdk::{ensure, program, Refusal, Request};

program!(evaluate);

/// Allows a transaction to an address of the configuration.
pub fn evaluate(request: &Request<'_>) -> Result<(), Refusal> {
    let allowed = read_config(request.config)?;
    match read_recipient(request.message)? {
        TxKind::Create => Err("the transaction creates a contract".into()),
        TxKind::Call(to) => {
            ensure!(
                allowed.contains(&to),
                "the recipient is not on the allow list"
            );
            Ok(())
        }
    }
}

/// The addresses of the configuration. One that cannot be read spoils them all: better no
/// signature than a list that its owner did not mean.
fn read_config(config: &[u8]) -> Result<Vec<Address>, Refusal> {
    parse_config(config).ok_or_else(|| "the configuration is not {\"allow\": [\"0x…\"]}".into())
}

fn parse_config(config: &[u8]) -> Option<Vec<Address>> {
    let Value::Object(fields) = json::from_str(core::str::from_utf8(config).ok()?).ok()? else {
        return None;
    };
    let Some(Value::Array(allow)) = fields.get("allow").filter(|_| fields.len() == 1) else {
        return None;
    };
    allow
        .iter()
        .map(|address| match address {
            Value::String(text) if text.starts_with("0x") => text.parse().ok(),
            _ => None,
        })
        .collect()
}

/// The recipient of the transaction whose signing payload this is.
fn read_recipient(payload: &[u8]) -> Result<TxKind, Refusal> {
    match payload {
        [0x01, fields @ ..] => recipient_of::<TxEip2930>(fields, payload),
        [0x02, fields @ ..] => recipient_of::<TxEip1559>(fields, payload),
        // An RLP list: no typed transaction begins so (EIP-2718).
        [0xc0..=0xff, ..] => recipient_of::<TxLegacy>(payload, payload),
        _ => Err("the message is not a legacy, EIP-2930 or EIP-1559 transaction".into()),
    }
}

/// The recipient of the `Tx` in `fields`, if `payload` is exactly its signing payload.
fn recipient_of<Tx>(mut fields: &[u8], payload: &[u8]) -> Result<TxKind, Refusal>
where
    Tx: Decodable + SignableTransaction<alloy_primitives::Signature> + Transaction,
{
    let transaction =
        Tx::decode(&mut fields).map_err(|_| Refusal::new("the transaction cannot be decoded"))?;
    ensure!(
        transaction.encoded_for_signing() == payload,
        "the message is not the transaction's signing payload"
    );
    Ok(transaction.kind())
}

#[cfg(test)]
mod tests;
