//! Whom a relayer asks, and what it asks them for.

use super::{Conduct, Lie, Way};
use crate::{
    chain::{Program, ProgramKey},
    request::{AskError, AskSigner, EvaluateProgram, ProgramFailure, ProgramInput, SignerReply},
};
use async_trait::async_trait;
use std::sync::{
    atomic::{AtomicUsize, Ordering},
    Arc,
};

/// Asks every second signer only, and waits for the others as if it had asked them.
pub(super) struct AsksSome {
    conduct: Conduct,
    signers: Arc<dyn AskSigner>,
    asked: AtomicUsize,
}

impl AsksSome {
    const WAY: Way = Way::LyingRelayer(Lie::AskSome);

    pub(super) fn instead_of(conduct: &Conduct, signers: Arc<dyn AskSigner>) -> Arc<dyn AskSigner> {
        if !conduct.ever(|way| *way == Self::WAY) {
            return signers;
        }
        Arc::new(Self {
            conduct: conduct.clone(),
            signers,
            asked: AtomicUsize::new(0),
        })
    }
}

#[async_trait]
impl AskSigner for AsksSome {
    async fn ask(&self, endpoint: &str, body: Vec<u8>) -> Result<SignerReply, AskError> {
        if self.conduct.does(&Self::WAY) {
            let before = self.asked.fetch_add(1, Ordering::Relaxed);
            if before % 2 == 1 {
                tracing::warn!(endpoint, "misbehaving: does not ask a signer");
                std::future::pending::<()>().await;
            }
        }
        self.signers.ask(endpoint, body).await
    }
}

/// Takes every program's answer for yes.
pub(super) struct Credulous {
    conduct: Conduct,
    programs: Arc<dyn EvaluateProgram>,
}

impl Credulous {
    const WAY: Way = Way::LyingRelayer(Lie::AskRefused);

    pub(super) fn instead_of(
        conduct: &Conduct,
        programs: &Arc<dyn EvaluateProgram>,
    ) -> Option<Arc<dyn EvaluateProgram>> {
        if !conduct.ever(|way| *way == Self::WAY) {
            return None;
        }
        Some(Arc::new(Self {
            conduct: conduct.clone(),
            programs: programs.clone(),
        }))
    }
}

impl EvaluateProgram for Credulous {
    fn evaluate(
        &self,
        key: ProgramKey,
        program: &Program,
        fuel: &mut u64,
        input: ProgramInput<'_>,
    ) -> Result<(), ProgramFailure> {
        let answer = self.programs.evaluate(key, program, fuel, input);
        match answer {
            Err(refusal) if self.conduct.does(&Self::WAY) => {
                tracing::warn!(%refusal, "misbehaving: asks for what is refused");
                Ok(())
            }
            answer => answer,
        }
    }

    fn custom_hash(
        &self,
        key: ProgramKey,
        program: &Program,
        fuel: &mut u64,
        message: &[u8],
    ) -> Result<[u8; 32], ProgramFailure> {
        self.programs.custom_hash(key, program, fuel, message)
    }
}
