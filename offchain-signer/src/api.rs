//! The HTTP API of a signer service.
//!
//! | route | what it does |
//! | --- | --- |
//! | `POST /user/relay_tx` | a user asks for a signature ([`Relayer`]) |
//! | `POST /user/sign_tx` | a relayer asks a member of the committee to sign ([`Signer`]) |
//! | `GET /ws` | a peer connects ([`AcceptPeer`]) |
//! | `GET /healthz`, `/version`, `/hashes`, `/info` | what clients and operators want to know |
//! | `GET /` | a page for people; it asks `GET /status.json` ([`Status`]) |
//!
//! The same under `/v1`. `docs/http-api.md` is the reference, with the table of errors; a test holds
//! it to [`Code`].
//!
//! Whoever asks is not trusted: bodies are bounded and charged against a budget of memory while they
//! are in work ([`BodyBudget`]), requests in work are bounded in number and in time, and every error
//! answer is made from the one table ([`Code`]). Cross-origin requests are let in from
//! everywhere, since dApps ask from browsers; there are no cookies or other ambient authority here.

mod body;
mod error;
mod routes;
mod serve;
mod slots;
mod status;

pub use body::{BodyBudget, BodyError};
pub use error::{ApiError, Code};
pub(crate) use serve::IDLE_TIMEOUT;
pub use serve::{serve, Connections};

use crate::{
    metrics::{Metrics, Role},
    request::{Admission, Relayer, Signer},
    status::Status,
    trace::Work,
};
use axum::{
    extract::{DefaultBodyLimit, Request, State, WebSocketUpgrade},
    middleware::{from_fn_with_state, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
    Router,
};
use std::{net::IpAddr, sync::Arc, time::Duration};
use tokio::sync::Semaphore;
use tower_http::cors::{Any, CorsLayer};

/// Takes the other side of `GET /ws`.
pub trait AcceptPeer: Send + Sync + 'static {
    /// Answers the upgrade. `remote` is the other side's address, if it is known.
    fn accept(&self, upgrade: WebSocketUpgrade, remote: Option<IpAddr>) -> Response;
}

/// The bounds of the API.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ApiConfig {
    /// How many requests, their bodies complete, are in work at a time; more are told to come back.
    pub concurrency: usize,
    /// How much memory requests in work may take, bytes. One request of the largest size takes up
    /// to 110 MB. A sixth of it is for small requests only.
    pub memory: usize,
    /// How long the body of a request may take to arrive.
    pub body_timeout: Duration,
    /// How long a request may take in all. Longer than a relayer's own deadline.
    pub request_timeout: Duration,
}

impl Default for ApiConfig {
    fn default() -> Self {
        Self {
            concurrency: 256,
            memory: 192 << 20,
            body_timeout: Duration::from_secs(15),
            request_timeout: Duration::from_secs(60),
        }
    }
}

/// What the API is made of.
pub struct ApiParts {
    /// Decisions, and with them the chain and this node's identity.
    pub admission: Arc<Admission>,
    /// Takes users' requests.
    pub relayer: Arc<Relayer>,
    /// Takes relayers' requests.
    pub signer: Arc<Signer>,
    /// Takes peers.
    pub peers: Arc<dyn AcceptPeer>,
    /// What `GET /version` says: version and commit.
    pub version: String,
    /// What the status page shows.
    pub status: Arc<Status>,
    /// The bounds.
    pub config: ApiConfig,
    /// Where outcomes and times are told.
    pub metrics: Metrics,
}

struct Api {
    parts: ApiParts,
    budget: BodyBudget,
    in_work: Semaphore,
}

/// The routes, for [`serve()`].
pub fn router(parts: ApiParts) -> Router {
    let api = Arc::new(Api {
        budget: BodyBudget::new(parts.config.memory),
        in_work: Semaphore::new(parts.config.concurrency),
        parts,
    });
    // Only these take bodies and time.
    let requests = Router::new()
        .route("/user/relay_tx", post(routes::relay_tx))
        .route("/user/sign_tx", post(routes::sign_tx))
        .layer(from_fn_with_state(api.clone(), timed))
        .layer(from_fn_with_state(api.clone(), counted));
    let routes = requests
        .route("/ws", get(routes::ws))
        .route("/healthz", get(routes::healthz))
        .route("/version", get(routes::version))
        .route("/hashes", get(routes::hashes))
        .route("/info", get(routes::info))
        .route("/", get(status::page))
        .route("/status.css", get(status::style))
        .route("/status.js", get(status::script))
        .route("/status.json", get(status::json))
        .method_not_allowed_fallback(|| async { ApiError::from(Code::MethodNotAllowed) });
    Router::new()
        .nest("/v1", routes.clone())
        .merge(routes)
        .fallback(|| async { ApiError::from(Code::NotFound) })
        // Handlers read bodies through the budget, which has its own limits.
        .layer(DefaultBodyLimit::disable())
        .layer(
            CorsLayer::new()
                .allow_origin(Any)
                .allow_methods(Any)
                .allow_headers(Any),
        )
        .with_state(api)
}

/// Counts requests by their outcome, and keeps what became of them.
async fn counted(State(api): State<Arc<Api>>, mut request: Request, next: Next) -> Response {
    let role = match request.uri().path().ends_with("/relay_tx") {
        true => Role::Relayer,
        false => Role::Signer,
    };
    let work = Work::begin(role, &api.parts.metrics, api.parts.status.recent());
    request.extensions_mut().insert(work.trace().clone());
    let response = next.run(request).await;
    work.answered(response.extensions().get::<Code>().copied());
    response
}

/// Bounds the time that a request takes.
async fn timed(State(api): State<Arc<Api>>, request: Request, next: Next) -> Response {
    tokio::time::timeout(api.parts.config.request_timeout, next.run(request))
        .await
        .unwrap_or_else(|_| ApiError::from(Code::TimedOut).into_response())
}

#[cfg(test)]
mod tests;
