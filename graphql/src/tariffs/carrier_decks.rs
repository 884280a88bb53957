//! The report on a carrier's rate deck: guesses, questions, and rows that were set aside.

use async_graphql::{Context, SimpleObject};
use billing::carrier_deck::{Answer, Detected, Mapping, Question};
use graphql_macros::object;

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
#[object]
#[derive(SimpleObject)]
pub struct DeckGuess {
    /// Part of the layout, such as `delimiter` or `column:price`.
    pub item: String,
    /// The guess.
    pub value: String,
    /// English sentence with the reason.
    pub reason: String,
    /// Certainty of the guess.
    pub confidence: DeckConfidence,
}

impl From<Detected> for DeckGuess {
    fn from(guess: Detected) -> Self {
        let Detected { item, value, reason, confidence } = guess;
        Self { item, value, reason, confidence: confidence.into() }
    }
}

/// A possible answer to a question about a carrier's deck.
#[object]
#[derive(SimpleObject)]
pub struct DeckAnswer {
    /// English description of the answer.
    pub text: String,
    /// JSON that gives this answer in `ImportTariffInput.mapping`.
    pub mapping: String,
}

impl From<Answer> for DeckAnswer {
    fn from(answer: Answer) -> Self {
        // a mapping has only string keys, so serialization cannot fail
        let mapping = serde_json::to_string(&answer.mapping).unwrap_or_default();
        Self { text: answer.text, mapping }
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
