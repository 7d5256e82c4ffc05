//! One run: its tries, each with a session of its own.

use super::{
    attendance::Attendance,
    frame::{Frame, RunId},
    opening::{Opening, Step},
    router::{PartyMessage, PeerOpen, Router},
    Carry, SessionsHandle,
};
use crate::{
    chain::{AccountId, SignerId},
    metrics::{Metrics, SessionOutcome, Stage},
    protocol::PartyId,
    trace::Trace,
};
use codec::Encode;
use rand::{rngs::OsRng, RngCore};
use signing_primitives::{SessionId, SessionIdError, SessionNonce, Subject};
use std::{
    collections::BTreeMap,
    fmt::Display,
    sync::{Arc, OnceLock},
    time::Duration,
};
use tokio::{
    runtime::Handle,
    sync::mpsc,
    task::JoinHandle,
    time::{sleep, timeout_at, Instant},
};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, Span};

/// Opens that a participant may send for each try: its own and its answer to ours, and as many
/// again if it restarts.
const OPENS_PER_TRY: usize = 8;
/// Outgoing messages that wait for the mesh: one round's messages to a full committee.
const OUTGOING: usize = 64;

/// How long the last messages of a closed session may take to get out.
const LINGER: Duration = Duration::from_secs(20);

/// What a run is about and who takes part.
#[derive(Clone, Debug)]
pub struct RunSpec {
    /// What it is about: the same at every participant.
    pub subject: Subject,
    /// This node's party id.
    pub me: SignerId,
    /// The other participants.
    pub others: BTreeMap<AccountId, SignerId>,
    /// The number of the last try; 0 for a run that is tried once.
    pub last_try: u32,
    /// How long to wait for all participants to open a try.
    pub open_timeout: Duration,
    /// What each other participant may send in one session.
    pub budget: Budget,
    /// The request that it is for, if it is for one.
    pub trace: Trace,
    /// Where it is noted who does not come to its tries. Who was missing from a session is for the job
    /// to say.
    pub attendance: Attendance,
}

/// What one participant may send in one session; the rest is dropped.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// Messages.
    pub messages: usize,
    /// Bytes, over all messages.
    pub bytes: usize,
}

impl RunSpec {
    fn id(&self) -> RunId {
        self.subject.hash().0
    }
}

/// A session, as the protocol sees it.
#[derive(Debug)]
pub struct Session {
    /// Commits to the subject and to every participant's nonce. Never used before.
    pub id: SessionId,
    /// What every participant contributed to the id.
    pub nonces: BTreeMap<SignerId, SessionNonce>,
    /// What the other participants say. Ends when the session is closed.
    pub incoming: mpsc::Receiver<PartyMessage>,
    /// What this node says to one other participant.
    pub outgoing: mpsc::Sender<PartyMessage>,
    /// Cancelled when nobody wants the result any more.
    pub cancel: CancellationToken,
    /// When this node opened it. All participants have done so when it begins.
    pub opened: Instant,
    /// Who ended it, if it was cancelled for a participant that gave up or restarted.
    pub ended_by: Arc<OnceLock<SignerId>>,
    /// Where it is told how the protocol goes.
    pub metrics: Metrics,
}

/// Why a run gave no result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError<E> {
    /// This node is in such a run already.
    #[error("this run is going on already")]
    AlreadyRunning,
    /// The participants are not those of the subject.
    #[error("the participants are not those of the subject")]
    Participants(#[source] SessionIdError),
    /// Not everybody opened the session in time.
    #[error("{absent:?} did not open the session in time")]
    NotOpened {
        /// The participants that did not.
        absent: Vec<AccountId>,
    },
    /// A participant restarted or gave up, and the run has no tries left. Whoever says so itself is
    /// not to blame: it may have been let down by another.
    #[error("a participant restarted or gave up, and the run may not be tried again")]
    NoTryLeft,
    /// The protocol failed, and the run has no tries left.
    #[error("the protocol failed")]
    Protocol(#[source] E),
    /// The protocol's thread ended without a word.
    #[error("the protocol's thread was lost")]
    Lost,
}

enum TryOutcome<T, E> {
    Done(T),
    Failed(RunError<E>),
    Retry {
        number: u32,
        because_of: Option<PeerOpen>,
    },
}

impl<T, E> TryOutcome<T, E> {
    fn for_metrics(&self, started: bool) -> SessionOutcome {
        match self {
            Self::Done(_) => SessionOutcome::Ok,
            Self::Failed(RunError::NotOpened { .. }) => SessionOutcome::NotOpened,
            Self::Failed(RunError::NoTryLeft) => SessionOutcome::Restarted,
            Self::Retry { because_of, .. } if because_of.is_some() => SessionOutcome::Restarted,
            Self::Retry { .. } if !started => SessionOutcome::NotOpened,
            Self::Failed(_) | Self::Retry { .. } => SessionOutcome::Failed,
        }
    }
}

/// Tells how a try ends; if it is dropped, that nobody waited for it.
struct TryGuard<'a> {
    metrics: &'a Metrics,
    subject: &'a Subject,
    outcome: SessionOutcome,
}

impl<'a> TryGuard<'a> {
    fn new(metrics: &'a Metrics, subject: &'a Subject) -> Self {
        Self {
            metrics,
            subject,
            outcome: SessionOutcome::Cancelled,
        }
    }

    fn with(mut self, outcome: SessionOutcome) {
        self.outcome = outcome;
    }
}

impl Drop for TryGuard<'_> {
    fn drop(&mut self) {
        self.metrics.try_ended(self.subject, self.outcome);
    }
}

/// Unregisters the run when it ends or is dropped.
struct RunGuard {
    router: Arc<Router>,
    id: RunId,
}

impl Drop for RunGuard {
    fn drop(&mut self) {
        self.router.close_run(&self.id);
    }
}

/// Tells the other participants that this node takes part in a run no more, unless it has ended
/// well. They would wait for it in vain, and blame it. An `Open` of a try that there is not says so;
/// where there are several tries, that of the next one does, unless there are no more.
struct Farewell {
    mesh: Arc<dyn Carry>,
    frame: Frame,
    others: Vec<AccountId>,
    is_due: bool,
}

impl Farewell {
    fn new(mesh: Arc<dyn Carry>, spec: &RunSpec) -> Self {
        let frame = Frame::Open {
            run: spec.id(),
            try_number: spec.last_try.saturating_add(1),
            nonce: [0; 32],
        };
        Self {
            mesh,
            frame,
            others: spec.others.keys().cloned().collect(),
            is_due: spec.last_try == 0,
        }
    }

    /// The run has ended well.
    fn withhold(mut self) {
        self.is_due = false;
    }

    /// The run has failed here: there is no next try that would say it.
    fn say(mut self) {
        self.is_due = true;
    }
}

impl Drop for Farewell {
    fn drop(&mut self) {
        let runtime = match Handle::try_current() {
            Ok(runtime) if self.is_due => runtime,
            _ => return,
        };
        for peer in core::mem::take(&mut self.others) {
            runtime.spawn(self.mesh.send(peer, self.frame.encode()));
        }
    }
}

/// Closes the session and tells the protocol to stop when it ends or is dropped.
struct SessionGuard {
    router: Arc<Router>,
    id: SessionId,
    subject: Subject,
    metrics: Metrics,
    trace: Trace,
    opened: std::time::Instant,
    cancel: CancellationToken,
    ended_by: Arc<OnceLock<SignerId>>,
}

impl Drop for SessionGuard {
    fn drop(&mut self) {
        // First, so that the protocol knows why it hears nothing any more.
        self.cancel.cancel();
        self.router.close_session(&self.id.0);
        self.metrics.session_closed(&self.subject);
        self.trace.stage(Stage::Protocol, self.opened);
    }
}

impl SessionsHandle {
    /// Takes part in a run: opens a session with the other participants and executes `job` with it
    /// on a blocking thread; again, if it fails and the run has tries left.
    pub async fn run<T, E, F>(&self, spec: RunSpec, job: F) -> Result<T, RunError<E>>
    where
        T: Send + 'static,
        E: Display + Send + 'static,
        F: Fn(Session) -> Result<T, E> + Send + Sync + 'static,
    {
        let opens_per_participant = OPENS_PER_TRY * (spec.last_try as usize + 1);
        let mut opens = self
            .router
            .open_run(spec.id(), &spec.others, opens_per_participant)
            .ok_or(RunError::AlreadyRunning)?;
        let _guard = RunGuard {
            router: self.router.clone(),
            id: spec.id(),
        };
        let farewell = Farewell::new(self.mesh.clone(), &spec);
        let job = Arc::new(job);
        let mut opening = Opening::new(spec.others.len(), spec.last_try, fresh_nonce());
        let mut pending = None;
        loop {
            self.say_open_to_all(&spec, &opening);
            let ended = TryGuard::new(&self.metrics, &spec.subject);
            let outcome = self
                .one_try(&spec, &mut opening, &mut opens, pending.take(), &job)
                .await;
            ended.with(outcome.for_metrics(opening.started()));
            match outcome {
                TryOutcome::Done(result) => {
                    farewell.withhold();
                    return Ok(result);
                }
                TryOutcome::Failed(error) => {
                    if matches!(error, RunError::Protocol(_) | RunError::NotOpened { .. }) {
                        farewell.say();
                    }
                    return Err(error);
                }
                TryOutcome::Retry { number, because_of } => {
                    tracing::info!(run = %hex::encode(spec.id()), number, "trying a run again");
                    opening.retry(number, fresh_nonce());
                    pending = because_of.filter(|open| open.try_number == number);
                }
            }
        }
    }

    /// Waits for everybody's nonce, then executes the job, listening for participants that restart.
    async fn one_try<T, E, F>(
        &self,
        spec: &RunSpec,
        opening: &mut Opening,
        opens: &mut mpsc::UnboundedReceiver<PeerOpen>,
        mut pending: Option<PeerOpen>,
        job: &Arc<F>,
    ) -> TryOutcome<T, E>
    where
        T: Send + 'static,
        E: Display + Send + 'static,
        F: Fn(Session) -> Result<T, E> + Send + Sync + 'static,
    {
        let opened = Instant::now();
        let deadline = opened + spec.open_timeout;
        let began = std::time::Instant::now();
        let mut running = None;
        loop {
            let open = match (pending.take(), &mut running) {
                (Some(open), _) => open,
                (None, None) => match timeout_at(deadline, opens.recv()).await {
                    Ok(Some(open)) => open,
                    Ok(None) => return TryOutcome::Failed(RunError::Lost),
                    Err(_) => return self.not_opened(spec, opening),
                },
                (None, Some((thread, _))) => tokio::select! {
                    result = thread => return finished(opening, result),
                    Some(open) = opens.recv() => open,
                },
            };
            match opening.on_open(&open.from, open.try_number, open.nonce) {
                Step::Ignore => {}
                Step::Remind | Step::Wait => self.say_open(&open.from, spec, opening),
                Step::Start => {
                    self.say_open(&open.from, spec, opening);
                    match self.start(spec, opening, job, (began, opened)) {
                        Ok(started) => running = Some(started),
                        Err(error) => return TryOutcome::Failed(RunError::Participants(error)),
                    }
                }
                Step::Retry(number) => {
                    ended_by(&open, spec, running.as_ref().map(|(_, guard)| guard));
                    return TryOutcome::Retry {
                        number,
                        because_of: Some(open),
                    };
                }
                Step::Fail => {
                    ended_by(&open, spec, running.as_ref().map(|(_, guard)| guard));
                    return TryOutcome::Failed(RunError::NoTryLeft);
                }
            }
        }
    }

    fn not_opened<T, E>(&self, spec: &RunSpec, opening: &Opening) -> TryOutcome<T, E> {
        let here = opening.received();
        let absent = || {
            let others = spec.others.iter();
            others.filter(|(peer, _)| !here.contains_key(*peer))
        };
        let parties = absent().map(|(_, party)| party.clone());
        spec.attendance.not_opened(parties.collect());
        match opening.failed() {
            Step::Retry(number) => TryOutcome::Retry {
                number,
                because_of: None,
            },
            _ => TryOutcome::Failed(RunError::NotOpened {
                absent: absent().map(|(peer, _)| peer.clone()).collect(),
            }),
        }
    }

    /// Opens the session that the nonces make, and executes the job with it.
    fn start<T, E, F>(
        &self,
        spec: &RunSpec,
        opening: &Opening,
        job: &Arc<F>,
        (began, opened): (std::time::Instant, Instant),
    ) -> Result<(JoinHandle<Result<T, E>>, SessionGuard), SessionIdError>
    where
        T: Send + 'static,
        E: Send + 'static,
        F: Fn(Session) -> Result<T, E> + Send + Sync + 'static,
    {
        let nonces = nonces(spec, opening);
        let id = spec.subject.session_id(&nonces)?;
        let incoming = self
            .router
            .open_session(id.0, spec.others.clone(), spec.budget);
        let (outgoing, to_send) = mpsc::channel(OUTGOING);
        let cancel = CancellationToken::new();
        self.forward(spec, id, to_send, cancel.clone());
        self.metrics.session_opened(&spec.subject);
        spec.trace.stage(Stage::SessionSetup, began);
        tracing::debug!(session = %hex::encode(id.0), "opened a session");
        let guard = SessionGuard {
            router: self.router.clone(),
            id,
            subject: spec.subject.clone(),
            metrics: self.metrics.clone(),
            trace: spec.trace.clone(),
            opened: std::time::Instant::now(),
            cancel: cancel.clone(),
            ended_by: Arc::default(),
        };
        let session = Session {
            id,
            nonces,
            incoming,
            outgoing,
            cancel,
            opened,
            ended_by: guard.ended_by.clone(),
            metrics: self.metrics.clone(),
        };
        let session = self.conduct.session(spec, session);
        let job = job.clone();
        let span = Span::current();
        let thread = tokio::task::spawn_blocking(move || span.in_scope(|| job(session)));
        Ok((thread, guard))
    }

    /// Sends what the protocol says: to each participant in order, and to none of them later
    /// because another is slow. The last messages of a finished protocol still go out, because
    /// other participants need them.
    fn forward(
        &self,
        spec: &RunSpec,
        session: SessionId,
        mut to_send: mpsc::Receiver<PartyMessage>,
        closed: CancellationToken,
    ) {
        let mut lanes = BTreeMap::new();
        for (account, party) in &spec.others {
            let (lane, waiting) = mpsc::channel(OUTGOING);
            lanes.insert(PartyId::from(party.clone()), lane);
            let sending = send_in_order(self.mesh.clone(), account.clone(), session, waiting);
            let closed = closed.clone();
            let sending = async move {
                tokio::select! {
                    () = sending => {}
                    () = async {
                        closed.cancelled().await;
                        sleep(LINGER).await;
                    } => {}
                }
            };
            tokio::spawn(sending.in_current_span());
        }
        let sorting = async move {
            while let Some((to, payload)) = to_send.recv().await {
                let full = lanes
                    .get(&to)
                    .is_some_and(|lane| lane.try_send(payload).is_err());
                if full {
                    tracing::debug!(party = ?to, "is too slow for this session");
                }
            }
        };
        tokio::spawn(sorting.in_current_span());
    }

    fn say_open_to_all(&self, spec: &RunSpec, opening: &Opening) {
        for account in spec.others.keys() {
            self.say_open(account, spec, opening);
        }
    }

    fn say_open(&self, to: &AccountId, spec: &RunSpec, opening: &Opening) {
        let frame = Frame::Open {
            run: spec.id(),
            try_number: opening.try_number(),
            nonce: opening.nonce(),
        };
        let sent = self.mesh.send(to.clone(), frame.encode());
        let to = to.clone();
        let sending = async move {
            if !sent.await {
                tracing::debug!(peer = %to, "could not open a session");
            }
        };
        tokio::spawn(sending.in_current_span());
    }
}

/// A participant has ended a try. What that means for its session is for the job to say.
fn ended_by(open: &PeerOpen, spec: &RunSpec, session: Option<&SessionGuard>) {
    let Some(party) = spec.others.get(&open.from).cloned() else {
        return;
    };
    match session {
        Some(session) => {
            let _ = session.ended_by.set(party);
        }
        None => spec.attendance.gave_up(party),
    }
}

async fn send_in_order(
    mesh: Arc<dyn Carry>,
    to: AccountId,
    session: SessionId,
    mut waiting: mpsc::Receiver<Vec<u8>>,
) {
    while let Some(payload) = waiting.recv().await {
        let session = session.0;
        let frame = Frame::Message { session, payload };
        if !mesh.send(to.clone(), frame.encode()).await {
            tracing::debug!(peer = %to, "could not send a protocol message");
        }
    }
}

fn finished<T, E: Display>(
    opening: &Opening,
    result: Result<Result<T, E>, tokio::task::JoinError>,
) -> TryOutcome<T, E> {
    match (result, opening.failed()) {
        (Ok(Ok(value)), _) => TryOutcome::Done(value),
        (Ok(Err(error)), Step::Retry(number)) => {
            tracing::info!(%error, "a try of a run failed");
            TryOutcome::Retry {
                number,
                because_of: None,
            }
        }
        (Ok(Err(error)), _) => TryOutcome::Failed(RunError::Protocol(error)),
        (Err(_), _) => TryOutcome::Failed(RunError::Lost),
    }
}

fn fresh_nonce() -> SessionNonce {
    let mut nonce = [0; 32];
    OsRng.fill_bytes(&mut nonce);
    nonce
}

/// All participants' nonces of this try.
fn nonces(spec: &RunSpec, opening: &Opening) -> BTreeMap<SignerId, SessionNonce> {
    spec.others
        .iter()
        .filter_map(|(account, party)| Some((party.clone(), *opening.received().get(account)?)))
        .chain([(spec.me.clone(), opening.nonce())])
        .collect()
}
