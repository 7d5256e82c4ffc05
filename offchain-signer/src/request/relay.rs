//! What a relayer does with a user's request.

use super::{
    admission::{Admission, Checked, Subject},
    ask::AskSigner,
    blame::{check_answer, Blame},
    checks,
    error::RequestError,
    join::{Join, Part},
    ledger::{Entered, Ledger},
    open::{open, verified},
    pace::{Heard, Pace, Turn, PATIENCE},
    replay::request_hash,
    snapshot::Snapshot,
    subsets::{draw, parties, reachable, Member, Suspects},
};
use crate::{
    chain::{SignerId, VerifyingKey},
    faults::Observations,
    identity::account_of,
    metrics::Stage,
    trace::Trace,
};
use futures::{future::BoxFuture, stream::FuturesUnordered, FutureExt, StreamExt};
use rand::{rngs::OsRng, RngCore};
use signing_primitives::wire::{
    ApiErrorBody, EncryptedRequest, HpkeMessage, SignRequest, SignatureAnswer, SignedMessage,
    UserSignatureRequest, ValidatorInfo,
};
use signing_primitives::UnprovableFault;
use sp_core::sr25519;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};
use tokio::time::{timeout, Instant};
use tracing::Instrument;

/// How long a relayer tries.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RelayConfig {
    /// How many sets of signers are asked for one request, one after the other.
    pub attempts: usize,
    /// How long one set of signers has.
    pub attempt_timeout: Duration,
    /// How long all of them have.
    pub deadline: Duration,
    /// How long a signer that failed is asked only if there is no way round it.
    pub suspicion: Duration,
}

impl Default for RelayConfig {
    /// Three sets of signers in 30 s. A session of two takes one to two seconds. One set has longer
    /// than its signers take to find out which of them is silent.
    fn default() -> Self {
        Self {
            attempts: 3,
            attempt_timeout: Duration::from_secs(15),
            deadline: Duration::from_secs(30),
            suspicion: Duration::from_secs(30),
        }
    }
}

/// What the chain said longer ago than this is looked at again before signers are asked: there may be another
/// committee, or signing be paused.
const NEWS: Duration = Duration::from_secs(1);

/// Gets users' requests signed, as a validator outside the committee.
pub struct Relayer {
    admission: Arc<Admission>,
    signers: Arc<dyn AskSigner>,
    config: RelayConfig,
    ledger: Arc<Ledger>,
    running: Join<(VerifyingKey, [u8; 32]), Outcome>,
    pace: Arc<Pace>,
    suspects: Suspects,
    observations: Arc<Observations>,
}

/// Shared by those who wait for it. What is wrong is logged where it is told.
type Outcome = Result<Arc<[SignatureAnswer]>, Arc<RequestError>>;

/// A request that has been granted.
struct Job {
    snapshot: Snapshot,
    /// This node's signing key.
    me: SignerId,
    signed: SignedMessage,
    request: UserSignatureRequest,
    digest: [u8; 32],
    trace: Trace,
    /// When the chain was read for it, or a moment before.
    read: Instant,
    /// Kept when signers are asked for it, or another's run has answered it.
    entered: Entered,
}

/// Those who can be asked to sign.
struct Panel {
    generation: u32,
    threshold: usize,
    members: Vec<Member>,
}

impl Panel {
    fn of(snapshot: &Snapshot) -> Result<Self, RequestError> {
        let (committee, _) = snapshot.signing()?;
        let threshold = committee.threshold;
        let members = reachable(snapshot, committee);
        let threshold = usize::try_from(threshold)
            .ok()
            .filter(|threshold| members.len() >= *threshold)
            .ok_or(RequestError::TooFewSigners { threshold })?;
        Ok(Self {
            generation: committee.generation,
            threshold,
            members,
        })
    }
}

impl Relayer {
    /// Decides with `admission`, and asks the committee through `signers`.
    pub fn new(
        admission: Arc<Admission>,
        signers: Arc<dyn AskSigner>,
        config: RelayConfig,
        observations: Arc<Observations>,
    ) -> Self {
        Self {
            admission,
            signers,
            config,
            ledger: Arc::new(Ledger::new(1)),
            running: Join::new(),
            pace: Arc::new(Pace::new(config.attempt_timeout / 2)),
            suspects: Suspects::new(config.suspicion),
            observations,
        }
    }

    /// How many requests are signed at a time.
    pub(crate) fn pace(&self) -> &Arc<Pace> {
        &self.pace
    }

    /// How many requests have been answered by the run of another, identical one.
    pub fn joined(&self) -> u64 {
        self.running.joined()
    }

    /// Answers the body of a `POST /user/relay_tx`: one element for each signer. If the future is
    /// dropped and nobody else waits for the same signature, the signers are hung up on.
    ///
    /// # Errors
    /// [`RequestError`] says why there is no signature.
    pub async fn relay(
        self: Arc<Self>,
        trace: Trace,
        body: Vec<u8>,
    ) -> Result<Arc<[SignatureAnswer]>, Arc<RequestError>> {
        let (this, of, read) = (self.clone(), trace.clone(), Instant::now());
        let (checked, me) = self.admission.run(move || this.check(of, &body)).await?;
        self.relay_checked(checked, me, read)
            .instrument(trace.span())
            .await
    }

    /// Gets a request signed, if its programs say yes.
    async fn relay_checked(
        self: Arc<Self>,
        checked: Checked,
        me: SignerId,
        read: Instant,
    ) -> Outcome {
        let _place = self.pace.place(checked.subject.key())?;
        let (subject, grant) = self.admission.grant(&self.ledger, checked).await?;
        let job = Arc::new(Job {
            snapshot: subject.snapshot,
            me,
            signed: subject.signed,
            request: subject.request,
            digest: grant.digest,
            trace: subject.trace,
            read,
            entered: grant.entered,
        });
        // Those who join another's run have no more time than it takes to wait for a turn and to use it.
        let time = PATIENCE.saturating_add(self.config.deadline);
        let answers = timeout(time, self.clone().shared(job.clone()))
            .await
            .unwrap_or_else(|_| Err(RequestError::TimedOut.into()))?;
        job.entered.keep();
        Ok(answers)
    }

    /// What is signed is the same whoever asks, so those who ask at the same time share a run. Each of them has
    /// been granted the signature on their own request.
    async fn shared(self: Arc<Self>, job: Arc<Job>) -> Outcome {
        let key = (job.request.signature_verifying_key, job.digest);
        loop {
            let run = self.running.run(key, || self.clone().collect(job.clone()));
            match run.await {
                // The other's request may have failed for a reason of its own, such as going stale.
                (Err(error), Part::Joined) if !matches!(*error, RequestError::Busy) => {
                    let error: &dyn std::error::Error = &*error;
                    tracing::debug!(error, "an identical request that was in work failed");
                }
                (outcome, _) => return outcome,
            }
        }
    }

    /// Makes the quick checks of the request. With it comes this node's signing key. Blocks.
    fn check(&self, trace: Trace, body: &[u8]) -> Result<(Checked, SignerId), RequestError> {
        let (signed, request) = trace.timed(Stage::Decryption, || {
            let signed = open(body, self.admission.identity.x25519_secret())?;
            let request: UserSignatureRequest = verified(&signed)?;
            Ok::<_, RequestError>((signed, request))
        })?;
        let request_hash = request_hash(&signed);
        trace.name(&request_hash);
        let snapshot = trace.timed(Stage::ChainReads, || self.admission.snapshot())?;
        let validator = self.admission.identity.validator(&snapshot.network);
        let me = validator
            .ok_or(RequestError::NotAValidator)?
            .signing_key
            .clone();
        let (committee, _) = snapshot.signing()?;
        if self.admission.identity.seat(committee).is_some() {
            return Err(RequestError::ThisNodeIsASigner);
        }
        if snapshot.paused {
            return Err(RequestError::Paused);
        }
        let subject = Subject {
            trace,
            snapshot,
            signed,
            request,
            request_hash,
            attempt: request_hash,
        };
        Ok((self.admission.check(&self.ledger, subject)?, me))
    }

    /// Asks one set of signers after the other, until one makes the signature. First it waits for its turn.
    fn collect(self: Arc<Self>, job: Arc<Job>) -> BoxFuture<'static, Outcome> {
        // Others may wait for it too, and drive it: what is done is done for this request.
        let span = job.trace.span();
        async move {
            let since = std::time::Instant::now();
            let turn = self.pace.take(job.request.signature_verifying_key).await;
            job.trace.stage(Stage::Queue, since);
            timeout(self.config.deadline, self.attempts(job, &turn?))
                .await
                .unwrap_or_else(|_| Err(RequestError::TimedOut.into()))
        }
        .instrument(span)
        .boxed()
    }

    async fn attempts(&self, job: Arc<Job>, turn: &Turn) -> Outcome {
        let mut panel = match job.read.elapsed() > NEWS {
            true => self.panel_now(&job).await?,
            false => Panel::of(&job.snapshot)?,
        };
        let mut tried = BTreeSet::new();
        let mut refused = BTreeSet::new();
        for attempt in 0..self.config.attempts {
            if attempt > 0 {
                // The committee may have changed since, or a member have lost its seat.
                let now = self.panel_now(&job).await?;
                if now.generation != panel.generation {
                    tried.clear();
                }
                panel = now;
            }
            let suspects = self.suspects.current();
            let drawn = draw(
                &mut OsRng,
                &panel.members,
                panel.threshold,
                &suspects,
                &tried,
            );
            let Some(asked) = drawn else {
                break;
            };
            tried.insert(parties(&asked));
            tracing::debug!(attempt, signers = ?parties(&asked), "asks a set of signers");
            let in_work = turn.attempt();
            match self.attempt(&job, panel.generation, &asked).await? {
                Ok(answers) => {
                    // Who is slow on purpose is asked later than others, too.
                    match in_work.is_slow() {
                        true => self.suspects.add(parties(&asked)),
                        false => self.suspects.clear(&parties(&asked)),
                    }
                    in_work.heard(Heard::Signed);
                    self.observe_success(&parties(&asked), &refused);
                    return Ok(answers);
                }
                Err(culprits) => {
                    tracing::warn!(attempt, ?culprits, "a set of signers made no signature");
                    let is_busy = culprits.values().any(|blame| *blame == Blame::Busy);
                    in_work.heard(if is_busy { Heard::Busy } else { Heard::Nothing });
                    refused.extend(self.observe_failure(&culprits));
                    self.suspects.add(culprits.into_keys());
                }
            }
        }
        Err(RequestError::NoSignature.into())
    }

    /// Notes who is to blame for what. Gives those who refused: whether that was right is not known
    /// yet.
    fn observe_failure(&self, culprits: &BTreeMap<SignerId, Blame>) -> BTreeSet<SignerId> {
        let mut refused = BTreeSet::new();
        for (party, blame) in culprits {
            if let Some(fault) = blame.fault() {
                self.observations.failed(party, fault);
            } else if blame.is_refusal() {
                refused.insert(party.clone());
            }
        }
        refused
    }

    /// Notes who has made the signature, and that those who refused the same request should not have.
    fn observe_success(&self, asked: &BTreeSet<SignerId>, refused: &BTreeSet<SignerId>) {
        for party in asked {
            self.observations.worked(party);
        }
        for party in refused.difference(asked) {
            self.observations.failed(party, UnprovableFault::Silent);
        }
    }

    /// Those who can be asked now, if it may still be asked for.
    async fn panel_now(&self, job: &Job) -> Result<Panel, RequestError> {
        let (admission, named) = (self.admission.clone(), job.request.block_number);
        let made = self.admission.run(move || {
            let snapshot = admission.snapshot()?;
            if snapshot.paused {
                return Err(RequestError::Paused);
            }
            let window = snapshot.network.parameters.freshness_window;
            checks::fresh(named, snapshot.best_number(), window)?;
            Panel::of(&snapshot)
        });
        made.await
    }

    /// Asks one set of signers. If they do not make the signature, tells who seems to be the cause.
    async fn attempt(
        &self,
        job: &Arc<Job>,
        generation: u32,
        asked: &[Member],
    ) -> Result<Result<Arc<[SignatureAnswer]>, BTreeMap<SignerId, Blame>>, RequestError> {
        let since = std::time::Instant::now();
        let bodies = self.bodies(job, generation, asked).await?;
        job.entered.keep();
        job.trace.stage(Stage::SessionSetup, since);
        let since = std::time::Instant::now();
        let mut asking: FuturesUnordered<_> = asked
            .iter()
            .zip(bodies)
            .map(|(member, body)| async move { (member, self.ask(job, member, body).await) })
            .collect();
        let mut silent = parties(asked);
        let mut answers = Vec::with_capacity(asked.len());
        let all = async {
            while let Some((member, answer)) = asking.next().await {
                silent.remove(&member.party);
                match answer {
                    Ok(answer) => answers.push(answer),
                    Err(Blame::Session) => {
                        let suspected = |party| (party, Blame::Session);
                        return Err(parties(asked).into_iter().map(suspected).collect());
                    }
                    Err(blame) => return Err(BTreeMap::from([(member.party.clone(), blame)])),
                }
            }
            Ok(())
        };
        // The other signers are hung up on as soon as one has failed: without it there is nothing
        // to wait for.
        let outcome = timeout(self.config.attempt_timeout, all).await;
        drop(asking);
        job.trace.stage(Stage::Protocol, since);
        Ok(match outcome {
            Ok(Ok(())) => Ok(answers.into()),
            Ok(Err(culprits)) => Err(culprits),
            // Several may all be waiting for one of them.
            Err(_) => {
                let blame = match silent.len() {
                    1 => Blame::Silent,
                    _ => Blame::Suspicion,
                };
                Err(silent.into_iter().map(|party| (party, blame)).collect())
            }
        })
    }

    /// Makes the bodies of the requests to these signers, in their order.
    async fn bodies(
        &self,
        job: &Arc<Job>,
        generation: u32,
        asked: &[Member],
    ) -> Result<Vec<Option<Vec<u8>>>, RequestError> {
        let (admission, job, asked) = (self.admission.clone(), job.clone(), asked.to_vec());
        self.admission
            .run(move || make_bodies(&admission, &job, generation, &asked))
            .await
    }

    /// Asks one signer, and checks what it answers.
    async fn ask(
        &self,
        job: &Job,
        member: &Member,
        body: Option<Vec<u8>>,
    ) -> Result<SignatureAnswer, Blame> {
        let signer = &member.party;
        let Some(body) = body else {
            tracing::warn!(%signer, "a signer has announced a key that cannot be encrypted to");
            return Err(Blame::Unreachable);
        };
        let reply = self.signers.ask(&member.endpoint, body).await.map_err(|error| {
            tracing::warn!(%signer, error = &error as &dyn std::error::Error, "a signer is silent");
            Blame::Unreachable
        })?;
        if reply.status != 200 {
            let said: Option<ApiErrorBody> = serde_json::from_slice(&reply.body).ok();
            let code = said.map(|said| said.code).unwrap_or_default();
            tracing::warn!(%signer, status = reply.status, ?code, "a signer refuses");
            return Err(Blame::of_refusal(&code));
        }
        let key = &job.request.signature_verifying_key;
        let check = || check_answer(&reply.body, signer, &job.digest, key);
        let answer = job.trace.timed(Stage::Answer, check)?;
        tracing::debug!(%signer, "a signer has signed");
        Ok(answer)
    }
}

/// Makes the body for each signer: the same words, encrypted to its own key. None for a signer
/// whose key is unusable: it must not spoil it for the others. Blocks.
fn make_bodies(
    admission: &Admission,
    job: &Job,
    generation: u32,
    asked: &[Member],
) -> Result<Vec<Option<Vec<u8>>>, RequestError> {
    let mut nonce = [0; 32];
    OsRng.fill_bytes(&mut nonce);
    let request = SignRequest {
        user_signature_request: job.request.clone(),
        validators_info: asked.iter().map(listed).collect(),
        user_signed_request: Some(job.signed.clone()),
        nonce: Some(nonce),
        generation: Some(generation),
    };
    let message = serde_json::to_vec(&request).map_err(internal)?;
    drop(request);
    let signed = SignedMessage::sign_with(message, account_of(&job.me), |message| {
        let signature = admission.identity.sign(&job.me, message)?;
        let signature: &sr25519::Signature = signature.as_ref();
        Ok::<_, RequestError>(signature.0)
    })?;
    let plaintext = serde_json::to_vec(&signed).map_err(internal)?;
    drop(signed);
    let body = |member: &Member| {
        let Ok(hpke_message) = HpkeMessage::seal(&member.x25519, &plaintext) else {
            return Ok(None);
        };
        serde_json::to_vec(&EncryptedRequest { hpke_message })
            .map(Some)
            .map_err(internal)
    };
    asked.iter().map(body).collect()
}

fn listed(member: &Member) -> ValidatorInfo {
    ValidatorInfo {
        x25519_public_key: member.x25519,
        ip_address: member.endpoint.clone(),
        tss_account: account_of(&member.party),
    }
}

fn internal(error: impl std::error::Error + Send + Sync + 'static) -> RequestError {
    RequestError::Internal(Box::new(error))
}
