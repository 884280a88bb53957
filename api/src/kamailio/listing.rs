//! What a proxy lists of itself (docs/hook.md, "Listings"): its queue, its dialogs, its registered phones.
//!
//! A listing that does not parse is no listing: to take one for empty would end every call.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use uuid::Uuid;

use super::event::Micros;

/// `POST queue`: what the proxy has not handed over yet.
#[derive(Clone, Debug, Deserialize)]
pub struct QueueState {
    /// Events that the API has not taken.
    pub waiting: u64,
    #[serde(rename = "now")]
    clock: Micros,
    /// Which start of the proxy this is.
    pub boot_id: String,
}

impl QueueState {
    /// The proxy's clock.
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.0
    }
}

/// A dialog that the proxy has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dialog {
    /// The call that it is, as the proxy was told when it asked; none when it carries no usable `ref`.
    pub reference: Option<Uuid>,
    /// SIP Call-ID.
    pub call_id: String,
    /// The caller's tag.
    pub from_tag: String,
    /// The callee's tag, once there is one.
    pub to_tag: Option<String>,
    /// When it was answered.
    pub answered_at: Option<DateTime<Utc>>,
    /// It has ended already and is about to go.
    pub over: bool,
    /// It is an emergency call.
    pub emergency: bool,
}

/// A phone that is registered at the proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// SIP user.
    pub user: String,
    /// SIP contact.
    pub contact: String,
    /// Where it came from, when that is not its contact.
    pub source: Option<String>,
    /// What it calls itself.
    pub user_agent: Option<String>,
    /// When it registered, or did so again, by the proxy's clock; in whole seconds.
    pub registered_at: Option<DateTime<Utc>>,
}

/// The answer of `dlg.list`.
///
/// # Errors
/// What is not as Kamailio answers.
pub(super) fn dialogs(body: &[u8]) -> Result<Vec<Dialog>, serde_json::Error> {
    let answer: Answer<Vec<RawDialog>> = serde_json::from_slice(body)?;
    Ok(answer.result.into_iter().map(Dialog::from).collect())
}

/// The answer of `ul.dump`.
///
/// # Errors
/// What is not as Kamailio answers.
pub(super) fn registrations(body: &[u8]) -> Result<Vec<Registration>, serde_json::Error> {
    let answer: Answer<RawDomains> = serde_json::from_slice(body)?;
    let records = answer.result.domains.into_iter().flat_map(|domain| domain.domain.records);
    Ok(records.filter_map(registration).collect())
}

/// The phone of a record, if one of its contacts is in force: one that was replaced or ran out stays until the proxy's timer comes by.
fn registration(record: Record) -> Option<Registration> {
    let in_force = |contact: &RawContact| contact.expires.as_i64().is_some_and(|seconds| seconds > 0);
    let contact = record.info.contacts.into_iter().map(|entry| entry.contact).find(in_force)?;
    Some(Registration {
        user: record.info.user,
        contact: contact.address,
        source: given(contact.received).map(|uri| uri.trim_start_matches("sip:").to_owned()),
        user_agent: given(contact.user_agent),
        registered_at: contact
            .modified
            .filter(|seconds| *seconds > 0)
            .and_then(|seconds| DateTime::from_timestamp(seconds, 0)),
    })
}

/// What Kamailio leaves out it writes so.
fn given(text: String) -> Option<String> {
    (!text.is_empty() && text != "[not set]").then_some(text)
}

#[derive(Deserialize)]
struct Answer<T> {
    result: T,
}

#[derive(Deserialize)]
struct RawDialog {
    #[serde(rename = "call-id")]
    call_id: String,
    /// 1 and 2 not answered, 3 answered, 4 acknowledged, 5 over.
    state: u8,
    caller: RawLeg,
    callee: RawLeg,
    #[serde(default)]
    variables: Vec<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
struct RawLeg {
    #[serde(default)]
    tag: String,
}

impl From<RawDialog> for Dialog {
    fn from(raw: RawDialog) -> Self {
        let variable = |name: &str| raw.variables.iter().find_map(|entry| entry.get(name));
        let answered = variable("answered").filter(|_| raw.state >= 3);
        let micros = answered.and_then(|text| text.parse().ok());
        Self {
            reference: variable("ref").and_then(|text| text.parse().ok()),
            over: raw.state >= 5 || variable("over").is_some(),
            emergency: variable("emergency").is_some(),
            answered_at: micros.and_then(DateTime::from_timestamp_micros),
            call_id: raw.call_id,
            from_tag: raw.caller.tag,
            to_tag: Some(raw.callee.tag).filter(|tag| !tag.is_empty()),
        }
    }
}

#[derive(Deserialize)]
struct RawDomains {
    #[serde(rename = "Domains")]
    domains: Vec<DomainEntry>,
}

#[derive(Deserialize)]
struct DomainEntry {
    #[serde(rename = "Domain")]
    domain: RawDomain,
}

#[derive(Deserialize)]
struct RawDomain {
    #[serde(rename = "AoRs")]
    records: Vec<Record>,
}

#[derive(Deserialize)]
struct Record {
    #[serde(rename = "Info")]
    info: RawRecord,
}

#[derive(Deserialize)]
struct RawRecord {
    #[serde(rename = "AoR")]
    user: String,
    #[serde(rename = "Contacts")]
    contacts: Vec<ContactEntry>,
}

#[derive(Deserialize)]
struct ContactEntry {
    #[serde(rename = "Contact")]
    contact: RawContact,
}

#[derive(Deserialize)]
struct RawContact {
    #[serde(rename = "Address")]
    address: String,
    /// Seconds, or a word: `expired`, `deleted`.
    #[serde(rename = "Expires")]
    expires: serde_json::Value,
    #[serde(rename = "User-Agent", default)]
    user_agent: String,
    #[serde(rename = "Received", default)]
    received: String,
    /// Seconds since 1970.
    #[serde(rename = "Last-Modified")]
    modified: Option<i64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As Kamailio 5.6.3 answered.
    const DIALOGS: &str = r#"{"jsonrpc":"2.0","result":[
        {"h_entry":270,"h_id":10876,"ref":2,"call-id":"1-22375@127.88.9.10","from_uri":"sip:u1@callshop","to_uri":"sip:551188880700@callshop",
         "state":3,"start_ts":1795410416,"init_ts":1795410415,"end_ts":0,"duration":2,"timeout":1795411016,"lifetime":601,"dflags":512,
         "sflags":0,"iflags":3,"caller":{"tag":"p22375x1","contact":"sip:u1@127.88.9.10:20301","cseq":"2","route_set":"","socket":"udp:127.88.9.1:5060"},
         "callee":{"tag":"g22170x2","contact":"sip:gateway@127.88.9.2:5060","cseq":"0","route_set":"","socket":"udp:127.88.9.1:5060"},
         "profiles":[],"variables":[{"by":"caller"},{"answered":"1795410416043247"},{"rang":"1"},{"covered":"600"},{"src":"127.88.9.10"},
         {"req":"bdcd7100-166c-445f-9060-b757d48ffe30"},{"ref":"b9c5ce57-7034-4b3d-b1cd-8c487ab9a29b"}]},
        {"h_entry":1,"h_id":2,"ref":2,"call-id":"stray","from_uri":"sip:u1@callshop","to_uri":"sip:5511@callshop","state":2,"start_ts":0,
         "init_ts":1795410415,"end_ts":0,"duration":0,"timeout":0,"lifetime":0,"dflags":0,"sflags":0,"iflags":0,"caller":{"tag":"a","contact":"",
         "cseq":"1","route_set":"","socket":""},"callee":{"tag":"","contact":"","cseq":"","route_set":"","socket":""},"profiles":[],"variables":[]},
        {"h_entry":1,"h_id":3,"ref":1,"call-id":"gone","state":5,"caller":{"tag":"b"},"callee":{"tag":"c"},"variables":[{"over":"1"}]},
        {"h_entry":1,"h_id":4,"ref":1,"call-id":"help","state":4,"caller":{"tag":"b"},"callee":{"tag":"c"},"variables":[{"emergency":"proxy"}]}],"id":1}"#;

    const PHONES: &str = r#"{"jsonrpc":"2.0","result":{"Domains":[{"Domain":{"Domain":"location","Size":1024,"AoRs":[
        {"Info":{"AoR":"u1","HashID":31657,"Contacts":[{"Contact":{"Address":"sip:u1@127.88.9.10:20001","Expires":297,"Q":0,
         "Call-ID":"1-22337@127.88.9.10","CSeq":2,"User-Agent":"callshop-test-phone","Received":"[not set]","Path":"[not set]","State":"CS_SYNC","Last-Keepalive":1795422320,"Last-Modified":1795422322}}]}},
        {"Info":{"AoR":"u2","HashID":2,"Contacts":[{"Contact":{"Address":"sip:u2@10.0.0.2","Expires":"expired","User-Agent":"[not set]","Received":"[not set]"}},
         {"Contact":{"Address":"sip:u2@10.0.0.3","Expires":12,"User-Agent":"[not set]","Received":"sip:198.51.100.7:1025"}}]}},
        {"Info":{"AoR":"u3","HashID":3,"Contacts":[{"Contact":{"Address":"sip:u3@10.0.0.4","Expires":-3,"User-Agent":"","Received":""}}]}}],
        "Stats":{"Records":1,"Max-Slots":1}}}]},"id":1}"#;

    #[test]
    fn dialogs_as_kamailio_lists_them() {
        let listed = dialogs(DIALOGS.as_bytes()).expect("a listing");
        let answered = DateTime::from_timestamp_micros(1_795_410_416_043_247);
        assert_eq!(
            listed[0],
            Dialog {
                reference: "b9c5ce57-7034-4b3d-b1cd-8c487ab9a29b".parse().ok(),
                call_id: "1-22375@127.88.9.10".to_owned(),
                from_tag: "p22375x1".to_owned(),
                to_tag: Some("g22170x2".to_owned()),
                answered_at: answered,
                over: false,
                emergency: false,
            }
        );
        assert_eq!((listed[1].reference, &listed[1].to_tag, listed[1].over), (None, &None, false));
        assert!(listed[2].over && !listed[2].emergency);
        assert!(listed[3].emergency);
        assert_eq!(dialogs(br#"{"jsonrpc":"2.0","result":[],"id":1}"#).expect("an empty listing"), []);
    }

    #[test]
    fn phones_as_kamailio_lists_them() {
        let listed = registrations(PHONES.as_bytes()).expect("a listing");
        let users: Vec<&str> = listed.iter().map(|phone| phone.user.as_str()).collect();
        assert_eq!(users, ["u1", "u2"], "what ran out is not registered");
        assert_eq!(listed[0].user_agent.as_deref(), Some("callshop-test-phone"));
        assert_eq!(listed[0].registered_at, DateTime::from_timestamp(1_795_422_322, 0));
        assert_eq!((listed[1].contact.as_str(), listed[1].registered_at), ("sip:u2@10.0.0.3", None));
        assert_eq!((listed[1].source.as_deref(), &listed[1].user_agent), (Some("198.51.100.7:1025"), &None));
    }

    #[test]
    fn what_is_no_listing_is_never_an_empty_one() {
        let wrong: [&[u8]; 5] = [
            b"",
            b"{}",
            br#"{"jsonrpc":"2.0","error":{"code":500,"message":"No memory"},"id":1}"#,
            br#"{"jsonrpc":"2.0","result":null,"id":1}"#,
            br#"{"jsonrpc":"2.0","result":[{"call-id":"#,
        ];
        for body in wrong {
            assert!(dialogs(body).is_err() && registrations(body).is_err(), "{body:?}");
        }
    }
}
