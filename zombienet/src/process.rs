//! What the kernel says of a node's process (proc(5)).

use crate::network::Validator;
use std::{fs, time::Duration};

/// In how many parts of a second the kernel tells when a process has begun.
const TICKS: f64 = 100.0;

impl Validator {
    /// Resident memory of its process, bytes.
    pub fn resident_memory(&self) -> Option<u64> {
        self.memory("VmRSS:")
    }

    /// The most of it that there has been since the process began, bytes.
    pub fn peak_memory(&self) -> Option<u64> {
        self.memory("VmHWM:")
    }

    /// What there is of it but for files, bytes: of those of the chain's database there is more and more in
    /// memory, which the kernel takes back when it needs it.
    pub fn own_memory(&self) -> Option<u64> {
        self.memory("RssAnon:")
    }

    fn memory(&self, what: &str) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid?)).ok()?;
        let line = status.lines().find(|line| line.starts_with(what))?;
        line.split_whitespace()
            .nth(1)?
            .parse::<u64>()
            .ok()
            .map(|kib| kib * 1024)
    }

    /// For how long its process has been running.
    pub fn age(&self) -> Option<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid?)).ok()?;
        // The 22nd field. The second one is a name in brackets, in which there may be anything.
        let (_, after_name) = stat.rsplit_once(')')?;
        let begun: f64 = after_name.split_whitespace().nth(19)?.parse().ok()?;
        let uptime = fs::read_to_string("/proc/uptime").ok()?;
        let now: f64 = uptime.split_whitespace().next()?.parse().ok()?;
        Duration::try_from_secs_f64(now - begun / TICKS).ok()
    }
}
