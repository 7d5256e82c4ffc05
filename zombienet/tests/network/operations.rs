//! What operators do with a live network, and what happens to it, while users go on asking.
//!
//! ```text
//! definitions      the networks that zombienet/*.toml define start and sign
//! many_users       eight users at once are all answered
//! rolling_restart  every node is restarted, one after the other
//! join             a validator joins from nothing, gets a seat, signs, and leaves
//! runtime_upgrade  the runtime is replaced by one that stores something otherwise
//! partition        two of seven are cut off for a while
//! warp_sync        a node that has lost its database gets the chain from the others' proofs
//! pruning          nodes that keep all states, and one that keeps few
//! soak             an hour of load, with a kill every three minutes
//! ```
//!
//! `scripts/test operations` has all but `soak`, which is `scripts/test operations soak`. What
//! `rolling_restart` does, every run of the tests does to the network of the main path (`signing`).

mod definitions;
mod join;
mod many_users;
mod partition;
mod pruning;
pub(crate) mod rolling_restart;
mod runtime_upgrade;
mod soak;
mod warp_sync;
