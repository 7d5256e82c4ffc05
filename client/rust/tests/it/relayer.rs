//! A relayer that opens the envelope and checks it, and then behaves as the test wants.

use crate::samples::{network, user_key, x25519_secret};
use axum::{
    body::Bytes,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
    Json, Router,
};
use signing_primitives::wire::{
    digest, EncryptedRequest, HashChoice, Info, SignatureAnswer, SignedMessage,
    UserSignatureRequest,
};
use sp_core::{crypto::AccountId32, Pair};
use std::sync::{Arc, Mutex};

/// What the fake program's own hash makes of every message.
pub(crate) const CUSTOM_DIGEST: [u8; 32] = [0x42; 32];

/// What a relayer does with a good request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Behaviour {
    /// These members of the network sign, and all is well.
    Answer(&'static [usize]),
    /// Two members vouch for a signature whose v is flipped.
    FlippedV,
    /// Two members vouch for a signature of another message.
    OtherMessage,
    /// Two members vouch for a signature by another key.
    OtherKey,
    /// The request is refused.
    Refuse(u16, &'static str),
    /// No answer ever comes.
    Hang,
    /// The answer does not end.
    Flood,
    /// The answer is no JSON of the API's.
    Nonsense,
    /// The answer is elsewhere.
    Redirect,
}

/// A request that arrived, opened.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) sender: AccountId32,
    pub(crate) request: UserSignatureRequest,
}

#[derive(Clone)]
struct Shared {
    index: usize,
    behaviour: Behaviour,
    received: Arc<Mutex<Vec<Received>>>,
}

pub(crate) struct Relayer {
    pub(crate) endpoint: String,
    pub(crate) received: Arc<Mutex<Vec<Received>>>,
}

impl Relayer {
    /// Validator `index` of the network, on a port of its own.
    pub(crate) async fn start(index: usize, behaviour: Behaviour) -> Self {
        let received = Arc::new(Mutex::new(Vec::new()));
        let shared = Shared {
            index,
            behaviour,
            received: received.clone(),
        };
        let app = Router::new()
            .route("/user/relay_tx", post(relay))
            .route("/info", get(info))
            .layer(axum::extract::DefaultBodyLimit::disable())
            .with_state(shared);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { endpoint, received }
    }

    pub(crate) fn count(&self) -> usize {
        self.received.lock().unwrap().len()
    }
}

async fn info(State(shared): State<Shared>) -> Json<Info> {
    let network = network();
    let public = network.pairs[shared.index].public();
    Json(Info {
        ready: true,
        tss_account: AccountId32::new(public.0),
        // Not the key on chain: nobody may encrypt to what a stranger says.
        x25519_public_key: [9; 32],
        role: None,
        generation: None,
    })
}

async fn relay(State(shared): State<Shared>, body: Bytes) -> Response {
    let body: EncryptedRequest = serde_json::from_slice(&body).unwrap();
    let plaintext = body
        .hpke_message
        .open(&x25519_secret(shared.index))
        .unwrap();
    let signed: SignedMessage = serde_json::from_slice(&plaintext).unwrap();
    signed.verify().unwrap();
    let request: UserSignatureRequest = serde_json::from_slice(&signed.message).unwrap();
    shared.received.lock().unwrap().push(Received {
        sender: signed.sender.clone(),
        request: request.clone(),
    });

    let network = network();
    let digest = match request.hash {
        HashChoice::Custom(_) => CUSTOM_DIGEST,
        hash => digest(hash, &request.message).unwrap(),
    };
    let answers = |answers: Vec<SignatureAnswer>| Json(answers).into_response();
    match shared.behaviour {
        Behaviour::Answer(members) => answers(network.answers(&user_key(), &digest, members)),
        Behaviour::FlippedV => {
            let mut signature = network.answers(&user_key(), &digest, &[0])[0].signature;
            signature[64] ^= 1;
            answers(network.vouch(signature, &[0, 1]))
        }
        Behaviour::OtherMessage => answers(network.answers(&user_key(), &[1; 32], &[0, 1])),
        Behaviour::OtherKey => {
            answers(network.answers(&crate::samples::ecdsa_key(9), &digest, &[0, 1]))
        }
        Behaviour::Refuse(status, code) => {
            let body = serde_json::json!({ "code": code, "message": "not allowed" });
            (StatusCode::from_u16(status).unwrap(), Json(body)).into_response()
        }
        Behaviour::Hang => std::future::pending().await,
        Behaviour::Flood => vec![b' '; 10_000_000].into_response(),
        Behaviour::Nonsense => "[{\"Ok\":1}]".into_response(),
        Behaviour::Redirect => Redirect::temporary("/info").into_response(),
    }
}
