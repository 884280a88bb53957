//! The summary of a callshop's day.

use async_graphql::{Context, ID, SimpleObject};
use billing::money::Micros;
use chrono::{DateTime, NaiveDate, Utc};
use entity::PaymentMethod as Method;
use graphql_macros::object;

use super::payload::nullable;
use super::roles::SIGNED_IN;
use super::scalars::{Kind, Money};
use super::sessions::PaymentMethod;
use super::{app, caller};
use app::day::{self, Asked, Attendant, Figures, Paid};
use base::error::Result;

/// Summary of one local day of a callshop.
#[object]
#[derive(SimpleObject)]
pub struct DaySummary {
    /// The day in the callshop's time zone.
    pub day: NaiveDate,
    /// First instant of the day.
    pub from: DateTime<Utc>,
    /// First instant after the day.
    pub to: DateTime<Utc>,
    /// Whether paid and refunded amounts are hidden from the caller. An attendant sees these amounts only after every register shift of the day has
    /// been counted.
    pub blind: bool,
    /// The figures of all users together, including calls outside any session. An attendant gets only the attendant's own figures.
    pub total: DayFigures,
    /// The figures of each user, sorted by the user's name. An attendant gets only the attendant's own entry.
    #[field(length = 20)]
    pub attendants: Vec<AttendantDay>,
}

/// One user's day.
#[object]
#[derive(SimpleObject)]
pub struct AttendantDay {
    /// Global id of the user.
    pub attendant_id: ID,
    /// Display name of the user.
    pub attendant: String,
    /// The figures of one user: the sessions that the user opened and the calls in them, the discounts that the user gave, and the money that the
    /// user handled.
    pub figures: DayFigures,
}

/// Figures of a day. Amounts that would reveal the contents of a drawer are null while `DaySummary.blind` is true.
#[object]
#[derive(SimpleObject)]
pub struct DayFigures {
    /// Number of sessions opened on the day, without voided sessions.
    pub sessions: i64,
    /// Number of calls that were answered on the day and are over.
    pub calls: i64,
    /// Talk time of the calls counted in `calls`, in seconds.
    pub talk_seconds: i64,
    /// Total that customers pay for the calls counted in `calls`, including amounts that are not paid yet.
    pub calls_total: Money,
    /// Discounts given on the day, not negative. Discounts on sessions opened more than 31 days before the day are not counted.
    pub discounts: Money,
    /// Money that customers paid or got back, one entry per payment method that was used; empty if hidden.
    #[field(length = 4)]
    pub methods: Vec<DayMethod>,
    /// Payments at settlement by all methods, net of change; null if hidden.
    pub sales: Option<Money>,
    /// Deposits paid; null if hidden.
    pub deposits: Option<Money>,
    /// Deposits returned; null if hidden.
    pub deposit_refunds: Option<Money>,
    /// Refunds after settlement; null if hidden.
    pub refunds: Option<Money>,
    /// Cash put into the drawer by hand; null if hidden.
    pub pay_ins: Option<Money>,
    /// Cash withdrawn from the drawer by hand; null if hidden.
    pub pay_outs: Option<Money>,
}

/// Money that customers paid or got back with one payment method on a day.
#[object]
#[derive(SimpleObject)]
pub struct DayMethod {
    /// Payment method.
    pub method: PaymentMethod,
    /// Payments at settlement, net of change.
    pub sales: Money,
    /// Deposits paid.
    pub deposits: Money,
    /// Deposits returned.
    pub deposit_refunds: Money,
    /// Refunds after settlement.
    pub refunds: Money,
}

fn method((method, paid): (&Method, &Paid), currency: &str) -> DayMethod {
    let money = |amount: Micros| Money::new(amount, currency);
    DayMethod {
        method: (*method).into(),
        sales: money(paid.sales),
        deposits: money(paid.deposits),
        deposit_refunds: money(paid.deposit_refunds),
        refunds: money(paid.refunds),
    }
}

fn figures(of: &Figures, currency: &str, is_blind: bool) -> Result<DayFigures> {
    let money = |amount: Micros| Money::new(amount, currency);
    let shown = |amount: Micros| (!is_blind).then(|| money(amount));
    let methods = of.methods.iter().filter(|_| !is_blind);
    Ok(DayFigures {
        sessions: of.sessions,
        calls: of.calls,
        talk_seconds: of.talk_seconds,
        calls_total: money(of.calls_total),
        discounts: money(of.discounts),
        methods: methods.map(|line| method(line, currency)).collect(),
        sales: shown(of.sum(|paid| paid.sales)?),
        deposits: shown(of.sum(|paid| paid.deposits)?),
        deposit_refunds: shown(of.sum(|paid| paid.deposit_refunds)?),
        refunds: shown(of.sum(|paid| paid.refunds)?),
        pay_ins: shown(of.pay_ins),
        pay_outs: shown(of.pay_outs),
    })
}

fn summary(of: &day::DaySummary, day: NaiveDate) -> Result<DaySummary> {
    let line = |attendant: &Attendant| {
        Ok(AttendantDay {
            attendant_id: Kind::User.id(attendant.id),
            attendant: attendant.name.clone(),
            figures: figures(&attendant.figures, &of.currency, of.is_blind)?,
        })
    };
    Ok(DaySummary {
        day,
        from: of.from,
        to: of.to,
        blind: of.is_blind,
        total: figures(&of.total, &of.currency, of.is_blind)?,
        attendants: of.attendants.iter().map(line).collect::<Result<_>>()?,
    })
}

/// The fields of `Query` for the summary of a day.
#[derive(Default)]
pub struct DayQuery;

#[object(root = "Query")]
impl DayQuery {
    /// Summary of one day of a callshop, in the callshop's time zone: sessions, calls, payments by method, discounts, refunds and cash movements, in
    /// total and by attendant. Attendants see only their own figures for the day. Paid and refunded amounts are hidden from attendants until every
    /// shift of the day is counted. Null if there is no such callshop or user.
    #[field(roles = SIGNED_IN, scope = REPORTS_READ)]
    async fn day_summary(
        &self,
        ctx: &Context<'_>,
        callshop_id: ID,
        #[graphql(desc = "Day in the callshop's time zone.")] day: NaiveDate,
        #[graphql(
            desc = "Only this user's figures; all users if omitted. Fails with `FORBIDDEN` if an attendant asks for a colleague's figures."
        )]
        attendant_id: Option<ID>,
    ) -> Option<async_graphql::Result<DaySummary>> {
        let made = async {
            let asked = Asked {
                callshop_id: Kind::Callshop.parse(&callshop_id)?,
                day,
                attendant_id: attendant_id.map(|id| Kind::User.parse(&id)).transpose()?,
            };
            summary(&day::summary(app(ctx), caller(ctx)?, asked).await?, day)
        };
        nullable(made.await)
    }
}
