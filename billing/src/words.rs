//! The words of names, normalized for search: lower case, without accents and punctuation.

use crate::fold::fold;

/// Maximum length of a search text, in characters.
pub const MAX_SEARCH: usize = 100;
/// Maximum number of words in a search text.
pub const MAX_WORDS: usize = 8;
/// Maximum length of a word, in characters. Longer words are cut, in names and in search texts.
const MAX_LENGTH: usize = 40;

/// Why a search text is rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SearchError {
    /// The text is too long.
    #[error("Use at most {MAX_SEARCH} characters.")]
    TooLong,
    /// The text has too many words.
    #[error("Use at most {MAX_WORDS} words.")]
    TooManyWords,
    /// The text contains no words.
    #[error("Use at least one letter or digit.")]
    NoWord,
}

/// The distinct words by which a name can be found. If a part of a name contains punctuation, the result has each word of this part, and also these
/// words written together: `00:0b:82` also gives `000b82`.
pub fn of(name: &str) -> Vec<String> {
    let folded = fold(name);
    let mut words = Vec::new();
    for part in folded.split_whitespace() {
        words.extend(part.split(|letter: char| !letter.is_alphanumeric()).map(cut));
        words.push(cut(&together(part)));
    }
    words.retain(|word| !word.is_empty());
    words.sort_unstable();
    words.dedup();
    words
}

/// The words of a search text. An object matches if each word of the search text is a prefix of one of the object's words.
///
/// # Errors
/// Fails if the text is too long, has too many words, or has no words.
pub fn wanted(search: &str) -> Result<Vec<String>, SearchError> {
    if search.chars().count() > MAX_SEARCH {
        return Err(SearchError::TooLong);
    }
    let folded = fold(search);
    let mut words: Vec<String> = folded.split_whitespace().map(|part| cut(&together(part))).collect();
    words.retain(|word| !word.is_empty());
    words.sort_unstable();
    words.dedup();
    match words.len() {
        0 => Err(SearchError::NoWord),
        1..=MAX_WORDS => Ok(words),
        _ => Err(SearchError::TooManyWords),
    }
}

/// Whether each wanted word is a prefix of a word of the name.
pub fn matches(name: &str, wanted: &[String]) -> bool {
    let words = of(name);
    wanted.iter().all(|wanted| words.iter().any(|word| word.starts_with(wanted.as_str())))
}

fn together(part: &str) -> String {
    part.chars().filter(|letter| letter.is_alphanumeric()).collect()
}

fn cut(word: &str) -> String {
    word.chars().take(MAX_LENGTH).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_without_accents_and_case() {
        assert_eq!(of("São João-Maria"), ["joao", "joaomaria", "maria", "sao"]);
        assert_eq!(of("Łódź ÆRØ straße"), ["aero", "lodz", "strasse"]);
        assert_eq!(of("Phone 00:0B:82"), ["00", "000b82", "0b", "82", "phone"]);
        assert_eq!(of(" - … "), Vec::<String>::new());
        assert_eq!(of("公衆電話"), ["公衆電話"]);
        assert!(matches("Conceição de Souza", &wanted("SOU conceicao").expect("words")));
        assert!(!matches("Conceição de Souza", &wanted("ouza").expect("words")));
        assert!(matches("Grandstream 00:0b:82:aa", &wanted("00:0b:82").expect("words")));
        assert!(matches("Grandstream 00:0b:82:aa", &wanted("000b82a").expect("words")));
    }

    #[test]
    fn search_texts_are_bounded() {
        assert_eq!(wanted(&"a".repeat(101)), Err(SearchError::TooLong));
        assert_eq!(wanted("a b c d e f g h i"), Err(SearchError::TooManyWords));
        assert_eq!(wanted(" .,- "), Err(SearchError::NoWord));
        assert_eq!(wanted("a A á"), Ok(vec!["a".to_owned()]));
        assert_eq!(of(&"x".repeat(60)), ["x".repeat(40)]);
        assert!(matches(&"x".repeat(60), &wanted(&"x".repeat(50)).expect("words")));
    }
}
