//! Splits Chinese names of columns, which have no spaces, into known words.

use super::super::header_words::{
    AREA, BLOCK, CODE, COMMENT, COUNTRY, CURRENT, DATE, END, FEE, FIRST, INTERVAL, MINUTES, NAME, NETWORK,
    NEW, NEXT, OLD, PRICE, REMOVE, SECONDS, STATUS,
};

const LISTS: [&[&str]; 22] = [
    &["类型", "類型"],
    BLOCK,
    REMOVE,
    AREA,
    CODE,
    COMMENT,
    COUNTRY,
    CURRENT,
    DATE,
    END,
    FEE,
    FIRST,
    INTERVAL,
    MINUTES,
    NAME,
    NETWORK,
    NEW,
    NEXT,
    OLD,
    PRICE,
    SECONDS,
    STATUS,
];

fn is_chinese(letter: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&letter)
}

/// The known words in a word, from left to right, the longest first; letters between them are words of their own.
pub(super) fn split(word: String) -> Vec<String> {
    if !word.contains(is_chinese) || LISTS.iter().any(|list| list.contains(&word.as_str())) {
        return vec![word];
    }
    let mut found: Vec<String> = Vec::new();
    let (mut rest, mut other) = (word.as_str(), String::new());
    while let Some(letter) = rest.chars().next() {
        let known = LISTS
            .iter()
            .flat_map(|list| list.iter())
            .filter(|known| known.starts_with(is_chinese) && rest.starts_with(**known));
        match known.max_by_key(|known| known.len()) {
            Some(known) => {
                found.extend(Some(std::mem::take(&mut other)).filter(|other| !other.is_empty()));
                found.push((*known).to_owned());
                rest = rest.get(known.len()..).unwrap_or_default();
            }
            None => {
                other.push(letter);
                rest = rest.get(letter.len_utf8()..).unwrap_or_default();
            }
        }
    }
    found.extend(Some(other).filter(|other| !other.is_empty()));
    found
}
