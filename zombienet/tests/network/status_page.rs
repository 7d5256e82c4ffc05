//! The status page in a browser, on a running network; and what else an operator looks at: metrics,
//! logs, `signing-cli faults`.
//!
//! The pictures are left in `status-page/` of the target folder; with `BLESS=1` also where the
//! documentation shows them.

mod measures;

use self::measures::{measures, value};
use crate::{
    place::cli,
    signing::{account, nonce, serve},
    users,
};
use network_tests::{repository, target, Browser, Network, Page, Role, Screen, Validator};
use serde_json::Value;
use signing_client::{Account, SignOptions, SigningClient, VerifyingKey};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

const WIDE: Screen = Screen {
    width: 1000,
    height: 900,
    phone: false,
    dark: false,
};
const DARK: Screen = Screen { dark: true, ..WIDE };
const PHONE: Screen = Screen {
    width: 390,
    height: 844,
    phone: true,
    dark: false,
};
const SOON: Duration = Duration::from_secs(20);
/// The largest picture, bytes.
const LARGEST: usize = 150_000;

#[tokio::test(flavor = "multi_thread")]
async fn the_page_shows_what_goes_on() {
    let network = Network::start_with_log("info,offchain_signer=debug").await;
    let mut browser = Browser::start().await;
    // Already while there is no key.
    let first = network.status().validators.remove(0);
    let early = browser.open(&first.http, PHONE).await;
    let waiting = "['Awaiting signers', 'Making the key', 'Active'].includes(phase.textContent)";
    browser.wait_for(&early, waiting, SOON).await;

    let (key, status) = network.wait_for_key(Duration::from_secs(300)).await;
    let live = "phase.textContent === 'Active'";
    // It has never been loaded again.
    browser
        .wait_for(&early, live, Duration::from_secs(60))
        .await;
    let client = network.client().await;
    let bob = account("//Bob");
    let user = users::requester_only(&client, &bob).await.verifying_key;
    serve(&client, user, &bob).await;
    for _ in 0..6 {
        sign(&client, user, &bob).await;
    }

    let relayer = busiest(&status.with_role(Role::Relayer)).await;
    let signer = busiest(&status.with_role(Role::Signer)).await;
    shows_signings(&network, &mut browser, &key, relayer, signer).await;
    is_live(&mut browser, relayer, &client, user, &bob).await;
    measures(&network, relayer, signer).await;
    logs_agree(&network, &status.validators);
    nothing_hostile_runs(&mut browser, signer).await;
    assert_eq!(browser.complaints(), Vec::<String>::new());
    // The pages of the one that is killed then have something to complain of.
    let page = hand_over(&network, &mut browser, user, &bob).await;
    assert_eq!(browser.complaints_of(&page), Vec::<String>::new());

    let strangers: Vec<_> = browser
        .asked()
        .into_iter()
        .filter(|url| !url.starts_with("http://127.0.0.1:") && !url.starts_with("data:,"))
        .collect();
    assert!(strangers.is_empty(), "{strangers:?}");
}

async fn sign(client: &SigningClient, key: VerifyingKey, account: &Account) {
    let options = SignOptions::new(key, nonce().to_vec(), account.clone());
    client.sign(&options).await.unwrap();
}

async fn status_of(node: &Validator) -> Value {
    let answer = reqwest::get(format!("{}/status.json", node.http)).await;
    answer
        .unwrap()
        .error_for_status()
        .unwrap()
        .json()
        .await
        .unwrap()
}

/// The node that shows the most signings.
async fn busiest<'a>(nodes: &[&'a Validator]) -> &'a Validator {
    let mut most = (0, nodes[0]);
    for node in nodes {
        let shown = status_of(node).await["signings"].as_array().unwrap().len();
        if shown > most.0 {
            most = (shown, node);
        }
    }
    assert!(most.0 > 0, "nobody shows a signing");
    most.1
}

/// Leaves a picture of the page.
async fn picture(browser: &mut Browser, page: &Page, name: &str) {
    // What moves has come to rest.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let picture = browser.screenshot(page).await;
    assert!(
        picture.len() < LARGEST,
        "{name} has {} bytes",
        picture.len()
    );
    let mut folders = vec![target().join("status-page")];
    if std::env::var_os("BLESS").is_some() {
        folders.push(repository().join("docs/images"));
    }
    for folder in folders {
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(format!("status-{name}.png")), &picture).unwrap();
    }
}

async fn text(browser: &mut Browser, page: &Page) -> String {
    let text = browser.value(page, "document.body.innerText").await;
    text.as_str().unwrap().to_owned()
}

async fn fits(browser: &mut Browser, page: &Page) {
    let wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
    assert_eq!(browser.value(page, wider).await, 0, "must be scrolled");
}

/// The whole page at a relayer, wide and on a phone; at a signer, in the dark.
async fn shows_signings(
    network: &Network,
    browser: &mut Browser,
    key: &str,
    relayer: &Validator,
    signer: &Validator,
) {
    let signed = "document.querySelectorAll('#chart .bar').length > 0";
    let members: BTreeSet<String> = network
        .status()
        .with_role(Role::Signer)
        .into_iter()
        .map(|member| member.endpoint.clone())
        .collect();
    for (node, role, screen, name) in [
        (relayer, "Relayer", WIDE, "wide"),
        (relayer, "Relayer", PHONE, "phone"),
        (signer, "Signer", DARK, "dark"),
    ] {
        let page = browser.open(&node.http, screen).await;
        browser.wait_for(&page, signed, SOON).await;
        let text = text(browser, &page).await;
        for words in ["Live", "Active", "any 2 of 3 sign", "this node"] {
            let expected = words != "this node" || role == "Signer" || text.contains("standby");
            assert!(!expected || text.contains(words), "no {words} in:\n{text}");
        }
        assert!(text.contains(role), "{text}");
        assert!(text.contains(key), "{text}");
        for member in &members {
            assert!(text.contains(member), "{text}");
        }
        fits(browser, &page).await;
        // The chart has words for those who cannot see it, and there are the same numbers below.
        let label = browser
            .value(&page, "chart.getAttribute('aria-label')")
            .await;
        assert!(label.as_str().unwrap().contains(" ok "), "{label}");
        let rows = "document.querySelectorAll('#signings-rows tr').length > 0";
        assert_eq!(browser.value(&page, rows).await, true);
        let dark = "getComputedStyle(document.body).backgroundColor === 'rgb(18, 21, 27)'";
        assert_eq!(browser.value(&page, dark).await, screen.dark);
        picture(browser, &page, name).await;
    }
}

/// What is signed shows without reloading.
async fn is_live(
    browser: &mut Browser,
    relayer: &Validator,
    client: &SigningClient,
    key: VerifyingKey,
    account: &Account,
) {
    let page = browser.open(&relayer.http, WIDE).await;
    let rows = "document.querySelectorAll('#signings-rows tr').length";
    browser.wait_for(&page, &format!("{rows} > 0"), SOON).await;
    browser.value(&page, "window.before = 1").await;
    let before = browser.value(&page, rows).await;
    // The client asks either of two relayers.
    let deadline = Instant::now() + Duration::from_secs(120);
    while browser.value(&page, rows).await == before {
        assert!(Instant::now() < deadline, "nothing new on the page");
        sign(client, key, account).await;
        tokio::time::sleep(Duration::from_secs(3)).await;
    }
    assert_eq!(
        browser.value(&page, "window.before").await,
        1,
        "loaded again"
    );
}

/// One request is called the same in the logs of its relayer and of two signers, from its programs
/// to its last round.
fn logs_agree(network: &Network, nodes: &[Validator]) {
    let mut said: BTreeMap<String, BTreeMap<&str, Vec<String>>> = BTreeMap::new();
    for node in nodes {
        for line in network.log(&node.name).lines() {
            let Some((_, rest)) = line.split_once("[request ") else {
                continue;
            };
            let id = rest.split(']').next().unwrap().to_owned();
            assert_eq!(id.len(), 16, "{line}");
            let lines = said.entry(id).or_default().entry(node.name.as_str());
            lines.or_default().push(rest.to_owned());
        }
    }
    let whole = said.values().filter(|by_node| {
        let signers = by_node.values().filter(|lines| {
            let entered = lines.iter().filter(|line| line.contains("entered"));
            let opened = lines.iter().any(|line| line.contains("opened a session"));
            entered.count() >= 3 && opened
        });
        let relays = by_node.values().any(|lines| {
            lines
                .iter()
                .any(|line| line.contains("asks a set of signers"))
        });
        relays && signers.count() == 2 && by_node.len() == 3
    });
    let whole = whole.count();
    println!(
        "{} requests in the logs, {whole} of them at three nodes",
        said.len()
    );
    assert!(whole >= 6, "{said:#?}");
}

/// A page whose status says the worst things in every place: the node's own page, behind a server
/// that changes what it is told.
async fn nothing_hostile_runs(browser: &mut Browser, signer: &Validator) {
    let mut status = status_of(signer).await;
    status["faults"] = serde_json::json!([{
        "account": "a", "kind": "constructor", "times": 2, "first": 1, "last": 2
    }]);
    let hostile =
        "\"'><img src=x onerror=\"window.pwned=1\"><script>window.pwned=1</script>\u{202e}";
    poison(&mut status, hostile);
    let url = pretend(signer, status.to_string()).await;
    for screen in [WIDE, PHONE] {
        let page = browser.open(&url, screen).await;
        let shown = "document.querySelectorAll('#committee li').length > 0 \
                     && document.querySelectorAll('#faults li').length > 0";
        browser.wait_for(&page, shown, SOON).await;
        let endpoint = "document.querySelector('#committee bdi').textContent";
        let endpoint = browser.value(&page, endpoint).await;
        // Shown as it is, but for what turns text round.
        assert_eq!(endpoint, hostile.replace('\u{202e}', "\u{fffd}"));
        for (expression, expected) in [
            ("window.pwned === undefined", true),
            (
                "document.querySelectorAll('main img, main script').length === 0",
                true,
            ),
            (
                "document.querySelectorAll('main [onerror]').length === 0",
                true,
            ),
        ] {
            let found = browser.value(&page, expression).await;
            assert_eq!(found, expected, "{expression}");
        }
        fits(browser, &page).await;
    }
}

/// Puts `hostile` in the place of every text.
fn poison(value: &mut Value, hostile: &str) {
    match value {
        Value::String(text) => *text = hostile.into(),
        Value::Array(all) => all.iter_mut().for_each(|one| poison(one, hostile)),
        Value::Object(all) => all.values_mut().for_each(|one| poison(one, hostile)),
        _ => {}
    }
}

/// Serves what the node serves, headers and all, but for its status.
async fn pretend(node: &Validator, status: String) -> String {
    let mut answers = BTreeMap::new();
    for path in ["/", "/status.css", "/status.js", "/status.json"] {
        let answer = reqwest::get(format!("{}{path}", node.http)).await.unwrap();
        let mut head = String::from("HTTP/1.1 200 OK\r\nConnection: close\r\n");
        for (name, value) in answer.headers() {
            if name != "content-length" && name != "connection" {
                head.push_str(&format!("{name}: {}\r\n", value.to_str().unwrap()));
            }
        }
        assert!(head.contains("content-security-policy"), "{head}");
        let body = match path {
            "/status.json" => status.clone(),
            _ => answer.text().await.unwrap(),
        };
        let whole = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
        answers.insert(path, whole);
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let answers = Arc::new(answers);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream, answers.clone()));
        }
    });
    url
}

async fn answer(mut stream: TcpStream, answers: Arc<BTreeMap<&'static str, String>>) {
    let mut head = Vec::new();
    let mut part = [0; 4096];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read(&mut part).await {
            Ok(read @ 1..) => head.extend_from_slice(&part[..read]),
            _ => return,
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let path = head.split(' ').nth(1).unwrap_or_default();
    if let Some(answer) = answers.get(path) {
        let _ = stream.write_all(answer.as_bytes()).await;
    }
}

/// A member is killed: another member's page shows the fault, and the hand-over while it goes on.
async fn hand_over(
    network: &Network,
    browser: &mut Browser,
    key: VerifyingKey,
    user: &Account,
) -> Page {
    prepared(network).await;
    let status = network.status();
    let members = status.with_role(Role::Signer);
    let [dead, witness] = [members[0], members[1]];
    let page = browser.open(&witness.http, WIDE).await;
    let node = status
        .validators
        .iter()
        .find(|node| node.role == Role::Relayer && node.pid.is_some());
    let relayer = SigningClient::connect(&node.unwrap().rpc).await.unwrap();
    network.kill(&dead.name);
    let account = dead.account.clone().unwrap();
    println!("killed {}", dead.name);

    // Users notice nothing.
    for _ in 0..3 {
        sign(&relayer, key, user).await;
    }
    let handing_over = "phase.textContent === 'Handing over' \
                        && document.querySelectorAll('#attempts-list progress').length > 0";
    browser
        .wait_for(&page, handing_over, Duration::from_secs(300))
        .await;
    let text = text(browser, &page).await;
    picture(browser, &page, "hand-over").await;
    for words in [
        "Hand-over to generation 2",
        "confirmed",
        "lost its seat",
        "unreachable",
    ] {
        assert!(text.contains(words), "no {words} in:\n{text}");
    }
    let full = format!("document.querySelector('#faults code').title === '{account}'");
    assert_eq!(browser.value(&page, &full).await, true);
    browser
        .wait_for(
            &page,
            "phase.textContent === 'Active' && generation.textContent === '2'",
            Duration::from_secs(120),
        )
        .await;
    for name in ["signing_faults_seen_total", "signing_faults_reported_total"] {
        let metrics = network.metrics(&witness.name).await;
        assert!(value(&metrics, name, &[("kind", "unreachable")]) >= 1.0);
    }
    listed(witness, &account);
    page
}

/// `signing-cli faults list` names who failed, and that it has lost its seat for it.
fn listed(node: &Validator, account: &str) {
    let list = cli(node, &["faults", "list"]);
    let faults = list["faults"].as_array().unwrap();
    let against = faults.iter().filter(|fault| fault["accused"] == account);
    let lost = against
        .flat_map(|fault| fault["followed"].as_array().unwrap())
        .any(|followed| followed["event"] == "seat_lost");
    assert!(lost, "{list:#}");
}

/// Waits until a standby is ready to take a member's place.
async fn prepared(network: &Network) {
    let deadline = Instant::now() + Duration::from_secs(600);
    let node = network.status().validators.remove(0);
    loop {
        let status = status_of(&node).await;
        let standbys = status["network"]["standbys"].as_array().unwrap();
        if standbys.iter().any(|standby| standby["prepared"] == true) {
            return;
        }
        assert!(
            Instant::now() < deadline,
            "no standby is prepared: {status:#}"
        );
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}
