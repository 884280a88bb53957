//! The cookies of a request over HTTP, and the cookies that its answer sets.

use std::sync::{Mutex, PoisonError};

use actix_web::{
    HttpRequest, HttpResponse,
    cookie::{Cookie, SameSite, time::Duration},
    http::header,
};

/// The cookies of a request. A mutation that arrives by POST and gets a single answer can set cookies, and finds `Arc<Cookies>` in its data. Over a
/// WebSocket or in a stream, a mutation cannot set a cookie, because the headers are sent before the mutation runs.
#[derive(Debug)]
pub struct Cookies {
    received: Vec<Cookie<'static>>,
    path: String,
    is_secure: bool,
    set: Mutex<Vec<Cookie<'static>>>,
}

impl Cookies {
    /// Parses each cookie separately, because another site's page on the same host may have set a malformed cookie.
    pub(crate) fn of(request: &HttpRequest) -> Self {
        let headers = request.headers().get_all(header::COOKIE).filter_map(|value| value.to_str().ok());
        let pairs = headers.flat_map(|value| value.split(';'));
        let received = pairs.filter_map(|pair| Cookie::parse(pair.trim().to_owned()).ok());
        // behind a proxy, only the proxy knows whether the client uses HTTPS; a client that forges the proxy's header harms only its own cookie
        let forwarded = request.headers().get("x-forwarded-proto");
        Self {
            received: received.collect(),
            path: request.path().to_owned(),
            is_secure: forwarded.is_some_and(|scheme| scheme == "https"),
            set: Mutex::default(),
        }
    }

    /// The value of a cookie of the request.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.received.iter().find(|cookie| cookie.name() == name).map(Cookie::value)
    }

    /// Makes the answer set a cookie for the path of the request. Pages cannot read the cookie, and browsers do not send it with requests from other
    /// sites. The browser deletes the cookie after `seconds`, or, if `seconds` is `None`, when the browser closes.
    ///
    /// The name consists of letters, digits and `-`; the value may also contain `_` and `.`.
    pub fn set(&self, name: &str, value: &str, seconds: Option<i64>) {
        let mut cookie = Cookie::build(name.to_owned(), value.to_owned())
            .path(self.path.clone())
            .http_only(true)
            .same_site(SameSite::Strict)
            .finish();
        if self.is_secure {
            cookie.set_secure(true);
        }
        cookie.set_max_age(seconds.map(Duration::seconds));
        self.set.lock().unwrap_or_else(PoisonError::into_inner).push(cookie);
    }

    /// Makes the answer remove a cookie that [`Self::set`] has set.
    pub fn remove(&self, name: &str) {
        self.set(name, "", Some(0));
    }

    /// Adds the cookies to the answer.
    pub(crate) fn write(&self, response: &mut HttpResponse) {
        for cookie in self.set.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            if let Err(error) = response.add_cookie(&cookie) {
                tracing::error!(%error, name = cookie.name(), "a cookie could not be written into a header");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_malformed_cookie_hides_no_other() {
        let request = TestRequest::default()
            .append_header((header::COOKIE, "a=1; b=x=y;c; =e"))
            .append_header((header::COOKIE, "d=4"))
            .to_http_request();
        let cookies = Cookies::of(&request);
        assert_eq!(
            ["a", "b", "c", "d", ""].map(|name| cookies.get(name)),
            [Some("1"), Some("x=y"), None, Some("4"), None]
        );
    }

    #[test]
    fn cookies_are_of_the_path_and_secure_behind_tls() {
        let set = |request: TestRequest, seconds| {
            let cookies = Cookies::of(&request.uri("/graphql?ticket=t").to_http_request());
            cookies.set("n", "v", seconds);
            let mut response = HttpResponse::Ok().finish();
            cookies.write(&mut response);
            let set = response.headers().get(header::SET_COOKIE).and_then(|value| value.to_str().ok());
            set.expect("a cookie").to_owned()
        };
        let plain = "n=v; HttpOnly; SameSite=Strict; Path=/graphql";
        assert_eq!(set(TestRequest::default(), None), plain);
        assert_eq!(set(TestRequest::default(), Some(60)), format!("{plain}; Max-Age=60"));
        assert_eq!(
            set(TestRequest::default().insert_header(("x-forwarded-proto", "https")), None),
            "n=v; HttpOnly; SameSite=Strict; Secure; Path=/graphql"
        );
    }
}
