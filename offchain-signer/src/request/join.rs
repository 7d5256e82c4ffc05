//! One run for all who ask for the same thing at the same time.

use futures::{
    future::{BoxFuture, Shared, WeakShared},
    FutureExt,
};
use std::{
    collections::HashMap,
    hash::Hash,
    sync::{
        atomic::{AtomicU64, Ordering},
        Mutex, PoisonError,
    },
};

type Running<T> = WeakShared<BoxFuture<'static, T>>;

/// Runs that are going on, by what they are about. A run is driven by those who wait for it; when
/// the last of them gives up, the run ends.
pub(super) struct Join<K, T: Clone> {
    running: Mutex<HashMap<K, Running<T>>>,
    joined: AtomicU64,
}

/// How somebody came to a run's outcome.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Part {
    /// The run is about their own request.
    Own,
    /// They joined another's.
    Joined,
}

impl<K: Eq + Hash, T: Clone> Join<K, T> {
    pub(super) fn new() -> Self {
        Self {
            running: Mutex::new(HashMap::new()),
            joined: AtomicU64::new(0),
        }
    }

    /// How many have joined another's run so far.
    pub(super) fn joined(&self) -> u64 {
        self.joined.load(Ordering::Relaxed)
    }

    /// Joins the run about `key`, or starts it.
    pub(super) async fn run(
        &self,
        key: K,
        start: impl FnOnce() -> BoxFuture<'static, T>,
    ) -> (T, Part) {
        let (run, part) = self.join_or_start(key, start);
        (run.await, part)
    }

    fn join_or_start(
        &self,
        key: K,
        start: impl FnOnce() -> BoxFuture<'static, T>,
    ) -> (Shared<BoxFuture<'static, T>>, Part) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        // A run that has its outcome is over, even if somebody still reads it.
        running.retain(|_, run| run.upgrade().is_some_and(|run| run.peek().is_none()));
        if let Some(run) = running.get(&key).and_then(WeakShared::upgrade) {
            self.joined.fetch_add(1, Ordering::Relaxed);
            return (run, Part::Joined);
        }
        let run = start().shared();
        if let Some(weak) = run.downgrade() {
            running.insert(key, weak);
        }
        (run, Part::Own)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::sync::{atomic::AtomicUsize, Arc};
    use tokio::sync::oneshot;

    #[tokio::test]
    async fn the_same_is_run_once_and_again_when_it_is_over() {
        let join = Arc::new(Join::<u8, u8>::new());
        let (done, wait) = oneshot::channel();
        let (first, first_part) = join.join_or_start(1, || async { wait.await.unwrap() }.boxed());
        let (second, second_part) = join.join_or_start(1, || unreachable!("joined"));
        let (other, other_part) = join.join_or_start(2, || async { 9 }.boxed());
        assert_eq!(
            (first_part, second_part, other_part),
            (Part::Own, Part::Joined, Part::Own)
        );
        done.send(5).unwrap();
        assert_eq!((first.clone().await, second.await, other.await), (5, 5, 9));
        // `first` still holds the outcome, but who comes now gets a new run.
        assert_eq!(join.run(1, || async { 6 }.boxed()).await, (6, Part::Own));
        drop(first);
    }

    #[tokio::test]
    async fn a_run_survives_its_starter_but_not_the_last_who_waits() {
        struct Count(Arc<AtomicUsize>);
        impl Drop for Count {
            fn drop(&mut self) {
                self.0.fetch_add(1, Ordering::SeqCst);
            }
        }
        let ended = Arc::new(AtomicUsize::new(0));
        let join = Join::<u8, u8>::new();
        let guard = Count(ended.clone());
        let (first, _) = join.join_or_start(1, || {
            async move {
                let _guard = guard;
                std::future::pending().await
            }
            .boxed()
        });
        let (second, _) = join.join_or_start(1, || unreachable!("joined"));
        drop(first);
        assert_eq!(ended.load(Ordering::SeqCst), 0);
        drop(second);
        assert_eq!(ended.load(Ordering::SeqCst), 1);
        assert_eq!(join.run(1, || async { 3 }.boxed()).await, (3, Part::Own));
    }
}
