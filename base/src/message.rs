//! Sentences for people. A [`Message`] is an English sentence with the values of its placeholders. Because the values are separate, the server can
//! translate the sentence, and a client can format the amounts itself.

use std::borrow::Cow;
use std::fmt;

/// An English sentence with placeholders such as `{max}`, and their values. To make a message with values, use [`message!`](crate::message!).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    text: Cow<'static, str>,
    params: Vec<Param>,
}

/// A named value in a [`Message`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Param {
    /// The placeholder's name.
    pub name: &'static str,
    /// The value.
    pub value: Value,
}

/// The value of a placeholder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A name, number, code or time, which is the same in every language.
    Text(String),
    /// A word of the API, such as `CLOSED`, which is translated into other languages.
    Word(&'static str),
    /// An amount of money.
    Money {
        /// The amount in millionths of the currency unit.
        micros: i64,
        /// ISO 4217 code.
        currency: String,
    },
}

/// An amount of money in a [`message!`](crate::message!): the millionths of the currency unit, and the currency's code.
#[derive(Clone, Copy, Debug)]
pub struct Money<'a>(pub i64, pub &'a str);

/// A word of the API in a [`message!`](crate::message!), such as a state.
#[derive(Clone, Copy, Debug)]
pub struct Word(pub &'static str);

/// A type whose values can be in a [`Message`].
pub trait ToValue {
    /// The value.
    fn to_value(&self) -> Value;
}

impl<T: fmt::Display + ?Sized> ToValue for T {
    fn to_value(&self) -> Value {
        Value::Text(self.to_string())
    }
}

impl ToValue for Money<'_> {
    fn to_value(&self) -> Value {
        Value::Money { micros: self.0, currency: self.1.to_owned() }
    }
}

impl ToValue for Word {
    fn to_value(&self) -> Value {
        Value::Word(self.0)
    }
}

/// Makes a [`Message`](crate::message::Message) from an English sentence and the values of its placeholders, for example `message!("Use at most {max}
/// characters.", max = MAX_NAME)`.
#[macro_export]
macro_rules! message {
    (@ $name:ident) => { $name };
    (@ $name:ident = $value:expr) => { $value };
    ($text:literal $(, $name:ident $(= $value:expr)?)+ $(,)?) => {
        $crate::message::Message::new($text, vec![$((
            stringify!($name),
            $crate::message::ToValue::to_value(&$crate::message!(@ $name $(= $value)?)),
        )),+])
    };
}

impl Message {
    /// The sentence and the values of its placeholders.
    pub fn new(text: &'static str, values: Vec<(&'static str, Value)>) -> Self {
        let params = values.into_iter().map(|(name, value)| Param { name, value }).collect();
        Self { text: Cow::Borrowed(text), params }
    }

    /// The English sentence with its placeholders. This text is the key to the translations.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The values, in the order of the English sentence.
    pub fn params(&self) -> &[Param] {
        &self.params
    }

    /// Fills the placeholders of a sentence, which may be a translation, with the values of this message as `show` formats them. Returns `None` if
    /// the sentence has a placeholder without a value.
    pub fn fill(&self, sentence: &str, show: impl Fn(&Value) -> String) -> Option<String> {
        if self.params.is_empty() {
            return (sentence == self.text || !sentence.contains('{')).then(|| sentence.to_owned());
        }
        let mut pieces = sentence.split('{');
        let mut filled = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            let (name, rest) = piece.split_once('}')?;
            let param = self.params.iter().find(|param| param.name == name)?;
            filled.push_str(&show(&param.value));
            filled.push_str(rest);
        }
        Some(filled)
    }
}

impl From<&'static str> for Message {
    fn from(text: &'static str) -> Self {
        Self { text: Cow::Borrowed(text), params: Vec::new() }
    }
}

impl From<String> for Message {
    fn from(text: String) -> Self {
        Self { text: Cow::Owned(text), params: Vec::new() }
    }
}

/// The English sentence, for logs and for the command line.
impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.fill(&self.text, Value::to_string) {
            Some(filled) => f.write_str(&filled),
            None => f.write_str(&self.text),
        }
    }
}

/// The value in English: money as an exact amount after its currency, such as `BRL 12.50`.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Word(word) => f.write_str(word),
            Self::Money { micros, currency } => {
                let sign = if *micros < 0 { "-" } else { "" };
                let (whole, rest) = (micros.unsigned_abs() / 1_000_000, micros.unsigned_abs() % 1_000_000);
                let rest = format!("{rest:06}");
                // at least two decimals
                let (cents, further) = rest.split_at(2);
                write!(f, "{currency} {sign}{whole}.{cents}{}", further.trim_end_matches('0'))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_take_the_places_of_their_names_in_any_order() {
        let name = "a {max} b";
        let message =
            crate::message!("{name} has {paid} of {max}.", name, max = 3, paid = Money(-1_500_000, "BRL"));
        assert_eq!(message.to_string(), "a {max} b has BRL -1.50 of 3.");
        let turned = message.fill("{max}: {name}", Value::to_string);
        assert_eq!(turned.as_deref(), Some("3: a {max} b"));
        assert_eq!(message.fill("{other}", Value::to_string), None);
        assert_eq!(message.fill("{max", Value::to_string), None);
    }

    #[test]
    fn a_sentence_without_values_stays_as_it_is() {
        let message = Message::from("Write {name}, not name.".to_owned());
        assert_eq!(message.to_string(), "Write {name}, not name.");
        assert_eq!(message.fill("Escreva {outro}.", Value::to_string), None);
        assert_eq!(message.fill("Escreva.", Value::to_string).as_deref(), Some("Escreva."));
    }

    #[test]
    fn money_is_exact() {
        for (micros, text) in
            [(0, "EUR 0.00"), (48_000, "EUR 0.048"), (i64::MIN, "EUR -9223372036854.775808")]
        {
            assert_eq!(Money(micros, "EUR").to_value().to_string(), text);
        }
    }
}
