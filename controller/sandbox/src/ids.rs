//! Identifiers that look like AWS's and follow from the seed alone.

/// A stream of pseudo-random numbers (SplitMix64: tiny, and the same on every platform and in every release).
#[derive(Clone, Debug)]
pub(crate) struct Ids(u64);

impl Ids {
    /// A stream of its own for whatever `label` names, so that one consumer does not move another's numbers.
    pub(crate) fn labelled(seed: u64, label: &str) -> Self {
        // FNV-1a, 64 bit.
        let hash = label
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
        Self(seed ^ hash)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number in `[0, 1)`.
    pub(crate) fn fraction(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// 32 hexadecimal digits, as task ids have them.
    pub(crate) fn hex(&mut self) -> String {
        format!("{:016x}{:016x}", self.next(), self.next())
    }

    /// `ecs-svc/` and 19 digits, as deployments and task sets have them.
    pub(crate) fn deployment(&mut self) -> String {
        format!("ecs-svc/{}", 1_000_000_000_000_000_000 + self.next() % 9_000_000_000_000_000_000)
    }

    /// A version 4 UUID.
    pub(crate) fn uuid(&mut self) -> String {
        let (a, b) = (self.next(), self.next());
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            a >> 32,
            (a >> 16) & 0xffff,
            a & 0xfff,
            0x8000 | ((b >> 48) & 0x3fff),
            b & 0xffff_ffff_ffff
        )
    }

    /// Puts a list into an arbitrary order, for what AWS returns in no order.
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, (self.next() % (last as u64 + 1)) as usize);
        }
    }
}
