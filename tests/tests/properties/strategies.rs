//! Small tools for generating JSON documents.

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::test_runner::{Config, FileFailurePersistence};
use serde_json::{Map, Value};

/// A member that may be absent.
pub(crate) type Member = (&'static str, BoxedStrategy<Option<Value>>);

/// How a property runs: `cases` of them, or as many as `PROPTEST_CASES` says; failures are kept beside the source in
/// `*.regressions`.
pub(crate) fn config(cases: u32) -> Config {
    let asked = |name| std::env::var(name).ok().and_then(|text| text.parse().ok());
    Config {
        cases: asked("PROPTEST_CASES").unwrap_or(cases),
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        // Worlds are large: shrinking stops where a person can take over.
        max_shrink_iters: asked("PROPTEST_MAX_SHRINK_ITERS").unwrap_or(400),
        ..Config::default()
    }
}

/// One of the elements of a JSON list.
pub(crate) fn one(choices: Value) -> BoxedStrategy<Value> {
    let Value::Array(choices) = choices else { panic!("not a list: {choices}") };
    select(choices).boxed()
}

/// `least` or more of the elements of a JSON list, in any order.
pub(crate) fn some(choices: Value, least: usize) -> BoxedStrategy<Value> {
    let Value::Array(choices) = choices else { panic!("not a list: {choices}") };
    let most = choices.len();
    subsequence(choices, least..=most).prop_shuffle().prop_map(Value::Array).boxed()
}

/// A member that is always there.
pub(crate) fn always(name: &'static str, value: impl Strategy<Value = Value> + 'static) -> Member {
    (name, value.prop_map(Some).boxed())
}

/// A member that is there in one of three documents: rare enough that many combinations come up.
pub(crate) fn maybe(name: &'static str, value: impl Strategy<Value = Value> + 'static) -> Member {
    (name, prop::option::weighted(0.33, value).boxed())
}

/// A member with a fixed value.
pub(crate) fn fixed(name: &'static str, value: Value) -> Member {
    always(name, Just(value))
}

/// An object of these members.
pub(crate) fn object(members: Vec<Member>) -> BoxedStrategy<Value> {
    let (names, values): (Vec<_>, Vec<_>) = members.into_iter().unzip();
    values
        .prop_map(move |values| {
            let present = names.iter().zip(values).filter_map(|(name, value)| Some(((*name).to_owned(), value?)));
            Value::Object(present.collect::<Map<_, _>>())
        })
        .boxed()
}

/// The document with another one's members laid over it.
pub(crate) fn with(mut document: Value, members: Value) -> Value {
    if let (Some(document), Value::Object(members)) = (document.as_object_mut(), members) {
        document.extend(members);
    }
    document
}
