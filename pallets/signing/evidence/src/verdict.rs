//! What a check of evidence comes to.

use codec::{Decode, Encode};
use scale_info::TypeInfo;

/// What a check of evidence comes to.
///
/// Crosses from the node to the runtime as a number, so what the numbers mean belongs to the
/// version of the host function.
#[derive(Clone, Copy, Debug, Decode, Encode, Eq, PartialEq, TypeInfo)]
pub enum Verdict {
    /// The accused cheated.
    Proven,
    /// Nothing is proven.
    Rejected(Rejection),
}

/// Why evidence proves nothing.
#[derive(Clone, Copy, Debug, Decode, Encode, Eq, PartialEq, TypeInfo)]
#[repr(u8)]
#[non_exhaustive]
pub enum Rejection {
    /// The report is longer than [`MAX_REPORT_BYTES`](crate::MAX_REPORT_BYTES).
    TooLong = 1,
    /// The bytes are no report, or more than one.
    Malformed = 2,
    /// Subject and nonces make no session id.
    NoSession = 3,
    /// The public shares or the auxiliary information are not those of the subject.
    WrongData = 4,
    /// The accused, or another party that the proof is about, does not take part in the session.
    NotAParticipant = 5,
    /// There is no such round, or not for this kind of proof.
    WrongRound = 6,
    /// A message is not signed by whom it should be, for this session, round and part.
    WrongSignature = 7,
    /// The messages are in order, or do not belong together.
    NotProven = 8,
    /// The check could not be made: the numbers in it made the library panic.
    Panicked = 9,
}

impl Rejection {
    const ALL: [Self; 9] = [
        Self::TooLong,
        Self::Malformed,
        Self::NoSession,
        Self::WrongData,
        Self::NotAParticipant,
        Self::WrongRound,
        Self::WrongSignature,
        Self::NotProven,
        Self::Panicked,
    ];
}

impl From<Verdict> for u32 {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Proven => 0,
            Verdict::Rejected(reason) => reason as u32,
        }
    }
}

impl TryFrom<u32> for Verdict {
    type Error = ();

    fn try_from(code: u32) -> Result<Self, ()> {
        match code {
            0 => Ok(Self::Proven),
            code => Rejection::ALL
                .into_iter()
                .find(|reason| *reason as u32 == code)
                .map(Self::Rejected)
                .ok_or(()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn crosses_to_the_runtime_and_back() {
        let rejections = Rejection::ALL.map(Verdict::Rejected);
        for (code, verdict) in [Verdict::Proven].into_iter().chain(rejections).enumerate() {
            assert_eq!(u32::from(verdict), code as u32);
            assert_eq!(Verdict::try_from(code as u32), Ok(verdict));
        }
        assert_eq!(Verdict::try_from(10), Err(()));
        assert_eq!(Verdict::try_from(u32::MAX), Err(()));
    }
}
