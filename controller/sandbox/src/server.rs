//! The sandbox behind a loopback port, for the AWS CLI and every SDK.

use crate::{sandbox::Sandbox, wire::Delivery};
use http::{Request, Response};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::{
    body::{Bytes, Incoming},
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use jiff::Timestamp;
use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpStream, ToSocketAddrs},
    sync::watch,
    task::{JoinHandle, JoinSet},
};

/// Tells the sandbox what time it is.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The largest request body that is read; AWS's largest here is a task definition of 64 KB.
const LARGEST_BODY: usize = 1 << 20;

/// How long a shutdown waits for requests in flight before it drops them.
const GRACE: Duration = Duration::from_secs(5);

/// A running server. Dropping it stops it at once.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    accepting: JoinHandle<()>,
}

impl Server {
    /// Listens on `address` (port 0 for any free one) and answers from `sandbox` at the times that `clock` tells.
    ///
    /// # Errors
    ///
    /// When the address cannot be listened on.
    pub async fn bind(address: impl ToSocketAddrs, sandbox: Arc<Mutex<Sandbox>>, clock: Clock) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let (stop, stopped) = watch::channel(false);
        Ok(Self { address, stop, accepting: tokio::spawn(accept(listener, sandbox, clock, stopped)) })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Base URL, for `--endpoint-url` and `AWS_ENDPOINT_URL`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stops listening, lets requests in flight finish for up to five seconds, and returns.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(true);
        // The only error is that the task was cancelled or has panicked: either way it is over.
        let _ = (&mut self.accepting).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, sandbox: Arc<Mutex<Sandbox>>, clock: Clock, mut stopped: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = stopped.changed() => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(serve(stream, sandbox.clone(), clock.clone(), stopped.clone()));
                }
                // Out of file descriptors, most likely: give those that are open time to close.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
    drop(listener);
    let _ = tokio::time::timeout(GRACE, async { while connections.join_next().await.is_some() {} }).await;
}

async fn serve(stream: TcpStream, sandbox: Arc<Mutex<Sandbox>>, clock: Clock, mut stopped: watch::Receiver<bool>) {
    let service = service_fn(move |request| answer(request, sandbox.clone(), clock.clone()));
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    // A connection that breaks is the client's affair (or a fault that was asked for).
    tokio::select! {
        _ = connection.as_mut() => return,
        _ = stopped.changed() => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

/// Answers one request; an error makes hyper drop the connection without an answer.
async fn answer(
    request: Request<Incoming>,
    sandbox: Arc<Mutex<Sandbox>>,
    clock: Clock,
) -> Result<Response<Full<Bytes>>, io::Error> {
    let (parts, body) = request.into_parts();
    let body = match Limited::new(body, LARGEST_BODY).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => {
            let mut response = Response::new(Full::default());
            *response.status_mut() = http::StatusCode::PAYLOAD_TOO_LARGE;
            return Ok(response);
        }
        Err(error) => return Err(io::Error::other(error)),
    };
    let request = Request::from_parts(parts, body);
    // A panic of another holder does not make what is in the sandbox worse for a test that goes on.
    let reply = sandbox.lock().unwrap_or_else(PoisonError::into_inner).handle(clock(), &request);
    if !reply.delay.is_zero() {
        tokio::time::sleep(reply.delay).await;
    }
    match reply.delivery {
        Delivery::Answered => Ok(reply.response.map(|body| Full::new(Bytes::from(body)))),
        Delivery::Reset => Err(io::Error::new(io::ErrorKind::ConnectionReset, "a fault of the sandbox")),
        Delivery::Never => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::{Fault, Rule, When};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    async fn exchange(address: SocketAddr) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = "POST / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: 2\r\n\
                       x-amz-target: AmazonEC2ContainerServiceV20141113.ListClusters\r\n\r\n{}";
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn it_answers_on_a_loopback_port_and_stops() {
        let sandbox = Arc::new(Mutex::new(Sandbox::default()));
        let server = Server::bind("127.0.0.1:0", sandbox.clone(), Arc::new(Timestamp::now)).await.unwrap();
        let address = server.local_addr();
        let answer = exchange(address).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("{\"clusterArns\":[]}"), "{answer}");
        sandbox.lock().unwrap().add_fault(Rule::any(When::Always, Fault::Reset));
        assert_eq!(exchange(address).await, "", "the connection closes without an answer");
        server.shutdown().await;
        assert!(TcpStream::connect(address).await.is_err());
    }
}
