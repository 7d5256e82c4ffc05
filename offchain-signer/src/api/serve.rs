//! The server below the routes: connections, bounded in number and in patience.

use super::slots::Slots;
use axum::{body::Body, extract::ConnectInfo, Router};
use hyper::{body::Incoming, server::conn::http1, service::service_fn, Request};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{io, net::SocketAddr, pin::pin, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// How long the head of a request may take, and how long a connection may be idle. Relayers keep their
/// connections to signers for no more than half of it.
pub(crate) const IDLE_TIMEOUT: Duration = Duration::from_secs(10);

/// How long to wait when the system has no more file descriptors.
const PAUSE: Duration = Duration::from_millis(500);

/// The bounds of the server.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Connections {
    /// How many there may be. More are hung up on. A WebSocket does not count once it is open: it
    /// is the mesh's then.
    pub most: usize,
    /// How many there may be from one address, or from one IPv6 /64.
    pub per_address: usize,
    /// How many there may be from each of this machine's own loopback addresses: a proxy in front
    /// of the node, or the other nodes of a network on one machine.
    pub on_loopback: usize,
    /// How long the head of a request may take, and how long a connection may be idle.
    pub head_timeout: Duration,
    /// How long requests in work have when the server is to stop.
    pub grace: Duration,
}

impl Default for Connections {
    fn default() -> Self {
        Self {
            most: 1024,
            per_address: 32,
            on_loopback: 512,
            head_timeout: IDLE_TIMEOUT,
            grace: Duration::from_secs(5),
        }
    }
}

/// Serves `router` until `stop`; then lets requests in work finish, for as long as the grace lasts.
/// Handlers find the other side's address in `ConnectInfo<SocketAddr>`.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    bounds: Connections,
    stop: CancellationToken,
) {
    let slots = Slots::new(bounds.most, bounds.per_address, bounds.on_loopback);
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = accept(&listener) => accepted,
        };
        match accepted {
            Ok((stream, remote)) => {
                // Not left to wait: in the system's queue those who hold on to their connections
                // would keep out everybody else.
                let Some(slot) = slots.take(remote.ip()) else {
                    tracing::debug!(%remote, "too many connections");
                    continue;
                };
                let connection = connection(
                    stream,
                    remote,
                    router.clone(),
                    bounds.head_timeout,
                    stop.clone(),
                );
                connections.spawn(async move {
                    connection.await;
                    drop(slot);
                });
            }
            // A connection that broke before it was accepted, or no file descriptors: both pass.
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::select! {
                    () = stop.cancelled() => break,
                    () = sleep(PAUSE) => {}
                }
            }
        }
    }
    drop(listener);
    let finished = async { while connections.join_next().await.is_some() {} };
    // What is left then is dropped with the set.
    let _ = timeout(bounds.grace, finished).await;
}

async fn accept(listener: &TcpListener) -> io::Result<(TcpStream, SocketAddr)> {
    let (stream, remote) = listener.accept().await?;
    // Answers are small and must not wait to be filled up.
    stream.set_nodelay(true)?;
    Ok((stream, remote))
}

async fn connection(
    stream: TcpStream,
    remote: SocketAddr,
    router: Router,
    head_timeout: Duration,
    stop: CancellationToken,
) {
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(remote));
        router.clone().oneshot(request)
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head_timeout)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut serving = pin!(serving);
    let served = tokio::select! {
        served = serving.as_mut() => served,
        () = stop.cancelled() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = served {
        tracing::debug!(%remote, %error, "a connection ended with an error");
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use axum::{extract::ConnectInfo, routing::get};
    use std::sync::Arc;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        sync::Notify,
        task::JoinHandle,
    };

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

    async fn start(
        router: Router,
        bounds: Connections,
    ) -> (SocketAddr, CancellationToken, JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let serving = tokio::spawn(serve(listener, router, bounds, stop.clone()));
        (address, stop, serving)
    }

    async fn read(mut stream: TcpStream) -> String {
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        text
    }

    #[tokio::test]
    async fn handlers_learn_who_asks() {
        let who = |ConnectInfo(remote): ConnectInfo<SocketAddr>| async move { remote.to_string() };
        let (address, stop, serving) =
            start(Router::new().route("/", get(who)), Connections::default()).await;
        let mut stream = TcpStream::connect(address).await.unwrap();
        let local = stream.local_addr().unwrap().to_string();
        stream.write_all(REQUEST).await.unwrap();
        assert!(read(stream).await.ends_with(&local));
        stop.cancel();
        serving.await.unwrap();
        assert!(TcpStream::connect(address).await.is_err());
    }

    /// Whether a request on a new connection is answered.
    async fn is_served(address: SocketAddr) -> bool {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let mut text = String::new();
        // Who is hung up on may see it at any of these.
        let _ = stream.write_all(REQUEST).await;
        let _ = stream.read_to_string(&mut text).await;
        text.ends_with("hi")
    }

    #[tokio::test]
    async fn who_does_not_finish_a_head_is_hung_up_on_and_makes_room() {
        let bounds = Connections {
            most: 1,
            head_timeout: Duration::from_millis(500),
            ..Connections::default()
        };
        let (address, ..) = start(Router::new().route("/", get(|| async { "hi" })), bounds).await;
        let mut stalled = TcpStream::connect(address).await.unwrap();
        stalled.write_all(b"GET / HT").await.unwrap();
        // The only slot is taken: nobody is kept waiting for it.
        assert!(!is_served(address).await);
        assert!(!read(stalled).await.contains("200"));
        // The slot is free a moment after the hang-up has been seen.
        while !is_served(address).await {}
    }

    #[tokio::test]
    async fn one_address_cannot_take_all_connections() {
        let bounds = Connections {
            on_loopback: 2,
            ..Connections::default()
        };
        let (address, ..) = start(Router::new().route("/", get(|| async { "hi" })), bounds).await;
        let held = [
            TcpStream::connect(address).await.unwrap(),
            TcpStream::connect(address).await.unwrap(),
        ];
        assert!(!is_served(address).await);
        // All of 127.0.0.0/8 is this machine, and each of them an address of its own.
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
        let mut other = socket.connect(address).await.unwrap();
        other.write_all(REQUEST).await.unwrap();
        assert!(read(other).await.ends_with("hi"));
        drop(held);
        while !is_served(address).await {}
    }

    #[tokio::test]
    async fn stopping_lets_requests_finish_and_idle_connections_go() {
        let (entered, leave) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (in_work, may_go) = (entered.clone(), leave.clone());
        let slow = move || async move {
            in_work.notify_one();
            may_go.notified().await;
            "done"
        };
        let (address, stop, serving) =
            start(Router::new().route("/", get(slow)), Connections::default()).await;
        let idle = TcpStream::connect(address).await.unwrap();
        let mut busy = TcpStream::connect(address).await.unwrap();
        busy.write_all(REQUEST).await.unwrap();
        entered.notified().await;
        stop.cancel();
        leave.notify_one();
        assert!(read(busy).await.ends_with("done"));
        assert_eq!(read(idle).await, "");
        serving.await.unwrap();
    }

    #[tokio::test]
    async fn stopping_does_not_wait_for_ever() {
        let entered = Arc::new(Notify::new());
        let in_work = entered.clone();
        let never = move || async move {
            in_work.notify_one();
            std::future::pending::<()>().await
        };
        let bounds = Connections {
            grace: Duration::from_millis(20),
            ..Connections::default()
        };
        let (address, stop, serving) = start(Router::new().route("/", get(never)), bounds).await;
        let mut busy = TcpStream::connect(address).await.unwrap();
        busy.write_all(REQUEST).await.unwrap();
        entered.notified().await;
        stop.cancel();
        serving.await.unwrap();
    }
}
