//! One target: what waits is sent in order, each message a few times if need be.

use std::time::Duration;

use tokio::sync::mpsc::Receiver;

use super::signature::signature;
use super::{Message, Target};
use crate::metrics::Metrics;

/// How often a message is tried. With the pauses that is about half a minute; what is down for longer is better told
/// of the present state by alerts than of old events.
const ATTEMPTS: u32 = 6;
/// Pause before the second try; each further one is twice as long.
const PAUSE: Duration = Duration::from_secs(1);
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Header of the signature.
pub(super) const SIGNATURE: &str = "X-Evenkeel-Signature";

pub(super) async fn run(target: Target, mut waiting: Receiver<Message>, metrics: Metrics) {
    let agent: ureq::Agent =
        ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(PATIENCE)).build().into();
    while let Some(message) = waiting.recv().await {
        let mut last = String::new();
        let mut sent = false;
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                tokio::time::sleep(PAUSE * 2_u32.pow(attempt - 1)).await;
            }
            let (agent, target, message) = (agent.clone(), target.clone(), message.clone());
            let posted = tokio::task::spawn_blocking(move || post(&agent, &target, &message)).await;
            match posted.unwrap_or_else(|gone| Err(Failure::Again(gone.to_string()))) {
                Ok(()) => {
                    sent = true;
                    break;
                }
                Err(Failure::Again(why)) => last = why,
                Err(Failure::Never(why)) => {
                    last = why;
                    break;
                }
            }
        }
        metrics.notified(if sent { "sent" } else { "dropped" });
        if !sent {
            tracing::warn!(
                object = message.object(),
                why = last,
                "a webhook did not take a notification; it was dropped"
            );
        }
    }
}

/// Why a message was not taken, without the URL, which may be a secret.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// Trying again may help.
    Again(String),
    /// The target will not take it.
    Never(String),
}

pub(super) fn post(agent: &ureq::Agent, target: &Target, message: &Message) -> Result<(), Failure> {
    let body = message.body(target.format);
    let mut request = agent.post(&target.url).header("content-type", "application/json");
    if let Some(secret) = &target.secret {
        request = request.header(SIGNATURE, signature(secret, body.as_bytes()));
    }
    let answer = request.send(body.as_str()).map_err(|error| match error {
        ureq::Error::BadUri(_) | ureq::Error::Http(_) => Failure::Never("its URL makes no sense".into()),
        other => Failure::Again(without_url(&other)),
    })?;
    match answer.status().as_u16() {
        200..300 => Ok(()),
        status @ (408 | 429 | 500..) => Err(Failure::Again(format!("it answered {status}"))),
        status => Err(Failure::Never(format!("it answered {status}"))),
    }
}

fn without_url(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Timeout(_) => "it did not answer in time".into(),
        ureq::Error::HostNotFound => "its host is not known".into(),
        ureq::Error::Io(error) => format!("it could not be reached: {}", error.kind()),
        _ => "it could not be reached".into(),
    }
}
