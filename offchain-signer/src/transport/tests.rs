//! The mesh as a whole: in memory with injected time, against hostile peers, and on real sockets.

mod attacks;
mod cut;
mod lifecycle;
mod messages;
mod network;
mod sockets;
mod speed;
