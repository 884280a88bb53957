//! Reports: what calls brought and cost, by day, cabin, destination, attendant, callshop or tariff version.

use async_graphql::connection::{Connection, Edge};
use async_graphql::{Context, Enum, ID, Object, SimpleObject};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use billing::money::Micros;
use chrono::NaiveDate;
use entity::AccountKind;

use super::accounts::parse_account;
use super::paging::{Page, Paging, around, size};
use super::payload::{nullable, top_level};
use super::roles::{BACK_OFFICE, Rule};
use super::scalars::{CurrencyCode, Decimal, Kind, Money};
use super::{app, caller};
use app::reports::{self, Asked, Figures, Names};
use base::error::{OrFault as _, Result};
use store::reports::{Dimension, GroupKey};

/// Who sees what of this file.
pub const RULES: &[Rule] = &[("Query.report", BACK_OFFICE)];

/// What a report's groups are made by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "Dimension")]
pub enum ReportDimension {
    /// The day in the callshop's time zone: of the attempt for attempts, of the answer for all that was answered.
    Day,
    /// The cabin that the call was made from.
    Cabin,
    /// The rated destination.
    Destination,
    /// The user who opened the session.
    Attendant,
    /// The callshop.
    Callshop,
    /// The tariff version that the account is paid by: for a callshop its customers', for others that of the account below them.
    TariffVersion,
}

/// What calls brought and cost one account. Attempts count on the day they were made, everything else on the day of the answer.
pub struct Report(reports::Report);

#[Object]
impl Report {
    /// Of whom it is.
    async fn account_id(&self) -> ID {
        let account = &self.0.account;
        let kind = if account.kind == AccountKind::Callshop { Kind::Callshop } else { Kind::Account };
        kind.id(account.id)
    }

    /// His name.
    async fn account(&self) -> &str {
        &self.0.account.name
    }

    /// Currency of every amount.
    async fn currency(&self) -> CurrencyCode {
        CurrencyCode(self.0.currency.clone())
    }

    /// All groups together.
    async fn total(&self) -> async_graphql::Result<ReportFigures> {
        figures(&self.0.total, &self.0.currency).map_err(top_level)
    }

    /// The groups in the order day, callshop, cabin, destination, attendant, version; at most 10,000 in all.
    async fn groups(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> async_graphql::Result<Page<ReportGroup>> {
        let page = async {
            let (rows, previous, next) = part(&self.0.groups, &Paging { first, after, last, before })?;
            let names = reports::names(app(ctx), rows).await?;
            let mut page = Connection::new(previous, next);
            for (key, of) in rows {
                let node = group(key, of, &names, &self.0.currency)?;
                page.edges.push(Edge::new(cursor(key)?, node));
            }
            Ok(page)
        };
        page.await.map_err(top_level)
    }
}

/// One group of a report. What it is not grouped by is null, as is what its calls do not have: an emergency call of a closed cabin has no
/// attendant, a phone without a cabin no cabin.
#[derive(SimpleObject)]
pub struct ReportGroup {
    /// The day.
    pub day: Option<NaiveDate>,
    /// The callshop.
    pub callshop_id: Option<ID>,
    /// Its name.
    pub callshop: Option<String>,
    /// The cabin.
    pub cabin_id: Option<ID>,
    /// Number on its door.
    pub cabin_number: Option<i32>,
    /// Its label.
    pub cabin_label: Option<String>,
    /// The destination; empty for calls that no rate was found for.
    pub destination: Option<String>,
    /// The user who opened the session.
    pub attendant_id: Option<ID>,
    /// His name.
    pub attendant: Option<String>,
    /// The tariff version.
    pub tariff_version_id: Option<ID>,
    /// The tariff's name.
    pub tariff: Option<String>,
    /// The version's number.
    pub version: Option<i32>,
    /// What its calls came to.
    pub figures: ReportFigures,
}

/// What calls came to.
#[derive(SimpleObject)]
pub struct ReportFigures {
    /// Attempts that were allowed, answered or not.
    pub attempts: i64,
    /// Attempts that were refused; not among `attempts`.
    pub refused: i64,
    /// Calls that were answered and are over.
    pub answered: i64,
    /// Answer-seizure ratio: `answered` of `attempts`, to four decimals; null without attempts. Over one is possible where a call was answered
    /// on the day after its attempt.
    pub asr: Option<Decimal>,
    /// Average duration of the answered calls, seconds, to the nearest; null without one.
    pub acd_seconds: Option<i64>,
    /// Seconds of talk.
    pub talk_seconds: i64,
    /// Seconds billed to the customers.
    pub billed_seconds: i64,
    /// What the customers pay for the calls.
    pub retail: Money,
    /// What the account is paid: a callshop by its customers, every other by the accounts right below it.
    pub revenue: Money,
    /// What the account pays its parent; the platform pays nothing.
    pub cost: Money,
    /// `revenue` less `cost`.
    pub margin: Money,
}

fn figures(figures: &Figures, currency: &str) -> Result<ReportFigures> {
    let money = |micros| Money::new(Micros(micros), currency);
    let Figures { attempts, answered } = figures;
    Ok(ReportFigures {
        attempts: attempts.allowed,
        refused: attempts.refused,
        answered: answered.calls,
        asr: figures.asr().map(Decimal),
        acd_seconds: figures.acd_seconds(),
        talk_seconds: answered.talk_seconds,
        billed_seconds: answered.billed_seconds,
        retail: money(answered.retail),
        revenue: money(answered.revenue),
        cost: money(answered.cost),
        margin: Money::new(figures.margin()?, currency),
    })
}

fn group(key: &GroupKey, of: &Figures, names: &Names, currency: &str) -> Result<ReportGroup> {
    let day = key.day.as_deref().filter(|day| !day.is_empty());
    let day = day.map(|day| day.parse().or_fault()).transpose()?;
    let cabin = key.cabin_id.and_then(|id| names.cabins.get(&id));
    let version = key.version_id.and_then(|id| names.versions.get(&id));
    Ok(ReportGroup {
        day,
        callshop_id: key.callshop_id.map(|id| Kind::Callshop.id(id)),
        callshop: key.callshop_id.and_then(|id| names.callshops.get(&id)).cloned(),
        cabin_id: key.cabin_id.map(|id| Kind::Cabin.id(id)),
        cabin_number: cabin.map(|(number, _)| *number),
        cabin_label: cabin.map(|(_, label)| label.clone()),
        destination: key.destination.clone(),
        attendant_id: key.attendant_id.map(|id| Kind::User.id(id)),
        attendant: key.attendant_id.and_then(|id| names.attendants.get(&id)).cloned(),
        tariff_version_id: key.version_id.map(|id| Kind::TariffVersion.id(id)),
        tariff: version.map(|(tariff, _)| tariff.clone()),
        version: version.map(|(_, number)| *number),
        figures: figures(of, currency)?,
    })
}

type Groups<'a> = &'a [(GroupKey, Figures)];

/// The part of the groups that is asked for, and whether there are others before and after it.
fn part<'a>(groups: Groups<'a>, paging: &Paging) -> Result<(Groups<'a>, bool, bool)> {
    let (size, backwards) = size(paging)?;
    let size = usize::try_from(size).or_fault()?;
    let (after, before) = around(paging, parse_cursor)?;
    let begin = after.as_ref().map_or(0, |after| groups.partition_point(|(key, _)| key <= after));
    let end = before.as_ref().map_or(groups.len(), |before| groups.partition_point(|(key, _)| key < before));
    let between = &groups[begin..end.max(begin)];
    let (more, size) = (between.len() > size, size.min(between.len()));
    if backwards {
        Ok((&between[between.len() - size..], more, before.is_some()))
    } else {
        Ok((&between[..size], after.is_some(), more))
    }
}

/// The group's key itself: a cursor stays good when there are other groups.
fn cursor(key: &GroupKey) -> Result<String> {
    Ok(URL_SAFE_NO_PAD.encode(serde_json::to_vec(key).or_fault()?))
}

fn parse_cursor(text: &str) -> Option<GroupKey> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
}

/// Queries of this file.
#[derive(Default)]
pub struct ReportQuery;

#[Object]
impl ReportQuery {
    /// What calls brought and cost an account of the caller's branch, or his own, from one day to another, both included; at most 400 days.
    /// All figures are of that account. `CURRENCY_MISMATCH` for a platform with branches of several currencies.
    async fn report(
        &self,
        ctx: &Context<'_>,
        account_id: ID,
        from: NaiveDate,
        to: NaiveDate,
        #[graphql(default, desc = "Nothing makes one group of all.")] group_by: Vec<ReportDimension>,
    ) -> Option<async_graphql::Result<Report>> {
        let made = async {
            let dimensions = group_by.into_iter().map(Into::into).collect();
            let asked = Asked { account_id: parse_account(ctx, &account_id).await?, from, to, dimensions };
            reports::make(app(ctx), caller(ctx)?, &asked).await
        };
        nullable(made.await.map(Report))
    }
}
