//! Reports: income and cost of calls by day, cabin, destination, attendant, callshop or tariff version.

use async_graphql::{Context, Enum, ID, SimpleObject};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use billing::money::Micros;
use chrono::NaiveDate;
use entity::AccountKind;
use graphql_macros::object;

use super::accounts::parse_account;
use super::paging::{Page, Paging, around, empty, size};
use super::payload::{nullable, top_level};
use super::roles::BACK_OFFICE;
use super::scalars::{CurrencyCode, Decimal, Kind, Money};
use super::{app, caller};
use app::reports::{self, Asked, Figures, Names};
use base::error::{OrFault as _, Result};
use store::page::Total;
use store::reports::{Dimension, GroupKey};

/// Dimension by which a report is grouped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "Dimension")]
pub enum ReportDimension {
    /// Day in the callshop's time zone. `attempts` and `refused` are counted on the day of the attempt, and all other figures on the day of the
    /// answer.
    Day,
    /// Cabin from which the call was made.
    Cabin,
    /// Destination name of the matching rate.
    Destination,
    /// User who opened the session.
    Attendant,
    /// Callshop from which the call was made.
    Callshop,
    /// Tariff version that determines the account's income. For a callshop, this is a version of the retail tariff. For any other account, this is a
    /// version of the cost tariff of the account below.
    TariffVersion,
}

/// Income and cost of calls for one account. Call attempts are counted on the day of the attempt. All other figures are counted on the day of the
/// answer.
#[derive(async_graphql::Description)]
pub struct Report(reports::Report);

#[object]
impl Report {
    /// Account that the report is about.
    fn account_id(&self) -> ID {
        let account = &self.0.account;
        let kind = if account.kind == AccountKind::Callshop { Kind::Callshop } else { Kind::Account };
        kind.id(account.id)
    }

    /// Display name of the account that the report is about.
    fn account(&self) -> &str {
        &self.0.account.name
    }

    /// Currency of every amount.
    fn currency(&self) -> CurrencyCode {
        CurrencyCode(self.0.currency.clone())
    }

    /// The figures of all groups together.
    fn total(&self) -> async_graphql::Result<ReportFigures> {
        figures(&self.0.total, &self.0.currency).map_err(top_level)
    }

    /// The groups, ordered by day, callshop, cabin, destination, attendant and version; the report has at most 10,000 groups.
    async fn groups(&self, ctx: &Context<'_>, paging: Paging) -> async_graphql::Result<Page<ReportGroup>> {
        let page = async {
            let (rows, previous, next) = part(&self.0.groups, &paging)?;
            let names = reports::names(app(ctx), rows).await?;
            let found = u64::try_from(self.0.groups.len()).or_fault()?;
            let mut page = empty(previous, next, Some(Total::of(found)));
            for (key, of) in rows {
                let node = group(key, of, &names, &self.0.currency)?;
                page.push(cursor(key)?, node);
            }
            Ok(page)
        };
        page.await.map_err(top_level)
    }
}

/// One group of a report. A field is null if the report is not grouped by that field, or if the calls in the group have no value for it. For example,
/// an emergency call from a closed cabin has no attendant.
#[object]
#[derive(SimpleObject)]
pub struct ReportGroup {
    /// Local date in the callshop's time zone.
    pub day: Option<NaiveDate>,
    /// Global id of the callshop.
    pub callshop_id: Option<ID>,
    /// Display name of the callshop.
    pub callshop: Option<String>,
    /// Global id of the cabin.
    pub cabin_id: Option<ID>,
    /// Number on the cabin's door.
    pub cabin_number: Option<i32>,
    /// Display name of the cabin.
    pub cabin_label: Option<String>,
    /// Destination name; empty for calls without a matching rate.
    pub destination: Option<String>,
    /// Country of the destination, ISO 3166-1 alpha-2; null if the attempted numbers belong to several countries, or if no country is certain.
    pub country_code: Option<String>,
    /// Global id of the user who opened the session.
    pub attendant_id: Option<ID>,
    /// Display name of the user who opened the session.
    pub attendant: Option<String>,
    /// Global id of the tariff version.
    pub tariff_version_id: Option<ID>,
    /// Name of the tariff.
    pub tariff: Option<String>,
    /// Number of the version.
    pub version: Option<i32>,
    /// Figures of this group's calls.
    pub figures: ReportFigures,
}

/// Totals of a set of calls.
#[object]
#[derive(SimpleObject)]
pub struct ReportFigures {
    /// Number of allowed attempts, answered or not.
    pub attempts: i64,
    /// Number of refused attempts, which `attempts` does not include.
    pub refused: i64,
    /// Number of calls that were answered and are over.
    pub answered: i64,
    /// Answer-seizure ratio: `answered` / `attempts`, to four decimals; null if there are no attempts. The ratio can exceed 1 if a call was answered
    /// on the day after its attempt.
    pub asr: Option<Decimal>,
    /// Average call duration: mean talk time of answered calls, rounded to the nearest second; null if there are no answered calls.
    pub acd_seconds: Option<i64>,
    /// Total talk time in seconds.
    pub talk_seconds: i64,
    /// Total seconds billed to customers.
    pub billed_seconds: i64,
    /// Total charged to customers.
    pub retail: Money,
    /// Income of the account. A callshop's income comes from customers; the income of every other account comes from its child accounts.
    pub revenue: Money,
    /// Amount that the account pays its parent; zero for the platform.
    pub cost: Money,
    /// `revenue` minus `cost`.
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
        country_code: of.attempts.country.map(str::to_owned),
        attendant_id: key.attendant_id.map(|id| Kind::User.id(id)),
        attendant: key.attendant_id.and_then(|id| names.attendants.get(&id)).cloned(),
        tariff_version_id: key.version_id.map(|id| Kind::TariffVersion.id(id)),
        tariff: version.map(|(tariff, _)| tariff.clone()),
        version: version.map(|(_, number)| *number),
        figures: figures(of, currency)?,
    })
}

type Groups<'a> = &'a [(GroupKey, Figures)];

/// The requested page of groups, and whether there are groups before and after it.
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

/// The cursor of a group is the encoded group key, so a cursor remains valid when new groups appear.
fn cursor(key: &GroupKey) -> Result<String> {
    Ok(URL_SAFE_NO_PAD.encode(serde_json::to_vec(key).or_fault()?))
}

fn parse_cursor(text: &str) -> Option<GroupKey> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
}

/// The fields of `Query` for reports.
#[derive(Default)]
pub struct ReportQuery;

#[object(root = "Query")]
impl ReportQuery {
    /// Income and cost of calls for the caller's account or an account below it, from day `from` to day `to` (both inclusive, at most 400 days).
    /// Null if there is no such account. All figures are from the point of view of that account. Fails with `CURRENCY_MISMATCH` for a platform
    /// whose distributors use several currencies. Hidden from attendants.
    #[field(roles = BACK_OFFICE, scope = REPORTS_READ)]
    async fn report(
        &self,
        ctx: &Context<'_>,
        account_id: ID,
        from: NaiveDate,
        to: NaiveDate,
        #[graphql(default, desc = "Without dimensions, the report has one group with all calls.")]
        group_by: Vec<ReportDimension>,
    ) -> Option<async_graphql::Result<Report>> {
        let made = async {
            let dimensions = group_by.into_iter().map(Into::into).collect();
            let asked = Asked { account_id: parse_account(ctx, &account_id).await?, from, to, dimensions };
            reports::make(app(ctx), caller(ctx)?, &asked).await
        };
        nullable(made.await.map(Report))
    }
}
