//! How requests are answered: refused, late, or wrongly.

use super::{Conduct, Lie, Way};
use axum::{
    body::{to_bytes, Body},
    extract::{Request, State},
    http::StatusCode,
    middleware::{from_fn_with_state, Next},
    response::{IntoResponse, Response},
    Json, Router,
};
use signing_primitives::{
    limits::MAX_ANSWER_BODY,
    wire::{ApiErrorBody, SignatureAnswer},
};
use tokio::time::sleep;

/// The most answers to one request: one of each signer.
const MAX_ANSWERS: usize = 64;

/// The API, with somebody at the door, if there may be something to do there.
pub(super) fn misbehaving(conduct: &Conduct, router: Router) -> Router {
    let concerns = |way: &Way| {
        matches!(
            way,
            Way::RefuseRequests | Way::Slow(_) | Way::LyingRelayer(Lie::WrongSignature)
        )
    };
    if !conduct.ever(concerns) {
        return router;
    }
    router.layer(from_fn_with_state(conduct.clone(), answer))
}

async fn answer(State(conduct): State<Conduct>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let (signs, relays) = (
        path.ends_with("/user/sign_tx"),
        path.ends_with("/user/relay_tx"),
    );
    if !signs && !relays {
        return next.run(request).await;
    }
    if signs && conduct.does(&Way::RefuseRequests) {
        tracing::warn!("misbehaving: refuses a request");
        let refusal = ApiErrorBody {
            code: "busy".into(),
            message: "this signer does not want to".into(),
        };
        return (StatusCode::SERVICE_UNAVAILABLE, Json(refusal)).into_response();
    }
    let response = next.run(request).await;
    if let Some(delay) = conduct.delay() {
        tracing::warn!(?delay, "misbehaving: keeps an answer back");
        sleep(delay).await;
    }
    let lies = conduct.does(&Way::LyingRelayer(Lie::WrongSignature));
    match relays && lies && response.status() == StatusCode::OK {
        true => with_wrong_signatures(response).await,
        false => response,
    }
}

async fn with_wrong_signatures(response: Response) -> Response {
    let (head, body) = response.into_parts();
    let body = to_bytes(body, MAX_ANSWERS * MAX_ANSWER_BODY).await;
    let answers = body
        .ok()
        .and_then(|body| serde_json::from_slice::<Vec<SignatureAnswer>>(&body).ok());
    let Some(mut answers) = answers else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    tracing::warn!("misbehaving: answers with wrong signatures");
    for answer in &mut answers {
        let [first, ..] = &mut answer.signature;
        *first ^= 1;
    }
    let mut wrong = Json(answers).into_response();
    let body = std::mem::replace(wrong.body_mut(), Body::empty());
    // It is as long as the right one.
    Response::from_parts(head, body)
}
