//! Downloads of exports: `GET /export/SUBJECT`, with a token or with the signed link that `createExportLink` returns.
//!
//! A download is read from the database only as fast as its client reads. A download holds at most two parts of the file in memory. If a download
//! breaks off, the last chunk of HTTP's chunked encoding is missing, so clients do not mistake the file for a complete one.

mod refusals;

use std::collections::HashMap;
use std::io::{self, Write as _};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, AcceptEncoding, Encoding, Header as _};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, web};
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::stream;
use serde::Deserialize;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::time::timeout;
use uuid::Uuid;

use app::App;
use app::auth::{Actor, login};
use app::exports::{self, Export, Format, Request, Subject, link};
use app::receipt::Locale;
use base::error::Error;
use entity::Book;
use graphql::exports::{Asked, global_id};
use transport::connection::Cut;
use transport::uploads::{admit, download_cors, peer, refused, token, unauthenticated};
use transport::{GraphqlService, HttpOptions, Languages, RequestError};

use crate::config::ExportsConfig;
use refusals::{Refusal, bad_link, bad_request, no_subject, told};

/// Maximum duration of a download.
const WHOLE: Duration = Duration::from_secs(3600);
/// Time after which a refused client may try again, in seconds.
const RETRY: u64 = 10;

/// What the handler needs.
pub struct Exports {
    app: Arc<App>,
    service: Arc<GraphqlService>,
    options: HttpOptions,
    slots: Arc<Slots>,
    stalls: Duration,
}

impl Exports {
    /// Exports of `app` on this node. The service's rate limits apply to downloads, too.
    pub fn new(
        app: Arc<App>,
        service: Arc<GraphqlService>,
        options: HttpOptions,
        config: &ExportsConfig,
    ) -> Self {
        let slots = Slots { per_user: config.per_user, per_node: config.per_node, running: Mutex::default() };
        let stalls = Duration::from_secs(config.stall_seconds);
        Self { app, service, options, slots: Arc::new(slots), stalls }
    }
}

/// Mounts the resource.
pub fn configure(mounted: &mut web::ServiceConfig, exports: web::Data<Exports>) {
    let cors = download_cors(&exports.options);
    mounted.service(
        web::resource(format!("{}/{{subject}}", link::PATH))
            .app_data(exports)
            .wrap(cors)
            .route(web::get().to(get))
            .default_service(web::to(other_method)),
    );
}

async fn other_method() -> HttpResponse {
    let mut response = refused(&RequestError::transport(
        StatusCode::METHOD_NOT_ALLOWED,
        "METHOD_NOT_ALLOWED",
        "Send GET to this address.",
    ));
    response.headers_mut().insert(header::ALLOW, header::HeaderValue::from_static("GET"));
    response
}

async fn get(request: HttpRequest, subject: web::Path<String>, exports: web::Data<Exports>) -> HttpResponse {
    if let Err(error) = admit(&request, &exports.service, &exports.options) {
        return refused(&error);
    }
    let mut reader = Locale::preferred(Languages::of(&request).tags());
    match begin(&request, &subject, &exports, &mut reader).await {
        Ok(response) => response,
        Err(refusal) => refused(&refusal.told(reader.unwrap_or(Locale::ENGLISH))),
    }
}

/// The parameters of the address.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Parameters {
    account_id: Option<String>,
    tariff_version_id: Option<String>,
    from: Option<String>,
    to: Option<String>,
    book: Option<Book>,
    format: Option<Format>,
    locale: Option<String>,
    link: Option<String>,
}

impl Parameters {
    /// Whether a parameter besides `link` is given.
    fn asks(&self) -> bool {
        let texts = [&self.account_id, &self.tariff_version_id, &self.from, &self.to, &self.locale];
        texts.into_iter().any(Option::is_some) || self.book.is_some() || self.format.is_some()
    }

    fn asked(self, subject: Subject) -> Asked {
        Asked {
            subject,
            account_id: self.account_id.map(Into::into),
            tariff_version_id: self.tariff_version_id.map(Into::into),
            from: self.from,
            to: self.to,
            book: self.book,
            format: self.format.unwrap_or_default(),
            locale: self.locale,
        }
    }
}

/// Begins a download. `reader` is the language that the client prefers. If the client prefers none, `reader` becomes the caller's language as soon as
/// the caller is authenticated.
async fn begin(
    request: &HttpRequest,
    subject: &str,
    exports: &Exports,
    reader: &mut Option<Locale>,
) -> Result<HttpResponse, Refusal> {
    let subject = Subject::named(subject).ok_or_else(no_subject)?;
    let parameters = web::Query::<Parameters>::from_query(request.query_string())
        .map_err(|error| {
            bad_request(base::message!("The parameters of the address are wrong: {error}.", error))
        })?
        .into_inner();
    let (actor, asked) = identify(request, subject, parameters, exports).await?;
    reader.get_or_insert(actor.locale);
    let slot = exports.slots.take(actor.principal())?;
    let mut export = exports::open(&exports.app, &actor, &asked, global_id).await.map_err(told)?;
    // an error in the first part can still be reported with a status
    let first = export.next().await.map_err(told)?;
    let is_zipped = asked.format != Format::Pdf && accepts_gzip(request);
    let mut response = HttpResponse::Ok();
    response
        .insert_header((header::CONTENT_TYPE, export.media_type()))
        .insert_header((
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{}\"", export.file_name),
        ))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::VARY, "accept-encoding"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .insert_header(("X-Accel-Buffering", "no"));
    if is_zipped {
        response.insert_header((header::CONTENT_ENCODING, "gzip"));
    }
    let (sender, receiver) = mpsc::channel(1);
    let (file, stalls, slot) = (File::new(is_zipped), exports.stalls, Some(slot));
    let download = Download { export, sender, file, stalls, slot, connection: Cut::of(request) };
    tokio::spawn(download.run(first));
    Ok(response.streaming(Box::pin(body(receiver))))
}

/// Reads the caller and the request from the link if there is one, and otherwise from the token and the parameters.
async fn identify(
    request: &HttpRequest,
    subject: Subject,
    parameters: Parameters,
    exports: &Exports,
) -> Result<(Actor, Request), Refusal> {
    let (app, address) = (&*exports.app, peer(request, &exports.options));
    if let Some(text) = &parameters.link {
        if parameters.asks() {
            return Err(bad_request("A link has no further parameters. Create a link for each export."));
        }
        let (actor, asked) = link::admit(app, text).await.map_err(bad_link)?;
        if asked.subject != subject {
            return Err(bad_link(Error::Unauthenticated));
        }
        return Ok((actor.from(address), asked));
    }
    let token = token(request)?.ok_or_else(unauthenticated)?;
    let (actor, _) = login::authenticate(app, token).await.map_err(told)?;
    let asked = parameters.asked(subject).request(app).await.map_err(told)?;
    Ok((actor.from(address), asked))
}

fn accepts_gzip(request: &HttpRequest) -> bool {
    if !request.headers().contains_key(header::ACCEPT_ENCODING) {
        return false;
    }
    let known = [Encoding::identity(), Encoding::gzip()];
    let chosen = AcceptEncoding::parse(request).ok().and_then(|accepted| accepted.negotiate(known.iter()));
    chosen == Some(Encoding::gzip())
}

/// The downloads that run on this node, by user or API token.
struct Slots {
    per_user: usize,
    per_node: usize,
    running: Mutex<HashMap<Uuid, usize>>,
}

/// Counts a download as running until this value is dropped.
struct Slot {
    slots: Arc<Slots>,
    principal: Uuid,
}

impl Slots {
    fn take(self: &Arc<Self>, principal: Uuid) -> Result<Slot, Refusal> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if running.values().sum::<usize>() >= self.per_node {
            let message = "The server has too many downloads at once. Try again later.";
            let refusal = Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "TOO_MANY_EXPORTS", message);
            return Err(refusal.retry_after(RETRY));
        }
        let own = running.entry(principal).or_default();
        if *own >= self.per_user {
            let message = base::message!(
                "You already have {max} downloads, the maximum. Wait for one to end.",
                max = self.per_user
            );
            let refusal = Refusal::new(StatusCode::TOO_MANY_REQUESTS, "TOO_MANY_EXPORTS", message);
            return Err(refusal.retry_after(RETRY));
        }
        *own += 1;
        Ok(Slot { slots: self.clone(), principal })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut running = self.slots.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = running.get_mut(&self.principal) {
            *own = own.saturating_sub(1);
            if *own == 0 {
                running.remove(&self.principal);
            }
        }
    }
}

/// A part of the body.
enum Part {
    Bytes(Bytes),
    /// Marks that the file was sent completely.
    End,
}

/// Reads an export and passes it on as fast as the client reads.
struct Download {
    export: Export,
    sender: Sender<Part>,
    file: File,
    stalls: Duration,
    slot: Option<Slot>,
    /// The client's connection.
    connection: Option<Arc<Cut>>,
}

impl Download {
    async fn run(mut self, first: Option<Vec<u8>>) {
        match timeout(WHOLE, self.pass_on(first)).await {
            Ok(Ok(())) => {}
            Ok(Err(Ended::Failed(error))) => {
                tracing::warn!(%error, file = %self.export.file_name, "an export broke off")
            }
            Ok(Err(Ended::Stalled)) => {
                tracing::info!(file = %self.export.file_name, "the client of an export reads nothing");
                self.cut();
            }
            Ok(Err(Ended::Gone)) => tracing::debug!("the client of an export is gone"),
            Err(_) => {
                tracing::warn!(file = %self.export.file_name, "an export took too long");
                self.cut();
            }
        }
    }

    /// Ends the connection, because its client may never read the error at the end of the body.
    fn cut(&self) {
        if let Some(connection) = &self.connection {
            connection.cut();
        }
    }

    async fn pass_on(&mut self, first: Option<Vec<u8>>) -> Result<(), Ended> {
        let mut part = first;
        while let Some(bytes) = part {
            let bytes = self.file.write(bytes)?;
            self.send(bytes).await?;
            part = self.export.next().await.map_err(Ended::Failed)?;
        }
        let end = self.file.end()?;
        self.send(end).await?;
        // free the slot first, because a client that sees the end may begin the next download
        drop(self.slot.take());
        self.offer(Part::End).await
    }

    async fn send(&mut self, bytes: Vec<u8>) -> Result<(), Ended> {
        if bytes.is_empty() { Ok(()) } else { self.offer(Part::Bytes(bytes.into())).await }
    }

    async fn offer(&mut self, part: Part) -> Result<(), Ended> {
        match timeout(self.stalls, self.sender.send(part)).await {
            Ok(sent) => sent.map_err(|_| Ended::Gone),
            Err(_) => Err(Ended::Stalled),
        }
    }
}

/// Why a download ended early.
enum Ended {
    Failed(Error),
    Stalled,
    Gone,
}

impl From<io::Error> for Ended {
    fn from(error: io::Error) -> Self {
        Self::Failed(Error::fault(error))
    }
}

/// The bytes of the body: the file as it is, or compressed.
enum File {
    Plain,
    Zipped(Box<GzEncoder<Vec<u8>>>),
}

impl File {
    fn new(is_zipped: bool) -> Self {
        if is_zipped {
            Self::Zipped(Box::new(GzEncoder::new(Vec::new(), Compression::fast())))
        } else {
            Self::Plain
        }
    }

    fn write(&mut self, bytes: Vec<u8>) -> io::Result<Vec<u8>> {
        match self {
            Self::Plain => Ok(bytes),
            Self::Zipped(encoder) => {
                encoder.write_all(&bytes)?;
                Ok(std::mem::take(encoder.get_mut()))
            }
        }
    }

    fn end(&mut self) -> io::Result<Vec<u8>> {
        match self {
            Self::Plain => Ok(Vec::new()),
            Self::Zipped(encoder) => {
                encoder.try_finish()?;
                Ok(std::mem::take(encoder.get_mut()))
            }
        }
    }
}

/// The body of the response. If the sender ends without [`Part::End`], the body fails, and the connection closes without the last chunk.
fn body(receiver: Receiver<Part>) -> impl stream::Stream<Item = io::Result<Bytes>> {
    stream::unfold(Some(receiver), |receiver| async move {
        let mut receiver: Receiver<Part> = receiver?;
        match receiver.recv().await {
            Some(Part::Bytes(bytes)) => Some((Ok(bytes), Some(receiver))),
            Some(Part::End) => None,
            None => Some((Err(io::Error::other("the export broke off")), None)),
        }
    })
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt as _;

    use super::*;

    #[test]
    fn downloads_are_bounded_for_each_user_and_in_all() {
        let slots = Slots { per_user: 2, per_node: 3, running: Mutex::default() };
        let (slots, one, other) = (Arc::new(slots), Uuid::new_v4(), Uuid::new_v4());
        let first = slots.take(one).expect("a slot");
        let _second = slots.take(one).expect("a slot");
        let status =
            |taken: Result<Slot, Refusal>| taken.err().map(|error| (error.status, error.retry_after));
        assert_eq!(status(slots.take(one)), Some((StatusCode::TOO_MANY_REQUESTS, Some(RETRY))));
        let _third = slots.take(other).expect("a slot");
        assert_eq!(status(slots.take(other)), Some((StatusCode::SERVICE_UNAVAILABLE, Some(RETRY))));
        drop(first);
        assert!(slots.take(other).is_ok());
    }

    #[tokio::test]
    async fn only_a_whole_file_ends_well() {
        let parts = async |whole: bool| {
            let (sender, receiver) = mpsc::channel(2);
            sender.send(Part::Bytes(Bytes::from_static(b"a"))).await.ok();
            if whole {
                sender.send(Part::End).await.ok();
            }
            drop(sender);
            body(receiver).map(|part| part.is_ok()).collect::<Vec<_>>().await
        };
        assert_eq!(parts(true).await, [true]);
        assert_eq!(parts(false).await, [true, false]);
    }
}
