//! Tickets in the URL of an event stream, for browsers: an `EventSource` sends no `Authorization`.
//!
//! A ticket works once. The answer sets a cookie, with which the `EventSource` connects again by itself. The application issues the tickets and
//! decides which of them are good ([`Authenticator::admit`](super::Authenticator::admit)).

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{self, HeaderValue},
    },
};

use super::{error::RequestError, media::Answer, service::Caller};

/// Name of the URL parameter.
pub(crate) const PARAMETER: &str = "ticket";
/// Longest ticket accepted, in bytes.
const MAX_BYTES: usize = 1024;

/// A ticket, and the cookies that came with it.
#[derive(Debug)]
pub struct Ticket {
    text: String,
    cookies: Vec<(String, String)>,
}

/// The caller of a good ticket.
pub struct Admitted {
    /// The caller. `expires_at` ends the stream.
    pub caller: Caller,
    /// The cookie to set, after the first use of the ticket.
    pub cookie: Option<StreamCookie>,
}

/// A cookie that admits its owner's later streams.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamCookie {
    /// A name of letters, digits and `-`.
    pub name: String,
    /// The secret, of letters, digits, `-`, `_` and `.`.
    pub value: String,
}

impl Ticket {
    /// Checks that the request with this ticket asks for an event stream.
    pub(crate) fn new(text: String, request: &HttpRequest, answer: Answer) -> Result<Self, RequestError> {
        if answer != Answer::EventStream {
            return Err(bad_request(
                "A ticket admits event streams only. Accept text/event-stream, or send a token.",
            ));
        }
        if text.len() > MAX_BYTES {
            return Err(bad_request("The ticket is longer than 1024 bytes."));
        }
        let headers = request.headers().get_all(header::COOKIE).filter_map(|value| value.to_str().ok());
        let pairs = headers.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let cookies = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Ok(Self { text, cookies })
    }

    /// The ticket as it was issued, or anything else.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The value of a cookie.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

impl StreamCookie {
    /// Sets the cookie for the path of the request. Pages cannot read it, and browsers send it with no request of another site. The browser forgets
    /// the cookie when it closes; the cookie itself is good as long as the application says.
    pub(crate) fn set(&self, request: &HttpRequest, response: &mut HttpResponse) {
        let is_tls = request.headers().get("x-forwarded-proto").is_some_and(|scheme| scheme == "https");
        let secure = if is_tls { "; Secure" } else { "" };
        let Self { name, value } = self;
        let text = format!("{name}={value}; Path={}; HttpOnly; SameSite=Strict{secure}", request.path());
        if let Ok(value) = HeaderValue::from_str(&text) {
            response.headers_mut().append(header::SET_COOKIE, value);
        }
    }
}

fn bad_request(message: &str) -> RequestError {
    RequestError::transport(StatusCode::BAD_REQUEST, "BAD_REQUEST", message)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_ticket_brings_its_cookies() {
        let request = TestRequest::default()
            .append_header((header::COOKIE, "a=1; b=x=y;c"))
            .append_header((header::COOKIE, "d=4"))
            .to_http_request();
        let ticket = Ticket::new("t".to_owned(), &request, Answer::EventStream).expect("a ticket");
        let found = ["a", "b", "c", "d"].map(|name| ticket.cookie(name));
        assert_eq!((ticket.text(), found), ("t", [Some("1"), Some("x=y"), None, Some("4")]));
        assert!(Ticket::new("t".to_owned(), &request, Answer::Json).is_err());
        assert!(Ticket::new("t".repeat(1025), &request, Answer::EventStream).is_err());
    }

    #[test]
    fn the_cookie_is_of_the_path_and_secure_behind_tls() {
        let cookie = StreamCookie { name: "n".to_owned(), value: "v".to_owned() };
        let set = |request: TestRequest| {
            let mut response = HttpResponse::Ok().finish();
            cookie.set(&request.uri("/graphql?ticket=t").to_http_request(), &mut response);
            let set = response.headers().get(header::SET_COOKIE).and_then(|value| value.to_str().ok());
            set.expect("a cookie").to_owned()
        };
        let plain = "n=v; Path=/graphql; HttpOnly; SameSite=Strict";
        assert_eq!(set(TestRequest::default()), plain);
        assert_eq!(
            set(TestRequest::default().insert_header(("x-forwarded-proto", "https"))),
            format!("{plain}; Secure")
        );
    }
}
