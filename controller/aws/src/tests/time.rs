use super::*;

#[tokio::test(start_paused = true)]
async fn a_call_without_an_answer_times_out_as_transient() {
    let (handler, seen) = always(|| Box::pin(std::future::pending()));
    let started = tokio::time::Instant::now();
    let error = call(handler, Operation::UpdateService, json!({})).await.unwrap_err();
    assert_eq!((error.class, error.code.as_str()), (ErrorClass::Transient, "Timeout"));
    assert_eq!(error.to_string(), "UpdateService: Timeout: no answer within 20 s");
    assert_eq!(started.elapsed().as_secs(), 20);
    assert_eq!(seen.lock().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_slow_answer_is_waited_for_in_virtual_time() {
    let slow = || {
        Box::pin(async {
            tokio::time::sleep(Duration::from_secs(19)).await;
            Ok(http::Response::new(b"{}".to_vec()))
        }) as Answered
    };
    let started = tokio::time::Instant::now();
    call(always(slow).0, Operation::UpdateService, json!({})).await.unwrap();
    assert_eq!(started.elapsed().as_secs(), 19);
}
