//! Reads what a program answered.

use signing_program_sdk::abi;

use super::{limits::MAX_REFUSAL, ProgramError};

/// The answer of `evaluate`, from the bytes of its result.
pub(super) fn read_verdict(result: &[u8]) -> Result<(), ProgramError> {
    match result {
        [abi::TAG_YES] => Ok(()),
        _ => Err(read_refusal(result)),
    }
}

/// The answer of `custom_hash`, from the bytes of its result.
pub(super) fn read_hash(result: &[u8]) -> Result<[u8; 32], ProgramError> {
    match result {
        [abi::TAG_YES, hash @ ..] => hash.try_into().map_err(|_| ProgramError::MalformedResult),
        _ => Err(read_refusal(result)),
    }
}

fn read_refusal(result: &[u8]) -> ProgramError {
    match result {
        [abi::TAG_NO] => ProgramError::Refused("it gave no reason".into()),
        [abi::TAG_NO, text @ ..] => ProgramError::Refused(printable(text, MAX_REFUSAL)),
        _ => ProgramError::MalformedResult,
    }
}

/// At most `max` bytes of a stranger's text, fit for a terminal, a log and JSON: what is not UTF-8,
/// and characters that control terminals or the direction of text, are replaced.
pub(super) fn printable(text: &[u8], max: usize) -> String {
    let mut out = String::new();
    // A replacement may be longer than what it replaces: cut the output, not just the input.
    let head = text.get(..max).unwrap_or(text);
    for character in String::from_utf8_lossy(head).chars() {
        let character = match character {
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' => {
                '\u{fffd}'
            }
            '\u{feff}' => '\u{fffd}',
            '\n' | '\t' => ' ',
            control if control.is_control() => '\u{fffd}',
            plain => plain,
        };
        if out.len() + character.len_utf8() > max {
            break;
        }
        out.push(character);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_one_byte_says_yes() {
        assert!(read_verdict(&[1]).is_ok());
        for result in [&[][..], &[0], &[2], &[1, 0], &[1, 1], &[255]] {
            assert!(read_verdict(result).is_err(), "{result:?}");
        }
    }

    #[test]
    fn a_hash_has_32_bytes() {
        let mut result = vec![1];
        for len in 0..40 {
            assert_eq!(read_hash(&result).is_ok(), len == 32, "{len}");
            result.push(7);
        }
    }

    #[test]
    fn text_is_cut_and_cleaned() {
        assert_eq!(printable(b"plain", 512), "plain");
        assert_eq!(printable(b"a\nb\tc", 512), "a b c");
        assert_eq!(
            printable(b"\x1b[31mred\x07\0", 512),
            "\u{fffd}[31mred\u{fffd}\u{fffd}"
        );
        assert_eq!(printable("\u{202e}evil".as_bytes(), 512), "\u{fffd}evil");
        assert_eq!(printable(&[0xff, 0xfe, b'x'], 512), "\u{fffd}\u{fffd}x");
        for max in 0..40 {
            assert!(printable(&[0xff; 100], max).len() <= max);
            assert!(printable("ü€🦀".repeat(10).as_bytes(), max).len() <= max);
        }
    }
}
