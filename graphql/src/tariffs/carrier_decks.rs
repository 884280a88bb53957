//! The report on a rate deck: problems, guesses, questions, and rows that were set aside.

use async_graphql::{Context, SimpleObject};
use billing::carrier_deck::{Answer, Detected, Mapping, Question};
use billing::deck::RowProblem;
use graphql_macros::object;

use super::types::ProblemSeverity;
use crate::{graphql_enum, languages};
use base::error::{Error, Result};

/// Maximum size of a mapping in bytes.
const MAX_MAPPING_BYTES: usize = 100_000;

graphql_enum!(
    /// Certainty of a guess about a carrier's deck.
    DeckConfidence = "billing::carrier_deck::Confidence" {
        /// Nothing in the file says otherwise, and nothing proves the guess.
        Low,
        /// Most of the file agrees.
        Medium,
        /// The whole file agrees with the guess.
        High,
        /// The file or the mapping says so.
        Certain,
    }
);

/// A guess about the layout of a carrier's deck.
#[derive(async_graphql::Description)]
pub struct DeckGuess(Detected);

#[object]
impl DeckGuess {
    /// Part of the layout, such as `delimiter` or `column:price`.
    fn item(&self) -> &str {
        &self.0.item
    }

    /// The guess.
    fn value(&self) -> &str {
        &self.0.value
    }

    /// The reason, as a sentence in the reader's language.
    async fn reason(&self, ctx: &Context<'_>) -> String {
        sentence(ctx, &self.0.reason)
    }

    /// Certainty of the guess.
    fn confidence(&self) -> DeckConfidence {
        self.0.confidence.into()
    }
}

impl From<Detected> for DeckGuess {
    fn from(guess: Detected) -> Self {
        Self(guess)
    }
}

/// An error, a warning or an automatic correction in an imported file.
#[derive(async_graphql::Description)]
pub struct DeckProblem(RowProblem);

#[object]
impl DeckProblem {
    /// Line of the file on which the row begins; the header is line 1. The line is 0 if the problem concerns the whole file.
    fn line(&self) -> u64 {
        self.0.line
    }

    /// Column with the problem; null if the problem concerns the whole row or file.
    fn column(&self) -> Option<&str> {
        self.0.column.as_deref()
    }

    /// Whether the row with this problem can be used.
    fn severity(&self) -> ProblemSeverity {
        self.0.severity.into()
    }

    /// Stable code.
    fn code(&self) -> &str {
        &self.0.code
    }

    /// Sentence in the reader's language. If a text file cannot be read as CSV, the cause is in English.
    async fn message(&self, ctx: &Context<'_>) -> String {
        sentence(ctx, &self.0.message)
    }

    /// The first characters of the cell's text; set only for problems in carriers' decks.
    fn value(&self) -> Option<&str> {
        self.0.value.as_deref()
    }

    /// Sentence in the reader's language that says how to correct the problem, for problems of carriers' decks.
    async fn remedy(&self, ctx: &Context<'_>) -> Option<String> {
        Some(sentence(ctx, self.0.remedy.as_ref()?))
    }
}

impl From<RowProblem> for DeckProblem {
    fn from(problem: RowProblem) -> Self {
        Self(problem)
    }
}

/// A sentence of the report on a deck, in the reader's language.
fn sentence(ctx: &Context<'_>, english: &str) -> String {
    app::languages::deck_sentence(english, languages::reader(ctx)).unwrap_or_else(|| english.to_owned())
}

/// A possible answer to a question about a carrier's deck.
#[derive(async_graphql::Description)]
pub struct DeckAnswer(Answer);

#[object]
impl DeckAnswer {
    /// Description of the answer in the reader's language, or the name of a column or sheet.
    async fn text(&self, ctx: &Context<'_>) -> String {
        let text = &self.0.text;
        app::languages::deck_answer(text, languages::reader(ctx)).unwrap_or_else(|| text.clone())
    }

    /// JSON that gives this answer in `ImportTariffInput.mapping`.
    fn mapping(&self) -> String {
        // a mapping has only string keys, so serialization cannot fail
        serde_json::to_string(&self.0.mapping).unwrap_or_default()
    }
}

impl From<Answer> for DeckAnswer {
    fn from(answer: Answer) -> Self {
        Self(answer)
    }
}

/// A question that must be answered before a carrier's deck can be read.
#[derive(async_graphql::Description)]
pub struct DeckQuestion(Question);

#[object]
impl DeckQuestion {
    /// Stable code.
    fn code(&self) -> &str {
        &self.0.code
    }

    /// Sentence in the language of the reader.
    async fn text(&self, ctx: &Context<'_>) -> String {
        let Question { code, text, .. } = &self.0;
        app::languages::question(code, text, languages::reader(ctx)).unwrap_or_else(|| text.clone())
    }

    /// Line of the first example; 0 if the question concerns the whole file.
    fn line(&self) -> u64 {
        self.0.line
    }

    /// A cell or column name from the file.
    fn example(&self) -> &str {
        &self.0.example
    }

    /// Possible answers, at most 256.
    #[field(length = 10)]
    fn answers(&self) -> Vec<DeckAnswer> {
        self.0.answers.iter().cloned().map(Into::into).collect()
    }
}

impl From<Question> for DeckQuestion {
    fn from(question: Question) -> Self {
        Self(question)
    }
}

/// Rows of a carrier's deck that cannot be stored in a tariff.
#[object]
#[derive(SimpleObject)]
pub struct DeckSetAside {
    /// Stable code of the reason, such as `BY_ORIGIN`.
    pub reason: String,
    /// Number of rows.
    pub rows: u64,
}

impl From<(String, u64)> for DeckSetAside {
    fn from((reason, rows): (String, u64)) -> Self {
        Self { reason, rows }
    }
}

/// Parses a mapping.
///
/// # Errors
/// Fails with `INVALID_INPUT` for text that is too long, is not JSON, or has unknown fields.
pub(super) fn parse_mapping(text: &str) -> Result<Mapping> {
    if text.len() > MAX_MAPPING_BYTES {
        let message = base::message!("Use at most {max} bytes.", max = MAX_MAPPING_BYTES);
        return Err(Error::invalid("mapping", message));
    }
    serde_json::from_str(text).map_err(|error| {
        let message =
            base::message!("The mapping cannot be read: {error}. See the documentation of mappings.", error);
        Error::invalid("mapping", message)
    })
}
