//! `faults`
//!
//! ```text
//! list    events ─► accusations, each with what followed
//! show    block ─► report ─► `signing-node check-evidence` ─► does the chain say the same?
//! ```

mod evidence;
mod list;
mod show;

use super::{
    args::{FaultsCommand, Global},
    failure::Failure,
    report::Report,
};

pub(crate) async fn run(global: &Global, command: FaultsCommand) -> Result<Report, Failure> {
    match command {
        FaultsCommand::List(args) => list::list(global, args).await,
        FaultsCommand::Show(args) => show::show(global, args).await,
    }
}

/// A part of a stake that the chain gives in billionths.
fn percent(billionths: u32) -> String {
    let (whole, rest) = (billionths / 10_000_000, billionths % 10_000_000);
    let decimals = format!("{rest:07}");
    match decimals.trim_end_matches('0') {
        "" => format!("{whole} %"),
        decimals => format!("{whole}.{decimals} %"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_exact() {
        for (part, text) in [
            (0, "0 %"),
            (1, "0.0000001 %"),
            (1_000_000, "0.1 %"),
            (100_000_000, "10 %"),
            (1_000_000_000, "100 %"),
        ] {
            assert_eq!(percent(part), text);
        }
    }
}
