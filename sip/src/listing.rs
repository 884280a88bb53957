//! Listings of a proxy (docs/hook.md, "Listings"): its event queue, its dialogs, and its registered phones.
//!
//! A response that is not a listing is an error. If the server treated such a response as an empty listing, it would end every call. Inside a
//! listing, each field is read separately: Kamailio writes null where it has no value yet, and one bad entry must not hide the other entries. The
//! server draws no conclusion from a missing field. An entry that cannot be identified ([`Dialogs::nameless`], [`Registrations::nameless`]) may
//! belong to any call or phone.

use std::borrow::Cow;
use std::collections::BTreeMap;

use chrono::DateTime;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Deserializer};
use uuid::Uuid;

use app::sip_proxies::{Dialog, Dialogs, QueueState, Registration, Registrations};

use super::event::ProxyTime;

/// The response to `POST queue`.
#[derive(Debug, Deserialize)]
struct RawQueue {
    waiting: u64,
    now: ProxyTime,
    boot_id: String,
}

/// A response as text. Kamailio copies the headers of phones as they are: a user agent or a contact may be in Latin-1. Bytes that are not UTF-8 become
/// U+FFFD, so that they do not void the whole listing. A tag with such bytes counts as missing, because it matches no dialog.
fn text(body: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(body)
}

/// Parses the response to `POST queue`.
///
/// # Errors
/// Fails if a member is missing or malformed.
pub(super) fn queue(body: &[u8]) -> Result<QueueState, serde_json::Error> {
    let RawQueue { waiting, now, boot_id } = serde_json::from_str(&text(body))?;
    Ok(QueueState { waiting, now: now.0, boot_id })
}

/// Parses the response to `dlg.list`.
///
/// # Errors
/// Fails if the response is not a list.
pub(super) fn dialogs(body: &[u8]) -> Result<Dialogs, serde_json::Error> {
    let answer: Answer<Vec<Lenient<RawDialog>>> = serde_json::from_str(&text(body))?;
    let all = answer.result.len();
    let list: Vec<Dialog> = answer.result.into_iter().filter_map(|entry| dialog(entry.0?)).collect();
    Ok(Dialogs { nameless: all - list.len(), list })
}

/// Parses the response to `ul.dump`.
///
/// # Errors
/// Fails if the response is not a list of domains.
pub(super) fn registrations(body: &[u8]) -> Result<Registrations, serde_json::Error> {
    let answer: Answer<RawDomains> = serde_json::from_str(&text(body))?;
    let mut found = Registrations::default();
    for domain in answer.result.domains {
        let records = domain.0.and_then(|entry| entry.domain.0).and_then(|domain| domain.records.0);
        let Some(records) = records else {
            found.nameless += 1;
            continue;
        };
        for record in records {
            match record
                .0
                .and_then(|record| record.info.0)
                .and_then(|info| Some((info.user.0?, info.contacts.0)))
            {
                Some((user, contacts)) => add(&mut found, user, contacts),
                None => found.nameless += 1,
            }
        }
    }
    Ok(found)
}

/// Adds a phone if one of its contacts is in force. A replaced or expired contact remains listed until the proxy's timer removes it.
fn add(found: &mut Registrations, user: String, contacts: Option<Vec<Lenient<ContactEntry>>>) {
    let Some(contacts) = contacts else { return found.unclear.push(user) };
    let mut unclear = false;
    for contact in contacts.into_iter().map(|entry| entry.0.and_then(|entry| entry.contact.0)) {
        let in_force = contact.as_ref().and_then(|contact| contact.expires.0.as_ref()?.in_force());
        match contact.and_then(|contact| Some((contact.address.0.clone()?, contact))) {
            Some((address, contact)) if in_force == Some(true) => {
                return found.list.push(registration(user, address, contact));
            }
            _ => unclear |= in_force != Some(false),
        }
    }
    if unclear {
        found.unclear.push(user);
    }
}

fn registration(user: String, contact: String, raw: RawContact) -> Registration {
    let modified = raw.modified.0.filter(|seconds| *seconds > 0);
    Registration {
        user,
        contact,
        source: given(raw.received.0).map(|uri| uri.trim_start_matches("sip:").to_owned()),
        user_agent: given(raw.user_agent.0),
        registered_at: modified.and_then(|seconds| DateTime::from_timestamp(seconds, 0)),
    }
}

/// The given text; `None` if it is Kamailio's placeholder for a missing value.
fn given(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty() && text != "[not set]")
}

/// Converts an entry of the listing to a dialog; `None` if the entry does not identify its call.
fn dialog(raw: RawDialog) -> Option<Dialog> {
    let variables = raw.variables.0;
    let variable = |name: &str| {
        let pairs = variables.iter().flatten().filter_map(|entry| entry.0.as_ref());
        pairs.into_iter().find_map(|entry| entry.get(name))
    };
    let noted = variable("ref");
    let reference: Option<Uuid> = noted.and_then(|text| text.0.as_ref()?.parse().ok());
    let state = raw.state.0;
    let answered = variable("answered").filter(|_| state >= Some(3)).and_then(|text| text.0.as_ref());
    let is_known = |tag: &String| !tag.contains('\u{fffd}');
    let tag = |leg: Lenient<RawLeg>| given(leg.0.and_then(|leg| leg.tag.0)).filter(is_known);
    let (call_id, from_tag) = (given(raw.call_id.0), tag(raw.caller));
    if reference.is_none() && call_id.is_none() {
        return None;
    }
    // if the text is readable but is not an id of this server, the dialog belongs to no call; an unreadable text may still be an id of this server
    let all_read = |pairs: &Vec<Lenient<BTreeMap<_, _>>>| pairs.iter().all(|entry| entry.0.is_some());
    let readable = reference.is_some()
        || (variables.as_ref().is_some_and(all_read) && noted.is_none_or(|text| text.0.is_some()));
    Some(Dialog {
        reference,
        over: state >= Some(5) || variable("over").is_some(),
        emergency: variable("emergency").is_some(),
        answered_at: answered.and_then(|text| DateTime::from_timestamp_micros(text.parse().ok()?)),
        whole: readable && state.is_some() && call_id.is_some() && from_tag.is_some(),
        call_id: call_id.unwrap_or_default(),
        from_tag: from_tag.unwrap_or_default(),
        to_tag: tag(raw.callee),
    })
}

/// The value; `None` if it is missing or has another type.
struct Lenient<T>(Option<T>);

impl<T> Default for Lenient<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Lenient<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, bound = "T: DeserializeOwned")]
        enum Either<T> {
            Meant(T),
            Other(IgnoredAny),
        }
        Ok(match Either::deserialize(deserializer)? {
            Either::Meant(value) => Self(Some(value)),
            Either::Other(IgnoredAny) => Self(None),
        })
    }
}

#[derive(Deserialize)]
struct Answer<T> {
    result: T,
}

/// A dialog's variables by name. Kamailio lists one variable per entry.
type Variables = BTreeMap<String, Lenient<String>>;

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawDialog {
    #[serde(rename = "call-id")]
    call_id: Lenient<String>,
    /// The states are 1 and 2 (not answered), 3 (answered), 4 (acknowledged) and 5 (ended).
    state: Lenient<u8>,
    caller: Lenient<RawLeg>,
    callee: Lenient<RawLeg>,
    variables: Lenient<Vec<Lenient<Variables>>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawLeg {
    tag: Lenient<String>,
}

#[derive(Deserialize)]
struct RawDomains {
    #[serde(rename = "Domains")]
    domains: Vec<Lenient<DomainEntry>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct DomainEntry {
    #[serde(rename = "Domain")]
    domain: Lenient<RawDomain>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawDomain {
    #[serde(rename = "AoRs")]
    records: Lenient<Vec<Lenient<Record>>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Record {
    #[serde(rename = "Info")]
    info: Lenient<RawRecord>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawRecord {
    #[serde(rename = "AoR")]
    user: Lenient<String>,
    #[serde(rename = "Contacts")]
    contacts: Lenient<Vec<Lenient<ContactEntry>>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ContactEntry {
    #[serde(rename = "Contact")]
    contact: Lenient<RawContact>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawContact {
    #[serde(rename = "Address")]
    address: Lenient<String>,
    #[serde(rename = "Expires")]
    expires: Lenient<Expires>,
    #[serde(rename = "User-Agent")]
    user_agent: Lenient<String>,
    #[serde(rename = "Received")]
    received: Lenient<String>,
    /// Time of the registration, in seconds since 1970.
    #[serde(rename = "Last-Modified")]
    modified: Lenient<i64>,
}

/// The remaining lifetime of a contact: a number of seconds, or a word.
#[derive(Deserialize)]
#[serde(untagged)]
enum Expires {
    Seconds(i64),
    Word(String),
}

impl Expires {
    /// Whether the contact is in force; `None` for a word that Kamailio does not use.
    fn in_force(&self) -> Option<bool> {
        match self {
            Self::Seconds(seconds) => Some(*seconds > 0),
            Self::Word(word) => match word.as_str() {
                "permanent" => Some(true),
                "expired" | "deleted" => Some(false),
                _ => None,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The response to `dlg.list` from Kamailio 5.6.3 with `kamailio/kamailio.cfg`. The response lists a call to which the gateway has not responded
    /// at all, a ringing call, an answered call that is not acknowledged, a call in progress, a canceled call, an ended call, and a call that was
    /// still in progress after the proxy was killed and restarted.
    const DIALOGS: &str = r#"{"jsonrpc":"2.0","result":[
        {"h_entry":1121,"h_id":7865,"ref":1,"call-id":"1-25063@127.203.77.10","from_uri":"sip:u3@callshop","to_uri":"sip:5511988880600@callshop",
         "state":1,"start_ts":0,"init_ts":1795885478,"end_ts":0,"duration":0,"timeout":0,"lifetime":601,"dflags":640,"sflags":0,"iflags":3,
         "caller":{"tag":"p25063x1","contact":"sip:u3@127.203.77.10:20030","cseq":"2","route_set":"","socket":"udp:127.203.77.1:5060"},
         "callee":{"tag":null,"contact":null,"cseq":null,"route_set":null,"socket":null},"profiles":[],"variables":[{"covered":"600"},
         {"src":"127.203.77.10"},{"req":"b60c0dd8-5e2d-4056-a8e0-f332f5bfd57b"},{"ref":"180e75ea-55c7-4d65-b727-33ef38de1004"}]},
        {"h_entry":1403,"h_id":684,"ref":1,"call-id":"1-25082@127.203.77.10","from_uri":"sip:u4@callshop","to_uri":"sip:5511988880700@callshop",
         "state":2,"start_ts":0,"init_ts":1795885479,"end_ts":0,"duration":0,"timeout":0,"lifetime":601,"dflags":512,"sflags":0,"iflags":3,
         "caller":{"tag":"p25082x1","contact":"sip:u4@127.203.77.10:20040","cseq":"2","route_set":"","socket":"udp:127.203.77.1:5060"},
         "callee":{"tag":null,"contact":null,"cseq":null,"route_set":null,"socket":null},"profiles":[],"variables":[{"rang":"1"},{"covered":"600"},
         {"src":"127.203.77.10"},{"req":"b6e5998a-14e0-4851-a570-b3b58a21a69a"},{"ref":"f652609c-1c7a-4fd0-bc0c-cbd82db1bd67"}]},
        {"h_entry":507,"h_id":899,"ref":2,"call-id":"1-25086@127.203.77.10","from_uri":"sip:u5@callshop","to_uri":"sip:5511988880111@callshop",
         "state":3,"start_ts":1795885479,"init_ts":1795885479,"end_ts":0,"duration":2,"timeout":1795886080,"lifetime":601,"dflags":512,"sflags":0,
         "iflags":3,"caller":{"tag":"p25086x1","contact":"sip:u5@127.203.77.10:20050","cseq":"2","route_set":"","socket":"udp:127.203.77.1:5060"},
         "callee":{"tag":"g25036x3","contact":"sip:gateway@127.203.77.2:5060","cseq":"0","route_set":"","socket":"udp:127.203.77.1:5060"},
         "profiles":[],"variables":[{"answered":"1795885479943825"},{"rang":"1"},{"covered":"600"},{"src":"127.203.77.10"},
         {"req":"f9f2511f-15c7-4b6a-a2ae-4f2ab3fbacd4"},{"ref":"5708f9a5-9d3b-4164-aea4-9140008626bc"}]},
        {"h_entry":1934,"h_id":7139,"ref":2,"call-id":"1-25090@127.203.77.10","from_uri":"sip:u6@callshop","to_uri":"sip:5511988880111@callshop",
         "state":4,"start_ts":1795885480,"init_ts":1795885480,"end_ts":0,"duration":1,"timeout":1795886081,"lifetime":601,"dflags":512,"sflags":0,
         "iflags":3,"caller":{"tag":"p25090x1","contact":"sip:u6@127.203.77.10:20060","cseq":"2","route_set":"","socket":"udp:127.203.77.1:5060"},
         "callee":{"tag":"g25036x4","contact":"sip:gateway@127.203.77.2:5060","cseq":"0","route_set":"","socket":"udp:127.203.77.1:5060"},
         "profiles":[],"variables":[{"acked":"1"},{"answered":"1795885480975144"},{"rang":"1"},{"covered":"600"},{"src":"127.203.77.10"},
         {"req":"f3f543b5-5ff7-4127-8ba6-1763b312c258"},{"ref":"c8b2c53e-4deb-46f3-8b1e-cd86ba8a2699"}]},
        {"h_entry":1403,"h_id":684,"ref":1,"call-id":"1-25082@127.203.77.10","from_uri":"sip:u4@callshop","to_uri":"sip:5511988880700@callshop",
         "state":5,"start_ts":0,"init_ts":1795885479,"end_ts":1795885482,"duration":1795885482,"timeout":0,"lifetime":601,"dflags":640,"sflags":0,
         "iflags":3,"caller":{"tag":"p25082x1","contact":"sip:u4@127.203.77.10:20040","cseq":"2","route_set":"","socket":"udp:127.203.77.1:5060"},
         "callee":{"tag":null,"contact":null,"cseq":null,"route_set":null,"socket":null},"profiles":[],"variables":[]},
        {"h_entry":1934,"h_id":7139,"ref":1,"call-id":"1-25090@127.203.77.10","from_uri":"sip:u6@callshop","to_uri":"sip:5511988880111@callshop",
         "state":5,"start_ts":1795885480,"init_ts":1795885480,"end_ts":1795885482,"duration":2,"timeout":0,"lifetime":601,"dflags":644,"sflags":0,
         "iflags":3,"caller":{"tag":"p25090x1","contact":"sip:u6@127.203.77.10:20060","cseq":"2","route_set":"","socket":"udp:127.203.77.1:5060"},
         "callee":{"tag":"g25036x4","contact":"sip:gateway@127.203.77.2:5060","cseq":"0","route_set":"","socket":"udp:127.203.77.1:5060"},
         "profiles":[],"variables":[]},
        {"h_entry":2195,"h_id":5080,"ref":2,"call-id":"1-26152@127.203.79.10","from_uri":"sip:u6@callshop","to_uri":"sip:5511988880111@callshop",
         "state":4,"start_ts":1795885553,"init_ts":1795885556,"end_ts":0,"duration":5,"timeout":1795886154,"lifetime":601,"dflags":0,"sflags":0,
         "iflags":3,"caller":{"tag":"p26152x1","contact":"sip:u6@127.203.79.10:20060","cseq":"2","route_set":"","socket":"udp:127.203.79.1:5060"},
         "callee":{"tag":"g26122x3","contact":"sip:gateway@127.203.79.2:5060","cseq":"0","route_set":"","socket":"udp:127.203.79.1:5060"},
         "profiles":[],"variables":[{"ref":"db0890de-691b-4f19-8bcb-ef6e3d39e7b1"},{"req":"41b2fada-9a5c-4200-b11e-27a621ff53cc"},
         {"src":"127.203.79.10"},{"covered":"600"},{"rang":"1"},{"answered":"1795885553511385"},{"acked":"1"}]}],"id":1}"#;

    /// The response to `ul.dump` from Kamailio 5.6.3, with one registered phone and one unregistered phone.
    const PHONES: &str = r#"{"jsonrpc":"2.0","result":{"Domains":[{"Domain":{"Domain":"location","Size":1024,"AoRs":[{"Info":{"AoR":"u1","HashID":31657,
         "Contacts":[{"Contact":{"Address":"sip:u1@127.203.77.10:20010","Expires":299,"Q":0,"Call-ID":"1-25055@127.203.77.10","CSeq":2,
         "User-Agent":"callshop-test-phone","Received":"[not set]","Path":"[not set]","State":"CS_SYNC","Flags":0,"CFlags":0,
         "Socket":"udp:127.203.77.1:5060","Methods":4294967295,"Ruid":"uloc-6b0b09a3-61d3-1","Instance":"[not set]","Reg-Id":0,"Server-Id":0,
         "Tcpconn-Id":-1,"Keepalive":0,"Last-Keepalive":1795885477,"KA-Roundtrip":0,"Last-Modified":1795885477}}]}}],"Stats":{"Records":1,
         "Max-Slots":1}}}]},"id":1}"#;

    /// A hand-edited response to `ul.dump`, with contacts that were replaced or have expired.
    const OUT_OF_FORCE: &str = r#"{"jsonrpc":"2.0","result":{"Domains":[{"Domain":{"Domain":"location","Size":1024,"AoRs":[
        {"Info":{"AoR":"u1","HashID":31657,"Contacts":[{"Contact":{"Address":"sip:u1@127.88.9.10:20001","Expires":297,"Q":0,
         "Call-ID":"1-22337@127.88.9.10","CSeq":2,"User-Agent":"callshop-test-phone","Received":"[not set]","Path":"[not set]","State":"CS_SYNC","Last-Keepalive":1795422320,"Last-Modified":1795422322}}]}},
        {"Info":{"AoR":"u2","HashID":2,"Contacts":[{"Contact":{"Address":"sip:u2@10.0.0.2","Expires":"expired","User-Agent":"[not set]","Received":"[not set]"}},
         {"Contact":{"Address":"sip:u2@10.0.0.3","Expires":12,"User-Agent":"[not set]","Received":"sip:198.51.100.7:1025"}}]}},
        {"Info":{"AoR":"u4","HashID":4,"Contacts":[{"Contact":{"Address":"sip:u4@10.0.0.5","Expires":"deleted","User-Agent":"","Received":""}}]}},
        {"Info":{"AoR":"u3","HashID":3,"Contacts":[{"Contact":{"Address":"sip:u3@10.0.0.4","Expires":-3,"User-Agent":"","Received":""}}]}}],
        "Stats":{"Records":1,"Max-Slots":1}}}]},"id":1}"#;

    fn dialog_at(listed: &Dialogs, place: usize) -> (Option<&str>, Option<i64>, bool) {
        let dialog = &listed.list[place];
        let answered = dialog.answered_at.map(|at| at.timestamp_micros());
        (dialog.to_tag.as_deref(), answered, dialog.over)
    }

    #[test]
    fn an_emergency_call_says_so_in_a_variable() {
        let entry = |variables: &str| {
            let body = format!(
                r#"{{"result":[{{"call-id":"help","state":4,"caller":{{"tag":"b"}},"callee":{{"tag":"c"}},"variables":[{variables}]}}]}}"#
            );
            dialogs(body.as_bytes()).expect("a listing").list.remove(0)
        };
        assert!(entry(r#"{"emergency":"proxy"}"#).emergency);
        assert!(entry(r#"{"emergency":null}"#).emergency, "if in doubt, it is an emergency call");
        assert!(!entry(r#"{"answered":"1795885479943825"}"#).emergency);
    }

    #[test]
    fn dialogs_as_kamailio_lists_them_in_every_state() {
        let listed = dialogs(DIALOGS.as_bytes()).expect("a listing");
        assert_eq!((listed.list.len(), listed.nameless, listed.unreadable()), (7, 0, 0));
        assert_eq!(
            listed.list[3],
            Dialog {
                reference: "c8b2c53e-4deb-46f3-8b1e-cd86ba8a2699".parse().ok(),
                call_id: "1-25090@127.203.77.10".to_owned(),
                from_tag: "p25090x1".to_owned(),
                to_tag: Some("g25036x4".to_owned()),
                answered_at: DateTime::from_timestamp_micros(1_795_885_480_975_144),
                over: false,
                emergency: false,
                whole: true,
            }
        );
        // Kamailio knows the callee's tag only after the call is answered, and it forgets the dialog's variables when the call ends
        let states = [
            (None, None, false),
            (None, None, false),
            (Some("g25036x3"), Some(1_795_885_479_943_825), false),
            (Some("g25036x4"), Some(1_795_885_480_975_144), false),
            (None, None, true),
            (Some("g25036x4"), None, true),
            (Some("g26122x3"), Some(1_795_885_553_511_385), false),
        ];
        for (place, state) in states.into_iter().enumerate() {
            assert_eq!(dialog_at(&listed, place), state, "{place}");
        }
        let named: Vec<bool> = listed.list.iter().map(|dialog| dialog.reference.is_some()).collect();
        assert_eq!(named, [true, true, true, true, false, false, true]);
        assert!(listed.list.iter().all(|dialog| !dialog.call_id.is_empty() && !dialog.from_tag.is_empty()));
        assert_eq!(
            dialogs(br#"{"jsonrpc":"2.0","result":[],"id":1}"#).expect("an empty listing"),
            Dialogs::default()
        );
    }

    #[test]
    fn phones_as_kamailio_lists_them() {
        let listed = registrations(PHONES.as_bytes()).expect("a listing");
        let [phone] = &listed.list[..] else { panic!("{listed:?}") };
        assert_eq!((phone.user.as_str(), listed.unreadable()), ("u1", 0));
        assert_eq!(
            (phone.source.as_deref(), phone.user_agent.as_deref()),
            (None, Some("callshop-test-phone"))
        );
        assert_eq!(phone.registered_at, DateTime::from_timestamp(1_795_885_477, 0));

        let listed = registrations(OUT_OF_FORCE.as_bytes()).expect("a listing");
        let users: Vec<&str> = listed.list.iter().map(|phone| phone.user.as_str()).collect();
        assert_eq!(
            (users, listed.unreadable()),
            (vec!["u1", "u2"], 0),
            "an expired contact is not registered"
        );
        assert_eq!(
            (listed.list[1].contact.as_str(), listed.list[1].registered_at),
            ("sip:u2@10.0.0.3", None)
        );
        assert_eq!(
            (listed.list[1].source.as_deref(), &listed.list[1].user_agent),
            (Some("198.51.100.7:1025"), &None)
        );
        assert!(listed.lacks("u3") && listed.lacks("u4"));
    }

    /// Copies of `value`. In each copy, one field is missing or has a value of another type.
    fn spoilt(value: &serde_json::Value) -> Vec<serde_json::Value> {
        use serde_json::{Value, json};
        let mut all =
            vec![Value::Null, json!(-7.5), json!("odd"), json!([]), json!({}), json!([null]), json!([[3]])];
        match value {
            Value::Object(fields) => {
                for name in fields.keys() {
                    let mut without = fields.clone();
                    let was = without.remove(name).unwrap_or_default();
                    all.push(without.clone().into());
                    for odd in spoilt(&was) {
                        without.insert(name.clone(), odd);
                        all.push(without.clone().into());
                    }
                }
            }
            Value::Array(items) => {
                for (place, was) in items.iter().enumerate() {
                    for odd in spoilt(was) {
                        let mut items = items.clone();
                        items[place] = odd;
                        all.push(items.into());
                    }
                }
            }
            _ => {}
        }
        all
    }

    #[test]
    fn whatever_is_odd_in_a_dialog_its_neighbors_are_read_and_its_call_is_up() {
        let listing: serde_json::Value = serde_json::from_str(DIALOGS).expect("JSON");
        let up = &listing["result"][3];
        let (call_id, reference) =
            (up["call-id"].as_str().expect("a Call-ID"), "c8b2c53e-4deb-46f3-8b1e-cd86ba8a2699".parse().ok());
        let (mut nameless, mut odd) = (0, 0);
        let all = spoilt(up);
        for entry in &all {
            let body = serde_json::json!({ "result": [listing["result"][0], entry, listing["result"][6]] })
                .to_string();
            let listed = dialogs(body.as_bytes()).unwrap_or_else(|error| panic!("{entry}: {error}"));
            assert_eq!(listed.list.len() + listed.nameless, 3, "{entry}");
            let named = |dialog: &&Dialog| dialog.call_id == call_id || dialog.reference == reference;
            match listed.list.iter().find(named) {
                Some(dialog) => odd += usize::from(!dialog.whole),
                None => nameless += 1,
            }
            let whole = listed.list.iter().filter(|dialog| dialog.whole);
            assert!(
                whole.into_iter().all(|dialog| !dialog.from_tag.is_empty() && !dialog.call_id.is_empty()),
                "{entry}"
            );
            // the server must hang up a dialog that belongs to no call, but it must not hang up a dialog whose entry does not identify the
            // dialog's call
            let stranger =
                listed.list.iter().find(|dialog| dialog.whole && !dialog.over && dialog.reference.is_none());
            let says_so = entry["variables"].as_array().is_some_and(|pairs| {
                pairs.iter().all(serde_json::Value::is_object)
                    && pairs.iter().all(|pair| pair.get("ref").is_none_or(|text| text.is_string()))
            });
            assert!(stranger.is_none() || says_so, "{entry}");
        }
        assert!(nameless > 0 && nameless < 20 && odd > 20, "{nameless} and {odd} of {}", all.len());
    }

    #[test]
    fn whatever_is_odd_in_a_phone_its_neighbors_are_read_and_it_is_not_taken_for_gone() {
        let listing: serde_json::Value = serde_json::from_str(OUT_OF_FORCE).expect("JSON");
        let records = &listing["result"]["Domains"][0]["Domain"]["AoRs"];
        let mut unclear = 0;
        for entry in spoilt(&records[0]) {
            let body = serde_json::json!({ "result": { "Domains": [{ "Domain": { "AoRs": [entry, records[1]] } }] } }).to_string();
            let listed = registrations(body.as_bytes()).unwrap_or_else(|error| panic!("{entry}: {error}"));
            assert!(listed.list.iter().any(|phone| phone.user == "u2"), "{entry}");
            let registered = listed.list.iter().any(|phone| phone.user == "u1");
            unclear += usize::from(!registered && !listed.lacks("u1"));
            // a phone counts as unregistered only if its entry has no contacts, or if the entry names another user
            let info = &entry["Info"];
            let says_so = info["AoR"].as_str().is_some_and(|user| user != "u1")
                || info["Contacts"] == serde_json::json!([]);
            assert!(registered || !listed.lacks("u1") || says_so, "{entry}");
        }
        assert!(unclear > 20, "{unclear}");
        for domain in ["null", "7", "{}", r#"{"Domain":null}"#, r#"{"Domain":{"AoRs":null}}"#] {
            let body = format!(r#"{{"result":{{"Domains":[{domain}]}}}}"#);
            assert!(!registrations(body.as_bytes()).expect("a listing").lacks("u1"), "{domain}");
        }
    }

    #[test]
    fn bytes_that_are_not_utf8_void_no_listing() {
        let dialog = DIALOGS.replace("\"state\"", "\"contact\":\"sip:caf\u{1}\",\"state\"");
        let phone = OUT_OF_FORCE.replace("\"AoR\"", "\"User-Agent\":\"T\u{1}l\",\"AoR\"");
        let latin = |text: String| -> Vec<u8> {
            text.bytes().map(|byte| if byte == 1 { 0xe9 } else { byte }).collect()
        };
        let (dialog, phone) = (latin(dialog), latin(phone));
        assert!(dialog.contains(&0xe9) && phone.contains(&0xe9));
        let all = dialogs(DIALOGS.as_bytes()).expect("a listing");
        assert_eq!(dialogs(&dialog).expect("a listing").list.len(), all.list.len());
        let all = registrations(OUT_OF_FORCE.as_bytes()).expect("a listing");
        assert_eq!(registrations(&phone).expect("a listing").list.len(), all.list.len());
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
