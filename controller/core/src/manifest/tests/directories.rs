//! All files together.

use super::*;
use crate::catalogue::{Problem, Severity};

#[test]
fn objects_come_in_the_order_of_their_keys_from_yaml_and_json() {
    let cluster = json!({"apiVersion": "evenkeel.dev/v1alpha1", "kind": "Cluster", "metadata": {"name": "shop"},
        "spec": {"region": "eu-west-1"}});
    let two = format!("{}---\n{}", service("b"), service("a"));
    let load = load_all(&[("z.json", &cluster.to_string()), ("a/two.yaml", &two), ("c.yml", &service("c"))]);
    assert_eq!(places(&load), [""; 0]);
    assert_eq!(keys(&load), ["Cluster/shop", "Service/shop/a", "Service/shop/b", "Service/shop/c"]);
    let origin = &load.manifests[1].origin;
    assert_eq!((origin.file(), origin.document(), origin.location().line), ("a/two.yaml", 1, 7));
    assert!(load.whole());
}

#[test]
fn a_bad_file_stops_its_own_objects_and_no_others() {
    let bad = format!("{}---\n{BROKEN_SERVICE}", service("beside"));
    let load = load_all(&[("bad.yaml", &bad), ("syntax.yaml", "a: [\n"), ("good.yaml", &service("good"))]);
    assert_eq!(places(&load), ["bad.yaml:11:3 wrong-value", "bad.yaml:11:3 unknown-member", "syntax.yaml:2:1 syntax"]);
    assert_eq!(keys(&load), ["Service/shop/good"]);
    assert_eq!(load.broken_files, ["bad.yaml".to_owned(), "syntax.yaml".to_owned()].into());
    let known = ["beside", "web"].map(|name| ObjectKey::new(Kind::Service, "shop", name));
    assert_eq!(load.broken_objects, known.into());
    assert!(!load.whole());
}

#[test]
fn a_file_that_cannot_be_read_declares_what_it_declared_when_it_was_good() {
    let key = |name: &str| ObjectKey::new(Kind::Service, "shop", name);
    let mut load = load_all(&[("bad.yaml", "a: [\n"), ("good.yaml", &service("moved"))]);
    load.recall([
        ("bad.yaml".to_owned(), key("web")),
        ("bad.yaml".to_owned(), key("moved")),
        ("good.yaml".to_owned(), key("removed")),
    ]);
    assert_eq!(load.broken_objects, [key("web")].into(), "one moved to a good file, and a good file speaks for itself");
    assert_eq!(keys(&load), ["Service/shop/moved"]);
}

#[test]
fn an_object_that_two_files_declare_is_applied_from_neither() {
    let load = load_all(&[("a.yaml", &service("web")), ("b.yaml", &service("web")), ("c.yaml", &service("c"))]);
    assert_eq!(places(&load), ["a.yaml:3:18 declared-twice", "b.yaml:3:18 declared-twice"]);
    assert!(
        load.problems[0].message.contains("Service/shop/web is declared in b.yaml:1 as well"),
        "{}",
        load.problems[0]
    );
    assert_eq!(keys(&load), ["Service/shop/c"]);
    let twice = format!("{0}---\n{0}", service("web"));
    assert_eq!(load_all(&[("a.yaml", &twice)]).manifests.len(), 0);
}

#[test]
fn an_object_that_a_bad_file_declares_is_not_applied_from_another() {
    let load = load_all(&[("a.yaml", BROKEN_SERVICE), ("b.yaml", &service("web"))]);
    assert_eq!(keys(&load), [""; 0]);
    assert!(places(&load).contains(&"b.yaml:3:18 declared-twice".to_owned()), "{:?}", places(&load));
}

#[test]
fn an_empty_directory_is_not_taken_at_its_word() {
    assert!(!load(&Files::new()).whole());
    assert!(!load_all(&[("readme.md", "x")]).whole());
}

#[test]
fn what_is_no_manifest_is_ignored_with_a_word_if_it_is_yaml() {
    let load = load_all(&[
        ("compose.yaml", "services:\n  web: {image: '${TAG}'}\n"),
        ("deployment.yaml", "apiVersion: apps/v1\nkind: Deployment\n"),
        ("package.json", "{\"name\": \"x\"}"),
        ("tsconfig.json", "{ // comments\n }"),
        ("web.yaml", &service("web")),
    ]);
    assert_eq!(places(&load), ["compose.yaml:1:1 not-a-manifest", "deployment.yaml:1:1 not-a-manifest"]);
    assert!(load.problems.iter().all(|problem| problem.severity == Severity::Warning));
    assert!(load.whole());
}

#[test]
fn a_json_manifest_that_cannot_be_read_is_an_error() {
    let load = load_all(&[("web.json", "{\"apiVersion\": \"evenkeel.dev/v1alpha1\",}")]);
    assert_eq!(places(&load), ["web.json:1:40 syntax"]);
}

#[test]
fn hidden_files_are_not_looked_at() {
    let load =
        load_all(&[(".git/a.yaml", "}{"), (".x.yaml", "}{"), ("a/.b/c.yaml", "}{"), ("web.yaml", &service("web"))]);
    assert_eq!((keys(&load).len(), places(&load).len()), (1, 0));
}

#[test]
fn a_file_that_was_not_read_is_an_error_and_never_a_removal() {
    let mut all = files(&[("web.yaml", &service("web"))]);
    all.insert("big.json".to_owned(), Content::Unreadable("too large".to_owned()));
    all.insert("linked".to_owned(), Content::Unreadable("a link that leaves the root".to_owned()));
    let load = load(&all);
    assert_eq!(places(&load), ["big.json:1:1 unreadable", "linked:1:1 unreadable"]);
    assert_eq!(keys(&load), ["Service/shop/web"]);
    assert!(!load.whole());
}

#[test]
fn where_an_evenkeel_yaml_is_broken_nothing_below_is_rendered() {
    for (config, place) in [
        (directory("variable: {env: x}\n"), "a/evenkeel.yaml:3:1 unknown-member"),
        (directory("variables: {1x: x}\n"), "a/evenkeel.yaml:3:13 variable"),
        (directory("variables: {x: [1]}\n"), "a/evenkeel.yaml:3:16 variable"),
        (directory("variables: {x: }\n"), "a/evenkeel.yaml:3:16 variable"),
        (directory("files: [{path: none.yaml, substitute: false}]\n"), "a/evenkeel.yaml:3:16 files"),
        (directory("files: [{path: ../c.yaml, substitute: false}]\n"), "a/evenkeel.yaml:3:16 files"),
        ("kind: Directory\n".to_owned(), "a/evenkeel.yaml:1:1 api-version"),
        (service("x"), "a/evenkeel.yaml:2:7 kind"),
        (String::new(), "a/evenkeel.yaml:1:1 directory"),
        (format!("{0}---\n{0}", directory("")), "a/evenkeel.yaml:4:1 directory"),
        ("a: [".to_owned(), "a/evenkeel.yaml:2:1 syntax"),
    ] {
        let load =
            load_all(&[("a/evenkeel.yaml", &config), ("a/b/web.yaml", &service("web")), ("c.yaml", &service("c"))]);
        assert_eq!(places(&load), [place], "{config}");
        assert_eq!(keys(&load), ["Service/shop/c"]);
        assert_eq!(load.broken_objects, [ObjectKey::new(Kind::Service, "shop", "web")].into());
        assert!(load.broken_files.contains("a/b/web.yaml"));
    }
}

const DEFINITION: &str = "apiVersion: evenkeel.dev/v1alpha1\nkind: TaskDefinition\nmetadata: {name: web, namespace: shop}\nspec:\n  taskDefinitionFile: ../app/td.json\n";

#[test]
fn a_task_definition_stands_in_a_plain_aws_file() {
    for file in [
        r#"{"family": "web", "containerDefinitions": [], "cpu": null}"#,
        r#"{"family": "web", "containerDefinitions": [], "cpu": null, "status": "ACTIVE", "revision": 3}"#,
        r#"{"taskDefinition": {"family": "web", "containerDefinitions": [], "cpu": null, "taskDefinitionArn": "x"}}"#,
    ] {
        let load = load_all(&[("infra/web.yaml", DEFINITION), ("app/td.json", file)]);
        assert_eq!(places(&load), [""; 0]);
        let expected = json!({"taskDefinition": {"family": "web", "containerDefinitions": [], "cpu": null}});
        assert_eq!(spec(&load, "TaskDefinition/shop/web"), expected);
    }
}

#[test]
fn a_described_task_definition_brings_its_tags() {
    let file = "{\"taskDefinition\": {\"family\": \"web\",\n  \"cpu\": \"x\"},\n \"tags\": [{\"key\": 1}]}";
    let mut load = load_all(&[("infra/web.yaml", DEFINITION), ("app/td.json", file)]);
    assert_eq!(spec(&load, "TaskDefinition/shop/web")["taskDefinition"]["tags"], json!([{"key": 1}]));
    load.check(|_| {
        let at = ["/spec/taskDefinition/cpu", "/spec/taskDefinition/tags/0/key", "/spec/retainRevisions"];
        at.map(|path| Problem::error(path, "x", "wrong")).to_vec()
    });
    assert_eq!(places(&load), ["app/td.json:2:10 x", "app/td.json:3:19 x", "infra/web.yaml:5:3 x"]);
    assert_eq!(keys(&load), [""; 0]);
    assert_eq!(load.broken_files, ["app/td.json".to_owned(), "infra/web.yaml".to_owned()].into());
}

#[test]
fn a_task_definition_file_takes_variables_unless_it_is_left_alone() {
    let variables = "variables: {tag: v1}\n";
    let load = |config: &str, file: &str| {
        load_all(&[("evenkeel.yaml", &directory(config)), ("infra/web.yaml", DEFINITION), ("app/td.json", file)])
    };
    let image = |load: &Load| spec(load, "TaskDefinition/shop/web")["taskDefinition"]["image"].clone();
    assert_eq!(image(&load(variables, r#"{"image": "web:${tag}"}"#)), "web:v1");
    let left = format!("{variables}files: [{{path: app/td.json, substitute: false}}]\n");
    assert_eq!(image(&load(&left, r#"{"image": "web:${tag}"}"#)), "web:${tag}");
    let undefined = load(variables, "{\"image\":\n  \"${tga}\"}");
    assert_eq!(places(&undefined), ["app/td.json:2:3 undefined-variable"]);
    assert!(undefined.problems[0].message.contains("did you mean tag?"), "{}", undefined.problems[0]);
    assert!(undefined.broken_files.contains("infra/web.yaml"));
    assert_eq!(undefined.broken_objects, [ObjectKey::new(Kind::TaskDefinition, "shop", "web")].into());
}

#[test]
fn a_task_definition_file_that_cannot_be_used_is_an_error_at_its_place() {
    for (file, place) in [
        ("{\"a\": 1,}", "app/td.json:1:9 syntax"),
        ("", "infra/web.yaml:5:23 task-definition-file"),
        ("[]", "infra/web.yaml:5:23 task-definition-file"),
        ("{\"a\": 1, \"a\": 2}", "app/td.json:1:10 duplicate-key"),
    ] {
        let load = load_all(&[("infra/web.yaml", DEFINITION), ("app/td.json", file)]);
        assert!(places(&load).contains(&place.to_owned()), "{file}: {:?}", places(&load));
        assert_eq!(keys(&load), [""; 0]);
    }
    for wrong in ["none.json", "../../x.json", "/etc/x.json", "../app", "../.hidden.json"] {
        let manifest = DEFINITION.replace("../app/td.json", wrong);
        let load = load_all(&[("infra/web.yaml", &manifest), ("app/td.json", "{}"), (".hidden.json", "{}")]);
        assert_eq!(places(&load), ["infra/web.yaml:5:23 task-definition-file"], "{wrong}");
    }
}

#[test]
fn a_yaml_file_that_a_manifest_names_need_not_be_a_manifest() {
    let manifest = DEFINITION.replace("td.json", "td.yaml");
    let load = load_all(&[("infra/web.yaml", &manifest), ("app/td.yaml", "family: web\n")]);
    assert_eq!(places(&load), [""; 0]);
    assert_eq!(spec(&load, "TaskDefinition/shop/web"), json!({"taskDefinition": {"family": "web"}}));
}

#[test]
fn further_checks_stop_only_the_file_of_the_object_they_refuse() {
    let mut load = load_all(&[("a.yaml", &service("a")), ("b.yaml", &service("b"))]);
    load.check(|key| match key.name.as_str() {
        "a" => vec![Problem::error("/spec/service/desiredCount", "x", "wrong")],
        _ => vec![Problem::warning("/spec/service/desiredCount", "y", "hm").at_key()],
    });
    assert_eq!(places(&load), ["a.yaml:5:27 x", "b.yaml:5:13 y"]);
    assert_eq!(keys(&load), ["Service/shop/b"]);
    assert!(!load.whole());
}

#[test]
fn the_digest_moves_with_any_file_and_with_nothing_else() {
    let base = [("a.yaml", "x"), ("b.md", "y")];
    let digest = |contents: &[(&str, &str)]| load_all(contents).digest;
    assert_eq!(digest(&base), digest(&base));
    assert_ne!(digest(&base), digest(&[("a.yaml", "x"), ("b.md", "z")]));
    assert_ne!(digest(&base), digest(&[("a.yaml", "xb.mdy")]));
    assert!(digest(&base).starts_with("sha256:") && digest(&base).len() == 71);
}

#[test]
fn what_nests_too_deep_to_be_stored_stops_its_file() {
    let nested = |depth: usize| format!("{{\"family\": \"web\", \"x\": {}{}}}", "[".repeat(depth), "]".repeat(depth));
    let load = load_all(&[("infra/web.yaml", DEFINITION), ("app/td.json", &nested(118))]);
    assert_eq!(places(&load), [""; 0]);
    assert!(spec(&load, "TaskDefinition/shop/web").pointer("/taskDefinition/x/0/0").is_some());
    let load = load_all(&[("infra/web.yaml", DEFINITION), ("app/td.json", &nested(119))]);
    assert_eq!(places(&load), ["infra/web.yaml:5:3 too-deep"]);
    assert!(!load.whole());
}
