//! Subscriptions as the parts of one HTTP response, by [Apollo's multipart
//! protocol](https://www.apollographql.com/docs/graphos/routing/operations/subscriptions/multipart-protocol).
//!
//! Each part is a JSON object: an answer in `payload`, or `{}` as a keep-alive. A transport error is sent as a part that has `errors` and in which
//! `payload` is null. This part ends the stream. A shutdown ends the stream without the last boundary, so that clients reconnect. Queries, mutations,
//! and requests that are refused before the stream starts get plain JSON.

use super::{error::RequestError, graphql_http::error_json, stream::Form};

/// The parts of a multipart response. The boundary comes directly after each part, because a client waits for the boundary before it reads the part.
pub(crate) const FORM: Form = Form {
    content_type: "multipart/mixed;boundary=\"graphql\";subscriptionSpec=1.0",
    start: "\r\n--graphql",
    answer: |json, _| part(&format!("{{\"payload\":{json}}}")),
    error: failed,
    idle: "\r\nContent-Type: application/json\r\n\r\n{}\r\n--graphql",
    end: "--\r\n",
};

fn part(json: &str) -> String {
    format!("\r\nContent-Type: application/json\r\n\r\n{json}\r\n--graphql")
}

fn failed(error: &RequestError) -> String {
    // the JSON of an error is an object whose only field is `errors`
    let json = error_json(error);
    part(&json.replacen('{', "{\"payload\":null,", 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::AuthFailure;

    #[test]
    fn an_error_is_a_part_without_payload() {
        let text = failed(&AuthFailure::Unauthenticated.to_error());
        let json = text.split("\r\n\r\n").nth(1).and_then(|rest| rest.strip_suffix("\r\n--graphql"));
        let json: serde_json::Value = serde_json::from_str(json.expect("a part")).expect("JSON");
        assert_eq!(json["payload"], serde_json::Value::Null);
        assert_eq!(json["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
    }
}
