//! What operators do with a live network, and what happens to it, while users go on asking.
//!
//! ```text
//! place            a network with a user on it
//! definitions      the networks that zombienet/*.toml define start and sign
//! rolling_restart  every node is restarted, one after the other
//! join             a validator joins from nothing, gets a seat, signs, and leaves
//! runtime_upgrade  the runtime is replaced by one that stores something otherwise
//! partition        two of seven are cut off for a while
//! warp_sync        a node that has lost its database gets the chain from the others' proofs
//! pruning          nodes that keep all states, and one that keeps few
//! soak             an hour of load, with a kill every three minutes
//! ```
//!
//! All but one are run by `scripts/test operations`.

mod definitions;
mod join;
mod partition;
mod place;
mod pruning;
mod rolling_restart;
mod runtime_upgrade;
mod soak;
mod warp_sync;
