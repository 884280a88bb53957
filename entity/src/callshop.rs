//! Settings that only a callshop has. The callshop's account has the same id.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::columns::Micros;
use crate::parents::parents;

/// Settings that only a callshop has. The callshop's account has the same id.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "callshop")]
pub struct Model {
    /// The callshop's account.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: Uuid,
    /// A `billing::number::DialPlan`.
    pub dial_plan: Json,
    /// Maximum duration of a call in seconds, regardless of credit.
    pub max_call_seconds: i32,
    /// E.164 prefixes that are blocked: a sorted list of strings.
    pub blocked_prefixes: Json,
    /// Number shown to called parties: digits with an optional `+`; empty for anonymous calls.
    pub caller_id: String,
    /// Number of the next register shift.
    pub next_shift_number: i64,
    /// Number of the next receipt.
    pub next_receipt_number: i64,
    /// Cash payments are rounded to multiples of this amount; null means the minor unit.
    pub cash_step: Option<Micros>,
    /// Name on receipts. If this name is empty, receipts show the account's name.
    pub legal_name: String,
    /// Tax ID on receipts.
    pub tax_id: String,
    /// Address on receipts, with line breaks; may be empty.
    pub address: String,
    /// Text at the end of receipts.
    pub receipt_footer: String,
    /// Pix key of the shop's bank account, in the format of the central bank's directory; null if the shop does not use Pix.
    pub pix_key: Option<String>,
    /// Recipient's name in Pix codes; null if the shop does not use Pix.
    pub pix_name: Option<String>,
    /// Recipient's city in Pix codes; null if the shop does not use Pix.
    pub pix_city: Option<String>,
    /// Whether receipts mask the four digits before the last two digits of dialed numbers.
    pub mask_numbers: bool,
    /// Number of seconds before the end of a call at which a warning says that the call is about to end; null for no warning.
    pub ending_soon_seconds: Option<i32>,
    /// Largest total discount an attendant may apply to one session.
    pub attendant_max_discount: Micros,
    /// Largest total refund an attendant may give on one session.
    pub attendant_max_refund: Micros,
}

parents! {
    /// The account to which these settings belong.
    Account: AccountId => account::Id,
}
