//! The sandbox as this process' AWS: calls go to it through a function instead of a network.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use evenkeel_aws::{Answered, Transport};
use evenkeel_sandbox::{Delivery, Sandbox};

use crate::clock::Clock;

/// A transport into the sandbox. Latency and lost answers are as its faults say, in the time of the runtime.
pub fn transport(sandbox: Arc<Mutex<Sandbox>>, clock: Clock) -> Transport {
    Transport::InProcess(Arc::new(move |request| {
        let (sandbox, clock) = (sandbox.clone(), clock.clone());
        Box::pin(async move {
            let reply = sandbox.lock().unwrap_or_else(PoisonError::into_inner).handle(clock.now(), &request);
            tokio::time::sleep(reply.delay).await;
            match reply.delivery {
                Delivery::Answered => Ok(reply.response),
                Delivery::Reset => Err(io::Error::from(io::ErrorKind::ConnectionReset)),
                Delivery::Never => std::future::pending().await,
            }
        }) as Answered
    }))
}
