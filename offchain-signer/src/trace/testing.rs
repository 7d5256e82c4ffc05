//! What is logged, for tests.
#![allow(clippy::unwrap_used)]

use std::{
    io,
    sync::{Mutex, OnceLock},
};
use tracing_subscriber::{filter::filter_fn, fmt, prelude::*, registry};

static WRITTEN: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Written;

impl io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        WRITTEN.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes down from now on what this crate logs, of all tests: the work is done on many threads.
pub(crate) fn listen() {
    static LISTENING: OnceLock<()> = OnceLock::new();
    LISTENING.get_or_init(|| {
        let lines = fmt::layer().with_ansi(false).with_writer(|| Written);
        let own = filter_fn(|metadata| metadata.target().starts_with("offchain_signer"));
        registry().with(lines.with_filter(own)).init();
    });
}

/// The lines so far that have this in them, each with the spans that it was said in.
pub(crate) fn lines_with(text: &str) -> Vec<String> {
    let written = String::from_utf8_lossy(&WRITTEN.lock().unwrap()).into_owned();
    let lines = written.lines().filter(|line| line.contains(text));
    lines.map(ToOwned::to_owned).collect()
}
