//! How fast the mesh is between two nodes on the loopback interface. Prints; see it with
//! `cargo test --release -p offchain-signer transport::tests::speed -- --nocapture`.

#![allow(clippy::unwrap_used)]

use super::{
    network::{account, in_seconds},
    sockets::{introduce, start},
};
use std::time::{Duration, Instant};

const ROUND_TRIPS: usize = 1000;
const LARGE: usize = 200;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn latency_and_throughput() {
    let (mut one, mut two) = (start(1).await, start(2).await);
    introduce(&[&one, &two]);
    one.handle.wait_connected(|now| !now.is_empty()).await;

    let echo = {
        let handle = two.handle.clone();
        tokio::spawn(async move {
            for _ in 0..ROUND_TRIPS {
                let message = two.incoming.recv().await.unwrap().message;
                handle
                    .send(&account(1), message, in_seconds(30))
                    .await
                    .unwrap();
            }
            for _ in 0..LARGE {
                assert_eq!(two.incoming.recv().await.unwrap().message.len(), 1_000_000);
            }
            two
        })
    };
    let mut times: Vec<Duration> = Vec::new();
    for _ in 0..ROUND_TRIPS {
        let start = Instant::now();
        one.handle
            .send(&account(2), vec![1; 1000], in_seconds(30))
            .await
            .unwrap();
        assert_eq!(one.incoming.recv().await.unwrap().message.len(), 1000);
        times.push(start.elapsed());
    }
    let start = Instant::now();
    for _ in 0..LARGE {
        one.handle
            .send(&account(2), vec![1; 1_000_000], in_seconds(30))
            .await
            .unwrap();
    }
    echo.await.unwrap();
    let throughput = LARGE as f64 / start.elapsed().as_secs_f64();

    times.sort();
    let at = |percent: usize| times.get(times.len() * percent / 100).copied().unwrap();
    println!("1 kB round trip: median {:?}, 99% {:?}", at(50), at(99));
    println!("1 MB messages: {throughput:.0} MB/s");
    // Only to notice an accident such as Nagle's 40 ms, not to measure.
    assert!(at(50) < Duration::from_millis(20));
}
