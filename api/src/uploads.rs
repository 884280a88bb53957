//! Receives the files of imports: `PUT` to the signed address that `createTariffImport` returns.

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use futures_util::StreamExt as _;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use app::App;
use app::tariffs::imports::{Job, spool};
use base::error::{Error, ErrorCode, Result};
use transport::uploads::{admit, cors, refused};
use transport::{GraphqlService, HttpOptions, RequestError};

/// Maximum pause in an upload, after which the upload fails.
const STALLS: Duration = Duration::from_secs(30);
/// Maximum duration of an upload.
const WHOLE: Duration = Duration::from_secs(3600);
/// Number of bytes that are written to the file at a time.
const PART: usize = 256 << 10;

/// State of the handler.
pub struct Uploads {
    /// The use cases.
    pub app: Arc<App>,
    /// The GraphQL service, whose rate limits apply to uploads, too.
    pub service: Arc<GraphqlService>,
    /// The pages that may upload files, and the trusted reverse proxies.
    pub options: HttpOptions,
}

/// The signed part of the address.
#[derive(Deserialize)]
struct Signed {
    until: i64,
    signature: String,
}

/// Mounts the resource.
pub fn configure(mounted: &mut web::ServiceConfig, uploads: web::Data<Uploads>) {
    let cors = cors(&uploads.options);
    mounted.service(
        web::resource(format!("{}/{{import}}", spool::PATH))
            .app_data(uploads)
            .wrap(cors)
            .route(web::put().to(put)),
    );
}

async fn put(
    request: HttpRequest,
    import: web::Path<String>,
    signed: web::Query<Signed>,
    body: web::Payload,
    uploads: web::Data<Uploads>,
) -> HttpResponse {
    if let Err(error) = admit(&request, &uploads.service, &uploads.options) {
        return refused(&error);
    }
    let length = request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    let length = length.and_then(|length| length.parse().ok());
    let received = receive(&uploads.app, &import, &signed, (length, file_name(&request), body));
    let received = tokio::time::timeout(WHOLE, received).await;
    match received.unwrap_or_else(|_| Err(late())) {
        Ok(job) => HttpResponse::Accepted().json(json!({ "state": job.row.state.as_str() })),
        Err(error) => refused(&told(error)),
    }
}

/// The name of the file in the header `Content-Disposition`.
fn file_name(request: &HttpRequest) -> Option<String> {
    let value = request.headers().get(header::CONTENT_DISPOSITION)?;
    let disposition = header::ContentDisposition::from_raw(value).ok()?;
    // the extended parameter may have characters that are not in ASCII
    let extended = disposition.get_filename_ext().and_then(|name| String::from_utf8(name.value.clone()).ok());
    extended.or_else(|| disposition.get_filename().map(str::to_owned))
}

async fn receive(
    app: &App,
    import: &str,
    signed: &Signed,
    (length, name, mut body): (Option<u64>, Option<String>, web::Payload),
) -> Result<Job> {
    let import: Uuid = import.parse().map_err(|_| Error::NotFound)?;
    let mut upload = spool::admit(app, import, signed.until, &signed.signature).await?;
    if let Some(name) = name {
        upload.set_name(&name);
    }
    if let Some(length) = length {
        upload.announce(length)?;
    }
    let mut part = Vec::with_capacity(2 * PART);
    loop {
        let received = tokio::time::timeout(STALLS, body.next()).await.map_err(|_| late())?;
        let Some(bytes) = received.transpose().map_err(|_| broken())? else { break };
        part.extend_from_slice(&bytes);
        if part.len() >= PART {
            upload.write(&part).await?;
            part.clear();
        }
    }
    upload.write(&part).await?;
    upload.finish(app).await
}

fn late() -> Error {
    Error::invalid("file", "The file did not arrive in time. Upload it again.")
}

fn broken() -> Error {
    Error::invalid("file", "The connection was lost before the end of the file. Upload it again.")
}

/// The response to an upload that failed with this error.
fn told(error: Error) -> RequestError {
    match error {
        Error::User(error) => {
            let status = match error.code {
                ErrorCode::InvalidInput => StatusCode::BAD_REQUEST,
                _ => StatusCode::CONFLICT,
            };
            RequestError::transport(status, error.code.as_str(), error.message.to_string())
        }
        Error::NotFound => RequestError::transport(
            StatusCode::NOT_FOUND,
            "NOT_FOUND",
            "No such import. Create one with `createTariffImport`.",
        ),
        Error::Forbidden | Error::Unauthenticated => RequestError::transport(
            StatusCode::FORBIDDEN,
            "FORBIDDEN",
            "The signature in the address is not valid. Use the address that `createTariffImport` returned, unchanged.",
        ),
        Error::Overtaken | Error::Overloaded(_) => {
            let message = "The server is busy. Try again in a moment.";
            RequestError::transport(StatusCode::SERVICE_UNAVAILABLE, "OVERLOADED", message).retry_after(5)
        }
        error => {
            tracing::error!(%error, "an upload failed");
            RequestError::transport(
                StatusCode::INTERNAL_SERVER_ERROR,
                "INTERNAL",
                "Internal error. Upload the file again.",
            )
        }
    }
}
