//! Answers that are kept in memory. A query whose data has not changed gets the same answer again without running, and a client that still has the
//! answer gets status 304.
//!
//! The application implements [`Keep`]: it selects the queries, and for each of them, it names the version of the data that the query reads. The
//! version is read before the query runs, so an answer is never kept under a version that is newer than the answer's data. If the data changes while
//! an answer is computed, the answer is kept under the older version, and nobody asks for that version again.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, http::header::EntityTag, web::Bytes};
use apollo_compiler::{
    executable::{ExecutableDocument, Operation},
    response::JsonMap,
};
use async_graphql::Request;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::BoxFuture;
use moka::sync::Cache;
use sha2::{Digest as _, Sha256};

use super::{
    caching,
    error::RequestError,
    graphql_http::{run_to_json, with_hash},
    metrics::{KeptOutcome, Metrics},
    pipeline::Prepared,
    service::GraphqlService,
};

/// Maximum time for which an answer is kept, in seconds. This time also bounds how long an answer survives a change that the version does not show,
/// such as a change that an operator makes directly in the database.
const KEPT_SECONDS: u64 = 60;
/// Memory that an entry needs in addition to its texts, in bytes.
const ENTRY_BYTES: usize = 256;
/// Length of a digest in an entity tag, in bytes.
const DIGEST_BYTES: usize = 16;

/// Selects the queries whose answers are kept.
pub trait Keep: Send + Sync + 'static {
    /// The plan for the answers of an operation; `None` if the operation must always run. This method is called once for each document and schema.
    fn plan(&self, document: &ExecutableDocument, operation: &Operation) -> Option<Arc<dyn Keepable>>;
}

/// A query whose answers are kept.
pub trait Keepable: Send + Sync {
    /// Prepares one request. `request` already contains the caller's data, and this method may add data for the resolvers. Returns `None` if the
    /// request must run.
    fn begin(&self, variables: &JsonMap, request: &mut Request) -> Option<Box<dyn Reading>>;
}

/// One request for a query whose answers are kept.
pub trait Reading: Send + Sync {
    /// Everything that the answer depends on, other than the document, the variables and the data: the caller, what the caller may see, and the
    /// language.
    fn reader(&self) -> String;

    /// The version of the data. Every change of the data that the query reads must change the version in the same transaction, and an earlier version
    /// must never be used again. `None` if the version is unknown: the query then runs, and its answer is not kept.
    fn version(&self) -> BoxFuture<'_, Option<String>>;

    /// The current time.
    fn now(&self) -> DateTime<Utc>;

    /// The last instant at which the answer that was just computed still holds if the data does not change. `None` if the answer must not be kept.
    fn holds_until(&self) -> Option<DateTime<Utc>>;
}

type Key = [u8; 32];

/// The place of one caller's answer to one query.
pub(crate) struct Place {
    key: Key,
    reading: Box<dyn Reading>,
}

impl Place {
    /// The place for a request. `document` is the hash of the document's text.
    pub(crate) fn new(
        (document, operation): (&Key, Option<&str>),
        variables: &JsonMap,
        reading: Box<dyn Reading>,
    ) -> Option<Self> {
        let variables = serde_json::to_string(variables).ok()?;
        let key = digest([
            document.as_slice(),
            operation.unwrap_or_default().as_bytes(),
            variables.as_bytes(),
            reading.reader().as_bytes(),
        ]);
        Some(Self { key, reading })
    }

    /// The part of an entity tag that shows whether a client's answer still holds: a hash of the place and the version, and the last instant at which
    /// the answer holds.
    fn proof(&self, version: &str, until: DateTime<Utc>) -> String {
        let (build, until) = (env!("CARGO_PKG_VERSION"), until.timestamp_millis());
        let proof = digest([self.key.as_slice(), version.as_bytes(), build.as_bytes(), &until.to_le_bytes()]);
        format!("{}.{until}", short(&proof))
    }

    /// Whether a client with this entity tag has the current answer.
    fn is_current(&self, tag: &EntityTag, version: &str, now: DateTime<Utc>) -> bool {
        let until = tag.tag().rsplit('.').next().and_then(|until| until.parse().ok());
        let Some(until) = until.and_then(DateTime::from_timestamp_millis) else { return false };
        let is_soon = until - now <= TimeDelta::seconds(KEPT_SECONDS.cast_signed());
        let proof = tag.tag().split_once('.').map(|(_, proof)| proof);
        now <= until && is_soon && proof == Some(self.proof(version, until).as_str())
    }
}

/// The hash of all `parts`. In the hashed bytes, each part is preceded by its length.
pub(crate) fn digest<const N: usize>(parts: [&[u8]; N]) -> Key {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_le_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

fn short(digest: &Key) -> String {
    URL_SAFE_NO_PAD.encode(&digest[..DIGEST_BYTES])
}

/// The beginning of an answer's entity tag: the hash of the answer.
fn content(json: &[u8]) -> String {
    short(&digest([json]))
}

/// A kept answer.
struct Kept {
    version: String,
    /// When the answer was computed, and the last instant at which it holds.
    times: (DateTime<Utc>, DateTime<Utc>),
    json: Bytes,
    tag: EntityTag,
}

impl Kept {
    fn holds(&self, version: &str, now: DateTime<Utc>) -> bool {
        self.version == version && (self.times.0..=self.times.1).contains(&now)
    }

    fn bytes(&self) -> u32 {
        let bytes = self.json.len() + self.version.len() + self.tag.tag().len() + ENTRY_BYTES;
        u32::try_from(bytes).unwrap_or(u32::MAX)
    }
}

/// The kept answers of this node.
pub(crate) struct KeptAnswers(Cache<Key, Arc<Kept>>);

impl KeptAnswers {
    /// Keeps at most `most` bytes. The answers that were used least are dropped first.
    pub(crate) fn new(most: u64) -> Self {
        let cache = Cache::builder()
            .weigher(|_: &Key, kept: &Arc<Kept>| kept.bytes())
            .time_to_live(std::time::Duration::from_secs(KEPT_SECONDS))
            .max_capacity(most);
        Self(cache.build())
    }

    /// Keeps an answer, unless the application says that it must not be kept. Returns the answer's entity tag.
    fn keep(&self, place: &Place, version: String, begun: DateTime<Utc>, json: &Bytes) -> Option<EntityTag> {
        let until = place.reading.holds_until()?.min(begun + TimeDelta::seconds(KEPT_SECONDS.cast_signed()));
        let tag = EntityTag::new_weak(format!("{}.{}", content(json), place.proof(&version, until)));
        let kept = Kept { version, times: (begun, until), json: json.clone(), tag: tag.clone() };
        self.0.insert(place.key, Arc::new(kept));
        Some(tag)
    }

    fn measure(&self, metrics: &Metrics) {
        // without this call, the size would not include the answer that was just kept
        self.0.run_pending_tasks();
        metrics.kept_bytes.set(self.0.weighted_size().cast_signed());
    }
}

/// Answers a query whose answers are kept. `answer` builds the HTTP response from the answer's JSON.
///
/// # Errors
/// Returns the errors of the query.
pub(crate) async fn respond(
    http: &HttpRequest,
    service: &GraphqlService,
    (prepared, place): (Prepared, Place),
    answer: impl Fn(Bytes) -> HttpResponse,
) -> Result<HttpResponse, RequestError> {
    let (version, now) = (place.reading.version().await, place.reading.now());
    let Some(version) = version else {
        service.metrics().kept(KeptOutcome::Run);
        return Ok(with_hash(http, run_to_json(service, prepared).await?, answer));
    };
    let known = caching::known(http);
    let kept = service.kept_answers().0.get(&place.key).filter(|kept| kept.holds(&version, now));
    let proven = known.iter().find(|tag| place.is_current(tag, &version, now));
    if let Some(tag) = proven.or(kept.as_ref().map(|kept| &kept.tag)) {
        confirm(service, (prepared, &place), (&version, tag)).await?;
        let json = kept.as_ref().filter(|kept| !has_content(&known, &kept.tag)).map(|kept| &kept.json);
        let Some(json) = json.filter(|_| proven.is_none()) else {
            service.metrics().kept(KeptOutcome::NotModified);
            return Ok(not_modified(tag));
        };
        service.metrics().kept(KeptOutcome::Kept);
        return Ok(caching::tagged(answer(json.clone()), tag));
    }
    service.metrics().kept(KeptOutcome::Run);
    let (json, is_whole) = run_to_json(service, prepared).await?;
    let tag = is_whole.then(|| service.kept_answers().keep(&place, version, now, &json)).flatten();
    service.kept_answers().measure(service.metrics());
    Ok(match tag {
        Some(tag) if has_content(&known, &tag) => not_modified(&tag),
        Some(tag) => caching::tagged(answer(json), &tag),
        None => with_hash(http, (json, is_whole), answer),
    })
}

fn not_modified(tag: &EntityTag) -> HttpResponse {
    caching::tagged(HttpResponse::NotModified().finish(), tag)
}

/// Whether the client has an answer with the same content, even if it was computed for another version.
fn has_content(known: &[EntityTag], tag: &EntityTag) -> bool {
    known.iter().any(|known| content_of(known) == content_of(tag))
}

fn content_of(tag: &EntityTag) -> &str {
    tag.tag().split('.').next().unwrap_or_default()
}

/// Counts the operation. In debug builds, also runs the query, and compares the fresh answer with the answer that the client gets.
///
/// # Errors
/// In debug builds, fails with `INTERNAL` if the answers differ although the version is the same.
async fn confirm(
    service: &GraphqlService,
    (prepared, place): (Prepared, &Place),
    (version, tag): (&str, &EntityTag),
) -> Result<(), RequestError> {
    if !cfg!(debug_assertions) {
        prepared.answered();
        return Ok(());
    }
    let field = prepared.field.clone();
    let (json, is_whole) = run_to_json(service, prepared).await?;
    if content_of(tag) == content(&json) || !is_whole {
        return Ok(());
    }
    let until = tag.tag().rsplit('.').next().and_then(|until| until.parse().ok());
    let is_over = until.is_none_or(|until| place.reading.now().timestamp_millis() >= until);
    if is_over || place.reading.version().await.as_deref() != Some(version) {
        return Ok(());
    }
    let fresh = String::from_utf8_lossy(&json).into_owned();
    let kept =
        service.kept_answers().0.get(&place.key).map(|kept| String::from_utf8_lossy(&kept.json).into_owned());
    tracing::error!(?field, fresh, kept, "a kept answer differs from a fresh answer");
    Err(RequestError::transport(
        StatusCode::INTERNAL_SERVER_ERROR,
        "INTERNAL",
        format!(
            "A kept answer is out of date; this is a bug, please report it. The fresh answer is: {fresh}"
        ),
    ))
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    struct Fixed(Option<DateTime<Utc>>);

    impl Reading for Fixed {
        fn reader(&self) -> String {
            "reader".to_owned()
        }

        fn version(&self) -> BoxFuture<'_, Option<String>> {
            std::future::ready(Some("1".to_owned())).boxed()
        }

        fn now(&self) -> DateTime<Utc> {
            DateTime::UNIX_EPOCH
        }

        fn holds_until(&self) -> Option<DateTime<Utc>> {
            self.0
        }
    }

    fn place(operation: Option<&str>, until: Option<i64>) -> Place {
        let until = until.and_then(DateTime::from_timestamp_millis);
        Place::new((&[7; 32], operation), &JsonMap::new(), Box::new(Fixed(until))).expect("a place")
    }

    fn at(millis: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(millis).expect("a time")
    }

    #[test]
    fn a_tag_proves_one_version_of_one_place_for_a_time() {
        let (answers, json) = (KeptAnswers::new(1 << 20), Bytes::from_static(b"{}"));
        let (here, there) = (place(None, Some(500)), place(Some("Other"), Some(500)));
        let tag = answers.keep(&here, "1".to_owned(), at(0), &json).expect("kept");
        assert!(here.is_current(&tag, "1", at(0)) && here.is_current(&tag, "1", at(500)));
        assert!(!here.is_current(&tag, "2", at(0)), "another version");
        assert!(!here.is_current(&tag, "1", at(501)), "too late");
        assert!(!there.is_current(&tag, "1", at(0)), "another place");
        let forged = tag.tag().rsplit_once('.').expect("parts").0;
        let forged = EntityTag::new_weak(format!("{forged}.{}", 1_000));
        assert!(!here.is_current(&forged, "1", at(0)), "another time");
    }

    #[test]
    fn an_answer_holds_for_its_version_and_time_only() {
        let (answers, json) = (KeptAnswers::new(1 << 20), Bytes::from_static(b"{}"));
        let here = place(None, Some(500));
        answers.keep(&here, "1".to_owned(), at(100), &json).expect("kept");
        let kept = answers.0.get(&here.key).expect("an answer");
        assert!(kept.holds("1", at(100)) && kept.holds("1", at(500)));
        assert!(!kept.holds("2", at(100)) && !kept.holds("1", at(99)) && !kept.holds("1", at(501)));
        let never = place(None, None);
        assert!(answers.keep(&never, "1".to_owned(), at(100), &json).is_none());
        let long = place(None, Some(10_000_000));
        answers.keep(&long, "1".to_owned(), at(0), &json).expect("kept");
        assert!(!answers.0.get(&long.key).expect("an answer").holds("1", at(60_001)), "at most a minute");
    }

    #[test]
    fn kept_answers_are_bounded_in_bytes() {
        let (answers, json) = (KeptAnswers::new(10_000), Bytes::from(vec![b' '; 1_000]));
        for name in 0..100 {
            answers.keep(&place(Some(&name.to_string()), Some(500)), "1".to_owned(), at(0), &json);
        }
        answers.0.run_pending_tasks();
        assert!(answers.0.weighted_size() <= 10_000, "{}", answers.0.weighted_size());
        assert!(answers.0.entry_count() > 0);
    }
}
