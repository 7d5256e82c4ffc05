//! `signer inspect`.

use super::{ask::read_backup, place::StoreArgs, CommandError};
use crate::signer::password::{OpenFile, PromptPassword};
use offchain_signer::key_store::{Backup, KeyStore, Overview, SessionKey, Summary};
use sc_cli::SubstrateCli;
use serde_json::{json, Value};
use std::{
    io::Write,
    path::{Path, PathBuf},
};

/// Show what a key store or a backup holds, without its secrets.
///
/// Without FILE it is the node's key store, and the node must be stopped.
#[derive(Debug, clap::Parser)]
#[command(after_help = "Examples:
  signing-node signer inspect --chain chain.json --base-path /var/lib/signing-node
  signing-node signer inspect --backup-password-file backup.pass --json signer.backup")]
pub(crate) struct InspectCmd {
    #[clap(flatten)]
    store: StoreArgs,

    /// File with the password of the backup; without it the command asks for it.
    #[arg(long, value_name = "FILE")]
    backup_password_file: Option<PathBuf>,

    /// One JSON object.
    #[arg(long)]
    json: bool,

    /// A backup.
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
}

impl InspectCmd {
    pub(super) fn run<N: SubstrateCli>(
        &self,
        node: &N,
        prompt: &dyn PromptPassword,
        out: &mut dyn Write,
    ) -> Result<(), CommandError> {
        let told = match &self.file {
            Some(file) => self.backup(file, prompt)?,
            None => {
                let place = self.store.locate(node)?;
                let store = place.open(prompt)?;
                let of = json!({
                    "kind": "key store",
                    "file": place.store.display().to_string(),
                    "format": KeyStore::FORMAT,
                });
                both(of, overview(&store.contents()?.overview()?))
            }
        };
        match self.json {
            true => writeln!(out, "{told}")?,
            false => write!(out, "{}", text(&told))?,
        }
        Ok(())
    }

    fn backup(&self, file: &Path, prompt: &dyn PromptPassword) -> Result<Value, CommandError> {
        let password_file = self.backup_password_file.as_deref();
        // Of which chain it is, nobody says.
        let backup = read_backup(file, password_file, OpenFile::Refuse, prompt)?;
        let keys = backup.session_keys().iter().map(session_key);
        let of = json!({
            "kind": "backup",
            "file": file.display().to_string(),
            "format": Backup::FORMAT,
            "made_at": backup.made_at(),
            "session_keys": keys.collect::<Vec<_>>(),
        });
        Ok(both(of, overview(&backup.overview()?)))
    }
}

/// The fields of both objects.
fn both(one: Value, other: Value) -> Value {
    let fields = |value| match value {
        Value::Object(fields) => fields,
        _ => serde_json::Map::new(),
    };
    fields(one).into_iter().chain(fields(other)).collect()
}

fn hex(bytes: impl AsRef<[u8]>) -> String {
    format!("0x{}", hex::encode(bytes))
}

fn overview(held: &Overview) -> Value {
    json!({
        "genesis_hash": hex(held.genesis_hash),
        "x25519_public_key": hex(held.x25519_public),
        "shares": held.shares.iter().map(share).collect::<Vec<_>>(),
        "auxiliary_information": held
            .aux_info
            .iter()
            .map(|info| json!({
                "attempt": info.attempt,
                "party": hex(info.owner.as_bytes()),
                "parties": info.parties.len(),
            }))
            .collect::<Vec<_>>(),
        "reports": held.reports,
    })
}

fn share(share: &Summary) -> Value {
    let members = share.members.iter().map(|member| hex(member.as_bytes()));
    json!({
        "state": if share.generation.is_some() { "active" } else { "pending" },
        "generation": share.generation,
        "attempt": share.attempt,
        "party": hex(share.owner.as_bytes()),
        "verifying_key": hex(share.verifying_key),
        "threshold": share.threshold,
        "members": members.collect::<Vec<_>>(),
        "commitment": hex(share.commitment),
    })
}

fn session_key(key: &SessionKey) -> Value {
    json!({
        "type": String::from_utf8_lossy(&key.key_type),
        "public_key": hex(key.public),
    })
}

/// The same for people: one fact a line.
fn text(told: &Value) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: String| text.push_str(&format!("{name:24}{value}\n"));
    let word = |value: &Value| match value {
        Value::String(word) => word.clone(),
        other => other.to_string(),
    };
    for (name, key) in [
        ("what", "kind"),
        ("file", "file"),
        ("format", "format"),
        ("genesis hash", "genesis_hash"),
        ("x25519 public key", "x25519_public_key"),
        ("made at (seconds, 1970)", "made_at"),
    ] {
        if let Some(value) = told.get(key) {
            line(name, word(value));
        }
    }
    let list = |key| {
        told.get(key)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
    };
    for share in list("shares") {
        let of = |key| share.get(key).map(&word).unwrap_or_default();
        let members = share.get("members").and_then(Value::as_array);
        let what = match of("state").as_str() {
            "active" => format!("generation {}, attempt {}", of("generation"), of("attempt")),
            _ => format!("pending, attempt {}", of("attempt")),
        };
        line("share", what);
        line("  party", of("party"));
        line("  verifying key", of("verifying_key"));
        let count = members.map_or(0, Vec::len);
        line("  signs with", format!("{} of {count}", of("threshold")));
    }
    for info in list("auxiliary_information") {
        let of = |key| info.get(key).map(&word).unwrap_or_default();
        let what = format!("attempt {}, {} parties", of("attempt"), of("parties"));
        line("auxiliary information", what);
    }
    if let Some(reports) = told.get("reports") {
        line("reports kept", word(reports));
    }
    for key in list("session_keys") {
        let of = |name| key.get(name).map(&word).unwrap_or_default();
        line(
            "session key",
            format!("{} {}", of("type"), of("public_key")),
        );
    }
    text
}
