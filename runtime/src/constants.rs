//! Time and money: what the feature `fast-runtime` changes, and what it does not.

use crate::{Balance, BlockNumber};
use sp_runtime::Perbill;

/// One coin, in its smallest unit: 12 decimals.
pub const UNIT: Balance = 1_000_000_000_000;
/// A thousandth of a coin.
pub const MILLIUNIT: Balance = UNIT / 1_000;
/// A millionth of a coin.
pub const MICROUNIT: Balance = UNIT / 1_000_000;

/// What is held for each program and each registration on chain.
pub const DEPOSIT_BASE: Balance = 100 * MILLIUNIT;
/// What is held besides for each of its bytes: a program of the largest size holds a hundred coins,
/// a registration of the largest (33 kB) three, an ordinary one less than a fifth of a coin.
pub const DEPOSIT_PER_BYTE: Balance = 100 * MICROUNIT;

/// What an account must hold to exist.
pub const EXISTENTIAL_DEPOSIT: Balance = MILLIUNIT;

/// Chooses between the value that is meant for use and the one for tests on real nodes.
const fn normal_or_fast(normal: u32, fast: u32) -> u32 {
    if cfg!(feature = "fast-runtime") {
        fast
    } else {
        normal
    }
}

/// Length of a BABE slot, and so the time from one block to the next, milliseconds. The fast one
/// leaves five nodes on two busy cores enough time to import a block before the next.
pub const MILLISECS_PER_BLOCK: u64 = normal_or_fast(6_000, 2_000) as u64;

/// Blocks per minute.
pub const MINUTES: BlockNumber = 60_000 / (MILLISECS_PER_BLOCK as BlockNumber);
/// Blocks per hour.
pub const HOURS: BlockNumber = MINUTES * 60;

/// Length of an epoch, which is a session: an hour, or 40 s.
pub const EPOCH_DURATION_IN_BLOCKS: BlockNumber = normal_or_fast(HOURS, 20);

/// Sessions per era: an era takes six hours, or two minutes.
pub const SESSIONS_PER_ERA: u32 = normal_or_fast(6, 3);
/// Eras that stake stays bonded after it has been withdrawn: seven days, or six minutes.
pub const BONDING_DURATION: u32 = normal_or_fast(28, 3);
/// Eras before a slash takes effect, in which root can cancel it. As long as it can be: staking files a
/// slash under the era of the offence and this, and does not look back, so that with fewer eras what is
/// reported late would never be taken.
pub const SLASH_DEFER_DURATION: u32 = normal_or_fast(BONDING_DURATION - 1, 0);

/// Blocks that a keygen attempt may take: five minutes, or four. It takes about half a minute of
/// computation on every member.
pub const KEYGEN_DEADLINE: BlockNumber = normal_or_fast(50, 120);
/// Blocks that an attempt at handing the key over may take: five minutes, or two.
pub const RESHARE_DEADLINE: BlockNumber = normal_or_fast(50, 60);
/// Blocks after which one member leaves the committee: a day; never in tests, which begin a rotation
/// when they want one.
pub const ROTATION_PERIOD: BlockNumber = normal_or_fast(14_400, 0);
/// Blocks for which a report without proof counts: an hour, or 200 s.
pub const REPORT_WINDOW: BlockNumber = normal_or_fast(600, 100);
/// Blocks in which a challenge must be answered: half an hour, or half a minute.
pub const CHALLENGE_WINDOW: BlockNumber = normal_or_fast(300, 15);
/// How many blocks old a request to the signers may be: two minutes.
pub const FRESHNESS_WINDOW: BlockNumber = 2 * MINUTES;

/// Computation time for one block, milliseconds: a third of the slot, or half of it, since the worst
/// report with a proof takes as long whatever the slot.
pub const BLOCK_COMPUTATION_MILLISECS: u64 = normal_or_fast(2_000, 1_000) as u64;

/// The part of a block's weight and length that ordinary extrinsics may fill.
pub const NORMAL_DISPATCH_RATIO: Perbill = Perbill::from_percent(75);

/// Most bytes in a block. Ordinary extrinsics get 75% of it: three programs of the largest size.
pub const MAX_BLOCK_LENGTH: u32 = 5 * 1024 * 1024;

/// The share of slots that have a primary author. The others have a secondary one.
pub const PRIMARY_PROBABILITY: (u64, u64) = (1, 4);

/// The most validators there can be.
pub const MAX_AUTHORITIES: u32 = 100;

const _: () = assert!(SLASH_DEFER_DURATION < BONDING_DURATION);
