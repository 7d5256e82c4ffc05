//! Misbehaviour on purpose, for tests and drills. Not part of the node that people run: see
//! [`conduct`](crate::conduct).
//!
//! ```text
//! --misbehave WAY ─► Way ─► Conduct ─ consulted ─► session   what is said in protocol runs
//!                            │                     http      how requests are answered
//!                            │                     relaying  whom a relayer asks, and for what
//!                            │                     chain     what is confirmed
//!                            │                     crash     where the process ends
//!                            │                     (transport: with whom there is no connection)
//!                            └─ of its own accord ► reports  false accusations
//! ```
//! A way disturbs only what it is meant for: those of signing sessions leave key generation alone.
//! [`Conduct::only_while`] names a file: without it the node is honest, so that one network can be
//! used for one kind of misbehaviour after the other.

mod chain;
mod crash;
mod forge;
mod http;
mod relaying;
mod reports;
mod session;
#[cfg(test)]
mod tests;
mod way;

pub use chain::ConductedChain;
pub use crash::CrashPoint;
pub use reports::report_falsely;
pub use way::{Forgery, Lie, Runs, Way, WayError, WAYS};

use crate::{
    chain::AccountId,
    conduct::Step,
    request::{AskSigner, EvaluateProgram},
    sessions::{RunSpec, Session},
};
use axum::Router;
use session::{Heard, Recorded};
use signing_evidence::SessionFacts;
use sp_keystore::KeystorePtr;
use std::{
    fmt,
    path::PathBuf,
    sync::{Arc, OnceLock},
    time::Duration,
};
use tokio::time::sleep;

/// How often is looked whether a way is in force by now.
const LOOK: Duration = Duration::from_millis(200);

/// How a node conducts itself: as the rules say, but for the ways that it is given.
#[derive(Clone, Default)]
pub struct Conduct(Arc<Inner>);

#[derive(Default)]
struct Inner {
    ways: Vec<Way>,
    while_file: Option<PathBuf>,
    marks: Option<PathBuf>,
    keystore: OnceLock<KeystorePtr>,
    heard: Heard,
    recorded: Recorded,
}

impl fmt::Debug for Conduct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.0.ways).finish()
    }
}

impl Conduct {
    /// A node that misbehaves in these ways.
    ///
    /// `while_file`: only while there is a file of this name. `marks`: the folder in which it is
    /// noted where the process was crashed, so that it does not crash there again.
    pub fn new(ways: Vec<Way>, while_file: Option<PathBuf>, marks: Option<PathBuf>) -> Self {
        Self(Arc::new(Inner {
            ways,
            while_file,
            marks,
            ..Inner::default()
        }))
    }

    /// The ways that are in force now.
    pub(crate) fn ways(&self) -> impl Iterator<Item = &Way> {
        let in_force =
            !self.0.ways.is_empty() && self.0.while_file.as_ref().is_none_or(|file| file.exists());
        self.0.ways.iter().filter(move |_| in_force)
    }

    /// Whether such a way was given, in force or not.
    pub(crate) fn ever(&self, wanted: impl Fn(&Way) -> bool) -> bool {
        self.0.ways.iter().any(wanted)
    }

    /// Whether a way is in force now.
    pub fn does(&self, way: &Way) -> bool {
        self.ways().any(|each| each == way)
    }

    /// How long this node takes for what it should do at once.
    fn delay(&self) -> Option<Duration> {
        self.ways().find_map(|way| match way {
            Way::Slow(delay) => Some(*delay),
            _ => None,
        })
    }

    pub(crate) fn with_keystore(self, keystore: &KeystorePtr) -> Self {
        let _ = self.0.keystore.set(keystore.clone());
        self
    }

    pub(crate) fn session(&self, spec: &RunSpec, session: Session) -> Session {
        session::interpose(self, spec, session)
    }

    pub(crate) fn witness(&self, facts: &SessionFacts) {
        if self.ever(|way| matches!(way, Way::FalseEvidence(_))) {
            self.0.heard.about(facts);
        }
    }

    pub(crate) fn router(&self, router: Router) -> Router {
        http::misbehaving(self, router)
    }

    pub(crate) fn signers(&self, signers: Arc<dyn AskSigner>) -> Arc<dyn AskSigner> {
        relaying::AsksSome::instead_of(self, signers)
    }

    pub(crate) fn programs_for_relaying(
        &self,
        programs: &Arc<dyn EvaluateProgram>,
    ) -> Option<Arc<dyn EvaluateProgram>> {
        relaying::Credulous::instead_of(self, programs)
    }

    pub(crate) fn is_cut_from(&self, account: &AccountId) -> bool {
        self.ways().any(|way| match way {
            Way::CutFrom(Some(cut)) => cut == account,
            Way::CutFrom(None) => true,
            _ => false,
        })
    }

    pub(crate) async fn cut_from(&self, account: &AccountId) {
        if !self.ever(|way| matches!(way, Way::CutFrom(_))) {
            std::future::pending().await
        }
        while !self.is_cut_from(account) {
            sleep(LOOK).await;
        }
        tracing::warn!(%account, "misbehaving: ends a connection");
    }

    pub(crate) fn before(&self, step: Step) {
        crash::reach(self, &CrashPoint::before(step));
    }

    pub(crate) fn after(&self, step: Step) {
        crash::reach(self, &CrashPoint::after(step));
    }
}
