//! How the pallets are configured, by concern.

mod consensus;
mod money;
mod signing;
mod staking;
mod system;

pub use money::FeesToAuthor;
pub use signing::{ActiveEra, SlashStake};
pub use staking::OnChainElection;
