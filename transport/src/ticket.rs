//! Tickets in the URL of an event stream, for browsers: an `EventSource` sends no `Authorization`.
//!
//! A ticket works once. The answer sets a cookie, so that the `EventSource` can connect again without a new ticket. The application issues the
//! tickets and decides which tickets are valid ([`Authenticator::admit`](super::Authenticator::admit)).

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};

use super::{cookies::Cookies, error::RequestError, media::Answer, service::Caller};

/// Name of the URL parameter that contains the ticket.
pub(crate) const PARAMETER: &str = "ticket";
/// Longest ticket accepted, in bytes.
const MAX_BYTES: usize = 1024;

/// A ticket, and the cookies that came with it.
#[derive(Debug)]
pub struct Ticket {
    text: String,
    cookies: Cookies,
}

/// The caller that a valid ticket admits.
pub struct Admitted {
    /// The caller. `expires_at` ends the stream.
    pub caller: Caller,
    /// The cookie to set if this is the ticket's first use; otherwise `None`.
    pub cookie: Option<StreamCookie>,
}

/// A cookie with which the browser can open the stream again.
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
        Ok(Self { text, cookies: Cookies::of(request) })
    }

    /// The text that the client sent as its ticket: an issued ticket, or anything else.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The value of a cookie.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.get(name)
    }
}

impl StreamCookie {
    /// Adds the cookie to the answer. The browser deletes the cookie when the browser closes. The application decides how long the cookie is valid.
    pub(crate) fn set(&self, request: &HttpRequest, response: &mut HttpResponse) {
        let cookies = Cookies::of(request);
        cookies.set(&self.name, &self.value, None);
        cookies.write(response);
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
    fn a_ticket_admits_streams_only() {
        let request = TestRequest::default().append_header(("cookie", "a=1; c")).to_http_request();
        let ticket = Ticket::new("t".to_owned(), &request, Answer::EventStream).expect("a ticket");
        assert_eq!((ticket.text(), ticket.cookie("a"), ticket.cookie("c")), ("t", Some("1"), None));
        assert!(Ticket::new("t".to_owned(), &request, Answer::Json).is_err());
        assert!(Ticket::new("t".repeat(1025), &request, Answer::EventStream).is_err());
    }
}
