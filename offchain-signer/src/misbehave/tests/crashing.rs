//! The process ends at every point at which it can be made to, one after the other: with a real key
//! store in a real file, and a real end of a real process.

use super::*;
use crate::{
    chain::{
        fake::{FakeChain, FakeState},
        SessionKeyCall, WatchChain,
    },
    key_store::{KeyStore, Password, PasswordCost},
    protocol::{
        test_network::{committee, prepared},
        KeyMaterial, PreparedAuxInfo,
    },
};
use signing_primitives::{
    AuxInfoConfirmation, KeygenConfirmation, ReshareConfirmation, SignerId, KEY_TYPE,
};
use sp_core::{sr25519, H256};
use sp_keystore::{testing::MemoryKeystore, Keystore};
use std::{
    fs,
    os::unix::process::ExitStatusExt,
    path::Path,
    process::{Command, Output},
};

const GENESIS: H256 = H256([1; 32]);
/// The attempts that made generation 1, that came to nothing, and that makes generation 2.
const FIRST: u32 = 5;
const FAILED: u32 = 6;
const SECOND: u32 = 7;
/// The attempts that made the auxiliary information in use, and that makes the next.
const OLD_AUX: u32 = 3;
const NEW_AUX: u32 = 9;

const NAME: &str = "misbehave::tests::crashing::what_crashes";
const FOLDER: &str = "OFFCHAIN_SIGNER_TEST_CRASHES_IN";
const POINT: &str = "OFFCHAIN_SIGNER_TEST_CRASHES_AT";

fn open(folder: &Path) -> KeyStore {
    let password = Password::new("correct horse".into());
    let path = folder.join("keys.redb");
    KeyStore::open_at_cost(path, &password, GENESIS, PasswordCost::NEXT_TO_NOTHING).unwrap()
}

fn second(folder: &Path) -> KeyMaterial {
    KeyMaterial::from_bytes(&fs::read(folder.join("second")).unwrap()).unwrap()
}

fn new_aux(folder: &Path) -> PreparedAuxInfo {
    PreparedAuxInfo::from_bytes(&fs::read(folder.join("aux")).unwrap()).unwrap()
}

/// Generation 1 is in force, an attempt at the next has failed, and another has been made.
fn prepare(folder: &Path) {
    let material = &committee().1[0];
    let aux = &prepared().1[0];
    let store = open(folder);
    store.put_pending(&material.of_attempt(FIRST)).unwrap();
    store.promote(FIRST, 1).unwrap();
    store.put_pending(&material.of_attempt(FAILED)).unwrap();
    store.put_aux_info(&aux.of_attempt(OLD_AUX)).unwrap();
    let second = material.of_attempt(SECOND).to_bytes().unwrap();
    fs::write(folder.join("second"), &second).unwrap();
    let aux = aux.of_attempt(NEW_AUX).to_bytes().unwrap();
    fs::write(folder.join("aux"), &aux).unwrap();
}

/// What a member does from the end of a resharing until the generation before is erased: each step
/// that is not done yet, as a node that has been restarted does.
fn live(folder: &Path, conduct: &Conduct) -> Vec<SessionKeyCall> {
    let store = open(folder).with_conduct(conduct.clone());
    let keystore = MemoryKeystore::new();
    let key = keystore.sr25519_generate_new(KEY_TYPE, None).unwrap();
    let chain = Arc::new(FakeChain::new(FakeState::default()));
    let conducted = ConductedChain::new(chain.clone(), conduct.clone(), Arc::new(keystore));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let submit = |call| runtime.block_on(conducted.submit(call)).unwrap();

    if store.active(2).is_none() {
        if store.pending(SECOND).unwrap().is_none() {
            store.put_pending(&second(folder)).unwrap();
        }
        let pending = store.pending(SECOND).unwrap().unwrap();
        for call in confirmations(&pending, &key.into()) {
            submit(call);
        }
    }
    if store.aux_info(NEW_AUX).unwrap().is_none() {
        store.put_aux_info(&new_aux(folder)).unwrap();
    }
    submit(aux_confirmation(&key.into()));
    if store.active(2).is_none() {
        store.promote(SECOND, 2).unwrap();
    }
    store.discard_pending_up_to(SECOND - 1).unwrap();
    store.erase_below(2).unwrap();
    store.erase_aux_info_below(NEW_AUX).unwrap();
    chain.submitted()
}

fn unsigned() -> signing_primitives::SignerSignature {
    sr25519::Signature::from_raw([0; 64]).into()
}

/// Those of a key generation as well: what they confirm is kept in the same way.
fn confirmations(material: &KeyMaterial, key: &SignerId) -> [SessionKeyCall; 2] {
    let keygen = KeygenConfirmation {
        signing_key: key.clone(),
        attempt: SECOND,
        verifying_key: material.verifying_key(),
        commitment: material.commitment(),
    };
    let reshare = ReshareConfirmation {
        signing_key: key.clone(),
        attempt: SECOND,
        commitment: material.commitment(),
    };
    [
        SessionKeyCall::ConfirmKeygen(keygen, unsigned()),
        SessionKeyCall::ConfirmReshare(reshare, unsigned()),
    ]
}

fn aux_confirmation(key: &SignerId) -> SessionKeyCall {
    let confirmation = AuxInfoConfirmation {
        signing_key: key.clone(),
        attempt: NEW_AUX,
        commitment: H256([4; 32]),
    };
    SessionKeyCall::ConfirmAuxInfo(confirmation, unsigned())
}

/// The process that crashes: this test, started by the next one. By itself it does nothing.
#[test]
fn what_crashes() {
    let (Some(folder), Ok(point)) = (std::env::var_os(FOLDER), std::env::var(POINT)) else {
        return;
    };
    let folder = PathBuf::from(folder);
    let ways = vec![format!("crash-at={point}").parse().unwrap()];
    live(
        &folder,
        &Conduct::new(ways, None, Some(folder.join("marks"))),
    );
    println!("lived on");
}

fn child(folder: &Path, point: &str) -> Output {
    Command::new(std::env::current_exe().unwrap())
        .args([NAME, "--exact", "--nocapture"])
        .env(FOLDER, folder)
        .env(POINT, point)
        .output()
        .unwrap()
}

/// What is on disk, in a form that can be compared: attempts pending, generations active, and
/// attempts at auxiliary information.
fn contents(store: &KeyStore) -> (Vec<u32>, Vec<u32>, Vec<u32>) {
    let list = store.list().unwrap();
    let pending = list.iter().filter(|share| share.generation.is_none());
    let aux = [OLD_AUX, NEW_AUX].into_iter();
    (
        pending.map(|share| share.attempt).collect(),
        list.iter().filter_map(|share| share.generation).collect(),
        aux.filter(|attempt| store.aux_info(*attempt).unwrap().is_some())
            .collect(),
    )
}

/// What must be on disk after a crash: exactly what the steps before it have done.
fn expected(point: CrashPoint) -> (Vec<u32>, Vec<u32>, Vec<u32>) {
    let order = [
        Step::StoreShare,
        Step::ConfirmKeygen,
        Step::ConfirmReshare,
        Step::StoreAuxInfo,
        Step::ConfirmAuxInfo,
        Step::PromoteShare,
        Step::DiscardShares,
        Step::EraseShares,
        Step::EraseAuxInfo,
    ];
    let at = |step: Step| order.iter().position(|each| *each == step).unwrap();
    let crashed = |step| point == CrashPoint::before(step) || point == CrashPoint::after(step);
    let here = *order.iter().find(|step| crashed(**step)).unwrap();
    let done =
        |step: Step| at(step) < at(here) || (step == here && point == CrashPoint::after(here));
    let (mut pending, mut active, mut aux) = (Vec::new(), Vec::new(), Vec::new());
    if !done(Step::DiscardShares) {
        pending.push(FAILED);
    }
    if done(Step::StoreShare) && !done(Step::PromoteShare) {
        pending.push(SECOND);
    }
    if !done(Step::EraseShares) {
        active.push(1);
    }
    if done(Step::PromoteShare) {
        active.push(2);
    }
    if !done(Step::EraseAuxInfo) {
        aux.push(OLD_AUX);
    }
    if done(Step::StoreAuxInfo) {
        aux.push(NEW_AUX);
    }
    (pending, active, aux)
}

fn same(a: &KeyMaterial, b: &KeyMaterial) -> bool {
    a.to_bytes().unwrap() == b.to_bytes().unwrap()
}

#[test]
fn nothing_is_lost_at_any_point_and_the_next_step_succeeds() {
    let prepared = tempfile::tempdir().unwrap();
    prepare(prepared.path());
    let first = committee().1[0].of_attempt(FIRST);
    let mut points = 0;
    for point in CrashPoint::all() {
        points += 1;
        let folder = tempfile::tempdir().unwrap();
        for file in ["keys.redb", "second", "aux"] {
            fs::copy(prepared.path().join(file), folder.path().join(file)).unwrap();
        }
        let folder = folder.path();
        let x25519 = open(folder).x25519_public();
        let second = second(folder);

        let crashed = child(folder, &point.to_string());
        assert_eq!(crashed.status.signal(), Some(6), "{point}: {crashed:?}");
        let said = String::from_utf8_lossy(&crashed.stderr);
        assert!(said.contains(&format!("crashes at-{point}")), "{said}");

        let store = open(folder);
        assert_eq!(store.x25519_public(), x25519, "{point}");
        assert_eq!(contents(&store), expected(point), "{point}");
        // Whichever generation the chain says is in force, before and after the activation: its share
        // is there, and it is the right one.
        match store.active(2) {
            Some(active) => assert!(same(&active, &second), "{point}"),
            None => assert!(same(&store.active(1).unwrap(), &first), "{point}"),
        }
        if let Some(pending) = store.pending(SECOND).unwrap() {
            assert!(same(&pending, &second), "{point}");
        }
        drop(store);

        // The next start goes on where this one ended, to the end: it does not crash again.
        let resumed = child(folder, &point.to_string());
        assert!(resumed.status.success(), "{point}: {resumed:?}");
        assert!(String::from_utf8_lossy(&resumed.stdout).contains("lived on"));
        let store = open(folder);
        assert_eq!(
            contents(&store),
            (vec![], vec![2], vec![NEW_AUX]),
            "{point}"
        );
        assert!(same(&store.active(2).unwrap(), &second), "{point}");
        let aux = store.aux_info(NEW_AUX).unwrap().unwrap();
        let made = fs::read(folder.join("aux")).unwrap();
        assert_eq!(aux.to_bytes().unwrap().as_slice(), made, "{point}");
        assert_eq!(store.x25519_public(), x25519, "{point}");
    }
    assert_eq!(points, 18);
}

/// What was not confirmed before a crash is confirmed after it, with what is on disk.
#[test]
fn what_was_stored_but_not_confirmed_is_confirmed_after_the_crash() {
    let folder = tempfile::tempdir().unwrap();
    prepare(folder.path());
    let crashed = child(folder.path(), "before-confirming-reshare");
    assert_eq!(crashed.status.signal(), Some(6));
    let calls = live(folder.path(), &Conduct::default());
    let SessionKeyCall::ConfirmReshare(confirmation, _) = &calls[1] else {
        panic!("{calls:?}");
    };
    assert_eq!(confirmation.commitment, second(folder.path()).commitment());
}
