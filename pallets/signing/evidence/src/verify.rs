//! The check of a report, natively.

use crate::{
    case::evidence,
    layout::{decode, manul_session_id, EvidenceLayout},
    session::NetworkSession,
    Params, PartyId, Rejection, SigningEvidence, Verdict, MAX_REPORT_BYTES,
};
use codec::{DecodeAll, Encode};
use manul::{
    protocol::{
        BoxedFormat, DirectMessage, EchoBroadcast, MessageValidationError, NormalBroadcast,
        Protocol, RoundId,
    },
    session::Evidence,
};
use serde::{Deserialize, Serialize};
use sp_crypto_hashing::blake2_256;
use sp_panic_handler::AbortGuard;
use std::panic::{catch_unwind, AssertUnwindSafe};
use synedrion::{InteractiveSigningAssociatedData, InteractiveSigningProtocol};

/// On other machines proof identifiers differ, and with them what is a valid proof.
#[cfg(not(target_pointer_width = "64"))]
compile_error!("evidence can be checked on 64-bit machines only");

pub(crate) type Checked<T = ()> = Result<T, Rejection>;

/// Whether these bytes are a report that proves what it says. Takes any bytes, and never panics.
pub(crate) fn verify_bytes(report: &[u8]) -> Verdict {
    // The node's panic hook would end the process.
    let _guard = AbortGuard::force_unwind();
    match catch_unwind(AssertUnwindSafe(|| check(report))) {
        Ok(Ok(())) => Verdict::Proven,
        Ok(Err(reason)) => Verdict::Rejected(reason),
        Err(_) => Verdict::Rejected(Rejection::Panicked),
    }
}

impl SigningEvidence {
    /// Whether it proves what it says: what the host function answers for it.
    pub fn verify(&self) -> Verdict {
        verify_bytes(&self.encode())
    }
}

fn check(report: &[u8]) -> Checked {
    if report.len() > MAX_REPORT_BYTES as usize {
        return Err(Rejection::TooLong);
    }
    let report = SigningEvidence::decode_all(&mut &report[..]).map_err(|_| Rejection::Malformed)?;
    check_report(&report)
}

pub(crate) fn check_report(report: &SigningEvidence) -> Checked {
    let session_id = report.session_id().map_err(|_| Rejection::NoSession)?;
    let subject = &report.subject;
    if blake2_256(&report.public_shares) != subject.public_shares_hash.0
        || blake2_256(&report.public_aux_info) != subject.auxiliary_info_hash.0
    {
        return Err(Rejection::WrongData);
    }
    if !subject.participants.contains(&report.accused) {
        return Err(Rejection::NotAParticipant);
    }
    let Some(evidence) = evidence(report, manul_session_id(&session_id))? else {
        return Ok(());
    };
    let evidence = EvidenceLayout {
        guilty: report.accused.clone().into(),
        description: "",
        evidence,
    };
    let evidence = postcard::to_allocvec(&evidence).map_err(|_| Rejection::Malformed)?;
    judge(report, &evidence)
}

/// Has the library check evidence in its own form: the cryptography, and the signatures again.
pub(crate) fn judge(report: &SigningEvidence, evidence: &[u8]) -> Checked {
    let evidence: Evidence<SigningProtocol, NetworkSession> =
        decode(evidence).ok_or(Rejection::Malformed)?;
    let data = InteractiveSigningAssociatedData::<Params, PartyId>::new(
        report.subject.digest.into(),
        decode(&report.public_shares).ok_or(Rejection::WrongData)?,
        decode(&report.public_aux_info).ok_or(Rejection::WrongData)?,
    )
    .map_err(|_| Rejection::WrongData)?;
    evidence.verify(&data).map_err(|_| Rejection::NotProven)
}

/// The library's signing protocol, as far as evidence needs it: evidence can only be read if its
/// protocol's type can, and the library's own cannot.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
enum SigningProtocol {}

type Signing = InteractiveSigningProtocol<Params, PartyId>;

impl Protocol<PartyId> for SigningProtocol {
    type Result = ();
    type ProtocolError = <Signing as Protocol<PartyId>>::ProtocolError;

    fn verify_direct_message_is_invalid(
        format: &BoxedFormat,
        round_id: &RoundId,
        message: &DirectMessage,
    ) -> Result<(), MessageValidationError> {
        Signing::verify_direct_message_is_invalid(format, round_id, message)
    }

    fn verify_echo_broadcast_is_invalid(
        format: &BoxedFormat,
        round_id: &RoundId,
        message: &EchoBroadcast,
    ) -> Result<(), MessageValidationError> {
        Signing::verify_echo_broadcast_is_invalid(format, round_id, message)
    }

    fn verify_normal_broadcast_is_invalid(
        format: &BoxedFormat,
        round_id: &RoundId,
        message: &NormalBroadcast,
    ) -> Result<(), MessageValidationError> {
        Signing::verify_normal_broadcast_is_invalid(format, round_id, message)
    }
}
