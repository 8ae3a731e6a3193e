//! The gateway against a function that plays AWS in this process, under a paused clock.
#![allow(clippy::unwrap_used)]

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use evenkeel_core::operation::Operation;
use serde_json::{Value, json};

use crate::{Account, Answered, AwsError, CallRecord, ErrorClass, Gateway, Handler, Transport};

mod answers;
mod credentials;
mod requests;
mod secrets;
mod time;

/// Every request that reached the handler.
type Seen = Arc<Mutex<Vec<http::Request<Vec<u8>>>>>;

fn account() -> Account {
    Account { region: "ap-northeast-1".to_owned(), ..Account::default() }
}

/// A handler that gives every request the same answer, and what it has seen.
fn always(answer: impl Fn() -> Answered + Send + Sync + 'static) -> (Handler, Seen) {
    let seen = Seen::default();
    let log = seen.clone();
    let handler: Handler = Arc::new(move |request| {
        log.lock().unwrap().push(request);
        answer()
    });
    (handler, seen)
}

fn answer(status: u16, headers: &'static [(&'static str, &'static str)], body: &'static str) -> (Handler, Seen) {
    always(move || {
        let mut response = http::Response::builder().status(status);
        for (name, value) in headers {
            response = response.header(*name, *value);
        }
        let response = response.body(body.as_bytes().to_vec()).unwrap();
        Box::pin(async { Ok(response) })
    })
}

async fn gateway(account: &Account, handler: Handler) -> Gateway {
    Gateway::connect(account, Transport::InProcess(handler), Arc::new(|| SystemTime::UNIX_EPOCH), None).await
}

async fn call(handler: Handler, operation: Operation, body: Value) -> Result<Value, AwsError> {
    gateway(&account(), handler).await.call(operation, &body).await
}

/// The error that an answer to DescribeServices becomes.
async fn refused(status: u16, headers: &'static [(&'static str, &'static str)], body: &'static str) -> AwsError {
    call(answer(status, headers, body).0, Operation::DescribeServices, json!({})).await.unwrap_err()
}

fn header<'a>(request: &'a http::Request<Vec<u8>>, name: &str) -> &'a str {
    request.headers().get(name).unwrap().to_str().unwrap()
}
