//! Task-level cpu and memory with their units.
//!
//! ECS takes `1024`, `1 vCPU`, `.25 vCPU` for cpu and `512`, `1GB`, `0.5 GB` for memory, in any case, and stores the
//! number of cpu units or MiB (ECS developer guide, "Task definition parameters: task size").

/// Cpu units in one vCPU, and MiB in one GB as ECS counts it.
const PER_UNIT: f64 = 1024.0;

/// Cpu units of a task-level `cpu`: `256` and `.25 vCPU` are 256. `None` if it is not in a form that ECS documents.
pub fn parse_cpu(text: &str) -> Option<u32> {
    parse(text, "vcpu")
}

/// MiB of a task-level `memory`: `512` and `0.5 GB` are 512. `None` if it is not in a form that ECS documents.
pub fn parse_memory(text: &str) -> Option<u32> {
    parse(text, "gb")
}

fn parse(text: &str, unit: &str) -> Option<u32> {
    let text = text.trim().to_ascii_lowercase();
    let Some(number) = text.strip_suffix(unit) else {
        return digits(&text).then(|| text.parse().ok()).flatten();
    };
    let number = number.trim_end();
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    // `.25` is fine; `1e3`, `+1` and `inf`, which a float parser takes too, are not.
    if !digits(fraction) || !(whole.is_empty() || digits(whole)) || !number.starts_with(|c: char| c == '.' || digit(c))
    {
        return None;
    }
    let units = format!("{whole}.{fraction}").parse::<f64>().ok()? * PER_UNIT;
    // `as` saturates, and u32::MAX is no size either.
    (units.fract() == 0.0 && units < f64::from(u32::MAX)).then_some(units as u32)
}

fn digits(text: &str) -> bool {
    !text.is_empty() && text.chars().all(digit)
}

fn digit(c: char) -> bool {
    c.is_ascii_digit()
}

#[cfg(test)]
mod tests {
    use super::{parse_cpu, parse_memory};

    #[test]
    fn plain_numbers_are_cpu_units_and_mebibytes() {
        assert_eq!(parse_cpu("256"), Some(256));
        assert_eq!(parse_memory("0512"), Some(512));
    }

    #[test]
    fn units_are_read_in_any_case_with_or_without_a_space() {
        for (text, units) in
            [("1 vCPU", 1024), (".25 vCPU", 256), ("0.25 vcpu", 256), ("2vCPU", 2048), ("16 VCPU", 16384)]
        {
            assert_eq!(parse_cpu(text), Some(units), "{text}");
        }
        for (text, mib) in [("1GB", 1024), ("1 GB", 1024), ("0.5 GB", 512), ("30gb", 30720)] {
            assert_eq!(parse_memory(text), Some(mib), "{text}");
        }
    }

    #[test]
    fn anything_else_is_no_size() {
        for text in [
            "",
            "vCPU",
            "one",
            "-1",
            "+1",
            "1.5",
            "1e3 vCPU",
            "inf vCPU",
            "0.0001 vCPU",
            "1 GB",
            "99999999999",
            ". vCPU",
        ] {
            assert_eq!(parse_cpu(text), None, "{text}");
        }
        assert_eq!(parse_memory("512MB"), None);
        assert_eq!(parse_memory("512 MiB"), None);
    }
}
