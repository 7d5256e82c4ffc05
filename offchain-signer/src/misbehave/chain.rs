//! What is submitted to the chain: other confirmations than the right ones, and crashes around it.

use super::{crash, Conduct, Runs, Way};
use crate::{
    chain::{
        Answer, ChainError, Heads, NetworkState, Program, ProgramKey, Registration, SessionKeyCall,
        SignerId, VerifyingKey, WatchChain,
    },
    conduct::Step,
    identity::IdentityError,
};
use async_trait::async_trait;
use k256::ecdsa::SigningKey;
use signing_primitives::{
    aux_info_confirmation_payload, keygen_confirmation_payload, reshare_confirmation_payload,
    Fault, SignerSignature, KEY_TYPE,
};
use sp_core::{sr25519, H256};
use sp_keystore::KeystorePtr;
use std::sync::Arc;
use tokio::sync::watch;

/// The chain, as a node that may misbehave uses it.
pub struct ConductedChain<C> {
    chain: Arc<C>,
    conduct: Conduct,
    keystore: KeystorePtr,
}

impl<C> ConductedChain<C> {
    /// The chain behind this conduct; `keystore` has the session keys.
    pub fn new(chain: Arc<C>, conduct: Conduct, keystore: KeystorePtr) -> Self {
        Self {
            chain,
            conduct,
            keystore,
        }
    }

    fn lies_about(&self, runs: Runs) -> bool {
        self.conduct
            .ways()
            .any(|way| matches!(way, Way::WrongConfirmation(wrong) if wrong.include(runs)))
    }

    fn sign(&self, key: &SignerId, message: &[u8]) -> Result<SignerSignature, ChainError> {
        sign(&self.keystore, key, message).map_err(|error| ChainError::Pool(Box::new(error)))
    }
}

/// Signs with a session key.
pub(super) fn sign(
    keystore: &KeystorePtr,
    key: &SignerId,
    message: &[u8],
) -> Result<SignerSignature, IdentityError> {
    let public: &sr25519::Public = key.as_ref();
    keystore
        .sr25519_sign(KEY_TYPE, public, message)
        .map_err(IdentityError::Keystore)?
        .map(SignerSignature::from)
        .ok_or_else(|| IdentityError::NoSuchKey(key.clone()))
}

impl<C: WatchChain> ConductedChain<C> {
    /// What is submitted in place of a call.
    fn instead_of(&self, call: SessionKeyCall) -> Result<SessionKeyCall, ChainError> {
        let genesis = self.chain.genesis_hash();
        let wrong = H256([0xee; 32]);
        let call = match call {
            SessionKeyCall::ConfirmKeygen(mut said, _) if self.lies_about(Runs::Keygen) => {
                said.verifying_key = another_key();
                let payload = keygen_confirmation_payload(genesis, &said);
                let signature = self.sign(&said.signing_key, &payload)?;
                SessionKeyCall::ConfirmKeygen(said, signature)
            }
            SessionKeyCall::ConfirmReshare(mut said, _) if self.lies_about(Runs::Reshare) => {
                said.commitment = wrong;
                let payload = reshare_confirmation_payload(genesis, &said);
                let signature = self.sign(&said.signing_key, &payload)?;
                SessionKeyCall::ConfirmReshare(said, signature)
            }
            SessionKeyCall::ConfirmAuxInfo(mut said, _) if self.lies_about(Runs::AuxInfo) => {
                said.commitment = wrong;
                let payload = aux_info_confirmation_payload(genesis, &said);
                let signature = self.sign(&said.signing_key, &payload)?;
                SessionKeyCall::ConfirmAuxInfo(said, signature)
            }
            call => return Ok(call),
        };
        tracing::warn!("misbehaving: confirms what is wrong");
        Ok(call)
    }
}

/// A key, but not the network's.
fn another_key() -> VerifyingKey {
    let key = SigningKey::from_slice(&[7; 32]).ok();
    let point = key.map(|key| key.verifying_key().to_encoded_point(true));
    point
        .and_then(|point| point.as_bytes().try_into().ok())
        .unwrap_or([2; 33])
}

/// The step of its life that a node does by a call.
fn step_of(call: &SessionKeyCall) -> Option<Step> {
    match call {
        SessionKeyCall::ConfirmKeygen(..) => Some(Step::ConfirmKeygen),
        SessionKeyCall::ConfirmReshare(..) => Some(Step::ConfirmReshare),
        SessionKeyCall::ConfirmAuxInfo(..) => Some(Step::ConfirmAuxInfo),
        _ => None,
    }
}

#[async_trait]
impl<C: WatchChain> WatchChain for ConductedChain<C> {
    fn genesis_hash(&self) -> H256 {
        self.chain.genesis_hash()
    }

    fn heads(&self) -> watch::Receiver<Heads> {
        self.chain.heads()
    }

    fn is_current(&self) -> bool {
        self.chain.is_current()
    }

    fn network_state(&self, at: H256) -> Result<NetworkState, ChainError> {
        self.chain.network_state(at)
    }

    fn registration(
        &self,
        at: H256,
        verifying_key: VerifyingKey,
    ) -> Result<Option<Registration>, ChainError> {
        self.chain.registration(at, verifying_key)
    }

    fn program(&self, at: H256, key: ProgramKey) -> Result<Option<Program>, ChainError> {
        self.chain.program(at, key)
    }

    fn consider(&self, at: H256, call: SessionKeyCall) -> Result<Answer, ChainError> {
        self.chain.consider(at, call)
    }

    async fn submit(&self, call: SessionKeyCall) -> Result<(), ChainError> {
        let step = step_of(&call);
        let (reports, proves) = match &call {
            SessionKeyCall::ReportFault(report, _) => {
                (true, matches!(report.fault, Fault::Provable(_)))
            }
            _ => (false, false),
        };
        let call = self.instead_of(call)?;
        if let Some(step) = step {
            self.conduct.before(step);
        }
        self.chain.submit(call).await?;
        if let Some(step) = step {
            self.conduct.after(step);
        }
        if reports && self.conduct.does(&Way::CrashAfterReport) {
            crash::crash(&self.conduct, "after-report");
        }
        if proves && self.conduct.does(&Way::CrashAfterProof) {
            crash::crash(&self.conduct, "after-proof");
        }
        Ok(())
    }
}
