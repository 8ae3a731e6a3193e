//! A run over the API's own OpenAPI: requests as it describes them, and as it does not, each answered as kube clients
//! can read it.

use super::*;
use crate::Origin;

/// Requests of one run; about five seconds.
const REQUESTS: usize = 6_000;

/// Everything that the API says can be asked.
struct Described {
    operations: Vec<Operation>,
    schemas: Value,
}

struct Operation {
    method: Method,
    path: String,
    /// Names and schemas of what stands in the query.
    query: Vec<(String, Value)>,
    /// Content types, with the schema that a body may be made from.
    bodies: Vec<(String, Value)>,
}

impl Described {
    async fn by(api: &Api) -> Self {
        let mut described = Self { operations: Vec::new(), schemas: json!({}) };
        let index = api.get("/openapi/v3").await;
        for place in index["paths"].as_object().unwrap().values() {
            let document = api.get(place["serverRelativeURL"].as_str().unwrap()).await;
            for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
                described.schemas[name] = schema.clone();
            }
            for (path, item) in document["paths"].as_object().unwrap() {
                let methods = item.as_object().unwrap().iter().filter(|(method, _)| *method != "parameters");
                described.operations.extend(methods.map(|(method, operation)| Operation::of(path, method, operation)));
            }
        }
        described
    }
}

impl Operation {
    fn of(path: &str, method: &str, operation: &Value) -> Self {
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        let query = parameters.iter().map(|it| (it["name"].as_str().unwrap().to_owned(), it["schema"].clone()));
        // What comes back is what may be sent: requests say no more than "an object".
        let code = if method == "post" { "201" } else { "200" };
        let object = &operation["responses"][code]["content"]["application/json"]["schema"];
        let content = operation["requestBody"]["content"].as_object().cloned().unwrap_or_default();
        Self {
            method: method.to_uppercase().parse().unwrap(),
            path: path.to_owned(),
            query: query.collect(),
            bodies: content.keys().map(|media| (media.clone(), object.clone())).collect(),
        }
    }
}

/// Makes values up.
struct Dice(fastrand::Rng);

const TEXTS: [&str; 14] = [
    "",
    "web",
    "shop",
    "stage",
    "All",
    "true",
    "0",
    "18446744073709551615",
    "-1",
    "metadata.name=web",
    "a in (b",
    "\u{0}\u{7f}",
    "../..",
    "é水\u{202e}",
];

impl Dice {
    fn one_in(&mut self, count: u32) -> bool {
        self.0.u32(0..count) == 0
    }

    fn pick<'a, T>(&mut self, among: &'a [T]) -> &'a T {
        &among[self.0.usize(0..among.len())]
    }

    fn text(&mut self) -> String {
        match self.one_in(8) {
            true => std::iter::repeat_with(|| self.0.char(..)).take(20).collect(),
            false => (*self.pick(&TEXTS)).to_owned(),
        }
    }

    /// Any value at all.
    fn any(&mut self, depth: usize) -> Value {
        match self.0.u32(0..if depth == 0 { 5 } else { 7 }) {
            0 => Value::Null,
            1 => self.0.bool().into(),
            2 => self.0.i64(..).into(),
            3 => (self.0.f64() * 1e300).into(),
            4 => self.text().into(),
            5 => (0..self.0.usize(0..4)).map(|_| self.any(depth - 1)).collect(),
            _ => (0..self.0.usize(0..4))
                .map(|_| (self.text(), self.any(depth - 1)))
                .collect::<serde_json::Map<_, _>>()
                .into(),
        }
    }

    /// A value as a schema has it, mostly.
    fn value(&mut self, schema: &Value, schemas: &Value, depth: usize) -> Value {
        if depth == 0 || self.one_in(40) {
            return self.any(2);
        }
        if let Some(reference) = schema["$ref"].as_str() {
            let name = reference.rsplit('/').next().unwrap();
            return self.value(&schemas[name], schemas, depth - 1);
        }
        if let Some(choices) = ["allOf", "anyOf", "oneOf"].iter().find_map(|word| schema[*word].as_array()) {
            let choice = self.pick(choices).clone();
            return self.value(&choice, schemas, depth - 1);
        }
        if let Some(known) = schema["enum"].as_array() {
            return self.pick(known).clone();
        }
        match schema["type"].as_str() {
            Some("object") => {
                let mut members = serde_json::Map::new();
                for (name, member) in schema["properties"].as_object().into_iter().flatten() {
                    if self.one_in(3) || ["metadata", "spec"].contains(&name.as_str()) {
                        members.insert(name.clone(), self.value(member, schemas, depth - 1));
                    }
                }
                if self.one_in(4) {
                    members.insert(self.text(), self.any(2));
                }
                members.into()
            }
            Some("array") => {
                (0..self.0.usize(0..3)).map(|_| self.value(&schema["items"], schemas, depth - 1)).collect()
            }
            Some("integer") => self.0.i32(-2..100_000).into(),
            Some("boolean") => self.0.bool().into(),
            Some("number") => self.0.f64().into(),
            _ => self.text().into(),
        }
    }

    fn body(&mut self, media: &str, schema: &Value, schemas: &Value) -> Vec<u8> {
        match self.0.u32(0..10) {
            0 => std::iter::repeat_with(|| self.0.u8(..)).take(64).collect(),
            1 => Vec::new(),
            2 => self.any(4).to_string().into_bytes(),
            _ if media.contains("json-patch") => {
                let step = |dice: &mut Self| {
                    let paths = ["/metadata/labels/a", "/metadata/annotations", "/spec/service/tags/-", "", "/x~1/0"];
                    let op = *dice.pick(&["add", "remove", "replace", "move", "copy", "test", "jump"]);
                    let (path, from) = (*dice.pick(&paths), *dice.pick(&paths));
                    json!({"op": op, "path": path, "from": from, "value": dice.any(2)})
                };
                (0..3).map(|_| step(self)).collect::<Value>().to_string().into_bytes()
            }
            _ => {
                let mut object = self.value(schema, schemas, 9);
                // Mostly of the right kind and name, so that what is below is looked at.
                if object.is_object() && !self.one_in(5) {
                    for member in ["apiVersion", "kind", "status"] {
                        object.as_object_mut().unwrap().remove(member);
                    }
                    if let Some(metadata) = object["metadata"].as_object_mut() {
                        metadata.retain(|name, _| ["labels", "annotations"].contains(&name.as_str()));
                        metadata.insert("name".into(), "web".into());
                    }
                }
                object.to_string().into_bytes()
            }
        }
    }
}

/// A text as it may stand in an address.
fn escaped(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

#[tokio::test]
async fn requests_made_up_from_the_apis_own_description_get_answers_that_clients_can_read() {
    // All is declared, so that nothing that is asked about is deleted on the way.
    let change = |state: &mut ApiState| {
        let origin = || Origin { file: "all.yaml".into(), line: 1, revision: "x".into(), ..Origin::default() };
        state.origin = Arc::new(move |_| Box::pin(async move { Ok(Some(origin())) }));
    };
    let api = Api::changed(Options { store_id: Some(1), ..Options::default() }, change).await.filled().await;
    let described = Described::by(&api).await;
    assert!(described.operations.len() > 25, "{}", described.operations.len());
    let mut dice = Dice(fastrand::Rng::with_seed(20_260_101));
    let mut codes = std::collections::BTreeMap::<u16, usize>::new();
    for _ in 0..REQUESTS {
        let operation = dice.pick(&described.operations);
        let mut path = operation.path.clone();
        for (parameter, names) in [("{namespace}", ["shop", "stage"]), ("{name}", ["web", "shop"])] {
            let name = if dice.one_in(10) { dice.text() } else { (*dice.pick(&names)).to_owned() };
            path = path.replace(parameter, &escaped(&name));
        }
        let mut query = Vec::new();
        for (name, schema) in &operation.query {
            if dice.one_in(4) {
                let value = match dice.value(schema, &described.schemas, 2) {
                    Value::String(text) => text,
                    other => other.to_string(),
                };
                query.push(format!("{name}={}", escaped(&value)));
            }
        }
        // A watch without end would end the run.
        query.push("timeoutSeconds=0".to_owned());
        let uri = format!("{path}?{}", query.join("&"));
        let mut request = Request::builder().method(&operation.method).uri(&uri);
        let mut body = Vec::new();
        if let Some((media, schema)) = operation.bodies.get(dice.0.usize(0..operation.bodies.len().max(1))) {
            body = dice.body(media, schema, &described.schemas);
            request = request.header(header::CONTENT_TYPE, media);
        }
        let about = |code| format!("{} {uri} {}: {code}", operation.method, String::from_utf8_lossy(&body));
        let response = api.router.clone().oneshot(request.body(Body::from(body.clone())).unwrap()).await.unwrap();
        let code = response.status().as_u16();
        *codes.entry(code).or_default() += 1;
        // 504 is kube's word for a version that is yet to come.
        assert!(code < 500 || code == 504, "{}", about(code));
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/json", "{}", about(code));
        if code < 400 && ["watch=true", "watch=1"].iter().any(|watch| uri.contains(watch)) {
            continue;
        }
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        let answer: Value = serde_json::from_slice(&bytes).unwrap_or_else(|error| panic!("{error}: {}", about(code)));
        assert!(answer["kind"].is_string(), "{}", about(code));
        if code >= 400 {
            assert_eq!((&answer["kind"], &answer["code"]), (&json!("Status"), &json!(code)), "{}", about(code));
            assert!(!answer["message"].as_str().unwrap().is_empty(), "{}", about(code));
        }
        assert!(!answer.to_string().contains("hunter"), "{}", about(code));
    }
    // It is a run of many kinds, and not of one that is refused at the door.
    for code in [200, 201, 400, 403, 404, 409, 422] {
        assert!(codes.contains_key(&code), "no answer was {code}: {codes:?}");
    }
}
