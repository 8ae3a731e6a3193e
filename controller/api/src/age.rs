//! Ages as kube prints them.

use jiff::Timestamp;

/// The time from `since` to `now` in one or two units: `45s`, `5m3s`, `3h5m`, `2d`, with the thresholds of kubectl, so
/// that both print the same. A time to come is `0s`.
pub fn age(since: Timestamp, now: Timestamp) -> String {
    const MINUTE: i64 = 60;
    const HOUR: i64 = 60 * MINUTE;
    const DAY: i64 = 24 * HOUR;
    const YEAR: i64 = 365 * DAY;
    let seconds = now.duration_since(since).as_secs().max(0);
    let two = |unit: i64, name: &str, part: i64, part_name: &str| match seconds % unit / part {
        0 => format!("{}{name}", seconds / unit),
        rest => format!("{}{name}{rest}{part_name}", seconds / unit),
    };
    if seconds < 2 * MINUTE {
        format!("{seconds}s")
    } else if seconds < 10 * MINUTE {
        two(MINUTE, "m", 1, "s")
    } else if seconds < 3 * HOUR {
        format!("{}m", seconds / MINUTE)
    } else if seconds < 8 * HOUR {
        two(HOUR, "h", MINUTE, "m")
    } else if seconds < 2 * DAY {
        format!("{}h", seconds / HOUR)
    } else if seconds < 8 * DAY {
        two(DAY, "d", HOUR, "h")
    } else if seconds < 2 * YEAR {
        format!("{}d", seconds / DAY)
    } else if seconds < 8 * YEAR {
        two(YEAR, "y", DAY, "d")
    } else {
        format!("{}y", seconds / YEAR)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;

    #[test]
    fn ages_read_as_kubectl_prints_them() {
        let since = Timestamp::UNIX_EPOCH;
        let after = |seconds| age(since, since + SignedDuration::from_secs(seconds));
        let ages: Vec<String> =
            [-5, 0, 119, 120, 303, 600, 11_100, 10_800, 28_800, 172_800, 176_400, 691_200, 70_000_000]
                .map(after)
                .into();
        let expected = ["0s", "0s", "119s", "2m", "5m3s", "10m", "3h5m", "3h", "8h", "2d", "2d1h", "8d", "2y80d"];
        assert_eq!(ages, expected);
    }
}
