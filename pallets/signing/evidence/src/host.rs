//! The host function: how the runtime has evidence checked by the node.

use crate::Verdict;
use sp_runtime_interface::{
    pass_by::{PassFatPointerAndRead, ReturnAs},
    runtime_interface,
};

/// Checks evidence outside of the runtime.
///
/// Version 1 is bound to the versions of the protocol library that this crate is built with, to
/// [`SigningEvidence`](crate::SigningEvidence) as it is, and to the numbers of [`Verdict`]. A
/// change to what any report is judged to be is a new version; all versions stay, because old
/// blocks must come out the same for ever.
#[runtime_interface]
pub trait SigningEvidenceVerifier {
    /// Whether a SCALE-encoded [`SigningEvidence`](crate::SigningEvidence) proves what it says.
    /// Takes any bytes.
    fn verify(report: PassFatPointerAndRead<&[u8]>) -> ReturnAs<Verdict, u32> {
        crate::verify::verify_bytes(report)
    }
}
