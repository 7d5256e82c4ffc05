//! The client: one connection to a node, and everything a user does with the network.

use crate::{
    account::Account,
    address::{EthereumAddress, NotAKey},
    calls::{
        Call, ChangeOwner, ChangePrograms, Deregister, Register, RegisteredEvent, RemoveProgram,
        SetProgram, PALLET,
    },
    chain::{
        AccountId, Block, BlockNumber, Chain, ChainError, NetworkState, Program, ProgramDefinition,
        ProgramInstance, ProgramKey, ProgramSummary, Registration, RegistrationDeposit,
        VerifyingKey,
    },
    faults::{self, FaultHistory, HistoryError, ReportAt},
    http::{Http, HttpError},
    progress::{Observer, Progress},
    sign::{sign, SignError, SignOptions, Signature},
    transaction::{submit, TransactionError, Wait},
};
use sp_core::H256;
use std::time::Duration;

/// How long a transaction may take to its outcome: finality takes a few blocks of six seconds.
const TRANSACTION_TIMEOUT: Duration = Duration::from_secs(180);

/// No client could be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The node could not be reached.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// No HTTP client could be made.
    #[error(transparent)]
    Http(#[from] HttpError),
}

/// Talks to one node and to relayers. Cheap to clone; clones share the connection.
#[derive(Clone)]
pub struct SigningClient {
    chain: Chain,
    http: Http,
    observer: Observer,
    wait: Wait,
}

/// The network as the node sees it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Status {
    /// The hash of the genesis block: names the chain.
    pub genesis_hash: H256,
    /// The best block.
    pub best: Block,
    /// The last finalized block.
    pub finalized: Block,
    /// The network's state at the last finalized block.
    pub network: NetworkState,
}

/// What came of a deployment.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Deployment {
    /// Names the program.
    pub program: ProgramKey,
    /// Whether the very same program was on the chain before, so that nothing had to be done.
    pub existed: bool,
}

/// A new registration.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Registered {
    /// The key is the network key's BIP-32 child `m/0/<index>`.
    pub index: u32,
    /// The user's key, SEC1 compressed.
    pub verifying_key: VerifyingKey,
    /// The key's Ethereum address.
    pub address: EthereumAddress,
    /// Who may change the programs.
    pub owner: AccountId,
}

/// A registration was made, or not.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegisterError {
    /// The transaction failed.
    #[error(transparent)]
    Transaction(#[from] TransactionError),
    /// The chain registered something that is no key.
    #[error("the chain registered a key that is none")]
    NotAKey(#[from] NotAKey),
}

impl SigningClient {
    /// Connects to a node's RPC server, `ws://host:port` or `wss://host:port`.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub async fn connect(url: &str) -> Result<Self, ConnectError> {
        Ok(Self {
            http: Http::new()?,
            chain: Chain::connect(url).await?,
            observer: Observer::default(),
            wait: Wait::default(),
        })
    }

    /// Tells `observe` of every step from now on. It is called from within the client's futures and
    /// should return at once.
    #[must_use]
    pub fn with_progress(mut self, observe: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.observer = Observer::new(observe);
        self
    }

    /// How far transactions are followed; to finality, unless told otherwise.
    #[must_use]
    pub fn with_wait(mut self, wait: Wait) -> Self {
        self.wait = wait;
        self
    }

    /// The network's state at the last finalized block.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn status(&self) -> Result<Status, ChainError> {
        let finalized = self.chain.finalized().await?;
        Ok(Status {
            genesis_hash: self.chain.genesis_hash(),
            best: self.chain.best().await?,
            finalized,
            network: self.chain.network_state(finalized.hash).await?,
        })
    }

    /// All programs at the best block, ordered by key.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn programs(&self) -> Result<Vec<(ProgramKey, ProgramSummary)>, ChainError> {
        let mut programs = self.chain.programs().await?;
        programs.sort_by_key(|(key, _)| *key);
        Ok(programs)
    }

    /// A program with its bytecode, at the best block.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn program(&self, key: ProgramKey) -> Result<Option<Program>, ChainError> {
        self.chain.program(key).await
    }

    /// A registration at the best block.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn registration(
        &self,
        verifying_key: VerifyingKey,
    ) -> Result<Option<Registration>, ChainError> {
        self.chain.registration(verifying_key).await
    }

    /// What is held for a registration, at the best block; `None` if there is no such registration.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn registration_deposit(
        &self,
        verifying_key: VerifyingKey,
    ) -> Result<Option<RegistrationDeposit>, ChainError> {
        self.chain.registration_deposit(verifying_key).await
    }

    /// Deploys a program, unless the very same one is there. A deposit by the byte is held of
    /// `account`'s balance until it removes the program.
    ///
    /// Dropping the future after submission does not take the transaction back; the same holds for
    /// the other calls here.
    ///
    /// # Errors
    /// [`TransactionError`].
    pub async fn deploy(
        &self,
        definition: &ProgramDefinition,
        account: &Account,
    ) -> Result<Deployment, TransactionError> {
        let program = definition.key();
        let programs = self.programs().await?;
        let existed = programs.iter().any(|(key, _)| *key == program);
        if !existed {
            self.submit(SetProgram::new(definition), account).await?;
        }
        Ok(Deployment { program, existed })
    }

    /// Removes a program that nobody uses and that `account` deployed.
    ///
    /// # Errors
    /// [`TransactionError`].
    pub async fn remove_program(
        &self,
        program: ProgramKey,
        account: &Account,
    ) -> Result<(), TransactionError> {
        self.submit(RemoveProgram::new(program), account).await?;
        Ok(())
    }

    /// Makes a key that `programs` guard and `owner` may change the programs of. `account` pays the
    /// fee, and a deposit by the byte is held of its balance until the owner deregisters or changes
    /// the programs.
    ///
    /// # Errors
    /// [`RegisterError`].
    pub async fn register(
        &self,
        programs: &[ProgramInstance],
        owner: &AccountId,
        account: &Account,
    ) -> Result<Registered, RegisterError> {
        let events = self.submit(Register::new(programs, owner), account).await?;
        let event = events
            .iter()
            .filter_map(Result::ok)
            .filter(|event| event.pallet_name() == PALLET)
            .find(|event| event.event_name() == RegisteredEvent::NAME)
            .and_then(|event| event.decode_fields_unchecked_as::<RegisteredEvent>().ok())
            .ok_or(TransactionError::NoEvent {
                call: Register::NAME,
            })?;
        Ok(Registered {
            index: event.index,
            verifying_key: event.verifying_key,
            address: EthereumAddress::of(&event.verifying_key)?,
            owner: AccountId::new(event.owner),
        })
    }

    /// Replaces the programs of a registration that `account` owns. The deposit for them is held of
    /// `account`; what was held before is released to whoever it was held of.
    ///
    /// # Errors
    /// [`TransactionError`].
    pub async fn change_programs(
        &self,
        verifying_key: VerifyingKey,
        programs: &[ProgramInstance],
        account: &Account,
    ) -> Result<(), TransactionError> {
        let call = ChangePrograms::new(verifying_key, programs);
        self.submit(call, account).await?;
        Ok(())
    }

    /// Hands a registration that `account` owns to `owner`. The deposit stays with its depositor
    /// until the new owner changes the programs or deregisters.
    ///
    /// # Errors
    /// [`TransactionError`].
    pub async fn change_owner(
        &self,
        verifying_key: VerifyingKey,
        owner: &AccountId,
        account: &Account,
    ) -> Result<(), TransactionError> {
        let call = ChangeOwner::new(verifying_key, owner);
        self.submit(call, account).await?;
        Ok(())
    }

    /// Removes a registration that `account` owns, and releases its deposit to the depositor. The
    /// network never signs with the key again: what the key alone controls is lost.
    ///
    /// # Errors
    /// [`TransactionError`].
    pub async fn deregister(
        &self,
        verifying_key: VerifyingKey,
        account: &Account,
    ) -> Result<(), TransactionError> {
        self.submit(Deregister::new(verifying_key), account).await?;
        Ok(())
    }

    /// What was reported of validators, and what came of it, in the last `blocks` finalized blocks.
    /// Cancel-safe.
    ///
    /// # Errors
    /// [`HistoryError`].
    pub async fn faults(&self, blocks: u32) -> Result<FaultHistory, HistoryError> {
        faults::history(&self.chain, &self.observer, blocks).await
    }

    /// The reports in a finalized block, and what the chain made of each. Cancel-safe.
    ///
    /// # Errors
    /// [`HistoryError`].
    pub async fn reports(&self, block: BlockNumber) -> Result<Vec<ReportAt>, HistoryError> {
        faults::reports_in(&self.chain, block).await
    }

    /// Has the network sign, and verifies the result here. Cancel-safe.
    ///
    /// # Errors
    /// [`SignError`].
    pub async fn sign(&self, options: &SignOptions) -> Result<Signature, SignError> {
        sign(&self.chain, &self.http, &self.observer, options).await
    }

    async fn submit<C: Call>(
        &self,
        call: C,
        account: &Account,
    ) -> Result<
        subxt::extrinsics::ExtrinsicEvents<subxt::config::substrate::SubstrateConfig>,
        TransactionError,
    > {
        let timeout = TRANSACTION_TIMEOUT;
        submit(
            &self.chain,
            &self.observer,
            account,
            call,
            self.wait,
            timeout,
        )
        .await
    }
}
