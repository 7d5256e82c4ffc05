//! How a node conducts itself where it could do otherwise.
//!
//! An honest node's [`Conduct`] holds nothing and does nothing: whoever consults it is compiled to
//! what it would be without. With the feature `misbehave`, which only the binary
//! `signing-node-misbehaving` is built with, it is one that breaks the rules on purpose
//! (docs/decisions/0010).

/// Whether this crate was built with the feature `misbehave`. The node that people run does not
/// compile if it was.
pub const CAN_MISBEHAVE: bool = cfg!(feature = "misbehave");

#[cfg(any(test, feature = "misbehave"))]
pub use crate::misbehave::Conduct;
#[cfg(not(any(test, feature = "misbehave")))]
pub use honest::Conduct;

/// What a node does that a crash may interrupt, and that must then be done again or be done already.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Step {
    /// A share of an attempt at a key generation or resharing is stored.
    StoreShare,
    /// Auxiliary information is stored.
    StoreAuxInfo,
    /// The share of an attempt becomes that of a generation: its activation.
    PromoteShare,
    /// The shares of older generations are erased.
    EraseShares,
    /// The shares of attempts that came to nothing are erased.
    DiscardShares,
    /// Old auxiliary information is erased.
    EraseAuxInfo,
    /// A confirmation of a generated key is submitted.
    ConfirmKeygen,
    /// A confirmation of a share that was handed over is submitted.
    ConfirmReshare,
    /// A confirmation of auxiliary information is submitted.
    ConfirmAuxInfo,
}

#[cfg(not(any(test, feature = "misbehave")))]
mod honest {
    use super::Step;
    use crate::{
        chain::AccountId,
        request::{AskSigner, EvaluateProgram},
        sessions::{RunSpec, Session},
    };
    use axum::Router;
    use signing_evidence::SessionFacts;
    use sp_keystore::KeystorePtr;
    use std::{future::pending, sync::Arc};

    /// As the rules say.
    #[derive(Clone, Debug, Default)]
    pub struct Conduct(());

    impl Conduct {
        pub(crate) fn with_keystore(self, _: &KeystorePtr) -> Self {
            self
        }

        /// The session as the protocol is to see it.
        pub(crate) fn session(&self, _: &RunSpec, session: Session) -> Session {
            session
        }

        /// What a signing session of this node is about.
        pub(crate) fn witness(&self, _: &SessionFacts) {}

        /// The HTTP API as others are to see it.
        pub(crate) fn router(&self, router: Router) -> Router {
            router
        }

        /// Those whom a relayer asks.
        pub(crate) fn signers(&self, signers: Arc<dyn AskSigner>) -> Arc<dyn AskSigner> {
            signers
        }

        /// What a relayer takes for the programs' answers, if not what they say.
        pub(crate) fn programs_for_relaying(
            &self,
            _: &Arc<dyn EvaluateProgram>,
        ) -> Option<Arc<dyn EvaluateProgram>> {
            None
        }

        /// Whether there is to be no connection with this validator.
        pub(crate) fn is_cut_from(&self, _: &AccountId) -> bool {
            false
        }

        /// Resolves when the connection with this validator is to end.
        pub(crate) async fn cut_from(&self, _: &AccountId) {
            pending().await
        }

        /// A step is about to be done.
        pub(crate) fn before(&self, _: Step) {}

        /// A step has been done.
        pub(crate) fn after(&self, _: Step) {}
    }
}
