//! How a relayer's request gets to a signer.

use crate::api::IDLE_TIMEOUT;
use async_trait::async_trait;
use axum::http::uri::Authority;
use reqwest::{header::CONTENT_TYPE, redirect, Client};
use signing_primitives::limits::MAX_ANSWER_BODY;
use std::time::Duration;

/// How long a connection to a signer is kept that nothing is sent on.
const KEPT_IDLE: Duration = Duration::from_secs(5);

// A request that is sent into a connection which the signer is just closing is lost, and an honest
// signer is blamed. So this end lets go long before the other does.
const _: () = assert!(2 * KEPT_IDLE.as_millis() <= IDLE_TIMEOUT.as_millis());

/// What a signer answered.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SignerReply {
    /// The HTTP status.
    pub status: u16,
    /// The body, at most [`MAX_ANSWER_BODY`] bytes.
    pub body: Vec<u8>,
}

/// A signer did not answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AskError {
    /// The endpoint on chain is not `host:port`.
    #[error("the endpoint is not host:port")]
    Endpoint,
    /// It could not be reached, or broke off.
    #[error("no answer over HTTP")]
    Http(#[source] reqwest::Error),
    /// The answer is longer than an answer can be.
    #[error("the answer is longer than {MAX_ANSWER_BODY} bytes")]
    TooLong,
}

/// Asks signers.
#[async_trait]
pub trait AskSigner: Send + Sync + 'static {
    /// Sends the body of a `POST /user/sign_tx` to the signer at `endpoint` (`host:port`). The
    /// caller bounds the time; dropping the future closes the connection.
    async fn ask(&self, endpoint: &str, body: Vec<u8>) -> Result<SignerReply, AskError>;
}

/// Asks signers over HTTP, with connections kept open. No TLS: the request is encrypted to the
/// signer's key, and the answer is signed and public.
pub struct HttpSigners(Client);

impl HttpSigners {
    /// A client with an empty pool.
    ///
    /// # Errors
    /// [`AskError::Http`], if the client cannot be set up.
    pub fn new() -> Result<Self, AskError> {
        Client::builder()
            // The endpoint is from the chain and is meant literally.
            .no_proxy()
            .redirect(redirect::Policy::none())
            .connect_timeout(Duration::from_secs(3))
            .pool_idle_timeout(KEPT_IDLE)
            .pool_max_idle_per_host(8)
            .tcp_nodelay(true)
            .build()
            .map(Self)
            .map_err(AskError::Http)
    }
}

#[async_trait]
impl AskSigner for HttpSigners {
    async fn ask(&self, endpoint: &str, body: Vec<u8>) -> Result<SignerReply, AskError> {
        let url = url(endpoint).ok_or(AskError::Endpoint)?;
        let request = self
            .0
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .body(body);
        let mut response = request.send().await.map_err(AskError::Http)?;
        let status = response.status().as_u16();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(AskError::Http)? {
            if body.len() + chunk.len() > MAX_ANSWER_BODY {
                return Err(AskError::TooLong);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(SignerReply { status, body })
    }
}

/// The endpoint is another validator's text: it must not smuggle in a path, a query or credentials.
fn url(endpoint: &str) -> Option<String> {
    let authority: Authority = endpoint.parse().ok()?;
    let port = authority.port_u16()?;
    let whole = format!("{}:{port}", authority.host());
    let plain = !authority.host().is_empty() && whole == endpoint;
    plain.then(|| format!("http://{endpoint}/user/sign_tx"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use axum::{http::header::LOCATION, routing::post, Router};
    use tokio::net::TcpListener;

    #[test]
    fn only_host_and_port_are_an_endpoint() {
        assert_eq!(url("[::1]:3001").unwrap(), "http://[::1]:3001/user/sign_tx");
        for bad in [
            "",
            "host",
            "host:",
            ":80",
            "host:80/x",
            "u@host:80",
            "http://host:80",
            "host:080",
        ] {
            assert_eq!(url(bad), None, "{bad}");
        }
    }

    async fn serve(router: Router) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move { axum::serve(listener, router).await });
        endpoint
    }

    #[tokio::test]
    async fn status_and_body_come_back() {
        let echo = |body: String| async move { (axum::http::StatusCode::IM_A_TEAPOT, body) };
        let endpoint = serve(Router::new().route("/user/sign_tx", post(echo))).await;
        let reply = HttpSigners::new()
            .unwrap()
            .ask(&endpoint, b"hi".to_vec())
            .await
            .unwrap();
        assert_eq!(
            reply,
            SignerReply {
                status: 418,
                body: b"hi".to_vec()
            }
        );
    }

    #[tokio::test]
    async fn endless_answers_are_cut_and_redirects_not_followed() {
        let long = || async { vec![0_u8; MAX_ANSWER_BODY + 1] };
        let endpoint = serve(Router::new().route("/user/sign_tx", post(long))).await;
        let signers = HttpSigners::new().unwrap();
        assert!(matches!(
            signers.ask(&endpoint, vec![]).await,
            Err(AskError::TooLong)
        ));

        let away = || async {
            (
                axum::http::StatusCode::TEMPORARY_REDIRECT,
                [(LOCATION, "/x")],
            )
        };
        let endpoint = serve(Router::new().route("/user/sign_tx", post(away))).await;
        assert_eq!(signers.ask(&endpoint, vec![]).await.unwrap().status, 307);
    }

    #[tokio::test]
    async fn nobody_there_is_an_error() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = listener.local_addr().unwrap().to_string();
        drop(listener);
        let signers = HttpSigners::new().unwrap();
        assert!(matches!(
            signers.ask(&endpoint, vec![]).await,
            Err(AskError::Http(_))
        ));
    }
}
