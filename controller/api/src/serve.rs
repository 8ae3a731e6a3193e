//! From a request to an answer.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, Method, Uri, header};
use axum::response::{IntoResponse, Response};
use evenkeel_core::object::ResourceVersion;
use serde_json::{Value, json};

use crate::accept::{self, Form};
use crate::endpoint::Endpoint;
use crate::failure::Failure;
use crate::list::{self, Page};
use crate::params::Params;
use crate::resource::Resource;
use crate::table::{Included, metadata_only, table};
use crate::{ApiState, discovery, openapi, watch};

/// Answers any request.
pub(crate) async fn serve(State(state): State<ApiState>, method: Method, uri: Uri, headers: HeaderMap) -> Response {
    answer(&state, &method, &uri, &headers).await.unwrap_or_else(IntoResponse::into_response)
}

async fn answer(state: &ApiState, method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<Response, Failure> {
    let endpoint = Endpoint::parse(uri.path()).ok_or_else(Failure::unknown_path)?;
    if ![Method::GET, Method::HEAD].contains(method) {
        return Err(Failure::read_only(method));
    }
    match endpoint {
        Endpoint::Version => Ok(Json(discovery::version()).into_response()),
        Endpoint::Core => Ok(discovered(headers, discovery::core, discovery::core_aggregated)),
        Endpoint::Groups => Ok(discovered(headers, discovery::groups, discovery::groups_aggregated)),
        Endpoint::Group => Ok(Json(discovery::group()).into_response()),
        Endpoint::Resources(group_version) => Ok(Json(discovery::resources(group_version)).into_response()),
        Endpoint::OpenApiIndex => Ok(Json(openapi::index()).into_response()),
        Endpoint::OpenApi(group_version) => {
            // The address holds a hash of the content, so kubectl may keep it: a day.
            let keep = [(header::CACHE_CONTROL, "public, max-age=86400")];
            Ok((keep, Json(openapi::document(group_version).clone())).into_response())
        }
        Endpoint::Object(resource, namespace, name) => {
            let params = Params::parse(uri)?;
            let document = list::get(state, resource, &namespace, &name).await?;
            let now = (state.clock)();
            Ok(Json(match accept::form(headers) {
                Form::Object => document,
                Form::Metadata => metadata_only(&document),
                Form::Table => {
                    let metadata = json!({"resourceVersion": document["metadata"]["resourceVersion"]});
                    let included = Included::parse(&params.include_object);
                    table(resource, &[document], metadata, included, true, now)
                }
            })
            .into_response())
        }
        Endpoint::Collection(resource, namespace) => {
            let params = Params::parse(uri)?;
            let form = accept::form(headers);
            if params.is_watch() {
                return watch::watch(state, resource, namespace, &params, form).await;
            }
            let page = list::list(state, resource, namespace.as_deref(), &params).await?;
            Ok(Json(listed(state, resource, page, form, &params)).into_response())
        }
    }
}

fn listed(state: &ApiState, resource: &Resource, page: Page, form: Form, params: &Params) -> Value {
    let metadata = list_metadata(&page);
    match form {
        Form::Object => json!({
            "kind": format!("{}List", resource.kind),
            "apiVersion": resource.group_version().api_version(),
            "metadata": metadata,
            "items": page.documents,
        }),
        Form::Metadata => json!({
            "kind": "PartialObjectMetadataList",
            "apiVersion": "meta.k8s.io/v1",
            "metadata": metadata,
            "items": page.documents.iter().map(metadata_only).collect::<Vec<_>>(),
        }),
        Form::Table => {
            let included = Included::parse(&params.include_object);
            table(resource, &page.documents, metadata, included, true, (state.clock)())
        }
    }
}

fn list_metadata(page: &Page) -> Value {
    let ResourceVersion(version) = page.resource_version;
    let mut metadata = json!({"resourceVersion": version.to_string()});
    if let Some(next) = &page.next {
        metadata["continue"] = next.to_string().into();
    }
    if let Some(remaining) = page.remaining {
        metadata["remainingItemCount"] = remaining.into();
    }
    metadata
}

/// Discovery in the form that the client takes.
fn discovered(headers: &HeaderMap, plain: fn() -> Value, aggregated: fn(&str) -> Value) -> Response {
    const VARY: [(HeaderName, &str); 1] = [(header::VARY, "Accept")];
    match accept::discovery_version(headers) {
        None => (VARY, Json(plain())).into_response(),
        Some(version) => {
            // kubectl tells by these parameters that it got what it asked for.
            let media = format!("application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList");
            (VARY, [(header::CONTENT_TYPE, media)], Json(aggregated(version)).into_response().into_body())
                .into_response()
        }
    }
}
