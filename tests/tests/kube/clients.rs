//! The kube crate's own machinery against the running program: what people write controllers with works beside ours, and
//! sees one set of rules for generations, versions and finalizers, whoever writes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use evenkeel_tests::program::until;
use futures_util::StreamExt;
use kube::api::{ApiResource, DeleteParams, DynamicObject, GroupVersionKind, ListParams, Patch, PatchParams};
use kube::runtime::controller::Action;
use kube::runtime::events::{Event, EventType, Recorder, Reporter};
use kube::runtime::finalizer::{Event as Finalizing, finalizer};
use kube::runtime::reflector::{self, Store};
use kube::runtime::{Controller, WatchStreamExt, watcher};
use kube::{Api, Client, Config, Resource, ResourceExt};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::fixture::{Lab, service};

/// A finalizer that is not ours.
const BOOKS: &str = "example.com/books";

/// Where a reconciler of the kube crate leaves what it saw.
const BOOKED: &str = "example.com/booked-generation";

fn resource() -> ApiResource {
    ApiResource::from_gvk(&GroupVersionKind::gvk("evenkeel.dev", "v1alpha1", "Service"))
}

fn client(lab: &Lab, runtime: &Runtime) -> Client {
    let _inside = runtime.enter();
    Client::try_from(Config::new(lab.controller.url.parse().unwrap())).unwrap()
}

/// What `probe` finds of an object as soon as it finds something.
fn seen<T>(store: &Store<DynamicObject>, name: &str, probe: impl Fn(&DynamicObject) -> Option<T>) -> T {
    until(name, || {
        let object = store.state().into_iter().find(|object| object.name_any() == name).ok_or("it is not there")?;
        probe(&object).ok_or_else(|| format!("{} {}", object.metadata.generation.unwrap_or_default(), object.data))
    })
}

/// The generation of an object that is in line.
fn settled(object: &DynamicObject) -> Option<i64> {
    let generation = object.metadata.generation?;
    let status = &object.data["status"];
    (status["sync"] == "Synced" && status["observedGeneration"] == generation).then_some(generation)
}

#[test]
fn watchers_and_reflectors_follow_git_and_the_controller() {
    let lab = Lab::start();
    let runtime = Runtime::new().unwrap();
    let client = client(&lab, &runtime);
    // Lists and then watches, and watches from the start.
    let configs = [watcher::Config::default().page_size(1), watcher::Config::default().streaming_lists()];
    let followers = configs.map(|config| {
        let writer = reflector::store::Writer::new(resource());
        let store = writer.as_reader();
        let versions = Arc::new(Mutex::new(HashMap::<String, Vec<u64>>::new()));
        let seen = versions.clone();
        let api: Api<DynamicObject> = Api::all_with(client.clone(), &resource());
        let stream = reflector::reflector(writer, watcher(api, config)).touched_objects();
        runtime.spawn(stream.for_each(move |object| {
            let object = object.unwrap();
            let version = object.resource_version().unwrap().parse().unwrap();
            seen.lock().unwrap().entry(object.uid().unwrap()).or_default().push(version);
            std::future::ready(())
        }));
        (store, versions)
    });
    for (store, _) in &followers {
        assert_eq!(seen(store, "web", settled), 1);
    }
    lab.place.write("source/web/service.yaml", &service("web", 6));
    lab.place.write("source/web/more.yaml", &service("more", 4));
    for (store, versions) in &followers {
        let changed = |object: &DynamicObject| {
            (object.data["spec"]["scaling"]["maxCapacity"] == 6).then(|| settled(object)).flatten()
        };
        assert_eq!(seen(store, "web", changed), 2);
        assert_eq!(seen(store, "more", settled), 1);
        for (uid, versions) in versions.lock().unwrap().iter() {
            assert!(versions.is_sorted(), "{uid}: {versions:?}");
        }
    }
    std::fs::remove_file(lab.place.path("source/web/more.yaml")).unwrap();
    for (store, _) in &followers {
        until("more to go", || match store.state().len() {
            1 => Ok(()),
            _ => Err(format!("{:?}", store.state())),
        });
    }
}

/// What a reconciler of the kube crate works with.
struct Context {
    client: Client,
    recorder: Recorder,
    cleaned: Mutex<Vec<String>>,
}

fn api_of(client: &Client, namespace: &str) -> Api<DynamicObject> {
    Api::namespaced_with(client.clone(), namespace, &resource())
}

async fn reconcile(object: Arc<DynamicObject>, context: Arc<Context>) -> std::io::Result<Action> {
    let api = api_of(&context.client, &object.namespace().unwrap_or_default());
    let reconciled = finalizer(&api, BOOKS, object, |event| async {
        match event {
            Finalizing::Apply(object) => book(&api, &object, &context).await.map_err(std::io::Error::other),
            Finalizing::Cleanup(object) => {
                context.cleaned.lock().unwrap().push(object.uid().unwrap_or_default());
                Ok(Action::await_change())
            }
        }
    });
    reconciled.await.map_err(std::io::Error::other)
}

async fn book(api: &Api<DynamicObject>, object: &DynamicObject, context: &Context) -> Result<Action, kube::Error> {
    let generation = object.metadata.generation.unwrap_or_default().to_string();
    if object.annotations().get(BOOKED) != Some(&generation) {
        let note = format!("generation {generation} is in the books");
        let event = Event {
            type_: EventType::Normal,
            reason: "Booked".into(),
            note: Some(note),
            action: "Book".into(),
            secondary: None,
        };
        context.recorder.publish(&event, &object.object_ref(&resource())).await?;
        let patch = json!({
            "apiVersion": "evenkeel.dev/v1alpha1",
            "kind": "Service",
            "metadata": {"annotations": {BOOKED: generation}},
        });
        api.patch(&object.name_any(), &PatchParams::apply("books"), &Patch::Apply(patch)).await?;
    }
    Ok(Action::await_change())
}

/// The code and the message of a refusal.
fn refusal<T: std::fmt::Debug>(answer: kube::Result<T>) -> (u16, String) {
    match answer.unwrap_err() {
        kube::Error::Api(status) => (status.code, status.message.clone()),
        other => panic!("{other}"),
    }
}

#[test]
fn a_controller_with_finalizer_and_recorder_works_beside_ours() {
    let lab = Lab::start();
    let runtime = Runtime::new().unwrap();
    let client = client(&lab, &runtime);
    let api = api_of(&client, "lab");
    let recorder = {
        let _inside = runtime.enter();
        Recorder::new(client.clone(), Reporter { controller: "books".into(), instance: None })
    };
    let context = Arc::new(Context { client: client.clone(), recorder, cleaned: Mutex::default() });
    let all: Api<DynamicObject> = Api::all_with(client.clone(), &resource());
    let controller = Controller::new_with(all, watcher::Config::default(), resource());
    let store = controller.store();
    let retry =
        |_: Arc<DynamicObject>, _: &std::io::Error, _: Arc<Context>| Action::requeue(Duration::from_millis(200));
    runtime.spawn(controller.run(reconcile, retry, context.clone()).for_each(|_| std::future::ready(())));

    let booked = |object: &DynamicObject, generation: &str| {
        let both = ["evenkeel.dev/aws", BOOKS].iter().all(|name| object.finalizers().iter().any(|it| it == name));
        (both && object.annotations().get(BOOKED).is_some_and(|it| it == generation)).then_some(())
    };
    seen(&store, "web", |object| booked(object, "1"));
    let first = runtime.block_on(api.get("web")).unwrap();
    assert_eq!(first.metadata.generation, Some(1), "annotations and finalizers are no change of the spec");

    // Git changes the spec, and leaves alone what others wrote; the same event again is one with a count.
    lab.place.write("source/web/service.yaml", &service("web", 6));
    seen(&store, "web", |object| booked(object, "2").and_then(|()| settled(object)));
    let events = || lab.run("1.37", "get events -n lab --field-selector reason=Booked -o jsonpath={.items[*].count}");
    until("the event", || match events().expect(0).out.as_str() {
        "2" => Ok(()),
        other => Err(other.to_owned()),
    });

    // What git owns is refused to this client as well.
    runtime.block_on(async {
        let merge = |patch: Value| Patch::Merge(patch);
        let spec = merge(json!({"spec": {"service": {"desiredCount": 7}}}));
        let (code, message) = refusal(api.patch("web", &PatchParams::default(), &spec).await);
        assert!(code == 403 && message.contains("web/service.yaml:2"), "{code} {message}");
        let dry = PatchParams { dry_run: true, ..PatchParams::default() };
        let tried = api.patch("web", &dry, &spec).await.unwrap();
        assert_eq!(tried.metadata.generation, Some(3));
        let status = merge(json!({"status": {"sync": "Synced"}}));
        assert_eq!(refusal(api.patch_status("web", &PatchParams::default(), &status).await).0, 403);
        let scale = merge(json!({"spec": {"replicas": 3}}));
        assert_eq!(refusal(api.patch_scale("web", &PatchParams::default(), &scale).await).0, 403);
        let all = api.delete_collection(&DeleteParams::default(), &ListParams::default()).await;
        assert_eq!(refusal(all.map(|_| ())).0, 403);
        assert_eq!(refusal(api.delete("web", &DeleteParams::default()).await.map(|_| ())).0, 403);
        let mut stale = first.clone();
        stale.annotations_mut().insert("example.com/late".into(), "yes".into());
        assert_eq!(refusal(api.replace("web", &Default::default(), &stale).await).0, 409);
    });

    // Git lets it go: ours is done with it, and so is the other, and only then is it gone.
    std::fs::remove_file(lab.place.path("source/web/service.yaml")).unwrap();
    until("web to go", || match runtime.block_on(api.get_opt("web")).unwrap() {
        None => Ok(()),
        Some(object) => Err(format!("{:?}", object.metadata)),
    });
    assert_eq!(*context.cleaned.lock().unwrap(), [first.uid().unwrap()]);
    let described = lab.controller.aws(&lab.place).call("ecs describe-services --cluster lab --services web");
    assert_eq!(described["services"][0]["status"], "ACTIVE", "it is retained");

    // Once more: another object of the same name.
    lab.place.write("source/web/service.yaml", &service("web", 4));
    seen(&store, "web", |object| (object.uid() != first.uid()).then(|| booked(object, "1")).flatten());
}
