//! The signer service in this node: its flags, and its view of the chain.

mod chain;
mod cli;
mod endpoint;

pub(crate) use cli::{ResolvedSignerConfig, SignerOptions, TerminalPrompt};

use crate::service::{FullClient, TransactionPool};
use sc_service::{Error as ServiceError, TaskManager};
use sp_keystore::KeystorePtr;
use std::sync::Arc;
