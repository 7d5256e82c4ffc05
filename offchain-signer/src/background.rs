//! Computation that nobody waits for, out of the way of what somebody does.
//!
//! Making auxiliary information takes a core for half a minute. On Linux a thread has a niceness of
//! its own: one with [`NICER`] more gets a tenth of the time of each other that wants the same core,
//! and all of a core that nobody wants. Elsewhere it is a thread like others.
//!
//! The thread is a fresh one: a thread cannot become less nice again, and those of the runtime's pool
//! come to do other things.

use std::{
    panic::resume_unwind,
    sync::{Mutex, PoisonError},
    thread,
};

/// How much nicer the thread is than the rest of the process.
#[cfg(target_os = "linux")]
const NICER: i32 = 10;

/// Does `work` on a thread that gives way to others, and waits for it: for threads on which blocking
/// is fine. If there is no thread to be had, on this one.
pub fn in_background<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    let work = Mutex::new(Some(work));
    let take = || work.lock().unwrap_or_else(PoisonError::into_inner).take();
    let done = thread::scope(|scope| {
        let thread = thread::Builder::new().name("background".into());
        let spawned = thread.spawn_scoped(scope, || {
            give_way();
            take().map(|work| work())
        });
        match spawned {
            Ok(thread) => thread.join().unwrap_or_else(|panic| resume_unwind(panic)),
            Err(error) => {
                tracing::warn!(%error, "no thread for work in the background");
                None
            }
        }
    });
    match (done, take()) {
        (Some(done), _) => done,
        (None, Some(work)) => work(),
        (None, None) => unreachable!("whoever takes the work does it"),
    }
}

#[cfg(target_os = "linux")]
fn give_way() {
    use rustix::{
        process::{getpriority_process, setpriority_process},
        thread::gettid,
    };
    let me = Some(gettid());
    let given = getpriority_process(me).and_then(|now| setpriority_process(me, now + NICER));
    if let Err(error) = given {
        tracing::debug!(%error, "work in the background does not give way");
    }
}

#[cfg(not(target_os = "linux"))]
fn give_way() {}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn gives_what_the_work_gives() {
        let text = String::from("borrowed");
        assert_eq!(in_background(|| text.len()), 8);
    }

    #[test]
    fn a_panic_comes_through() {
        let caught = std::panic::catch_unwind(|| in_background(|| panic!("on purpose")));
        assert_eq!(caught.unwrap_err().downcast_ref(), Some(&"on purpose"));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn only_its_own_thread_gives_way() {
        use rustix::{process::getpriority_process, thread::gettid};
        let niceness = || getpriority_process(Some(gettid())).unwrap();
        let before = niceness();
        // 19 is the most there is.
        assert_eq!(in_background(niceness), (before + NICER).min(19));
        assert_eq!(niceness(), before);
    }
}
