//! A node whose disk is lost: with a backup of its key store, and without one. The commands are those of
//! docs/operator/backup.md.

use crate::{
    place::{new_session_keys, stash},
    signing::{account, nonce, serve},
    users,
};
use network_tests::{Events, Network, Role, Rpc, Validator};
use rand::Rng;
use serde_json::Value;
use signing_client::{AccountId, NetworkState, SignOptions, SigningClient, VerifyingKey};
use sp_core::crypto::Ss58Codec;
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

/// The password of key stores on local chains: everybody knows it.
const PASSWORD: &str = "insecure development password";

/// With a backup: the node signs with its share again, and the committee stays what it was.
#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_has_lost_its_disk_signs_again_with_its_backup() {
    let network = Network::start_with_keys_on_disk().await;
    let (key, status) = network.wait_for_key(Duration::from_secs(300)).await;
    let members = status.with_role(Role::Signer);
    let (lost, other) = (members[0].clone(), members[1].clone());
    let bob = account("//Bob");
    let client = network.client().await;
    let users_key = users::requester_only(&client, &bob).await.verifying_key;
    serve(&client, users_key, &bob).await;

    let files = tempfile::tempdir().unwrap();
    let password = files.path().join("password");
    fs::write(&password, "a password for the backup\n").unwrap();
    let backup = files.path().join("signer.backup");
    let with_file = |command: &str| {
        let mut command = network.signer_command(&lost.name, command);
        command
            .arg("--backup-password-file")
            .arg(&password)
            .arg(&backup);
        command
    };

    let refused = run(&mut with_file("export"));
    assert_eq!(refused.status.code(), Some(1));
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        told.contains("is in use") && told.contains("Stop it first"),
        "{told}"
    );
    assert!(!backup.exists());

    network.kill(&lost.name);
    let down = Instant::now();
    println!("{}", succeeds(&mut with_file("export")));
    let before = shares(&mut inspect(&network, &lost.name, None));
    assert_eq!(before.as_array().unwrap().len(), 1);
    // The disk is lost.
    fs::remove_dir_all(network.base_path(&lost.name)).unwrap();
    println!("{}", succeeds(&mut with_file("import")));
    assert_eq!(shares(&mut inspect(&network, &lost.name, None)), before);
    network.restart(&lost.name);
    println!(
        "{} was down for {:.1} s",
        lost.name,
        down.elapsed().as_secs_f64()
    );

    // With one of the others down, nobody can sign without its share.
    network.kill(&other.name);
    let client = connect_to_one_of(&network, &[&lost.name, &other.name]).await;
    let account = AccountId::from_ss58check(lost.account.as_deref().unwrap()).unwrap();
    let generation = committee(&state(&client).await).0;
    let signers = sign(&client, users_key, &bob).await;
    assert!(signers.contains(&account), "{signers:?}");
    assert_eq!(committee(&state(&client).await).0, generation);
    assert_eq!(network.status().verifying_key, Some(key));

    network.restart(&other.name);
    network.kill(&lost.name);
    killed_while_it_changes_the_password(&network, &lost.name, files.path(), &before);
    network.restart(&lost.name);
    let client = connect_to_one_of(&network, &[]).await;
    serve(&client, users_key, &bob).await;
}

/// Killed at random moments: the old password opens the store, or the new one, never both or none,
/// and the shares are there.
fn killed_while_it_changes_the_password(network: &Network, name: &str, files: &Path, held: &Value) {
    let file = |text: &str| {
        let path = files.join(text);
        fs::write(&path, text).unwrap();
        path
    };
    let mut passwords = [file(PASSWORD), file("another password")];
    let change = |[old, new]: &[PathBuf; 2]| {
        let mut command = network.signer_command(name, "change-password");
        command.arg("--signer-password-file").arg(old);
        command.arg("--new-password-file").arg(new);
        command
    };
    let begin = Instant::now();
    succeeds(&mut change(&passwords));
    let takes = begin.elapsed();
    passwords.reverse();
    let mut changed = 0;
    for _ in 0..10 {
        let mut command = change(&passwords);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut process = command.spawn().unwrap();
        std::thread::sleep(takes.mul_f64(rand::thread_rng().gen_range(0.1..1.1)));
        let _ = process.kill();
        process.wait().unwrap();
        let opens = passwords
            .each_ref()
            .map(|password| run(&mut inspect(network, name, Some(password))));
        let opened: Vec<bool> = opens.iter().map(|output| output.status.success()).collect();
        assert_eq!(
            opened.iter().filter(|opened| **opened).count(),
            1,
            "{opens:?}"
        );
        let told = opens.iter().find(|output| output.status.success()).unwrap();
        let told: Value = serde_json::from_slice(&told.stdout).unwrap();
        assert_eq!(&told["shares"], held);
        if opened[1] {
            changed += 1;
            passwords.reverse();
        }
    }
    println!("changed {changed} times of 10, each taking {takes:?} if it is left alone");
    if passwords[0].ends_with("another password") {
        succeeds(&mut change(&passwords));
    }
}

/// Without a backup: the network replaces the member, and the node is taken in again, with a new store.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "long: scripts/test operations"]
async fn a_member_that_has_lost_its_share_for_good_is_replaced_and_comes_back() {
    let lost = Lost::begin(|network, name| {
        for signer in signer_folders(&network.base_path(name)) {
            fs::remove_dir_all(signer).unwrap();
        }
    })
    .await;
    let after = lost.is_replaced().await;
    // The new store has a new x25519 key, which the chain knows by now.
    assert_ne!(announced(&after, &lost.id), lost.x25519);
    lost.is_taken_in_again().await;
    assert!(lost.events.named("ChallengeUnanswered").is_empty());
}

/// Without a copy of anything: nobody can answer for it, which it pays for. Then it can have new keys.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "long: scripts/test operations"]
async fn a_member_that_has_lost_its_session_keys_too_pays_and_comes_back_with_new_ones() {
    let lost = Lost::begin(|network, name| {
        fs::remove_dir_all(network.base_path(name)).unwrap();
    })
    .await;
    lost.is_replaced().await;
    until(&lost.client, "silence that is paid for", |_| {
        !lost.events.named("ChallengeUnanswered").is_empty()
    })
    .await;
    let unanswered = lost.events.named("ChallengeUnanswered");
    // Of its stake, in parts per billion.
    let paid: Vec<(AccountId, u32)> = unanswered.iter().map(|event| event.fields()).collect();
    println!("{paid:?}");
    let silence_slash = state(&lost.client).await.parameters.silence_slash;
    assert_eq!(paid, [(lost.id.clone(), silence_slash.deconstruct())]);

    // As somebody who joins (docs/operator/guide.md).
    new_session_keys(
        &Rpc::new(&lost.node.rpc),
        &Rpc::new(&lost.another.rpc),
        &stash(&lost.node),
    )
    .await;
    lost.is_taken_in_again().await;
}

/// A member that has lost what it had, on a network with a user.
struct Lost {
    network: Network,
    /// The network's.
    key: String,
    node: Validator,
    id: AccountId,
    /// What it had announced.
    x25519: [u8; 32],
    generation: u32,
    another: Validator,
    client: SigningClient,
    events: Events,
    users_key: VerifyingKey,
}

impl Lost {
    /// Starts a network; when all is prepared for a hand-over, a member dies, loses something, and is
    /// started again.
    async fn begin(lose: impl FnOnce(&Network, &str)) -> Self {
        let network = Network::start_with_keys_on_disk().await;
        let (key, status) = network.wait_for_key(Duration::from_secs(300)).await;
        let node = status.with_role(Role::Signer)[0].clone();
        let id = AccountId::from_ss58check(node.account.as_deref().unwrap()).unwrap();
        let mut others = status.validators.into_iter();
        let another = others.find(|other| other.name != node.name).unwrap();
        let client = another.client().await;
        let bob = account("//Bob");
        let users_key = users::requester_only(&client, &bob).await.verifying_key;
        serve(&client, users_key, &bob).await;
        // Those who are to take the seat have what they need.
        let prepared = until(&client, "auxiliary information of a standby", |state| {
            let has = |account| {
                let info = state.aux_info.as_ref();
                info.is_some_and(|info| info.parties.iter().any(|party| party.validator == account))
            };
            state.standbys.iter().any(|standby| has(standby.clone()))
        })
        .await;
        let (generation, members) = committee(&prepared);
        assert!(members.contains(&id));
        let events = Events::follow(&another.rpc).await;

        network.kill(&node.name);
        lose(&network, &node.name);
        network.restart(&node.name);
        Self {
            network,
            key,
            x25519: announced(&prepared, &id),
            node,
            id,
            generation,
            another,
            client,
            events,
            users_key,
        }
    }

    /// Others sign without it and take its seat, for users go on asking: that is how it is noticed.
    async fn is_replaced(&self) -> NetworkState {
        let begin = Instant::now();
        let mut answered = 0;
        let after = loop {
            let options = SignOptions::new(self.users_key, nonce().to_vec(), account("//Bob"));
            answered += u32::from(self.client.sign(&options).await.is_ok());
            let now = state(&self.client).await;
            let (newer, members) = committee(&now);
            if newer > self.generation && !members.contains(&self.id) {
                break now;
            }
            assert!(
                begin.elapsed() < Duration::from_secs(400),
                "not replaced: {now:?}\n{}",
                self.network.logs()
            );
            tokio::time::sleep(Duration::from_secs(1)).await;
        };
        println!(
            "replaced after {:.0} s, {answered} requests answered meanwhile",
            begin.elapsed().as_secs_f64()
        );
        assert!(answered > 0);
        after
    }

    /// It is a standby or a member once more, and users have noticed nothing.
    async fn is_taken_in_again(&self) {
        let begin = Instant::now();
        until(&self.client, "the node taken in again", |state| {
            state.standbys.contains(&self.id) || committee(state).1.contains(&self.id)
        })
        .await;
        println!(
            "taken in again after {:.0} s",
            begin.elapsed().as_secs_f64()
        );
        assert_eq!(
            self.network.status().verifying_key.as_ref(),
            Some(&self.key)
        );
        serve(&self.client, self.users_key, &account("//Bob")).await;
    }
}

fn run(command: &mut Command) -> Output {
    command.stdin(Stdio::null()).output().unwrap()
}

/// What a command prints, which must succeed.
fn succeeds(command: &mut Command) -> String {
    let output = run(command);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {told}");
    String::from_utf8(output.stdout).unwrap()
}

fn inspect(network: &Network, name: &str, password: Option<&PathBuf>) -> Command {
    let mut command = network.signer_command(name, "inspect");
    command.arg("--json");
    if let Some(password) = password {
        command.arg("--signer-password-file").arg(password);
    }
    command
}

fn shares(command: &mut Command) -> Value {
    let told: Value = serde_json::from_str(&succeeds(command)).unwrap();
    told["shares"].clone()
}

fn signer_folders(base: &Path) -> Vec<PathBuf> {
    let chains = fs::read_dir(base.join("chains")).unwrap();
    let folders = chains.map(|chain| chain.unwrap().path().join("signer"));
    folders.filter(|folder| folder.exists()).collect()
}

async fn connect_to_one_of(network: &Network, except: &[&str]) -> SigningClient {
    let nodes = network.status().validators;
    let node = nodes
        .iter()
        .find(|node| node.pid.is_some() && !except.contains(&node.name.as_str()))
        .unwrap();
    let client = SigningClient::connect(&node.rpc).await.unwrap();
    client.with_wait(signing_client::Wait::Included)
}

/// Who has signed, as soon as somebody does.
async fn sign(
    client: &SigningClient,
    key: VerifyingKey,
    user: &signing_client::Account,
) -> Vec<AccountId> {
    let deadline = Instant::now() + Duration::from_secs(90);
    loop {
        let options = SignOptions::new(key, nonce().to_vec(), user.clone());
        match client.sign(&options).await {
            Ok(signature) => return signature.signers,
            Err(error) => assert!(Instant::now() < deadline, "not served: {error}"),
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

async fn state(client: &SigningClient) -> NetworkState {
    client.status().await.unwrap().network
}

fn committee(state: &NetworkState) -> (u32, BTreeSet<AccountId>) {
    let committee = state.committee.as_ref().unwrap();
    let members = committee.members.iter();
    let members = members.map(|member| member.validator.clone()).collect();
    (committee.generation, members)
}

/// The x25519 key that the chain knows.
fn announced(state: &NetworkState, account: &AccountId) -> [u8; 32] {
    let mut validators = state.validators.iter();
    let validator = validators.find(|one| one.account == *account).unwrap();
    validator.signer.as_ref().unwrap().x25519
}

async fn until(
    client: &SigningClient,
    what: &str,
    done: impl Fn(&NetworkState) -> bool,
) -> NetworkState {
    let deadline = Instant::now() + Duration::from_secs(600);
    loop {
        let now = state(client).await;
        if done(&now) {
            return now;
        }
        assert!(Instant::now() < deadline, "no {what}: {now:?}");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}
