//! The signer as its users see it.

mod example_programs;
mod fuel;
