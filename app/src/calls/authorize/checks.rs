//! The checks of an attempt, except the checks of credit.

use billing::number::{DialPlan, Dialed};
use entity::{cabin_session, phone};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use super::context::BatchContext;
use super::{AuthorizeRequest, Found, Refusal};
use crate::App;
use crate::calls::emergency;
use crate::calls::pricing::Level;
use crate::rates;
use base::error::{OrFault as _, Result};
use store::calls::Payer;

/// The result of [`check`]: the maximum call duration in seconds, or the refusal.
pub(super) type Verdict = std::result::Result<u32, Refusal>;

/// Runs all checks of an attempt except the checks of credit, in a fixed order. The first check that fails determines the refusal.
pub(super) async fn check(
    app: &App,
    conn: &impl ConnectionTrait,
    context: &BatchContext,
    request: &AuthorizeRequest,
    found: &mut Found,
) -> Result<Verdict> {
    let Some(phone) = context.phones.get(&request.user) else { return Ok(Err(Refusal::PhoneBlocked)) };
    let (_, shop) = context.callshop(phone.callshop_id)?;
    let plan: DialPlan = serde_json::from_value(shop.dial_plan.clone()).or_fault()?;
    let cap = u32::try_from(shop.max_call_seconds).or_fault()?;
    let dialed = plan.normalize(&request.dialed);
    // even the row of a refused attempt shows the dialed number
    match &dialed {
        Ok(Dialed::Emergency { number }) => {
            found.number.clone_from(number);
            emergency::DESTINATION.clone_into(&mut found.destination);
            found.emergency = true;
        }
        Ok(Dialed::Short { number, .. }) => found.number.clone_from(number),
        Ok(Dialed::Number { e164, .. }) => e164.as_str().clone_into(&mut found.number),
        Err(_) => {}
    }
    if context.abandoned.contains(&request.request_id) {
        return Ok(Err(Refusal::Abandoned));
    }
    if found.emergency {
        return Ok(Ok(cap));
    }
    if context.busy.contains(&phone.id) {
        return Ok(Err(Refusal::PhoneBusy));
    }
    if let Err(refusal) = may_use(context, &context.payers(phone.callshop_id)?, phone) {
        return Ok(Err(refusal));
    }
    let digits = match dialed {
        Ok(Dialed::Number { e164, .. }) => e164.as_str().to_owned(),
        Ok(Dialed::Short { .. }) => return Ok(Err(Refusal::DestinationNotRated)),
        Ok(Dialed::Emergency { .. }) | Err(_) => return Ok(Err(Refusal::NumberInvalid)),
    };
    if rates::is_blocked(&shop.blocked_prefixes, &digits)? {
        return Ok(Err(Refusal::DestinationBlocked));
    }
    if let Err(refusal) = find_rates(app, conn, context, phone.callshop_id, &digits, found).await? {
        return Ok(Err(refusal));
    }
    Ok(Ok(cap))
}

/// Checks whether this phone can make calls at all. The check covers the phone, suspensions, the cabin and the session.
pub(super) fn may_use<'a>(
    context: &'a BatchContext,
    payers: &[(&Payer, Uuid)],
    phone: &phone::Model,
) -> std::result::Result<&'a cabin_session::Model, Refusal> {
    if phone.blocked_at.is_some() {
        return Err(Refusal::PhoneBlocked);
    }
    for (account, _) in payers {
        if account.is_suspended {
            let own = account.id == phone.callshop_id;
            return Err(if own { Refusal::Suspended } else { Refusal::ServiceUnavailable });
        }
    }
    if !context.cabins.get(&phone.id).is_some_and(|cabin| cabin.in_service) {
        return Err(Refusal::CabinOutOfService);
    }
    let session = context.session(phone.id).ok_or(Refusal::CabinClosed)?;
    billing::session::may_call(session.state.into()).map_err(|_| Refusal::CabinClosed)?;
    Ok(session)
}

/// Finds the rate at every level. If a level has no rate, the call is refused.
async fn find_rates(
    app: &App,
    conn: &impl ConnectionTrait,
    context: &BatchContext,
    callshop_id: Uuid,
    digits: &str,
    found: &mut Found,
) -> Result<std::result::Result<(), Refusal>> {
    let payers = context.payers(callshop_id)?;
    let Some((shop, _)) = payers.first() else { return Ok(Err(Refusal::ServiceUnavailable)) };
    let retail = (*shop, shop.id, shop.retail.as_ref().or(shop.cost.as_ref()));
    let costs = payers.iter().map(|(payer, payee)| (*payer, *payee, payer.cost.as_ref()));
    for (payer, payee_id, tariff) in std::iter::once(retail).chain(costs) {
        let own = payer.id == callshop_id;
        let missing = if own { Refusal::DestinationNotRated } else { Refusal::ServiceUnavailable };
        let Some(tariff) = tariff else { return Ok(Err(missing)) };
        let Some(version_id) = tariff.version_id else { return Ok(Err(missing)) };
        if rates::is_blocked(&tariff.blocked_prefixes, digits)? {
            return Ok(Err(if own { Refusal::DestinationBlocked } else { Refusal::ServiceUnavailable }));
        }
        let version = app.rates.get(conn, version_id).await?;
        let Some(rate) = version.table.find(digits) else { return Ok(Err(missing)) };
        if found.levels.is_empty() {
            found.destination = rate.destination.to_string();
        }
        let pricing = app.rates.pricing(&version, rate).await?;
        found.levels.push(Level { account_id: payer.id, payee_id, version_id, pricing });
    }
    Ok(Ok(()))
}
