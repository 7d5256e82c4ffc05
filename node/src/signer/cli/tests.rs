#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
use super::*;
use clap::Parser;
use offchain_signer::key_store::PasswordCost;
use sp_core::H256;
use std::{cell::RefCell, io::Write};

#[derive(Parser)]
struct TestCli {
    #[clap(flatten)]
    signer: SignerOptions,
}

/// Answers with these passwords in turn, and with the last of them ever after; or with nothing. Keeps
/// what it was asked.
struct Answer {
    passwords: Vec<&'static str>,
    asked: RefCell<Vec<String>>,
}

impl PromptPassword for Answer {
    fn is_possible(&self) -> bool {
        !self.passwords.is_empty()
    }

    fn prompt(&self, text: &str) -> Option<io::Result<Zeroizing<String>>> {
        let mut asked = self.asked.borrow_mut();
        let next = self.passwords.get(asked.len());
        asked.push(text.into());
        let answer = next.or(self.passwords.last())?;
        Some(Ok(Zeroizing::new((*answer).into())))
    }
}

fn nobody() -> Answer {
    types(&[])
}

fn says(password: &'static str) -> Answer {
    types(&[password])
}

fn types(passwords: &[&'static str]) -> Answer {
    Answer {
        passwords: passwords.to_vec(),
        asked: RefCell::default(),
    }
}

fn options(args: &[&str]) -> SignerOptions {
    TestCli::parse_from(["test"].iter().chain(args)).signer
}

/// On a chain of which this node has nothing yet, and, if they do not say where, on any free port: this
/// machine may have a node.
fn resolve(
    args: &[&str],
    chain_type: ChainType,
    prompt: &Answer,
) -> Result<ResolvedSignerConfig, Vec<SignerConfigError>> {
    let chain_dir = tempfile::tempdir().unwrap();
    resolve_in(chain_dir.path(), args, chain_type, prompt)
}

fn resolve_in(
    chain_dir: &Path,
    args: &[&str],
    chain_type: ChainType,
    prompt: &Answer,
) -> Result<ResolvedSignerConfig, Vec<SignerConfigError>> {
    let mut options = options(args);
    let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    options.signer_listen = options.signer_listen.or(Some(any_port));
    options
        .resolve(&chain_type, chain_dir, prompt)
        .map_err(|errors| errors.0)
}

/// Makes a key store in this folder.
fn store(dir: &Path, password: &str) {
    let password = Password::from(Zeroizing::new(password.to_owned()));
    let cost = PasswordCost::NEXT_TO_NOTHING;
    KeyStore::open_at_cost(dir.join(STORE_FILE), &password, H256::zero(), cost).unwrap();
}

fn password_file(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

#[test]
fn everything_has_a_default_on_development_and_local_chains() {
    assert_eq!(options(&[]).listen(), "127.0.0.1:9955".parse().unwrap());
    let chain_dir = tempfile::tempdir().unwrap();
    for chain_type in [ChainType::Development, ChainType::Local] {
        let prompt = says("should not be asked");
        let config = resolve_in(chain_dir.path(), &[], chain_type, &prompt).unwrap();
        assert_eq!(config.public_endpoint, None);
        assert_eq!(config.dir, chain_dir.path().join("signer"));
        assert_eq!(config.password.as_str(), INSECURE_DEV_PASSWORD);
        assert!(prompt.asked.take().is_empty());
    }
}

#[test]
fn production_tells_all_that_is_missing_at_once() {
    for chain_type in [ChainType::Live, ChainType::Custom("x".into())] {
        let errors = resolve(
            &["--signer-password-file", "/no/such/file"],
            chain_type,
            &nobody(),
        )
        .unwrap_err();
        assert!(
            matches!(
                errors[..],
                [
                    SignerConfigError::NoPublicEndpoint,
                    SignerConfigError::PasswordFile { .. }
                ]
            ),
            "{errors:?}"
        );
        let text = SignerConfigErrors(errors).to_string();
        assert!(text.contains("--signer-public-endpoint"), "{text}");
        assert!(text.contains("/no/such/file"), "{text}");
    }
}

#[test]
fn one_start_tells_four_mistakes() {
    let somebody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = somebody.local_addr().unwrap().to_string();
    let file = tempfile::NamedTempFile::new().unwrap();
    let no_folder = file.path().to_str().unwrap();
    let args = [
        "--signer-listen",
        &listen,
        "--signer-public-endpoint=http://a.example.org",
        "--signer-dir",
        no_folder,
        "--signer-password-file=/no/such/file",
    ];
    for chain_type in [ChainType::Live, ChainType::Local] {
        let errors = resolve(&args, chain_type, &nobody()).unwrap_err();
        assert!(
            matches!(
                errors[..],
                [
                    SignerConfigError::PublicEndpoint { .. },
                    SignerConfigError::Listen { .. },
                    SignerConfigError::Dir { .. },
                    SignerConfigError::PasswordFile { .. }
                ]
            ),
            "{errors:?}"
        );
        let told = SignerConfigErrors(errors).to_string();
        assert_eq!(told.lines().count(), 5, "{told}");
        for word in [
            "as in signer.example.org:9955",
            &format!("--signer-listen {listen}"),
            "choose another port",
            &format!("--signer-dir {no_folder}"),
            "name a folder",
            "/no/such/file",
        ] {
            assert!(told.contains(word), "{word}: {told}");
        }
    }
    // Nobody is asked meanwhile.
    let prompt = says("correct horse");
    let endpoint = "--signer-public-endpoint=a.example.org:9955";
    resolve(
        &[endpoint, "--signer-dir", no_folder],
        ChainType::Live,
        &prompt,
    )
    .unwrap_err();
    assert!(prompt.asked.take().is_empty());
}

#[test]
fn without_a_terminal_the_missing_password_is_told_with_the_rest() {
    let errors = resolve(&[], ChainType::Live, &nobody()).unwrap_err();
    assert!(
        matches!(
            errors[..],
            [
                SignerConfigError::NoPublicEndpoint,
                SignerConfigError::NoPassword
            ]
        ),
        "{errors:?}"
    );
}

#[test]
fn production_takes_a_password_from_a_file() {
    for (text, password) in [
        ("correct horse\n", "correct horse"),
        ("correct horse\r\n", "correct horse"),
        ("correct horse", "correct horse"),
        (" correct horse \n\n", " correct horse \n"),
    ] {
        let file = password_file(text);
        let prompt = says("another password");
        let config = resolve(
            &[
                "--signer-public-endpoint",
                "signer.example.org:9955",
                "--signer-password-file",
                file.path().to_str().unwrap(),
            ],
            ChainType::Live,
            &prompt,
        )
        .unwrap();
        assert_eq!(config.password.as_str(), password);
        assert_eq!(
            config.public_endpoint.unwrap().to_string(),
            "signer.example.org:9955"
        );
        assert!(prompt.asked.take().is_empty());
    }
}

#[test]
fn production_asks_for_the_password_only_if_all_else_is_in_order() {
    let prompt = says("correct horse");
    let errors = resolve(&[], ChainType::Live, &prompt).unwrap_err();
    assert!(matches!(errors[..], [SignerConfigError::NoPublicEndpoint]));
    assert!(prompt.asked.take().is_empty());

    let endpoint = ["--signer-public-endpoint", "signer.example.org:9955"];
    let config = resolve(&endpoint, ChainType::Live, &prompt).unwrap();
    assert_eq!(config.password.as_str(), "correct horse");
    assert!(!prompt.asked.take().is_empty());

    let errors = resolve(&endpoint, ChainType::Live, &nobody()).unwrap_err();
    assert!(matches!(errors[..], [SignerConfigError::NoPassword]));
}

/// A slip of the finger would seal the share of the network key with a password that nobody knows.
#[test]
fn the_password_of_a_store_that_is_to_be_made_is_typed_twice() {
    let chain_dir = tempfile::tempdir().unwrap();
    let start = |dir: &str, typed: &[&'static str]| {
        let args = [
            "--signer-public-endpoint=a.example.org:9955",
            "--signer-dir",
            dir,
        ];
        let prompt = types(typed);
        let resolved = resolve_in(chain_dir.path(), &args, ChainType::Live, &prompt);
        let resolved = resolved.map(|config| config.password.as_str().to_owned());
        (resolved, prompt.asked.take())
    };
    let other = chain_dir.path().join("other");
    for dir in [chain_dir.path().join("signer"), other.clone()] {
        let dir = dir.to_str().unwrap();
        let (password, asked) = start(dir, &["correct horse", "correct horse"]);
        assert_eq!(password.unwrap(), "correct horse");
        assert_eq!(asked, [NEW_STORE_PROMPT, AGAIN_PROMPT]);
        let (refused, _) = start(dir, &["correct horse", "correct hrose"]);
        assert!(matches!(
            refused.unwrap_err()[..],
            [SignerConfigError::Mistyped]
        ));
    }
    // One that is there shows by itself whether the password is right.
    store(&other, "correct horse");
    let (password, asked) = start(other.to_str().unwrap(), &["correct horse", "correct hrose"]);
    assert_eq!(password.unwrap(), "correct horse");
    assert_eq!(asked, [STORE_PROMPT]);
}

#[test]
fn a_store_that_does_not_open_is_told_before_the_node_starts() {
    let chain_dir = tempfile::tempdir().unwrap();
    let dir = chain_dir.path().join("signer");
    store(&dir, "correct horse");
    let wrong = password_file("correct hrose");
    let right = password_file("correct horse");
    let start = |file: &tempfile::NamedTempFile| {
        let file = file.path().to_str().unwrap();
        let args = ["--signer-password-file", file];
        resolve_in(chain_dir.path(), &args, ChainType::Live, &nobody()).unwrap_err()
    };
    // With what else is wrong.
    let errors = start(&wrong);
    assert!(
        matches!(
            errors[..],
            [
                SignerConfigError::NoPublicEndpoint,
                SignerConfigError::Store(KeyStoreError::WrongPassword { .. })
            ]
        ),
        "{errors:?}"
    );
    let errors = start(&right);
    assert!(matches!(errors[..], [SignerConfigError::NoPublicEndpoint]));

    // Another node has it open: this one must not start beside it.
    let password = Password::from(Zeroizing::new("correct horse".to_owned()));
    let other = KeyStore::open(dir.join(STORE_FILE), &password, H256::zero()).unwrap();
    let errors = start(&right);
    assert!(
        matches!(
            errors[..],
            [
                SignerConfigError::NoPublicEndpoint,
                SignerConfigError::Store(KeyStoreError::Locked { .. })
            ]
        ),
        "{errors:?}"
    );
    drop(other);
    start(&right);

    // What is no store.
    std::fs::write(dir.join(STORE_FILE), "something else").unwrap();
    let errors = start(&right);
    assert!(
        matches!(errors[1..], [SignerConfigError::Store(_)]),
        "{errors:?}"
    );
    assert_eq!(
        std::fs::read(dir.join(STORE_FILE)).unwrap(),
        b"something else"
    );
}

#[test]
fn production_refuses_bad_passwords() {
    let endpoint = ["--signer-public-endpoint", "signer.example.org:9955"];
    let errors = resolve(&endpoint, ChainType::Live, &says(INSECURE_DEV_PASSWORD)).unwrap_err();
    assert!(matches!(
        errors[..],
        [SignerConfigError::DevelopmentPassword]
    ));
    for short in ["", "seven b"] {
        let errors = resolve(&endpoint, ChainType::Live, &says(short)).unwrap_err();
        assert!(matches!(errors[..], [SignerConfigError::ShortPassword]));
    }
}

#[test]
fn an_empty_password_file_is_refused_everywhere() {
    let file = password_file("\n");
    let args = ["--signer-password-file", file.path().to_str().unwrap()];
    let errors = resolve(&args, ChainType::Development, &nobody()).unwrap_err();
    assert!(matches!(errors[..], [SignerConfigError::ShortPassword]));
}

#[cfg(unix)]
#[test]
fn production_refuses_a_password_file_that_others_can_read() {
    use std::os::unix::fs::PermissionsExt;
    let file = password_file("correct horse");
    let path = file.path().to_str().unwrap();
    let args = [
        "--signer-public-endpoint=signer.example.org:9955",
        "--signer-password-file",
        path,
    ];
    let open = std::fs::Permissions::from_mode(0o644);
    file.as_file().set_permissions(open).unwrap();
    let errors = resolve(&args, ChainType::Live, &nobody()).unwrap_err();
    assert!(matches!(
        errors[..],
        [SignerConfigError::PasswordFile { .. }]
    ));
    let told = SignerConfigErrors(errors).to_string();
    assert!(told.contains(&format!("chmod 600 {path}")), "{told}");
    resolve(&args, ChainType::Local, &nobody()).unwrap();
}

#[test]
fn an_unreadable_password_file_never_falls_back_to_the_development_password() {
    let errors = resolve(
        &["--signer-password-file", "/no/such/file"],
        ChainType::Development,
        &nobody(),
    )
    .unwrap_err();
    assert!(matches!(
        errors[..],
        [SignerConfigError::PasswordFile { .. }]
    ));
}

#[test]
fn production_refuses_an_endpoint_that_others_cannot_reach() {
    for endpoint in ["127.0.0.1:9955", "localhost:9955", "0.0.0.0:9955"] {
        let args = ["--signer-public-endpoint", endpoint];
        let errors = resolve(&args, ChainType::Live, &says("correct horse")).unwrap_err();
        assert!(matches!(
            errors[..],
            [SignerConfigError::LocalPublicEndpoint(_)]
        ));
        assert!(resolve(&args, ChainType::Local, &nobody()).is_ok());
    }
}

#[test]
fn a_malformed_endpoint_is_refused_everywhere() {
    let args = ["--signer-public-endpoint", "http://host:1"];
    for chain_type in [ChainType::Live, ChainType::Development] {
        let errors = resolve(&args, chain_type, &says("correct horse")).unwrap_err();
        assert!(matches!(
            errors[..],
            [SignerConfigError::PublicEndpoint { .. }]
        ));
    }
}

#[test]
fn listening_on_all_addresses_needs_a_name_to_announce() {
    for listen in ["0.0.0.0:0", "[::]:0"] {
        let errors =
            resolve(&["--signer-listen", listen], ChainType::Local, &nobody()).unwrap_err();
        // A machine without IPv6 has more to say.
        assert!(matches!(
            errors[..],
            [SignerConfigError::UnspecifiedListen(_), ..]
        ));
    }
    let config = resolve(
        &[
            "--signer-listen",
            "0.0.0.0:0",
            "--signer-public-endpoint",
            "127.0.0.1:9955",
        ],
        ChainType::Local,
        &nobody(),
    )
    .unwrap();
    assert_eq!(config.listen.port(), 0);
}

#[test]
fn the_password_is_not_in_debug_output() {
    let config = resolve(&[], ChainType::Local, &nobody()).unwrap();
    assert!(!format!("{config:?}").contains(INSECURE_DEV_PASSWORD));
}

#[test]
fn the_flags_fit_into_the_node_command_line() {
    use clap::CommandFactory;
    crate::cli::Cli::command().debug_assert();
}

#[test]
fn a_node_without_signer_takes_no_flags_of_one() {
    assert!(options(&[]).check_unused().is_ok());
    let flags = [
        "--signer-listen=127.0.0.1:9955",
        "--signer-public-endpoint=a.example.org:9955",
        "--signer-password-file=password",
        "--signer-dir=signer",
    ];
    for flag in flags {
        let (name, _) = flag.split_once('=').unwrap();
        let told = options(&[flag]).check_unused().unwrap_err().to_string();
        assert!(
            told.contains(name) && told.contains("leave it out"),
            "{told}"
        );
    }
    // All at once.
    let told = options(&flags).check_unused().unwrap_err().to_string();
    for flag in flags {
        let (name, _) = flag.split_once('=').unwrap();
        assert!(told.contains(name), "{told}");
    }
}
