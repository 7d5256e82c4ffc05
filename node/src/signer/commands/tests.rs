#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::*;
use crate::{
    chain_spec,
    cli::{Cli, Subcommand},
    service::genesis,
    signer::password::INSECURE_DEV_PASSWORD,
};
use clap::Parser;
use offchain_signer::key_store::{BackupError, KeyStore, KeyStoreError, Password, PasswordCost};
use serde_json::Value;
use sp_core::H256;
use std::{cell::RefCell, fs, path::PathBuf, sync::OnceLock};
use zeroize::Zeroizing;

/// What somebody types, one answer after the other.
#[derive(Default)]
struct Types(RefCell<Vec<&'static str>>);

impl PromptPassword for Types {
    fn is_possible(&self) -> bool {
        !self.0.borrow().is_empty()
    }

    fn prompt(&self, _: &str) -> Option<io::Result<Zeroizing<String>>> {
        let mut answers = self.0.borrow_mut();
        let next = (!answers.is_empty()).then(|| answers.remove(0));
        next.map(|answer| Ok(Zeroizing::new(answer.into())))
    }
}

/// The chain `local` as a raw specification, of this type; and its genesis hash.
fn chain(chain_type: &str) -> (PathBuf, H256) {
    static CHAINS: OnceLock<(tempfile::TempDir, H256)> = OnceLock::new();
    let (folder, hash) = CHAINS.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let spec = chain_spec::load("local").unwrap();
        let mut json: Value = serde_json::from_str(&spec.as_json(true).unwrap()).unwrap();
        for chain_type in ["Local", "Live"] {
            json["chainType"] = chain_type.into();
            fs::write(folder.path().join(chain_type), json.to_string()).unwrap();
        }
        let hash = genesis::hash_of(&chain_spec::load("local").unwrap()).unwrap();
        (folder, hash)
    });
    (folder.path().join(chain_type), *hash)
}

fn set_mode(path: impl AsRef<Path>, mode: u32) {
    #[cfg(unix)]
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
    #[cfg(not(unix))]
    let _ = (path, mode);
}

/// A node's folder on that chain.
struct Node {
    base: tempfile::TempDir,
    chain: PathBuf,
    genesis: H256,
}

impl Node {
    fn on(chain_type: &str) -> Self {
        let (chain, genesis) = chain(chain_type);
        Self {
            base: tempfile::tempdir().unwrap(),
            chain,
            genesis,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.base.path().join(name)
    }

    fn store(&self) -> PathBuf {
        self.path("chains/local/signer/key-store.redb")
    }

    fn open(&self, password: &str) -> Result<KeyStore, KeyStoreError> {
        let password = Password::new(password.into());
        KeyStore::open_existing(self.store(), &password, self.genesis)
    }

    /// Makes a store and two session keys.
    fn fill(&self, password: &str) -> KeyStore {
        let cost = PasswordCost::NEXT_TO_NOTHING;
        let password = Password::new(password.into());
        let store = KeyStore::open_at_cost(self.store(), &password, self.genesis, cost).unwrap();
        store.put_report("a", b"report").unwrap();
        let keystore = self.path("chains/local/keystore");
        fs::create_dir_all(&keystore).unwrap();
        for (key_type, byte) in [("7369676e", "aa"), ("62616265", "bb")] {
            let name = format!("{key_type}{}", byte.repeat(32));
            fs::write(keystore.join(name), "\"//Session phrase\"").unwrap();
        }
        store
    }

    fn password_file(&self, password: &str) -> String {
        let path = self.path(password);
        fs::write(&path, format!("{password}\n")).unwrap();
        set_mode(&path, 0o600);
        path.to_str().unwrap().into()
    }

    /// Runs `signing-node signer COMMAND …`; its output.
    fn run_typing(
        &self,
        command: &str,
        flags: &[&str],
        types: &[&'static str],
    ) -> Result<String, CommandError> {
        let place = ["--chain", self.chain.to_str().unwrap()];
        let base = ["--base-path", self.base.path().to_str().unwrap()];
        let line = ["signing-node", "signer", command];
        let line = line.iter().chain(&place).chain(&base).chain(flags);
        let cli = Cli::try_parse_from(line).unwrap();
        let Some(Subcommand::Signer(command)) = &cli.subcommand else {
            panic!("another sub-command")
        };
        let mut out = Vec::new();
        let prompt = Types(RefCell::new(types.to_vec()));
        command.run_with(&cli, &prompt, &mut out)?;
        assert!(!prompt.is_possible(), "not all was asked for");
        Ok(String::from_utf8(out).unwrap())
    }

    fn run(&self, command: &str, flags: &[&str]) -> Result<String, CommandError> {
        self.run_typing(command, flags, &[])
    }

    fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files = Vec::new();
        let mut folders = vec![self.path("chains")];
        while let Some(folder) = folders.pop() {
            let Ok(entries) = fs::read_dir(folder) else {
                continue;
            };
            for entry in entries {
                let path = entry.unwrap().path();
                match path.is_dir() {
                    true => folders.push(path),
                    // A database that is opened counts that in its own books.
                    false if path.extension().is_some_and(|e| e == "redb") => {
                        files.push((path, Vec::new()));
                    }
                    false => files.push((path.clone(), fs::read(path).unwrap())),
                }
            }
        }
        files.sort();
        files
    }
}

#[test]
fn a_lost_node_comes_back() {
    let node = Node::on("Live");
    let x25519 = node.fill("store password").x25519_public();
    let before = node.files();
    let (old, new) = (
        node.password_file("store password"),
        node.password_file("another password"),
    );
    let (backup, file) = (
        node.password_file("backup password"),
        node.path("backup").to_str().unwrap().to_owned(),
    );
    let flags = [
        "--signer-password-file",
        &old,
        "--backup-password-file",
        &backup,
        &file,
    ];
    let told = node.run("export", &flags).unwrap();
    assert!(
        told.contains("session keys 2") && told.contains("reports 1"),
        "{told}"
    );

    let inspect = ["--backup-password-file", &backup, "--json", &file];
    let told: Value = serde_json::from_str(&node.run("inspect", &inspect).unwrap()).unwrap();
    assert_eq!(told["kind"], "backup");
    assert_eq!(
        told["x25519_public_key"],
        format!("0x{}", hex::encode(x25519))
    );
    assert_eq!(
        told["genesis_hash"],
        format!("0x{}", hex::encode(node.genesis))
    );
    assert_eq!(told["session_keys"][0]["type"], "babe");
    assert_eq!(told["session_keys"].as_array().unwrap().len(), 2);

    fs::remove_dir_all(node.path("chains")).unwrap();
    // The new store may have another password than the lost one.
    let flags = [
        "--signer-password-file",
        &new,
        "--backup-password-file",
        &backup,
        &file,
    ];
    let told = node.run("import", &flags).unwrap();
    assert!(told.contains("Made ") && told.contains("2 added"), "{told}");
    assert_eq!(
        node.open("another password").unwrap().x25519_public(),
        x25519
    );
    assert_eq!(node.files(), before);
    let told = node.run("import", &flags).unwrap();
    assert!(
        told.contains("already") && told.contains("0 added"),
        "{told}"
    );

    let flags = ["--signer-password-file", &new, "--json"];
    let told: Value = serde_json::from_str(&node.run("inspect", &flags).unwrap()).unwrap();
    assert_eq!(
        (&told["kind"], &told["reports"]),
        (&"key store".into(), &1.into())
    );
    let told = node.run("inspect", &flags[..2]).unwrap();
    assert!(told.contains(&hex::encode(x25519)), "{told}");
}

#[test]
fn passwords_are_typed_twice_where_something_is_sealed() {
    let node = Node::on("Live");
    node.fill("store password");
    let file = node.path("backup").to_str().unwrap().to_owned();
    let typed = ["store password", "backup password", "backup passwerd"];
    let mistyped = node.run_typing("export", &[&file], &typed);
    assert!(matches!(mistyped, Err(CommandError::Mistyped)));
    assert!(!node.path("backup").exists());
    let typed = ["store password", "backup password", "backup password"];
    node.run_typing("export", &[&file], &typed).unwrap();
    fs::remove_dir_all(node.path("chains")).unwrap();
    let typed = ["backup password", "new password", "new password"];
    node.run_typing("import", &[&file], &typed).unwrap();
    node.open("new password").unwrap();
    // There is a store now.
    let typed = ["backup password", "new password"];
    node.run_typing("import", &[&file], &typed).unwrap();
    let typed = ["new password", "newer password", "newer password"];
    node.run_typing("change-password", &[], &typed).unwrap();
    node.open("newer password").unwrap();

    for (command, flags) in [("export", vec![&*file, "--force"]), ("inspect", vec![])] {
        let silent = node.run(command, &flags);
        assert!(
            matches!(silent, Err(CommandError::NoPassword { .. })),
            "{command}"
        );
    }
}

#[test]
fn weak_passwords_are_refused_where_something_is_sealed() {
    let node = Node::on("Live");
    node.fill("store password");
    let file = node.path("backup").to_str().unwrap().to_owned();
    let export =
        |password| node.run_typing("export", &[&file], &["store password", password, password]);
    let change = |password| {
        node.run_typing(
            "change-password",
            &[],
            &["store password", password, password],
        )
    };
    for refused in [export("short"), change("short"), export(""), change("")] {
        assert!(matches!(refused, Err(CommandError::ShortPassword { .. })));
    }
    for refused in [export(INSECURE_DEV_PASSWORD), change(INSECURE_DEV_PASSWORD)] {
        assert!(matches!(
            refused,
            Err(CommandError::DevelopmentPassword { .. })
        ));
    }
    assert!(!node.path("backup").exists());
    node.open("store password").unwrap();
}

#[cfg(unix)]
#[test]
fn password_files_that_others_can_read_are_refused_on_chains_that_matter() {
    for (chain_type, matters) in [("Live", true), ("Local", false)] {
        let node = Node::on(chain_type);
        node.fill("store password");
        let (store, backup) = (
            node.password_file("store password"),
            node.password_file("backup password"),
        );
        let file = node.path("backup").to_str().unwrap().to_owned();
        let flags = [
            "--force",
            "--signer-password-file",
            &store,
            "--backup-password-file",
            &backup,
            &file,
        ];
        for open in [&store, &backup] {
            set_mode(open, 0o644);
            let exported = node.run("export", &flags);
            set_mode(open, 0o600);
            assert_eq!(exported.is_err(), matters, "{open}");
            if let Err(error) = exported {
                let told = Failure(error).to_string();
                assert!(told.contains(&format!("chmod 600 {open}")), "{told}");
                assert!(!node.path("backup").exists());
            }
        }
        // Of a backup it is not known which chain's it is.
        node.run("export", &flags).unwrap();
        set_mode(&backup, 0o644);
        let inspected = node.run("inspect", &["--backup-password-file", &backup, &file]);
        assert!(matches!(inspected, Err(CommandError::PasswordFile { .. })));
    }
}

#[test]
fn local_chains_have_the_stores_password_that_the_node_has() {
    let node = Node::on("Local");
    node.fill(INSECURE_DEV_PASSWORD);
    node.run("inspect", &["--json"]).unwrap();
    let file = node.path("backup").to_str().unwrap().to_owned();
    let typed = ["backup password", "backup password"];
    node.run_typing("export", &[&file], &typed).unwrap();
    fs::remove_dir_all(node.path("chains")).unwrap();
    node.run_typing("import", &[&file], &["backup password"])
        .unwrap();
    node.open(INSECURE_DEV_PASSWORD).unwrap();
}

#[test]
fn what_is_refused_changes_nothing() {
    let node = Node::on("Live");
    node.fill("store password");
    let (store, backup) = (
        node.password_file("store password"),
        node.password_file("backup password"),
    );
    let file = node.path("backup").to_str().unwrap().to_owned();
    let flags = [
        "--signer-password-file",
        &store,
        "--backup-password-file",
        &backup,
        &file,
    ];
    node.run("export", &flags).unwrap();
    let made = fs::read(&file).unwrap();
    let before = node.files();

    let again = node.run("export", &flags);
    assert!(matches!(
        again,
        Err(CommandError::Backup {
            source: BackupError::Exists { .. },
            ..
        })
    ));
    // The wrong password of either, and files that are none.
    let swapped = [
        "--signer-password-file",
        &backup,
        "--backup-password-file",
        &store,
        &file,
    ];
    assert!(matches!(
        node.run("import", &swapped),
        Err(CommandError::Backup {
            source: BackupError::WrongPassword,
            ..
        })
    ));
    let wrong = [
        "--signer-password-file",
        &backup,
        "--backup-password-file",
        &backup,
        &file,
    ];
    for command in ["import", "export"] {
        assert!(matches!(
            node.run(command, &wrong),
            Err(CommandError::KeyStore(KeyStoreError::WrongPassword { .. }))
        ));
    }
    for other in [node.store(), node.path("nowhere")] {
        let other = other.to_str().unwrap();
        let flags = [
            "--signer-password-file",
            &store,
            "--backup-password-file",
            &backup,
            other,
        ];
        assert!(matches!(
            node.run("import", &flags),
            Err(CommandError::Backup { .. })
        ));
    }
    // A running node.
    let running = node.open("store password").unwrap();
    for command in ["export", "import"] {
        let flags = [&flags[..], &["--force"][..usize::from(command == "export")]].concat();
        assert!(matches!(
            node.run(command, &flags),
            Err(CommandError::KeyStore(KeyStoreError::Locked { .. }))
        ));
    }
    drop(running);
    assert_eq!(node.files(), before);
    assert_eq!(fs::read(&file).unwrap(), made);
    assert_eq!(
        node.open("store password")
            .unwrap()
            .reports()
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn a_session_key_that_says_something_else_stays() {
    let node = Node::on("Live");
    node.fill("store password");
    let (store, backup) = (
        node.password_file("store password"),
        node.password_file("backup password"),
    );
    let file = node.path("backup").to_str().unwrap().to_owned();
    let flags = [
        "--signer-password-file",
        &store,
        "--backup-password-file",
        &backup,
        &file,
    ];
    node.run("export", &flags).unwrap();
    fs::remove_dir_all(node.path("chains/local/signer")).unwrap();
    let name = format!("7369676e{}", "aa".repeat(32));
    let key = node.path("chains/local/keystore").join(name);
    fs::write(&key, "\"//Another phrase\"").unwrap();
    let refused = node.run("import", &flags);
    assert!(matches!(refused, Err(CommandError::SessionKey(_))));
    assert_eq!(fs::read(&key).unwrap(), b"\"//Another phrase\"");
    assert!(!node.store().exists());
    let flags = [&["--without-session-keys"], &flags[..]].concat();
    node.run("import", &flags).unwrap();
    assert!(node.store().exists());
}

#[test]
fn a_backup_of_another_chain_is_refused() {
    let node = Node::on("Local");
    let cost = PasswordCost::NEXT_TO_NOTHING;
    let (elsewhere, password) = (tempfile::tempdir().unwrap(), Password::new("p".into()));
    let path = elsewhere.path().join("store");
    let store = KeyStore::open_at_cost(path, &password, H256([1; 32]), cost).unwrap();
    let backup = offchain_signer::key_store::Backup::new(store.contents().unwrap(), vec![], 0);
    let file = node.path("backup");
    backup.write(&file, &password, cost, false).unwrap();
    let refused = node.run_typing("import", &[file.to_str().unwrap()], &["p"]);
    let Err(error @ CommandError::OtherChain { .. }) = refused else {
        panic!("{refused:?}")
    };
    let told = error.to_string();
    assert!(
        told.contains("0x0101") && told.contains("--chain"),
        "{told}"
    );
    assert!(node.files().is_empty());
}

#[test]
fn a_store_that_is_not_there_is_an_error_and_none_is_made() {
    let node = Node::on("Local");
    let file = node.path("backup").to_str().unwrap().to_owned();
    for (command, flags) in [
        ("export", vec![&*file]),
        ("inspect", vec![]),
        ("change-password", vec![]),
    ] {
        let refused = node.run(command, &flags);
        assert!(matches!(
            refused,
            Err(CommandError::KeyStore(KeyStoreError::NoStore { .. }))
        ));
    }
    assert!(node.files().is_empty() && !node.path("backup").exists());
}

#[test]
fn neither_output_nor_errors_show_secrets() {
    let node = Node::on("Live");
    let secret = hex::encode(node.fill("store password").x25519_secret().to_bytes());
    let file = node.path("backup").to_str().unwrap().to_owned();
    let typed = ["store password", "backup password", "backup password"];
    let mut told = node.run_typing("export", &[&file], &typed).unwrap();
    for flags in [vec!["--json", &file], vec![&*file]] {
        told += &node
            .run_typing("inspect", &flags, &["backup password"])
            .unwrap();
    }
    told += &node
        .run_typing("inspect", &[], &["store password"])
        .unwrap();
    let error = node
        .run_typing("inspect", &[&file], &["wrong password"])
        .unwrap_err();
    told += &format!("{error:?}");
    told += &Failure(error).to_string();
    for secret in [
        &*secret,
        "password\"",
        "store password",
        "backup password",
        "Session phrase",
    ] {
        assert!(!told.contains(secret), "{told}");
    }
}

#[test]
fn purging_a_chain_says_what_it_keeps() {
    let folder = tempfile::tempdir().unwrap();
    let keystore = KeystoreConfig::Path {
        path: folder.path().join("keystore"),
        password: None,
    };
    assert!(kept_by_purge(folder.path(), &keystore).is_empty());
    fs::create_dir_all(folder.path().join("signer")).unwrap();
    fs::write(folder.path().join("signer/key-store.redb"), "").unwrap();
    fs::create_dir(folder.path().join("keystore")).unwrap();
    let told = kept_by_purge(folder.path(), &keystore).join("\n");
    assert!(
        told.contains("signer/key-store.redb") && told.contains("keystore"),
        "{told}"
    );
}
