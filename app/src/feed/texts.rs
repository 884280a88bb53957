//! The texts written from one event. If the documents of several subscribers were compiled to the same writer, the subscribers get the same text of a
//! callshop's event, so the text is written once and shared.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Maximum number of texts that an event keeps. Texts from further writers are not kept, but written again for each subscriber.
const MAX_TEXTS: usize = 8;
/// Maximum number of bytes of all texts that an event keeps, as large as the largest row that nodes send each other.
const MAX_BYTES: usize = 16 * 1024;

/// Identifies a compiled writer among all writers of this process. An id is never used again, so that a text cannot be taken for the text of another
/// writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WriterId(u64);

impl WriterId {
    /// An id that no other writer has.
    pub fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// The texts that were written from an event, by writer. The texts live as long as the event, which the hub drops when the last subscriber has
/// received it.
#[derive(Debug, Default)]
pub struct Texts(Mutex<Vec<(WriterId, Arc<str>)>>);

impl Texts {
    /// The writer's text. The first caller writes the text, which takes a few microseconds; the other callers wait. If writing fails, only the
    /// first caller gets the error, and the next caller tries again.
    ///
    /// # Errors
    /// Returns the errors of `write`.
    pub fn get_or_write<E>(
        &self,
        writer: WriterId,
        write: impl FnOnce() -> Result<String, E>,
    ) -> Result<Arc<str>, E> {
        let mut texts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, text)) = texts.iter().find(|(id, _)| *id == writer) {
            return Ok(text.clone());
        }
        let text: Arc<str> = write()?.into();
        let bytes = text.len() + texts.iter().map(|(_, text)| text.len()).sum::<usize>();
        if texts.len() < MAX_TEXTS && bytes <= MAX_BYTES {
            texts.push((writer, text.clone()));
        }
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text, and whether it was written just now.
    fn text_of(texts: &Texts, writer: WriterId, text: &str) -> (String, bool) {
        let mut written = false;
        let write = || {
            written = true;
            Ok::<_, ()>(text.to_owned())
        };
        let text = texts.get_or_write(writer, write).expect("a text");
        (text.to_string(), written)
    }

    #[test]
    fn each_writer_writes_once() {
        let (texts, one, other) = (Texts::default(), WriterId::next(), WriterId::next());
        assert_eq!(texts.get_or_write(one, || Err("no text")), Err("no text"));
        assert_eq!(text_of(&texts, one, "a"), ("a".to_owned(), true));
        assert_eq!(text_of(&texts, other, "b"), ("b".to_owned(), true));
        assert_eq!(text_of(&texts, one, "c"), ("a".to_owned(), false));
        assert_eq!(text_of(&texts, other, "c"), ("b".to_owned(), false));
    }

    #[test]
    fn an_event_keeps_a_bounded_number_of_texts_and_bytes() {
        let texts = Texts::default();
        for _ in 0..MAX_TEXTS {
            text_of(&texts, WriterId::next(), "a");
        }
        let beyond = WriterId::next();
        for text in ["b", "c"] {
            assert_eq!(text_of(&texts, beyond, text), (text.to_owned(), true));
        }
        let (texts, large, small) = (Texts::default(), WriterId::next(), WriterId::next());
        let long = "x".repeat(MAX_BYTES + 1);
        for _ in 0..2 {
            assert!(text_of(&texts, large, &long).1);
        }
        assert!(text_of(&texts, small, "a").1 && !text_of(&texts, small, "a").1);
    }
}
