//! Tests of the signing network on real node processes.
//!
//! [`Network`] is `scripts/network` in a temporary folder: the processes, ports and data of one
//! test, all gone when it is dropped. The tests are in `tests/network`; they need the node, the
//! command-line client and the example programs to be built (`scripts/build`), as `scripts/test`
//! sees to. They share two cores with five nodes each, so they run one at a time
//! ([`Network::start`] waits for its turn).

mod browser;
mod events;
mod needles;
mod network;
mod peer;
mod process;
mod reason;
mod recorder;
mod relay;
mod rpc;

// The generated file has public items without documentation.
#[allow(dead_code, missing_docs, unreachable_pub)]
mod upgraded {
    include!(concat!(env!("OUT_DIR"), "/upgraded_runtime_binary.rs"));
}

pub use browser::{Browser, Page, Screen};
pub use events::{Event, Events};
pub use needles::{Found, Needles};
pub use network::{repository, target, Committee, Network, Role, Status, Validator};
pub use peer::{Channel, Claim, Handshake, Socket, Target, HEARTBEAT, LAST_PART, PART, PART_BYTES};
pub use recorder::{Direction, Recording, Stream};
pub use relay::{ask, envelope, relay, Answer, Ask};
pub use rpc::{Encoded, Rpc, RpcError};
pub use signing_runtime::VERSION as RUNTIME_VERSION;
pub use upgraded::WASM_BINARY as UPGRADED_RUNTIME;
