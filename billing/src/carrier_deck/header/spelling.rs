//! The words of names and sentences.

use unicode_normalization::UnicodeNormalization as _;

use crate::fold::fold;

/// Maximum number of characters of a name that are read.
const MAX_WORD_CHARS: usize = 200;

/// The words of a name, in lower case and without accents. A change from a small to a capital letter separates words.
pub(in crate::carrier_deck) fn words(name: &str) -> Vec<String> {
    if name.is_ascii() {
        return ascii_words(name);
    }
    let mut spaced = String::with_capacity(name.len() + 8);
    let mut before_small = false;
    for letter in name.chars().take(MAX_WORD_CHARS) {
        if letter.is_uppercase() && before_small {
            spaced.push(' ');
        }
        before_small = letter.is_lowercase();
        spaced.push(letter);
    }
    let mut folded = fold(&spaced);
    // folding splits Korean syllables into letters, so put them together again
    if folded.contains(|letter: char| ('\u{1100}'..='\u{11ff}').contains(&letter)) {
        folded = folded.nfc().collect();
    }
    folded
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The words of an ASCII name. Most cells are ASCII, so they are read without intermediate texts.
fn ascii_words(name: &str) -> Vec<String> {
    let bytes = name.as_bytes();
    let bytes = bytes.get(..bytes.len().min(MAX_WORD_CHARS)).unwrap_or_default();
    let mut words = Vec::new();
    let mut word = String::new();
    let mut before_small = false;
    for byte in bytes {
        let ends = !byte.is_ascii_alphanumeric() || byte.is_ascii_uppercase() && before_small;
        if ends && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        before_small = byte.is_ascii_lowercase();
        if byte.is_ascii_alphanumeric() {
            word.push(char::from(byte.to_ascii_lowercase()));
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// Whether a Chinese or Japanese sentence, which has no spaces and so is one word, has a word of a list.
pub(super) fn is_part_of(sentence: &str, list: &[&str]) -> bool {
    const FEWEST: usize = 3;
    let wide = |letter: char| ('\u{3040}'..='\u{9fff}').contains(&letter);
    !sentence.is_ascii()
        && sentence.chars().filter(|letter| wide(*letter)).count() >= FEWEST
        && list
            .iter()
            .any(|word| word.starts_with(wide) && word.chars().count() > 1 && sentence.contains(word))
}

/// Whether a list has a word. An Arabic word may have an article that the list lacks, or lack an article that the list has.
pub(super) fn is_in(word: &str, list: &[&str]) -> bool {
    const ARTICLES: &[&str] = &["وال", "بال", "لل", "ال"];
    if list.contains(&word) {
        return true;
    }
    if !word.starts_with(|letter: char| ('\u{600}'..='\u{6ff}').contains(&letter)) {
        return false;
    }
    let bare = ARTICLES.iter().find_map(|article| word.strip_prefix(article)).unwrap_or(word);
    bare.chars().count() >= 2
        && list
            .iter()
            .any(|known| *known == bare || known.strip_prefix("ال").is_some_and(|known| known == bare))
}
