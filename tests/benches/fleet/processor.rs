//! Time on a processor: unlike time on the wall it does not grow when the machine has other work.

use std::time::Duration;

/// How long this thread has been on a processor (Linux, `/proc/<pid>/schedstat`, first number, nanoseconds).
pub(crate) fn time() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux tells processor times");
    Duration::from_nanos(stat.split(' ').next().unwrap().parse().unwrap())
}
