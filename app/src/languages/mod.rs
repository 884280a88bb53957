//! Messages in the reader's language.
//!
//! The English sentence of a [`Message`] is in the code that makes the message; its translations are in this module. Every translation is a whole
//! sentence that uses all or some of the English sentence's placeholders. If a sentence has no translation, the general sentence of its error's code
//! is shown instead. A test compares the sentences in the source code with these lists.

mod accounts;
mod counter;
mod deck_answers;
mod deck_problems;
mod deck_reasons;
mod deck_remedies;
mod decks;
mod exports;
mod general;
mod imports;
mod logins;
mod problems;
mod questions;
mod reports;
mod requests;
mod tariffs;
mod webhooks;
mod words;

pub use decks::{deck_answer, deck_sentence, deck_sentences};

use std::collections::HashMap;
use std::sync::LazyLock;

use base::message::{Message, Value};
use billing::money::Micros;

use crate::receipt::Locale;
use crate::receipt::locale::Language;

/// A sentence in English, Portuguese and Spanish.
pub type Sentence = (&'static str, &'static str, &'static str);

/// The Portuguese and the Spanish text of a key.
type Translations = HashMap<&'static str, (&'static str, &'static str)>;

static SENTENCES: LazyLock<Translations> = LazyLock::new(|| by_key(sentences()));
static WORDS: LazyLock<Translations> = LazyLock::new(|| by_key(words::WORDS.iter()));
static GENERAL: LazyLock<Translations> = LazyLock::new(|| by_key(general::GENERAL.iter()));
static QUESTIONS: LazyLock<Translations> = LazyLock::new(|| by_key(questions::QUESTIONS.iter()));

fn by_key(list: impl Iterator<Item = &'static Sentence>) -> Translations {
    list.map(|(key, portuguese, spanish)| (*key, (*portuguese, *spanish))).collect()
}

/// All sentences with their translations.
pub fn sentences() -> impl Iterator<Item = &'static Sentence> {
    [
        accounts::SENTENCES,
        counter::SENTENCES,
        exports::SENTENCES,
        imports::SENTENCES,
        logins::SENTENCES,
        problems::SENTENCES,
        reports::SENTENCES,
        requests::SENTENCES,
        tariffs::SENTENCES,
        webhooks::SENTENCES,
    ]
    .into_iter()
    .flatten()
}

fn find(list: &Translations, key: &str, language: Language) -> Option<&'static str> {
    let &(portuguese, spanish) = list.get(key)?;
    match language {
        Language::Portuguese => Some(portuguese),
        Language::Spanish => Some(spanish),
        Language::English => None,
    }
}

/// The message in the reader's language. `code` is the code of the message's error; empty for a text that belongs to no error.
pub fn told(message: &Message, code: &str, locale: Locale) -> String {
    let show = |value: &Value| shown(value, locale);
    let translated = find(&SENTENCES, message.text(), locale.language())
        .and_then(|sentence| message.fill(sentence, show))
        .or_else(|| general(code, locale).map(str::to_owned));
    let in_english = || message.fill(message.text(), show).unwrap_or_else(|| message.to_string());
    translated.unwrap_or_else(in_english)
}

/// The general sentence of an error code; `None` in English, and for codes that only developers see.
pub fn general(code: &str, locale: Locale) -> Option<&'static str> {
    find(&GENERAL, code, locale.language())
}

/// Translates a question about a carrier's rate deck. The question has the code `code` and the English text `english`. Returns `None` for English,
/// and for an unknown code. The translated sentence is the same for all files. If the English text quotes names from the file, the names follow the
/// sentence.
pub fn question(code: &str, english: &str, locale: Locale) -> Option<String> {
    let sentence = find(&QUESTIONS, code, locale.language())?;
    let names = quoted(english).join(", ");
    let file = match locale.language() {
        _ if names.is_empty() => return Some(sentence.to_owned()),
        Language::Portuguese => "No arquivo",
        Language::Spanish => "En el archivo",
        Language::English => return None,
    };
    Some(format!("{sentence} {file}: {names}."))
}

/// The quoted parts of a text, with their quotation marks.
fn quoted(text: &str) -> Vec<&str> {
    let (mut found, mut start, mut is_escaped) = (Vec::new(), None, false);
    for (at, letter) in text.char_indices() {
        match (letter, start) {
            _ if is_escaped => is_escaped = false,
            ('\\', Some(_)) => is_escaped = true,
            ('"', Some(from)) => {
                found.extend(text.get(from..=at));
                start = None;
            }
            ('"', None) => start = Some(at),
            _ => {}
        }
    }
    found
}

/// A value as a sentence shows it: an amount with its currency, or a word of the API in the reader's language. English sentences use the API's words
/// unchanged.
pub fn shown(value: &Value, locale: Locale) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Word(word) => find(&WORDS, word, locale.language()).unwrap_or(word).to_owned(),
        Value::Money { micros, currency } => locale.formatted(Micros(*micros), currency),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use base::error::ErrorCode;
    use base::message::{Money, Word};

    use super::*;

    fn placeholders(sentence: &str) -> BTreeSet<&str> {
        sentence
            .split('{')
            .skip(1)
            .map(|piece| piece.split_once('}').expect("a closed placeholder").0)
            .collect()
    }

    #[test]
    fn every_code_has_a_general_sentence_in_each_language() {
        for code in ErrorCode::ALL {
            for tag in ["pt-BR", "es"] {
                assert!(general(code.as_str(), Locale::parse(tag)).is_some(), "{} in {tag}", code.as_str());
            }
        }
        let has_placeholder =
            |(_, portuguese, spanish): &&Sentence| format!("{portuguese}{spanish}").contains('{');
        assert_eq!(general::GENERAL.iter().find(has_placeholder), None);
        assert_eq!(GENERAL.len(), general::GENERAL.len(), "a code is listed twice");
    }

    #[test]
    fn translations_have_no_placeholder_that_the_sentence_lacks() {
        for (english, portuguese, spanish) in sentences() {
            for translated in [portuguese, spanish] {
                assert!(placeholders(translated).is_subset(&placeholders(english)), "{translated}");
            }
        }
        assert_eq!(SENTENCES.len(), sentences().count(), "a sentence is listed twice");
        assert_eq!(WORDS.len(), words::WORDS.len(), "a word is listed twice");
        assert_eq!(QUESTIONS.len(), questions::QUESTIONS.len(), "a question is listed twice");
    }

    #[test]
    fn a_question_names_what_the_english_text_quotes() {
        let asked = |text: &str, tag: &str| question("CODE_COLUMN", text, Locale::parse(tag));
        assert_eq!(asked("Choose.", "pt-BR").as_deref(), Some("Escolha a coluna com os códigos."));
        assert_eq!(
            asked(r#"The columns "Code" and "A \"B\"" may differ."#, "es").as_deref(),
            Some(r#"Elija la columna con los códigos. En el archivo: "Code", "A \"B\""."#)
        );
        assert_eq!(asked("Choose.", "en"), None);
        assert_eq!(question("UNKNOWN", "Choose.", Locale::parse("es")), None);
    }

    #[test]
    fn every_text_is_a_sentence() {
        for (_, portuguese, spanish) in sentences().chain(general::GENERAL).chain(questions::QUESTIONS) {
            for text in [portuguese, spanish] {
                assert!(text.ends_with('.') && !text.contains("  "), "{text}");
                assert!(!text.starts_with(char::is_lowercase), "{text}");
            }
        }
    }

    #[test]
    fn amounts_and_states_are_written_as_the_reader_does() {
        let missing = Money(1_234_500_000, "BRL");
        let message = base::message!("The payments are {missing} short of the amount due.", missing);
        let told = |tag| super::told(&message, "UNDERPAID", Locale::parse(tag));
        assert_eq!(told("pt-BR"), "Faltam R$\u{a0}1.234,50 para o valor a pagar. Receba o resto.");
        assert_eq!(told("es-MX"), "Faltan R$\u{a0}1,234.50 para el monto a pagar. Cobre el resto.");
        assert_eq!(told("en"), "The payments are R$\u{a0}1,234.50 short of the amount due.");
        let state = Word("SETTLED");
        let message = base::message!("The session is {state}; it must be OPEN.", state);
        let told = |tag| super::told(&message, "ILLEGAL_STATE", Locale::parse(tag));
        assert_eq!(told("pt"), "A sessão está paga. Ela precisa estar aberta.");
        assert_eq!(told("fr"), "The session is SETTLED; it must be OPEN.");
    }

    #[test]
    fn a_sentence_without_a_translation_is_the_general_one_of_its_code() {
        let message = Message::from("Something new.");
        assert_eq!(
            told(&message, "REGISTER_CLOSED", Locale::parse("es")),
            "La caja está cerrada. Ábrala primero."
        );
        assert_eq!(told(&message, "REGISTER_CLOSED", Locale::parse("en")), "Something new.");
        assert_eq!(told(&message, "", Locale::parse("pt")), "Something new.");
    }
}
