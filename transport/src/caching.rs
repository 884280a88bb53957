//! Conditional requests: the answer to a GET query has an entity tag, and a client that still has this answer gets 304.
//!
//! The tag is a hash of the answer. For an unchanged answer, the server still runs the query, but does not send the answer again. If the tag belongs
//! to a kept answer ([`super::kept`]), the server need not even run the query.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{self, EntityTag, Header as _, HeaderValue, IfNoneMatch},
    web::Bytes,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

/// The request headers on which the answer depends.
const VARY: &str = "Authorization, Accept, Accept-Language, Accept-Encoding";

/// Builds the response: this JSON with an entity tag and the caching rules, or status 304 if the client still has the answer.
pub(crate) fn conditional(
    request: &HttpRequest,
    json: Bytes,
    answer: impl FnOnce(Bytes) -> HttpResponse,
) -> HttpResponse {
    // the tag is weak, because the answer has the same tag in every compression
    let tag = EntityTag::new_weak(URL_SAFE_NO_PAD.encode(Sha256::digest(&json)));
    let is_known = known(request).iter().any(|known| known.weak_eq(&tag));
    tagged(if is_known { HttpResponse::NotModified().finish() } else { answer(json) }, &tag)
}

/// Adds the entity tag and the caching rules to a response.
pub(crate) fn tagged(mut response: HttpResponse, tag: &EntityTag) -> HttpResponse {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    headers.insert(header::VARY, HeaderValue::from_static(VARY));
    if let Ok(tag) = HeaderValue::from_str(&tag.to_string()) {
        headers.insert(header::ETAG, tag);
    }
    response
}

/// The tags in `If-None-Match`. The value `*` is ignored: it asks whether there is any answer at all.
pub(crate) fn known(request: &HttpRequest) -> Vec<EntityTag> {
    if !request.headers().contains_key(header::IF_NONE_MATCH) {
        return Vec::new();
    }
    match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Items(tags)) => tags,
        Ok(IfNoneMatch::Any) | Err(_) => Vec::new(),
    }
}
