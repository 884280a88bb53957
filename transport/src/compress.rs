//! Compression of answers by the request's `Accept-Encoding`: Brotli, Zstandard or gzip.
//!
//! Attacks of the BREACH class need two things: a page that makes a victim's browser send requests with the victim's secret, and an answer that
//! contains both a secret and a text that the page chose. Callers are identified by the header `Authorization`, which no other site's page can send.
//! A ticket's cookie gives access only to event streams, and event streams are not compressed. Only `login` and similar operations return secrets,
//! and only to a client that sent a password or token.

use actix_http::encoding::Encoder;
use actix_web::{
    Error,
    body::{BodySize, BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::header::{self, AcceptEncoding, ContentEncoding, Encoding, Header as _},
    middleware::Next,
};

/// Smaller answers are not compressed: the packet that carries such an answer would hardly become smaller.
const SMALLEST: u64 = 1024;

/// Middleware that compresses whole bodies. Streams and bodies that are already encoded pass unchanged.
///
/// # Errors
/// Returns the errors of the service.
pub(crate) async fn compress<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let encoding = accepted(&request);
    let response = next.call(request).await?;
    let is_large = matches!(response.response().body().size(), BodySize::Sized(bytes) if bytes >= SMALLEST);
    if !is_large || response.headers().contains_key(header::CONTENT_ENCODING) {
        return Ok(response.map_into_boxed_body());
    }
    Ok(response.map_body(|head, body| BoxBody::new(Encoder::response(encoding, head, body))))
}

/// The compression with the highest weight. If weights are equal, the best compression wins.
fn accepted(request: &ServiceRequest) -> ContentEncoding {
    if !request.headers().contains_key(header::ACCEPT_ENCODING) {
        return ContentEncoding::Identity;
    }
    let known = [Encoding::identity(), Encoding::brotli(), Encoding::zstd(), Encoding::gzip()];
    let chosen = AcceptEncoding::parse(request).ok().and_then(|accepted| accepted.negotiate(known.iter()));
    match chosen {
        Some(Encoding::Known(encoding)) => encoding,
        _ => ContentEncoding::Identity,
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn the_best_weight_wins_and_nothing_unknown() {
        let chosen = |accepted: &str| {
            let request = TestRequest::default().insert_header((header::ACCEPT_ENCODING, accepted));
            super::accepted(&request.to_srv_request())
        };
        assert_eq!(chosen("gzip"), ContentEncoding::Gzip);
        assert_eq!(chosen("gzip;q=0.5, zstd"), ContentEncoding::Zstd);
        assert_eq!(chosen("gzip, deflate, br, zstd"), ContentEncoding::Brotli);
        for other in ["", "deflate", "identity", "compress, x", "gzip;q=0", ";;,"] {
            assert_eq!(chosen(other), ContentEncoding::Identity, "{other}");
        }
        assert_eq!(accepted(&TestRequest::default().to_srv_request()), ContentEncoding::Identity);
    }
}
