//! What a callshop decides about its counter.

use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object};

use super::accounts::{Callshop, CallshopPayload};
use super::payload::answer;
use super::roles::{BACK_OFFICE, Rule};
use super::scalars::{Decimal, Kind};
use super::sessions::changed;
use super::{app, caller};
use app::settings::{self, SettingsChange};

/// Who sees what of this file.
pub const RULES: &[Rule] = &[("Mutation.updateCallshopSettings", BACK_OFFICE)];

/// What to change of a callshop's settings; what is left out stays.
#[derive(InputObject)]
pub struct UpdateCallshopSettingsInput {
    /// Which callshop's.
    pub callshop_id: ID,
    /// Cash is paid in multiples of this, above zero, in the callshop's currency; null for its minor unit.
    pub cash_step: MaybeUndefined<Decimal>,
    /// Name on receipts, at most 100 characters; empty for the display name.
    pub legal_name: Option<String>,
    /// Tax id on receipts, at most 40 characters; may be empty.
    pub tax_id: Option<String>,
    /// Address on receipts in one or more lines, at most 200 characters; may be empty.
    pub address: Option<String>,
    /// Last lines of receipts, at most 500 characters; may be empty.
    pub receipt_footer: Option<String>,
    /// Receipts show dialled numbers without their last digits but two.
    pub mask_numbers: Option<bool>,
    /// What an attendant may take off one session's bill at most, in the callshop's currency.
    pub attendant_max_discount: Option<Decimal>,
    /// What an attendant may give back of one session at most, in the callshop's currency.
    pub attendant_max_refund: Option<Decimal>,
}

/// Mutations of this file.
#[derive(Default)]
pub struct SettingsMutation;

#[Object]
impl SettingsMutation {
    /// Changes how a callshop rounds cash, what its receipts say, and how far its attendants may go.
    async fn update_callshop_settings(
        &self,
        ctx: &Context<'_>,
        input: UpdateCallshopSettingsInput,
    ) -> async_graphql::Result<CallshopPayload> {
        let updated = async {
            let change = SettingsChange {
                cash_step: changed(input.cash_step).map(|step| step.map(|step| step.0)),
                legal_name: input.legal_name,
                tax_id: input.tax_id,
                address: input.address,
                receipt_footer: input.receipt_footer,
                mask_numbers: input.mask_numbers,
                attendant_max_discount: input.attendant_max_discount.map(|ceiling| ceiling.0),
                attendant_max_refund: input.attendant_max_refund.map(|ceiling| ceiling.0),
            };
            let id = Kind::Callshop.parse(&input.callshop_id)?;
            settings::update(app(ctx), caller(ctx)?, id, change).await
        };
        let shop = updated.await.map(Callshop);
        answer(shop.map(|shop| CallshopPayload { callshop: Some(shop), user_errors: Vec::new() }))
    }
}
