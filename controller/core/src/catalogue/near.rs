//! "Did you mean": which known name a misspelled one is near to.

/// The known name that `name` most likely misspells.
///
/// Near is: the same but for case, `_` and `-`; or up to one letter in four off, three at most. Names that differ in
/// their digits are no misspellings: `WINDOWS_SERVER_2028_CORE` is something that AWS has added. `max` and `min`
/// count as spelled out.
pub(super) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = folded(name);
    let allowed = (name.chars().count() / 4).clamp(1, 3);
    known
        .into_iter()
        .map(|candidate| (folded(candidate), candidate))
        .filter(|(folded, _)| digits(folded).eq(digits(&name)))
        .map(|(folded, candidate)| (strsim::osa_distance(&folded, &name), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, candidate)| candidate)
}

fn folded(name: &str) -> String {
    let lower = name.replace(['_', '-'], "").to_lowercase();
    lower.replace("maximum", "max").replace("minimum", "min")
}

fn digits(name: &str) -> impl Iterator<Item = char> {
    name.chars().filter(char::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_misspelled_name_is_near_and_another_word_is_not() {
        let near = |name| nearest(name, ["minimumHealthyPercent", "startTimeout", "cpu", "image"]);
        assert_eq!(near("minHealthyPercent"), Some("minimumHealthyPercent"));
        assert_eq!(near("minimum_healthy_percent"), Some("minimumHealthyPercent"));
        assert_eq!(near("startTimeuot"), Some("startTimeout"));
        assert_eq!(near("CPU"), Some("cpu"));
        assert_eq!(near("cpus"), Some("cpu"));
        assert_eq!(near("gpu"), Some("cpu"));
        assert_eq!(near("drainTimeout"), None);
        assert_eq!(near("imageDigest"), None);
        assert_eq!(near(""), None);
    }

    #[test]
    fn other_digits_make_another_name() {
        assert_eq!(nearest("WINDOWS_SERVER_2028_CORE", ["WINDOWS_SERVER_2025_CORE"]), None);
        assert_eq!(nearest("ARM_64", ["ARM64"]), Some("ARM64"));
    }
}
