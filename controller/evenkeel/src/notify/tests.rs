#![allow(clippy::unwrap_used)]

use std::io::{Read, Write};
use std::net::TcpListener;

use evenkeel_core::object::{Kind, Object, ObjectKey};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::send::{Failure, post};
use super::signature::signature;
use super::{Filter, Format, Message, REPEAT, Target};

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_767_225_600).unwrap() + SignedDuration::from_mins(minute)
}

fn event(reason: &str, kind: &str, message: &str) -> Object {
    let spec = json!({
        "involvedObject": {"kind": "Service", "name": "frontapp", "uid": "u1"},
        "type": kind, "reason": reason, "message": message, "count": 1, "reportingInstance": "default",
    });
    Object::new(&ObjectKey::new(Kind::Event, "shop-prod", "frontapp.1"), spec)
}

#[test]
fn a_fight_is_told_once_and_again_only_after_a_while() {
    let mut filter = Filter::default();
    let drift = event("DriftDetected", "Warning", "/service/desiredCount");
    assert!(filter.pass(&drift, at(0)).is_some());
    assert!(filter.pass(&drift, at(1)).is_none());
    assert!(filter.pass(&event("DriftDetected", "Warning", "/scaling/maxCapacity"), at(2)).is_some());
    assert!(filter.pass(&event("DriftDetected", "Warning", "/scaling/maxCapacity"), at(2) + REPEAT).is_some());
}

#[test]
fn an_error_whose_text_has_another_request_id_is_the_same_error() {
    let mut filter = Filter::default();
    assert!(filter.pass(&event("Denied", "Warning", "no (request 1)"), at(0)).is_some());
    assert!(filter.pass(&event("Denied", "Warning", "no (request 2)"), at(1)).is_none());
}

#[test]
fn recovery_is_told_only_to_who_was_warned() {
    let mut filter = Filter::default();
    let well = event("Succeeded", "Normal", "observed state is as declared");
    assert!(filter.pass(&well, at(0)).is_none());
    assert!(filter.pass(&event("Progressing", "Normal", "creating"), at(1)).is_none());
    assert!(filter.pass(&event("RolloutFailed", "Warning", "the rollout failed"), at(2)).is_some());
    assert!(filter.pass(&well, at(3)).is_some());
    assert!(filter.pass(&well, at(4)).is_none());
}

#[test]
fn signatures_are_hmac_sha256() {
    // RFC 4231, test cases 1, 2 and 6.
    let long = [0xaa_u8; 131];
    for (key, data, expected) in [
        (&[0x0b_u8; 20][..], &b"Hi There"[..], "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        (b"Jefe", b"what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        (
            &long,
            b"Test Using Larger Than Block-Size Key - Hash Key First",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
        ),
    ] {
        assert_eq!(signature(key, data), format!("sha256={expected}"));
    }
}

#[test]
fn slack_gets_a_text_in_which_nothing_is_markup() {
    let message = Message::of(&event("Denied", "Warning", "<!channel> a & b")).unwrap();
    let body: Value = serde_json::from_str(&message.body(Format::Slack)).unwrap();
    assert_eq!(body["text"], ":warning: *Service shop-prod/frontapp*: Denied\n&lt;!channel&gt; a &amp; b");
}

/// Answers one request with this status line, and gives what it was.
fn answering(status: &'static str) -> (String, std::thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        let mut buffer = [0; 4096];
        loop {
            let text = String::from_utf8_lossy(&request).to_lowercase();
            let whole = text.split_once("\r\n\r\n").is_some_and(|(head, body)| {
                let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
                length.is_none_or(|length| body.len() >= length.trim().parse::<usize>().unwrap())
            });
            if whole {
                break;
            }
            let read = stream.read(&mut buffer).unwrap();
            request.extend_from_slice(&buffer[..read]);
        }
        write!(stream, "HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").unwrap();
        String::from_utf8(request).unwrap()
    });
    (url, server)
}

fn send(status: &'static str) -> (Result<(), Failure>, String) {
    let (url, server) = answering(status);
    let target = Target { url, format: Format::Json, secret_file: None, secret: Some(b"key".to_vec()) };
    let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None).build().into();
    let message = Message::of(&event("DriftDetected", "Warning", "/service/desiredCount")).unwrap();
    let result = post(&agent, &target, &message);
    (result, server.join().unwrap())
}

#[test]
fn a_body_is_sent_with_its_signature() {
    let (result, request) = send("200 OK");
    assert_eq!(result, Ok(()));
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let expected = format!("x-evenkeel-signature: {}", signature(b"key", body.as_bytes()));
    assert!(head.to_lowercase().contains(&expected), "{head}");
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!((&body["reason"], &body["cluster"]), (&json!("DriftDetected"), &json!("shop-prod")));
}

#[test]
fn what_may_pass_is_tried_again_and_a_refusal_is_not() {
    assert_eq!(send("503 Service Unavailable").0, Err(Failure::Again("it answered 503".into())));
    assert_eq!(send("429 Too Many Requests").0, Err(Failure::Again("it answered 429".into())));
    assert_eq!(send("404 Not Found").0, Err(Failure::Never("it answered 404".into())));
}

#[test]
fn a_file_of_webhooks_is_refused_without_quoting_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("webhooks.yaml");
    std::fs::write(&path, "webhooks: [{url: 'ftp://secret'}]").unwrap();
    let error = super::read(&path).unwrap_err();
    assert!(error.contains("webhook 1") && !error.contains("ftp"), "{error}");
    std::fs::write(&path, "webhooks: [{url: 'https://secret', formt: slack}]").unwrap();
    let error = super::read(&path).unwrap_err();
    assert!(!error.contains("https"), "{error}");
    std::fs::write(directory.path().join("key"), "abc\n").unwrap();
    let file = format!("webhooks: [{{url: 'https://x', secretFile: '{}'}}]", directory.path().join("key").display());
    std::fs::write(&path, file).unwrap();
    let targets = super::read(&path).unwrap();
    assert_eq!(targets[0].secret.as_deref(), Some(&b"abc"[..]));
    assert!(!format!("{targets:?}").contains("https"));
}
