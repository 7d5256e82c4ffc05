//! A headless Chromium, driven over its DevTools protocol.
// Indexing JSON does not panic: what is not there is null.
#![allow(clippy::indexing_slicing)]

use futures::{SinkExt, StreamExt};
use serde_json::{json, Value};
use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_tungstenite::{
    client_async_with_config,
    tungstenite::{protocol::WebSocketConfig, Message},
    WebSocketStream,
};

/// Names that it goes by.
const PROGRAMS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];
/// How long it may take for anything that it is told to do.
const PATIENCE: Duration = Duration::from_secs(60);
/// The largest answer: a screenshot.
const LARGEST: usize = 64 << 20;

/// A running browser. Dropping it ends the process.
pub struct Browser {
    process: Child,
    _profile: TempDir,
    socket: WebSocketStream<TcpStream>,
    last_id: u64,
    events: Vec<Value>,
}

/// How a page is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Screen {
    /// CSS pixels.
    pub width: u32,
    /// CSS pixels.
    pub height: u32,
    /// Whether it is a phone: touch, and the viewport that the page asks for.
    pub phone: bool,
    /// What the page is told of the user's taste.
    pub dark: bool,
}

/// A tab.
#[derive(Clone, Debug)]
pub struct Page {
    session: String,
}

impl Browser {
    /// Starts it, without a page.
    ///
    /// # Panics
    /// If there is none (`scripts/setup --tests` installs it), or it does not start.
    pub async fn start() -> Self {
        let profile = expect(tempfile::tempdir(), "a temporary folder");
        let mut process = launch(profile.path());
        let stderr = expect(process.stderr.take().ok_or("none"), "its standard error");
        let reading = tokio::task::spawn_blocking(move || {
            let mut lines = BufReader::new(stderr).lines();
            let url = lines.find_map(|line| {
                let line = line.ok()?;
                let url = line.strip_prefix("DevTools listening on ")?;
                Some(url.to_owned())
            });
            // It blocks when nobody reads what it says.
            std::thread::spawn(move || lines.for_each(drop));
            url
        });
        let url = expect(tokio::time::timeout(PATIENCE, reading).await, "a start");
        let url = expect(url, "a reader");
        let url = expect(url.ok_or("it ended"), "the address of its DevTools");
        let address = url.trim_start_matches("ws://");
        let address = address.split('/').next().unwrap_or_default();
        let stream = expect(TcpStream::connect(address).await, "its DevTools");
        let config = WebSocketConfig::default()
            .max_message_size(Some(LARGEST))
            .max_frame_size(Some(LARGEST));
        let opened = client_async_with_config(url.as_str(), stream, Some(config)).await;
        let (socket, _) = expect(opened, "its DevTools");
        Self {
            process,
            _profile: profile,
            socket,
            last_id: 0,
            events: Vec::new(),
        }
    }

    /// Opens a page.
    ///
    /// # Panics
    /// If the browser refuses.
    pub async fn open(&mut self, url: &str, screen: Screen) -> Page {
        let created = self
            .command(None, "Target.createTarget", json!({"url": "about:blank"}))
            .await;
        let attach = json!({"targetId": created["targetId"], "flatten": true});
        let attached = self.command(None, "Target.attachToTarget", attach).await;
        let page = Page {
            session: attached["sessionId"].as_str().unwrap_or_default().into(),
        };
        for domain in ["Runtime", "Log", "Network", "Page"] {
            self.on(&page, &format!("{domain}.enable"), json!({})).await;
        }
        let metrics = json!({
            "width": screen.width, "height": screen.height, "deviceScaleFactor": 1,
            "mobile": screen.phone,
        });
        self.on(&page, "Emulation.setDeviceMetricsOverride", metrics)
            .await;
        let taste = match screen.dark {
            true => "dark",
            false => "light",
        };
        let media = json!({"features": [{"name": "prefers-color-scheme", "value": taste}]});
        self.on(&page, "Emulation.setEmulatedMedia", media).await;
        self.on(&page, "Page.navigate", json!({"url": url})).await;
        page
    }

    /// The value of an expression in the page.
    ///
    /// # Panics
    /// If it throws.
    pub async fn value(&mut self, page: &Page, expression: &str) -> Value {
        let evaluate = json!({"expression": expression, "returnByValue": true});
        let answer = self.on(page, "Runtime.evaluate", evaluate).await;
        assert!(
            answer.get("exceptionDetails").is_none(),
            "{expression}: {answer}"
        );
        answer["result"]["value"].clone()
    }

    /// Waits until an expression in the page is true.
    ///
    /// # Panics
    /// If it is not after `patience`.
    pub async fn wait_for(&mut self, page: &Page, expression: &str, patience: Duration) {
        let deadline = Instant::now() + patience;
        loop {
            let answer = self
                .on(
                    page,
                    "Runtime.evaluate",
                    json!({"expression": expression, "returnByValue": true}),
                )
                .await;
            if answer["result"]["value"] == true {
                return;
            }
            if Instant::now() >= deadline {
                let text = self.value(page, "document.body.innerText").await;
                panic!("not in {patience:?}: {expression}\n{text}");
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// A picture of the whole page, PNG.
    ///
    /// # Panics
    /// If the browser makes none.
    pub async fn screenshot(&mut self, page: &Page) -> Vec<u8> {
        use base64::engine::{general_purpose::STANDARD, Engine};
        let how = json!({"format": "png", "captureBeyondViewport": true});
        let answer = self.on(page, "Page.captureScreenshot", how).await;
        let picture = answer["data"].as_str().unwrap_or_default();
        expect(STANDARD.decode(picture), "a picture")
    }

    /// What the pages so far complained of: errors and warnings of scripts, of the network, and of
    /// what the page's own security policy forbids.
    pub fn complaints(&self) -> Vec<String> {
        self.complaints_if(|_| true)
    }

    /// What one page complained of.
    pub fn complaints_of(&self, page: &Page) -> Vec<String> {
        self.complaints_if(|event| event["sessionId"] == *page.session)
    }

    fn complaints_if(&self, concerns: impl Fn(&Value) -> bool) -> Vec<String> {
        let is_bad = |event: &&Value| {
            let parameters = &event["params"];
            match event["method"].as_str() {
                Some("Runtime.exceptionThrown") => true,
                Some("Runtime.consoleAPICalled") => parameters["type"] != "log",
                Some("Log.entryAdded") => parameters["entry"]["level"] != "verbose",
                _ => false,
            }
        };
        let bad = self.events.iter().filter(is_bad);
        bad.filter(|event| concerns(event))
            .map(ToString::to_string)
            .collect()
    }

    /// The addresses that the pages so far have asked for anything.
    pub fn asked(&self) -> Vec<String> {
        let requests = self.events.iter().filter(|event| {
            matches!(
                event["method"].as_str(),
                Some("Network.requestWillBeSent" | "Network.webSocketCreated")
            )
        });
        requests
            .map(|event| {
                let parameters = &event["params"];
                let url = parameters["request"]["url"].as_str();
                url.or(parameters["url"].as_str())
                    .unwrap_or_default()
                    .into()
            })
            .collect()
    }

    async fn on(&mut self, page: &Page, method: &str, parameters: Value) -> Value {
        self.command(Some(&page.session), method, parameters).await
    }

    async fn command(&mut self, session: Option<&str>, method: &str, parameters: Value) -> Value {
        self.last_id += 1;
        let id = self.last_id;
        let mut message = json!({"id": id, "method": method, "params": parameters});
        if let Some(session) = session {
            message["sessionId"] = session.into();
        }
        let sent = self.socket.send(Message::text(message.to_string())).await;
        expect(sent, "the browser listens");
        let answer = tokio::time::timeout(PATIENCE, self.answer(id)).await;
        let answer = expect(answer, method);
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].clone()
    }

    async fn answer(&mut self, id: u64) -> Value {
        loop {
            let message = self.socket.next().await.ok_or("it ended");
            let message = expect(expect(message, "the browser"), "the browser");
            let Message::Text(text) = message else {
                continue;
            };
            let message: Value = expect(serde_json::from_str(&text), "JSON");
            if message["id"] == id {
                return message;
            }
            self.events.push(message);
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn launch(profile: &Path) -> Child {
    for program in PROGRAMS {
        let started = Command::new(program)
            .args([
                "--headless=new",
                "--remote-debugging-port=0",
                // The pages are the test's own, and root has no sandbox to run it in.
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--no-first-run",
                "--hide-scrollbars",
                // It finds nobody but this machine.
                "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
            ])
            .arg(format!("--user-data-dir={}", profile.display()))
            .arg("about:blank")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn();
        match started {
            Ok(process) => return process,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => panic!("{program}: {error}"),
        }
    }
    panic!("no Chromium: install it with scripts/setup --tests");
}

fn expect<T, E: std::fmt::Debug>(result: Result<T, E>, what: &str) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{what}: {error:?}"),
    }
}
