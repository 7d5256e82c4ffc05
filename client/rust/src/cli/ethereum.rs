//! `ethereum`: transactions to sign, and signed ones. All encoding and recovery is alloy's.

use super::{
    args::{EthereumCommand, PayloadArgs, RecoverArgs},
    failure::Failure,
    report::{hex, Report},
};
use alloy_consensus::{transaction::RlpEcdsaDecodableTx, SignableTransaction, Signed, TxEip1559};
use alloy_primitives::{Bytes, Signature, TxKind, U256};
use serde_json::json;

/// What an EIP-1559 transaction begins with.
const TYPE: u8 = 2;

pub(crate) fn run(command: EthereumCommand) -> Result<Report, Failure> {
    match command {
        EthereumCommand::Payload(args) => payload(args),
        EthereumCommand::Recover(args) => recover(&args),
    }
}

fn payload(args: PayloadArgs) -> Result<Report, Failure> {
    let fee = |amount: U256| u128::try_from(amount).map_err(|_| Failure::FeeTooLarge);
    // No node of Ethereum takes such a one (EIP-1559).
    if args.max_priority_fee > args.max_fee {
        return Err(Failure::TipAboveFee);
    }
    let transaction = TxEip1559 {
        chain_id: args.chain_id,
        nonce: args.nonce,
        gas_limit: args.gas_limit,
        max_fee_per_gas: fee(args.max_fee)?,
        max_priority_fee_per_gas: fee(args.max_priority_fee)?,
        to: TxKind::Call(args.to),
        value: args.value,
        access_list: Default::default(),
        input: Bytes::from(args.data.0),
    };
    let payload = hex(transaction.encoded_for_signing());
    let signing_hash = hex(transaction.signature_hash());
    let json = json!({ "payload": payload, "signing_hash": signing_hash });
    Ok(Report::new(json)
        .field("payload", payload)
        .field("signing hash", signing_hash))
}

fn recover(args: &RecoverArgs) -> Result<Report, Failure> {
    let transaction = decode(&args.payload.0)?;
    let signature = Signature::from_raw(&args.signature.0).map_err(|_| Failure::NotASignature)?;
    if signature.normalize_s().is_some() {
        return Err(Failure::NotASignature);
    }
    let mut raw = Vec::new();
    transaction.into_signed(signature).eip2718_encode(&mut raw);

    // As a node does that receives it: from the raw bytes and nothing else.
    let received = Signed::<TxEip1559>::eip2718_decode(&mut raw.as_slice())
        .map_err(|_| Failure::NotAPayload)?;
    let sender = received
        .recover_signer()
        .map_err(|_| Failure::NotASignature)?;
    if let Some(expected) = args.expect.filter(|expected| *expected != sender) {
        return Err(Failure::OtherSender {
            found: sender,
            expected,
        });
    }
    let (raw, transaction_hash) = (hex(&raw), hex(received.hash()));
    let sender = sender.to_checksum(None);
    let json = json!({ "raw": raw, "sender": sender, "transaction_hash": transaction_hash });
    Ok(Report::new(json)
        .field("raw", raw)
        .field("sender", sender)
        .field("transaction hash", transaction_hash))
}

/// Reads back what [`payload`] wrote, all of it.
fn decode(payload: &[u8]) -> Result<TxEip1559, Failure> {
    let (kind, mut fields) = payload.split_first().ok_or(Failure::NotAPayload)?;
    if *kind != TYPE {
        return Err(Failure::NotAPayload);
    }
    let transaction = TxEip1559::rlp_decode(&mut fields).map_err(|_| Failure::NotAPayload)?;
    if !fields.is_empty() || transaction.encoded_for_signing() != payload {
        return Err(Failure::NotAPayload);
    }
    Ok(transaction)
}
