//! The API as clients see it: requests in, answers out, over a store in a temporary directory.

#![allow(clippy::unwrap_used)]

mod access;
mod discovers;
mod fuzz;
mod masks;
mod odd;
mod reads;
mod tables;
mod watches;
mod writes;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use evenkeel_core::object::{Kind, Object, ObjectKey};
use evenkeel_store::{Batch, Committed, Options, Store, Write};
use http_body_util::BodyExt;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::{ApiState, router};

const OWN: &str = "/apis/evenkeel.dev/v1alpha1";
const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
const METADATA: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

/// When the sample objects were made; five minutes later is now.
fn made() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

/// An API over the sample objects.
struct Api {
    store: Store,
    router: Router,
}

impl Api {
    async fn empty() -> Self {
        Self::with(Options { store_id: Some(1), ..Options::default() }).await
    }

    async fn with(options: Options) -> Self {
        Self::changed(options, |_| {}).await
    }

    /// With other answers than those of a store by itself.
    async fn changed(options: Options, change: impl FnOnce(&mut ApiState)) -> Self {
        let store = Store::temporary(options).await.unwrap();
        let clock = Arc::new(|| made() + SignedDuration::from_mins(5));
        let mut state = ApiState::of(store.clone(), clock);
        change(&mut state);
        Self { store, router: router(state) }
    }

    async fn sample() -> Self {
        Self::empty().await.filled().await
    }

    async fn filled(self) -> Self {
        let api = self;
        let objects: Vec<Object> = serde_json::from_str(include_str!("../../fixtures/objects.json")).unwrap();
        for object in objects {
            api.apply(object).await;
        }
        api
    }

    async fn commit(&self, write: Write) -> Committed {
        self.store.commit(Batch::new(made(), vec![write])).await.unwrap()
    }

    /// Stores an object, with its status if it has one.
    async fn apply(&self, object: Object) {
        let (key, status) = (object.key(), object.status.clone());
        self.commit(Write::Apply(object)).await;
        if !status.is_null() {
            self.commit(Write::Status { key, status }).await;
        }
    }

    async fn send(&self, method: Method, path: &str, accept: &str) -> (StatusCode, HeaderMap, Body) {
        let request = Request::builder().method(method).uri(path).header(header::ACCEPT, accept);
        let response = self.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        (parts.status, parts.headers, body)
    }

    async fn answer(&self, method: Method, path: &str, accept: &str) -> (u16, Value) {
        let (status, _, body) = self.send(method, path, accept).await;
        let bytes = body.collect().await.unwrap().to_bytes();
        (status.as_u16(), serde_json::from_slice(&bytes).unwrap())
    }

    /// Sends a body, and gives the status, the answer and the warnings.
    async fn try_write(&self, method: Method, path: &str, media: &str, body: &Value) -> (u16, Value, Vec<String>) {
        let request = Request::builder().method(method).uri(path).header(header::CONTENT_TYPE, media);
        let response = self.router.clone().oneshot(request.body(Body::from(body.to_string())).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let warnings =
            parts.headers.get_all(header::WARNING).iter().map(|it| it.to_str().unwrap().to_owned()).collect();
        let bytes = body.collect().await.unwrap().to_bytes();
        (parts.status.as_u16(), serde_json::from_slice(&bytes).unwrap(), warnings)
    }

    async fn write(&self, method: Method, path: &str, media: &str, body: &Value) -> (u16, Value) {
        let (code, answer, _) = self.try_write(method, path, media, body).await;
        (code, answer)
    }

    async fn get_as(&self, path: &str, accept: &str) -> Value {
        let (status, value) = self.answer(Method::GET, path, accept).await;
        assert_eq!(status, 200, "{path}: {value}");
        value
    }

    async fn get(&self, path: &str) -> Value {
        self.get_as(path, "application/json").await
    }

    async fn names(&self, path: &str) -> Vec<String> {
        names(&self.get(path).await)
    }
}

/// `namespace/name` of each item of a list.
fn names(list: &Value) -> Vec<String> {
    list["items"].as_array().unwrap().iter().map(name).collect()
}

fn name(object: &Value) -> String {
    let part = |member: &str| object["metadata"][member].as_str();
    match part("namespace") {
        Some(namespace) => format!("{namespace}/{}", part("name").unwrap()),
        None => part("name").unwrap().to_owned(),
    }
}

fn service(namespace: &str, name: &str) -> Object {
    Object::new(&ObjectKey::new(Kind::Service, namespace, name), json!({"service": {}}))
}
