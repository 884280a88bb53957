//! Finds the country of codes that are written as people dial them within the country: 020, 0171.

use super::super::codes::looks_like_codes;
use super::super::columns::{CodeSource, country_question};
use super::super::header::{Role, words};
use super::super::mapping::Mapping;
use super::super::{Answer, CarrierDeck, Confidence, Detected, Options};
use super::Plan;

/// This many cells with codes are examined.
const SAMPLE: usize = 2_000;

/// The codes that begin with a 0 that is not dialed from abroad.
#[derive(Clone, Copy, PartialEq, Eq)]
enum National {
    None,
    /// Those codes that have no international prefix.
    Some,
    All,
}

/// Countries in which numbers begin with a 0 that is not dialed from abroad: the calling code, the currency if no other country has it, and words
/// for the country and its numbers.
#[rustfmt::skip]
const HOMES: &[(&str, &str, &[&str])] = &[
    ("44", "GBP", &["uk", "united kingdom", "britain", "british", "ofcom"]),
    ("49", "", &["germany", "german", "deutschland", "deutsche", "deutsches", "deutschen"]),
    ("33", "", &["france", "french", "francais", "francaise", "francaises", "arcep"]),
    ("43", "", &["austria", "austrian", "osterreich"]),
    ("41", "CHF", &["switzerland", "swiss", "schweiz", "suisse", "svizzera"]),
    ("31", "", &["netherlands", "dutch", "nederland", "nederlandse"]),
    ("32", "", &["belgium", "belgian", "belgie", "belgique"]),
    ("353", "", &["ireland", "irish"]),
    ("46", "SEK", &["sweden", "swedish", "sverige", "svenska"]),
    ("358", "", &["finland", "finnish", "suomi", "suomen"]),
    ("90", "TRY", &["turkey", "turkiye", "turkish", "yurtici"]),
    ("81", "JPY", &["japan", "japanese", "日本"]),
    ("82", "KRW", &["korea", "korean", "한국"]),
    ("86", "CNY", &["china", "chinese", "中国"]),
    ("886", "TWD", &["taiwan", "台灣", "台湾"]),
    ("61", "AUD", &["australia", "australian"]),
    ("64", "NZD", &["zealand"]),
    ("91", "INR", &["india", "indian"]),
    ("92", "PKR", &["pakistan"]),
    ("880", "BDT", &["bangladesh"]),
    ("94", "LKR", &["lanka"]),
    ("62", "IDR", &["indonesia", "nasional"]),
    ("63", "PHP", &["philippines", "philippine"]),
    ("66", "THB", &["thailand", "thai"]),
    ("84", "VND", &["vietnam", "viet nam"]),
    ("60", "MYR", &["malaysia", "malaysian"]),
    ("972", "ILS", &["israel", "israeli"]),
    ("20", "EGP", &["egypt", "egyptian"]),
    ("27", "ZAR", &["south africa", "africa"]),
    ("234", "NGN", &["nigeria", "nigerian"]),
    ("254", "KES", &["kenya", "kenyan"]),
    ("233", "GHS", &["ghana"]),
    ("212", "MAD", &["morocco", "maroc"]),
    ("213", "DZD", &["algeria", "algerie"]),
    ("55", "BRL", &["brazil", "brasil", "anatel"]),
    ("54", "ARS", &["argentina"]),
    ("58", "", &["venezuela"]),
    ("40", "RON", &["romania"]),
    ("359", "", &["bulgaria"]),
    ("381", "RSD", &["serbia", "srbija"]),
    ("385", "", &["croatia", "hrvatska"]),
    ("386", "", &["slovenia", "slovenija"]),
    ("421", "", &["slovakia", "slovensko"]),
    ("380", "UAH", &["ukraine", "україна"]),
    ("966", "SAR", &["saudi", "ksa"]),
    ("971", "AED", &["uae", "emirates"]),
    ("962", "JOD", &["jordan"]),
    ("98", "", &["iran"]),
];

impl Plan<'_> {
    /// Whether codes begin with a single 0, as within a country: all of them, or those without an international prefix.
    fn national(&self, column: usize) -> National {
        let cells =
            || self.rows().map(|row| row.get(column)).filter(|cell| looks_like_codes(cell)).take(SAMPLE);
        let area = self.codes.keeps_011;
        let international =
            |cell: &&str| cell.starts_with("00") || cell.starts_with("011") && !area || cell.starts_with('+');
        let national = |cell: &&str| cell.trim_start_matches('(').starts_with('0') && !international(cell);
        let (found, all) = (cells().filter(national).count(), cells().count());
        match () {
            () if found > 1 && found * 10 >= all * 9 => National::All,
            () if found > 0 && cells().all(|cell| national(&cell) || international(&cell)) => National::Some,
            () => National::None,
        }
    }

    /// The countries that the lines above and below the rates mention.
    fn mentioned(&self) -> Vec<&'static str> {
        let mut texts: Vec<Vec<String>> = self.notes().iter().map(|note| words(&note.text)).collect();
        if let CodeSource::Full(column) = self.columns.code {
            let named = self.columns.first(Role::Destination);
            let cells = self
                .rows()
                .filter(|row| row.get(column).starts_with('0') && !row.get(column).starts_with("00"));
            texts.extend(cells.filter_map(|row| named.map(|name| words(row.get(name)))).take(SAMPLE));
        }
        let has = |name: &str| {
            let name: Vec<&str> = name.split(' ').collect();
            texts.iter().any(|text| {
                text.windows(name.len()).any(|part| part == name)
                    || !name.concat().is_ascii() && text.iter().any(|word| word.contains(name[0]))
            })
        };
        HOMES
            .iter()
            .filter(|(_, _, names)| names.iter().any(|name| has(name)))
            .map(|(code, ..)| *code)
            .collect()
    }

    /// Finds the country code of codes that begin with a 0, or asks for it. The country is certain if the deck mentions only one country, or a line
    /// names only one country code, and the deck's currency is either the currency of this country or the currency of several countries.
    pub(super) fn find_home(&mut self, options: &Options<'_>, deck: &mut CarrierDeck) {
        let CodeSource::Full(column) = self.columns.code else { return };
        let national = self.national(column);
        if national == National::None || options.mapping.code_prefix.as_deref() == Some("") {
            return;
        }
        self.codes.national = national == National::All;
        if !self.codes.before.is_empty() {
            if national == National::Some {
                self.codes.home = std::mem::take(&mut self.codes.before);
            }
            return;
        }
        let mentioned = self.mentioned();
        let currency = self.currency.as_deref().or(options.currency).unwrap_or_default();
        let owners: Vec<&str> = HOMES
            .iter()
            .filter(|(_, own, _)| !own.is_empty() && *own == currency)
            .map(|(code, ..)| *code)
            .collect();
        let said = self.said_country();
        let agreed = match (said.as_deref(), mentioned.as_slice(), owners.as_slice()) {
            (Some(said), [], owners) if owners.is_empty() || owners.contains(&said) => Some(said),
            (Some(said), [one], _) if *one != said => None,
            (_, [one], [owner]) if one == owner => Some(*one),
            (_, [one], []) => Some(*one),
            _ => None,
        };
        if let Some(code) = agreed {
            let reason = match mentioned.is_empty() {
                true => "A line above or below the rates names the country code.",
                false => "The codes begin with 0, and the deck mentions only this country.",
            };
            deck.detected.push(Detected::new("code_prefix", code, reason, Confidence::High));
            let place = if national == National::All { &mut self.codes.before } else { &mut self.codes.home };
            code.clone_into(place);
            return;
        }
        let example = self.rows().find(|row| looks_like_codes(row.get(column)));
        let name = self.names.get(column).cloned().unwrap_or_default();
        let (line, cell) = example.map_or((0, ""), |row| (row.line, row.get(column)));
        let mut question = country_question(&name, line, cell);
        let likely = said.as_deref().into_iter().chain(mentioned).chain(owners).collect::<Vec<_>>();
        for code in likely.into_iter().rev() {
            let mapping = Mapping { code_prefix: Some(code.to_owned()), ..Mapping::default() };
            question.answers.retain(|answer| answer.mapping != mapping);
            question.answers.insert(0, Answer::new(code, mapping));
        }
        deck.questions.push(question);
    }
}
