//! Account ids as people write them.

use blake2::{Blake2b512, Digest};

/// The longest text that [`parse`] looks at: base-58 decoding takes quadratic time. An SS58
/// address has at most 50 characters, hexadecimal with `0x` has 66.
const MAX_LEN: usize = 66;

/// An account id from `0x` and 64 hexadecimal digits, or from an SS58 address of any network.
pub(crate) fn parse(text: &str) -> Option<[u8; 32]> {
    if text.len() > MAX_LEN {
        return None;
    }
    match text.strip_prefix("0x") {
        Some(digits) => {
            let mut account = [0; 32];
            hex::decode_to_slice(digits, &mut account).ok()?;
            Some(account)
        }
        None => parse_ss58(text),
    }
}

/// SS58: base-58 of a network prefix of one or two bytes, the account id, and two bytes of
/// BLAKE2b-512 over "SS58PRE" and all before them.
fn parse_ss58(text: &str) -> Option<[u8; 32]> {
    let bytes = bs58::decode(text).into_vec().ok()?;
    let (body, checksum) = bytes.split_last_chunk::<2>()?;
    let digest = Blake2b512::new()
        .chain_update(b"SS58PRE")
        .chain_update(body)
        .finalize();
    if digest.first_chunk() != Some(checksum) {
        return None;
    }
    let (prefix, account) = body.split_last_chunk()?;
    match prefix {
        [0..=63] | [64..=127, _] => Some(*account),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use super::*;
    use alloc::{string::String, vec::Vec};

    const ALICE_HEX: &str = "0xd43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d";

    /// Addresses made by other software, of the same account.
    #[test]
    fn addresses_of_several_networks_are_read() {
        let alice = parse(ALICE_HEX).unwrap();
        for address in [
            "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY",
            "15oF4uVJwmo4TdGW7VfQxNLavjCXviqxT9S1MgbjMNHr6Sp5",
            "HNZata7iMYWmk5RvZRTiAsSDhV8366zq2YGb3tLH5Upf74F",
        ] {
            assert_eq!(parse(address), Some(alice), "{address}");
        }
    }

    #[test]
    fn a_prefix_of_two_bytes_is_read() {
        let account = [3; 32];
        let address = |prefix: &[u8]| {
            let mut bytes: Vec<u8> = [prefix, &account].concat();
            let digest = Blake2b512::new()
                .chain_update(b"SS58PRE")
                .chain_update(&bytes)
                .finalize();
            bytes.extend_from_slice(&digest[..2]);
            bs58::encode(bytes).into_string()
        };
        assert_eq!(parse(&address(&[64, 1])), Some(account));
        assert_eq!(parse(&address(&[42])), Some(account));
        assert_eq!(parse(&address(&[])), None);
        assert_eq!(parse(&address(&[64])), None);
        assert_eq!(parse(&address(&[42, 0])), None);
        assert_eq!(parse(&address(&[128, 0])), None);
        assert_eq!(parse(&address(&[64, 1, 1])), None);
    }

    #[test]
    fn a_wrong_character_or_length_is_noticed() {
        let good = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
        for position in 0..good.len() {
            let mut bad: Vec<u8> = good.into();
            bad[position] = if bad[position] == b'A' { b'B' } else { b'A' };
            // Two bytes of checksum let one change in 65,536 pass; none of these does.
            assert_eq!(parse(&String::from_utf8(bad).unwrap()), None, "{position}");
        }
        for bad in [
            "",
            "0x",
            "0",
            "5",
            ALICE_HEX.strip_prefix("0x").unwrap(),
            &ALICE_HEX[..64],
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
        assert_eq!(parse(&"1".repeat(4000)), None);
    }
}
