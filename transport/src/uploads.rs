//! The rules that uploads and downloads of files share with GraphQL requests: the check of the page's origin, the rate limit for each address,
//! tokens, and the form of errors.

use std::net::IpAddr;

use actix_cors::Cors;
use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
};

use super::{AuthFailure, HttpOptions, RequestError, origin, service::GraphqlService};

/// The CORS headers of a resource to which files are uploaded with `PUT`.
pub fn cors(options: &HttpOptions) -> Cors {
    origin::cors(options, &["PUT"])
}

/// The CORS headers of a resource from which files are downloaded with `GET`.
pub fn download_cors(options: &HttpOptions) -> Cors {
    origin::cors(options, &["GET"])
}

/// The token of the header `Authorization`; `None` if the request lacks this header.
///
/// # Errors
/// Fails for a header without a token.
pub fn token(request: &HttpRequest) -> Result<Option<&str>, RequestError> {
    origin::bearer(request)
}

/// The address of the client.
pub fn peer(request: &HttpRequest, options: &HttpOptions) -> IpAddr {
    origin::peer(request, options)
}

/// The error for a request without a valid token.
pub fn unauthenticated() -> RequestError {
    AuthFailure::Unauthenticated.to_error()
}

/// Checks the origin of the page that sent the request, and the request rate of the client's address.
///
/// # Errors
/// Fails if pages of the request's origin are not allowed to call this server, or if the address has sent too many requests.
pub fn admit(
    request: &HttpRequest,
    service: &GraphqlService,
    options: &HttpOptions,
) -> Result<(), RequestError> {
    origin::check(request, options)?;
    service.admit_address(origin::peer(request, options))
}

/// The response for an error, in the form of GraphQL responses.
pub fn refused(error: &RequestError) -> HttpResponse {
    let mut response = HttpResponse::build(error.status);
    if let Some(seconds) = error.retry_after {
        response.insert_header((header::RETRY_AFTER, seconds));
    }
    if error.status == StatusCode::UNAUTHORIZED {
        response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
    }
    response.json(error.to_body())
}
