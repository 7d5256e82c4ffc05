//! What the JSON-RPC server answers beside the standard methods: account nonces, fees, BABE and
//! GRANDPA.

use crate::service::{FullBackend, FullClient, FullSelectChain, TransactionPool};
use jsonrpsee::RpcModule;
use pallet_transaction_payment_rpc::{TransactionPayment, TransactionPaymentApiServer};
use sc_consensus_babe::BabeWorkerHandle;
use sc_consensus_babe_rpc::{Babe, BabeApiServer};
use sc_consensus_grandpa::{
    FinalityProofProvider, GrandpaJustificationStream, SharedAuthoritySet, SharedVoterState,
};
use sc_consensus_grandpa_rpc::{Grandpa, GrandpaApiServer};
use sc_rpc::SubscriptionTaskExecutor;
use signing_runtime::{BlockNumber, Hash, OpaqueBlock as Block};
use sp_keystore::KeystorePtr;
use std::sync::Arc;
use substrate_frame_rpc_system::{System, SystemApiServer};

/// What the methods need of the node.
#[derive(Clone)]
pub(crate) struct RpcParts {
    pub(crate) client: Arc<FullClient>,
    pub(crate) pool: Arc<TransactionPool>,
    pub(crate) select_chain: FullSelectChain,
    pub(crate) keystore: KeystorePtr,
    pub(crate) babe_worker: BabeWorkerHandle<Block>,
    pub(crate) grandpa_authorities: SharedAuthoritySet<Hash, BlockNumber>,
    pub(crate) grandpa_voter_state: SharedVoterState,
    pub(crate) justifications: GrandpaJustificationStream<Block>,
    pub(crate) finality_proofs: Arc<FinalityProofProvider<FullBackend, Block>>,
}

impl RpcParts {
    /// The methods, whose subscriptions run on `executor`.
    pub(crate) fn module(
        self,
        executor: SubscriptionTaskExecutor,
    ) -> Result<RpcModule<()>, sc_service::Error> {
        self.merge(executor)
            .map_err(|error| sc_service::Error::Application(Box::new(error)))
    }

    fn merge(
        self,
        executor: SubscriptionTaskExecutor,
    ) -> Result<RpcModule<()>, jsonrpsee::core::RegisterMethodError> {
        let mut module = RpcModule::new(());
        module.merge(System::new(self.client.clone(), self.pool).into_rpc())?;
        module.merge(TransactionPayment::new(self.client.clone()).into_rpc())?;
        module.merge(
            Babe::new(
                self.client,
                self.babe_worker,
                self.keystore,
                self.select_chain,
            )
            .into_rpc(),
        )?;
        module.merge(
            Grandpa::new(
                executor,
                self.grandpa_authorities,
                self.grandpa_voter_state,
                self.justifications,
                self.finality_proofs,
            )
            .into_rpc(),
        )?;
        Ok(module)
    }
}
