//! Traces call events from the hook's request to the transaction that stores them and the delivery to each subscriber. If a transaction stores
//! several requests, its span joins the first request's trace and links to the traces of the other requests. Without an exporter, tracing costs no
//! more than a flag check.

use std::sync::atomic::{AtomicBool, Ordering};

use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// The header that carries a trace context (W3C Trace Context).
pub const HEADER: &str = "traceparent";
/// The target of this module's spans. Because of the target, these spans stay out of the log.
pub const TARGET: &str = "trace";

static ON: AtomicBool = AtomicBool::new(false);

/// Turns tracing on for all spans created from now on.
pub fn turn_on() {
    ON.store(true, Ordering::Relaxed);
}

fn is_on() -> bool {
    ON.load(Ordering::Relaxed)
}

/// Trace context: the position of a span in its trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceContext(SpanContext);

impl TraceContext {
    /// The trace context of the current span; `None` if the span is not traced.
    pub fn here() -> Option<Self> {
        Self::of(&Span::current())
    }

    fn of(span: &Span) -> Option<Self> {
        if !is_on() {
            return None;
        }
        let context = span.context().span().span_context().clone();
        (context.is_valid() && context.is_sampled()).then_some(Self(context))
    }

    /// The context in a `traceparent` (`00-TRACE-SPAN-FLAGS` in lowercase hexadecimal); `None` if the text is malformed. This function does not use
    /// the propagator of opentelemetry_sdk. The propagator of opentelemetry_sdk checks neither the length of the ids nor a leading `+`, and would
    /// make every crate depend on the SDK.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let lower =
            |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        if version != "00" || parts.next().is_some() || (trace.len(), span.len(), flags.len()) != (32, 16, 2)
        {
            return None;
        }
        if ![trace, span, flags].into_iter().all(lower) {
            return None;
        }
        let sampled = u8::from_str_radix(flags, 16).ok()? & 1 == 1;
        let flags = if sampled { TraceFlags::SAMPLED } else { TraceFlags::default() };
        let (trace, span) = (TraceId::from_hex(trace).ok()?, SpanId::from_hex(span).ok()?);
        let context = SpanContext::new(trace, span, flags, true, TraceState::default());
        context.is_valid().then_some(Self(context))
    }

    /// The context as a `traceparent`.
    pub fn to_text(&self) -> String {
        let flags = u8::from(self.0.is_sampled());
        format!("00-{}-{}-{flags:02x}", self.0.trace_id(), self.0.span_id())
    }
}

/// Makes a request's span part of the trace that the client named.
pub fn adopt(span: &Span, traceparent: Option<&[u8]>) {
    if !is_on() {
        return;
    }
    let given = traceparent.and_then(|text| std::str::from_utf8(text).ok()).and_then(TraceContext::parse);
    if let Some(place) = given {
        follow(span, place);
    }
}

fn follow(span: &Span, TraceContext(context): TraceContext) {
    let parent = opentelemetry::Context::new().with_remote_span_context(context);
    if let Err(error) = span.set_parent(parent) {
        tracing::debug!(%error, "could not attach a span to its trace");
    }
}

/// The span of a transaction that stores several requests. The span joins the first request's trace and links to the traces of the other requests.
pub fn batch<'a>(mut requests: impl Iterator<Item = &'a TraceContext>) -> Span {
    let Some(first) = requests.next() else { return Span::none() };
    let span = tracing::info_span!(target: TARGET, parent: None, "batch", otel.kind = "internal");
    follow(&span, first.clone());
    requests.filter(|place| *place != first).for_each(|place| span.add_link(place.0.clone()));
    span
}

/// The span of an activity's delivery to a subscriber.
pub fn delivery(committed: Option<&TraceContext>) -> Span {
    let Some(place) = committed.filter(|_| is_on()) else { return Span::none() };
    let span = tracing::info_span!(target: TARGET, parent: None, "delivery", otel.kind = "producer");
    follow(&span, place.clone());
    span
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_traceparent_is_read_as_it_is_written() {
        let text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(TraceContext::parse(text).expect("a place").to_text(), text);
        for bad in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
            "00-+bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ] {
            assert_eq!(TraceContext::parse(bad), None, "{bad}");
        }
    }
}
