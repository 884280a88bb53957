//! Applies a call event: the state machine decides the call's next state, and this module updates the call's row, its money and its activity.

use billing::call::{self as machine, CallEvent, CallEventKind, Emitted, Transition, Unacknowledged, Window};
use chrono::{DateTime, Utc};
use entity::{ActivityKind, CallState, call};
use uuid::Uuid;

use super::stored::{LATE_END, STRANGE_END, reason};
use super::{Batch, EventResult, ProxyEvent};
use crate::App;
use crate::calls::authorize::Refusal;
use crate::calls::charge;
use crate::calls::extend;
use crate::calls::money::Money;
use crate::feed::snapshot::activity;
use base::error::{Error, OrFault as _, Result};
use store::Tx;

impl Batch {
    /// Applies the event `kind` to the call `id`.
    pub(super) fn apply_call(
        &mut self,
        app: &App,
        tx: &Tx,
        event: &ProxyEvent,
        (id, to_tag, kind): (Uuid, Option<&str>, &CallEventKind),
        money: &mut Money,
    ) -> Result<EventResult> {
        let Some(row) = self.calls.remove(&id) else {
            if matches!(kind, CallEventKind::Ended { .. }) {
                self.doubt(event, STRANGE_END);
            }
            return Ok(EventResult::Ignored);
        };
        let before = to_machine(&row)?;
        let after = self.step(app, event, &before, kind);
        let mut row = from_machine(row, &after.call)?;
        let mut changed = after.call != before;
        if let Some(to_tag) = to_tag.filter(|to_tag| row.to_tag.as_deref() != Some(*to_tag)) {
            row.to_tag = Some(to_tag.to_owned());
            changed = true;
        }
        let over = before.state.is_live() && !after.call.state.is_live();
        self.note(app, &mut row, &before, &after.call)?;
        self.charge(&mut row, &before, (&after.emitted, over), money)?;
        for emitted in &after.emitted {
            let (kind, at) = shown(emitted);
            tx.emit(activity(kind, at, &row, self.prices.retail(&row))?);
        }
        if let Some(session) = row.session_id.filter(|_| over) {
            self.over_in.push(session);
        }
        self.calls.insert(id, row);
        if changed {
            self.changed_calls.insert(id);
        }
        Ok(if after.emitted.is_empty() && !changed { EventResult::Ignored } else { EventResult::Applied })
    }

    /// Asks the state machine for the call's next state. Stores a doubtful event for review.
    fn step(
        &mut self,
        app: &App,
        event: &ProxyEvent,
        before: &machine::Call,
        kind: &CallEventKind,
    ) -> Transition {
        let unacknowledged = match app.config.calls.charge_unacknowledged {
            true => Unacknowledged::Charged,
            false => Unacknowledged::Free,
        };
        let told = CallEvent { at: event.at, kind: kind.clone() };
        let window = Window { received: self.now, skew: self.skew };
        let (after, doubt) = machine::apply_within(before, &told, window, unacknowledged);
        match doubt {
            _ if matches!(kind, CallEventKind::Ended { .. }) && after.emitted.is_empty() => {
                self.doubt(event, LATE_END);
            }
            Some(doubt) => self.doubt(event, reason(doubt)),
            None => {}
        }
        after
    }

    /// Sets those columns of the row that follow from the call's new state.
    fn note(
        &self,
        app: &App,
        row: &mut call::Model,
        before: &machine::Call,
        after: &machine::Call,
    ) -> Result<()> {
        if row.state == CallState::Refused && after.sip_code != before.sip_code {
            // the server's decision came too late and did not reach the phone
            row.refusal = Some(Refusal::Abandoned.code().to_owned());
        }
        if row.answered_at != before.answered_at {
            self.note_answer(row)?;
        }
        if after.state == machine::CallState::Answered && before.state != after.state {
            row.extend_at = extend::first_look(app, row).filter(|_| row.hang_up_by.is_none());
        }
        if before.state.is_live() && !after.state.is_live() {
            row.extend_at = None;
        }
        Ok(())
    }

    /// Charges a call that has just ended, corrects a call that had already ended, or releases the holds of a call that ended without an answer.
    fn charge(
        &mut self,
        row: &mut call::Model,
        before: &machine::Call,
        (emitted, over): (&[Emitted], bool),
        money: &mut Money,
    ) -> Result<()> {
        let ended = emitted.iter().any(|emitted| matches!(emitted, Emitted::Ended { .. }));
        match (ended, over) {
            (true, true) => {
                let levels = self.prices.of(row)?;
                charge::end(row, levels, money, self.now)?;
            }
            (true, false) => {
                let (levels, corrections) = (self.prices.of(row)?, &self.corrections);
                charge::correct(row, levels, before, corrections, money, &mut self.charged, self.now)?;
                self.note_answer(row)?;
            }
            (false, true) => charge::release(row, money)?,
            (false, false) => {}
        }
        if ended {
            self.ended.push((row.currency.clone(), row.written_off.into()));
        }
        Ok(())
    }

    /// Sets the columns that reports use to find answered calls.
    fn note_answer(&self, row: &mut call::Model) -> Result<()> {
        row.answer_day = match row.answered_at {
            Some(at) => {
                let shop = self.shops.get(&row.callshop_id);
                let shop = shop.ok_or_else(|| Error::fault("the callshop of a call was not loaded"))?;
                Some(local_day(&shop.time_zone, at))
            }
            None => None,
        };
        row.answered_far = row.answered_at.is_some_and(|at| store::calls::is_far(row.authorized_at, at));
        Ok(())
    }
}

/// The date by which reports count a call: `YYYY-MM-DD`, in the callshop's time zone. If the zone is unknown (for example, because an update of the
/// zone data removed it), the problem is logged, and the date in UTC is used. The date does not affect any amount, so an unknown zone must not
/// prevent a charge.
pub(in crate::calls) fn local_day(time_zone: &str, at: DateTime<Utc>) -> String {
    let zone = store::parse_stored::<chrono_tz::Tz>(time_zone, "time zone").unwrap_or_else(|error| {
        tracing::error!(%error, "the callshop's time zone is unknown, so the call counts toward a UTC day; correct the callshop's time zone");
        chrono_tz::UTC
    });
    at.with_timezone(&zone).date_naive().to_string()
}

fn shown(emitted: &Emitted) -> (ActivityKind, DateTime<Utc>) {
    match emitted {
        Emitted::Ringing { at } => (ActivityKind::CallRinging, *at),
        Emitted::Answered { at } => (ActivityKind::CallAnswered, *at),
        Emitted::Ended { at } => (ActivityKind::CallEnded, *at),
        Emitted::Failed { at } => (ActivityKind::CallFailed, *at),
        Emitted::Abandoned { at } => (ActivityKind::CallAbandoned, *at),
    }
}

fn to_machine(row: &call::Model) -> Result<machine::Call> {
    Ok(machine::Call {
        state: row.state.into(),
        authorized_at: row.authorized_at,
        ringing_at: row.ringing_at,
        answered_at: row.answered_at,
        ended_at: row.ended_at,
        covered: u32::try_from(row.covered).or_fault()?,
        sip_code: row.sip_code.map(u16::try_from).transpose().or_fault()?,
        ended_by: row.ended_by.map(Into::into),
        cause: row.cause.map(Into::into),
        talk_seconds: u32::try_from(row.talk_seconds).or_fault()?,
        estimated: row.estimated,
    })
}

fn from_machine(row: call::Model, call: &machine::Call) -> Result<call::Model> {
    Ok(call::Model {
        state: CallState::from(call.state),
        ringing_at: call.ringing_at,
        answered_at: call.answered_at,
        ended_at: call.ended_at,
        sip_code: call.sip_code.map(i32::from),
        ended_by: call.ended_by.map(Into::into),
        cause: call.cause.map(Into::into),
        talk_seconds: i32::try_from(call.talk_seconds).or_fault()?,
        estimated: call.estimated,
        ..row
    })
}
