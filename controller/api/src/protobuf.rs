//! Protobuf bodies: kubectl from 1.32 on sends the requests that it has types for so, and falls back to nothing.
//!
//! Only the few members that are looked at are read (Kubernetes API definitions, `generated.proto`); everything else
//! is skipped, as protobuf means it.

use serde_json::{Map, Value, json};

/// What such a body begins with.
const MAGIC: &[u8] = b"k8s\0";

/// A message that is read: field numbers, the names that they have in JSON, and what they hold.
type Message = &'static [(u64, &'static str, Field)];

#[derive(Clone, Copy)]
enum Field {
    Text,
    Message(Message),
}

use Field::{Message as Nested, Text};

const METADATA: Message = &[(1, "name", Text), (2, "generateName", Text), (3, "namespace", Text)];
const RESOURCE_ATTRIBUTES: Message = &[
    (1, "namespace", Text),
    (2, "verb", Text),
    (3, "group", Text),
    (4, "version", Text),
    (5, "resource", Text),
    (6, "subresource", Text),
    (7, "name", Text),
];
const NON_RESOURCE_ATTRIBUTES: Message = &[(1, "path", Text), (2, "verb", Text)];
const ACCESS: Message = &[
    (1, "resourceAttributes", Nested(RESOURCE_ATTRIBUTES)),
    (2, "nonResourceAttributes", Nested(NON_RESOURCE_ATTRIBUTES)),
];

/// The body as JSON, with `kind` and `apiVersion`; `None` when it is no such body.
pub(crate) fn decode(body: &[u8]) -> Option<Value> {
    const TYPE: Message = &[(1, "apiVersion", Text), (2, "kind", Text)];
    let body = body.strip_prefix(MAGIC)?;
    let (mut value, mut raw) = (Value::Null, &[][..]);
    for field in Fields(body) {
        match field? {
            (1, bytes) => value = message(bytes, TYPE)?,
            (2, bytes) => raw = bytes,
            _ => {}
        }
    }
    let shape: Message = match value["kind"].as_str()? {
        "SelfSubjectAccessReview" => &[(1, "metadata", Nested(METADATA)), (2, "spec", Nested(ACCESS))],
        "SelfSubjectRulesReview" => &[(2, "spec", Nested(&[(1, "namespace", Text)]))],
        _ => &[(1, "metadata", Nested(METADATA))],
    };
    for (name, member) in message(raw, shape)?.as_object()? {
        value[name] = member.clone();
    }
    Some(value)
}

fn message(bytes: &[u8], shape: Message) -> Option<Value> {
    let mut members = Map::new();
    for field in Fields(bytes) {
        let (number, bytes) = field?;
        let Some((_, name, field)) = shape.iter().find(|(known, ..)| *known == number) else { continue };
        let value = match field {
            Text => json!(std::str::from_utf8(bytes).ok()?),
            Nested(shape) => message(bytes, shape)?,
        };
        members.insert((*name).to_owned(), value);
    }
    Some(members.into())
}

/// The fields of a message that hold bytes, by number; `None` where it is broken.
struct Fields<'a>(&'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = Option<(u64, &'a [u8])>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if self.0.is_empty() {
                return None;
            }
            match self.field() {
                Some(Some(field)) => return Some(Some(field)),
                Some(None) => {}
                None => {
                    self.0 = &[];
                    return Some(None);
                }
            }
        }
    }
}

impl<'a> Fields<'a> {
    /// The next field, `Some(None)` if it holds a number.
    fn field(&mut self) -> Option<Option<(u64, &'a [u8])>> {
        let tag = self.varint()?;
        let length = match tag & 7 {
            0 => return self.varint().map(|_| None),
            1 => 8,
            2 => usize::try_from(self.varint()?).ok()?,
            5 => 4,
            _ => return None,
        };
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some((tag & 7 == 2).then_some((tag >> 3, bytes)))
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let (first, rest) = self.0.split_first()?;
            self.0 = rest;
            value |= u64::from(first & 0x7f) << shift;
            if first & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
        [&[number << 3 | 2, u8::try_from(bytes.len()).unwrap()], bytes].concat()
    }

    fn body(kind: &str, raw: &[u8]) -> Vec<u8> {
        let of = [field(1, b"authorization.k8s.io/v1"), field(2, kind.as_bytes())].concat();
        [MAGIC.to_vec(), field(1, &of), field(2, raw)].concat()
    }

    #[test]
    fn an_access_review_is_read_and_what_is_not_known_of_it_skipped() {
        let attributes = [field(1, b"shop"), field(2, b"get"), vec![9 << 3, 7], field(5, b"services")].concat();
        let raw = field(2, &field(1, &attributes));
        let expected = json!({
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": {"namespace": "shop", "verb": "get", "resource": "services"}},
        });
        assert_eq!(decode(&body("SelfSubjectAccessReview", &raw)).unwrap(), expected);
    }

    #[test]
    fn what_is_broken_is_no_body() {
        let whole = body("Namespace", &field(1, &field(1, b"shop")));
        assert_eq!(decode(&whole).unwrap()["metadata"]["name"], "shop");
        for length in 5..whole.len() {
            // Cut anywhere it is refused or, where a field ends, shorter; it never panics.
            let _ = decode(&whole[..length]);
        }
        assert!(decode(b"k8s\0\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff").is_none());
        assert!(decode(b"{}").is_none());
    }
}
