//! A request's origin: its address, its token, and the page that sent it.

use std::net::{IpAddr, Ipv4Addr};

use actix_cors::Cors;
use actix_web::{
    HttpRequest,
    http::{StatusCode, Uri, header},
};

use telemetry::{request, trace};

use super::{HttpOptions, error::RequestError, rate};

/// Longest token accepted, in bytes.
const MAX_TOKEN_BYTES: usize = 8 * 1024;

/// Returns the client's address. If a trusted proxy made the connection, this is the last forwarded address that does not belong to a trusted proxy;
/// otherwise, it is the connection's address.
pub(crate) fn peer(request: &HttpRequest, options: &HttpOptions) -> IpAddr {
    let connection = request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
    if !options.trusted_proxies.contains(&connection) {
        return connection;
    }
    let forwarded = request.headers().get_all("x-forwarded-for").filter_map(|value| value.to_str().ok());
    let mut addresses: Vec<Option<IpAddr>> =
        forwarded.flat_map(|value| value.split(',')).map(|part| part.trim().parse().ok()).collect();
    while let Some(Some(address)) = addresses.pop() {
        if !options.trusted_proxies.contains(&address) {
            return address;
        }
    }
    connection
}

/// The token of the `Authorization` header; `None` if the request lacks this header.
pub(crate) fn bearer(request: &HttpRequest) -> Result<Option<&str>, RequestError> {
    let Some(value) = request.headers().get(header::AUTHORIZATION) else { return Ok(None) };
    value
        .to_str()
        .ok()
        .and_then(bearer_token)
        .map(Some)
        .ok_or_else(|| super::service::AuthFailure::Unauthenticated.to_error())
}

/// The token that follows `Bearer`; `None` if the value has another form or the token is too long.
pub(crate) fn bearer_token(value: &str) -> Option<&str> {
    let (scheme, token) = value.trim().split_once(' ')?;
    let token = token.trim();
    let good = scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() && token.len() <= MAX_TOKEN_BYTES;
    good.then_some(token)
}

/// The `User-Agent` header; `None` if it is missing or not ASCII text.
pub(crate) fn user_agent(request: &HttpRequest) -> Option<&str> {
    request.headers().get(header::USER_AGENT)?.to_str().ok()
}

/// Refuses a request from a page unless the page's origin is this server's own or in `allowed_origins`. Programs other than browsers send no
/// `Origin`.
pub(crate) fn check(request: &HttpRequest, options: &HttpOptions) -> Result<(), RequestError> {
    let Some(origin) = request.headers().get(header::ORIGIN) else { return Ok(()) };
    let allowed = origin.to_str().is_ok_and(|origin| is_allowed(origin, options) || is_own(origin, request));
    if allowed {
        return Ok(());
    }
    Err(RequestError::transport(
        StatusCode::FORBIDDEN,
        "FORBIDDEN_ORIGIN",
        "Pages of this origin may not call this server. The operator can add the origin to `allowed_origins`.",
    ))
}

fn is_allowed(origin: &str, options: &HttpOptions) -> bool {
    options.allowed_origins.iter().any(|allowed| allowed == "*" || allowed.eq_ignore_ascii_case(origin))
        || (options.allow_loopback && is_loopback(origin))
}

/// Whether an origin belongs to this computer: `localhost`, a name below it, or a loopback address, on any port.
fn is_loopback(origin: &str) -> bool {
    let Ok(origin) = origin.parse::<Uri>() else { return false };
    let is_web = matches!(origin.scheme_str(), Some("http" | "https"));
    is_web
        && origin.host().is_some_and(|host| {
            let host = host.to_ascii_lowercase();
            let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
            host == "localhost"
                || host.ends_with(".localhost")
                || address.is_ok_and(|address| address.is_loopback())
        })
}

fn is_own(origin: &str, request: &HttpRequest) -> bool {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let authority = origin.split_once("://").map(|(_, authority)| authority);
    matches!((host, authority), (Some(host), Some(authority)) if host.eq_ignore_ascii_case(authority))
}

/// The CORS headers that browsers need before they pass a response to a page of another origin.
pub(crate) fn cors(options: &HttpOptions, methods: &[&str]) -> Cors {
    let listed = options.clone();
    Cors::default()
        .allowed_origin_fn(move |origin, _| origin.to_str().is_ok_and(|origin| is_allowed(origin, &listed)))
        .allowed_methods(methods.iter().copied())
        .allowed_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::CONTENT_DISPOSITION,
            header::ACCEPT,
            header::IF_NONE_MATCH,
            header::HeaderName::from_static("last-event-id"),
            header::HeaderName::from_static(request::HEADER),
            header::HeaderName::from_static(trace::HEADER),
        ])
        .expose_headers([
            header::RETRY_AFTER,
            header::ETAG,
            header::HeaderName::from_static(rate::HEADER),
            header::HeaderName::from_static(rate::POLICY_HEADER),
            header::HeaderName::from_static(request::HEADER),
        ])
        .max_age(3600)
}

#[cfg(test)]
mod tests {
    use super::is_loopback;

    #[test]
    fn loopback_origins_are_pages_of_this_computer() {
        for origin in [
            "http://localhost:5173",
            "https://localhost",
            "http://LOCALHOST:1",
            "http://shop.localhost:8080",
            "http://127.0.0.1:3000",
            "http://127.9.9.9",
            "http://[::1]:5173",
        ] {
            assert!(is_loopback(origin), "{origin}");
        }
        for origin in [
            "null",
            "",
            "http://localhost.example",
            "http://notlocalhost",
            "http://127.0.0.1.example",
            "http://user@evil.example",
            "http://192.168.0.1:5173",
            "http://[::2]",
            "file://localhost",
            "chrome-extension://localhost",
        ] {
            assert!(!is_loopback(origin), "{origin}");
        }
    }
}
