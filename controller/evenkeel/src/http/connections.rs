//! Connections with limits: how many there are, how long one may say nothing, and how long one may not listen.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Router;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Sleep;
use tokio_rustls::TlsAcceptor;

use super::admission::{Admission, Peer};

/// How many connections there may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// At a time. A watch takes one for as long as it lasts; 200 watchers and some dashboards fit many times.
    pub(super) connections: usize,
    /// Further ones for health and metrics, so that a crowd of clients does not make the controller look dead.
    pub(super) reserved: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connections: 1_024, reserved: 64 }
    }
}

/// How long a client may take to send the head of a request, the next one included: kept connections are not kept for
/// ever. Clients keep theirs for 90 s (Go's default), so this ends only those that nobody comes back to.
const HEAD: Duration = Duration::from_secs(120);

/// How long a client may take nothing of what is sent to it, until its connection ends. A watcher that does not read is
/// dropped so, and comes again if it lives.
const STALL: Duration = Duration::from_secs(30);

/// How long a client may take to agree on TLS.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Serves `router` until `draining` is over, then lets requests in progress finish. Connections beyond the limit get
/// `crowded`, and those beyond the reserve nothing.
pub(super) async fn serve(
    listener: TcpListener,
    router: Router,
    crowded: Router,
    limits: Limits,
    admission: Admission,
    draining: impl Future<Output = ()>,
) {
    let slots = Arc::new(Semaphore::new(limits.connections));
    let reserve = Arc::new(Semaphore::new(limits.reserved));
    let graceful = GracefulShutdown::new();
    tokio::pin!(draining);
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut draining => break,
            accepted = listener.accept() => accepted,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                // A client that is gone already, or no more file descriptors: the latter takes a while to pass.
                tracing::debug!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        match (slots.clone().try_acquire_owned(), reserve.clone().try_acquire_owned()) {
            (Ok(slot), _) => connect(stream, slot, router.clone(), &admission, graceful.watcher()),
            (Err(_), Ok(slot)) => connect(stream, slot, crowded.clone(), &admission, graceful.watcher()),
            (Err(_), Err(_)) => drop(stream),
        }
    }
    drop(listener);
    graceful.shutdown().await;
}

fn connect(stream: TcpStream, slot: OwnedSemaphorePermit, router: Router, admission: &Admission, graceful: Watcher) {
    // Events of a watch are small and are to arrive at once.
    let _ = stream.set_nodelay(true);
    let Ok(peer) = stream.peer_addr().map(|address| Peer(address.ip())) else { return };
    let stream = Attentive::new(stream);
    let tls = admission.tls();
    tokio::spawn(async move {
        let ended = match tls {
            None => talk(stream, peer, router, graceful).await,
            Some(tls) => match tokio::time::timeout(HANDSHAKE, TlsAcceptor::from(tls).accept(stream)).await {
                Ok(Ok(stream)) => talk(stream, peer, router, graceful).await,
                Ok(Err(error)) => Err(error.to_string()),
                Err(_) => Err("TLS was not agreed on in time".to_owned()),
            },
        };
        if let Err(error) = ended {
            tracing::debug!(error, "a connection ended");
        }
        drop(slot);
    });
}

/// Answers the requests of a connection, which know where they come from.
async fn talk<S>(stream: S, peer: Peer, router: Router, graceful: Watcher) -> Result<(), String>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(peer);
        router.call(request)
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD);
    let connection = graceful.watch(builder.serve_connection(TokioIo::new(stream), service));
    connection.await.map_err(|error| error.to_string())
}

/// A connection that ends when its other side takes nothing for [`STALL`].
struct Attentive<S> {
    stream: S,
    /// Set while something waits to be taken.
    stalled: Option<Pin<Box<Sleep>>>,
}

impl<S> Attentive<S> {
    fn new(stream: S) -> Self {
        Self { stream, stalled: None }
    }

    fn watched<T>(&mut self, context: &mut Context<'_>, polled: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            self.stalled = None;
            return polled;
        }
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(tokio::time::sleep(STALL)));
        ready!(stalled.as_mut().poll(context));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client does not read")))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Attentive<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Attentive<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.watched(context, polled)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.watched(context, polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_flush(context);
        self.watched(context, polled)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::time::Instant;

    #[tokio::test(start_paused = true)]
    async fn a_client_that_does_not_read_is_dropped_and_one_that_is_slow_is_not() {
        let (near, mut far) = tokio::io::duplex(8);
        let mut near = Attentive::new(near);
        let writer = tokio::spawn(async move {
            let error = near.write_all(&[0; 64]).await.unwrap_err();
            (error.kind(), Instant::now())
        });
        let start = Instant::now();
        for _ in 0..4 {
            tokio::time::sleep(STALL / 2).await;
            far.read_exact(&mut [0; 8]).await.unwrap();
        }
        let (kind, end) = writer.await.unwrap();
        assert_eq!(kind, io::ErrorKind::TimedOut);
        assert_eq!(end - start, STALL * 2 + STALL);
    }

    async fn ask(address: std::net::SocketAddr) -> (TcpStream, String) {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
        let mut answer = vec![0; 1024];
        let length = stream.read(&mut answer).await.unwrap();
        (stream, String::from_utf8_lossy(&answer[..length]).into_owned())
    }

    #[tokio::test]
    async fn a_crowd_leaves_room_for_those_who_look_after_the_controller() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (over, ended) = tokio::sync::oneshot::channel::<()>();
        let answers = |text: &'static str| Router::new().route("/", get(move || async move { text }));
        let limits = Limits { connections: 3, reserved: 1 };
        let end = async { drop(ended.await) };
        let served = serve(listener, answers("served"), answers("crowded"), limits, Admission::default(), end);
        let server = tokio::spawn(served);
        let mut held = Vec::new();
        for _ in 0..limits.connections {
            let (stream, answer) = ask(address).await;
            assert!(answer.ends_with("served"), "{answer}");
            held.push(stream);
        }
        let (stream, answer) = ask(address).await;
        assert!(answer.ends_with("crowded"), "{answer}");
        drop((stream, held));
        over.send(()).unwrap();
        server.await.unwrap();
    }
}
