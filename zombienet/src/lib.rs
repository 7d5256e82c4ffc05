//! Tests of the signing network on real node processes.
//!
//! [`Network`] is `scripts/network` in a temporary folder: the processes, ports and data of one
//! test, all gone when it is dropped. The tests are in `tests/network`; they need the node, the
//! command-line client and the example programs to be built (`scripts/build`), as `scripts/test`
//! sees to. They share two cores with five nodes each, so they run one at a time
//! ([`Network::start`] waits for its turn).

mod events;
mod network;
mod relay;

pub use events::{Event, Events};
pub use network::{Network, Role, Status, Validator};
pub use relay::{ask, envelope, relay, Answer, Ask};
