//! Content negotiation: the type of the request body, and the types that the client accepts.

use actix_web::{
    HttpRequest,
    http::{StatusCode, header},
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
}

impl Answer {
    /// The `Content-Type` value; JSON is always UTF-8.
    pub(crate) const fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json; charset=utf-8",
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
            Self::EventStream => "text/event-stream; charset=utf-8",
        }
    }
}

/// Chooses by the `Accept` header: the media type with the highest weight, or the first one if weights are equal.
pub(crate) fn negotiate(request: &HttpRequest) -> Result<Answer, RequestError> {
    let mut best: Option<(u16, Answer)> = None;
    let mut stated = false;
    for value in request.headers().get_all(header::ACCEPT) {
        for range in value.to_str().unwrap_or_default().split(',').filter(|range| !range.trim().is_empty()) {
            stated = true;
            let Some((weight, answer)) = media_range(range) else { continue };
            if best.is_none_or(|(found, _)| weight > found) {
                best = Some((weight, answer));
            }
        }
    }
    match best {
        Some((_, answer)) => Ok(answer),
        None if !stated => Ok(Answer::Json),
        None => Err(RequestError::transport(
            StatusCode::NOT_ACCEPTABLE,
            "NOT_ACCEPTABLE",
            "Accept application/graphql-response+json, application/json or text/event-stream.",
        )),
    }
}

/// One range of an `Accept` header with its weight in thousandths; `None` if the range matches none of our media types.
fn media_range(range: &str) -> Option<(u16, Answer)> {
    let mut parts = range.split(';').map(str::trim);
    let answer = match parts.next()?.to_ascii_lowercase().as_str() {
        "application/graphql-response+json" => Answer::GraphqlResponse,
        "application/json" | "application/*" | "*/*" => Answer::Json,
        "text/event-stream" => Answer::EventStream,
        _ => return None,
    };
    let mut weight = 1000;
    for parameter in parts {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        match name.trim().to_ascii_lowercase().as_str() {
            "q" => weight = thousandths(value.trim())?,
            "charset" if !is_utf8(value) => return None,
            _ => {}
        }
    }
    (weight > 0).then_some((weight, answer))
}

/// Parses a weight, such as `1`, `0.5` or `0.125` (RFC 9110, section 12.4.2).
fn thousandths(text: &str) -> Option<u16> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let whole: u16 = whole.parse().ok().filter(|whole| *whole <= 1)?;
    if fraction.len() > 3 || !fraction.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let fraction: u16 = format!("{fraction:0<3}").parse().ok()?;
    Some((whole * 1000 + fraction).min(1000))
}

fn is_utf8(charset: &str) -> bool {
    charset.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
}

/// Refuses a body that is not JSON in UTF-8. Above all, this refuses forms and plain text, which another site's page may send without a CORS
/// preflight.
pub(crate) fn check_content_type(request: &HttpRequest) -> Result<(), RequestError> {
    let value = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let mut parts = value.unwrap_or_default().split(';').map(str::trim);
    let is_json = parts.next().is_some_and(|media| media.eq_ignore_ascii_case("application/json"));
    let charset_fits = parts
        .filter_map(|parameter| parameter.split_once('='))
        .filter(|(name, _)| name.trim().eq_ignore_ascii_case("charset"))
        .all(|(_, charset)| is_utf8(charset));
    let plain = request.headers().get(header::CONTENT_ENCODING).is_none_or(|encoding| encoding == "identity");
    if is_json && charset_fits && plain {
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
