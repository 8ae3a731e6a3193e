//! `${name}`.

use super::*;

/// The `spec.service.x` of a service in a directory with these variables.
fn substituted(variables: &str, x: &str) -> Result<Value, String> {
    let manifest = format!("{}    x: {x}\n", service("web").replace(" {desiredCount: 2}", ""));
    let config = directory(&format!("variables: {variables}\n"));
    let load = load_all(&[("evenkeel.yaml", &config), ("web.yaml", &manifest)]);
    match load.problems.first() {
        None => Ok(spec(&load, "Service/shop/web")["service"]["x"].clone()),
        Some(problem) => {
            assert!(load.manifests.is_empty());
            Err(problem.to_string())
        }
    }
}

#[test]
fn a_scalar_that_is_one_variable_keeps_its_type() {
    for (value, expected) in
        [("3", json!(3)), ("true", json!(true)), ("1.5", json!(1.5)), ("'3'", json!("3")), ("''", json!(""))]
    {
        assert_eq!(substituted(&format!("{{v: {value}}}"), "${v}"), Ok(expected));
    }
}

#[test]
fn inside_text_the_value_is_written_out() {
    let variables = "{system: shop, env: prod, n: 3, yes: true, empty: ''}";
    assert_eq!(substituted(variables, "${system}-${env}-web-${n}-${yes}${empty}"), Ok(json!("shop-prod-web-3-true")));
    assert_eq!(substituted(variables, "'${n}${n}'"), Ok(json!("33")));
}

#[test]
fn two_dollars_stand_for_the_text_itself() {
    assert_eq!(substituted("{v: 1}", "echo $${HOME} $$${v} $HOME ${v} $$"), Ok(json!("echo ${HOME} $${v} $HOME 1 $$")));
    assert_eq!(substituted("{v: 1}", "$${v}"), Ok(json!("${v}")));
}

#[test]
fn the_value_of_a_variable_may_use_others() {
    let variables = "{name: '${system}-${env}', system: shop, env: prod, count: '${two}', two: 2}";
    assert_eq!(substituted(variables, "/ecs/${name}/web"), Ok(json!("/ecs/shop-prod/web")));
    assert_eq!(substituted(variables, "${count}"), Ok(json!(2)));
}

#[test]
fn an_undefined_name_is_an_error_at_its_place_with_the_name_that_was_meant() {
    let error = substituted("{system: shop}", "a-${sytem}").unwrap_err();
    assert!(
        error.starts_with("web.yaml:6:8: error: no variable sytem is defined here: did you mean system?"),
        "{error}"
    );
    let error = substituted("{}", "${HOME}").unwrap_err();
    assert!(error.contains("define it in evenkeel.yaml (for the text itself write $${HOME})"), "{error}");
}

#[test]
fn what_is_no_name_is_refused_and_not_guessed() {
    for wrong in ["${}", "${a b}", "${v:-default}", "${#v}", "${v", "'${ v }'", "${1v}"] {
        let error = substituted("{v: 1}", wrong).unwrap_err();
        assert!(error.contains("write $${"), "{wrong}: {error}");
    }
}

#[test]
fn variables_that_need_themselves_are_refused() {
    let error = substituted("{a: 'x${b}', b: '${c}', c: '${b}'}", "${a}").unwrap_err();
    assert!(error.contains("the value of b needs itself: b → c → b"), "{error}");
}

#[test]
fn a_decimal_number_is_not_written_into_text() {
    let error = substituted("{tag: 1.10}", "repo:${tag}").unwrap_err();
    assert!(error.contains("tag is a decimal number") && error.contains("quote"), "{error}");
    assert_eq!(substituted("{tag: '1.10'}", "repo:${tag}"), Ok(json!("repo:1.10")));
}

#[test]
fn variables_that_grow_without_end_are_refused_soon() {
    for last in ["xxxxxxxxxxxxxxxx", ""] {
        let mut variables = format!("v0: '{last}'");
        for level in 1..60 {
            variables += &format!(", v{level}: '${{v{0}}}${{v{0}}}'", level - 1);
        }
        let error = substituted(&format!("{{{variables}}}"), "${v59}").unwrap_err();
        assert!(error.contains("no more is read"), "{error}");
    }
}

#[test]
fn names_of_members_take_no_variables() {
    let error = substituted("{v: a}", "{'l-${v}': 1}").unwrap_err();
    assert!(error.starts_with("web.yaml:6:9: error: variables have no effect in names of members"), "{error}");
}

#[test]
fn a_nearer_directory_has_the_last_word() {
    let outer = directory("variables: {env: prod, system: shop}\n");
    let inner = directory("variables: {env: staging}\n");
    let manifest = service("web").replace("desiredCount: 2", "x: '${system}-${env}'");
    let load = load_all(&[("evenkeel.yaml", &outer), ("a/b/web.yaml", &manifest), ("a/evenkeel.yaml", &inner)]);
    assert_eq!(places(&load), [""; 0]);
    assert_eq!(spec(&load, "Service/shop/web"), json!({"service": {"x": "shop-staging"}}));
}

#[test]
fn a_file_can_be_left_as_it_stands() {
    let manifest = service("web").replace("desiredCount: 2", "x: '${HOME}'");
    for (path, rule) in [("a/web.yaml", "a"), ("a/web.yaml", "a/web.yaml"), ("a/web.yaml", "./a/../a/web.yaml")] {
        let config = directory(&format!("files: [{{path: {rule}, substitute: false}}]\n"));
        let load = load_all(&[("evenkeel.yaml", &config), (path, &manifest)]);
        assert_eq!(places(&load), [""; 0]);
        assert_eq!(spec(&load, "Service/shop/web"), json!({"service": {"x": "${HOME}"}}));
    }
    let config = directory("files: [{path: a, substitute: false}, {path: a/web.yaml, substitute: true}]\n");
    assert_eq!(
        places(&load_all(&[("evenkeel.yaml", &config), ("a/web.yaml", &manifest)])),
        ["a/web.yaml:5:16 undefined-variable"]
    );
}

#[test]
fn no_text_of_a_document_is_repeated_in_an_error() {
    let error = substituted("{}", "'s3cret ${'").unwrap_err();
    assert!(!error.contains("s3cret"), "{error}");
}
