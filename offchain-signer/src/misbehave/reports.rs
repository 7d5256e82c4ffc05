//! False accusations.

use super::{chain::sign, forge::flip, Conduct, Forgery, Way};
use crate::{
    chain::{
        AccountId, BlockNumber, Committee, NetworkState, SessionKeyCall, SignerId, WatchChain,
    },
    identity::Identity,
};
use codec::Encode;
use rand::{rngs::OsRng, RngCore};
use signing_evidence::{Part, Proof, Round, SignedMessage, SigningEvidence};
use signing_primitives::{
    fault_report_payload, Fault, FaultReport, SigningSubject, UnprovableFault,
};
use sp_core::H256;
use sp_keystore::KeystorePtr;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use zeroize::Zeroizing;

/// Blocks after which silence is reported again: what a node does that believes it.
const PATIENCE: BlockNumber = 5;

/// Reports other members falsely, at every block and in the ways that are in force then. Never ends;
/// does nothing for a conduct without such ways.
pub async fn report_falsely<C: WatchChain>(chain: Arc<C>, conduct: Conduct, keystore: KeystorePtr) {
    let false_ones = |way: &Way| matches!(way, Way::FalseSilence | Way::FalseEvidence(_));
    if !conduct.ever(false_ones) {
        std::future::pending().await
    }
    let identity = Identity::new(keystore.clone(), Zeroizing::new([0; 32]));
    let mut accuser = Accuser {
        chain,
        conduct,
        keystore,
        identity,
        silent: BTreeMap::new(),
        random: BTreeSet::new(),
    };
    let mut heads = accuser.chain.heads();
    loop {
        let best = heads.borrow_and_update().best;
        if let Ok(state) = accuser.chain.network_state(best.hash) {
            accuser.follow(best.number, &state).await;
        }
        if heads.changed().await.is_err() {
            return;
        }
    }
}

struct Accuser<C> {
    chain: Arc<C>,
    conduct: Conduct,
    keystore: KeystorePtr,
    identity: Identity,
    /// When each was last reported to be silent.
    silent: BTreeMap<AccountId, BlockNumber>,
    /// The generations in which random bytes were reported.
    random: BTreeSet<u32>,
}

impl<C: WatchChain> Accuser<C> {
    async fn follow(&mut self, now: BlockNumber, state: &NetworkState) {
        let (Some(me), Some(committee)) = (self.identity.validator(state), &state.committee) else {
            return;
        };
        let ways: Vec<Way> = self.conduct.ways().cloned().collect();
        let heard = match ways.iter().any(|way| matches!(way, Way::FalseEvidence(_))) {
            true => self.conduct.0.heard.take(),
            false => None,
        };
        for way in ways {
            let mut reports = Vec::new();
            match way {
                Way::FalseSilence => {
                    self.silent
                        .retain(|_, at| now < at.saturating_add(PATIENCE));
                    for member in committee.sitting() {
                        let accused = &member.validator;
                        if *accused != me.account && !self.silent.contains_key(accused) {
                            self.silent.insert(accused.clone(), now);
                            let silent = Fault::Unprovable(UnprovableFault::Silent);
                            reports.push((accused.clone(), committee.generation, silent));
                        }
                    }
                }
                Way::FalseEvidence(forgery) => {
                    let evidence = match (forgery, &heard) {
                        (Forgery::Random, _) => {
                            let accused = committee
                                .sitting()
                                .find(|member| member.validator != me.account);
                            accused
                                .filter(|_| self.random.insert(committee.generation))
                                .map(|accused| self.random_bytes(state, committee, &accused.party))
                        }
                        (_, Some((facts, party, message))) => message
                            .echo_as_evidence()
                            .and_then(|echo| forged(forgery, facts, party, echo)),
                        (_, None) => None,
                    };
                    reports.extend(evidence.and_then(|evidence| {
                        let accused = committee
                            .members
                            .iter()
                            .find(|member| member.party == evidence.accused)?;
                        let generation = evidence.subject.generation;
                        let encoded = evidence.encode().try_into().ok()?;
                        Some((
                            accused.validator.clone(),
                            generation,
                            Fault::Provable(encoded),
                        ))
                    }));
                }
                _ => {}
            }
            for (accused, generation, fault) in reports {
                let report = FaultReport {
                    signing_key: me.signing_key.clone(),
                    accused,
                    generation,
                    fault,
                    at: now,
                };
                self.submit(report).await;
            }
        }
    }

    async fn submit(&self, report: FaultReport<AccountId, BlockNumber>) {
        let payload = fault_report_payload(self.chain.genesis_hash(), &report);
        let Ok(signature) = sign(&self.keystore, &report.signing_key, &payload) else {
            return;
        };
        let accused = report.accused.clone();
        let provable = matches!(report.fault, Fault::Provable(_));
        let report = SessionKeyCall::ReportFault(report, signature);
        let submitted = self.chain.submit(report).await;
        tracing::warn!(%accused, provable, ?submitted, "misbehaving: makes a false report");
    }

    /// Evidence about a session that there was not: of the present committee, as anybody can make it.
    fn random_bytes(
        &self,
        state: &NetworkState,
        committee: &Committee,
        accused: &SignerId,
    ) -> SigningEvidence {
        let others = committee.sitting().map(|member| &member.party);
        let mut participants: Vec<SignerId> = std::iter::once(accused)
            .chain(others.filter(|party| *party != accused))
            .take(usize::try_from(committee.threshold).unwrap_or(usize::MAX))
            .cloned()
            .collect();
        participants.sort();
        let nonces: Vec<_> = participants.iter().map(|_| random()).collect();
        SigningEvidence {
            subject: SigningSubject {
                genesis_hash: self.chain.genesis_hash(),
                generation: committee.generation,
                threshold: committee.threshold,
                participants,
                network_key: state.verifying_key.unwrap_or([2; 33]),
                verifying_key: [2; 33],
                digest: random(),
                request_id: random(),
                public_shares_hash: H256(random()),
                auxiliary_info_hash: H256(random()),
            },
            nonces: nonces.try_into().unwrap_or_default(),
            public_shares: random::<137>().to_vec().try_into().unwrap_or_default(),
            public_aux_info: random::<2133>().to_vec().try_into().unwrap_or_default(),
            accused: accused.clone(),
            proof: Proof::InvalidMessage {
                round: Round::new(1),
                part: Part::Echo,
                message: SignedMessage {
                    signature: random(),
                    payload: Some(random::<500>().to_vec()),
                },
            },
        }
    }
}

/// Evidence about a session that there was, made of what the accused said in it.
fn forged(
    forgery: Forgery,
    facts: &signing_evidence::SessionFacts,
    accused: &SignerId,
    mut echo: SignedMessage,
) -> Option<SigningEvidence> {
    if forgery == Forgery::Altered {
        // Now it is no message of round 1. But neither is it signed.
        echo.payload.as_mut()?.pop();
        flip(echo.payload.as_mut()?);
    }
    let nonces: Vec<_> = facts.nonces.values().copied().collect();
    Some(SigningEvidence {
        subject: facts.subject.clone(),
        nonces: nonces.try_into().ok()?,
        public_shares: facts.public_shares.clone().try_into().ok()?,
        public_aux_info: facts.public_aux_info.clone().try_into().ok()?,
        accused: accused.clone(),
        proof: Proof::InvalidMessage {
            round: Round::new(1),
            part: Part::Echo,
            message: echo,
        },
    })
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    OsRng.fill_bytes(&mut bytes);
    bytes
}
