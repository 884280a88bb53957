//! Changes a tariff's name, rounding, time zone, bands and holidays.

use std::collections::BTreeSet;

use billing::money::{Rounding, RoundingMode};
use billing::tariff::{Rate, TimeBand};
use chrono::NaiveDate;
use entity::tariff;
use uuid::Uuid;

use super::activation::check_open;
use super::draft_writer::{Act, Base};
use super::drafts::{Outcome, clean_note, deck_permit, drafted};
use super::kept::Kept;
use super::{check_holidays, owned, owners, parse_time_zone, record};
use crate::accounts::clean_name;
use crate::auth::Actor;
use crate::rates::Terms;
use crate::{App, idempotency};
use base::error::{Error, ErrorCode, OrFault as _, Result};
use store::tariffs as rows;

/// A change to a tariff. `None` leaves a value unchanged.
#[derive(Clone, Debug, Default)]
pub struct TariffUpdate {
    /// The tariff.
    pub tariff_id: Uuid,
    /// New display name, which takes effect immediately.
    pub name: Option<String>,
    /// Number of decimals to which a charge is rounded, 0 to 6.
    pub rounding_decimals: Option<u8>,
    /// Direction of the rounding.
    pub rounding_mode: Option<RoundingMode>,
    /// IANA time zone of the bands and holidays.
    pub time_zone: Option<String>,
    /// All time bands.
    pub bands: Option<Vec<TimeBand>>,
    /// All holidays.
    pub holidays: Option<Vec<NaiveDate>>,
    /// The version to start from: a draft, a scheduled version, or the version in force. `None` means the version in force.
    pub base_version_id: Option<Uuid>,
    /// Description of the new version for users; at most 100 characters.
    pub note: String,
}

/// Changes a tariff. A new name takes effect immediately. The terms belong to a version, so a change to them creates a draft with the rates of the
/// base version. While the tariff has no version, the change applies to the terms of its first version. Returns the tariff and the draft, if one was
/// created.
///
/// # Errors
/// Fails with `INVALID_INPUT`, for example if rates use a band that would be removed. Fails with `ILLEGAL_STATE` for an archived tariff, and with
/// `STALE_DRAFT` for a base version that is no longer in force. May also fail with `NOT_FOUND` or `FORBIDDEN`.
pub async fn update(
    app: &App,
    actor: &Actor,
    update: TariffUpdate,
) -> Result<(tariff::Model, Option<Outcome>)> {
    let again = async |kept: Kept| Ok((kept.tariff(app, actor).await?, kept.outcome(app, actor).await?));
    idempotency::repeatable(app, actor, Box::pin(change(app, actor, update)), again).await
}

async fn change(app: &App, actor: &Actor, update: TariffUpdate) -> Result<(tariff::Model, Option<Outcome>)> {
    let tariff = owned(app, actor, update.tariff_id).await?;
    check_open(&tariff)?;
    let name = update.name.as_deref().map(|name| clean_name("name", name)).transpose()?;
    let rename = name.filter(|name| *name != tariff.name);
    if !update.has_terms() {
        return Ok((change_row(app, actor, tariff, rename, None).await?, None));
    }
    let permit = deck_permit().await?;
    let base = Base::read(app, &tariff, update.base_version_id).await?;
    let terms = update.terms(&base.terms)?;
    if base.version.is_none() || terms == base.terms {
        let first = (base.version.is_none() && terms != base.terms).then_some(terms);
        return Ok((change_row(app, actor, tariff, rename, first).await?, None));
    }
    check_bands(&base.rates, &terms.bands)?;
    let act = Act { rename, ..Act::new("updateTariff", clean_note(&update.note)?) };
    let outcome =
        drafted(app, actor, tariff, Base { terms, ..base }, act, permit, |rates| Ok(rates.to_vec())).await?;
    let tariff = outcome.version.as_ref().map(|version| tariff::Model::clone(&version.tariff));
    Ok((tariff.ok_or_else(|| Error::fault("a version was not written"))?, Some(outcome)))
}

impl TariffUpdate {
    /// Whether more than the name may change. The rates are read only in this case.
    fn has_terms(&self) -> bool {
        self.rounding_decimals.is_some()
            || self.rounding_mode.is_some()
            || self.time_zone.is_some()
            || self.bands.is_some()
            || self.holidays.is_some()
    }

    /// The terms after the change.
    fn terms(&self, before: &Terms) -> Result<Terms> {
        let mut terms = before.clone();
        let decimals = self.rounding_decimals.unwrap_or(before.rounding.decimals);
        let mode = self.rounding_mode.unwrap_or(before.rounding.mode);
        terms.rounding = Rounding::new(decimals, mode)
            .map_err(|_| Error::invalid("roundingDecimals", "`roundingDecimals` must be between 0 and 6."))?;
        if let Some(name) = &self.time_zone {
            terms.time_zone = parse_time_zone(name)?;
        }
        if let Some(bands) = &self.bands {
            TimeBand::validate_all(bands).map_err(|error| Error::invalid("bands", error.message))?;
            terms.bands.clone_from(bands);
        }
        if let Some(holidays) = &self.holidays {
            check_holidays(holidays)?;
            terms.holidays = holidays.iter().copied().collect();
        }
        Ok(terms)
    }
}

/// Fails if a rate has a price in a band that the tariff would no longer have.
fn check_bands(rates: &[Rate], bands: &[TimeBand]) -> Result<()> {
    let known: BTreeSet<&str> = bands.iter().map(|band| band.name.as_str()).collect();
    let lost = |rate: &Rate| rate.band_prices.keys().find(|name| !known.contains(name.as_str())).cloned();
    match rates.iter().find_map(|rate| Some((rate, lost(rate)?))) {
        None => Ok(()),
        Some((rate, name)) => Err(Error::invalid(
            "bands",
            base::message!(
                "Rates such as prefix {prefix} have a price in the band \"{name}\". Keep the band, or remove these prices first.",
                prefix = rate.prefix,
                name
            ),
        )),
    }
}

/// Changes only the tariff's row: its name, and the terms of its first version.
async fn change_row(
    app: &App,
    actor: &Actor,
    tariff: tariff::Model,
    rename: Option<String>,
    first: Option<Terms>,
) -> Result<tariff::Model> {
    if rename.is_none() && first.is_none() {
        idempotency::keep_unchanged(app, actor, &Kept::row(tariff.id)).await?;
        return Ok(tariff);
    }
    let (owners, rename, first) = (&owners(actor), &rename, &first);
    let tariff_id = tariff.id;
    app.write_as(actor, |tx| async move {
        let conn = tx.conn();
        let before = rows::lock(conn, owners, tariff_id).await?.ok_or(Error::NotFound)?;
        check_open(&before)?;
        if first.is_some() && rows::latest_version(conn, tariff_id).await?.is_some() {
            let message = "The tariff has versions, and none is in force. Name the version to change in `baseVersionId`.";
            return Err(Error::field(ErrorCode::StaleDraft, "baseVersionId", message));
        }
        let mut after = before.clone();
        if let Some(name) = rename {
            after.name.clone_from(name);
        }
        let old = Terms::first(&before)?;
        let new = first.clone().unwrap_or_else(|| old.clone());
        after.first_terms = serde_json::to_value(&new).or_fault()?;
        let change = (super::shown(&before, &old), super::shown(&after, &new));
        let now = app.clock.now();
        record(&tx, actor, now, "updateTariff", &before, change).await?;
        idempotency::keep(&tx, actor, now, &Kept::row(tariff_id)).await?;
        rows::update(conn, after).await
    })
    .await
}
