//! A client for single HTTP requests, with TLS for HTTPS. The workspace builds `reqwest` without TLS, because only this client and the sender of
//! webhooks need HTTPS, and neither uses `reqwest`. The sender connects to checked addresses itself, and shares its TLS client with this client.

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST, USER_AGENT};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use url::Url;

use crate::webhooks::tls_client;

/// Maximum size of a response that is read as a whole, in bytes.
const MAX_BODY: usize = 256 * 1024;

/// Posts JSON. The calling function reads the response's body. The connection closes after the body.
///
/// # Errors
/// The error is a sentence about the connection.
pub(super) async fn post(
    url: &Url,
    headers: &[(&str, String)],
    body: String,
) -> Result<Response<Incoming>, String> {
    let host = url.host_str().ok_or_else(|| format!("{url} has no host"))?;
    let port = url.port_or_known_default().ok_or_else(|| format!("{url} has no port"))?;
    // an IPv6 address has brackets only in a URL
    let name = host.trim_start_matches('[').trim_end_matches(']');
    let stream = TcpStream::connect((name, port))
        .await
        .map_err(|error| format!("cannot connect to {host}:{port}: {error}"))?;
    let authority = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    let path = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
    let mut request = Request::post(path)
        .header(HOST, authority)
        .header(CONTENT_TYPE, "application/json")
        .header(USER_AGENT, concat!("callshop/", env!("CARGO_PKG_VERSION")));
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    let request = request.body(Full::new(Bytes::from(body))).map_err(|error| error.to_string())?;
    if url.scheme() != "https" {
        return send(stream, request).await;
    }
    let tls = tls_client().map_err(|error| error.to_string())?;
    let server = ServerName::try_from(name.to_owned()).map_err(|error| error.to_string())?;
    let stream =
        tls.connect(server, stream).await.map_err(|error| format!("no TLS connection to {host}: {error}"))?;
    send(stream, request).await
}

async fn send<S>(stream: S, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, String>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let told = |error: hyper::Error| format!("the connection failed: {error}");
    let (mut sender, connected) = http1::handshake(TokioIo::new(stream)).await.map_err(told)?;
    tokio::spawn(connected);
    sender.send_request(request).await.map_err(told)
}

/// Reads a response to its end.
///
/// # Errors
/// Fails if the connection fails, or if the response has more than [`MAX_BODY`] bytes.
pub(super) async fn text(response: Response<Incoming>) -> Result<String, String> {
    let (mut body, mut text) = (response.into_body(), Vec::new());
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| error.to_string())?;
        if let Some(data) = frame.data_ref() {
            text.extend_from_slice(data);
        }
        if text.len() > MAX_BODY {
            return Err(format!("the response has more than {MAX_BODY} bytes"));
        }
    }
    Ok(String::from_utf8_lossy(&text).into_owned())
}
