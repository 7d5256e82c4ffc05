#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::*;
use alloc::{string::String, vec};
use alloy_consensus::{TxEip4844, TxEip7702};
use alloy_primitives::{address, bytes, hex, Bytes, U256};
use alloy_rlp::Encodable;
use signing_program_sdk::testing::TestRequest;

const FRIEND: Address = address!("d8dA6BF26964aF9D7eEd9e03E53415D37aA96045");
const STRANGER: Address = address!("0000000000000000000000000000000000000bad");
const CONFIG: &str = r#"{"allow": ["0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045"]}"#;

fn eip1559(to: TxKind) -> TxEip1559 {
    TxEip1559 {
        chain_id: 1,
        nonce: 7,
        gas_limit: 21_000,
        max_fee_per_gas: 20_000_000_000,
        max_priority_fee_per_gas: 1_000_000_000,
        to,
        value: U256::from(1_000_000_000_000_000_000u64),
        ..TxEip1559::default()
    }
}

fn legacy(to: TxKind, chain_id: Option<u64>) -> TxLegacy {
    TxLegacy {
        chain_id,
        nonce: 9,
        gas_price: 20_000_000_000,
        gas_limit: 21_000,
        to,
        value: U256::from(1_000_000_000_000_000_000u64),
        input: Bytes::new(),
    }
}

fn payload(transaction: &impl SignableTransaction<alloy_primitives::Signature>) -> Vec<u8> {
    transaction.encoded_for_signing()
}

fn ask(message: impl AsRef<[u8]>) -> Result<(), Refusal> {
    TestRequest::new(message).config(CONFIG).evaluate(evaluate)
}

fn refusal(message: impl AsRef<[u8]>) -> String {
    ask(message).unwrap_err().text().into()
}

#[test]
fn each_kind_of_transaction_goes_to_a_friend_only() {
    let of = |to: TxKind| {
        let eip2930 = TxEip2930 {
            chain_id: 1,
            to,
            input: bytes!("c0ffee"),
            ..TxEip2930::default()
        };
        vec![
            payload(&eip1559(to)),
            payload(&eip2930),
            payload(&legacy(to, Some(1))),
            payload(&legacy(to, Some(u64::MAX))),
            payload(&legacy(to, None)),
        ]
    };
    for message in of(FRIEND.into()) {
        assert_eq!(ask(&message), Ok(()), "{}", hex::encode(&message));
    }
    for message in of(STRANGER.into()) {
        assert_eq!(refusal(&message), "the recipient is not on the allow list");
    }
    for message in of(TxKind::Create) {
        assert_eq!(refusal(&message), "the transaction creates a contract");
    }
}

/// The example of EIP-155, whose bytes and recipient are published there.
#[test]
fn the_example_of_eip_155_is_read() {
    let message = hex!(
        "ec098504a817c800825208943535353535353535353535"
        "353535353535353535880de0b6b3a764000080018080"
    );
    let config = r#"{"allow": ["0x3535353535353535353535353535353535353535"]}"#;
    let request = TestRequest::new(message);
    assert_eq!(request.clone().config(config).evaluate(evaluate), Ok(()));
    assert!(request.config(CONFIG).evaluate(evaluate).is_err());
}

#[test]
fn other_messages_are_refused() {
    let typed = "the message is not a legacy, EIP-2930 or EIP-1559 transaction";
    let blob = payload(&TxEip4844 {
        to: FRIEND,
        ..TxEip4844::default()
    });
    let delegation = payload(&TxEip7702 {
        to: FRIEND,
        ..TxEip7702::default()
    });
    assert_eq!(refusal(blob), typed);
    assert_eq!(refusal(delegation), typed);
    assert_eq!(refusal(""), typed);
    assert_eq!(refusal([0; 32]), typed);
    assert_eq!(refusal("\x19Ethereum Signed Message:\n5hello"), typed);
    assert_eq!(refusal(b"\x19\x01"), typed);
    // An EIP-7702 authorization, and an untyped body behind the type byte of a legacy transaction.
    assert_eq!(
        refusal([&[0x05], &payload(&legacy(FRIEND.into(), None))[..]].concat()),
        typed
    );
    assert_eq!(
        refusal([&[0x00], &payload(&legacy(FRIEND.into(), None))[..]].concat()),
        typed
    );
}

#[test]
fn every_truncation_and_extension_is_refused() {
    for message in [
        payload(&eip1559(FRIEND.into())),
        payload(&legacy(FRIEND.into(), Some(1))),
    ] {
        for len in 0..message.len() {
            assert!(ask(&message[..len]).is_err(), "{len}");
        }
        for byte in [0x00, 0x80, 0xc0, 0xff] {
            assert!(ask([&message[..], &[byte]].concat()).is_err());
        }
    }
}

/// No byte of the payload can change so that the recipient is still read as the friend while the
/// bytes are not that transaction's own.
#[test]
fn a_changed_byte_gives_another_good_payload_or_a_refusal() {
    let message = payload(&legacy(FRIEND.into(), Some(1)));
    for position in 0..message.len() {
        for byte in 0..=255 {
            let mut changed = message.clone();
            changed[position] = byte;
            if ask(&changed).is_ok() {
                let decoded = TxLegacy::decode(&mut &changed[..]).unwrap();
                assert_eq!(decoded.to, FRIEND.into());
                assert_eq!(payload(&decoded), changed);
            }
        }
    }
}

/// alloy decodes these as transactions to the friend, though they are not.
#[test]
fn what_the_lenient_decoder_takes_is_refused() {
    let good = payload(&legacy(FRIEND.into(), Some(1)));
    assert_eq!(good[0], 0xc0 + (good.len() - 1) as u8);

    // The last two fields are not the zeros of EIP-155: this is a signed transaction.
    let mut signed = good.clone();
    let len = signed.len();
    signed[len - 1] = 0x01;
    signed[len - 2] = 0x01;
    assert!(TxLegacy::decode(&mut &signed[..]).is_ok());
    assert_eq!(
        refusal(&signed),
        "the message is not the transaction's signing payload"
    );

    // A string in place of a list. It does not even begin as a transaction.
    let mut string = good;
    string[0] -= 0x40;
    assert!(TxLegacy::decode(&mut &string[..]).is_ok());
    assert!(ask(&string).is_err());
}

#[test]
fn non_canonical_numbers_are_refused() {
    // nonce 9 as two bytes, 0x8109: RLP wants 0x09.
    let body = |transaction: &TxLegacy| {
        let mut out = vec![];
        transaction.encode(&mut out);
        out[1..].to_vec()
    };
    let fields = body(&legacy(FRIEND.into(), Some(1)));
    let mut message = vec![0xc0 + fields.len() as u8 + 1, 0x81, 0x09];
    message.extend_from_slice(&fields[1..]);
    assert!(ask(&message).is_err());
}

#[test]
fn a_configuration_that_is_not_understood_allows_nothing() {
    let message = payload(&eip1559(FRIEND.into()));
    let friend = "d8dA6BF26964aF9D7eEd9e03E53415D37aA96045";
    let bad = [
        "".into(),
        "{}".into(),
        "null".into(),
        "[]".into(),
        r#"{"allow": "*"}"#.into(),
        r#"{"allow": null}"#.into(),
        r#"{"allow": []}"#.into(),
        alloc::format!(r#"{{"allow": ["{friend}"]}}"#),
        alloc::format!(r#"{{"allow": ["0x{friend}00"]}}"#),
        alloc::format!(r#"{{"allow": ["0x{friend}", "0x"]}}"#),
        alloc::format!(r#"{{"allow": ["0x{friend}"], "deny": []}}"#),
        alloc::format!(r#"{{"allow": ["0x{friend}"]}} {{"#),
    ];
    for config in bad {
        let answer = TestRequest::new(&message)
            .config(&config)
            .evaluate(evaluate);
        assert!(answer.is_err(), "{config}");
    }
    let lower = alloc::format!(r#"{{"allow": ["0x{}"]}}"#, friend.to_lowercase());
    assert_eq!(
        TestRequest::new(&message).config(lower).evaluate(evaluate),
        Ok(())
    );
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
