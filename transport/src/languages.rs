//! The languages that a client prefers: `Accept-Language`.

use std::sync::Arc;

use actix_web::{HttpRequest, http::header};

/// Longest `Accept-Language` that is read, in bytes. A longer header counts as missing.
const MAX_BYTES: usize = 1_000;
/// Maximum number of languages that are kept.
const MAX_LANGUAGES: usize = 20;
/// Longest language tag, in characters (RFC 5646 recommends supporting at least 35).
const MAX_TAG: usize = 35;

/// The language tags (BCP 47) that a client prefers, best first. Tags that are malformed or unwanted (`q=0`), and the wildcard, are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Languages(Option<Arc<[String]>>);

impl Languages {
    /// Reads the value of an `Accept-Language` header.
    pub fn parse(text: &str) -> Self {
        if text.len() > MAX_BYTES {
            return Self::default();
        }
        let mut wanted: Vec<(u16, &str)> = text.split(',').filter_map(range).take(MAX_LANGUAGES).collect();
        // the sort is stable, so equally good languages keep their order
        wanted.sort_by_key(|(quality, _)| std::cmp::Reverse(*quality));
        Self(Some(wanted.into_iter().map(|(_, tag)| tag.to_owned()).collect()))
    }

    /// The languages of a request; empty if the request lacks the header.
    pub fn of(request: &HttpRequest) -> Self {
        let header = request.headers().get(header::ACCEPT_LANGUAGE);
        header.and_then(|value| value.to_str().ok()).map(Self::parse).unwrap_or_default()
    }

    /// The tags, best first.
    pub fn tags(&self) -> impl Iterator<Item = &str> {
        self.0.iter().flat_map(|tags| tags.iter()).map(String::as_str)
    }
}

/// A language and its quality in thousandths.
fn range(text: &str) -> Option<(u16, &str)> {
    let mut parts = text.split(';').map(str::trim);
    let tag = parts.next()?;
    let is_tag = tag
        .split('-')
        .all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    if tag.len() > MAX_TAG || !is_tag {
        return None;
    }
    let quality = match parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q="))) {
        Some(text) => thousandths(text)?,
        None => 1_000,
    };
    (quality > 0).then_some((quality, tag))
}

/// A quality value such as `0.8`, in thousandths (here, 800).
fn thousandths(text: &str) -> Option<u16> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    if decimals.len() > 3 || !decimals.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let decimals: u16 = format!("{decimals:0<3}").parse().ok()?;
    match whole {
        "0" => Some(decimals),
        "1" => (decimals == 0).then_some(1_000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_language_comes_first() {
        for (header, tags) in [
            ("pt-BR,pt;q=0.9,en-US;q=0.8", "pt-BR pt en-US"),
            ("en;q=0.1, es-AR ; q=0.85, fr", "fr es-AR en"),
            ("en;q=0, *;q=0.5, pt;q=1.000", "pt"),
            ("es;q=1.5, pt;q=x, x y, -, en;q=0.1234", ""),
            ("zh-Hant-TW;q=.5", ""),
            ("", ""),
        ] {
            assert_eq!(Languages::parse(header).tags().collect::<Vec<_>>().join(" "), tags, "{header}");
        }
    }

    #[test]
    fn a_header_has_bounds() {
        assert_eq!(Languages::parse(&"pt,".repeat(300)).tags().count(), MAX_LANGUAGES);
        assert_eq!(Languages::parse(&"pt,".repeat(400)).tags().count(), 0);
        assert_eq!(Languages::parse(&format!("{}-a", ["abcdefgh"; 4].join("-"))).tags().count(), 0);
    }
}
