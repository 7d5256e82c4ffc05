//! A small network in memory, for tests: five validators, of which the first three are the
//! committee, two of them sign, and one user with one program. Everything is real but the chain, the
//! programs, the wires, and the threshold protocol, in whose place the user's whole key signs.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::{
    Admission, AskError, AskSigner, EvaluateProgram, ProgramFailure, ProgramInput, RelayConfig,
    Relayer, RunSigning, Signer, SignerReply, SigningFailure, SigningOrder,
};
use crate::{
    api::{router, AcceptPeer, ApiConfig, ApiParts},
    chain::{
        fake::{FakeChain, FakeState},
        AccountId, Committee, Program, ProgramKey, Registration, SignerId, VerifyingKey,
    },
    faults::Observations,
    identity::{account_of, Identity},
    metrics::Metrics,
    status::{ShowPeers, Status, StatusParts},
};
use async_trait::async_trait;
use axum::{
    body::{to_bytes, Body},
    extract::WebSocketUpgrade,
    http::{Request, StatusCode},
    response::{IntoResponse, Response},
    Router,
};
use k256::ecdsa::SigningKey;
use serde_json::Value;
use signing_primitives::{
    wire::{
        x25519_public_key, ApiErrorBody, EncryptedRequest, HashChoice, HpkeMessage, SignRequest,
        SignedMessage, UserSignatureRequest, ValidatorInfo,
    },
    ProgramInstance, ProgramSummary, KEY_TYPE,
};
use sp_core::{sr25519, Pair, H256};
use sp_keystore::{testing::MemoryKeystore, Keystore};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    net::IpAddr,
    sync::{Arc, Mutex},
};
use substrate_prometheus_endpoint::Registry;
use tower::ServiceExt;
use zeroize::Zeroizing;

/// How many validators there are.
pub(crate) const VALIDATORS: usize = 5;
/// The validator that tests send users' requests to.
pub(crate) const RELAYER: usize = 3;

/// A message and its auxiliary data.
pub(crate) type Evaluation = (Vec<u8>, Option<Vec<u8>>);

/// What a program does, by the config of its instance: the same bytecode for all.
#[derive(Default)]
pub(crate) struct FakePrograms {
    pub(crate) evaluated: Mutex<Vec<Evaluation>>,
    /// Programs with the config "wait" wait while this is locked.
    pub(crate) gate: Mutex<()>,
}

/// What the fake program's custom hash of a message is.
pub(crate) fn fake_hash(message: &[u8]) -> [u8; 32] {
    sp_crypto_hashing::twox_256(message)
}

impl EvaluateProgram for FakePrograms {
    fn evaluate(
        &self,
        _: ProgramKey,
        _: &Program,
        fuel: &mut u64,
        input: ProgramInput<'_>,
    ) -> Result<(), ProgramFailure> {
        let auxiliary = input.auxiliary_data.map(<[u8]>::to_vec);
        self.evaluated
            .lock()
            .unwrap()
            .push((input.message.to_vec(), auxiliary));
        match input.config {
            b"no" => Err(ProgramFailure::Refused("not today".into())),
            b"loop" if *fuel < u64::MAX => Err(ProgramFailure::OutOfFuel),
            b"costly" => {
                *fuel = fuel
                    .checked_sub(600_000_000)
                    .ok_or(ProgramFailure::OutOfFuel)?;
                Ok(())
            }
            b"panic" => panic!("a bug"),
            b"wait" => {
                drop(self.gate.lock().unwrap());
                Ok(())
            }
            b"password" if input.auxiliary_data != Some(b"please") => {
                Err(ProgramFailure::Refused("say please".into()))
            }
            _ => Ok(()),
        }
    }

    fn custom_hash(
        &self,
        _: ProgramKey,
        program: &Program,
        _: &mut u64,
        message: &[u8],
    ) -> Result<[u8; 32], ProgramFailure> {
        if program.bytecode.is_empty() {
            return Err(ProgramFailure::NoCustomHash);
        }
        Ok(fake_hash(message))
    }
}

/// What a signer's sessions do.
#[derive(Clone, Debug, Default)]
pub(crate) enum Session {
    #[default]
    Signs,
    SignsSomethingElse,
    Hangs,
    /// Fails, and says that these were silent.
    MissesOthers,
    HasNoShare,
}

/// Signs with the user's whole key, in place of a threshold protocol.
pub(crate) struct FakeSessions {
    key: SigningKey,
    pub(crate) orders: Mutex<Vec<SigningOrder>>,
    pub(crate) session: Mutex<Session>,
    /// Sessions wait while this is locked.
    pub(crate) gate: tokio::sync::Mutex<()>,
    /// The committees of other generations that it holds shares of.
    pub(crate) committees: Mutex<Vec<Committee>>,
}

#[async_trait]
impl RunSigning for FakeSessions {
    fn committee(&self, generation: u32) -> Option<Arc<Committee>> {
        let committees = self.committees.lock().unwrap();
        let held = committees.iter().find(|held| held.generation == generation);
        held.cloned().map(Arc::new)
    }

    async fn sign(&self, order: SigningOrder) -> Result<[u8; 65], SigningFailure> {
        self.orders.lock().unwrap().push(order.clone());
        let session = self.session.lock().unwrap().clone();
        drop(self.gate.lock().await);
        let mut digest = order.digest;
        match session {
            Session::Signs => {}
            Session::SignsSomethingElse => digest[0] ^= 1,
            Session::Hangs => std::future::pending().await,
            Session::MissesOthers => {
                let mut absent = order.participants;
                absent.remove(&order.me);
                return Err(SigningFailure::TimedOut { absent });
            }
            Session::HasNoShare => {
                return Err(SigningFailure::NoShare {
                    generation: order.generation,
                })
            }
        }
        let (signature, v) = self.key.sign_prehash_recoverable(&digest).unwrap();
        let mut bytes = [0; 65];
        bytes[..64].copy_from_slice(&signature.to_bytes());
        bytes[64] = v.to_byte();
        Ok(bytes)
    }
}

/// What is at the other end of a wire.
#[derive(Clone)]
pub(crate) enum Wire {
    Node(Router),
    Dead,
    Silent,
    Says(u16, Vec<u8>),
}

/// Connects the nodes, by endpoint.
#[derive(Default)]
pub(crate) struct FakeWires {
    pub(crate) wires: Mutex<HashMap<String, Wire>>,
}

#[async_trait]
impl AskSigner for FakeWires {
    async fn ask(&self, endpoint: &str, body: Vec<u8>) -> Result<SignerReply, AskError> {
        let wire = self
            .wires
            .lock()
            .unwrap()
            .get(endpoint)
            .cloned()
            .unwrap_or(Wire::Dead);
        match wire {
            Wire::Node(router) => {
                let (status, body) = send(router, "POST", "/user/sign_tx", body).await;
                Ok(SignerReply {
                    status: status.as_u16(),
                    body,
                })
            }
            // Any error will do: others cannot be made by hand.
            Wire::Dead => Err(AskError::TooLong),
            Wire::Silent => std::future::pending().await,
            Wire::Says(status, body) => Ok(SignerReply { status, body }),
        }
    }
}

struct NoPeers;

impl AcceptPeer for NoPeers {
    fn accept(&self, _: WebSocketUpgrade, _: Option<IpAddr>) -> Response {
        StatusCode::IM_A_TEAPOT.into_response()
    }
}

impl ShowPeers for NoPeers {
    fn expected(&self) -> BTreeSet<AccountId> {
        BTreeSet::new()
    }

    fn connected(&self) -> BTreeSet<AccountId> {
        BTreeSet::new()
    }
}

/// One validator.
pub(crate) struct Node {
    pub(crate) pair: sr25519::Pair,
    pub(crate) x25519_public: [u8; 32],
    pub(crate) endpoint: String,
    pub(crate) router: Router,
    pub(crate) relayer: Arc<Relayer>,
    pub(crate) signer: Arc<Signer>,
    pub(crate) programs: Arc<FakePrograms>,
    pub(crate) sessions: Arc<FakeSessions>,
    pub(crate) registry: Registry,
    pub(crate) observations: Arc<Observations>,
    pub(crate) status: Arc<Status>,
}

impl Node {
    pub(crate) fn party(&self) -> SignerId {
        self.pair.public().into()
    }

    /// Encrypts a signed message to this node.
    pub(crate) fn seal(&self, signed: &SignedMessage) -> Vec<u8> {
        self.seal_bytes(&serde_json::to_vec(signed).unwrap())
    }

    pub(crate) fn seal_bytes(&self, plaintext: &[u8]) -> Vec<u8> {
        let hpke_message = HpkeMessage::seal(&self.x25519_public, plaintext).unwrap();
        serde_json::to_vec(&EncryptedRequest { hpke_message }).unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: Vec<u8>) -> (StatusCode, Vec<u8>) {
        send(self.router.clone(), "POST", path, body).await
    }

    /// Sends what must be refused: the status and the code.
    pub(crate) async fn refusal(&self, path: &str, body: Vec<u8>) -> (u16, String) {
        let (status, body) = self.post(path, body).await;
        let body: ApiErrorBody = serde_json::from_slice(&body)
            .unwrap_or_else(|_| panic!("{status}: {}", String::from_utf8_lossy(&body)));
        (status.as_u16(), body.code)
    }

    pub(crate) fn listed(&self) -> ValidatorInfo {
        ValidatorInfo {
            x25519_public_key: self.x25519_public,
            ip_address: self.endpoint.clone(),
            tss_account: account_of(&self.party()),
        }
    }
}

/// Sends a request to a router.
pub(crate) async fn send(
    router: Router,
    method: &str,
    path: &str,
    body: impl Into<Body>,
) -> (StatusCode, Vec<u8>) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .body(body.into())
        .unwrap();
    let response = router.oneshot(request).await.unwrap();
    let status = response.status();
    (
        status,
        to_bytes(response.into_body(), usize::MAX)
            .await
            .unwrap()
            .to_vec(),
    )
}

/// The network, and its user.
pub(crate) struct World {
    pub(crate) chain: Arc<FakeChain>,
    pub(crate) wires: Arc<FakeWires>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) user: sr25519::Pair,
    pub(crate) user_key: VerifyingKey,
    pub(crate) network_key: VerifyingKey,
}

fn secp256k1(seed: u8) -> (SigningKey, VerifyingKey) {
    let key = SigningKey::from_slice(&[seed; 32]).unwrap();
    let public = key
        .verifying_key()
        .to_encoded_point(true)
        .as_bytes()
        .try_into()
        .unwrap();
    (key, public)
}

/// The key of the program with a custom hash.
pub(crate) fn program_key() -> ProgramKey {
    H256([0xaa; 32])
}

/// The key of the program without one.
pub(crate) fn hashless_program_key() -> ProgramKey {
    H256([0xbb; 32])
}

/// A program, in the fake's way: with bytecode it has a custom hash.
pub(crate) fn program(bytecode: &[u8]) -> Program {
    Program {
        summary: ProgramSummary {
            deployer: AccountId::new([9; 32]),
            bytecode_len: 1,
            config_schema: Default::default(),
            auxiliary_data_schema: Default::default(),
            oracle_keys: Default::default(),
            abi_version: 1,
            references: 1,
        },
        bytecode: bytecode.to_vec(),
    }
}

/// A registration with one instance of a program for each of these configs.
pub(crate) fn registration(program: ProgramKey, configs: &[&str]) -> Registration {
    let instances: Vec<_> = configs
        .iter()
        .map(|config| ProgramInstance {
            program,
            config: config.as_bytes().to_vec().try_into().unwrap(),
        })
        .collect();
    Registration {
        index: 7,
        owner: AccountId::new([9; 32]),
        programs: instances.try_into().unwrap(),
    }
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(RelayConfig::default(), ApiConfig::default())
    }

    pub(crate) fn with(relay: RelayConfig, api: ApiConfig) -> Self {
        let (user_secret, user_key) = secp256k1(1);
        let (_, network_key) = secp256k1(2);
        let mut state = FakeState::default();
        for index in 0..VALIDATORS {
            let (seed, secret) = seeds(index);
            let pair = sr25519::Pair::from_string(&seed, None).unwrap();
            let account = AccountId::new([0x50 + index as u8; 32]);
            let key = pair.public().into();
            state.add_validator(account, key, x25519_public_key(&secret), &endpoint(index));
        }
        state.activate(3, 2, network_key);
        state
            .registrations
            .insert(user_key, registration(program_key(), &["yes"]));
        state.programs.insert(program_key(), program(b"with hash"));
        state.programs.insert(hashless_program_key(), program(b""));
        let chain = Arc::new(FakeChain::new(state));
        chain.advance(99);
        let wires = Arc::new(FakeWires::default());
        let nodes: Vec<_> = (0..VALIDATORS)
            .map(|index| node(index, &chain, &wires, &user_secret, relay, api))
            .collect();
        for node in &nodes {
            let wire = Wire::Node(node.router.clone());
            wires
                .wires
                .lock()
                .unwrap()
                .insert(node.endpoint.clone(), wire);
        }
        let user = sr25519::Pair::from_string("//user", None).unwrap();
        Self {
            chain,
            wires,
            nodes,
            user,
            user_key,
            network_key,
        }
    }

    pub(crate) fn relayer(&self) -> &Node {
        &self.nodes[RELAYER]
    }

    /// Replaces the user's registration, in a new best block.
    pub(crate) fn register(&self, registration: Registration) {
        let key = self.user_key;
        self.chain.import(|state| {
            state.registrations.insert(key, registration);
        });
    }

    /// Lets a registration have so many requests in a block, from a finalized block on.
    pub(crate) fn limit_requests(&self, limit: u32) {
        self.chain
            .import(|state| state.network.parameters.request_limit = limit);
        self.chain.finalize();
    }

    /// A request that is granted.
    pub(crate) fn request(&self) -> UserSignatureRequest {
        UserSignatureRequest {
            message: b"pay".to_vec(),
            auxilary_data: None,
            block_number: 100,
            hash: HashChoice::Keccak,
            signature_verifying_key: self.user_key,
        }
    }

    /// The user's signature under a request.
    pub(crate) fn signed(&self, request: &UserSignatureRequest) -> SignedMessage {
        SignedMessage::sign(serde_json::to_vec(request).unwrap(), &self.user)
    }

    /// A request to the relayer.
    pub(crate) async fn relay(&self, request: &UserSignatureRequest) -> (StatusCode, Vec<u8>) {
        let node = self.relayer();
        node.post("/user/relay_tx", node.seal(&self.signed(request)))
            .await
    }

    /// A request that the relayer must refuse.
    pub(crate) async fn relay_refusal(&self, request: &UserSignatureRequest) -> (u16, String) {
        let node = self.relayer();
        node.refusal("/user/relay_tx", node.seal(&self.signed(request)))
            .await
    }

    /// What the relayer would send, for this request and these signers.
    pub(crate) fn sign_request(
        &self,
        request: &UserSignatureRequest,
        signers: &[usize],
    ) -> SignRequest {
        SignRequest {
            user_signature_request: request.clone(),
            validators_info: signers
                .iter()
                .map(|index| self.nodes[*index].listed())
                .collect(),
            user_signed_request: Some(self.signed(request)),
            nonce: Some([1; 32]),
            generation: Some(1),
        }
    }

    /// The same words, signed by validator `sender`, to signer `to`: the body.
    pub(crate) fn relayed(&self, to: usize, sender: usize, request: &SignRequest) -> Vec<u8> {
        let message = serde_json::to_vec(request).unwrap();
        let signed = SignedMessage::sign(message, &self.nodes[sender].pair);
        self.nodes[to].seal(&signed)
    }

    /// Sends a relayer's request to signer 0, which must refuse it.
    pub(crate) async fn sign_refusal(&self, request: &SignRequest) -> (u16, String) {
        let body = self.relayed(0, RELAYER, request);
        self.nodes[0].refusal("/user/sign_tx", body).await
    }

    /// How many sessions each of the nodes has been ordered to run, by its index.
    pub(crate) fn orders(&self) -> BTreeMap<usize, usize> {
        let orders = self
            .nodes
            .iter()
            .map(|node| node.sessions.orders.lock().unwrap().len());
        orders.enumerate().filter(|(_, count)| *count > 0).collect()
    }

    /// Puts something else at the other end of a node's wire.
    pub(crate) fn rewire(&self, node: usize, wire: Wire) {
        self.wires
            .wires
            .lock()
            .unwrap()
            .insert(self.nodes[node].endpoint.clone(), wire);
    }
}

fn seeds(index: usize) -> (String, [u8; 32]) {
    (format!("//validator{index}"), [0x20 + index as u8; 32])
}

fn endpoint(index: usize) -> String {
    format!("validator{index}:3001")
}

fn node(
    index: usize,
    chain: &Arc<FakeChain>,
    wires: &Arc<FakeWires>,
    user_secret: &SigningKey,
    relay: RelayConfig,
    api: ApiConfig,
) -> Node {
    let (seed, secret) = seeds(index);
    let keystore = MemoryKeystore::new();
    keystore
        .sr25519_generate_new(KEY_TYPE, Some(&seed))
        .unwrap();
    let identity = Arc::new(Identity::new(Arc::new(keystore), Zeroizing::new(secret)));
    let programs = Arc::new(FakePrograms::default());
    let sessions = Arc::new(FakeSessions {
        key: user_secret.clone(),
        orders: Mutex::default(),
        session: Mutex::default(),
        gate: tokio::sync::Mutex::default(),
        committees: Mutex::default(),
    });
    let observations = Arc::new(Observations::default());
    let registry = Registry::new();
    let metrics = Metrics::register(Some(&registry)).unwrap();
    let admission = Arc::new(Admission::new(identity, chain.clone(), programs.clone()));
    let relayer = Arc::new(Relayer::new(
        admission.clone(),
        wires.clone(),
        relay,
        observations.clone(),
    ));
    let signer = Arc::new(Signer::new(admission.clone(), sessions.clone()));
    let status = Arc::new(Status::new(StatusParts {
        admission: admission.clone(),
        mesh: Arc::new(NoPeers),
        observations: observations.clone(),
        version: "0.1.0 (abcdef)".into(),
    }));
    let parts = ApiParts {
        admission,
        relayer: relayer.clone(),
        signer: signer.clone(),
        peers: Arc::new(NoPeers),
        version: "0.1.0 (abcdef)".into(),
        status: status.clone(),
        config: api,
        metrics,
    };
    Node {
        pair: sr25519::Pair::from_string(&seed, None).unwrap(),
        x25519_public: x25519_public_key(&secret),
        endpoint: endpoint(index),
        router: router(parts),
        relayer,
        signer,
        programs,
        sessions,
        registry,
        observations,
        status,
    }
}

/// Parses a success.
pub(crate) fn json(answer: (StatusCode, Vec<u8>)) -> Value {
    let (status, body) = answer;
    assert_eq!(status, StatusCode::OK, "{}", String::from_utf8_lossy(&body));
    serde_json::from_slice(&body).unwrap()
}

/// An answer's status, and its code if it is a refusal.
pub(crate) fn status_and_code(answer: (StatusCode, Vec<u8>)) -> (u16, String) {
    let (status, body) = answer;
    let body: Value = serde_json::from_slice(&body).unwrap();
    let code = body["code"].as_str().unwrap_or_default();
    (status.as_u16(), code.into())
}

/// Lets other tasks run until `condition` holds.
pub(crate) async fn until(condition: impl Fn() -> bool) {
    while !condition() {
        tokio::task::yield_now().await;
    }
}
