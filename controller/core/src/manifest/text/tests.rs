#![allow(clippy::unwrap_used)]

mod faults;
mod places;

use std::sync::Arc;

use serde_json::{Value, json};

use super::*;

fn read(path: &str, bytes: &[u8]) -> (Vec<Document>, Option<Fault>) {
    match File::decode(path, Syntax::of(path).unwrap(), bytes) {
        Ok(file) => Arc::new(file).documents(),
        Err(fault) => (Vec::new(), Some(fault)),
    }
}

fn value(path: &str, bytes: &[u8]) -> Value {
    let (documents, fault) = read(path, bytes);
    assert_eq!(fault, None);
    documents[0].value.clone()
}

fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes).collect()
}

#[test]
fn a_byte_order_mark_is_no_content() {
    assert_eq!(value("a.yaml", b"\xef\xbb\xbfa: 1"), json!({"a": 1}));
    assert_eq!(value("a.json", b"\xef\xbb\xbf{\"a\": 1}"), json!({"a": 1}));
}

#[test]
fn utf_16_reads_in_either_byte_order_with_or_without_a_mark() {
    for text in ["\u{feff}a: é😀", "a: é😀"] {
        assert_eq!(value("a.yaml", &utf16(text, u16::to_le_bytes)), json!({"a": "é😀"}));
        assert_eq!(value("a.yaml", &utf16(text, u16::to_be_bytes)), json!({"a": "é😀"}));
    }
}

#[test]
fn windows_line_ends_read_as_any_other() {
    assert_eq!(value("a.yaml", b"a: 1\r\nb:\r\n  - 2\r\n"), json!({"a": 1, "b": [2]}));
}

#[test]
fn yaml_holds_several_documents_and_empty_ones_are_left_out() {
    let (documents, fault) = read("a.yaml", b"# only a comment\n---\na: 1\n---\n---\nb: 2\n...\n");
    assert_eq!(fault, None);
    let found: Vec<_> = documents.iter().map(|document| document.value.clone()).collect();
    assert_eq!(found, [json!({"a": 1}), json!({"b": 2})]);
    assert_eq!(documents[1].locate("/b", false), Location { line: 6, column: 4 });
    for empty in ["", "\n", "# comment\n", "---\n", "null"] {
        assert_eq!(read("a.yaml", empty.as_bytes()), (Vec::new(), None), "{empty:?}");
    }
    assert_eq!(read("a.json", b"  \n").1, None);
}

#[test]
fn the_documents_before_a_broken_one_are_still_told() {
    let (documents, fault) = read("a.yaml", b"a: 1\n---\nb: [\n---\nc: 1\n");
    assert_eq!(documents.len(), 1);
    assert_eq!(fault.unwrap().rule, "syntax");
}

#[test]
fn yes_no_on_and_off_are_text_and_so_are_digits_with_a_leading_zero() {
    assert_eq!(
        value("a.yaml", b"[yes, no, on, off, y, n, 012345678901]"),
        json!(["yes", "no", "on", "off", "y", "n", "012345678901"])
    );
    assert_eq!(
        value("a.yaml", b"[true, null, ~, 1, 1.5, '1', 2026-01-02]"),
        json!([true, null, null, 1, 1.5, "1", "2026-01-02"])
    );
}

#[test]
fn anchors_and_merge_keys_unfold_and_what_is_written_wins() {
    let text = b"base: &b {x: 1, y: 2}\nsame: *b\none: {<<: *b, y: 3}\ntwo:\n  <<: [{z: 9, x: 8}, *b]\n";
    assert_eq!(
        value("a.yaml", text),
        json!({"base": {"x": 1, "y": 2}, "same": {"x": 1, "y": 2}, "one": {"x": 1, "y": 3}, "two": {"x": 8, "y": 2, "z": 9}})
    );
}

#[test]
fn a_json_file_with_escapes_and_tabs_reads_like_any_json() {
    assert_eq!(value("a.json", b"{\t\"a\": \"\\ud83d\\ude00\\/\"}"), json!({"a": "😀/"}));
}

impl PartialEq for Document {
    fn eq(&self, other: &Self) -> bool {
        self.index == other.index && self.value == other.value
    }
}
