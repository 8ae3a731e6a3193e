//! Reads that many passes ask for one by one and AWS answers together: requests that come within a few milliseconds
//! become one call.

use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use evenkeel_aws::{AwsError, ErrorClass};
use tokio::sync::{mpsc, oneshot};

/// How long a request waits for others to join it. Short against the 20 ms and more of a call to AWS, and long enough
/// for the passes that one commit wakes.
const WINDOW: Duration = Duration::from_millis(5);

/// Calls of one batcher that are under way at once.
const IN_FLIGHT: usize = 8;

/// What one call gave: an answer for each name that it was asked about, or the error of all.
pub(super) type Answers<V> = Result<HashMap<String, V>, AwsError>;

/// What a call gave for one name.
pub(super) type Answer<V> = Result<Option<V>, AwsError>;

type Waiter<V> = oneshot::Sender<Answer<V>>;

/// Collects requests for names and hands them to a call, `most` at a time.
#[derive(Debug)]
pub(super) struct Batcher<V> {
    requests: mpsc::UnboundedSender<(String, Waiter<V>)>,
}

impl<V: Clone + Send + 'static> Batcher<V> {
    /// A batcher around a call for at most `most` names.
    pub(super) fn new<F, P>(most: usize, call: F) -> Self
    where
        F: Fn(Vec<String>) -> P + Send + Sync + 'static,
        P: Future<Output = Answers<V>> + Send + 'static,
    {
        let (requests, queue) = mpsc::unbounded_channel();
        tokio::spawn(collect(queue, most, Arc::new(call)));
        Self { requests }
    }

    /// What AWS says about one name; `None` if it says nothing.
    pub(super) async fn get(&self, name: String) -> Answer<V> {
        self.ask(name).answer().await
    }

    /// Asks about a name. Whatever is asked about in one go shares calls as far as it can.
    pub(super) fn ask(&self, name: String) -> Asked<V> {
        let (reply, answer) = oneshot::channel();
        // This fails only while the program ends, and then there is no answer either.
        let _ = self.requests.send((name, reply));
        Asked(answer)
    }
}

/// An answer that is on its way.
#[derive(Debug)]
pub(super) struct Asked<V>(oneshot::Receiver<Answer<V>>);

impl<V> Asked<V> {
    /// What AWS says; `None` if it says nothing about the name.
    pub(super) async fn answer(self) -> Answer<V> {
        // Without an answer the program is ending; what is said does not matter then, and "broken" is safe.
        self.0.await.unwrap_or_else(|_| Err(interrupted()))
    }
}

async fn collect<V, F, P>(mut queue: mpsc::UnboundedReceiver<(String, Waiter<V>)>, most: usize, call: Arc<F>)
where
    V: Clone + Send + 'static,
    F: Fn(Vec<String>) -> P + Send + Sync + 'static,
    P: Future<Output = Answers<V>> + Send + 'static,
{
    let slots = Arc::new(tokio::sync::Semaphore::new(IN_FLIGHT));
    while let Some((name, waiter)) = queue.recv().await {
        let mut batch: BTreeMap<String, Vec<Waiter<V>>> = BTreeMap::from([(name, vec![waiter])]);
        let closes = tokio::time::Instant::now() + WINDOW;
        while batch.len() < most {
            match tokio::time::timeout_at(closes, queue.recv()).await {
                Ok(Some((name, waiter))) => batch.entry(name).or_default().push(waiter),
                Ok(None) | Err(_) => break,
            }
        }
        let Ok(slot) = slots.clone().acquire_owned().await else { return };
        let call = call.clone();
        tokio::spawn(async move {
            // In the order of names, so that the same requests make the same call and wake their passes in the same order.
            let names: Vec<String> = batch.keys().cloned().collect();
            let mut answers = call(names).await;
            drop(slot);
            for (name, mut waiters) in batch {
                let answer = match &mut answers {
                    Ok(answers) => Ok(answers.remove(&name)),
                    Err(error) => Err(error.clone()),
                };
                let last = waiters.pop();
                for waiter in waiters {
                    // A pass that was aborted does not wait any more.
                    let _ = waiter.send(answer.clone());
                }
                // Nearly always the only one: a tree of some kilobytes is not copied for it.
                last.map(|waiter| waiter.send(answer));
            }
        });
    }
}

fn interrupted() -> AwsError {
    AwsError {
        operation: "Describe",
        class: ErrorClass::Transient,
        code: "NoAnswer".into(),
        message: "the program is ending".into(),
        http_status: None,
        request_id: None,
        retry_after: None,
    }
}
