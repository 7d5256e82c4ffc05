//! Sessions of parties with real keys, in which a party that holds its keys can cheat.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use blake2::digest::Digest;
use manul::{
    protocol::{EntryPoint, Protocol},
    session::{CanFinalize, PreprocessOutcome, RoundOutcome, Session, SessionId as ManulSessionId},
    signature::RandomizedDigestSigner,
};
use rand_core::{OsRng, RngCore};
use signing_evidence::{
    layout::{decode, manul_session_id, part_hash, MessageLayout, MetadataLayout, PartLayout},
    session::{Blake2b256, NetworkSession, NodeSigner},
    CommitteeFacts, Params, Part, PartyId, Proof, Round, SessionFacts, SignedMessage,
    SigningEvidence, Transcript,
};
use signing_primitives::{SessionId, SignerId, SigningSubject, Subject, KEY_TYPE};
use sp_core::H256;
use sp_crypto_hashing::blake2_256;
use sp_keystore::{testing::MemoryKeystore, Keystore};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use synedrion::{AuxInfo, InteractiveSigning, KeyShare};

const DIGEST: [u8; 32] = [0xd1; 32];

/// Parties, ascending, and their auxiliary information.
pub struct Parties {
    /// What they sign with.
    pub signers: Vec<NodeSigner>,
    aux: BTreeMap<PartyId, AuxInfo<Params, PartyId>>,
}

impl Parties {
    /// Parties with the keys of these secret URIs.
    pub fn new(suris: impl IntoIterator<Item = String>) -> Self {
        let mut signers: Vec<_> = suris.into_iter().map(|suri| signer(&suri)).collect();
        signers.sort_by(|a, b| a.party().cmp(b.party()));
        let ids: BTreeSet<PartyId> = signers.iter().map(|s| s.party().clone()).collect();
        let aux = AuxInfo::new_centralized(&mut OsRng, &ids);
        Self { signers, aux }
    }

    /// Plays a signing session of some of them, in which every message passes through `cheat`.
    pub fn play(
        &self,
        participants: &[usize],
        committee: &CommitteeFacts,
        cheat: impl FnMut(&mut Forge),
    ) -> Played {
        let (signers, facts, entry_points) = self.session(participants, committee);
        let subject = Subject::Signing(facts.subject.clone());
        let id = subject.session_id(&facts.nonces).unwrap();
        let (messages, transcripts, signed) = play_protocol(&signers, &id, entry_points, cheat);
        Played {
            signers,
            facts,
            messages,
            transcripts,
            signed,
        }
    }

    /// What a signing session is about, with fresh nonces, and each participant's side of it.
    fn session(
        &self,
        participants: &[usize],
        committee: &CommitteeFacts,
    ) -> (
        Vec<NodeSigner>,
        SessionFacts,
        Vec<InteractiveSigning<Params, PartyId>>,
    ) {
        let participants = participants.iter();
        let signers: Vec<_> = participants.map(|i| self.signers[*i].clone()).collect();
        let ids: BTreeSet<PartyId> = signers.iter().map(|s| s.party().clone()).collect();
        let mut shares = KeyShare::<Params, PartyId>::new_centralized(&mut OsRng, &ids, None);
        let mut public = None;
        let entry_points = ids
            .iter()
            .map(|id| {
                let share = shares.remove(id).unwrap();
                let aux = self.aux[id].clone().subset(&ids).unwrap();
                public = Some((public_shares(&share), public_aux_info(&aux)));
                InteractiveSigning::new(DIGEST.into(), share, aux).unwrap()
            })
            .collect();
        let (public_shares, public_aux_info) = public.unwrap();
        let subject = SigningSubject {
            genesis_hash: committee.genesis_hash,
            generation: committee.generation,
            participants: ids.iter().map(|id| id.signer_id().clone()).collect(),
            threshold: committee.threshold,
            network_key: committee.network_key,
            verifying_key: [3; 33],
            digest: DIGEST,
            request_id: random(),
            public_shares_hash: H256(blake2_256(&public_shares)),
            auxiliary_info_hash: H256(blake2_256(&public_aux_info)),
        };
        let facts = SessionFacts {
            nonces: subject
                .participants
                .iter()
                .map(|party| (party.clone(), random()))
                .collect(),
            subject,
            public_shares,
            public_aux_info,
        };
        (signers, facts, entry_points)
    }
}

/// A node's signer with the key of a secret URI.
pub fn signer(suri: &str) -> NodeSigner {
    let keystore = Arc::new(MemoryKeystore::new());
    let key = keystore.sr25519_generate_new(KEY_TYPE, Some(suri)).unwrap();
    NodeSigner::new(keystore, key.into()).unwrap()
}

/// A message on its way.
#[derive(Clone)]
pub struct Sent {
    /// Who sends it.
    pub from: usize,
    /// The round that it is of.
    pub round: Round,
    pub(crate) message: MessageLayout,
}

/// A session that has come to its end.
pub struct Played {
    /// The participants, ascending.
    pub signers: Vec<NodeSigner>,
    /// What it was about.
    pub facts: SessionFacts,
    /// All that was sent.
    pub messages: Vec<Sent>,
    /// What each party has seen.
    pub transcripts: Vec<Transcript>,
    /// Whether it ended in a signature.
    pub signed: bool,
}

impl Played {
    /// A participant's party id.
    pub fn id(&self, party: usize) -> SignerId {
        self.signers[party].party().signer_id().clone()
    }

    /// Its session id.
    pub fn session_id(&self) -> SessionId {
        let subject = Subject::Signing(self.facts.subject.clone());
        subject.session_id(&self.facts.nonces).unwrap()
    }

    /// What `witness` has against `accused`.
    pub fn evidence(&self, witness: usize, accused: usize) -> Option<SigningEvidence> {
        self.facts
            .evidence_against(&self.id(accused), &self.transcripts[witness])
    }

    /// A part that `from` sent in a round, to the first receiver.
    pub fn part(&self, from: usize, round: Round, part: Part) -> SignedMessage {
        let sent = self
            .messages
            .iter()
            .find(|sent| sent.from == from && sent.round == round)
            .unwrap();
        self.report_form(sent, part)
    }

    /// A part of a message as a report has it.
    pub(crate) fn report_form(&self, sent: &Sent, part: Part) -> SignedMessage {
        let session = manul_session_id(&self.session_id());
        part_of(&sent.message, part)
            .of_round(&MetadataLayout::new(&session, sent.round))
            .unwrap()
    }

    /// All that anybody has seen.
    pub fn everything(&self) -> Transcript {
        let mut all = Transcript::default();
        for sent in &self.messages {
            let bytes = postcard::to_allocvec(&sent.message).unwrap();
            all.record(self.signers[sent.from].party(), &bytes);
        }
        all
    }

    /// A report with a given proof.
    pub fn report(&self, accused: usize, proof: Proof) -> SigningEvidence {
        let nonces: Vec<_> = self.facts.nonces.values().copied().collect();
        SigningEvidence {
            subject: self.facts.subject.clone(),
            nonces: nonces.try_into().unwrap(),
            public_shares: self.facts.public_shares.clone().try_into().unwrap(),
            public_aux_info: self.facts.public_aux_info.clone().try_into().unwrap(),
            accused: self.id(accused),
            proof,
        }
    }
}

pub(crate) fn part_of(message: &MessageLayout, part: Part) -> &PartLayout {
    match part {
        Part::Echo => &message.echo,
        Part::Normal => &message.normal,
        Part::Direct => &message.direct,
    }
}

fn part_of_mut(message: &mut MessageLayout, part: Part) -> &mut PartLayout {
    match part {
        Part::Echo => &mut message.echo,
        Part::Normal => &mut message.normal,
        Part::Direct => &mut message.direct,
    }
}

/// Signs a part as its sender would.
pub(crate) fn sign_part(
    signer: &NodeSigner,
    session_id: &[u8],
    round: Round,
    part: Part,
    payload: Option<Vec<u8>>,
) -> SignedMessage {
    let hash = part_hash(part, payload.as_deref());
    let metadata = MetadataLayout::new(session_id, round);
    let digest = Blake2b256::new_with_prefix(b"SignedMessagePartDigest")
        .chain_update(postcard::to_allocvec(&metadata).unwrap())
        .chain_update(32u64.to_be_bytes())
        .chain_update(hash);
    let signature = signer.try_sign_digest_with_rng(&mut OsRng, digest).unwrap();
    SignedMessage {
        signature: signature.to_bytes(),
        payload,
    }
}

/// One message that a cheater may change: it signs anew whatever it sets.
pub struct Forge<'a> {
    /// Who sends it.
    pub from: usize,
    /// Who is to get it.
    pub to: usize,
    /// The round that it is of.
    pub round: Round,
    session_id: &'a [u8],
    signer: &'a NodeSigner,
    message: &'a mut MessageLayout,
}

impl Forge<'_> {
    /// What a part holds.
    pub fn payload(&self, part: Part) -> Option<Vec<u8>> {
        part_of(self.message, part).payload().map(<[u8]>::to_vec)
    }

    /// The signature of a part.
    pub fn signature(&self, part: Part) -> [u8; 64] {
        let metadata = MetadataLayout::new(self.session_id, self.round);
        let part = part_of(self.message, part).of_round(&metadata);
        part.unwrap().signature
    }

    /// Sets what a part holds.
    pub fn set(&mut self, part: Part, payload: Option<Vec<u8>>) {
        let signed = sign_part(self.signer, self.session_id, self.round, part, payload);
        self.put(part, &signed);
    }

    /// Sets a part that is signed already.
    pub fn put(&mut self, part: Part, signed: &SignedMessage) {
        *part_of_mut(self.message, part) = PartLayout::new(self.session_id, self.round, signed);
    }

    /// Changes what a part holds.
    pub fn change<T>(&mut self, part: Part, change: impl FnOnce(&mut T))
    where
        T: serde::Serialize + for<'de> serde::Deserialize<'de>,
    {
        let mut value: T = decode(&self.payload(part).unwrap()).unwrap();
        change(&mut value);
        self.set(part, Some(postcard::to_allocvec(&value).unwrap()));
    }
}

pub(crate) fn random() -> [u8; 32] {
    let mut bytes = [0; 32];
    OsRng.fill_bytes(&mut bytes);
    bytes
}

/// The public part of a key share's serialization: after the owner and the secret.
fn public_shares(share: &KeyShare<Params, PartyId>) -> Vec<u8> {
    let bytes = postcard::to_allocvec(share).unwrap();
    let (_, public) = postcard::take_from_bytes::<(PartyId, &[u8])>(&bytes).unwrap();
    public.to_vec()
}

/// The same of auxiliary information: after the owner and two primes.
fn public_aux_info(aux: &AuxInfo<Params, PartyId>) -> Vec<u8> {
    let bytes = postcard::to_allocvec(aux).unwrap();
    let (_, public) = postcard::take_from_bytes::<(PartyId, &[u8], &[u8])>(&bytes).unwrap();
    public.to_vec()
}

/// Plays any protocol, all parties in step, until it ends or a party cannot go on.
pub(crate) fn play_protocol<EP: EntryPoint<PartyId>>(
    signers: &[NodeSigner],
    session_id: &SessionId,
    entry_points: Vec<EP>,
    mut cheat: impl FnMut(&mut Forge),
) -> (Vec<Sent>, Vec<Transcript>, bool)
where
    EP::Protocol: Protocol<PartyId>,
{
    let manul_id = ManulSessionId::from_seed::<NetworkSession>(session_id.as_ref());
    let mut transcripts = vec![Transcript::default(); signers.len()];
    let mut sent = Vec::new();
    let mut sessions: Vec<_> = signers
        .iter()
        .zip(entry_points)
        .map(|(signer, entry_point)| {
            let id = manul_id.clone();
            Session::<EP::Protocol, NetworkSession>::new(
                &mut OsRng,
                id,
                signer.clone(),
                entry_point,
            )
            .unwrap()
        })
        .collect();
    loop {
        let mut accumulators: Vec<_> = sessions.iter().map(Session::make_accumulator).collect();
        for from in 0..signers.len() {
            for to in sessions[from].message_destinations().clone() {
                let (message, artifact) = sessions[from].make_message(&mut OsRng, &to).unwrap();
                sessions[from]
                    .add_artifact(&mut accumulators[from], artifact)
                    .unwrap();
                let bytes = postcard::to_allocvec(&message).unwrap();
                let mut message: MessageLayout = decode(&bytes).unwrap();
                let to = signers.iter().position(|s| *s.party() == to).unwrap();
                let round = round_of(&message);
                cheat(&mut Forge {
                    from,
                    to,
                    round,
                    session_id: manul_id.as_ref(),
                    signer: &signers[from],
                    message: &mut message,
                });
                let bytes = postcard::to_allocvec(&message).unwrap();
                for observer in [from, to] {
                    transcripts[observer].record(signers[from].party(), &bytes);
                }
                sent.push(Sent {
                    from,
                    round,
                    message,
                });
                let message = decode(&bytes).unwrap();
                let accumulator = &mut accumulators[to];
                let outcome = sessions[to]
                    .preprocess_message(accumulator, signers[from].party(), message)
                    .unwrap();
                if let PreprocessOutcome::ToProcess(message) = outcome {
                    let processed = sessions[to].process_message(*message);
                    sessions[to]
                        .add_processed_message(accumulator, processed)
                        .unwrap();
                }
            }
        }
        let ready = sessions
            .iter()
            .zip(&accumulators)
            .all(|(session, acc)| session.can_finalize(acc) == CanFinalize::Yes);
        if !ready {
            return (sent, transcripts, false);
        }
        let mut next = Vec::new();
        for (session, accumulator) in sessions.into_iter().zip(accumulators) {
            match session.finalize_round(&mut OsRng, accumulator).unwrap() {
                RoundOutcome::Finished(report) => {
                    assert!(report.result().is_some());
                }
                RoundOutcome::AnotherRound { session, .. } => next.push(session),
            }
        }
        if next.is_empty() {
            return (sent, transcripts, true);
        }
        sessions = next;
    }
}

fn round_of(message: &MessageLayout) -> Round {
    let (number, passes_on) = message.direct.round();
    let round = Round::new(number);
    match passes_on {
        true => round.passing_on(),
        false => round,
    }
}
