//! From a call to a finalized block: encode, sign, submit, wait, and say clearly what went wrong.

use crate::{
    account::Account,
    calls::{Call, PALLET},
    chain::{AccountId, Chain, ChainError},
    progress::{Observer, Progress},
};
use signing_primitives::StakeTie;
use sp_core::{crypto::Ss58Codec, H256};
use std::time::Duration;
use subxt::{
    client::OnlineClientAtBlockImpl,
    config::{substrate::SubstrateConfig, DefaultExtrinsicParamsBuilder},
    error::{
        BackendError, DispatchError, ExtrinsicError, OnlineClientAtBlockError, RpcError,
        TokenError, TransactionEventsError, TransactionProgressError,
    },
    extrinsics::ExtrinsicEvents,
    tx::{TransactionInBlock, TransactionStatus},
};

/// How many blocks a transaction may wait for inclusion before it is void. Counted from the last
/// finalized block, so it allows for a chain whose finality lags.
const LIFETIME: u64 = 256;

/// What a transaction's outcome is waited for.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Wait {
    /// It is in a block. Faster; but the block may be abandoned, and a registration then gets
    /// another index and with it another key.
    Included,
    /// It is in a finalized block.
    #[default]
    Finalized,
}

/// A transaction had no effect, or its outcome is not known.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransactionError {
    /// The chain could not be read.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The chain's metadata could not be had.
    #[error("the chain cannot be read at its last finalized block")]
    NoMetadata(#[source] Box<OnlineClientAtBlockError>),
    /// The chain expects another call than this client knows.
    #[error("{call} cannot be encoded for this chain: is it of another version?")]
    Unencodable {
        /// The pallet's call.
        call: &'static str,
        /// Why.
        #[source]
        source: Box<ExtrinsicError>,
    },
    /// The node's transaction pool does not take it.
    #[error("the node refused {call}: {reason}")]
    Refused {
        /// The pallet's call.
        call: &'static str,
        /// The node's words.
        reason: String,
    },
    /// The account has too little for it.
    #[error("the free balance of {} is too low for {call}: {shortage}", account.to_ss58check())]
    BalanceTooLow {
        /// The pallet's call.
        call: &'static str,
        /// Who pays.
        account: AccountId,
        /// What it is too low for.
        shortage: Shortage,
    },
    /// The runtime executed the call, and it failed.
    #[error("{call} failed: {failure}")]
    Failed {
        /// The pallet's call.
        call: &'static str,
        /// Why.
        failure: Failure,
    },
    /// The pool gave it up.
    #[error("{call} was dropped before it was final: {reason}")]
    Dropped {
        /// The pallet's call.
        call: &'static str,
        /// The node's words.
        reason: String,
    },
    /// The connection broke while waiting: the transaction may yet take effect.
    #[error("lost track of {call}; it may or may not take effect")]
    LostTrack {
        /// The pallet's call.
        call: &'static str,
        /// Why.
        #[source]
        source: Box<TransactionProgressError>,
    },
    /// The block that it is in cannot be read.
    #[error("{call} is in a block, but its outcome cannot be read")]
    NoOutcome {
        /// The pallet's call.
        call: &'static str,
        /// Why.
        #[source]
        source: Box<TransactionEventsError>,
    },
    /// It succeeded without the event that says what came of it.
    #[error("{call} is in a block, but the chain does not tell its result")]
    NoEvent {
        /// The pallet's call.
        call: &'static str,
    },
    /// It took too long: the transaction may yet take effect.
    #[error("{call} is not final after {} s; it may yet take effect", after.as_secs())]
    TimedOut {
        /// The pallet's call.
        call: &'static str,
        /// How long was waited.
        after: Duration,
    },
}

/// What a balance is too low for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Shortage {
    /// The fee. The call was not executed.
    Fee,
    /// What the call holds. The fee is paid.
    Deposit,
}

impl std::fmt::Display for Shortage {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Fee => "it cannot pay the fee; send it more",
            Self::Deposit => {
                "it cannot put down the deposit for what the call stores; send it more, or store \
                 less (the deposit is by the byte)"
            }
        })
    }
}

/// Why the runtime did not do what a call asked for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Failure {
    /// The error's name: `Signing::ProgramInUse`, or the name of a general error.
    pub name: String,
    /// What the runtime's documentation says of it; empty if nothing.
    pub explanation: String,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.explanation.as_str() {
            "" => formatter.write_str(&self.name),
            explanation => write!(formatter, "{explanation} ({})", self.name),
        }
    }
}

impl From<&DispatchError> for Failure {
    fn from(error: &DispatchError) -> Self {
        let details = match error {
            DispatchError::Module(module) => module.details().ok(),
            _ => None,
        };
        match details {
            Some(details) => Self {
                name: format!("{}::{}", details.pallet.name(), details.variant.name),
                explanation: details.variant.docs.join(" ").trim().to_owned(),
            },
            None => Self {
                name: error.to_string(),
                explanation: String::new(),
            },
        }
    }
}

type Events = ExtrinsicEvents<SubstrateConfig>;
type InBlock = TransactionInBlock<SubstrateConfig, OnlineClientAtBlockImpl<SubstrateConfig>>;

/// Signs and submits `call` and waits for its outcome, for at most `timeout`.
///
/// Not cancel-safe after submission: dropped, it stops waiting, but the transaction stays in the
/// node's pool.
pub(crate) async fn submit<C: Call>(
    chain: &Chain,
    observer: &Observer,
    account: &Account,
    call: C,
    wait: Wait,
    timeout: Duration,
) -> Result<Events, TransactionError> {
    let timed = tokio::time::timeout(timeout, run(chain, observer, account, call, wait));
    timed.await.unwrap_or(Err(TransactionError::TimedOut {
        call: C::NAME,
        after: timeout,
    }))
}

async fn run<C: Call>(
    chain: &Chain,
    observer: &Observer,
    account: &Account,
    arguments: C,
    wait: Wait,
) -> Result<Events, TransactionError> {
    let (call, payer) = (C::NAME, account.id());
    observer.tell(Progress::Preparing { call });
    let at = chain
        .online()
        .at_current_block()
        .await
        .map_err(|error| TransactionError::NoMetadata(Box::new(error)))?;
    // The pool's count, so that a second transaction need not wait until the first one is final.
    let nonce = chain.next_nonce(&payer).await?;
    let parameters = DefaultExtrinsicParamsBuilder::new()
        .mortal(LIFETIME)
        .nonce(nonce)
        .build();
    let payload = subxt::dynamic::transaction(PALLET, call, arguments);
    let transaction = at
        .transactions()
        .create_signed(&payload, account, parameters)
        .await
        .map_err(|error| TransactionError::Unencodable {
            call,
            source: Box::new(error),
        })?;
    let mut progress = transaction
        .submit_and_watch()
        .await
        .map_err(|error| refused(call, &payer, error))?;
    observer.tell(Progress::Submitted { call });

    while let Some(status) = progress.next().await {
        let status = status.map_err(|error| TransactionError::LostTrack {
            call,
            source: Box::new(error),
        })?;
        match status {
            TransactionStatus::InBestBlock(block) => {
                // A call that failed here would hardly fare better in another block.
                let events = outcome(call, &payer, &block).await?;
                let block = H256(block.block_hash().0);
                observer.tell(Progress::Included { block });
                if wait == Wait::Included {
                    return Ok(events);
                }
            }
            TransactionStatus::InFinalizedBlock(block) => {
                let events = outcome(call, &payer, &block).await?;
                let block = H256(block.block_hash().0);
                observer.tell(Progress::Finalized { block });
                return Ok(events);
            }
            // `Invalid` is the pool's word for a transaction that it does not take.
            TransactionStatus::Invalid { message } => {
                return Err(refused_because(call, &payer, message));
            }
            TransactionStatus::Error { message } | TransactionStatus::Dropped { message } => {
                let reason = message;
                return Err(TransactionError::Dropped { call, reason });
            }
            TransactionStatus::Validated
            | TransactionStatus::Broadcasted
            | TransactionStatus::NoLongerInBestBlock => {}
        }
    }
    Err(TransactionError::LostTrack {
        call,
        source: Box::new(TransactionProgressError::UnexpectedEndOfTransactionStatusStream),
    })
}

async fn outcome(
    call: &'static str,
    payer: &AccountId,
    block: &InBlock,
) -> Result<Events, TransactionError> {
    block.wait_for_success().await.map_err(|error| match error {
        TransactionEventsError::ExtrinsicFailed(error) => failed(call, payer, &error),
        other => TransactionError::NoOutcome {
            call,
            source: Box::new(other),
        },
    })
}

fn failed(call: &'static str, payer: &AccountId, error: &DispatchError) -> TransactionError {
    match error {
        // The pallet's calls move no money but into deposits.
        DispatchError::Token(TokenError::FundsUnavailable) => TransactionError::BalanceTooLow {
            call,
            account: payer.clone(),
            shortage: Shortage::Deposit,
        },
        _ => TransactionError::Failed {
            call,
            failure: Failure::from(error),
        },
    }
}

/// What every node says of a transaction whose fee cannot be paid: the text of
/// `sp_runtime`'s `InvalidTransaction::Payment`.
const CANNOT_PAY: &str = "Inability to pay some fees";

/// Why the pool did not take a transaction, in the node's words.
fn refused(call: &'static str, payer: &AccountId, error: ExtrinsicError) -> TransactionError {
    use subxt::rpcs::Error as Rpc;
    let reason = match &error {
        ExtrinsicError::ErrorSubmittingTransaction(BackendError::Rpc(RpcError::ClientError(
            Rpc::User(user),
        ))) => match &user.data {
            Some(data) => format!("{}: {}", user.message, data.get().trim_matches('"')),
            None => user.message.clone(),
        },
        _ => error.to_string(),
    };
    refused_because(call, payer, reason)
}

/// What the node's words mean.
fn refused_because(call: &'static str, payer: &AccountId, reason: String) -> TransactionError {
    if reason.contains(CANNOT_PAY) {
        return TransactionError::BalanceTooLow {
            call,
            account: payer.clone(),
            shortage: Shortage::Fee,
        };
    }
    let reason = explained(&reason).unwrap_or(reason);
    TransactionError::Refused { call, reason }
}

/// What a runtime's number says that the node passes on, if it is one of this network's.
fn explained(reason: &str) -> Option<String> {
    let (_, code) = reason.split_once("Custom error: ")?;
    let code = code.trim().parse().ok()?;
    StakeTie::from_code(code).map(|tie| format!("{tie} [{code}]"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use subxt::rpcs::UserError;

    fn payer() -> AccountId {
        AccountId::new([0; 32])
    }

    /// What a node's pool says of an invalid transaction, with these words.
    fn invalid(words: &str) -> TransactionError {
        let data = serde_json::value::RawValue::from_string(format!("{words:?}"));
        let user = UserError {
            code: 1010,
            message: "Invalid Transaction".into(),
            data: Some(data.unwrap()),
        };
        let error =
            ExtrinsicError::ErrorSubmittingTransaction(subxt::rpcs::Error::User(user).into());
        refused("register", &payer(), error)
    }

    #[test]
    fn the_pools_words_are_passed_on() {
        assert_eq!(
            invalid("Transaction is outdated").to_string(),
            "the node refused register: Invalid Transaction: Transaction is outdated"
        );
    }

    #[test]
    fn the_runtimes_numbers_are_put_into_words() {
        let told = invalid("Custom error: 101").to_string();
        assert!(told.contains("signing.leaveCommittee"), "{told}");
        assert!(told.ends_with("[101]"), "{told}");
        for other in ["Custom error: 7", "Custom error: 1010", "Custom error: x"] {
            assert!(invalid(other).to_string().ends_with(other));
        }
    }

    #[test]
    fn who_has_too_little_is_told_what_to_do() {
        use sp_runtime::transaction_validity::InvalidTransaction;
        let words: &'static str = InvalidTransaction::Payment.into();
        assert_eq!(
            invalid(words).to_string(),
            "the free balance of 5C4hrfjw9DjXZTzV3MwzrrAr9P1MJhSrvWGWqi1eSuyUpnhM is too low for register: it \
             cannot pay the fee; send it more"
        );
        let error = DispatchError::Token(TokenError::FundsUnavailable);
        let error = failed("register", &payer(), &error);
        assert!(
            matches!(
                error,
                TransactionError::BalanceTooLow {
                    shortage: Shortage::Deposit,
                    ..
                }
            ),
            "{error}"
        );
        assert!(error.to_string().contains("cannot put down the deposit"));
        // Nothing else is taken for it.
        let error = failed(
            "register",
            &payer(),
            &DispatchError::Token(TokenError::Frozen),
        );
        assert!(matches!(error, TransactionError::Failed { .. }), "{error}");
    }

    #[test]
    fn failures_are_named() {
        let failure = Failure::from(&DispatchError::BadOrigin);
        assert!(!failure.to_string().is_empty());
        let failure = Failure {
            name: "Signing::ProgramInUse".into(),
            explanation: "Registrations use the program.".into(),
        };
        assert_eq!(
            failure.to_string(),
            "Registrations use the program. (Signing::ProgramInUse)"
        );
    }
}
