//! Content negotiation: the type of the request body, and the types that the client accepts.

use actix_web::{
    HttpMessage as _, HttpRequest,
    http::{
        StatusCode,
        header::{self, Accept, Header as _, Quality},
    },
    mime::{self, Mime},
};

use super::error::RequestError;

/// The media types of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// `application/json`, the default.
    Json,
    /// `application/graphql-response+json`.
    GraphqlResponse,
    /// `text/event-stream`.
    EventStream,
    /// `multipart/mixed;subscriptionSpec=1.0`. Only subscriptions are answered in parts; anything else is JSON.
    Multipart,
}

impl Answer {
    /// The value of `Content-Type` of a single answer. JSON is always UTF-8.
    pub(crate) const fn content_type(self) -> &'static str {
        match self {
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
            Self::Json | Self::EventStream | Self::Multipart => "application/json; charset=utf-8",
        }
    }
}

/// Chooses the media type by the `Accept` header. The range with the highest weight wins; if weights are equal, the first range wins. Ranges that
/// cannot be parsed are ignored.
pub(crate) fn negotiate(request: &HttpRequest) -> Result<Answer, RequestError> {
    let ranges = Accept::parse(request).map(|accept| accept.0).unwrap_or_default();
    if ranges.is_empty() {
        return Ok(Answer::Json);
    }
    // `max_by_key` returns the last of several equal weights, so the list is reversed; the result is then the first range in the header
    let best = ranges
        .iter()
        .rev()
        .filter(|range| range.quality > Quality::ZERO)
        .filter_map(|range| Some((range.quality, answer(&range.item)?)))
        .max_by_key(|(quality, _)| *quality);
    best.map(|(_, answer)| answer).ok_or_else(|| {
        RequestError::transport(
            StatusCode::NOT_ACCEPTABLE,
            "NOT_ACCEPTABLE",
            "Accept application/graphql-response+json, application/json, text/event-stream or multipart/mixed;subscriptionSpec=1.0.",
        )
    })
}

/// The media type that matches a media range; `None` if no type of this server matches.
fn answer(range: &Mime) -> Option<Answer> {
    let answer = match range.essence_str() {
        "application/graphql-response+json" => Answer::GraphqlResponse,
        "application/json" | "application/*" | "*/*" => Answer::Json,
        "text/event-stream" => Answer::EventStream,
        "multipart/mixed" if range.get_param("subscriptionSpec").is_some_and(|version| version == "1.0") => {
            Answer::Multipart
        }
        _ => return None,
    };
    is_utf8(range).then_some(answer)
}

/// Whether a media type has no charset, or the charset UTF-8.
fn is_utf8(media: &Mime) -> bool {
    media.get_param(mime::CHARSET).is_none_or(|charset| charset == "utf-8")
}

/// Refuses a body that is not JSON in UTF-8. Forms and plain text are refused, because another site's page may send them without a CORS preflight.
pub(crate) fn check_content_type(request: &HttpRequest) -> Result<(), RequestError> {
    let media = request.mime_type().ok().flatten();
    let is_json = media.is_some_and(|media| media.essence_str() == "application/json" && is_utf8(&media));
    let plain = request.headers().get(header::CONTENT_ENCODING).is_none_or(|encoding| encoding == "identity");
    if is_json && plain {
        return Ok(());
    }
    Err(RequestError::transport(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "UNSUPPORTED_MEDIA_TYPE",
        "Send the body as application/json in UTF-8, not compressed.",
    ))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn accept(value: &str) -> Option<Answer> {
        negotiate(&TestRequest::default().insert_header((header::ACCEPT, value)).to_http_request()).ok()
    }

    #[test]
    fn the_best_weight_wins_and_then_the_first() {
        assert_eq!(
            accept("application/json;q=0.9, application/graphql-response+json"),
            Some(Answer::GraphqlResponse)
        );
        assert_eq!(accept("application/json, application/graphql-response+json"), Some(Answer::Json));
        assert_eq!(accept("text/html, */*;q=0.1"), Some(Answer::Json));
        assert_eq!(accept("text/event-stream"), Some(Answer::EventStream));
        assert_eq!(accept("application/json; charset=utf-8"), Some(Answer::Json));
        assert_eq!(accept("application/json; charset=latin1"), None);
        assert_eq!(accept("application/json;q=0"), None);
        assert_eq!(accept("text/html"), None);
        assert_eq!(accept(""), Some(Answer::Json));
    }

    #[test]
    fn apollo_clients_ask_for_parts() {
        let asked = "multipart/mixed;boundary=graphql;subscriptionSpec=1.0, application/json";
        assert_eq!(accept(asked), Some(Answer::Multipart));
        assert_eq!(accept("multipart/mixed;subscriptionSpec=\"1.0\""), Some(Answer::Multipart));
        assert_eq!(accept("multipart/mixed;deferSpec=20220824, application/json"), Some(Answer::Json));
        assert_eq!(accept("multipart/mixed"), None);
    }

    #[test]
    fn bodies_are_json_in_utf8() {
        let check = |value: &str| {
            let request = TestRequest::post().insert_header((header::CONTENT_TYPE, value)).to_http_request();
            check_content_type(&request).is_ok()
        };
        assert!(check("application/json"));
        assert!(check("Application/JSON; charset=\"UTF-8\""));
        assert!(!check("application/json; charset=utf-16"));
        assert!(!check("text/plain"));
        assert!(!check("multipart/form-data; boundary=x"));
        assert!(check_content_type(&TestRequest::post().to_http_request()).is_err());
    }
}
