//! Rules about scheduled actions.

use jiff::civil;

use super::capacity;
use crate::catalogue::Problem;
use crate::validate::node::Node;

pub(super) fn check(action: &Node<'_>, found: &mut Vec<Problem>) {
    let name = action.member("ScheduledActionName");
    // Application Auto Scaling API reference, PutScheduledAction.
    let refused = |text: &str| {
        text.contains([':', '/', '|']) || text.contains(char::is_control) || text.trim_matches(' ') != text
    };
    if let Some(text) = name.text().filter(|text| refused(text)) {
        let message = format!("AWS refuses the name {text:?}; leave out `:`, `/`, `|` and spaces at its ends");
        found.push(name.error("invalid-name", message));
    }
    let schedule = action.member("Schedule");
    match schedule.text() {
        None if !schedule.exists() => found.push(action.error("missing-member", "`Schedule` is missing")),
        Some(text) if !understood(text) => {
            let message = format!(
                "{text:?} is no schedule; write at(2030-01-31T09:00:00), rate(5 minutes), or cron(0 9 * * ? *) with \
                 its six fields: minutes, hours, day of month, month, day of week, year"
            );
            found.push(schedule.error("schedule", message));
        }
        _ => {}
    }
    let target = action.member("ScalableTargetAction");
    if !target.member("MinCapacity").exists() && !target.member("MaxCapacity").exists() {
        let place = if target.exists() { &target } else { action };
        let message = "`ScalableTargetAction` needs `MinCapacity`, `MaxCapacity` or both";
        found.push(place.error("scheduled-capacity", message));
    }
    capacity(&target, found);
    let [start, end] = ["StartTime", "EndTime"].map(|name| action.member(name));
    if let (Some(from), Some(to)) = (start.number(), end.number())
        && from >= to
    {
        found.push(end.error("schedule-end", "the end is not after the start"));
    }
}

/// `at(yyyy-mm-ddThh:mm:ss)`, `rate(value unit)` or `cron(six fields)`.
fn understood(schedule: &str) -> bool {
    let Some((kind, inside)) = schedule.trim().strip_suffix(')').and_then(|text| text.split_once('(')) else {
        return false;
    };
    let words: Vec<_> = inside.split_whitespace().collect();
    match (kind, words.as_slice()) {
        ("at", [time]) => time.parse::<civil::DateTime>().is_ok(),
        ("rate", [value, unit]) => {
            let units = ["minute", "minutes", "hour", "hours", "day", "days"];
            value.parse::<u32>().is_ok_and(|value| value > 0) && units.contains(unit)
        }
        ("cron", fields) => fields.len() == 6,
        _ => false,
    }
}
