//! What uploads of files share with GraphQL requests: the pages that may send them, the rate limit of addresses, and the form of errors.

use actix_cors::Cors;
use actix_web::{HttpRequest, HttpResponse, http::header};

use super::{HttpOptions, RequestError, origin, service::GraphqlService};

/// The CORS headers of a resource to which files are uploaded with `PUT`.
pub fn cors(options: &HttpOptions) -> Cors {
    origin::cors(options, &["PUT"])
}

/// Admits a request by its page and its address.
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
