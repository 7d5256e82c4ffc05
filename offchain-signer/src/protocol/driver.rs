//! Runs one protocol session over a mailbox.

use super::{
    error::{Misconduct, Round, SessionError},
    mailbox::{Interruption, Mailbox},
    parameters::NetworkSession,
    NodeSigner, PartyId,
};
use manul::{
    protocol::{EntryPoint, Protocol},
    session::{
        CanFinalize, Evidence, LocalError, Message, PreprocessOutcome, RoundAccumulator,
        RoundOutcome, Session, SessionId as ManulSessionId, VerifiedMessage,
    },
};
use rand_core::OsRng;
use signing_primitives::SessionId;
use sp_crypto_hashing::blake2_256;
use sp_panic_handler::AbortGuard;
use std::{
    collections::{BTreeMap, BTreeSet},
    panic::{catch_unwind, AssertUnwindSafe},
};
use tokio::time::Instant;

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
    Evidence<EP::Protocol, NetworkSession>: Send + Sync + 'static,
{
    signer.check_key()?;
    let session_id = ManulSessionId::from_seed::<NetworkSession>(session_id.as_ref());
    let start = Round {
        stage: mailbox.stage(),
        id: None,
    };
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
    // Messages that came a round early, and who sent such.
    let (mut early, mut early_senders) = (Vec::new(), BTreeSet::new());
    // A repeated message is dropped: a transport that reconnects may repeat, and manul takes it for
    // an offence. A few entries a round: any message that is not acceptable ends the session.
    let mut seen = BTreeSet::new();

    loop {
        let mut round = OpenRound::new(session, mailbox);
        let until = mailbox.round_deadline();
        round.send_all(mailbox, until)?;
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
                CanFinalize::Yes => break,
                CanFinalize::NotYet => {}
                CanFinalize::Never => return Err(round.end(None)),
            }
            let delivery = match mailbox.receive(until) {
                Ok(delivery) => delivery,
                Err(Interruption::TimedOut) => return Err(round.end(None)),
                Err(interruption) => return Err(round.interrupted(interruption)),
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
        match round.finalize()? {
            Finalized::Result(result) => return Ok(result),
            Finalized::Next(next, messages) => {
                session = *next;
                early = messages;
            }
        }
    }
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

/// A round in progress.
struct OpenRound<P: Protocol<PartyId>> {
    round: Round,
    accumulator: RoundAccumulator<P, NetworkSession>,
    session: Session<P, NetworkSession>,
}

impl<P> OpenRound<P>
where
    P: Protocol<PartyId>,
    Evidence<P, NetworkSession>: Send + Sync + 'static,
{
    fn new(session: Session<P, NetworkSession>, mailbox: &Mailbox) -> Self {
        let round = Round {
            stage: mailbox.stage(),
            id: Some(session.round_id()),
        };
        tracing::debug!(%round, "entered");
        Self {
            round,
            accumulator: session.make_accumulator(),
            session,
        }
    }

    fn send_all(&mut self, mailbox: &mut Mailbox, until: Instant) -> Result<(), SessionError> {
        for destination in self.session.message_destinations() {
            let (message, artifact) =
                unwinding(|| self.session.make_message(&mut OsRng, destination))
                    .map_err(|Panicked| self.panicked())?
                    .map_err(|error| local(&self.round, error))?;
            let bytes = postcard::to_allocvec(&message)
                .map_err(|error| local(&self.round, LocalError::new(error.to_string())))?;
            mailbox
                .send(destination, &bytes, until)
                .map_err(|interruption| self.interrupted(interruption))?;
            self.session
                .add_artifact(&mut self.accumulator, artifact)
                .map_err(|error| local(&self.round, error))?;
        }
        Ok(())
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
        let (round, session, accumulator) = (self.round, self.session, self.accumulator);
        let outcome = unwinding(|| session.finalize_round(&mut OsRng, accumulator))
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
        // Keyed by the library by who sent the last message; that is not always who is guilty.
        for evidence in report.provable_errors.into_values() {
            let guilty = evidence.guilty_party().clone();
            culprits.insert(guilty, Misconduct::provable(evidence));
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
            return SessionError::Misbehaviour { round, culprits };
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

    fn interrupted(&self, interruption: Interruption) -> SessionError {
        interruption.into_error(&self.round, BTreeSet::new())
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
