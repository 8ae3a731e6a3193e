//! From a request to an answer.

use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use crate::accept;
use crate::change::{Change, Target};
use crate::delete::{delete, delete_all};
use crate::endpoint::Endpoint;
use crate::failure::Failure;
use crate::list;
use crate::params::Params;
use crate::render::Rendering;
use crate::resource::Resource;
use crate::table::Included;
use crate::write::{Written, write};
use crate::{ApiState, body, cached, discovery, guard, openapi, scale, watch};

/// How long an answer may take. Reads come from memory; a dry run may ask AWS.
const PATIENCE: Duration = Duration::from_secs(60);

/// Answers any request.
pub(crate) async fn serve(State(state): State<ApiState>, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let answered = tokio::time::timeout(PATIENCE, answer(&state, &parts, body)).await;
    answered.unwrap_or_else(|_| Err(Failure::slow())).unwrap_or_else(IntoResponse::into_response)
}

async fn answer(state: &ApiState, parts: &Parts, body: Body) -> Result<Response, Failure> {
    let Parts { method, uri, headers, .. } = parts;
    guard::check(headers, &state.hosts)?;
    let client = (state.admit)(parts)?;
    let endpoint = Endpoint::parse(uri.path()).ok_or_else(Failure::unknown_path)?;
    if [Method::GET, Method::HEAD].contains(method) {
        return read(state, endpoint, parts).await;
    }
    match (endpoint, method) {
        (Endpoint::Review(review), &Method::POST) => {
            let answer = review.answer(body::read(headers, body).await?.value, &client)?;
            Ok((StatusCode::CREATED, Json(answer)).into_response())
        }
        (Endpoint::Collection(resource, namespace), &Method::POST) => {
            permit(resource, "create")?;
            let params = Params::parse(uri)?;
            client.may_write(params.dry_run()?)?;
            let document = crate::change::object(body::read(headers, body).await?.value)?;
            let namespace = namespace.unwrap_or_default();
            let (name, document) = named(state, resource, document)?;
            let target = Target { resource, namespace: &namespace, name: &name };
            let written = write(state, target, &Change::Create(document), params.dry_run()?).await?;
            Ok(answer_write(state, resource, headers, &params, written))
        }
        (Endpoint::Object(resource, namespace, name), method) => {
            let params = Params::parse(uri)?;
            let target = Target { resource, namespace: &namespace, name: &name };
            let written = match *method {
                Method::DELETE => {
                    permit(resource, "delete")?;
                    let options = body::read(headers, body).await?.value;
                    let dry = is_dry(&params, &options)?;
                    client.may_write(dry)?;
                    delete(state, target, &options, dry).await?
                }
                Method::PUT => {
                    permit(resource, "update")?;
                    client.may_write(params.dry_run()?)?;
                    let document = crate::change::object(body::read(headers, body).await?.value)?;
                    write(state, target, &Change::Replace(document), params.dry_run()?).await?
                }
                Method::PATCH => {
                    permit(resource, "patch")?;
                    client.may_write(params.dry_run()?)?;
                    let change = Change::patch(body::read(headers, body).await?)?;
                    write(state, target, &change, params.dry_run()?).await?
                }
                _ => return Err(refused(method, "an object: GET, PATCH, PUT, DELETE")),
            };
            Ok(answer_write(state, resource, headers, &params, written))
        }
        (Endpoint::Status(resource, _, name), &Method::PUT | &Method::PATCH) => {
            Err(Failure::forbidden(resource, &name, "status is what evenkeel saw and decided: only it writes it"))
        }
        (Endpoint::Scale(resource, namespace, name), &Method::PUT | &Method::PATCH) => {
            Err(scale::refusal(state, Target { resource, namespace: &namespace, name: &name }).await?)
        }
        (Endpoint::Collection(resource, namespace), &Method::DELETE) => {
            permit(resource, "deletecollection")?;
            let params = Params::parse(uri)?;
            let options = body::read(headers, body).await?.value;
            let dry = is_dry(&params, &options)?;
            client.may_write(dry)?;
            let written = delete_all(state, resource, namespace.as_deref(), &params, &options, dry).await?;
            Ok(respond(written.code, &written.document, written.warnings))
        }
        (Endpoint::Collection(..), _) => Err(refused(method, "a collection: GET, POST, DELETE")),
        (Endpoint::Review(_), _) => Err(refused(method, "a review: POST")),
        _ => Err(refused(method, "what is only read: GET")),
    }
}

async fn read(state: &ApiState, endpoint: Endpoint, parts: &Parts) -> Result<Response, Failure> {
    let Parts { method, uri, headers, .. } = parts;
    match endpoint {
        Endpoint::Version => Ok(Json(discovery::version()).into_response()),
        Endpoint::Core => Ok(discovered(headers, discovery::core, discovery::core_aggregated)),
        Endpoint::Groups => Ok(discovered(headers, discovery::groups, discovery::groups_aggregated)),
        Endpoint::Group(group_version) => Ok(Json(discovery::group(group_version)).into_response()),
        Endpoint::Resources(group_version) => Ok(Json(discovery::resources(group_version)).into_response()),
        Endpoint::OpenApiV2 => Ok(openapi::v2(headers)),
        Endpoint::OpenApiIndex => Ok(cached::respond(headers, "application/json", openapi::index().to_string())),
        Endpoint::OpenApi(group_version) => {
            let mut response =
                cached::respond(headers, "application/json", openapi::document(group_version).to_string());
            // The address holds a hash of the content, so kubectl may keep it: a day.
            response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=86400"));
            Ok(response)
        }
        Endpoint::Object(resource, namespace, name) | Endpoint::Status(resource, namespace, name) => {
            let params = Params::parse(uri)?;
            let document = list::get(state, resource, &namespace, &name).await?;
            Ok(Json(shown(state, resource, &document, headers, &params)).into_response())
        }
        Endpoint::Scale(resource, namespace, name) => {
            Ok(Json(scale::document(&list::get(state, resource, &namespace, &name).await?)).into_response())
        }
        Endpoint::Collection(resource, namespace) => {
            let params = Params::parse(uri)?;
            let form = accept::form(headers);
            if params.is_watch() {
                return watch::watch(state, resource, namespace, &params, form).await;
            }
            let page = list::list(state, resource, namespace.as_deref(), &params).await?;
            let included = Included::parse(&params.include_object);
            Ok(Rendering::new(state, resource, form, included).list(page)?)
        }
        Endpoint::Review(_) => Err(refused(method, "a review: POST")),
    }
}

/// Whether a delete is only to be tried.
fn is_dry(params: &Params, options: &Value) -> Result<bool, Failure> {
    Ok(params.dry_run()? || options["dryRun"].as_array().is_some_and(|list| !list.is_empty()))
}

fn refused(method: &Method, what: &str) -> Failure {
    Failure::not_allowed(format!("{method} is not possible for {what}"))
}

/// Whether a resource has a verb at all.
fn permit(resource: &Resource, verb: &str) -> Result<(), Failure> {
    if resource.verbs.contains(&verb) {
        return Ok(());
    }
    Err(Failure::not_allowed(match resource.kind {
        "Namespace" => "a namespace stands for a Cluster and bears its name: declare the Cluster in git".to_owned(),
        _ => format!("{} have no verb {verb}; they have {}", resource.plural, resource.verbs.join(", ")),
    }))
}

/// The name of an object to create; one that has only a prefix gets a name from the store's next version, which no
/// other object has.
fn named(state: &ApiState, resource: &Resource, mut document: Value) -> Result<(String, Value), Failure> {
    let metadata = &document["metadata"];
    let text = |member: &str| metadata[member].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let name = match (text("name"), text("generateName")) {
        (Some(name), _) => name,
        (None, Some(prefix)) => format!("{prefix}{:x}", (state.clock)().as_nanosecond()),
        (None, None) => {
            let problem = evenkeel_core::catalogue::Problem::error("/metadata/name", "missing-name", "name is missing");
            return Err(Failure::invalid(resource, "", &[problem]));
        }
    };
    document["metadata"]["name"] = name.as_str().into();
    Ok((name, document))
}

fn answer_write(
    state: &ApiState,
    resource: &'static Resource,
    headers: &HeaderMap,
    params: &Params,
    written: Written,
) -> Response {
    let Written { code, document, warnings } = written;
    let shown = match document["kind"] == "Status" {
        true => document,
        false => shown(state, resource, &document, headers, params),
    };
    respond(code, &shown, warnings)
}

fn respond(code: StatusCode, document: &Value, warnings: Vec<String>) -> Response {
    let mut response = (code, Json(document)).into_response();
    for warning in warnings {
        // RFC 9111 has a quoted text here, in ASCII.
        let quoted: String = warning
            .chars()
            .flat_map(|character| match character {
                '"' | '\\' => vec!['\\', character],
                ' '..='~' => vec![character],
                '…' => vec!['.', '.', '.'],
                _ => vec!['?'],
            })
            .collect();
        if let Ok(value) = HeaderValue::from_str(&format!("299 - \"{quoted}\"")) {
            response.headers_mut().append(header::WARNING, value);
        }
    }
    response
}

/// One object in the form that the client takes.
fn shown(
    state: &ApiState,
    resource: &'static Resource,
    document: &Value,
    headers: &HeaderMap,
    params: &Params,
) -> Value {
    let included = Included::parse(&params.include_object);
    Rendering::new(state, resource, accept::form(headers), included).shown(document, true)
}

/// Discovery in the form that the client takes.
fn discovered(headers: &HeaderMap, plain: fn() -> Value, aggregated: fn(&str) -> Value) -> Response {
    match accept::discovery_version(headers) {
        None => cached::respond(headers, "application/json", plain().to_string()),
        Some(version) => {
            // kubectl tells by these parameters that it got what it asked for.
            let media = format!("application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList");
            cached::respond(headers, &media, aggregated(version).to_string())
        }
    }
}
