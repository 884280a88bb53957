//! The summary of a callshop's local day, for the shop as a whole and by attendant.

use std::collections::BTreeMap;

use billing::money::Micros;
use chrono::{DateTime, Datelike as _, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use entity::{MovementKind, PaymentKind, PaymentMethod};
use uuid::Uuid;

use crate::access::{self, Shop};
use crate::auth::{Actor, Right};
use crate::{App, reports};
use base::error::{Error, OrFault as _, Result};
use store::reports::{Dimension, Selection};
use store::{Tx, accounts, day as rows, parse_stored, retention};

/// Maximum number of shifts on one day.
const MAX_SHIFTS: usize = 100;
/// Maximum number of attendants in a summary.
const MAX_ATTENDANTS: usize = 1_000;

/// The parameters of a summary.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// The callshop.
    pub callshop_id: Uuid,
    /// The day in the callshop's time zone.
    pub day: NaiveDate,
    /// If set, the summary has only the figures of this user.
    pub attendant_id: Option<Uuid>,
}

/// The summary of one day.
#[derive(Clone, Debug)]
pub struct DaySummary {
    /// First instant of the day.
    pub from: DateTime<Utc>,
    /// First instant after the day.
    pub to: DateTime<Utc>,
    /// The callshop's currency.
    pub currency: String,
    /// Whether the amounts paid and refunded are hidden, because the viewer must still count the drawer of one of the day's shifts without seeing the
    /// expected amounts.
    pub is_blind: bool,
    /// All figures together.
    pub total: Figures,
    /// The figures of each user, sorted by name.
    pub attendants: Vec<Attendant>,
}

/// One user's day.
#[derive(Clone, Debug)]
pub struct Attendant {
    /// The user.
    pub id: Uuid,
    /// Display name.
    pub name: String,
    /// The user's figures.
    pub figures: Figures,
}

/// The figures of a day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Sessions opened, except voided ones.
    pub sessions: i64,
    /// Answered calls that are over.
    pub calls: i64,
    /// Talk time of these calls in seconds.
    pub talk_seconds: i64,
    /// Price of these calls.
    pub calls_total: Micros,
    /// Discounts given.
    pub discounts: Micros,
    /// Money that customers paid or got back, by method.
    pub methods: BTreeMap<PaymentMethod, Paid>,
    /// Cash put into the drawer by hand.
    pub pay_ins: Micros,
    /// Cash withdrawn from the drawer by hand.
    pub pay_outs: Micros,
}

/// Money that customers paid or got back with one payment method.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Paid {
    /// Payments at settlement, net of change.
    pub sales: Micros,
    /// Deposits paid.
    pub deposits: Micros,
    /// Unused deposits returned.
    pub deposit_refunds: Micros,
    /// Refunds of settled sessions.
    pub refunds: Micros,
}

impl Figures {
    /// The sum of one kind of payment over all methods.
    ///
    /// # Errors
    /// Fails with a fault on overflow.
    pub fn sum(&self, of: fn(&Paid) -> Micros) -> Result<Micros> {
        Micros::try_sum(self.methods.values().map(of)).or_fault()
    }

    fn add(&mut self, more: &Self) -> Result<()> {
        self.sessions += more.sessions;
        self.calls += more.calls;
        self.talk_seconds += more.talk_seconds;
        add(&mut self.calls_total, more.calls_total)?;
        add(&mut self.discounts, more.discounts)?;
        add(&mut self.pay_ins, more.pay_ins)?;
        add(&mut self.pay_outs, more.pay_outs)?;
        for (method, paid) in &more.methods {
            let sums = self.methods.entry(*method).or_default();
            add(&mut sums.sales, paid.sales)?;
            add(&mut sums.deposits, paid.deposits)?;
            add(&mut sums.deposit_refunds, paid.deposit_refunds)?;
            add(&mut sums.refunds, paid.refunds)?;
        }
        Ok(())
    }
}

fn add(sum: &mut Micros, amount: Micros) -> Result<()> {
    *sum = sum.checked_add(amount).or_fault()?;
    Ok(())
}

/// Summarizes a local day. Attendants see only their own figures. While a shift of the day is open, attendants see no paid or refunded amounts,
/// because they must count the shift's drawer without seeing the expected amounts.
///
/// # Errors
/// Fails with `INVALID_INPUT` for a day that is out of range or whose calls were deleted. Fails with `FORBIDDEN` if an attendant asks for a
/// colleague's day. May also fail with `NOT_FOUND`.
pub async fn summary(app: &App, actor: &Actor, asked: Asked) -> Result<DaySummary> {
    app.store
        .read(|tx| async move {
            let shop = access::shop(tx.conn(), actor, asked.callshop_id, Right::SeeShop).await?;
            let only = attendant(&tx, actor, asked.attendant_id).await?;
            let (from, to) = bounds(&tx, &shop, asked.day).await?;
            let day = rows::Day { callshop_id: shop.id(), from, to };
            let shifts = rows::shifts(tx.conn(), day, MAX_SHIFTS as u64 + 1).await?;
            if shifts.len() > MAX_SHIFTS {
                let message = base::message!(
                    "The day has more than {max} shifts. Use the Z reports of the shifts.",
                    max = MAX_SHIFTS
                );
                return Err(Error::invalid("day", message));
            }
            let mut by_user = figures(&tx, &shop, asked.day, day, &shifts).await?;
            if only.is_some() {
                by_user.retain(|user, _| *user == only);
            }
            let mut total = Figures::default();
            for figures in by_user.values() {
                total.add(figures)?;
            }
            Ok(DaySummary {
                from,
                to,
                currency: shop.account.currency.clone(),
                is_blind: !actor.may(Right::SeeDrawer)
                    && shifts.iter().any(|(_, closed_at)| closed_at.is_none()),
                total,
                attendants: named(&tx, by_user).await?,
            })
        })
        .await
}

/// The user to whom the summary is limited.
async fn attendant(tx: &Tx, actor: &Actor, asked: Option<Uuid>) -> Result<Option<Uuid>> {
    if !actor.may(Right::SeeDrawer) {
        return match asked {
            Some(id) if id != actor.user_id => Err(Error::Forbidden),
            _ => Ok(Some(actor.user_id)),
        };
    }
    if let Some(id) = asked {
        accounts::find_user(tx.conn(), &actor.scope(), id).await?.ok_or(Error::NotFound)?;
    }
    Ok(asked)
}

/// The first instant of the local day, and the first instant after it.
async fn bounds(tx: &Tx, shop: &Shop, day: NaiveDate) -> Result<(DateTime<Utc>, DateTime<Utc>)> {
    if !reports::YEARS.contains(&day.year()) {
        let (first, last) = (reports::YEARS.start(), reports::YEARS.end());
        return Err(Error::invalid(
            "day",
            base::message!("The year of `day` must be between {first} and {last}.", first, last),
        ));
    }
    // a summary must not silently omit calls that retention deleted
    if let Some(kept) = retention::calls_kept_from(tx.conn()).await?
        && day <= kept.date_naive()
    {
        let first = kept.date_naive() + TimeDelta::days(1);
        return Err(Error::invalid(
            "day",
            base::message!("Older calls have been deleted. `day` must be {first} or later.", first),
        ));
    }
    let zone: Tz = parse_stored(&shop.account.time_zone, "time zone")?;
    billing::day::bounds(zone, day).ok_or_else(|| {
        Error::fault(format!(
            "the time zone {zone} has no beginning or end of {day}; check the callshop's time zone"
        ))
    })
}

type ByUser = BTreeMap<Option<Uuid>, Figures>;

/// The figures by user. Calls outside of a session have no user.
async fn figures(
    tx: &Tx,
    shop: &Shop,
    date: NaiveDate,
    day: rows::Day,
    shifts: &[(Uuid, Option<DateTime<Utc>>)],
) -> Result<ByUser> {
    let shifts: Vec<Uuid> = shifts.iter().map(|(id, _)| *id).collect();
    let mut users = ByUser::new();
    for (user, sessions) in rows::sessions_opened(tx.conn(), day).await? {
        users.entry(Some(user)).or_default().sessions = sessions;
    }
    for (user, amount) in rows::discounts(tx.conn(), day).await? {
        users.entry(Some(user)).or_default().discounts = amount.into();
    }
    let limit = u64::try_from(MAX_ATTENDANTS).or_fault()?;
    let path = shop.account.path.clone();
    let calls = Selection { path, from: date, to: date, dimensions: vec![Dimension::Attendant], limit };
    for (key, answered) in store::reports::answered(tx.conn(), &calls).await? {
        let figures = users.entry(key.attendant_id).or_default();
        (figures.calls, figures.talk_seconds) = (answered.calls, answered.talk_seconds);
        figures.calls_total = Micros(answered.retail);
    }
    for (user, kind, method, amount) in rows::payment_sums(tx.conn(), day, &shifts).await? {
        let paid = users.entry(Some(user)).or_default().methods.entry(method).or_default();
        let sum = match kind {
            PaymentKind::Sale => &mut paid.sales,
            PaymentKind::Deposit => &mut paid.deposits,
            PaymentKind::DepositRefund => &mut paid.deposit_refunds,
            PaymentKind::Refund => &mut paid.refunds,
        };
        *sum = amount.into();
    }
    for (user, kind, amount) in rows::movement_sums(tx.conn(), day, &shifts).await? {
        let figures = users.entry(Some(user)).or_default();
        match kind {
            MovementKind::PayIn => figures.pay_ins = amount.into(),
            MovementKind::PayOut => figures.pay_outs = amount.into(),
        }
    }
    Ok(users)
}

/// The users' figures with their names.
async fn named(tx: &Tx, users: ByUser) -> Result<Vec<Attendant>> {
    let ids: Vec<Uuid> = users.keys().copied().flatten().collect();
    let found = accounts::users_by_ids(tx.conn(), &ids).await?;
    let mut names: BTreeMap<Uuid, String> =
        found.into_iter().map(|user| (user.id, user.display_name)).collect();
    let line = |(id, figures): (Option<Uuid>, Figures)| {
        id.map(|id| Attendant { id, name: names.remove(&id).unwrap_or_default(), figures })
    };
    let mut lines: Vec<Attendant> = users.into_iter().filter_map(line).collect();
    lines.sort_by(|left, right| (&left.name, left.id).cmp(&(&right.name, right.id)));
    Ok(lines)
}
