//! `GET /`: a page for people who point a browser at a signer, and what it is made of.
//!
//! The files are in `api/status/`, as they are sent. The page asks for `status.json` every other
//! second and shows it; it takes nothing from anywhere else, and no script but its own: what is said
//! there is in part what strangers have put on chain.

use super::{
    error::{ApiError, Code},
    Api,
};
use axum::{
    extract::State,
    http::{
        header::{
            CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
            X_CONTENT_TYPE_OPTIONS,
        },
        HeaderName,
    },
    response::{IntoResponse, Response},
};
use std::{error::Error, sync::Arc};

const PAGE: &str = include_str!("status/index.html");
const STYLE: &str = include_str!("status/status.css");
const SCRIPT: &str = include_str!("status/status.js");

/// Nothing but what this node serves, and no frame around it.
const POLICY: &str =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

fn head(content_type: &'static str, keep: &'static str) -> [(HeaderName, &'static str); 5] {
    [
        (CONTENT_TYPE, content_type),
        (CACHE_CONTROL, keep),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
    ]
}

/// The page.
pub(super) async fn page() -> impl IntoResponse {
    (head("text/html; charset=utf-8", "no-cache"), PAGE)
}

/// How it looks.
pub(super) async fn style() -> impl IntoResponse {
    (head("text/css; charset=utf-8", "no-cache"), STYLE)
}

/// What it does.
pub(super) async fn script() -> impl IntoResponse {
    (head("text/javascript; charset=utf-8", "no-cache"), SCRIPT)
}

/// What it shows.
pub(super) async fn json(State(api): State<Arc<Api>>) -> Result<Response, ApiError> {
    let json = api.parts.status.json().await.map_err(|error| {
        tracing::warn!(
            error = &error as &dyn Error,
            "cannot make the status page's answer"
        );
        ApiError::from(Code::Internal)
    })?;
    Ok((head("application/json", "no-store"), json).into_response())
}
