//! Includes.

use super::*;

const TEMPLATE: &str = "apiVersion: evenkeel.dev/v1alpha1\nkind: Service\nmetadata: {name: web, namespace: 'shop-${env}'}\nspec:\n  service: {desiredCount: '${count}'}\n";

#[test]
fn one_template_serves_two_environments() {
    let load = load_all(&[
        ("template/evenkeel.yaml", &directory("template: true\nvariables: {count: 1}\n")),
        ("template/web.yaml", TEMPLATE),
        ("prod/evenkeel.yaml", &directory("variables: {env: prod, count: 4}\ninclude: [../template]\n")),
        ("staging/evenkeel.yaml", &directory("variables: {env: staging}\ninclude: [../template/web.yaml]\n")),
    ]);
    assert_eq!(places(&load), [""; 0]);
    assert_eq!(keys(&load), ["Service/shop-prod/web", "Service/shop-staging/web"]);
    assert_eq!(spec(&load, "Service/shop-prod/web")["service"]["desiredCount"], 4);
    // The template's own value is a default.
    assert_eq!(spec(&load, "Service/shop-staging/web")["service"]["desiredCount"], 1);
    assert_eq!(load.manifests[0].origin.to_string(), "template/web.yaml:1 (as included by prod/evenkeel.yaml)");
}

#[test]
fn the_includers_variables_win_at_every_depth_of_a_template() {
    let load = load_all(&[
        ("evenkeel.yaml", &directory("variables: {count: 9}\n")),
        ("t/evenkeel.yaml", &directory("template: true\nvariables: {env: default}\n")),
        ("t/deep/evenkeel.yaml", &directory("variables: {env: deep, count: 1}\n")),
        ("t/deep/web.yaml", TEMPLATE),
        ("prod/evenkeel.yaml", &directory("variables: {env: prod}\ninclude: [../t]\n")),
    ]);
    assert_eq!(places(&load), [""; 0]);
    assert_eq!(keys(&load), ["Service/shop-prod/web"]);
    assert_eq!(spec(&load, "Service/shop-prod/web")["service"]["desiredCount"], 9);
}

#[test]
fn an_error_in_one_inclusion_stops_that_one_only() {
    let load = load_all(&[
        ("template/evenkeel.yaml", &directory("template: true\n")),
        ("template/web.yaml", TEMPLATE),
        ("prod/evenkeel.yaml", &directory("variables: {env: prod, count: 4}\ninclude: [../template]\n")),
        ("staging/evenkeel.yaml", &directory("variables: {env: staging}\ninclude: [../template]\n")),
    ]);
    assert_eq!(places(&load), ["template/web.yaml:5:27 undefined-variable"]);
    assert!(load.problems[0].message.ends_with("(as included by staging/evenkeel.yaml)"), "{}", load.problems[0]);
    assert_eq!(keys(&load), ["Service/shop-prod/web"]);
    assert_eq!(load.broken_objects, [ObjectKey::new(Kind::Service, "shop-staging", "web")].into());
    assert!(!load.whole());
}

#[test]
fn a_template_is_not_rendered_by_itself_nor_with_one_around_it() {
    let load = load_all(&[
        ("t/evenkeel.yaml", &directory("template: true\n")),
        ("t/web.yaml", "}{"),
        ("u/evenkeel.yaml", &directory("template: true\n")),
        ("u/api.yaml", &service("api")),
        ("u/inner/evenkeel.yaml", &directory("template: true\n")),
        ("u/inner/inner.yaml", &service("inner")),
        ("prod/evenkeel.yaml", &directory("include: [../u]\n")),
    ]);
    assert_eq!((keys(&load), places(&load)), (vec!["Service/shop/api".to_owned()], Vec::new()));
}

#[test]
fn templates_include_templates() {
    let load = load_all(&[
        ("base/evenkeel.yaml", &directory("template: true\n")),
        ("base/web.yaml", TEMPLATE),
        ("mid/evenkeel.yaml", &directory("template: true\nvariables: {count: 3}\ninclude: [../base]\n")),
        ("prod/evenkeel.yaml", &directory("variables: {env: prod}\ninclude: [../mid]\n")),
    ]);
    assert_eq!(places(&load), [""; 0]);
    assert_eq!(spec(&load, "Service/shop-prod/web")["service"]["desiredCount"], 3);
}

#[test]
fn includes_that_lead_nowhere_are_errors_at_their_place_and_the_rest_goes_on() {
    for (include, text) in [
        ("../missing", "there is no directory missing"),
        ("../../etc", "leaves the root"),
        ("/etc", "starts at the root of the file system"),
        ("../plain", "plain is no template: only those can be included. Write template: true in plain/evenkeel.yaml"),
        (".", "comes back to itself"),
        ("..", "comes back to itself"),
        ("../t/readme.md", "there is no directory"),
        ("../broken", "broken/evenkeel.yaml has errors"),
    ] {
        let load = load_all(&[
            ("t/readme.md", "x"),
            ("plain/api.yaml", &service("api")),
            ("broken/evenkeel.yaml", "kind: Directory\n"),
            ("broken/x.yaml", &service("x")),
            ("prod/evenkeel.yaml", &directory(&format!("include:\n  - {include}\n"))),
            ("prod/web.yaml", &service("web")),
        ]);
        let problem = load.problems.iter().find(|problem| problem.rule == "include").unwrap();
        assert_eq!((problem.file.as_str(), problem.line, problem.column), ("prod/evenkeel.yaml", 4, 5));
        assert!(problem.message.contains(text), "{include}: {}", problem.message);
        assert_eq!(keys(&load), ["Service/shop/api", "Service/shop/web"], "{include}");
        assert!(!load.whole());
    }
}

#[test]
fn inclusions_in_a_circle_are_refused_where_the_circle_closes() {
    let load = load_all(&[
        ("a/evenkeel.yaml", &directory("template: true\ninclude: [../b]\n")),
        ("b/evenkeel.yaml", &directory("template: true\ninclude: [../a]\n")),
        ("prod/evenkeel.yaml", &directory("include: [../a]\n")),
        ("prod/web.yaml", &service("web")),
    ]);
    assert_eq!(places(&load), ["b/evenkeel.yaml:4:11 include"]);
    assert!(load.problems[0].message.contains("a → b → a"), "{}", load.problems[0]);
    assert_eq!(keys(&load), ["Service/shop/web"]);
}

#[test]
fn inclusions_that_multiply_without_end_are_cut_off() {
    let mut contents = vec![("prod/evenkeel.yaml".to_owned(), directory("include: [../t0]\n"))];
    for level in 0..40 {
        let next = level + 1;
        let include = directory(&format!("template: true\ninclude: [../t{next}, ../t{next}/a.yaml, ../t{next}]\n"));
        contents.push((format!("t{level}/evenkeel.yaml"), include));
        contents.push((format!("t{level}/a.yaml"), service("web")));
    }
    let contents: Vec<(&str, &str)> = contents.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let load = load_all(&contents);
    assert!(load.problems.iter().any(|problem| problem.message.contains("include less")), "{:?}", load.problems.len());
    assert!(load.manifests.is_empty());
}
