//! The cost of a session up to now, including the cost of live calls.

use std::collections::HashMap;

use billing::money::Micros;
use chrono::{DateTime, Utc};
use entity::{ItemKind, SessionMode, cabin_session, call};
use uuid::Uuid;

use crate::App;
use crate::calls::pricing;
use base::error::{OrFault as _, Result};
use store::sessions;

/// The cost of a session up to now. Amounts are not rounded; the statement rounds its total.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Running {
    /// The cost of the calls, including live calls.
    pub calls: Micros,
    /// Talk time of the calls in seconds, including live calls.
    pub seconds: u32,
    /// Items other than calls.
    pub items: Micros,
    /// Discounts, as given. The bill counts discounts only up to the total of calls and items.
    pub discounts: Micros,
}

impl Running {
    /// The total of the bill so far.
    ///
    /// # Errors
    /// Fails with a fault if the sum is too large.
    pub fn total(&self) -> Result<Micros> {
        let most = self.calls.checked_add(self.items).or_fault()?;
        most.checked_sub(self.discounts.min(most)).or_fault()
    }

    /// The money that the customer may still spend on calls; `None` if there is no limit. A prepaid session is limited by its deposit, any other
    /// session by its spending limit.
    pub fn money_left(&self, session: &cabin_session::Model) -> Option<Micros> {
        let bound = match session.mode {
            SessionMode::Prepaid => Some(session.deposit),
            SessionMode::Postpaid => session.spending_limit,
        };
        bound.map(|bound| Micros((Micros::from(bound).0 - self.calls.0).max(0)))
    }

    /// The talk time that the customer may still use, in seconds; `None` if there is no limit.
    pub fn seconds_left(&self, session: &cabin_session::Model) -> Option<u32> {
        let limit = u32::try_from(session.time_limit?).unwrap_or(0);
        Some(limit.saturating_sub(self.seconds))
    }
}

/// The cost of each session up to now, by the session's id. `of` contains the id and the opening time of each session. The calling function has
/// already checked access to the sessions. The number of queries does not depend on the number of sessions.
///
/// # Errors
/// May fail with database errors. Fails with a fault if a call's rates do not exist.
pub async fn running(app: &App, of: &[(Uuid, DateTime<Utc>)]) -> Result<HashMap<Uuid, Running>> {
    let (ids, now) = (&of.iter().map(|(id, _)| *id).collect::<Vec<_>>(), app.clock.now());
    // read everything in one snapshot, so that a call that ends meanwhile is counted once
    let (live, spent, items) = app
        .store
        .read(|tx| async move {
            let live = store::calls::live_of_sessions(tx.conn(), ids).await?;
            let spent = store::calls::spent(tx.conn(), of).await?;
            Ok((live, spent, sessions::item_totals(tx.conn(), ids).await?))
        })
        .await?;
    let mut all: HashMap<Uuid, Running> = ids.iter().map(|id| (*id, Running::default())).collect();
    for (id, running) in &mut all {
        if let Some(spent) = spent.get(id) {
            (running.calls, running.seconds) = (spent.charge, spent.seconds);
        }
    }
    let mut live: Vec<call::View> = live.iter().map(call::View::of).collect();
    pricing::show(&app.rates, app.store.reader(), &mut live).await?;
    for call in live {
        let Some(running) = call.session_id.and_then(|id| all.get_mut(&id)) else { continue };
        let (seconds, cost) = pricing::so_far(&call, now)?;
        running.calls = running.calls.checked_add(cost).or_fault()?;
        running.seconds = running.seconds.saturating_add(seconds);
    }
    for (id, kind, sum) in items {
        let Some(running) = all.get_mut(&id) else { continue };
        match kind {
            ItemKind::Item => running.items = sum.into(),
            ItemKind::Discount => running.discounts = sum.into(),
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn discounts_count_up_to_calls_and_items() {
        let of =
            |discounts| Running { calls: Micros(300), items: Micros(200), discounts, ..Running::default() };
        assert_eq!(of(Micros(100)).total().expect("a total"), Micros(400));
        assert_eq!(of(Micros(900)).total().expect("a total"), Micros::ZERO);
    }
}
