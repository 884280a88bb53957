//! The web pages in the server's binary: the console at `/`, the explorer at `/explorer/` and the documentation at `/docs/`.
//!
//! `web/build` builds the pages into `web/dist`, where each text file is compressed (`index.html.gz`). An optimized build of the server contains
//! `web/dist`. A development build reads `web/dist` from the source tree at each request. If `web/dist` is missing, Cargo still builds the server,
//! and the server shows a page that says how to build the web pages.

use std::future::ready;
use std::io::Read as _;

use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, guard, web};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rust_embed::{Embed, EmbeddedFile};
use serde::{Deserialize, Serialize};

/// Options for the pages that a server shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebConfig {
    /// The console for attendants, owners and resellers, at `/`.
    pub console: bool,
    /// The explorer for developers, which runs any query, at `/explorer/`.
    pub explorer: bool,
    /// The documentation, at `/docs/`.
    pub docs: bool,
}

impl WebConfig {
    /// Every page.
    pub const ALL: Self = Self { console: true, explorer: true, docs: true };
}

#[derive(Embed)]
#[folder = "../web/dist"]
#[allow_missing = true]
struct Built;

/// A part of the site. A part's files are in the folder with the part's name.
struct Site {
    folder: &'static str,
    /// Content security policy. Nothing is loaded from other servers, and no page may be framed.
    policy: &'static str,
}

const CONSOLE: Site = Site {
    folder: "console",
    policy: "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; frame-src 'self'; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
};
/// Monaco, the editor, writes its styles at run time and starts workers.
const EXPLORER: Site = Site {
    folder: "explorer",
    policy: "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; img-src 'self' data:; \
             font-src 'self' data:; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
};
/// VitePress writes small inline scripts and styles into each page.
const DOCS: Site = Site {
    folder: "docs",
    policy: "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; connect-src 'self'; \
             img-src 'self' data:; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
};

/// The page that is shown if the requested page was not built.
const NOT_BUILT: &str = include_str!("web/not-built.html");

/// Mounts the pages. Call this function after everything else is mounted, because the console answers every path below `/`.
pub fn configure(config: &mut web::ServiceConfig, pages: WebConfig) {
    let resource = |path: &str, site| {
        let answer =
            move |request: HttpRequest, path: web::Path<String>| ready(answer(site, &path, &request));
        web::resource(path).guard(guard::Any(guard::Get()).or(guard::Head())).to(answer)
    };
    for (site, is_shown) in [(&EXPLORER, pages.explorer), (&DOCS, pages.docs)] {
        if is_shown {
            let folder = format!("/{}", site.folder);
            // the page's relative links need the trailing slash
            config.service(web::redirect(folder.clone(), format!("{folder}/")));
            config.service(resource(&format!("{folder}/{{path:.*}}"), site));
        }
    }
    if pages.console {
        config.service(resource("/{path:.*}", &CONSOLE));
    }
}

fn answer(site: &Site, path: &str, request: &HttpRequest) -> HttpResponse {
    let path =
        if path.is_empty() || path.ends_with('/') { format!("{path}index.html") } else { path.to_owned() };
    // VitePress omits the extension in links to pages
    let found = Found::read(site, &path).or_else(|| Found::read(site, &format!("{path}.html")));
    match found {
        Some(found) => found.respond(site, request),
        None if Built::get(&format!("{}/index.html.gz", site.folder)).is_none() => HttpResponse::NotFound()
            .insert_header((header::CONTENT_TYPE, "text/html; charset=utf-8"))
            .insert_header((header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"))
            .body(NOT_BUILT),
        None => HttpResponse::NotFound()
            .insert_header((header::CONTENT_TYPE, "text/plain; charset=utf-8"))
            .body("Not found.\n"),
    }
}

/// A file of a site.
struct Found {
    path: String,
    file: EmbeddedFile,
    is_compressed: bool,
}

impl Found {
    fn read(site: &Site, path: &str) -> Option<Self> {
        // a path with an empty part, or with a part that begins with a dot, names no file
        if path.split('/').any(|part| part.is_empty() || part.starts_with('.')) {
            return None;
        }
        let name = format!("{}/{path}", site.folder);
        let (file, is_compressed) = match Built::get(&format!("{name}.gz")) {
            Some(file) => (file, true),
            None => (Built::get(&name)?, false),
        };
        Some(Self { path: path.to_owned(), file, is_compressed })
    }

    fn respond(self, site: &Site, request: &HttpRequest) -> HttpResponse {
        let tag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(self.file.metadata.sha256_hash()));
        let caching = match self.path.starts_with("assets/") {
            // the names of files in `assets` contain a hash of the contents
            true => "public, max-age=31536000, immutable",
            false => "no-cache",
        };
        let mut response = HttpResponse::Ok();
        response
            .insert_header((header::CACHE_CONTROL, caching))
            .insert_header((header::ETAG, tag.as_str()))
            .insert_header((header::VARY, "Accept-Encoding"))
            .insert_header((header::CONTENT_SECURITY_POLICY, site.policy))
            .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
            .insert_header((header::REFERRER_POLICY, "no-referrer"));
        if names(request, header::IF_NONE_MATCH, &tag) {
            return response.status(actix_web::http::StatusCode::NOT_MODIFIED).finish();
        }
        response.insert_header((header::CONTENT_TYPE, media_type(&self.path)));
        if !self.is_compressed {
            return response.body(self.file.data.into_owned());
        }
        if names(request, header::ACCEPT_ENCODING, "gzip") {
            return response
                .insert_header((header::CONTENT_ENCODING, "gzip"))
                .body(self.file.data.into_owned());
        }
        let mut plain = Vec::new();
        match flate2::read::GzDecoder::new(&*self.file.data).read_to_end(&mut plain) {
            Ok(_) => response.body(plain),
            Err(error) => {
                tracing::error!(%error, path = self.path, "a file in web/dist is damaged: run web/build and build the server again");
                HttpResponse::InternalServerError().finish()
            }
        }
    }
}

/// Whether a header lists this value.
fn names(request: &HttpRequest, header: header::HeaderName, value: &str) -> bool {
    let lists = request.headers().get_all(header).filter_map(|list: &HeaderValue| list.to_str().ok());
    lists
        .flat_map(|list| list.split(','))
        .any(|item| item.split(';').next().is_some_and(|item| item.trim() == value))
}

fn media_type(path: &str) -> String {
    let guessed = mime_guess::from_path(path).first_or_octet_stream();
    match guessed.type_() {
        mime_guess::mime::TEXT => format!("{guessed}; charset=utf-8"),
        _ => guessed.to_string(),
    }
}
