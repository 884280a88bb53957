//! Finds the encoding of a text file.

use std::borrow::Cow;

use encoding_rs::{
    BIG5, EUC_JP, EUC_KR, Encoding, GB18030, IBM866, KOI8_R, MACINTOSH, SHIFT_JIS, UTF_8, UTF_16BE, UTF_16LE,
    WINDOWS_1250, WINDOWS_1251, WINDOWS_1252, WINDOWS_1253, WINDOWS_1254, WINDOWS_1255, WINDOWS_1256,
};

use super::super::header::{Meaning, meaning, words};
use super::super::mapping::Mapping;
use super::super::{Confidence, Detected, Refusal};

pub(super) fn decode<'a>(
    bytes: &'a [u8],
    mapping: &Mapping,
    detected: &mut Vec<Detected>,
) -> Result<(Cow<'a, str>, bool), Refusal> {
    if let Some(label) = &mapping.encoding {
        let encoding = Encoding::for_label(label.as_bytes()).ok_or_else(|| {
            let message = format!("No encoding has the name {label:?}.");
            Refusal::new(0, "ENCODING_UNKNOWN", message, "Use a name like utf-8 or windows-1252.")
        })?;
        detected.push(Detected::mapped("encoding", encoding.name()));
        return Ok((encoding.decode(bytes).0, false));
    }
    if let Some((encoding, _)) = Encoding::for_bom(bytes) {
        detected.push(Detected::sure("encoding", encoding.name(), "The file has a byte order mark."));
        return Ok((encoding.decode(bytes).0, false));
    }
    if let Some(encoding) = wide(bytes) {
        let reason = "Every second byte of the text is zero.";
        detected.push(Detected::new("encoding", encoding.name(), reason, Confidence::High));
        return Ok((encoding.decode_without_bom_handling(bytes).0, false));
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        detected.push(Detected::sure("encoding", UTF_8.name(), "The file is valid UTF-8."));
        return Ok((Cow::Borrowed(text), false));
    }
    // Russian decks are recognized by the words of their headers
    let (russian, _) = WINDOWS_1251.decode_without_bom_handling(bytes);
    let head: String = russian.chars().take(4_000).collect();
    if head.lines().flat_map(words).filter(|word| RUSSIAN.contains(&word.as_str())).count() >= 2 {
        let reason = "The file is not UTF-8, and it has Russian words in this encoding.";
        detected.push(Detected::new("encoding", WINDOWS_1251.name(), reason, Confidence::High));
        return Ok((russian, false));
    }
    if let Some(chinese) = chinese(bytes) {
        let reason = "The file is not UTF-8, and it has the frequent Chinese characters of this encoding.";
        detected.push(Detected::new("encoding", GB18030.name(), reason, Confidence::High));
        return Ok((chinese, false));
    }
    let (western, _) = WINDOWS_1252.decode_without_bom_handling(bytes);
    let doubtful = is_unlikely_western(&western);
    if let Some(encoding) = by_names(bytes).filter(|_| doubtful) {
        let reason = "The file is not UTF-8, and in this encoding its columns have the most known names.";
        detected.push(Detected::new("encoding", encoding.name(), reason, Confidence::High));
        return Ok((encoding.decode_without_bom_handling(bytes).0, false));
    }
    if let Some((encoding, text)) = central(bytes) {
        let reason = "The file is not UTF-8, and only in this encoding its words have no symbols between their letters.";
        detected.push(Detected::new("encoding", encoding.name(), reason, Confidence::High));
        return Ok((text, false));
    }
    let reason = "The file is not UTF-8. ISO-8859-1 has the same letters.";
    detected.push(Detected::new("encoding", WINDOWS_1252.name(), reason, Confidence::Medium));
    Ok((western, doubtful))
}

/// The encoding in which more cells at the beginning of the file are known names of columns than in any other encoding.
fn by_names(bytes: &[u8]) -> Option<&'static Encoding> {
    const ENCODINGS: &[&Encoding] = &[
        SHIFT_JIS,
        EUC_JP,
        GB18030,
        BIG5,
        EUC_KR,
        WINDOWS_1251,
        IBM866,
        KOI8_R,
        WINDOWS_1253,
        WINDOWS_1255,
        WINDOWS_1256,
        WINDOWS_1250,
        WINDOWS_1254,
        MACINTOSH,
    ];
    const LINES: usize = 40;
    const FEWEST: usize = 2;
    let mut end = 0;
    for line in bytes.split_inclusive(|byte| *byte == b'\n').take(LINES) {
        end += line.len().min(10_000);
    }
    let head = bytes.get(..end.min(bytes.len())).unwrap_or_default();
    let known = |encoding: &'static Encoding| {
        let (text, failed) = encoding.decode_without_bom_handling(head);
        let cells = text.split(['\n', '\t', ',', ';', '|']).map(str::trim).filter(|cell| !cell.is_ascii());
        let named = |cell: &&str| !matches!(meaning(cell), Meaning::Unknown | Meaning::Ignored);
        let control = text.contains(|letter: char| ('\u{80}'..='\u{9f}').contains(&letter));
        if failed || control { 0 } else { cells.filter(|cell| cell.len() <= 100).filter(named).count() }
    };
    let mut counts: Vec<(usize, &'static Encoding)> =
        ENCODINGS.iter().map(|encoding| (known(encoding), *encoding)).collect();
    counts.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
    match counts.as_slice() {
        [(most, encoding), (second, _), ..] if *most >= FEWEST && most > second => Some(*encoding),
        _ => None,
    }
}

/// Words in the headers of Russian decks.
const RUSSIAN: &[&str] = &[
    "код",
    "коды",
    "страна",
    "направление",
    "цена",
    "тариф",
    "префикс",
    "дата",
    "тарификация",
    "оператор",
    "стоимость",
];

/// The text if it is probably Central European or Turkish: in the Western encoding, its words have symbols between the letters or contain Icelandic
/// letters.
fn central(bytes: &[u8]) -> Option<(&'static Encoding, Cow<'_, str>)> {
    const FEWEST: usize = 2;
    let (western, _) = WINDOWS_1252.decode_without_bom_handling(bytes);
    let count = broken(&western);
    let icelandic =
        western.chars().filter(|letter| matches!(letter, 'ð' | 'þ' | 'ý' | 'Ð' | 'Þ' | 'Ý')).count();
    for (encoding, likely) in [(WINDOWS_1250, count >= FEWEST), (WINDOWS_1254, icelandic >= FEWEST)] {
        let (text, failed) = encoding.decode_without_bom_handling(bytes);
        let known =
            text.lines().take(60).flat_map(words).filter(|word| TURKISH.contains(&word.as_str())).count();
        let turkish = encoding != WINDOWS_1254 || known >= FEWEST;
        if likely && turkish && !failed && broken(&text) * 4 <= count {
            return Some((encoding, text));
        }
    }
    None
}

/// Frequent words in Turkish decks.
const TURKISH: &[&str] = &[
    "fiyat",
    "fiyatlar",
    "ulke",
    "yon",
    "kod",
    "kodu",
    "dakika",
    "ucret",
    "tarife",
    "gecerlilik",
    "tarihi",
    "mobil",
    "sabit",
    "kapali",
    "yurtdisi",
    "operator",
    "sebeke",
];

/// The number of symbols between two letters.
fn broken(text: &str) -> usize {
    let letters: Vec<char> = text.chars().take(20_000).collect();
    let symbol = |letter: char| {
        !letter.is_ascii() && !letter.is_alphanumeric() && !letter.is_whitespace()
            || matches!(letter, '¹' | '²' | '³')
    };
    let plain = |letter: char| {
        !matches!(letter, '-' | '–' | '—' | '’' | '‘' | '·' | '…' | '/' | '°' | 'º' | 'ª' | '•')
    };
    letters
        .windows(3)
        .filter(|part| {
            part[0].is_alphabetic() && part[2].is_alphabetic() && symbol(part[1]) && plain(part[1])
        })
        .count()
}

/// The text if it is probably in GBK or GB18030: apart from ASCII and punctuation, nearly all bytes form pairs that stand for frequent Chinese
/// characters. Many of these pairs must begin with a byte above 0xC8. In Korean text, which uses the same pairs, few of them do.
fn chinese(bytes: &[u8]) -> Option<Cow<'_, str>> {
    const FEWEST: usize = 20;
    let (mut frequent, mut late, mut other) = (0usize, 0usize, 0usize);
    let mut rest = bytes.iter().copied();
    while let Some(first) = rest.next() {
        if first < 0x80 {
            continue;
        }
        let second = rest.next()?;
        match (first, second) {
            (0xb0..=0xf7, 0xa1..=0xfe) => {
                frequent += usize::from(first <= 0xd7);
                other += usize::from(first > 0xd7);
                late += usize::from((0xc9..=0xd7).contains(&first));
            }
            // punctuation and wide digits
            (0xa1..=0xa3, 0xa1..=0xfe) => {}
            _ => other += 1,
        }
    }
    let (text, failed) = GB18030.decode_without_bom_handling(bytes);
    (!failed && frequent >= FEWEST && other * 20 <= frequent && late * 6 >= frequent).then_some(text)
}

/// Detects UTF-16 without a byte order mark. In such a price list, either most bytes at even positions or most bytes at odd positions
/// are zero.
fn wide(bytes: &[u8]) -> Option<&'static Encoding> {
    let sample = bytes.get(..bytes.len().min(4096)).unwrap_or_default();
    let zeros = |from: usize| sample.iter().skip(from).step_by(2).filter(|byte| **byte == 0).count();
    let half = sample.len() / 2;
    if half < 8 {
        return None;
    }
    match (zeros(0) * 10 > half * 7, zeros(1) * 10 > half * 7) {
        (true, false) => Some(UTF_16BE),
        (false, true) => Some(UTF_16LE),
        _ => None,
    }
}

/// Whether text that was read as Windows-1252 is probably in another encoding: it has unassigned bytes, or most of its letters have accents.
fn is_unlikely_western(text: &str) -> bool {
    let (mut letters, mut foreign, mut unassigned) = (0u64, 0u64, 0u64);
    for letter in text.chars() {
        letters += u64::from(letter.is_alphabetic());
        foreign += u64::from(!letter.is_ascii() && letter.is_alphabetic());
        unassigned += u64::from(('\u{80}'..='\u{9f}').contains(&letter));
    }
    unassigned > 0 || foreign * 2 > letters
}
