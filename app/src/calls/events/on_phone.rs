//! Updates a phone when the phone registers, or when its registration ends.

use billing::call::Doubt;
use entity::ActivityKind;

use super::stored::reason;
use super::{Batch, EventBody, EventResult, ProxyEvent};
use crate::audit;
use crate::calls::registrations;
use base::error::Result;
use store::Tx;

impl Batch {
    /// Applies the event to the phone with the SIP user `user`.
    pub(super) fn apply_phone(&mut self, tx: &Tx, user: &str, event: &ProxyEvent) -> Result<EventResult> {
        let EventBody::Phone { online, contact, source, user_agent, .. } = &event.body else {
            return Ok(EventResult::Ignored);
        };
        // the proxy's clock is far ahead; if the event's time were stored, later events would look older once the clock is corrected
        let ahead = event.at > self.now + self.skew;
        let at = if ahead { self.now } else { event.at };
        if ahead {
            self.doubt(event, reason(Doubt::Time));
        }
        let Some(phone) = self.phones.get_mut(user) else { return Ok(EventResult::Ignored) };
        if phone.online_changed_at.is_some_and(|changed| changed > at) {
            return Ok(EventResult::Ignored);
        }
        // the expiry of a replaced registration does not take the phone offline
        let replaced = |ended: &String, kept: &String| contact_uri(ended) != contact_uri(kept);
        if !online
            && contact.as_ref().zip(phone.contact.as_ref()).is_some_and(|(ended, kept)| replaced(ended, kept))
        {
            return Ok(EventResult::Ignored);
        }
        // a phone that has moved to another proxy stays online when its registration at the old proxy ends
        if !online && phone.online && phone.proxy.as_ref().is_some_and(|proxy| *proxy != event.proxy) {
            return Ok(EventResult::Ignored);
        }
        let turned = phone.online != *online;
        let moved = *online && (&phone.contact, &phone.user_agent) != (contact, user_agent);
        phone.online = *online;
        phone.online_changed_at = Some(at);
        phone.contact = contact.clone().filter(|_| *online);
        phone.source = source.clone().filter(|_| *online);
        phone.user_agent = user_agent.clone().filter(|_| *online);
        if *online {
            phone.proxy = Some(event.proxy.clone());
        }
        self.changed_phones.insert(user.to_owned());
        if turned {
            tx.emit(registrations::turned(phone, self.cabins.get(&phone.id).copied(), at));
        } else if moved {
            audit::announce(tx, phone.callshop_id, ActivityKind::PhoneChanged, at);
        }
        Ok(EventResult::Applied)
    }
}

/// The URI of a SIP contact, without display name and parameters (RFC 3261, 20.10).
fn contact_uri(contact: &str) -> &str {
    let inner = contact.split_once('<').map_or(contact, |(_, rest)| rest);
    inner.split(['>', ';']).next().unwrap_or(inner).trim()
}
