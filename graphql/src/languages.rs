//! The reader's language. The language is chosen once for each request, and every message in the request's responses is in this language.

use std::any::TypeId;
use std::sync::Arc;

use async_graphql::{Context, Data, Executor, Name, Request, Response, ServerError, Value};
use futures_util::stream::{BoxStream, StreamExt as _};

use super::payload::{self, MessageParam};
use app::receipt::Locale;
use base::message::Message;
use transport::Languages;
use transport::pipeline::Answer;

/// The message of a top-level error, and the error's code. Until the language is known, the error has this message and this code as its source.
pub struct Told {
    /// The code in `extensions.code`.
    pub code: &'static str,
    /// The message.
    pub message: Message,
}

/// The locale of the user who reads the operation's results.
pub fn reader(ctx: &Context<'_>) -> Locale {
    ctx.data_opt::<Locale>().copied().unwrap_or(Locale::ENGLISH)
}

/// The locale of the messages in the responses to a request.
pub fn of(request: &Request) -> Locale {
    found(request).copied().unwrap_or(Locale::ENGLISH)
}

/// Finds the value of this type in the request's data.
pub(super) fn found<T: 'static>(request: &Request) -> Option<&T> {
    request.data.get(&TypeId::of::<T>())?.downcast_ref()
}

/// Chooses the locale for the reader of a request's response: the first supported language that the client prefers; if there is none, the caller's
/// locale; otherwise English.
pub fn choose(request: &mut Request, caller: Option<Locale>) {
    let preferred = found::<Languages>(request).and_then(|languages| Locale::preferred(languages.tags()));
    request.data.insert(preferred.or(caller).unwrap_or(Locale::ENGLISH));
}

/// The message of one of the transport's errors; `None` to keep the English message. Messages about invalid variables and arguments stay in English:
/// they are meant for developers, and the general translated sentence would say less.
pub fn wording(code: &str, languages: &Languages) -> Option<&'static str> {
    let locale = Locale::preferred(languages.tags()).filter(|_| code != "INVALID_INPUT")?;
    app::languages::general(code, locale)
}

/// An executor that translates the top-level errors of its answers.
#[derive(Clone)]
pub struct Translated<E>(pub E);

#[async_trait::async_trait]
impl<E: Executor> Executor for Translated<E> {
    async fn execute(&self, request: Request) -> Response {
        let locale = of(&request);
        translated(self.0.execute(request).await, locale)
    }

    fn execute_stream(&self, request: Request, session: Option<Arc<Data>>) -> BoxStream<'static, Response> {
        let locale = of(&request);
        self.0.execute_stream(request, session).map(move |response| translated(response, locale)).boxed()
    }
}

/// The answer of a compiled subscription with its errors translated.
pub fn answer(answer: Answer, locale: Locale) -> Answer {
    match answer {
        Answer::Response(response) => Answer::Response(translated(response, locale)),
        written => written,
    }
}

fn translated(mut response: Response, locale: Locale) -> Response {
    for error in &mut response.errors {
        translate(error, locale);
    }
    response
}

/// Sets the message and `extensions.params` of an error that [`payload::top_level`] made.
fn translate(error: &mut ServerError, locale: Locale) {
    let Some(told) = error.source.take().and_then(|source| source.downcast::<Told>().ok()) else { return };
    error.message = app::languages::told(&told.message, told.code, locale);
    let params = payload::params(&told.message, locale);
    if !params.is_empty() {
        let params = params.into_iter().map(written).collect();
        error.extensions.get_or_insert_default().set("params", Value::List(params));
    }
}

/// The value as JSON, in the form of the schema's type `MessageParam`.
fn written(param: MessageParam) -> Value {
    let money = param.money.map_or(Value::Null, |money| {
        object([("amount", money.amount.0.to_string().into()), ("currency", money.currency.0.into())])
    });
    object([("name", param.name.into()), ("value", param.value.into()), ("money", money)])
}

fn object<const N: usize>(fields: [(&str, Value); N]) -> Value {
    Value::Object(fields.into_iter().map(|(name, value)| (Name::new(name), value)).collect())
}
