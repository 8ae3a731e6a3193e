use evenkeel_core::operation::Access;

use super::*;

#[tokio::test(start_paused = true)]
async fn members_that_nobody_knows_arrive_as_they_were_sent() {
    let body = json!({
        "cluster": "shop",
        "comingSoon": {"nested": [1, 2.5, null, "ü"], "big": 9_007_199_254_740_993_u64},
        "desiredCount": "not even the type that the SDK knows",
    });
    let (handler, seen) = answer(200, &[], "{}");
    call(handler, Operation::UpdateService, body.clone()).await.unwrap();
    let seen = seen.lock().unwrap();
    assert_eq!(String::from_utf8_lossy(seen[0].body()), body.to_string());
    assert_eq!(header(&seen[0], "content-length"), body.to_string().len().to_string());
    assert_eq!(header(&seen[0], "content-type"), "application/x-amz-json-1.1");
}

#[tokio::test(start_paused = true)]
async fn each_operation_reaches_its_own_target() {
    let (handler, seen) = answer(200, &[], "{}");
    let gateway = gateway(&account(), handler).await;
    for operation in Operation::ALL {
        gateway.call(*operation, &json!({})).await.unwrap_or_else(|error| panic!("{error}"));
        let request = seen.lock().unwrap().pop().unwrap();
        assert_eq!(header(&request, "x-amz-target"), operation.target());
        assert_eq!(request.body(), b"{}", "{operation}");
        let host = match operation.service() {
            evenkeel_core::operation::AwsService::Ecs => "ecs",
            evenkeel_core::operation::AwsService::ApplicationAutoScaling => "application-autoscaling",
            evenkeel_core::operation::AwsService::CodeDeploy => "codedeploy",
        };
        assert_eq!(request.uri().to_string(), format!("https://{host}.ap-northeast-1.amazonaws.com/"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_read_only_gateway_lets_reads_out_and_no_write() {
    let (handler, seen) = answer(200, &[], "{}");
    let gateway = gateway(&account(), handler).await.read_only(true);
    for operation in Operation::ALL {
        let result = gateway.call(*operation, &json!({})).await;
        let sent = seen.lock().unwrap().pop();
        match operation.access() {
            Access::Read => assert!(result.is_ok() && sent.is_some(), "{operation}"),
            Access::Write => {
                let error = result.unwrap_err();
                assert_eq!((error.class, error.code.as_str()), (ErrorClass::Denied, "ReadOnly"));
                assert!(sent.is_none(), "{operation}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn requests_bear_the_region_the_clock_and_the_account_of_the_role() {
    let role = Some("arn:aws:iam::210987654321:role/evenkeel".to_owned());
    let (handler, seen) = answer(200, &[], "{}");
    let gateway = gateway(&Account { assume_role_arn: role, ..account() }, handler).await;
    gateway.call(Operation::ListServices, &json!({})).await.unwrap();
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 1, "no role is assumed in process");
    let authorization = header(&seen[0], "authorization");
    assert!(authorization.contains("Credential=210987654321/19700101/ap-northeast-1/ecs/"), "{authorization}");
    assert_eq!(header(&seen[0], "x-amz-date"), "19700101T000000Z");
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_of_the_account_serves_every_service() {
    let url = Some("http://127.0.0.1:5000".to_owned());
    let (handler, seen) = answer(200, &[], "{}");
    let gateway = gateway(&Account { endpoint_url: url, ..account() }, handler).await;
    gateway.call(Operation::ListServices, &json!({})).await.unwrap();
    gateway.call(Operation::DescribeScalableTargets, &json!({})).await.unwrap();
    for request in &*seen.lock().unwrap() {
        assert_eq!(request.uri().to_string(), "http://127.0.0.1:5000/");
    }
}

#[tokio::test(start_paused = true)]
async fn a_throttled_call_is_made_once_and_recorded_once() {
    let (handler, seen) = answer(400, &[], r#"{"__type": "ThrottlingException", "message": "Rate exceeded"}"#);
    let records = Arc::new(Mutex::new(Vec::<CallRecord>::new()));
    let log = records.clone();
    let gateway = Gateway::connect(
        &account(),
        Transport::InProcess(handler),
        Arc::new(|| SystemTime::UNIX_EPOCH),
        Some(Arc::new(move |record| log.lock().unwrap().push(record))),
    )
    .await;
    let error = gateway.call(Operation::UpdateService, &json!({})).await.unwrap_err();
    assert_eq!((error.class, error.code.as_str()), (ErrorClass::Throttled, "ThrottlingException"));
    assert_eq!(seen.lock().unwrap().len(), 1);
    let records = records.lock().unwrap();
    assert_eq!(records.len(), 1);
    assert!(records[0].throttled());
    assert_eq!((records[0].operation, records[0].outcome_label()), (Operation::UpdateService, "throttled"));
}
