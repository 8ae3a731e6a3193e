use tokio::time::sleep;

use super::super::Outcome;
use super::super::Priority::*;
use super::{due, queue, seconds};

#[tokio::test(start_paused = true)]
async fn a_drained_queue_ends_once_nothing_is_worked_on() {
    let queue = queue();
    queue.add("a", Repair, "");
    queue.add("b", Repair, "");
    queue.add_after("c", seconds(5), Repair, "");
    assert_eq!(due(&queue).await.unwrap().key, "a");
    queue.shut_down();

    let workers: Vec<_> = (0..3)
        .map(|_| {
            let queue = queue.clone();
            tokio::spawn(async move { queue.next().await })
        })
        .collect();
    sleep(seconds(60)).await;
    assert!(workers.iter().all(|worker| !worker.is_finished()), "a is still worked on, and nothing else begins");

    queue.done(&"a", Outcome::RequeueAfter(seconds(0), Repair));
    for worker in workers {
        assert_eq!(worker.await.unwrap(), None);
    }
}

#[tokio::test(start_paused = true)]
async fn a_drained_queue_takes_no_more_keys() {
    let queue = queue();
    queue.shut_down();
    queue.add("a", Repair, "");
    queue.resync("b", seconds(1));
    assert_eq!(queue.stats().adds, 0);
    assert_eq!(queue.next().await, None);
}

#[tokio::test(start_paused = true)]
async fn shutting_down_ends_who_waits_for_an_empty_queue() {
    let queue = queue();
    let worker = tokio::spawn({
        let queue = queue.clone();
        async move { queue.next().await }
    });
    sleep(seconds(1)).await;
    queue.shut_down();
    assert_eq!(worker.await.unwrap(), None);
}
