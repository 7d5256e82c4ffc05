//! Results.

use serde_json::Value;
use std::process::ExitCode;

/// What a command found or did: lines for people, one object for programs.
pub(crate) struct Report {
    lines: Vec<String>,
    json: Value,
    exit_code: u8,
}

impl Report {
    pub(crate) fn new(json: Value) -> Self {
        Self {
            lines: Vec::new(),
            json,
            exit_code: 0,
        }
    }

    /// Adds `name  value`.
    pub(crate) fn field(mut self, name: &str, value: impl std::fmt::Display) -> Self {
        self.lines.push(format!("{name:<15}{value}"));
        self
    }

    /// Adds a line.
    pub(crate) fn line(mut self, line: impl Into<String>) -> Self {
        self.lines.push(line.into());
        self
    }

    /// Prints as usual, and exits with something other than 0.
    pub(crate) fn exit_with(mut self, code: u8) -> Self {
        self.exit_code = code;
        self
    }

    #[cfg(test)]
    pub(crate) fn exit_code(&self) -> u8 {
        self.exit_code
    }

    #[cfg(test)]
    pub(crate) fn json(&self) -> &Value {
        &self.json
    }

    pub(crate) fn print(&self, json: bool) -> ExitCode {
        if json {
            println!("{}", self.json);
        } else {
            for line in &self.lines {
                println!("{line}");
            }
        }
        ExitCode::from(self.exit_code)
    }
}

/// Bytes as hex with `0x`.
pub(crate) fn hex(bytes: impl AsRef<[u8]>) -> String {
    format!("0x{}", hex::encode(bytes))
}

/// How many decimals a coin has on this network.
const DECIMALS: u32 = 12;

/// An amount in the smallest unit, as coins.
pub(crate) fn coins(amount: u128) -> String {
    let unit = 10u128.pow(DECIMALS);
    let (whole, rest) = (amount / unit, amount % unit);
    let decimals = format!("{rest:0width$}", width = DECIMALS as usize);
    match decimals.trim_end_matches('0') {
        "" => format!("{whole} coins"),
        decimals => format!("{whole}.{decimals} coins"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact() {
        for (amount, text) in [
            (0, "0 coins"),
            (1, "0.000000000001 coins"),
            (113_900_000_000, "0.1139 coins"),
            (1_000_000_000_000, "1 coins"),
            (100_050_000_000_000, "100.05 coins"),
            (u128::MAX, "340282366920938463463374607.431768211455 coins"),
        ] {
            assert_eq!(coins(amount), text);
        }
    }
}
