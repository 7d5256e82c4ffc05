//! What a relayer says over HTTP.

use crate::{advice, unreachable::Unreachable};
use signing_primitives::{
    limits::MAX_ANSWER_BODY,
    wire::{ApiErrorBody, EncryptedRequest, Info, SignatureAnswer},
};
use std::{fmt, sync::Arc, time::Duration};

/// How long to wait for a TCP connection: a validator that is up answers at once.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a connection to a relayer is kept for the next request: half as long as relayers keep it, so that no
/// request meets one that is just being closed.
const KEPT_IDLE: Duration = Duration::from_secs(5);

/// A relayer gave no signature.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// No HTTP client can be made on this machine.
    #[error("cannot make an HTTP client")]
    NoClient(#[source] reqwest::Error),
    /// No connection, no answer in time, or the connection broke.
    #[error("no answer from {endpoint}")]
    Unreachable {
        /// The relayer's address.
        endpoint: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// The relayer, or a signer behind it, says no.
    #[error("{0}")]
    Refused(ApiError),
    /// The answer is neither a success nor a refusal in the API's form.
    #[error("{endpoint} answered HTTP {status}, and not as a relayer of this network does")]
    NotTheApi {
        /// The relayer's address.
        endpoint: String,
        /// The HTTP status.
        status: u16,
    },
    /// The answer is longer than an answer can be.
    #[error("the answer of {endpoint} is longer than {MAX_ANSWER_BODY} bytes")]
    TooLong {
        /// The relayer's address.
        endpoint: String,
    },
    /// The answer is not of the API's form.
    #[error("the answer of {endpoint} is not one of this network's")]
    Unreadable {
        /// The relayer's address.
        endpoint: String,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
}

impl HttpError {
    /// Whether another relayer may do better. A refusal of the request itself is the same
    /// everywhere; one for want of health, time or a seat is this relayer's.
    pub fn another_may_do_better(&self) -> bool {
        match self {
            Self::NoClient(_) => false,
            Self::Refused(error) => advice::another_may_do_better(error.status, &error.code),
            _ => true,
        }
    }
}

/// A refusal: an answer with a 4xx or 5xx status. `Display` says what to do where that is known.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ApiError {
    /// The HTTP status.
    pub status: u16,
    /// What programs go by. Stable.
    pub code: String,
    /// What people read.
    pub message: String,
    /// The relayer's address.
    pub endpoint: String,
}

impl ApiError {
    fn read(endpoint: &str, status: u16, body: &[u8]) -> Option<Self> {
        let body: ApiErrorBody = serde_json::from_slice(body).ok()?;
        Some(Self {
            status,
            code: printable(&body.code),
            message: printable(&body.message),
            endpoint: endpoint.into(),
        })
    }

    /// What to do about it, where that is known.
    pub fn advice(&self) -> Option<&'static str> {
        advice::advice(&self.code)
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} refused: {} [{}, HTTP {}]",
            self.endpoint, self.message, self.code, self.status
        )?;
        match self.advice() {
            Some(advice) => write!(formatter, "; {advice}"),
            None => Ok(()),
        }
    }
}

/// A peer's words, without what a terminal would act upon.
fn printable(text: &str) -> String {
    const LONGEST: usize = 1_000;
    text.chars()
        .take(LONGEST)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

/// Talks to relayers, and remembers for a while whom it could not connect to. Clones share that.
#[derive(Clone)]
pub(crate) struct Http {
    client: reqwest::Client,
    unreachable: Arc<Unreachable>,
}

impl Http {
    pub(crate) fn new() -> Result<Self, HttpError> {
        reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_idle_timeout(KEPT_IDLE)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map(|client| Self {
                client,
                unreachable: Arc::default(),
            })
            .map_err(HttpError::NoClient)
    }

    /// Which relayers could not be connected to a short while ago.
    pub(crate) fn unreachable(&self) -> &Unreachable {
        &self.unreachable
    }

    /// `POST /user/relay_tx`. Cancel-safe for the client; the relayer may go on.
    pub(crate) async fn relay(
        &self,
        endpoint: &str,
        request: &EncryptedRequest,
        timeout: Duration,
    ) -> Result<Vec<SignatureAnswer>, HttpError> {
        let url = format!("http://{endpoint}/user/relay_tx");
        let request = self.client.post(url).json(request).timeout(timeout);
        let answer = exchange(endpoint, request).await;
        match &answer {
            Err(HttpError::Unreachable { source, .. }) if source.is_connect() => {
                self.unreachable.add(endpoint);
            }
            _ => self.unreachable.remove(endpoint),
        }
        read_json(endpoint, &answer?)
    }

    /// `GET /info`.
    pub(crate) async fn info(&self, endpoint: &str) -> Result<Info, HttpError> {
        let request = self.client.get(format!("http://{endpoint}/info"));
        let body = exchange(endpoint, request.timeout(CONNECT_TIMEOUT)).await?;
        read_json(endpoint, &body)
    }
}

fn read_json<T: for<'de> serde::Deserialize<'de>>(
    endpoint: &str,
    body: &[u8],
) -> Result<T, HttpError> {
    serde_json::from_slice(body).map_err(|source| HttpError::Unreadable {
        endpoint: endpoint.into(),
        source,
    })
}

async fn exchange(endpoint: &str, request: reqwest::RequestBuilder) -> Result<Vec<u8>, HttpError> {
    let unreachable = |source: reqwest::Error| HttpError::Unreachable {
        endpoint: endpoint.into(),
        source: source.without_url(),
    };
    let mut response = request.send().await.map_err(unreachable)?;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        // An answer is short; what is not is somebody's attempt to fill this machine's memory.
        if body.len() + chunk.len() > MAX_ANSWER_BODY {
            return Err(HttpError::TooLong {
                endpoint: endpoint.into(),
            });
        }
        body.extend_from_slice(&chunk);
    }
    let status = response.status();
    if status.is_success() {
        return Ok(body);
    }
    let status = status.as_u16();
    Err(match ApiError::read(endpoint, status, &body) {
        Some(error) if status >= 400 => HttpError::Refused(error),
        _ => HttpError::NotTheApi {
            endpoint: endpoint.into(),
            status,
        },
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    fn refusal(body: &str) -> Option<ApiError> {
        ApiError::read("relayer:1", 403, body.as_bytes())
    }

    #[test]
    fn refusals_keep_their_code() {
        let body = r#"{"code":"program_refused","message":"not \"yes\""}"#;
        let error = refusal(body).unwrap();
        assert_eq!(error.code, "program_refused");
        assert!(error.to_string().contains("not \"yes\""));
        assert!(refusal("<html>Bad Gateway</html>").is_none());
    }

    #[test]
    fn refusals_say_what_to_do() {
        let error = refusal(r#"{"code":"rate_limited","message":"too many"}"#).unwrap();
        assert!(
            error.to_string().ends_with("wait for the next block"),
            "{error}"
        );
    }

    #[test]
    fn a_peer_cannot_write_to_the_terminal() {
        let error = refusal(r#"{"code":"a\u001b[2Jb","message":"c\nd\u0007"}"#).unwrap();
        assert!(!error.to_string().chars().any(char::is_control));
        let long = format!(r#"{{"code":"a","message":"{}"}}"#, "x".repeat(50_000));
        assert!(refusal(&long).unwrap().to_string().len() < 1_200);
    }
}
