//! Documents that clients name by their hash instead of sending the text.
//!
//! A client names a document by its hash: in `extensions.persistedQuery` (Apollo's automatic persisted queries), or in `documentId` (persisted
//! documents of GraphQL over HTTP). A server either learns documents from its clients, or runs only the documents of a list.

use std::{collections::HashMap, sync::Arc};

use actix_web::http::StatusCode;
use apollo_compiler::response::{JsonMap, JsonValue};
use sha2::{Digest as _, Sha256};

use super::{error::RequestError, pipeline::Parameters};

/// Longest name of a document, in bytes.
const MAX_NAME_BYTES: usize = 256;
/// Prefix of a hash in `documentId`.
const SHA256: &str = "sha256:";

/// The documents that clients may name.
#[derive(Debug)]
pub enum Documents {
    /// No client may name a document.
    Off,
    /// A client may name a document that any client has already sent to this node. The cache is bounded, so clients must be ready to send the
    /// document again.
    Automatic(moka::sync::Cache<String, Arc<str>>),
    /// Clients may run these documents and no others. The keys are the documents' hashes.
    Trusted(HashMap<String, Arc<str>>),
}

/// The reason that a list of trusted documents cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TrustedError {
    /// The list is not a JSON object of texts.
    #[error(
        "the list must be a JSON object whose keys are SHA-256 hashes and whose values are documents: {0}"
    )]
    Json(#[from] serde_json::Error),
    /// The hash of a document differs from the hash in the document's key.
    #[error("the document under the key {key:?} has the hash {hash}; correct the key or the document")]
    Hash {
        /// The key in the list.
        key: String,
        /// The document's hash.
        hash: String,
    },
}

impl Documents {
    /// Learns documents from clients, and keeps up to this many bytes of their text. With 0 bytes, no client may name a document.
    pub fn automatic(bytes: u64) -> Self {
        if bytes == 0 {
            return Self::Off;
        }
        let cache = moka::sync::Cache::builder()
            .weigher(|_, text: &Arc<str>| u32::try_from(text.len().max(256)).unwrap_or(u32::MAX))
            .max_capacity(bytes);
        Self::Automatic(cache.build())
    }

    /// Reads a list of trusted documents: a JSON object in which each value is a document, and its key is the lower-case hexadecimal SHA-256 hash of
    /// the document's text. A hash may have the prefix `sha256:`.
    ///
    /// # Errors
    /// Fails if the JSON has another form, or if a hash is wrong.
    pub fn trusted(json: &[u8]) -> Result<Self, TrustedError> {
        let listed: HashMap<String, String> = serde_json::from_slice(json)?;
        let mut all = HashMap::with_capacity(listed.len());
        for (key, text) in listed {
            let hash = hash_of(&text);
            if key.strip_prefix(SHA256).unwrap_or(&key) != hash {
                return Err(TrustedError::Hash { key, hash });
            }
            all.insert(hash, text.into());
        }
        Ok(Self::Trusted(all))
    }

    /// Whether clients may run only listed documents.
    pub fn is_trusted(&self) -> bool {
        matches!(self, Self::Trusted(_))
    }

    /// Replaces the document's name in the parameters with the document's text. Returns the name under which to [remember](Self::remember) the text
    /// that the client sent.
    pub(crate) fn resolve(&self, parameters: &mut Parameters) -> Result<Option<String>, RequestError> {
        let name = parameters.document.take();
        if let Some(name) = &name
            && !parameters.query.is_empty()
            && *name != hash_of(&parameters.query)
        {
            return Err(RequestError::transport(
                StatusCode::BAD_REQUEST,
                "PERSISTED_QUERY_MISMATCH",
                "The hash is not the SHA-256 hash of `query`, in lower-case hexadecimal digits.",
            ));
        }
        match (self, name) {
            (Self::Trusted(all), name) => {
                let hash = name.clone().unwrap_or_else(|| hash_of(&parameters.query));
                let text =
                    all.get(&hash).ok_or_else(|| if name.is_some() { not_found() } else { not_trusted() })?;
                parameters.query = text.to_string();
                Ok(None)
            }
            (_, None) => Ok(None),
            (Self::Off, Some(_)) => {
                Err(RequestError::document("PERSISTED_QUERY_NOT_SUPPORTED", "PersistedQueryNotSupported"))
            }
            (Self::Automatic(_), Some(name)) if !parameters.query.is_empty() => Ok(Some(name)),
            (Self::Automatic(known), Some(name)) => {
                parameters.query = known.get(&name).ok_or_else(not_found)?.to_string();
                Ok(None)
            }
        }
    }

    /// Keeps a document that passed every check.
    pub(crate) fn remember(&self, name: String, text: &str) {
        if let Self::Automatic(known) = self {
            known.insert(name, text.into());
        }
    }
}

/// Apollo's clients send the document when they read this message or code.
fn not_found() -> RequestError {
    RequestError::document("PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotFound")
}

fn not_trusted() -> RequestError {
    RequestError::document(
        "DOCUMENT_NOT_TRUSTED",
        "This server runs only the documents of its list. The operator can add the document to `trusted_documents`.",
    )
}

/// The name of the document in a request's `documentId` or `extensions`. If the name is not a hash, this server has no document with that name.
pub(crate) fn name(id: JsonValue, extensions: &JsonMap) -> Result<Option<String>, RequestError> {
    match id {
        JsonValue::Null => automatic(extensions),
        JsonValue::String(id) if id.as_str().len() <= MAX_NAME_BYTES => {
            Ok(Some(id.as_str().strip_prefix(SHA256).unwrap_or(id.as_str()).to_owned()))
        }
        _ => Err(bad_request("`documentId` must be a string of at most 256 bytes.")),
    }
}

fn automatic(extensions: &JsonMap) -> Result<Option<String>, RequestError> {
    let Some(asked) = extensions.get("persistedQuery").filter(|asked| !asked.is_null()) else {
        return Ok(None);
    };
    let is_known = asked.get("version").and_then(JsonValue::as_u64) == Some(1);
    let hash = asked.get("sha256Hash").and_then(JsonValue::as_str).filter(|hash| is_known && is_hash(hash));
    let refused = || {
        bad_request(
            "`extensions.persistedQuery` must have `version` 1 and `sha256Hash`, in lower-case hexadecimal digits.",
        )
    };
    hash.map(|hash| Some(hash.to_owned())).ok_or_else(refused)
}

fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn hash_of(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bad_request(message: &str) -> RequestError {
    RequestError::transport(StatusCode::BAD_REQUEST, "BAD_REQUEST", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "query ($id: ID!) {\n  user(id: $id) {\n    name\n  }\n}";

    fn resolved(documents: &Documents, query: &str, document: Option<&str>) -> Result<String, &'static str> {
        let mut parameters = Parameters {
            query: query.to_owned(),
            document: document.map(str::to_owned),
            ..Parameters::default()
        };
        let learned = documents.resolve(&mut parameters).map_err(|error| error.code)?;
        if let Some(name) = learned {
            documents.remember(name, &parameters.query);
        }
        Ok(parameters.query)
    }

    #[test]
    fn the_hash_is_that_of_the_specifications_example() {
        assert_eq!(hash_of(TEXT), "7dba4bd717b41f10434822356a93c32b1fb4907b983e854300ad839f84cdcd6e");
    }

    #[test]
    fn a_document_is_learned_with_its_own_hash_only() {
        let (documents, hash) = (Documents::automatic(10_000), hash_of(TEXT));
        assert_eq!(resolved(&documents, "", Some(&hash)), Err("PERSISTED_QUERY_NOT_FOUND"));
        assert_eq!(resolved(&documents, "{ other }", Some(&hash)), Err("PERSISTED_QUERY_MISMATCH"));
        assert_eq!(resolved(&documents, TEXT, Some(&hash)), Ok(TEXT.to_owned()));
        assert_eq!(resolved(&documents, "", Some(&hash)), Ok(TEXT.to_owned()));
        assert_eq!(resolved(&documents, "{ other }", None), Ok("{ other }".to_owned()));
        assert_eq!(resolved(&Documents::automatic(0), "", Some(&hash)), Err("PERSISTED_QUERY_NOT_SUPPORTED"));
    }

    #[test]
    fn the_cache_is_bounded() {
        let documents = Documents::automatic(10_000);
        for number in 0..1_000 {
            let text = format!("{{ field{number} }}");
            let hash = hash_of(&text);
            assert!(resolved(&documents, &text, Some(&hash)).is_ok());
        }
        let Documents::Automatic(known) = &documents else { panic!("not automatic") };
        known.run_pending_tasks();
        assert!(known.weighted_size() <= 10_000, "{}", known.weighted_size());
    }

    #[test]
    fn only_listed_documents_are_trusted() {
        let hash = hash_of(TEXT);
        for key in [hash.clone(), format!("sha256:{hash}")] {
            let list = serde_json::json!({ key: TEXT }).to_string();
            let documents = Documents::trusted(list.as_bytes()).expect("a list");
            assert_eq!(resolved(&documents, "", Some(&hash)), Ok(TEXT.to_owned()));
            assert_eq!(resolved(&documents, TEXT, None), Ok(TEXT.to_owned()));
            assert_eq!(resolved(&documents, "{ other }", None), Err("DOCUMENT_NOT_TRUSTED"));
            assert_eq!(resolved(&documents, "{ other }", Some(&hash)), Err("PERSISTED_QUERY_MISMATCH"));
            assert_eq!(resolved(&documents, "", Some("other")), Err("PERSISTED_QUERY_NOT_FOUND"));
        }
        let wrong = serde_json::json!({ hash: "{ other }" }).to_string();
        assert!(matches!(Documents::trusted(wrong.as_bytes()), Err(TrustedError::Hash { .. })));
        assert!(matches!(Documents::trusted(b"[]"), Err(TrustedError::Json(_))));
    }

    #[test]
    fn names_are_read_from_both_places() {
        let name = |id: JsonValue, extensions: serde_json::Value| {
            let extensions = serde_json::from_value(extensions).expect("an object");
            super::name(id, &extensions).map_err(|error| error.code)
        };
        let hash = hash_of(TEXT);
        assert_eq!(name(JsonValue::Null, serde_json::json!({})), Ok(None));
        assert_eq!(
            name(JsonValue::String(format!("sha256:{hash}").into()), serde_json::json!({})),
            Ok(Some(hash.clone()))
        );
        let asked = |version: u64, hash: &str| serde_json::json!({ "persistedQuery": { "version": version, "sha256Hash": hash } });
        assert_eq!(name(JsonValue::Null, asked(1, &hash)), Ok(Some(hash.clone())));
        for wrong in [
            asked(2, &hash),
            asked(1, "short"),
            asked(1, &hash.to_uppercase()),
            serde_json::json!({ "persistedQuery": 7 }),
        ] {
            assert_eq!(name(JsonValue::Null, wrong), Err("BAD_REQUEST"));
        }
        assert_eq!(
            name(JsonValue::String("x".repeat(257).into()), serde_json::json!({})),
            Err("BAD_REQUEST")
        );
    }
}
