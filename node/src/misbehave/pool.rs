//! The pool as the author of blocks sees it: without others' reports of faults.

use crate::service::TransactionPool as Pool;
use async_trait::async_trait;
use codec::{DecodeAll, Encode};
use offchain_signer::{conduct::Conduct, misbehave::Way};
use sc_transaction_pool_api::{
    ImportNotificationStream, InPoolTransaction, PoolStatus, ReadyTransactions, TransactionFor,
    TransactionPool, TransactionSource, TransactionStatusStreamFor, TxHash, TxInvalidityReportMap,
};
use signing_primitives::KEY_TYPE;
use signing_runtime::{Hash, OpaqueBlock as Block, RuntimeCall, UncheckedExtrinsic};
use sp_core::crypto::ByteArray;
use sp_keystore::KeystorePtr;
use std::{collections::HashMap, pin::Pin, sync::Arc, time::Duration};

type Inner = <Pool as TransactionPool>::InPoolTransaction;
type Ready = Box<dyn ReadyTransactions<Item = Arc<Inner>> + Send>;

/// Hides what an author leaves out.
pub(crate) struct OmittingPool {
    pool: Arc<Pool>,
    conduct: Conduct,
    keystore: KeystorePtr,
}

impl OmittingPool {
    /// The pool of a node with this conduct and these session keys.
    pub(crate) fn new(pool: Arc<Pool>, conduct: Conduct, keystore: KeystorePtr) -> Self {
        Self {
            pool,
            conduct,
            keystore,
        }
    }

    fn without_omitted(&self, ready: Ready) -> Ready {
        if !self.conduct.does(&Way::OmitReports) {
            return ready;
        }
        Box::new(Omitting {
            ready,
            keystore: self.keystore.clone(),
        })
    }
}

struct Omitting {
    ready: Ready,
    keystore: KeystorePtr,
}

impl Iterator for Omitting {
    type Item = Arc<Inner>;

    fn next(&mut self) -> Option<Arc<Inner>> {
        loop {
            let next = self.ready.next()?;
            if !is_report_of_another(&next.data().encode(), &self.keystore) {
                return Some(next);
            }
            log::warn!("⚠️  Misbehaving: leaves a report of a fault out of a block");
        }
    }
}

impl ReadyTransactions for Omitting {
    fn report_invalid(&mut self, transaction: &Self::Item) {
        self.ready.report_invalid(transaction);
    }
}

/// Whether these are the bytes of a report that is not by this node.
fn is_report_of_another(mut extrinsic: &[u8], keystore: &KeystorePtr) -> bool {
    let Ok(extrinsic) = UncheckedExtrinsic::decode_all(&mut extrinsic) else {
        return false;
    };
    let RuntimeCall::Signing(pallet_signing::Call::report_fault { report, .. }) =
        extrinsic.function
    else {
        return false;
    };
    let key = report.signing_key.to_raw_vec();
    !keystore.has_keys(&[(key, KEY_TYPE)])
}

#[async_trait]
impl TransactionPool for OmittingPool {
    type Block = Block;
    type Hash = TxHash<Pool>;
    type InPoolTransaction = Inner;
    type Error = <Pool as TransactionPool>::Error;

    async fn submit_at(
        &self,
        at: Hash,
        source: TransactionSource,
        transactions: Vec<TransactionFor<Self>>,
    ) -> Result<Vec<Result<TxHash<Self>, Self::Error>>, Self::Error> {
        self.pool.submit_at(at, source, transactions).await
    }

    async fn submit_one(
        &self,
        at: Hash,
        source: TransactionSource,
        transaction: TransactionFor<Self>,
    ) -> Result<TxHash<Self>, Self::Error> {
        self.pool.submit_one(at, source, transaction).await
    }

    async fn submit_and_watch(
        &self,
        at: Hash,
        source: TransactionSource,
        transaction: TransactionFor<Self>,
    ) -> Result<Pin<Box<TransactionStatusStreamFor<Self>>>, Self::Error> {
        self.pool.submit_and_watch(at, source, transaction).await
    }

    async fn ready_at(&self, at: Hash) -> Ready {
        self.without_omitted(self.pool.ready_at(at).await)
    }

    fn ready(&self) -> Ready {
        self.without_omitted(self.pool.ready())
    }

    async fn report_invalid(
        &self,
        at: Option<Hash>,
        errors: TxInvalidityReportMap<TxHash<Self>>,
    ) -> Vec<Arc<Inner>> {
        self.pool.report_invalid(at, errors).await
    }

    fn futures(&self) -> Vec<Inner> {
        self.pool.futures()
    }

    fn status(&self) -> PoolStatus {
        self.pool.status()
    }

    fn import_notification_stream(&self) -> ImportNotificationStream<TxHash<Self>> {
        self.pool.import_notification_stream()
    }

    fn on_broadcasted(&self, propagations: HashMap<TxHash<Self>, Vec<String>>) {
        self.pool.on_broadcasted(propagations);
    }

    fn hash_of(&self, transaction: &TransactionFor<Self>) -> TxHash<Self> {
        self.pool.hash_of(transaction)
    }

    fn ready_transaction(&self, hash: &TxHash<Self>) -> Option<Arc<Inner>> {
        self.pool.ready_transaction(hash)
    }

    async fn ready_at_with_timeout(&self, at: Hash, timeout: Duration) -> Ready {
        self.without_omitted(self.pool.ready_at_with_timeout(at, timeout).await)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use signing_primitives::{Fault, FaultReport, UnprovableFault};
    use signing_runtime::unsigned_extensions;
    use sp_core::{sr25519, Pair};
    use sp_keystore::{testing::MemoryKeystore, Keystore};

    fn report_by(key: sr25519::Public) -> Vec<u8> {
        let report = FaultReport {
            signing_key: key.into(),
            accused: [1; 32].into(),
            generation: 1,
            fault: Fault::Unprovable(UnprovableFault::Silent),
            at: 7,
        };
        let signature = sr25519::Signature::from_raw([0; 64]).into();
        encoded(RuntimeCall::Signing(pallet_signing::Call::report_fault {
            report,
            signature,
        }))
    }

    /// As the opaque extrinsic that the pool has of it.
    fn encoded(call: RuntimeCall) -> Vec<u8> {
        let extrinsic = UncheckedExtrinsic::new_transaction(call, unsigned_extensions());
        let bytes = extrinsic.encode();
        let opaque = <TransactionFor<Pool> as codec::Decode>::decode(&mut bytes.as_slice());
        opaque.unwrap().encode()
    }

    #[test]
    fn only_others_reports_are_left_out() {
        let memory = MemoryKeystore::new();
        let own = memory.sr25519_generate_new(KEY_TYPE, None).unwrap();
        let keystore: KeystorePtr = Arc::new(memory);
        let other = sr25519::Pair::from_string("//other", None)
            .unwrap()
            .public();
        assert!(is_report_of_another(&report_by(other), &keystore));
        assert!(!is_report_of_another(&report_by(own), &keystore));
        let leave = RuntimeCall::Signing(pallet_signing::Call::leave_committee {});
        assert!(!is_report_of_another(&encoded(leave), &keystore));
        assert!(!is_report_of_another(b"garbage", &keystore));
    }
}
