//! Why a test has failed, to be told once more below what its nodes have logged.

use std::{
    panic,
    sync::{Mutex, Once, PoisonError},
};

static LAST: Mutex<String> = Mutex::new(String::new());
static HOOK: Once = Once::new();

/// Keeps what the next panics say, besides what is done with it anyway.
pub(crate) fn keep() {
    HOOK.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            *LAST.lock().unwrap_or_else(PoisonError::into_inner) = panic.to_string();
            usual(panic);
        }));
    });
}

/// What the last panic has said, and where it was; empty if there was none.
pub(crate) fn last() -> String {
    LAST.lock().unwrap_or_else(PoisonError::into_inner).clone()
}
