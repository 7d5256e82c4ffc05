//! The instruments that the tests measure with: what they would miss, the tests would miss.

use crate::key_stores::{open_copy, PASSWORD};
use base64::engine::{
    general_purpose::{STANDARD, URL_SAFE},
    Engine,
};
use network_tests::{Direction, Found, Needles, Recording, Stream};
use offchain_signer::key_store::{KeyStore, Password};
use sp_core::H256;
use std::{
    sync::mpsc::{self, TryRecvError},
    thread,
};

const SECRET: [u8; 32] = [
    201, 17, 5, 88, 143, 62, 250, 9, 33, 178, 77, 104, 215, 1, 96, 44, 160, 55, 238, 119, 20, 83,
    190, 71, 6, 131, 222, 48, 99, 12, 167, 240,
];

fn forms_in(haystack: &[u8]) -> Vec<&'static str> {
    let mut needles = Needles::default();
    needles.add("secret", &SECRET);
    let mut found = Found::new();
    needles.find("here", haystack, &mut found);
    found.into_keys().map(|(_, form)| form).collect()
}

/// Whatever a log line or a protocol could make of a secret, at any offset.
#[test]
fn every_form_is_found_wherever_it_stands() {
    let backwards: Vec<u8> = SECRET.iter().rev().copied().collect();
    let middle = SECRET.get(5..27).unwrap();
    for secret in [&SECRET[..], &backwards, middle] {
        for before in 0..7 {
            let among = |text: &[u8]| [&vec![b'7'; before], text, b"7"].concat();
            assert_eq!(forms_in(&among(secret)), ["raw"]);
            assert_eq!(forms_in(&among(hex::encode(secret).as_bytes())), ["hex"]);
            let upper = hex::encode_upper(secret);
            assert_eq!(forms_in(&among(upper.as_bytes())), ["hex"]);
            for list in [
                format!("{secret:?}"),
                serde_json::to_string(secret).unwrap(),
            ] {
                assert_eq!(forms_in(&among(list.as_bytes())), ["decimal"]);
            }
            // Encoded together with what stands before it.
            for engine in [&STANDARD, &URL_SAFE] {
                let text = engine.encode(among(secret));
                assert_eq!(forms_in(text.as_bytes()), ["base64"]);
            }
        }
    }
}

#[test]
fn what_is_not_there_is_not_found() {
    let mut other = SECRET;
    for byte in other.iter_mut().step_by(8) {
        *byte ^= 1;
    }
    assert!(forms_in(&other).is_empty());
    assert!(forms_in(hex::encode(other).as_bytes()).is_empty());
    assert!(forms_in(&[0; 4096]).is_empty());
    assert!(forms_in(b"").is_empty());
}

#[test]
#[should_panic(expected = "too short or too plain")]
fn what_cannot_be_looked_for_is_told() {
    Needles::default().add("zeros", &[0; 32]);
}

#[test]
fn frames_are_unmasked_and_control_frames_left_out() {
    let mut bytes = b"GET /ws HTTP/1.1\r\nUpgrade: websocket\r\n\r\n".to_vec();
    bytes.extend([0x82, 0x83, 1, 2, 3, 4, b'a' ^ 1, b'b' ^ 2, b'c' ^ 3]);
    bytes.extend([0x89, 0x01, b'x']);
    bytes.extend([0x82, 0x7e, 0x00, 0x80]);
    bytes.extend([b'd'; 128]);
    // Cut off.
    bytes.extend([0x82, 0x05, b'e']);
    let recording = Recording {
        streams: vec![
            Stream {
                signer: 0,
                direction: Direction::ToSigner,
                bytes,
            },
            Stream {
                signer: 0,
                direction: Direction::ToSigner,
                bytes: b"POST /user/relay_tx HTTP/1.1\r\n\r\n".to_vec(),
            },
        ],
    };
    let sockets = recording.websockets().unwrap();
    assert_eq!(sockets.len(), 1);
    assert_eq!(sockets[0].bytes, [&b"abc"[..], &[b'd'; 128]].concat());
}

/// Nodes write their stores whenever they have something to keep.
#[test]
fn a_store_is_read_while_it_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key-store.redb");
    let genesis = H256::repeat_byte(1);
    let store = KeyStore::open(&file, &Password::new(PASSWORD.into()), genesis).unwrap();
    let key = store.x25519_public();
    let copies: u32 = thread::scope(|scope| {
        let (_stop, stopped) = mpsc::channel::<()>();
        let store = &store;
        scope.spawn(move || {
            while stopped.try_recv() == Err(TryRecvError::Empty) {
                store.put_report("a report", &[7; 20_000]).unwrap();
            }
        });
        let copies = (0..20).map(|_| {
            let (copy, copies) = open_copy(&file, genesis);
            assert_eq!(copy.x25519_public(), key);
            copies
        });
        copies.sum()
    });
    println!("20 stores out of {copies} copies");
}
