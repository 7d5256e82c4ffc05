//! Runs one protocol session over a mailbox.

use super::{
    error::{Fault, Misconduct, Round, SessionError},
    mailbox::{Interruption, Mailbox, Stage},
    no_randomness::NoRandomness,
    NetworkSession, NodeSigner, PartyId,
};
use core::time::Duration;
use manul::{
    protocol::{EntryPoint, Protocol, RoundId},
    session::{
        CanFinalize, LocalError, Message, PreprocessOutcome, RoundAccumulator, RoundOutcome,
        Session, SessionId as ManulSessionId, VerifiedMessage,
    },
};
use rand_core::OsRng;
use signing_evidence::Transcript;
use signing_primitives::SessionId;
use sp_crypto_hashing::blake2_256;
use sp_panic_handler::AbortGuard;
use std::{
    collections::{BTreeMap, BTreeSet},
    panic::{catch_unwind, AssertUnwindSafe},
};
use tokio::time::Instant;

/// How much longer each round may take than the one before. Whoever waits for somebody who waits in
/// turn then hears of it before its own time is up, and does not take the victim for the culprit.
const LEEWAY: Duration = Duration::from_millis(500);
/// A session that is cancelled so shortly before a round's time is up is one whose time was up: others have
/// waited for the same. Less than what rounds differ by: then it was somebody who waited for somebody else.
const NEARLY: Duration = Duration::from_millis(250);

/// Runs the protocol that begins at `entry_point` to its end, on this thread.
///
/// No peer can make this panic or wait beyond the deadlines. The session ends as soon as a party
/// has sent what cannot be accepted: no protocol here does without one of its parties.
pub(super) fn run_session<EP>(
    entry_point: EP,
    signer: &NodeSigner,
    session_id: &SessionId,
    mailbox: &mut Mailbox,
) -> Result<<EP::Protocol as Protocol<PartyId>>::Result, SessionError>
where
    EP: EntryPoint<PartyId>,
{
    signer.check_key()?;
    let session_id = ManulSessionId::from_seed::<NetworkSession>(session_id.as_ref());
    let start = Round {
        stage: mailbox.stage(),
        id: None,
    };
    let since = Instant::now();
    let mut session = unwinding(|| {
        Session::<EP::Protocol, NetworkSession>::new(
            &mut OsRng,
            session_id,
            signer.clone(),
            entry_point,
        )
    })
    .map_err(|Panicked| SessionError::Panicked {
        round: start.clone(),
    })?
    .map_err(|error| local(&start, error))?;
    mailbox.round_completed(0, since.elapsed());
    // Messages that came a round early, and who sent such.
    let (mut early, mut early_senders) = (Vec::new(), BTreeSet::new());
    // A repeated message is dropped: a transport that reconnects may repeat, and manul takes it for
    // an offence. A few entries a round: any message that is not acceptable ends the session.
    let mut seen = BTreeSet::new();
    let mut transcript = Transcript::default();
    let (mut leeway, mut number) = (Duration::ZERO, 0_usize);

    loop {
        let (id, since) = (session.round_id(), Instant::now());
        let _entered = tracing::debug_span!("round", stage = ?mailbox.stage(), %id).entered();
        let mut round = OpenRound::new(session, mailbox, &mut transcript);
        let until = mailbox.round_deadline() + leeway;
        leeway += LEEWAY;
        let unsent = round.send_all(mailbox, until)?.err();
        // manul returns early messages in the order of their senders, without naming them. Should
        // the numbers differ, a panic cannot be attributed; nothing else depends on it.
        let senders: Vec<PartyId> = core::mem::take(&mut early_senders).into_iter().collect();
        let attributable = senders.len() == early.len();
        for (index, message) in early.into_iter().enumerate() {
            let sender = senders.get(index).filter(|_| attributable);
            if let Err(fault) = round.process(message) {
                return Err(round.fail(sender.cloned(), fault));
            }
        }
        loop {
            match round.session.can_finalize(&round.accumulator) {
                // What is here is still judged, but a round that was not sent is not gone on with.
                _ if unsent.is_some() => {}
                CanFinalize::Yes => break,
                CanFinalize::NotYet => {}
                CanFinalize::Never => return Err(round.end(None)),
            }
            let waits_until = unsent.map_or(until, |_| Instant::now());
            let delivery = match (mailbox.receive(waits_until), unsent) {
                (Ok(delivery), _) => delivery,
                (Err(Interruption::TimedOut), None) => return Err(round.end(None)),
                (Err(interruption), unsent) => {
                    let interruption = unsent.unwrap_or(interruption);
                    let is_up = until.saturating_duration_since(Instant::now()) < NEARLY;
                    return Err(round.interrupted(interruption, is_up));
                }
            };
            let from = delivery.from;
            if let Ok(bytes) = &delivery.message {
                if !seen.insert((from.clone(), blake2_256(bytes))) {
                    continue;
                }
            }
            match round.accept(&from, delivery.message) {
                Ok(Accepted::Now) => {}
                Ok(Accepted::ForLater) => {
                    early_senders.insert(from);
                }
                Err(fault) => return Err(round.fail(Some(from), fault)),
            }
        }
        let finalized = round.finalize()?;
        number = number.saturating_add(1);
        mailbox.round_completed(number, since.elapsed());
        match finalized {
            Finalized::Result(result) => return Ok(result),
            Finalized::Next(next, messages) => {
                session = *next;
                early = messages;
            }
        }
    }
}

/// Whether the library looks for whoever sent a wrong share if what came in this round of signing does not
/// add up. That search is not gone into: to make an honest message in it takes half a minute, and it goes by
/// what each party has told this one only, so that a cheater can tell others what convicts the honest.
fn may_lead_to_a_search(round: &Round) -> bool {
    let shares_are_added_up = RoundId::new(3)..RoundId::new(4); // and the echo of the third
    round.stage == Stage::Signing
        && round
            .id
            .as_ref()
            .is_some_and(|id| shares_are_added_up.contains(id))
}

/// When a message is used.
enum Accepted {
    Now,
    ForLater,
}

/// What follows a round.
enum Finalized<P: Protocol<PartyId>> {
    Result(P::Result),
    Next(
        Box<Session<P, NetworkSession>>,
        Vec<VerifiedMessage<PartyId>>,
    ),
}

/// What a round has come to.
fn finalized<P: Protocol<PartyId>>(
    round: Round,
    outcome: Result<Result<RoundOutcome<P, NetworkSession>, LocalError>, Panicked>,
) -> Result<Finalized<P>, SessionError> {
    let outcome = outcome
        .map_err(|Panicked| SessionError::Panicked {
            round: round.clone(),
        })?
        .map_err(|error| local(&round, error))?;
    match outcome {
        RoundOutcome::Finished(report) => report
            .result()
            .map(Finalized::Result)
            .ok_or_else(|| local(&round, LocalError::new("finished without a result"))),
        RoundOutcome::AnotherRound {
            session,
            cached_messages,
        } => Ok(Finalized::Next(Box::new(session), cached_messages)),
    }
}

/// A round in progress.
struct OpenRound<'a, P: Protocol<PartyId>> {
    round: Round,
    accumulator: RoundAccumulator<P, NetworkSession>,
    session: Session<P, NetworkSession>,
    transcript: &'a mut Transcript,
}

impl<'a, P: Protocol<PartyId>> OpenRound<'a, P> {
    fn new(
        session: Session<P, NetworkSession>,
        mailbox: &Mailbox,
        transcript: &'a mut Transcript,
    ) -> Self {
        let round = Round {
            stage: mailbox.stage(),
            id: Some(session.round_id()),
        };
        tracing::debug!(%round, "entered");
        Self {
            round,
            accumulator: session.make_accumulator(),
            session,
            transcript,
        }
    }

    /// Keeps a message for evidence, of which there is none but in signing.
    fn record(&mut self, sender: &PartyId, bytes: &[u8]) {
        if self.round.stage == Stage::Signing {
            self.transcript.record(sender, bytes);
        }
    }

    /// Says whether all could be sent.
    fn send_all(
        &mut self,
        mailbox: &mut Mailbox,
        until: Instant,
    ) -> Result<Result<(), Interruption>, SessionError> {
        let me = self.session.verifier();
        let destinations = self.session.message_destinations().clone();
        for (index, destination) in destinations.iter().enumerate() {
            let (message, artifact) =
                unwinding(|| self.session.make_message(&mut OsRng, destination))
                    .map_err(|Panicked| self.panicked())?
                    .map_err(|error| local(&self.round, error))?;
            let bytes = postcard::to_allocvec(&message)
                .map_err(|error| local(&self.round, LocalError::new(error.to_string())))?;
            // One is enough for what is the same for all.
            if index == 0 {
                self.record(&me, &bytes);
            }
            if let Err(interruption) = mailbox.send(destination, &bytes, until) {
                return Ok(Err(interruption));
            }
            self.session
                .add_artifact(&mut self.accumulator, artifact)
                .map_err(|error| local(&self.round, error))?;
        }
        Ok(Ok(()))
    }

    /// Takes a message in, or says what is wrong with it.
    fn accept(
        &mut self,
        from: &PartyId,
        message: Result<Vec<u8>, &'static str>,
    ) -> Result<Accepted, Misconduct> {
        let bytes = message.map_err(Misconduct::unprovable)?;
        let message = decode(&bytes)
            .ok_or_else(|| Misconduct::unprovable("a message that does not decode"))?;
        self.record(from, &bytes);
        if *message.destination() != self.session.verifier() {
            return Err(Misconduct::unprovable("a message for somebody else"));
        }
        let preprocessed = unwinding(|| {
            self.session
                .preprocess_message(&mut self.accumulator, from, message)
        });
        match preprocessed {
            Ok(Ok(PreprocessOutcome::ToProcess(message))) => {
                self.process(*message).map(|()| Accepted::Now)
            }
            Ok(Ok(PreprocessOutcome::Cached)) => Ok(Accepted::ForLater),
            Ok(Ok(PreprocessOutcome::Error(error))) => {
                Err(Misconduct::unprovable(error.to_string()))
            }
            Ok(Err(error)) => Err(Misconduct::unprovable(error.to_string())),
            Err(Panicked) => Err(Misconduct::panic()),
        }
    }

    /// Works a message in. What it proves against its sender shows when the round ends.
    fn process(&mut self, message: VerifiedMessage<PartyId>) -> Result<(), Misconduct> {
        let added = unwinding(|| {
            let processed = self.session.process_message(message);
            self.session
                .add_processed_message(&mut self.accumulator, processed)
        });
        match added {
            Ok(Ok(())) => Ok(()),
            // The library calls it a local error, but it was this message that led to it: one
            // from a party that has nothing to say in this round, for example.
            Ok(Err(error)) => Err(Misconduct::unprovable(error.to_string())),
            Err(Panicked) => Err(Misconduct::panic()),
        }
    }

    fn finalize(self) -> Result<Finalized<P>, SessionError> {
        if may_lead_to_a_search(&self.round) {
            return self.finalize_without_search();
        }
        let (round, session, accumulator) = (self.round, self.session, self.accumulator);
        let outcome = unwinding(|| session.finalize_round(&mut OsRng, accumulator));
        finalized(round, outcome)
    }

    /// The library makes its message for the next round at once, and with randomness if that round is of
    /// the search, without if it is the usual one: so it is given none.
    fn finalize_without_search(self) -> Result<Finalized<P>, SessionError> {
        let (round, session, accumulator) = (self.round, self.session, self.accumulator);
        let others = session.message_destinations().clone();
        let mut nothing = NoRandomness::default();
        let outcome = unwinding(|| session.finalize_round(&mut nothing, accumulator));
        match nothing.wanted {
            true => Err(SessionError::WrongShares { round, others }),
            false => finalized(round, outcome),
        }
    }

    /// Ends the session because of what a party did, if it is known which.
    fn fail(self, party: Option<PartyId>, fault: Misconduct) -> SessionError {
        match party {
            Some(party) => self.end(Some((party, fault))),
            None => self.panicked(),
        }
    }

    /// Ends the session: with all that is known against parties, or else with those absent.
    fn end(self, fault: Option<(PartyId, Misconduct)>) -> SessionError {
        let (round, session, accumulator) = (self.round, self.session, self.accumulator);
        let me = session.verifier();
        let report = match unwinding(|| session.terminate(accumulator)) {
            Ok(Ok(report)) => report,
            Ok(Err(error)) => return local(&round, error),
            Err(Panicked) => return SessionError::Panicked { round },
        };
        let mut culprits = BTreeMap::new();
        for (sender, evidence) in report.provable_errors {
            let guilty = evidence.guilty_party().clone();
            let fault = match &guilty {
                guilty if *guilty == sender => Fault::Provable,
                // The sender passes on what this node has not said.
                guilty if *guilty == me => Fault::Unprovable,
                _ => Fault::Disputed,
            };
            let misconduct = || Misconduct::new(fault.clone(), evidence.description());
            if fault == Fault::Provable {
                culprits.insert(guilty, misconduct());
            } else {
                culprits.entry(sender).or_insert_with(misconduct);
                culprits.entry(guilty).or_insert_with(misconduct);
            }
        }
        for (party, error) in report.unprovable_errors {
            let unprovable = || Misconduct::unprovable(error.to_string());
            culprits.entry(party).or_insert_with(unprovable);
        }
        if let Some((party, fault)) = fault {
            culprits.entry(party).or_insert(fault);
        }
        culprits.remove(&me);
        if !culprits.is_empty() {
            return SessionError::Misbehaviour {
                round,
                culprits,
                transcript: core::mem::take(self.transcript),
            };
        }
        let mut missing = report.missing_messages;
        let absent = round
            .id
            .as_ref()
            .and_then(|id| missing.remove(id))
            .unwrap_or_default();
        SessionError::TimedOut { round, absent }
    }

    fn panicked(&self) -> SessionError {
        SessionError::Panicked {
            round: self.round.clone(),
        }
    }

    /// Ends the session before its time: with what parties have done against the protocol until
    /// then, because who cheats and then gives up, or makes this node give up, has cheated.
    fn interrupted(self, interruption: Interruption, is_up: bool) -> SessionError {
        let round = self.round.clone();
        match self.end(None) {
            error @ SessionError::Misbehaviour { .. } => error,
            SessionError::TimedOut { absent, .. }
                if is_up && interruption == Interruption::Cancelled =>
            {
                interruption.into_error(&round, absent)
            }
            _ => interruption.into_error(&round, BTreeSet::new()),
        }
    }
}

fn local(round: &Round, error: LocalError) -> SessionError {
    SessionError::Local {
        round: round.clone(),
        error,
    }
}

/// A message, if the bytes are one and nothing else.
fn decode(bytes: &[u8]) -> Option<Message<PartyId>> {
    match postcard::take_from_bytes(bytes) {
        Ok((message, [])) => Some(message),
        _ => None,
    }
}

struct Panicked;

/// Calls into the library, which can panic on hostile numbers. The node's panic hook would end the
/// process.
fn unwinding<T>(step: impl FnOnce() -> T) -> Result<T, Panicked> {
    let _guard = AbortGuard::force_unwind();
    // Unwind safety: whatever the step had hold of is only used to end the session.
    catch_unwind(AssertUnwindSafe(step)).map_err(|_| Panicked)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use super::*;
    use crate::protocol::{
        mailbox::{Run, Stage},
        test_network::{signers, TestNetwork},
        Fault,
    };
    use manul::protocol::{
        Artifact, BoxedFormat, BoxedRound, CommunicationInfo, DirectMessage, EchoBroadcast,
        FinalizeOutcome, MessageValidationError, NoProtocolErrors, NormalBroadcast, Payload,
        ProtocolMessage, ProtocolMessagePart, ReceiveError, RemoteError, Round as ManulRound,
        TransitionInfo,
    };
    use manul::{digest::Digest, signature::RandomizedDigestSigner};
    use rand_core::CryptoRngCore;
    use serde::{Deserialize, Serialize};
    use signing_evidence::session::Blake2b256;

    /// What a party does to those who receive its message.
    #[derive(Clone, Copy, Debug, Deserialize, Serialize)]
    enum Effect {
        Nothing,
        Panic,
        Refusal,
        LibraryError,
        PanicAtTheEnd,
    }

    /// One round in which everybody sends everybody an effect, and if `echoed` something that is
    /// passed on.
    #[derive(Debug)]
    struct Effects {
        own: Effect,
        others: BTreeSet<PartyId>,
        echoed: bool,
    }

    impl EntryPoint<PartyId> for Effects {
        type Protocol = Self;

        fn entry_round_id() -> RoundId {
            1.into()
        }

        fn make_round(
            self,
            _rng: &mut dyn CryptoRngCore,
            _shared_randomness: &[u8],
            _id: &PartyId,
        ) -> Result<BoxedRound<PartyId, Self>, LocalError> {
            Ok(BoxedRound::new_dynamic(self))
        }
    }

    impl Protocol<PartyId> for Effects {
        type Result = ();
        type ProtocolError = NoProtocolErrors;

        fn verify_direct_message_is_invalid(
            _: &BoxedFormat,
            _: &RoundId,
            message: &DirectMessage,
        ) -> Result<(), MessageValidationError> {
            message.verify_is_some()
        }

        fn verify_echo_broadcast_is_invalid(
            _: &BoxedFormat,
            _: &RoundId,
            message: &EchoBroadcast,
        ) -> Result<(), MessageValidationError> {
            message.verify_is_some()
        }

        fn verify_normal_broadcast_is_invalid(
            format: &BoxedFormat,
            _: &RoundId,
            message: &NormalBroadcast,
        ) -> Result<(), MessageValidationError> {
            message.verify_is_not::<Effect>(format)
        }
    }

    impl ManulRound<PartyId> for Effects {
        type Protocol = Self;

        fn transition_info(&self) -> TransitionInfo {
            TransitionInfo::new_linear_terminating(1)
        }

        fn communication_info(&self) -> CommunicationInfo<PartyId> {
            CommunicationInfo::regular(&self.others)
        }

        fn make_normal_broadcast(
            &self,
            _rng: &mut dyn CryptoRngCore,
            format: &BoxedFormat,
        ) -> Result<NormalBroadcast, LocalError> {
            NormalBroadcast::new(format, self.own)
        }

        fn make_echo_broadcast(
            &self,
            _rng: &mut dyn CryptoRngCore,
            format: &BoxedFormat,
        ) -> Result<EchoBroadcast, LocalError> {
            match self.echoed {
                true => EchoBroadcast::new(format, 7u8),
                false => Ok(EchoBroadcast::none()),
            }
        }

        fn receive_message(
            &self,
            format: &BoxedFormat,
            _from: &PartyId,
            message: ProtocolMessage,
        ) -> Result<Payload, ReceiveError<PartyId, Self>> {
            let effect = message.normal_broadcast.deserialize::<Effect>(format)?;
            match effect {
                Effect::Nothing | Effect::PanicAtTheEnd => Ok(Payload::new(effect)),
                Effect::Panic => panic!("a hostile number"),
                Effect::Refusal => Err(RemoteError::new("no").into()),
                Effect::LibraryError => Err(LocalError::new("no").into()),
            }
        }

        fn finalize(
            self: Box<Self>,
            _rng: &mut dyn CryptoRngCore,
            payloads: BTreeMap<PartyId, Payload>,
            _artifacts: BTreeMap<PartyId, Artifact>,
        ) -> Result<FinalizeOutcome<PartyId, Self>, LocalError> {
            for payload in payloads.into_values() {
                if let Effect::PanicAtTheEnd = payload.downcast::<Effect>()? {
                    panic!("numbers that do not fit together");
                }
            }
            Ok(FinalizeOutcome::Result(()))
        }
    }

    fn side(network: &TestNetwork, run: Run, own: Effect) -> Result<(), SessionError> {
        play(network, run, own, false)
    }

    fn play(
        network: &TestNetwork,
        run: Run,
        own: Effect,
        echoed: bool,
    ) -> Result<(), SessionError> {
        let mut others: BTreeSet<_> = (0..network.signers.len())
            .map(|i| network.party(i))
            .collect();
        others.remove(run.signer.party());
        let (mut mailbox, signer, id) = Mailbox::open(run, others.clone(), Stage::Signing);
        let effects = Effects {
            own,
            others,
            echoed,
        };
        run_session(effects, &signer, &id, &mut mailbox)
    }

    /// What parties 0 and 2 make of what party 1 does.
    fn with_effect(effect: Effect) -> (TestNetwork, [Result<(), SessionError>; 2]) {
        let network = TestNetwork::new(signers(3)).impatient(Duration::from_secs(10));
        let mut results = network.run(|index, run| {
            let own = [Effect::Nothing, effect, Effect::Nothing][index];
            side(&network, run, own)
        });
        let last = results.pop().unwrap();
        (network, [results.swap_remove(0), last])
    }

    #[test]
    fn all_well() {
        let (_, results) = with_effect(Effect::Nothing);
        assert!(results.iter().all(Result::is_ok));
    }

    #[test]
    fn a_fault_is_its_senders() {
        for (effect, expected) in [
            (Effect::Panic, Fault::Panic),
            (Effect::Refusal, Fault::Unprovable),
            (Effect::LibraryError, Fault::Unprovable),
        ] {
            let (network, results) = with_effect(effect);
            for result in results {
                let error = result.unwrap_err();
                assert_eq!(error.blamed(), [network.party(1)].into(), "{error}");
                let SessionError::Misbehaviour { culprits, .. } = error else {
                    panic!("{error}");
                };
                assert_eq!(culprits[&network.party(1)].fault, expected);
            }
        }
    }

    /// What party 0 makes of a bad message of party 1 that is there when `end` ends its run.
    fn after_a_bad_message(end: impl Fn(&mut Run) + Sync) -> (TestNetwork, SessionError) {
        let network = TestNetwork::new(signers(2)).impatient(Duration::from_secs(10));
        let mut results = network.run(|index, mut run| {
            if index == 1 {
                return side(&network, run, Effect::Refusal);
            }
            while run.link.incoming.is_empty() {
                std::thread::yield_now();
            }
            end(&mut run);
            side(&network, run, Effect::Nothing)
        });
        let error = results.swap_remove(0).unwrap_err();
        (network, error)
    }

    #[test]
    fn who_sends_a_bad_message_and_gives_up_is_named() {
        let (network, error) = after_a_bad_message(|run| run.cancel.cancel());
        assert_eq!(error.blamed(), [network.party(1)].into(), "{error}");
    }

    #[test]
    fn who_sends_a_bad_message_and_hangs_up_is_named() {
        let (network, error) = after_a_bad_message(|run| {
            run.link.outgoing = tokio::sync::mpsc::channel(1).0;
            run.link.incoming.close();
        });
        assert_eq!(error.blamed(), [network.party(1)].into(), "{error}");
    }

    /// A part of a message, as manul writes it.
    #[derive(Deserialize, Serialize)]
    struct Part {
        signature: Vec<u8>,
        session_id: Vec<u8>,
        round: (Vec<u8>, bool),
        payload: Option<Vec<u8>>,
    }

    /// The echo broadcast of a message, changed and signed anew.
    fn with_another_echo(signer: &NodeSigner, message: &[u8]) -> Vec<u8> {
        let mut message: (PartyId, Part, Part, Part) = postcard::from_bytes(message).unwrap();
        let echo = &mut message.2;
        let payload = [8u8];
        let hash = Blake2b256::new_with_prefix(b"ProtocolMessagePart")
            .chain_update([0, 1])
            .chain_update(1u64.to_be_bytes())
            .chain_update(payload)
            .finalize();
        let digest = Blake2b256::new_with_prefix(b"SignedMessagePartDigest")
            .chain_update(postcard::to_allocvec(&(&echo.session_id, &echo.round)).unwrap())
            .chain_update(32u64.to_be_bytes())
            .chain_update(hash);
        let signature = signer.try_sign_digest_with_rng(&mut OsRng, digest).unwrap();
        echo.payload = Some(payload.to_vec());
        echo.signature = postcard::to_allocvec(&signature).unwrap();
        postcard::to_allocvec(&message).unwrap()
    }

    /// Party 0 and party 2 hear different things from party 1, each by its signature. Either could
    /// have been told a lie by the other, for all it can tell.
    #[test]
    fn one_partys_word_against_anothers_blames_nobody() {
        let signers = signers(3);
        let (liar, first) = (signers[1].clone(), std::sync::atomic::AtomicBool::new(true));
        let network = TestNetwork::new(signers)
            .impatient(Duration::from_secs(10))
            .tampered(move |from, to, message| {
                let tell_another =
                    (from, to) == (1, 2) && first.swap(false, std::sync::atomic::Ordering::Relaxed);
                match tell_another {
                    // After the stage.
                    true => {
                        let (stage, message) = message.split_at(1);
                        vec![[stage, &with_another_echo(&liar, message)].concat()]
                    }
                    false => vec![message],
                }
            });
        let results = network.run(|_, run| play(&network, run, Effect::Nothing, true));
        for honest in [0, 2] {
            let error = results[honest].as_ref().unwrap_err();
            let SessionError::Misbehaviour { culprits, .. } = error else {
                panic!("{error}");
            };
            let faults: Vec<_> = culprits.values().map(|c| c.fault.clone()).collect();
            assert_eq!(faults, [Fault::Disputed, Fault::Disputed]);
            assert!(error.blamed().is_empty());
        }
    }

    #[test]
    fn a_panic_that_comes_of_all_messages_names_nobody() {
        let (_, results) = with_effect(Effect::PanicAtTheEnd);
        for result in results {
            let error = result.unwrap_err();
            assert!(matches!(error, SessionError::Panicked { .. }), "{error}");
            assert!(error.blamed().is_empty());
        }
    }

    /// The node's panic hook ends the process, except where it has been told not to. In a process
    /// of its own, because the hook is the whole process's.
    #[test]
    fn a_panic_does_not_end_the_node() {
        const NAME: &str = "protocol::driver::tests::a_panic_does_not_end_the_node";
        const CHILD: &str = "OFFCHAIN_SIGNER_TEST_WITH_PANIC_HOOK";
        if std::env::var_os(CHILD).is_some() {
            sp_panic_handler::set("-", "-");
            for effect in [Effect::Panic, Effect::PanicAtTheEnd] {
                let (_, results) = with_effect(effect);
                assert!(results.iter().all(Result::is_err));
            }
            println!("survived");
            return;
        }
        let child = std::process::Command::new(std::env::current_exe().unwrap())
            .args([NAME, "--exact", "--nocapture"])
            .env(CHILD, "1")
            .output()
            .unwrap();
        assert!(child.status.success());
        assert!(String::from_utf8_lossy(&child.stdout).contains("survived"));
    }
}
