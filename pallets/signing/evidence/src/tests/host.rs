//! The host function.

use super::world::honest;
use crate::{
    cheater::proofs::proofs, signing_evidence_verifier, Rejection, SigningEvidence, Verdict,
    MAX_REPORT_BYTES,
};
use codec::Encode;
use sp_runtime_interface::sp_wasm_interface::HostFunctions as _;

/// What the runtime imports.
#[test]
fn has_its_name_and_version() {
    let functions = signing_evidence_verifier::HostFunctions::host_functions();
    let names: Vec<_> = functions.iter().map(|function| function.name()).collect();
    assert_eq!(names, ["ext_signing_evidence_verifier_verify_version_1"]);
}

/// With and without externalities.
#[test]
fn agrees_with_the_direct_function() {
    let played = honest(2);
    for proof in proofs(played, 0) {
        let report = played.report(0, proof);
        let expected = report.verify();
        assert_eq!(
            signing_evidence_verifier::verify(&report.encode()),
            expected
        );
        let verdict = sp_io::TestExternalities::default()
            .execute_with(|| signing_evidence_verifier::verify(&report.encode()));
        assert_eq!(verdict, expected);
    }
}

#[test]
fn takes_any_bytes() {
    let played = honest(2);
    let report = played.report(0, proofs(played, 0).swap_remove(0)).encode();
    let rejected = |bytes: &[u8], reason| {
        let verdict = signing_evidence_verifier::verify(bytes);
        assert_eq!(verdict, Verdict::Rejected(reason));
    };
    rejected(&[], Rejection::Malformed);
    rejected(&[0xff; 1000], Rejection::Malformed);
    rejected(&vec![0; MAX_REPORT_BYTES as usize], Rejection::Malformed);
    rejected(&vec![0; MAX_REPORT_BYTES as usize + 1], Rejection::TooLong);
    rejected(&[&report[..], &[0]].concat(), Rejection::Malformed);
    rejected(&report[..report.len() - 1], Rejection::Malformed);
    rejected(&report[1..], Rejection::Malformed);
}

/// Kinds of proof that do not exist.
#[test]
fn knows_no_other_kinds() {
    let played = honest(2);
    let proof = proofs(played, 0).swap_remove(3);
    let report = played.report(0, proof.clone());
    let at = report.encode().len() - proof.encode().len();
    for kind in 0..=255 {
        let mut bytes = report.encode();
        assert_eq!(bytes[at], 5);
        bytes[at] = kind;
        let verdict = signing_evidence_verifier::verify(&bytes);
        match kind {
            5 => assert_eq!(verdict, Verdict::Rejected(Rejection::NotProven)),
            0..=6 => assert!(matches!(verdict, Verdict::Rejected(_))),
            _ => assert_eq!(verdict, Verdict::Rejected(Rejection::Malformed)),
        }
    }
}

/// A report that makes the library panic.
pub(super) fn panicking() -> SigningEvidence {
    let played = honest(2);
    let proof = proofs(played, 0).swap_remove(5);
    super::mutations::moved_to_other_data(played, proof, |aux| {
        // All numbers even: no modulus is.
        for byte in aux.iter_mut() {
            *byte &= 0xfe;
        }
    })
}

/// The node's panic hook ends the process, except where it has been told not to. In a process of
/// its own, because the hook is the whole process's.
#[test]
fn a_panic_does_not_end_the_node() {
    const NAME: &str = "tests::host::a_panic_does_not_end_the_node";
    const CHILD: &str = "SIGNING_EVIDENCE_TEST_WITH_PANIC_HOOK";
    if std::env::var_os(CHILD).is_some() {
        sp_panic_handler::set("-", "-");
        let verdict = signing_evidence_verifier::verify(&panicking().encode());
        assert_eq!(verdict, Verdict::Rejected(Rejection::Panicked));
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

/// Threads that run the runtime have two megabytes or more; what overflows one ends the process.
#[test]
fn needs_little_stack() {
    let played = honest(2);
    for proof in proofs(played, 0) {
        let report = played.report(0, proof).encode();
        let verdict = std::thread::Builder::new()
            .stack_size(512 * 1024)
            .spawn(move || signing_evidence_verifier::verify(&report))
            .unwrap()
            .join()
            .unwrap();
        assert_eq!(verdict, Verdict::Rejected(Rejection::NotProven));
    }
}
