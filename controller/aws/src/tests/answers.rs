use std::pin::Pin;
use std::task::{Context, Poll};

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http_body::{Body, Frame};

use super::*;
use crate::wire::Answer;

#[tokio::test(start_paused = true)]
async fn members_that_nobody_knows_come_back() {
    let (handler, _) = answer(200, &[], r#"{"services": [{"comingSoon": {"a": [1.5, null]}}], "alsoNew": 1}"#);
    let document = call(handler, Operation::DescribeServices, json!({})).await.unwrap();
    assert_eq!(document, json!({"services": [{"comingSoon": {"a": [1.5, null]}}], "alsoNew": 1}));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_the_sdk_cannot_parse_comes_back_all_the_same() {
    let (handler, _) = answer(200, &[], r#"{"services": "once a list"}"#);
    let document = call(handler, Operation::DescribeServices, json!({})).await.unwrap();
    assert_eq!(document, json!({"services": "once a list"}));
}

#[tokio::test(start_paused = true)]
async fn the_header_names_the_error_before_the_document_does() {
    let headers = &[
        ("x-amzn-errortype", "com.amazonaws.ecs#ClusterNotFoundException:http://internal.amazon.com/"),
        ("x-amzn-requestid", "8b2c"),
    ];
    let error = refused(400, headers, r#"{"__type": "ClientException", "Message": "Cluster not found."}"#).await;
    assert_eq!((error.class, error.code.as_str()), (ErrorClass::NotFound, "ClusterNotFoundException"));
    assert_eq!(error.message, "Cluster not found.");
    assert_eq!(error.request_id.as_deref(), Some("8b2c"));
}

#[tokio::test(start_paused = true)]
async fn the_document_names_the_error_where_no_header_does() {
    let body = r#"{"__type": "com.amazonaws.ecs#AccessDeniedException", "message": "User: x is not authorized"}"#;
    let error = refused(400, &[], body).await;
    assert_eq!((error.class, error.code.as_str()), (ErrorClass::Denied, "AccessDeniedException"));
    assert_eq!(
        error.to_string(),
        "DescribeServices: AccessDeniedException: User: x is not authorized (HTTP 400); \
         allow the action that AWS names in the controller's IAM policy (or permissions boundary, SCP)"
    );
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_not_json_is_transient_and_never_an_empty_document() {
    for (status, body) in [
        (500, "<html>Internal Server Error</html>"),
        (400, "<html>Bad Request</html>"),
        (200, "<html>Welcome</html>"),
        (200, r#"{"services": [{"serviceName": "a"#),
        (200, ""),
        (200, "null"),
        (200, "[]"),
    ] {
        let error = refused(status, &[], body).await;
        assert_eq!((error.class, error.code.as_str()), (ErrorClass::Transient, "NotJson"), "{status} {body}");
        assert!(!error.to_string().contains("html"), "the body is not in {error}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_without_a_code_is_classified_by_its_status() {
    for (status, class) in [(500, ErrorClass::Transient), (403, ErrorClass::Denied), (400, ErrorClass::Invalid)] {
        assert_eq!(refused(status, &[], "{}").await.class, class, "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_asks_to_wait_is_heard() {
    let error = refused(503, &[("retry-after", "7")], r#"{"message": "busy"}"#).await;
    assert_eq!((error.class, error.retry_after), (ErrorClass::Transient, Some(Duration::from_secs(7))));
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_breaks_is_transient() {
    let broken = || Box::pin(async { Err(std::io::ErrorKind::ConnectionReset.into()) }) as Answered;
    let error = call(always(broken).0, Operation::CreateService, json!({})).await.unwrap_err();
    assert_eq!((error.class, error.code.as_str()), (ErrorClass::Transient, "ConnectionFailed"));
    assert_eq!(error.http_status, None);
}

/// What a body gives when it is asked for more.
type Frames = Poll<Option<Result<Frame<Bytes>, std::io::Error>>>;

/// A body of which the beginning comes, and then this.
struct Cut(Option<&'static str>, fn() -> Frames);

impl Body for Cut {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Frames {
        match self.0.take() {
            Some(beginning) => Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(beginning.as_bytes()))))),
            None => (self.1)(),
        }
    }
}

async fn cut(then: fn() -> Frames) -> AwsError {
    let body = SdkBody::from_body_1_x(Cut(Some(r#"{"services":"#), then));
    let mut response = HttpResponse::new(StatusCode::try_from(200).unwrap(), body);
    Answer::of(&mut response).read::<Value>(Operation::DescribeServices).await.unwrap_err()
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_breaks_off_or_stalls_is_transient() {
    let broken = cut(|| Poll::Ready(Some(Err(std::io::ErrorKind::ConnectionReset.into())))).await;
    assert_eq!(broken.class, ErrorClass::Transient);
    assert_eq!(broken.to_string(), "DescribeServices: AnswerLost: connection reset");
    let ended = cut(|| Poll::Ready(None)).await;
    assert_eq!((ended.class, ended.code.as_str()), (ErrorClass::Transient, "NotJson"));
    let stalled = cut(|| Poll::Pending).await;
    assert_eq!(stalled.class, ErrorClass::Transient);
    assert_eq!(stalled.to_string(), "DescribeServices: Timeout: no answer within 20 s");
}
