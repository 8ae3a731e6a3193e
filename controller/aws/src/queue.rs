//! An SQS queue to read from: where rules of EventBridge put events.

use aws_config::{BehaviorVersion, Region};
use aws_sdk_sqs::types::DeleteMessageBatchRequestEntry;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_types::retry::RetryConfig;
use tracing::instrument::WithSubscriber;

use crate::AwsError;
use crate::connect::timeouts;
use crate::failure::failure;
use crate::transport::Transport;

/// How long SQS holds a call back until there is a message; 20 s is the most that it takes (SQS API reference,
/// `WaitTimeSeconds`), and our time-out for an attempt.
const WAIT: i32 = 15;

/// Most messages a call, as SQS has it.
const MOST: i32 = 10;

/// A queue.
#[derive(Clone, Debug)]
pub struct Queue {
    client: aws_sdk_sqs::Client,
    url: String,
}

/// A message, not deleted yet.
#[derive(Clone, Debug)]
pub struct Message {
    /// Its text.
    pub body: String,
    receipt: String,
}

impl Queue {
    /// A queue by its URL, with the credentials of the default chain. The region stands in the URL; where it does not, as
    /// with emulators, the chain has it. Nothing is called yet.
    pub async fn connect(url: &str, endpoint_url: Option<&str>) -> Self {
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .http_client(Transport::Network.http_client())
            .sleep_impl(TokioSleep::new())
            .timeout_config(timeouts());
        if let Some(region) = region(url) {
            loader = loader.region(Region::new(region.to_owned()));
        }
        if let Some(endpoint) = endpoint_url {
            loader = loader.endpoint_url(endpoint);
        }
        let config = loader.load().await;
        let config = aws_sdk_sqs::config::Builder::from(&config).retry_config(RetryConfig::disabled()).build();
        Self { client: aws_sdk_sqs::Client::from_conf(config), url: url.to_owned() }
    }

    /// The next messages, at most ten; none after a while without any.
    ///
    /// # Errors
    /// What SQS or the way there refused.
    pub async fn receive(&self) -> Result<Vec<Message>, AwsError> {
        let asking =
            self.client.receive_message().queue_url(&self.url).max_number_of_messages(MOST).wait_time_seconds(WAIT);
        let answer = asking.send().with_subscriber(tracing::Dispatch::none()).await;
        let answer = answer.map_err(|error| failure("ReceiveMessage", error))?;
        let messages = answer.messages.unwrap_or_default().into_iter();
        Ok(messages
            .filter_map(|message| Some(Message { body: message.body?, receipt: message.receipt_handle? }))
            .collect())
    }

    /// Deletes messages that have been dealt with. One that SQS does not delete comes again.
    ///
    /// # Errors
    /// What SQS or the way there refused.
    pub async fn delete(&self, messages: Vec<Message>) -> Result<(), AwsError> {
        if messages.is_empty() {
            return Ok(());
        }
        let entry = |(number, message): (usize, Message)| {
            let entry = DeleteMessageBatchRequestEntry::builder().id(number.to_string());
            // Id and receipt are all that an entry needs.
            entry.receipt_handle(message.receipt).build().ok()
        };
        let entries = messages.into_iter().enumerate().filter_map(entry).collect();
        let asking = self.client.delete_message_batch().queue_url(&self.url).set_entries(Some(entries));
        let answer = asking.send().with_subscriber(tracing::Dispatch::none()).await;
        answer.map(drop).map_err(|error| failure("DeleteMessageBatch", error))
    }
}

/// The region in `https://sqs.REGION.amazonaws.com/…`, or the older `https://REGION.queue.amazonaws.com/…`.
fn region(url: &str) -> Option<&str> {
    let host = url.split("://").nth(1)?.split(['/', ':']).next()?;
    if !host.ends_with(".amazonaws.com") && !host.ends_with(".amazonaws.com.cn") {
        return None;
    }
    let mut parts = host.split('.');
    match (parts.next()?, parts.next()?) {
        ("sqs", region) | (region, "queue") => Some(region),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::region;

    #[test]
    fn the_region_is_the_one_that_the_url_names() {
        for (url, expected) in [
            ("https://sqs.eu-west-1.amazonaws.com/123456789012/evenkeel", Some("eu-west-1")),
            ("https://sqs.cn-north-1.amazonaws.com.cn/123456789012/evenkeel", Some("cn-north-1")),
            ("https://eu-west-1.queue.amazonaws.com/123456789012/evenkeel", Some("eu-west-1")),
            ("http://127.0.0.1:5000/123456789012/evenkeel", None),
            ("https://queue.example.com/evenkeel", None),
            ("nonsense", None),
        ] {
            assert_eq!(region(url), expected, "{url}");
        }
    }
}
