//! Callshop settings: cash rounding, receipts, and attendants' limits.

use async_graphql::{Context, ID, InputObject, MaybeUndefined};
use graphql_macros::object;

use super::accounts::{Callshop, CallshopPayload};
use super::payload::answer;
use super::roles::BACK_OFFICE;
use super::scalars::{Decimal, Kind};
use super::sessions::changed;
use super::{app, caller};
use app::settings::{self, SettingsChange};

/// Changes to a callshop's settings; omitted fields are left unchanged.
#[derive(InputObject)]
pub struct UpdateCallshopSettingsInput {
    /// A callshop in the caller's subtree.
    pub callshop_id: ID,
    /// Cash totals are rounded to multiples of this amount, in the callshop's currency. The amount must be above zero. Null restores the currency's
    /// minor unit.
    pub cash_step: MaybeUndefined<Decimal>,
    /// Name printed on receipts, at most 100 characters. If this name is empty, receipts show the display name.
    pub legal_name: Option<String>,
    /// Tax id printed on receipts, at most 40 characters; may be empty.
    pub tax_id: Option<String>,
    /// Address printed on receipts, one or more lines, at most 200 characters; may be empty.
    pub address: Option<String>,
    /// Text at the end of receipts, at most 500 characters; may be empty.
    pub receipt_footer: Option<String>,
    /// Pix key of the shop's bank account: a CPF, a CNPJ, a phone with +55, an e-mail address, or a random key. A new key needs `pixName` and
    /// `pixCity`. Null removes the key, the name, and the city. Only for callshops whose currency is BRL.
    pub pix_key: MaybeUndefined<String>,
    /// Recipient's name in Pix codes, 1 to 25 letters. Accents are removed.
    pub pix_name: Option<String>,
    /// Recipient's city in Pix codes, 1 to 15 letters. Accents are removed.
    pub pix_city: Option<String>,
    /// Whether receipts hide the four digits before the last two of each dialed number, as in "+351 912 *** *78".
    pub mask_numbers: Option<bool>,
    /// The remaining time in seconds, 1 to 3600, at which CALL_ENDING_SOON and DEPOSIT_LOW announce the end of a call. Null or 0 disables these two
    /// events.
    pub ending_soon_seconds: MaybeUndefined<i32>,
    /// Largest total discount an attendant may apply to one session, in the callshop's currency.
    pub attendant_max_discount: Option<Decimal>,
    /// Largest total refund an attendant may give on one session, in the callshop's currency.
    pub attendant_max_refund: Option<Decimal>,
}

/// The fields of `Mutation` for the settings of callshops.
#[derive(Default)]
pub struct SettingsMutation;

#[object(root = "Mutation")]
impl SettingsMutation {
    /// Changes a callshop's cash rounding, receipt texts, Pix key, warnings before the end of a call, and attendants' limits. Hidden from attendants.
    #[field(roles = BACK_OFFICE, scope = ACCOUNTS_WRITE)]
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
                pix_key: changed(input.pix_key),
                pix_name: input.pix_name,
                pix_city: input.pix_city,
                mask_numbers: input.mask_numbers,
                ending_soon_seconds: changed(input.ending_soon_seconds),
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
