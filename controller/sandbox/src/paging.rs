//! Pages: `maxResults`, `nextToken`. A token is the number of items already given, under a little disguise so that
//! nobody reads meaning into it.

use crate::error::ApiError;

/// One page of `items` from where `token` says, and the token of the next one.
pub(crate) fn page<T>(
    items: Vec<T>,
    size: usize,
    token: Option<&str>,
    bad_token: impl Fn() -> ApiError,
) -> Result<(Vec<T>, Option<String>), ApiError> {
    let start = match token.filter(|token| !token.is_empty()) {
        None => 0,
        Some(token) => decode(token).ok_or_else(bad_token)?,
    };
    let end = start.saturating_add(size);
    let next = (end < items.len()).then(|| encode(end));
    Ok((items.into_iter().skip(start).take(size).collect(), next))
}

/// The page size of a request: `asked` within `[1, max]`, or the default.
pub(crate) fn size(
    asked: Option<i64>,
    default: usize,
    max: usize,
    bad: impl Fn() -> ApiError,
) -> Result<usize, ApiError> {
    match asked {
        None => Ok(default),
        Some(n) => usize::try_from(n).ok().filter(|n| (1..=max).contains(n)).ok_or_else(bad),
    }
}

const DISGUISE: u64 = 0x5eed_0f0f_cafe_1234;

fn encode(position: usize) -> String {
    format!("{:016x}", position as u64 ^ DISGUISE)
}

fn decode(token: &str) -> Option<usize> {
    let position = u64::from_str_radix(token, 16).ok()? ^ DISGUISE;
    usize::try_from(position).ok().filter(|position| *position < 10_000_000)
}
