//! Session-key calls: signed, submitted, and made again until the chain shows what they were for.

use crate::{
    chain::{AccountId, Answer, BlockNumber, ChainError, SessionKeyCall, SignerId, WatchChain},
    identity::{Identity, IdentityError},
};
use signing_primitives as primitives;
use sp_core::H256;
use std::{collections::BTreeMap, sync::Arc};

/// Blocks that a call is given to get into one before it is made again. Once it is in one, the pool
/// refuses to take it again.
pub(super) const PATIENCE: BlockNumber = 5;

/// What a session key says to the chain, before it is signed.
pub(super) trait Statement: Send {
    /// The key that is to sign it.
    fn signing_key(&self) -> &SignerId;
    /// What it is to sign.
    fn payload(&self, genesis_hash: H256) -> Vec<u8>;
    /// The call that this is with its signature.
    fn signed(self, signature: primitives::SignerSignature) -> SessionKeyCall;
}

macro_rules! statements {
    ($($statement:ty: $payload:ident, $call:ident;)*) => {$(
        impl Statement for $statement {
            fn signing_key(&self) -> &SignerId {
                &self.signing_key
            }

            fn payload(&self, genesis_hash: H256) -> Vec<u8> {
                primitives::$payload(genesis_hash, self)
            }

            fn signed(self, signature: primitives::SignerSignature) -> SessionKeyCall {
                SessionKeyCall::$call(self, signature)
            }
        }
    )*};
}

statements! {
    primitives::Announcement<BlockNumber>: announcement_payload, AnnounceSigner;
    primitives::KeygenConfirmation: keygen_confirmation_payload, ConfirmKeygen;
    primitives::ReshareConfirmation: reshare_confirmation_payload, ConfirmReshare;
    primitives::AuxInfoConfirmation: aux_info_confirmation_payload, ConfirmAuxInfo;
    primitives::FaultReport<AccountId, BlockNumber>: fault_report_payload, ReportFault;
    primitives::ChallengeAnswer<BlockNumber>: challenge_answer_payload, AnswerChallenge;
}

/// Why a call was not made.
#[derive(Debug, thiserror::Error)]
pub(super) enum CallError {
    #[error("the session key does not sign")]
    Identity(#[from] IdentityError),
    #[error("the call was not accepted")]
    Chain(#[from] ChainError),
}

/// Calls of one kind, each of which is made again while what it is about goes on.
pub(super) struct Calls<C, About> {
    chain: Arc<C>,
    identity: Arc<Identity>,
    /// The best block when each was made last: of those that were within the last few blocks.
    made: BTreeMap<About, BlockNumber>,
}

impl<C: WatchChain, About: Ord> Calls<C, About> {
    pub(super) fn new(chain: Arc<C>, identity: Arc<Identity>) -> Self {
        Self {
            chain,
            identity,
            made: BTreeMap::new(),
        }
    }

    /// Whether it is time to make the call, or to make it again. `now` is the best block.
    pub(super) fn is_due(&self, about: &About, now: BlockNumber) -> bool {
        self.made.get(about).is_none_or(|at| is_past(*at, now))
    }

    /// Signs and submits it. Whether or not that works, it is not due for a while.
    pub(super) async fn make(
        &mut self,
        about: About,
        now: BlockNumber,
        statement: impl Statement,
    ) -> Result<(), CallError> {
        self.made.retain(|_, at| !is_past(*at, now));
        self.made.insert(about, now);
        let call = self.sign(statement)?;
        Ok(self.chain.submit(call).await?)
    }

    /// What the chain says to the call as of block `at`.
    pub(super) async fn consider(
        &self,
        at: H256,
        statement: &(impl Statement + Clone),
    ) -> Result<Answer, CallError> {
        let call = self.sign(statement.clone())?;
        let chain = self.chain.clone();
        let considering = tokio::task::spawn_blocking(move || chain.consider(at, call));
        Ok(considering
            .await
            .map_err(|error| ChainError::Runtime(Box::new(error)))??)
    }

    fn sign(&self, statement: impl Statement) -> Result<SessionKeyCall, IdentityError> {
        let payload = statement.payload(self.chain.genesis_hash());
        let signature = self.identity.sign(statement.signing_key(), &payload)?;
        Ok(statement.signed(signature))
    }

    /// What this was about is over: should it begin again, the call is due at once.
    pub(super) fn forget(&mut self, about: &About) {
        self.made.remove(about);
    }
}

fn is_past(made: BlockNumber, now: BlockNumber) -> bool {
    now >= made.saturating_add(PATIENCE)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use crate::chain::fake::FakeChain;
    use primitives::{ChallengeAnswer, KEY_TYPE};
    use sp_core::{sr25519, Pair};
    use sp_keystore::{testing::MemoryKeystore, Keystore};
    use zeroize::Zeroizing;

    fn calls() -> (Arc<FakeChain>, SignerId, Calls<FakeChain, u32>) {
        let chain = Arc::new(FakeChain::default());
        let keystore = MemoryKeystore::new();
        let key = keystore.sr25519_generate_new(KEY_TYPE, None).unwrap();
        let identity = Identity::new(Arc::new(keystore), Zeroizing::new([1; 32]));
        let calls = Calls::new(chain.clone(), Arc::new(identity));
        (chain, key.into(), calls)
    }

    fn answer(signing_key: SignerId) -> ChallengeAnswer<BlockNumber> {
        ChallengeAnswer {
            signing_key,
            deadline: 9,
        }
    }

    #[tokio::test]
    async fn a_call_is_due_again_after_a_while() {
        let (chain, key, mut calls) = calls();
        assert!(calls.is_due(&1, 10));
        calls.make(1, 10, answer(key.clone())).await.unwrap();
        assert!(!calls.is_due(&1, 9 + PATIENCE));
        assert!(calls.is_due(&1, 10 + PATIENCE) && calls.is_due(&2, 10));
        calls.forget(&1);
        assert!(calls.is_due(&1, 10));

        let SessionKeyCall::AnswerChallenge(answer, signature) = &chain.submitted()[0] else {
            panic!();
        };
        let payload = primitives::challenge_answer_payload(chain.genesis_hash(), answer);
        let key: &sr25519::Public = key.as_ref();
        assert!(sr25519::Pair::verify(signature.as_ref(), payload, key));
    }

    #[tokio::test]
    async fn a_call_that_fails_waits_as_well() {
        let (chain, key, mut calls) = calls();
        chain.close_pool(true);
        let failed = calls.make(1, 10, answer(key)).await;
        assert!(matches!(failed, Err(CallError::Chain(_))));
        let stranger = SignerId::from(sr25519::Pair::from_seed(&[3; 32]).public());
        let failed = calls.make(2, 10, answer(stranger)).await;
        assert!(matches!(failed, Err(CallError::Identity(_))));
        assert!(!calls.is_due(&1, 11) && !calls.is_due(&2, 11));
    }

    #[tokio::test]
    async fn only_the_last_blocks_calls_are_remembered() {
        let (_, key, mut calls) = calls();
        for block in 0..100 {
            calls.make(block, block, answer(key.clone())).await.unwrap();
        }
        assert!(calls.made.len() <= PATIENCE as usize);
    }
}
