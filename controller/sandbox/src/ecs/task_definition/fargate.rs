//! Task sizes: how cpu and memory are written, and which pairs Fargate has.

/// CPU units from `1024`, `1 vCPU`, `.25 vcpu`; nothing for anything else. AWS does not publish the exact grammar.
pub(super) fn cpu_units(text: &str) -> Option<i64> {
    number(text, "vcpu", 1024.0)
}

/// MiB from `2048`, `2GB`, `0.5 GB`; nothing for anything else.
pub(super) fn memory_mib(text: &str) -> Option<i64> {
    number(text, "gb", 1024.0)
}

fn number(text: &str, unit: &str, factor: f64) -> Option<i64> {
    let text = text.trim().to_ascii_lowercase();
    match text.strip_suffix(unit) {
        Some(amount) => {
            let amount: f64 = amount.trim().parse().ok()?;
            let scaled = amount * factor;
            (scaled.is_finite() && scaled > 0.0 && scaled.fract() == 0.0).then_some(scaled as i64)
        }
        None => text.parse().ok().filter(|number| *number > 0),
    }
}

/// Whether Fargate offers the pair (Amazon ECS developer guide, "Task CPU and memory").
pub(super) fn is_pair(cpu: i64, memory: i64, windows: bool) -> bool {
    let (low, high, step) = match cpu {
        256 if !windows => return matches!(memory, 512 | 1024 | 2048),
        512 if !windows => (1024, 4096, 1024),
        1024 => (2048, 8192, 1024),
        2048 => (4096, 16_384, 1024),
        4096 => (8192, 30_720, 1024),
        8192 if !windows => (16_384, 61_440, 4096),
        16_384 if !windows => (32_768, 122_880, 8192),
        _ => return false,
    };
    (low..=high).contains(&memory) && memory % step == 0
}
