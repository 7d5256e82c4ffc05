//! One validator after the other misbehaves, in every way there is; the table of what comes of it.
//!
//! ```text
//! stage      a network on which scenarios are played, one after the other
//! row        what a scenario has led to, and what was expected
//! absent     validators that are gone, or cut off
//! crashing   nodes that crash wherever a share could be lost
//! cheating   signers that cheat in the protocol
//! planned    changes of the committee that are no faults
//! short      one of each, for every run of the tests; the others are run by scripts/test scenarios
//! lying      validators that say what is not so: reporters, relayers, block authors
//! ```

mod absent;
mod cheating;
mod crashing;
mod lying;
mod planned;
mod row;
mod short;
mod stage;
