//! The rules that file uploads share with GraphQL requests: the check of the page's origin, the rate limit for each address, and the form of errors.

use actix_cors::Cors;
use actix_web::{HttpRequest, HttpResponse, http::header};

use super::{HttpOptions, RequestError, origin, service::GraphqlService};

/// The CORS headers of a resource to which files are uploaded with `PUT`.
pub fn cors(options: &HttpOptions) -> Cors {
    origin::cors(options, &["PUT"])
}

/// Checks the origin of the request's page, and the rate of the request's address.
///
/// # Errors
/// Fails if pages of the request's origin may not call this server, or if the address has sent too many requests.
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
    response.json(error.to_body())
}
