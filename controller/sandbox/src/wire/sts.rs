//! GetCallerIdentity and AssumeRole of AWS STS: form in, XML out (STS API reference).

use super::plain;
use crate::{arn, caller::Caller, options::Options};
use http::{Response, StatusCode};
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

pub(super) fn answer(now: Timestamp, caller: &Caller, options: &Options, body: &[u8], id: &str) -> Response<Vec<u8>> {
    let form: HashMap<_, _> = form_urlencoded::parse(body).into_owned().collect();
    let member = |name: &str| form.get(name).map_or("", String::as_str);
    match member("Action") {
        "GetCallerIdentity" => {
            let account = &caller.account;
            let result = format!(
                "<Arn>arn:aws:iam::{account}:user/sandbox</Arn><UserId>AIDASANDBOX</UserId><Account>{account}</Account>"
            );
            result_of("GetCallerIdentity", &result, id)
        }
        "AssumeRole" => assume_role(now, options, member("RoleArn"), member("RoleSessionName"), id),
        other => error(&format!("Could not find operation {other}"), "InvalidAction", id),
    }
}

/// Credentials of the role's account: the access key is the account, which is how later calls are told apart.
fn assume_role(now: Timestamp, options: &Options, role: &str, session: &str, id: &str) -> Response<Vec<u8>> {
    let Some(name) = arn::resource(role).and_then(|resource| resource.strip_prefix("role/")) else {
        return error("RoleArn is not a role's ARN", "ValidationError", id);
    };
    let account = role.split(':').nth(4).filter(|account| account.len() == 12).unwrap_or(&options.account);
    let expires = (now + SignedDuration::from_hours(1)).strftime("%Y-%m-%dT%H:%M:%SZ");
    let (name, session) = (escape(name), escape(session));
    let result = format!(
        "<Credentials><AccessKeyId>{account}</AccessKeyId><SecretAccessKey>sandbox</SecretAccessKey>\
         <SessionToken>sandbox</SessionToken><Expiration>{expires}</Expiration></Credentials>\
         <AssumedRoleUser><AssumedRoleId>AROASANDBOX:{session}</AssumedRoleId>\
         <Arn>arn:aws:sts::{account}:assumed-role/{name}/{session}</Arn></AssumedRoleUser>"
    );
    result_of("AssumeRole", &result, id)
}

fn result_of(action: &str, result: &str, id: &str) -> Response<Vec<u8>> {
    let body = format!(
        "<{action}Response xmlns=\"{NAMESPACE}\"><{action}Result>{result}</{action}Result>\
         <ResponseMetadata><RequestId>{id}</RequestId></ResponseMetadata></{action}Response>"
    );
    plain(StatusCode::OK, "text/xml", body.into_bytes(), id)
}

fn error(message: &str, code: &str, id: &str) -> Response<Vec<u8>> {
    let body = format!(
        "<ErrorResponse xmlns=\"{NAMESPACE}\"><Error><Type>Sender</Type><Code>{code}</Code><Message>{}</Message>\
         </Error><RequestId>{id}</RequestId></ErrorResponse>",
        escape(message)
    );
    plain(StatusCode::BAD_REQUEST, "text/xml", body.into_bytes(), id)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
