//! Lines and columns.

use proptest::prelude::*;

use super::*;

fn at(path: &str, text: &str, pointer: &str, at_key: bool) -> (usize, usize) {
    let (documents, fault) = read(path, text.as_bytes());
    assert_eq!(fault, None);
    let location = documents[0].locate(pointer, at_key);
    (location.line, location.column)
}

#[test]
fn names_and_values_are_found_in_yaml() {
    let text = "kind: Service\nspec:\n  list:\n    - a: 1\n      b: {c: [x, yy]}\n    - |\n      text\n  'quo ted': 2\n  a/b~c: 3\n";
    for (pointer, key, value) in [
        ("/kind", (1, 1), (1, 7)),
        ("/spec", (2, 1), (3, 3)),
        ("/spec/list", (3, 3), (4, 5)),
        ("/spec/list/0", (4, 7), (4, 7)),
        ("/spec/list/0/b", (5, 7), (5, 10)),
        ("/spec/list/0/b/c", (5, 11), (5, 14)),
        ("/spec/list/0/b/c/1", (5, 18), (5, 18)),
        ("/spec/list/1", (6, 7), (6, 7)),
        ("/spec/quo ted", (8, 3), (8, 14)),
        ("/spec/a~1b~0c", (9, 3), (9, 10)),
    ] {
        assert_eq!(at("a.yaml", text, pointer, true), key, "{pointer}");
        assert_eq!(at("a.yaml", text, pointer, false), value, "{pointer}");
    }
}

#[test]
fn what_is_missing_is_placed_at_the_nearest_node_around_it() {
    for (path, text) in [("a.yaml", "a: 1\nb:\n  c: x\n"), ("a.json", "{\"a\": 1,\n\"b\":\n  {\"c\": \"x\"}}")] {
        assert_eq!(at(path, text, "/b/d/e", true), (3, 3));
        assert_eq!(at(path, text, "/d", false), (1, 1));
        assert_eq!(at(path, text, "/b/c/0", false).0, 3);
        assert_eq!(at(path, text, "", false), (1, 1));
    }
}

#[test]
fn what_a_merge_key_brought_is_found_where_it_is_written() {
    let text = "base: &b\n  x: 1\n  deep: {z: 1}\nuse:\n  <<: *b\n  y: 2\nlist:\n  <<:\n    - {q: 1}\n    - *b\n";
    assert_eq!(at("a.yaml", text, "/use/x", false), (2, 6));
    assert_eq!(at("a.yaml", text, "/use/deep/z", true), (3, 10));
    assert_eq!(at("a.yaml", text, "/use/y", true), (6, 3));
    assert_eq!(at("a.yaml", text, "/list/q", false), (9, 11));
    assert_eq!(at("a.yaml", text, "/list/x", true), (2, 3));
    assert_eq!(at("a.yaml", text, "/use/none", true), (5, 3));
}

#[test]
fn places_are_of_the_text_as_an_editor_shows_it() {
    let text = "\u{feff}é: ü\nb: 1\n";
    let (documents, _) = read("a.yaml", &utf16(text, u16::to_le_bytes));
    assert_eq!(documents[0].locate("/é", false), Location { line: 1, column: 4 });
    assert_eq!(at("a.json", "{\"éé\": 1}", "/éé", false), (1, 8));
}

/// A document as text, and where each of its nodes and names was put.
#[derive(Default)]
struct Written {
    text: String,
    places: Vec<(String, Location, Option<Location>)>,
}

impl Written {
    fn here(&self) -> Location {
        Location::of(&self.text, self.text.len())
    }

    /// JSON, with some line breaks; all of it is YAML's flow style as well.
    fn flow(&mut self, value: &Value, pointer: &str, key: Option<Location>) {
        self.places.push((pointer.to_owned(), self.here(), key));
        match value {
            Value::Object(map) => {
                self.text.push('{');
                for (index, (name, child)) in map.iter().enumerate() {
                    self.text.push_str(if index == 0 { " " } else { ",\n  " });
                    let key = self.here();
                    self.text += &format!("{}: ", Value::from(name.as_str()));
                    self.flow(child, &crate::catalogue::pointer::join(pointer, name), Some(key));
                }
                self.text.push('}');
            }
            Value::Array(items) => {
                self.text.push('[');
                for (index, child) in items.iter().enumerate() {
                    self.text.push_str(if index == 0 { "" } else { ", " });
                    self.flow(child, &format!("{pointer}/{index}"), None);
                }
                self.text.push(']');
            }
            scalar => self.text += &scalar.to_string(),
        }
    }

    /// YAML's block style, the first line of which begins where the text ends.
    fn block(&mut self, value: &Value, pointer: &str, key: Option<Location>, indent: usize) {
        self.places.push((pointer.to_owned(), self.here(), key));
        let line = |text: &mut String, first: bool| {
            if !first {
                *text += &format!("\n{}", " ".repeat(indent));
            }
        };
        match value {
            Value::Object(map) if !map.is_empty() => {
                for (index, (name, child)) in map.iter().enumerate() {
                    line(&mut self.text, index == 0);
                    let key = self.here();
                    self.text += &format!("{}:", Value::from(name.as_str()));
                    let nested = child.as_object().is_some_and(|m| !m.is_empty())
                        || child.as_array().is_some_and(|l| !l.is_empty());
                    self.text += &if nested { format!("\n{}", " ".repeat(indent + 2)) } else { " ".to_owned() };
                    self.block(child, &crate::catalogue::pointer::join(pointer, name), Some(key), indent + 2);
                }
            }
            Value::Array(items) if !items.is_empty() => {
                for (index, child) in items.iter().enumerate() {
                    line(&mut self.text, index == 0);
                    self.text += "- ";
                    self.block(child, &format!("{pointer}/{index}"), None, indent + 2);
                }
            }
            scalar => self.text += &scalar.to_string(),
        }
    }
}

fn documents() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[a-zé:#~/ \"\\\\]{0,6}".prop_map(Value::from),
    ];
    let node = scalar.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-zé:~/ \"]{0,5}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    });
    // An empty document has no nodes to find.
    node.prop_filter("a document with content", |value| !value.is_null())
}

proptest! {
    #[test]
    fn every_node_and_name_of_any_document_is_found_where_it_stands(value in documents()) {
        let (mut flow, mut block) = (Written::default(), Written::default());
        flow.flow(&value, "", None);
        block.block(&value, "", None, 0);
        for (path, written) in [("a.json", &flow), ("a.yaml", &flow), ("a.yaml", &block)] {
            let (documents, fault) = read(path, written.text.as_bytes());
            prop_assert_eq!(fault, None, "{}", &written.text);
            prop_assert_eq!(&documents[0].value, &value, "{}", &written.text);
            for (pointer, place, key) in &written.places {
                prop_assert_eq!(documents[0].locate(pointer, false), *place, "{} in {}", pointer, &written.text);
                if let Some(key) = key {
                    prop_assert_eq!(documents[0].locate(pointer, true), *key, "name {} in {}", pointer, &written.text);
                }
            }
        }
    }
}

#[test]
fn where_a_document_begins_is_where_its_root_stands() {
    for text in [
        "a: 1\n",
        "# comment\n\n  a: 1\n",
        "---\na: 1\n---\n# why\nb: 2\n",
        "--- {a: 1}\n--- # why\n\n- b\n...\n%YAML 1.1\n--- \nc: 1\n...\n",
        "a: |\n  ---\n  text\n---\n---\nb: '--- # no'\n---\tc\n",
        "---x: 1\n....: 2\n",
        "\u{feff}# first\n---\n[1,\n2]\n---\nz\n",
        "a: 1\r\n---\r\nb: 1\r\n",
        "",
        "# nothing\n",
        "---\n",
    ] {
        let (documents, fault) = read("a.yaml", text.as_bytes());
        assert_eq!(fault, None, "{text:?}");
        for document in documents {
            assert_eq!(document.start, document.locate("", false), "document {} of {text:?}", document.index);
        }
    }
    assert_eq!(read("a.json", b"\n {}").0[0].start, Location { line: 2, column: 2 });
}
