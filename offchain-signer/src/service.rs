//! The signer service: everything in this crate, put together and following the chain.
//!
//! ```text
//!             heads ─► Announcer        keeps the chain's record of this signer right
//!             heads ─► KeyGeneration    makes, keeps and confirms a share of a new key
//!  chain ────────────► HandOver         the same with a key that is handed over
//!             heads ─► AuxInfoMaker     makes auxiliary information ahead of time
//!             heads ─► ShareKeeper      uses, promotes and erases shares
//!             heads ─► mesh topology    who connects to whom
//!             heads ─► FaultReporter    tells the chain what others were seen to fail at
//!             heads ─► Challenges       shows the chain that this node is there
//!
//!  HTTP ─► api ─► Relayer ─► other signers' HTTP
//!            └──► Signer ─► CommitteeSigner ─► sessions ─► mesh
//! ```
//! [`SignerService::start`] fails early: a port in use or a key store that cannot be opened is an
//! error before the node goes on. [`SignerService::run`] then runs until it is told to stop.

mod announcer;
mod attempt;
mod aux_info;
mod calls;
mod challenges;
mod committee_signer;
mod duties;
mod fault_reporter;
mod groups;
mod hand_over;
mod key_generation;
mod programs;
mod shares;
#[cfg(test)]
mod tests;

use crate::{
    api::{self, AcceptPeer, ApiConfig, ApiParts, Connections},
    chain::{AccountId, ChainError, Heads, NetworkState, WatchChain},
    conduct::Conduct,
    faults::{Ledger, Observations},
    identity::Identity,
    key_store::{KeyStore, KeyStoreError, Password},
    metrics::{Metrics, View},
    program::{Limits as ProgramLimits, ProgramEngine},
    request::{Admission, AskError, EvaluateProgram, HttpSigners, RelayConfig, Relayer, Signer},
    sessions::Sessions,
    status::{Status, StatusParts},
    transport::{Limits as MeshLimits, Mesh, MeshConfig, MeshHandle, Peer},
};
use announcer::Announcer;
use attempt::Node;
use axum::{extract::WebSocketUpgrade, response::Response, Router};
use challenges::Challenges;
use committee_signer::CommitteeSigner;
use duties::Duties;
use fault_reporter::FaultReporter;
use groups::groups;
use shares::Shares;
use signing_primitives::{CommitteeMember, Endpoint};
use sp_keystore::KeystorePtr;
use std::{
    io,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    sync::Arc,
};
use substrate_prometheus_endpoint::PrometheusError;
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

/// What a signer needs to be told.
pub struct SignerConfig {
    /// Where the HTTP API listens. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// What is announced on chain, `host:port`; where it turns out to listen if `None`.
    pub public_endpoint: Option<String>,
    /// The file of the key store.
    pub key_store: PathBuf,
    /// The password of the key store.
    pub password: Password,
    /// Version and commit, for `GET /version`.
    pub version: String,
    /// Where it is told what goes on.
    pub metrics: Metrics,
    /// How the node conducts itself: as it should, by default.
    pub conduct: Conduct,
}

/// The service cannot start, or cannot go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// The HTTP API's address cannot be listened on.
    #[error("cannot listen on {address}: choose another with --signer-listen")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The public endpoint is longer than the chain takes.
    #[error("the public endpoint is longer than 255 bytes")]
    EndpointTooLong,
    /// The key store cannot be opened.
    #[error(transparent)]
    KeyStore(#[from] KeyStoreError),
    /// The HTTP client cannot be made.
    #[error("cannot set up the HTTP client")]
    Client(#[source] AskError),
    /// The metrics cannot be registered.
    #[error("cannot register the metrics")]
    Metrics(#[from] PrometheusError),
    /// A part of the service ended although nobody told it to.
    #[error("a part of the signer service ended unexpectedly")]
    Ended,
}

/// The service, ready to run.
pub struct SignerService<C> {
    chain: Arc<C>,
    listener: TcpListener,
    router: Router,
    mesh: Mesh,
    handle: MeshHandle,
    sessions: Sessions,
    identity: Arc<Identity>,
    announcer: Announcer<C>,
    duties: Duties<C>,
    fault_reporter: FaultReporter<C>,
    challenges: Challenges<C>,
    metrics: Metrics,
    status: Arc<Status>,
}

struct MeshDoor(MeshHandle);

impl AcceptPeer for MeshDoor {
    fn accept(&self, upgrade: WebSocketUpgrade, remote: Option<IpAddr>) -> Response {
        self.0.upgrade(upgrade, remote)
    }
}

impl<C: WatchChain> SignerService<C> {
    /// Opens the key store and the HTTP port.
    ///
    /// # Errors
    /// [`ServiceError`], with what to do about it.
    pub async fn start(
        config: SignerConfig,
        chain: Arc<C>,
        keystore: KeystorePtr,
    ) -> Result<Self, ServiceError> {
        let genesis_hash = chain.genesis_hash();
        let (path, password) = (config.key_store, config.password);
        let key_store =
            tokio::task::spawn_blocking(move || KeyStore::open(&path, &password, genesis_hash))
                .await
                .map_err(|_| ServiceError::Ended)??;
        let conduct = config.conduct.with_keystore(&keystore);
        let key_store = Arc::new(key_store.with_conduct(conduct.clone()));

        let address = config.listen;
        let listening = |source| ServiceError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(listening)?;
        let local = listener.local_addr().map_err(listening)?;
        let endpoint = config.public_endpoint.unwrap_or_else(|| local.to_string());
        let endpoint =
            Endpoint::try_from(endpoint.into_bytes()).map_err(|_| ServiceError::EndpointTooLong)?;

        let x25519_secret = || Zeroizing::new(key_store.x25519_secret().to_bytes());
        let identity = Arc::new(Identity::new(keystore.clone(), x25519_secret()));
        let kept_in = key_store.clone();
        let ledger = tokio::task::spawn_blocking(move || Ledger::open(kept_in))
            .await
            .map_err(|_| ServiceError::Ended)?;
        let ledger = Arc::new(ledger);
        let (handle, incoming, mesh) = Mesh::new(MeshConfig {
            x25519_secret: x25519_secret(),
            genesis_hash,
            limits: MeshLimits::default(),
            conduct: conduct.clone(),
        });
        let metrics = config.metrics;
        let (sessions_handle, sessions) = Sessions::new(Arc::new(handle.clone()), incoming);
        let sessions_handle = sessions_handle
            .with_metrics(metrics.clone())
            .with_conduct(conduct.clone());
        let shares = Arc::new(Shares::default());
        let observations = Arc::new(Observations::default());

        let engine = Arc::new(ProgramEngine::new(ProgramLimits::default()));
        let programs: Arc<dyn EvaluateProgram> = engine.clone();
        let decides_by = |programs| Admission::new(identity.clone(), chain.clone(), programs);
        let admission = Arc::new(decides_by(programs.clone()));
        let relays_by = match conduct.programs_for_relaying(&programs) {
            None => admission.clone(),
            Some(programs) => Arc::new(decides_by(programs)),
        };
        let signers = Arc::new(HttpSigners::new().map_err(ServiceError::Client)?);
        let relayer = Arc::new(Relayer::new(
            relays_by,
            conduct.signers(signers),
            RelayConfig::default(),
            observations.clone(),
        ));
        metrics.watch(&handle, &engine, &observations, relayer.pace())?;
        let status = Arc::new(Status::new(StatusParts {
            admission: admission.clone(),
            mesh: Arc::new(handle.clone()),
            observations: observations.clone(),
            version: config.version.clone(),
        }));
        let router = api::router(ApiParts {
            relayer,
            signer: Arc::new(Signer::new(
                admission.clone(),
                Arc::new(CommitteeSigner::new(
                    genesis_hash,
                    keystore.clone(),
                    sessions_handle.clone(),
                    shares.clone(),
                    observations.clone(),
                    ledger.clone(),
                )),
            )),
            admission,
            peers: Arc::new(MeshDoor(handle.clone())),
            version: config.version,
            status: status.clone(),
            config: ApiConfig::default(),
            metrics: metrics.clone(),
        });
        let router = conduct.router(router);
        let node = Node {
            chain: chain.clone(),
            identity: identity.clone(),
            keystore,
            key_store,
            sessions: sessions_handle,
            observations: observations.clone(),
        };
        Ok(Self {
            announcer: Announcer::new(chain.clone(), identity.clone(), endpoint),
            duties: Duties::new(node, shares),
            fault_reporter: FaultReporter::new(
                chain.clone(),
                identity.clone(),
                observations,
                ledger,
            ),
            challenges: Challenges::new(chain.clone(), identity.clone()),
            chain,
            listener,
            router,
            mesh,
            handle,
            sessions,
            identity,
            metrics,
            status,
        })
    }

    /// Where the HTTP API listens.
    ///
    /// # Errors
    /// The operating system's, if it cannot tell.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Runs until `stop`.
    ///
    /// # Errors
    /// [`ServiceError`], if a part of it ends without being told to.
    pub async fn run(self, stop: CancellationToken) -> Result<(), ServiceError> {
        let mut parts: JoinSet<Result<(), ServiceError>> = JoinSet::new();
        let (mesh, sessions) = (self.mesh, self.sessions);
        let child = stop.child_token();
        let _stop_parts = child.clone().drop_guard();

        let stopped = child.clone();
        parts.spawn(async move {
            mesh.run(stopped).await;
            Ok(())
        });
        let stopped = child.clone();
        parts.spawn(async move {
            sessions.run(stopped).await;
            Ok(())
        });
        let stopped = child.clone();
        let (listener, router) = (self.listener, self.router);
        parts.spawn(async move {
            api::serve(listener, router, Connections::default(), stopped).await;
            Ok(())
        });
        let follower = Follower {
            chain: self.chain,
            handle: self.handle,
            identity: self.identity,
            announcer: self.announcer,
            duties: self.duties,
            fault_reporter: self.fault_reporter,
            challenges: self.challenges,
            metrics: self.metrics,
            status: self.status,
        };
        parts.spawn(follower.run(child));

        match parts.join_next().await {
            _ if stop.is_cancelled() => Ok(()),
            Some(Ok(Err(error))) => Err(error),
            _ => Err(ServiceError::Ended),
        }
    }
}

/// Does what every new head of the chain asks for.
struct Follower<C> {
    chain: Arc<C>,
    handle: MeshHandle,
    identity: Arc<Identity>,
    announcer: Announcer<C>,
    duties: Duties<C>,
    fault_reporter: FaultReporter<C>,
    challenges: Challenges<C>,
    metrics: Metrics,
    status: Arc<Status>,
}

impl<C: WatchChain> Follower<C> {
    async fn run(mut self, stop: CancellationToken) -> Result<(), ServiceError> {
        let mut heads = self.chain.heads();
        loop {
            let now = *heads.borrow_and_update();
            if let Err(error) = self.follow(&now).await {
                tracing::warn!(%error, "cannot read the chain; will look again at the next block");
            }
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                changed = heads.changed() => if changed.is_err() {
                    return Err(ServiceError::Ended);
                },
                finished = self.duties.finished() => self.duties.keep(finished).await,
            }
        }
    }

    async fn follow(&mut self, heads: &Heads) -> Result<(), ChainError> {
        let finalized = self.chain.network_state(heads.finalized.hash)?;
        let best = self.chain.network_state(heads.best.hash)?;
        self.duties.follow(heads, &finalized, &best).await;
        let committees = self.duties.committees();
        let held = committees.iter().map(|committee| committee.generation);
        let held = held.max();
        self.status.holds(held);
        self.metrics
            .network(|| View::new(&best, &self.identity, held));
        self.connect(&finalized);
        self.announcer.follow(heads, &best).await;
        self.challenges.follow(heads, &best).await;
        let (peers, connected) = (self.handle.peers(), self.handle.connected());
        self.fault_reporter.watch(&finalized, &peers, &connected);
        self.fault_reporter.follow(heads, &finalized, &best).await;
        Ok(())
    }

    /// Tells the mesh who this node is and who it talks to: those who sign, and those who are making
    /// or handing over the key, if it is one of them.
    fn connect(&self, finalized: &NetworkState) {
        let keys = self.identity.signing_keys();
        let mut peers = Vec::new();
        let mut me = None;
        let committees = self.duties.committees();
        let others = committees
            .iter()
            .map(|committee| committee.sitting().collect());
        for members in groups(finalized).into_iter().chain(others) {
            let members: Vec<&CommitteeMember<AccountId>> = members;
            let Some(own) = members.iter().find(|member| keys.contains(&member.party)) else {
                continue;
            };
            me = Some(own.validator.clone());
            peers.extend(
                members
                    .iter()
                    .filter_map(|member| peer(finalized, &member.validator)),
            );
        }
        peers.sort_by(|a, b| a.account.cmp(&b.account));
        peers.dedup_by(|a, b| a.account == b.account);
        self.handle.set_topology(me, peers);
    }
}

/// A validator as the mesh needs to know it, from its announcement.
fn peer(state: &NetworkState, account: &AccountId) -> Option<Peer> {
    let validator = state
        .validators
        .iter()
        .find(|validator| validator.account == *account)?;
    let signer = validator.signer.as_ref()?;
    Some(Peer {
        account: account.clone(),
        endpoint: String::from_utf8(signer.endpoint.to_vec()).ok()?,
        x25519: signer.x25519,
    })
}
