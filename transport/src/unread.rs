//! Handling of request bodies that were not read to the end.
//!
//! If a handler drops the reader of a chunked body, actix continues to read, and keeps the connection open until the body ends. A client that sends a
//! byte a minute could keep its connection open forever. If the reader of the body still exists, actix closes the connection after the response.
//! Therefore, this middleware keeps the reader until the response is sent.

use std::{
    cell::RefCell,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use actix_web::{
    Error, HttpMessage as _,
    body::{BodySize, BoxBody, MessageBody},
    dev::{Payload, ServiceRequest, ServiceResponse},
    error::PayloadError,
    middleware::Next,
    web::Bytes,
};
use futures_util::{Stream, StreamExt as _};

/// Middleware that closes a connection after the response if the request's body was not read to the end.
///
/// # Errors
/// Returns the errors of the service.
pub async fn close_unread(
    mut request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let payload = request.take_payload();
    if matches!(payload, Payload::None) {
        return next.call(request).await;
    }
    let shared = Rc::new(RefCell::new(Some(payload)));
    request.set_payload(Payload::Stream { payload: Box::pin(Reader(shared.clone())) });
    let response = next.call(request).await?;
    let rest = shared.borrow_mut().take();
    Ok(match rest {
        Some(rest) => response.map_body(|_, body| BoxBody::new(Answer { body, _unread: rest })),
        None => response,
    })
}

/// The source from which the handler reads the body. When the body has ended, the source drops the `Payload` that it reads from.
struct Reader(Rc<RefCell<Option<Payload>>>);

impl Stream for Reader {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut payload = self.0.borrow_mut();
        let Some(reading) = payload.as_mut() else { return Poll::Ready(None) };
        let read = reading.poll_next_unpin(context);
        if matches!(read, Poll::Ready(None)) {
            *payload = None;
        }
        read
    }
}

/// A response sent before the whole request has arrived.
struct Answer {
    body: BoxBody,
    _unread: Payload,
}

impl MessageBody for Answer {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(context)
    }
}
