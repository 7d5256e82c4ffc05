//! A run that is made of several protocols, one after the other.

use super::{
    driver::run_session,
    mailbox::{Mailbox, Run, Stage},
    KeyMaterialError, NetworkSession, NodeSigner, Params, PartyId, SessionError,
};
use k256::ecdsa::VerifyingKey as EcdsaKey;
use manul::{
    protocol::{EntryPoint, Protocol},
    session::Evidence,
};
use signing_primitives::{RunStage, SessionId};
use std::collections::BTreeSet;
use synedrion::{AuxGen, AuxInfo, KeyResharing, NewHolder, OldHolder, ThresholdKeyShare};

/// A share of a key.
pub(super) type Share = ThresholdKeyShare<Params, PartyId>;

/// A run in progress, at one of its parties.
pub(super) struct StagedRun {
    pub(super) me: PartyId,
    pub(super) mailbox: Mailbox,
    signer: NodeSigner,
    session_id: SessionId,
}

/// Who hands shares of which key over to whom.
pub(super) struct Redistribution<'a> {
    pub(super) key: EcdsaKey,
    /// Exactly as many as it takes to sign.
    pub(super) old_holders: &'a BTreeSet<PartyId>,
    pub(super) members: &'a BTreeSet<PartyId>,
    pub(super) threshold: usize,
}

impl StagedRun {
    /// Opens the run among `parties`, this node among them.
    pub(super) fn open(
        run: Run,
        parties: &BTreeSet<PartyId>,
        first: Stage,
    ) -> Result<Self, SessionError> {
        let me = run.signer.party().clone();
        let mut others = parties.clone();
        if !others.remove(&me) {
            return Err(KeyMaterialError::NotAMember(me).into());
        }
        let (mailbox, signer, session_id) = Mailbox::open(run, others, first);
        Ok(Self {
            me,
            mailbox,
            signer,
            session_id,
        })
    }

    /// Runs one of the protocols, under its own session id.
    pub(super) fn run<EP>(
        &mut self,
        stage: Stage,
        id: RunStage,
        entry_point: EP,
    ) -> Result<<EP::Protocol as Protocol<PartyId>>::Result, SessionError>
    where
        EP: EntryPoint<PartyId>,
        Evidence<EP::Protocol, NetworkSession>: Send + Sync + 'static,
    {
        self.mailbox.enter(stage);
        let id = self.session_id.stage(id);
        run_session(entry_point, &self.signer, &id, &mut self.mailbox)
    }

    /// Hands the shares of a key over: `held` is what this node gives, if it is an old holder. A
    /// share of the same key is what it gets, if it is a member.
    pub(super) fn redistribute(
        &mut self,
        what: &Redistribution,
        held: Option<Share>,
    ) -> Result<Option<Share>, SessionError> {
        let is_member = what.members.contains(&self.me);
        let new_holder = is_member.then(|| NewHolder {
            verifying_key: what.key,
            old_threshold: what.old_holders.len(),
            old_holders: what.old_holders.clone(),
        });
        let entry_point = KeyResharing::<Params, PartyId>::new(
            held.map(|key_share| OldHolder { key_share }),
            new_holder,
            what.members.clone(),
            what.threshold,
        );
        let share = self.run(Stage::KeyResharing, RunStage::KeyResharing, entry_point)?;
        match share {
            None if !is_member => Ok(None),
            Some(share) if is_of_key(&share, &self.me, what) => Ok(Some(share)),
            _ => Err(SessionError::WrongKey),
        }
    }

    /// Makes auxiliary information among these parties.
    pub(super) fn aux_gen(
        &mut self,
        parties: &BTreeSet<PartyId>,
    ) -> Result<AuxInfo<Params, PartyId>, SessionError> {
        let entry_point =
            AuxGen::<Params, PartyId>::new(parties.clone()).map_err(KeyMaterialError::Library)?;
        self.run(Stage::AuxGen, RunStage::AuxGen, entry_point)
    }
}

/// Whether any set of members that is large enough has the key, and not only some.
///
/// The library checks that what the old holders send adds up to the key, but not the degree of
/// their polynomials: one old holder alone could choose its own such that some sets of members have
/// the key and others have not. All public shares lie on one polynomial of the right degree if and
/// only if each of those outside of a set of `threshold - 1` makes the key together with it.
fn is_of_key(share: &Share, me: &PartyId, what: &Redistribution) -> bool {
    let Some(fewer) = what.threshold.checked_sub(1) else {
        return false;
    };
    let others = what.members.iter().filter(|member| *member != me);
    // The library makes no set without the share's owner.
    let base: BTreeSet<PartyId> = core::iter::once(me)
        .chain(others)
        .take(fewer)
        .cloned()
        .collect();
    share.threshold() == what.threshold
        && base.len() == fewer
        && what.members.difference(&base).all(|last| {
            let mut set = base.clone();
            set.insert(last.clone());
            share
                .to_key_share(&set)
                .is_ok_and(|share| share.verifying_key() == what.key)
        })
}
