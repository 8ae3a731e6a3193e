//! What is refused, and where.

use super::*;

fn refused(path: &str, text: &str) -> (&'static str, usize, usize, String) {
    let fault = read(path, text.as_bytes()).1.unwrap_or_else(|| panic!("{text:?} was read"));
    (fault.rule, fault.location.line, fault.location.column, fault.message)
}

#[test]
fn a_file_beyond_the_limit_is_not_parsed() {
    let (documents, fault) = read("a.yaml", &vec![b'['; 50 * 1024 * 1024]);
    assert!(documents.is_empty());
    let fault = fault.unwrap();
    assert_eq!((fault.rule, fault.location), ("file-too-large", Location { line: 1, column: 1 }));
    assert!(fault.message.contains("52428800 bytes"), "{}", fault.message);
}

#[test]
fn bytes_that_are_no_text_are_refused_at_their_place() {
    for (bytes, line, column) in [
        (b"a: 1\nb: \xff".as_slice(), 2, 4),
        (b"\xff\xfe\x00\x00a\x00\x00\x00", 1, 1),
        (b"\xff\xfea\x00:\x00 \x00\x00\xd8", 1, 4),
        (b"\xfe\xff\x00a\x00", 1, 2),
        (b"a: \x07", 1, 4),
    ] {
        let fault = read("a.yaml", bytes).1.unwrap();
        assert_eq!(fault.location, Location { line, column }, "{bytes:?}: {}", fault.message);
    }
}

#[test]
fn a_member_that_stands_twice_is_refused_at_the_second() {
    let yaml = "a:\n  b: 1\n  c: 2\n  b: 3\n";
    assert_eq!(
        refused("a.yaml", yaml),
        ("duplicate-key", 4, 3, "b stands twice in this mapping: remove one".to_owned())
    );
    let json = "{\n \"x\\\"é\": 1,\n  \"x\\\"é\": 2}";
    let (rule, line, column, _) = refused("a.json", json);
    assert_eq!((rule, line, column), ("duplicate-key", 3, 3));
}

#[test]
fn names_of_members_are_text() {
    for (text, hint) in [
        ("labels:\n  8080: x\n", "\"8080\""),
        ("labels:\n  true: x\n", "\"true\""),
        ("labels:\n  1.5: x\n", "\"1.5\""),
        ("labels:\n  ~: x\n", "\"null\""),
        ("labels:\n  ? [a]\n  : x\n", "not a list"),
        ("labels:\n  {{ .Values.x }}\n", "${name}"),
    ] {
        let (rule, line, _, message) = refused("a.yaml", text);
        assert_eq!((rule, line), ("member-name", 2), "{message}");
        assert!(message.contains(hint), "{message}");
    }
}

#[test]
fn tags_infinity_and_endless_numbers_are_refused_where_they_stand() {
    for (text, rule) in [
        ("a: 1\nb: !Ref x\n", "tag"),
        ("a: 1\nb: !Sub [x]\n", "tag"),
        ("a: 1\nb: .nan\n", "number"),
        ("a: 1\nb: -.inf\n", "number"),
        ("a: 1\nb: 123456789012345678901234567890\n", "number"),
    ] {
        let found = refused("a.yaml", text);
        assert_eq!((found.0, found.1, found.2), (rule, 2, 4), "{text}");
    }
}

#[test]
fn broken_syntax_is_told_with_line_and_column() {
    for (path, text, line, column) in [
        ("a.yaml", "a: 1\n b: 2\n", 2, 3),
        ("a.yaml", "a: [1, 2\nb: 3\n", 2, 2),
        ("a.yaml", "a: 1\n\tb: 2\n", 2, 1),
        ("a.yaml", "a: *nobody\n", 1, 4),
        ("a.json", "{\n  \"a\": 1,\n}", 3, 1),
        ("a.json", "{\"a\": 1} x", 1, 10),
        ("a.json", "{\"a\": nul}", 1, 10),
        ("a.json", "{\"é\": 'x'}", 1, 7),
    ] {
        let found = refused(path, text);
        assert_eq!((found.0, found.1, found.2), ("syntax", line, column), "{text:?}: {}", found.3);
    }
}

#[test]
fn aliases_that_unfold_without_end_are_refused_soon() {
    let mut laughs = "l0: &l0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let below = vec![format!("*l{}", level - 1); 10].join(", ");
        laughs += &format!("l{level}: &l{level} [{below}]\n");
    }
    assert!(matches!(refused("a.yaml", &laughs).0, "alias-bomb" | "syntax"));
    let long = format!("a: &a {}\nb: [{}*a]\n", "x".repeat(500_000), "*a, ".repeat(100_000));
    assert_eq!(refused("a.yaml", &long).0, "alias-bomb");
    assert_eq!(refused("a.yaml", "a: &a [*a]\n").0, "syntax");
}

#[test]
fn nesting_without_end_is_refused_and_not_followed() {
    for (path, text) in [
        ("a.yaml", "[".repeat(900_000)),
        ("a.yaml", "{a: ".repeat(200_000)),
        ("a.yaml", "- ".repeat(400_000)),
        ("a.json", "[".repeat(900_000)),
        ("a.json", "{\"a\":".repeat(150_000)),
    ] {
        assert_eq!(refused(path, &text).0, "syntax", "{}", &text[..8]);
    }
    let closed = format!("{}{}", "[".repeat(400_000), "]".repeat(400_000));
    assert_eq!(refused("a.yaml", &closed).0, "syntax");
}

#[test]
fn only_mappings_can_be_merged() {
    let found = refused("a.yaml", "a:\n  b: 1\n  <<: 3\n");
    assert_eq!((found.0, found.1, found.2), ("merge-key", 3, 7));
}
