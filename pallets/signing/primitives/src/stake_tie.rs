//! What ties a validator's stake, and its `signing` key, to where they are.

use core::fmt;

/// Why a validator can neither withdraw stake, nor stop being one, nor change its `signing` key. The
/// runtime refuses such a transaction with `InvalidTransaction::Custom` and the code.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub enum StakeTie {
    /// It holds a share of the generation in force.
    HoldsShare = 101,
    /// It is to hold a share: an attempt at keygen or resharing is running.
    ToHoldShare = 102,
    /// It has to answer a challenge.
    Challenged = 103,
}

impl StakeTie {
    const ALL: [Self; 3] = [Self::HoldsShare, Self::ToHoldShare, Self::Challenged];

    /// The number in the refusal.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// What a refusal's number means.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|tie| tie.code() == code)
    }
}

/// What to do, and until when.
impl fmt::Display for StakeTie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::HoldsShare => {
                "the validator holds a share of the network key: call signing.leaveCommittee, unless it \
                 has lost its seat already, and try again when the next generation is in force, \
                 without it; `signing-cli committee` shows the members"
            }
            Self::ToHoldShare => {
                "the validator is about to get a share of the network key: try again when the attempt \
                 is over, or call signing.leaveCommittee when it is a member; `signing-cli committee` \
                 shows the attempt and its deadline"
            }
            Self::Challenged => {
                "the validator has to answer a challenge: run its node until it has, or wait until it is punished; \
                 `signing-cli committee` shows the last block in which it can answer"
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_told_apart() {
        for tie in StakeTie::ALL {
            assert_eq!(StakeTie::from_code(tie.code()), Some(tie));
        }
        assert_eq!(StakeTie::HoldsShare.code(), 101);
        for other in [0, 1, 100, 104, 255] {
            assert_eq!(StakeTie::from_code(other), None);
        }
    }
}
