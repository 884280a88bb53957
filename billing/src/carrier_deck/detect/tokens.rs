//! The words, numbers and marks of sentences, and the increments among them.

use super::super::increments::is_usual;

/// A part of a sentence.
pub(super) enum Token {
    Word(String),
    Number(u32),
    Mark(char),
}

impl Token {
    pub(super) fn is_word(&self, list: &[&str]) -> bool {
        matches!(self, Token::Word(word) if list.contains(&word.as_str()))
    }
}

pub(super) fn tokens(text: &str) -> Vec<Token> {
    let folded = crate::fold::fold(text);
    let mut found = Vec::new();
    let mut word = String::new();
    let take = |word: &mut String, found: &mut Vec<Token>| {
        if !word.is_empty() {
            let word = std::mem::take(word);
            found.push(word.parse().map_or(Token::Word(word), Token::Number));
        }
    };
    for letter in folded.chars() {
        let changes =
            word.chars().last().is_some_and(|last| last.is_ascii_digit() != letter.is_ascii_digit());
        if !letter.is_alphanumeric() || changes {
            take(&mut word, &mut found);
        }
        match letter {
            _ if letter.is_alphanumeric() => word.push(letter),
            ' ' => {}
            other => found.push(Token::Mark(other)),
        }
    }
    take(&mut word, &mut found);
    found
}

/// Two increments in a sentence, such as `30/6` or `60 sec / 1 sec`.
pub(super) struct Pair {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) initial: u32,
    pub(super) next: u32,
}

pub(super) fn pairs(tokens: &[Token]) -> Vec<Pair> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        match pair(tokens, at) {
            Some(pair) => {
                at = pair.end;
                found.push(pair);
            }
            None => at += 1,
        }
    }
    found
}

fn pair(tokens: &[Token], start: usize) -> Option<Pair> {
    let (initial, mark) = time(tokens, start)?;
    // the last two numbers of a date like 2026-12-01
    let before = start.checked_sub(2).and_then(|at| tokens.get(at..start));
    if let Some([Token::Number(_), Token::Mark('/' | '-')]) = before {
        return None;
    }
    let Token::Mark('/' | '+' | ':' | '-' | 'x') = tokens.get(mark)? else { return None };
    let (next, end) = time(tokens, mark + 1)?;
    // three numbers are a date or have a meaning of their own
    let longer = matches!(tokens.get(end), Some(Token::Mark('/' | '-')))
        && matches!(tokens.get(end + 1), Some(Token::Number(_)));
    (is_usual(initial) && is_usual(next) && initial >= next && !longer).then_some(Pair {
        start,
        end,
        initial,
        next,
    })
}

/// A number of seconds, and the position after the number and its unit.
fn time(tokens: &[Token], at: usize) -> Option<(u32, usize)> {
    let Token::Number(number) = tokens.get(at)? else { return None };
    match tokens.get(at + 1) {
        Some(Token::Word(word))
            if matches!(word.as_str(), "s" | "sec" | "secs" | "second" | "seconds" | "seg" | "sek") =>
        {
            Some((*number, at + 2))
        }
        Some(Token::Word(word))
            if *number <= 3 && matches!(word.as_str(), "min" | "minute" | "minuto" | "mn") =>
        {
            Some((number * 60, at + 2))
        }
        _ => Some((*number, at + 1)),
    }
}
