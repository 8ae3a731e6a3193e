//! The task sizes that Fargate offers.

/// Memory in MiB that goes with a cpu value: from `least` to `most` in steps.
struct Size {
    cpu: u32,
    least: u32,
    most: u32,
    step: u32,
    windows: bool,
}

/// ECS developer guide, "Task definition parameters for Fargate: task CPU and memory". The smallest cpu has three
/// memory sizes of its own, see [`Size::memory`].
const SIZES: [Size; 7] = [
    Size { cpu: 256, least: 512, most: 2048, step: 512, windows: false },
    Size { cpu: 512, least: 1024, most: 4096, step: 1024, windows: false },
    Size { cpu: 1024, least: 2048, most: 8192, step: 1024, windows: true },
    Size { cpu: 2048, least: 4096, most: 16384, step: 1024, windows: true },
    Size { cpu: 4096, least: 8192, most: 30720, step: 1024, windows: true },
    Size { cpu: 8192, least: 16384, most: 61440, step: 4096, windows: false },
    Size { cpu: 16384, least: 32768, most: 122_880, step: 8192, windows: false },
];

impl Size {
    fn memory(&self) -> impl Iterator<Item = u32> + Clone {
        // 0.25 vCPU goes with 0.5, 1 and 2 GB, not with 1.5 GB.
        let gap = (self.cpu == 256).then_some(1536);
        (self.least..=self.most).step_by(self.step as usize).filter(move |mib| Some(*mib) != gap)
    }
}

/// Checks a Fargate task size, in cpu units and MiB. The error names the sizes nearest to it.
///
/// # Errors
/// Says which value Fargate does not offer and which come nearest.
pub fn check(cpu: u32, memory: u32, windows: bool) -> Result<(), String> {
    let offered = || SIZES.iter().filter(|size| size.windows || !windows);
    let Some(size) = offered().find(|size| size.cpu == cpu) else {
        let nearest = around(offered().map(|size| size.cpu), cpu);
        let system = if windows { " for Windows" } else { "" };
        return Err(format!("Fargate offers no cpu of {cpu} units{system}; the nearest is {nearest}"));
    };
    if size.memory().any(|mib| mib == memory) {
        return Ok(());
    }
    Err(format!(
        "Fargate offers no memory of {memory} MiB with {cpu} cpu units; the nearest is {} (offered: {} to {} MiB)",
        around(size.memory(), memory),
        size.least,
        size.most
    ))
}

/// The nearest of ascending sizes below and above: `512 or 1024`, or one of them at the ends.
fn around(sizes: impl Iterator<Item = u32> + Clone, wanted: u32) -> String {
    let below = sizes.clone().filter(|size| *size < wanted).last();
    let above = sizes.clone().find(|size| *size > wanted);
    let near: Vec<_> = below.into_iter().chain(above).map(|size| size.to_string()).collect();
    near.join(" or ")
}

#[cfg(test)]
mod tests {
    use super::{SIZES, Size, check};

    #[test]
    fn there_are_the_74_sizes_that_aws_documents() {
        assert_eq!(SIZES.iter().map(|size| size.memory().count()).collect::<Vec<_>>(), [3, 4, 7, 13, 23, 12, 12]);
        let all = || SIZES.iter().flat_map(|size: &Size| size.memory().map(|memory| (size.cpu, memory)));
        assert_eq!(all().count(), 74);
        assert!(all().all(|(cpu, memory)| check(cpu, memory, false).is_ok()));
    }

    #[test]
    fn a_size_that_is_not_offered_names_its_neighbours() {
        let no = |cpu, memory, windows| check(cpu, memory, windows).err().unwrap_or_default();
        assert!(no(256, 1536, false).contains("the nearest is 1024 or 2048"));
        assert!(no(256, 4096, false).contains("the nearest is 2048 (offered: 512 to 2048 MiB)"));
        assert!(no(300, 512, false).contains("no cpu of 300 units; the nearest is 256 or 512"));
        assert!(no(32768, 65536, false).contains("the nearest is 16384"));
        assert!(no(512, 1024, true).contains("for Windows; the nearest is 1024"));
    }
}
