//! The handlers: from HTTP to requests and back.

use super::{
    body::{BodyBounds, BodyError, ChargedBody},
    error::{ApiError, Code},
    Api,
};
use crate::{
    identity::account_of,
    metrics::Stage,
    request::{RequestError, Snapshot},
    trace::Trace,
};
use axum::{
    body::Body,
    extract::{
        connect_info::ConnectInfo, ws::rejection::WebSocketUpgradeRejection, FromRequestParts,
        Request, State, WebSocketUpgrade,
    },
    http::header::CONTENT_LENGTH,
    response::{IntoResponse, Response},
    Extension, Json,
};
use signing_primitives::{
    limits::{MAX_RELAY_BODY, MAX_SIGN_BODY},
    wire::{HashChoice, Info, Role, SignatureAnswer},
};
use std::{net::SocketAddr, sync::Arc, time::Instant};
use tokio::sync::{OwnedSemaphorePermit, SemaphorePermit};

/// What relaying takes, in multiples of the body: the request in its layers, and again for each
/// signer, three times as long.
const RELAY_WEIGHT: usize = 12;
/// What signing takes, in multiples of the body: the layers of the request.
const SIGN_WEIGHT: usize = 3;

/// What a request holds while it is in work: memory, and its place among others.
struct InWork<'a> {
    _charge: OwnedSemaphorePermit,
    _place: SemaphorePermit<'a>,
}

/// Reads the body. Only when it is there the request takes its place: who only declares a body, or
/// sends it slowly, is in nobody's way.
async fn read<'a>(
    api: &'a Api,
    request: Request,
    trace: &Trace,
    limit: usize,
    weight: usize,
) -> Result<(Vec<u8>, InWork<'a>), ApiError> {
    let since = Instant::now();
    let declared = request.headers().get(CONTENT_LENGTH);
    let declared = declared.and_then(|length| length.to_str().ok()?.parse().ok());
    let body: Body = request.into_body();
    let bounds = BodyBounds {
        limit,
        weight,
        time: api.parts.config.body_timeout,
    };
    let read = api.budget.read(body, declared, bounds).await;
    trace.stage(Stage::Body, since);
    let ChargedBody { bytes, charge } = read.map_err(|error| match error {
        BodyError::TooLarge => Code::BodyTooLarge,
        BodyError::Broken => Code::BodyTimeout,
        BodyError::OverBudget => Code::Busy,
    })?;
    let place = api.in_work.try_acquire().map_err(|_| Code::Busy)?;
    let in_work = InWork {
        _charge: charge,
        _place: place,
    };
    Ok((bytes, in_work))
}

/// `POST /user/relay_tx`
pub(super) async fn relay_tx(
    State(api): State<Arc<Api>>,
    Extension(trace): Extension<Trace>,
    request: Request,
) -> Result<Response, ApiError> {
    let (bytes, in_work) = read(&api, request, &trace, MAX_RELAY_BODY, RELAY_WEIGHT).await?;
    let relayed = api.parts.relayer.clone().relay(trace.clone(), bytes).await;
    let answers = relayed.map_err(|error| told(&trace, &error))?;
    drop(in_work);
    Ok(Json(&answers[..]).into_response())
}

/// `POST /user/sign_tx`
pub(super) async fn sign_tx(
    State(api): State<Arc<Api>>,
    Extension(trace): Extension<Trace>,
    request: Request,
) -> Result<Json<SignatureAnswer>, ApiError> {
    let (bytes, in_work) = read(&api, request, &trace, MAX_SIGN_BODY, SIGN_WEIGHT).await?;
    let signed = api.parts.signer.clone().sign(trace.clone(), bytes).await;
    let answer = signed.map_err(|error| told(&trace, &error))?;
    drop(in_work);
    Ok(Json(answer))
}

/// Makes an answer of an error, and says so in the log where the request is spoken of.
fn told(trace: &Trace, error: &RequestError) -> ApiError {
    trace.span().in_scope(|| error.into())
}

/// `GET /ws`
pub(super) async fn ws(
    State(api): State<Arc<Api>>,
    request: Request,
) -> Result<Response, ApiError> {
    let remote = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let remote = remote.map(|ConnectInfo(address)| address.ip());
    let (mut parts, _body) = request.into_parts();
    let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, &())
        .await
        .map_err(|_: WebSocketUpgradeRejection| ApiError::from(Code::UpgradeRequired))?;
    Ok(api.parts.peers.accept(upgrade, remote))
}

/// `GET /healthz`: this process answers.
pub(super) async fn healthz() -> &'static str {
    "ok"
}

/// `GET /version`
pub(super) async fn version(State(api): State<Arc<Api>>) -> String {
    api.parts.version.clone()
}

/// `GET /hashes`
pub(super) async fn hashes() -> Json<[&'static str; 6]> {
    Json(HashChoice::NAMES)
}

/// `GET /info`
pub(super) async fn info(State(api): State<Arc<Api>>) -> Result<Json<Info>, ApiError> {
    let snapshot = snapshot(&api).await?;
    let identity = api.parts.admission.identity();
    let validator = identity.validator(&snapshot.network);
    let x25519_public_key = identity.x25519_public();
    let announced = validator.and_then(|validator| validator.signer.as_ref());
    let key = match validator {
        Some(validator) => validator.signing_key.clone(),
        None => identity
            .signing_keys()
            .pop_first()
            .ok_or(Code::NoSigningKey)?,
    };
    let signs = snapshot.signing().is_ok() && !snapshot.paused;
    Ok(Json(Info {
        ready: signs && announced.is_some_and(|signer| signer.x25519 == x25519_public_key),
        tss_account: account_of(&key),
        x25519_public_key,
        role: Some(role(&api, &snapshot)),
        generation: snapshot
            .network
            .committee
            .as_ref()
            .map(|committee| committee.generation),
    }))
}

/// The chain as it is now. Reading it may block on the runtime for a few milliseconds.
async fn snapshot(api: &Arc<Api>) -> Result<Snapshot, ApiError> {
    let admission = api.parts.admission.clone();
    let snapshot = tokio::task::spawn_blocking(move || admission.snapshot());
    let snapshot = snapshot.await.map_err(|_| Code::Internal)?;
    snapshot.map_err(|error| ApiError::from(&error))
}

/// What this node does for requests.
fn role(api: &Api, snapshot: &Snapshot) -> Role {
    let identity = api.parts.admission.identity();
    let committee = snapshot.network.committee.as_ref();
    if committee.is_some_and(|committee| identity.seat(committee).is_some()) {
        Role::Signer
    } else if identity.validator(&snapshot.network).is_some() {
        Role::Relayer
    } else {
        Role::Observer
    }
}
