//! GraphQL types of the platform, distributors, resellers and callshops.

use async_graphql::{Context, ID, SimpleObject};
use billing::number::DialPlan;
use chrono::{DateTime, Utc};
use entity::account;
use futures_util::FutureExt as _;
use graphql_macros::object;
use uuid::Uuid;

use crate::cabins::{Cabin, cabins_of};
use crate::filters::NameOrder;
use crate::loaders::{ShopId, load};
use crate::paging::{Page, Paging, Sort, sorted};
use crate::payload::{nullable, top_level};
use crate::register::RegisterShift;
use crate::roles::{BACK_OFFICE, MANAGERS};
use crate::scalars::{Kind, Money};
use crate::tariffs::{Tariff, bought_tariff};
use crate::users::User;
use crate::{actor, app, credit, graphql_enum};
use app::access::Shop;
use app::auth::Right;
use app::{accounts, finding, register, users};
use base::error::Error;
use store::sorted::Key;

graphql_enum!(
    /// Kind of an account.
    AccountType = "entity::AccountKind" {
        /// The root of the account tree.
        Platform,
        /// An account that sells to resellers and callshops.
        Distributor,
        /// An account that sells to callshops, and to its own resellers.
        Reseller,
        /// A shop that sells calls over the counter.
        Callshop,
    }
);

/// The platform, a distributor or a reseller.
#[derive(async_graphql::Description)]
pub struct Account(pub account::Model);

#[object(roles = MANAGERS, scope = ACCOUNTS_READ)]
impl Account {
    /// Global id.
    pub(crate) fn id(&self) -> ID {
        Kind::Account.id(self.0.id)
    }

    /// Kind of the account: platform, distributor or reseller.
    fn kind(&self) -> AccountType {
        self.0.kind.into()
    }

    /// Display name.
    fn name(&self) -> &str {
        &self.0.name
    }

    /// The part after `@` in the logins of the account's users.
    fn code(&self) -> &str {
        &self.0.code
    }

    /// ISO 4217 code of the currency, which is the same for a distributor and all accounts below it.
    fn currency(&self) -> &str {
        &self.0.currency
    }

    /// IANA time zone, such as "America/Sao_Paulo".
    fn time_zone(&self) -> &str {
        &self.0.time_zone
    }

    /// Default language and region, as a BCP 47 tag such as "pt-BR".
    fn locale(&self) -> &str {
        &self.0.locale
    }

    /// Country, as an ISO 3166-1 alpha-2 code such as "BR".
    fn country(&self) -> &str {
        &self.0.country
    }

    /// Tariff that determines what the account pays its parent; null if no tariff is assigned, or if the caller has no permission to view it. An
    /// account and its parent may view the account's cost tariff.
    #[field(roles = MANAGERS)]
    async fn cost_tariff(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Tariff>> {
        bought_tariff(ctx, self.0.cost_tariff_id).boxed().await
    }

    /// When the account was suspended; null if it is not suspended. No new calls are allowed below a suspended account.
    fn suspended_at(&self) -> Option<DateTime<Utc>> {
        self.0.suspended_at
    }

    /// When the account was created.
    fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// Credit balance with the parent; negative if the credit limit is in use.
    #[field(scope = LEDGER_READ)]
    async fn balance(&self, ctx: &Context<'_>) -> async_graphql::Result<Money> {
        credit::balance(ctx, &self.0).boxed().await
    }

    /// How far below zero the balance may go; null if there is no limit.
    #[field(scope = LEDGER_READ)]
    async fn credit_limit(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Money>> {
        credit::limit(ctx, &self.0)
    }

    /// Credit reserved by live calls below the account, until they end.
    #[field(scope = LEDGER_READ)]
    async fn held(&self, ctx: &Context<'_>) -> async_graphql::Result<Money> {
        credit::held(ctx, &self.0).boxed().await
    }

    /// `balance + creditLimit - held`: the amount that can still be spent; null if there is no credit limit.
    #[field(scope = LEDGER_READ)]
    async fn available(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Money>> {
        credit::available(ctx, &self.0).boxed().await
    }

    /// The account's users are notified when `balance + creditLimit` falls below this amount; null if they are never notified.
    #[field(scope = LEDGER_READ)]
    async fn low_credit(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Money>> {
        credit::low(ctx, &self.0)
    }

    /// Users of this account, oldest first.
    async fn users(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Search text: beginnings of words in the display name or login name, in any order; accents and case are ignored. At most 100 characters and 8 words."
        )]
        search: Option<String>,
        #[graphql(desc = "Oldest first if omitted.")] order_by: Option<NameOrder>,
        paging: Paging,
    ) -> async_graphql::Result<Page<User>> {
        list_users(ctx, self.0.id, search, order_by, paging).boxed().await
    }

    /// Direct child accounts that are distributors or resellers, oldest first.
    async fn children(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Search text: beginnings of words in the name, in any order; accents and case are ignored. At most 100 characters and 8 words."
        )]
        search: Option<String>,
        #[graphql(desc = "Oldest first if omitted.")] order_by: Option<NameOrder>,
        paging: Paging,
    ) -> async_graphql::Result<Page<Account>> {
        list_accounts(ctx, Some(self.0.id), search, order_by, paging).boxed().await
    }
}

/// The callshop to which a row refers.
pub(crate) async fn shop_of(ctx: &Context<'_>, id: Uuid) -> async_graphql::Result<Callshop> {
    let shop = load(ctx, ShopId(id)).await.map_err(top_level)?;
    shop.map(Callshop).ok_or_else(|| {
        top_level(Error::fault(
            "a row refers to a callshop that does not exist; this is a bug, please report it",
        ))
    })
}

/// A shop with telephone cabins. A callshop is always a leaf of the account tree.
#[derive(async_graphql::Description)]
pub struct Callshop(pub Shop);

#[object(scope = ACCOUNTS_READ)]
impl Callshop {
    /// Global id.
    #[field(numbered)]
    pub(crate) fn id(&self) -> ID {
        Kind::Callshop.id(self.0.id())
    }

    /// Display name.
    #[field(numbered)]
    fn name(&self) -> &str {
        &self.0.account.name
    }

    /// The part after `@` in the logins of the account's users. Hidden from attendants.
    #[field(roles = BACK_OFFICE)]
    async fn code(&self, ctx: &Context<'_>) -> async_graphql::Result<&str> {
        actor(ctx)?.require(Right::SeeAccounts).map_err(top_level)?;
        Ok(&self.0.account.code)
    }

    /// Currency of all the callshop's amounts, as an ISO 4217 code.
    #[field(numbered)]
    fn currency(&self) -> &str {
        &self.0.account.currency
    }

    /// IANA time zone, such as "America/Sao_Paulo".
    #[field(numbered)]
    fn time_zone(&self) -> &str {
        &self.0.account.time_zone
    }

    /// Default language and region, as a BCP 47 tag such as "pt-BR".
    #[field(numbered)]
    fn locale(&self) -> &str {
        &self.0.account.locale
    }

    /// Country, as an ISO 3166-1 alpha-2 code such as "BR".
    #[field(numbered)]
    fn country(&self) -> &str {
        &self.0.account.country
    }

    /// Tariff that determines what the callshop pays its parent; null if no tariff is assigned, or if the caller has no permission to view it.
    #[field(roles = MANAGERS)]
    async fn cost_tariff(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Tariff>> {
        bought_tariff(ctx, self.0.account.cost_tariff_id).boxed().await
    }

    /// Tariff that determines what customers pay; null if the cost tariff determines this, or if the caller has no permission to view the tariff.
    #[field(roles = MANAGERS)]
    async fn retail_tariff(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Tariff>> {
        bought_tariff(ctx, self.0.account.retail_tariff_id).boxed().await
    }

    /// Prefixes (E.164 digits) that are blocked for this callshop, in addition to the blocked prefixes of its tariffs.
    #[field(numbered)]
    fn blocked_prefixes(&self) -> Vec<&str> {
        self.0
            .settings
            .blocked_prefixes
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(serde_json::Value::as_str)
            .collect()
    }

    /// When the callshop was suspended; null if it is not suspended. A suspended callshop can make no new calls.
    #[field(numbered)]
    fn suspended_at(&self) -> Option<DateTime<Utc>> {
        self.0.account.suspended_at
    }

    /// When the callshop was created.
    #[field(numbered)]
    fn created_at(&self) -> DateTime<Utc> {
        self.0.account.created_at
    }

    /// Credit balance with the parent; negative if the credit limit is in use. Hidden from attendants.
    #[field(roles = BACK_OFFICE, scope = LEDGER_READ)]
    async fn balance(&self, ctx: &Context<'_>) -> async_graphql::Result<Money> {
        credit::balance(ctx, &self.0.account).boxed().await
    }

    /// How far below zero the balance may go; null if there is no limit. Hidden from attendants.
    #[field(roles = BACK_OFFICE, scope = LEDGER_READ)]
    async fn credit_limit(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Money>> {
        credit::limit(ctx, &self.0.account)
    }

    /// Credit reserved by live calls, until they end. Hidden from attendants.
    #[field(roles = BACK_OFFICE, scope = LEDGER_READ)]
    async fn held(&self, ctx: &Context<'_>) -> async_graphql::Result<Money> {
        credit::held(ctx, &self.0.account).boxed().await
    }

    /// `balance + creditLimit - held`: the amount that can still be spent; null if there is no credit limit. Hidden from attendants.
    #[field(roles = BACK_OFFICE, scope = LEDGER_READ)]
    async fn available(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Money>> {
        credit::available(ctx, &self.0.account).boxed().await
    }

    /// The owner is notified when `balance + creditLimit` falls below this amount; null if the owner is never notified. Hidden from attendants.
    #[field(roles = BACK_OFFICE, scope = LEDGER_READ)]
    async fn low_credit(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Money>> {
        credit::low(ctx, &self.0.account)
    }

    /// Cabins that are not retired, oldest first.
    #[field(numbered)]
    async fn cabins(&self, ctx: &Context<'_>, paging: Paging) -> async_graphql::Result<Page<Cabin>> {
        cabins_of(ctx, self.0.id(), paging).boxed().await
    }

    /// The open shift; null if the register is closed.
    #[field(numbered)]
    async fn current_register(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<RegisterShift>> {
        let found = register::current(app(ctx), actor(ctx)?, self.0.id()).boxed().await;
        nullable(found.map(RegisterShift)).transpose()
    }

    /// Maximum duration of a call in seconds, regardless of credit.
    #[field(numbered)]
    fn max_call_seconds(&self) -> i32 {
        self.0.settings.max_call_seconds
    }

    /// Caller ID shown to called parties; empty for anonymous calls.
    #[field(numbered)]
    fn caller_id(&self) -> &str {
        &self.0.settings.caller_id
    }

    /// Cash totals are rounded to multiples of this amount; null if they are rounded to the currency's minor unit.
    #[field(numbered)]
    fn cash_step(&self) -> Option<Money> {
        self.0.settings.cash_step.map(|step| Money::new(step, &self.0.account.currency))
    }

    /// Name on receipts; empty if the display name is used.
    #[field(numbered)]
    fn legal_name(&self) -> &str {
        &self.0.settings.legal_name
    }

    /// Tax id on receipts; may be empty.
    #[field(numbered)]
    fn tax_id(&self) -> &str {
        &self.0.settings.tax_id
    }

    /// Address on receipts, one or more lines; may be empty.
    #[field(numbered)]
    fn address(&self) -> &str {
        &self.0.settings.address
    }

    /// Text at the end of receipts; may be empty.
    #[field(numbered)]
    fn receipt_footer(&self) -> &str {
        &self.0.settings.receipt_footer
    }

    /// Pix key of the shop's bank account, without punctuation; null if the shop has none. `CabinSession.pix` makes the Pix code with which a
    /// customer pays.
    #[field(numbered)]
    fn pix_key(&self) -> Option<&str> {
        self.0.settings.pix_key.as_deref()
    }

    /// Recipient's name in Pix codes, without accents; null without a Pix key.
    #[field(numbered)]
    fn pix_name(&self) -> Option<&str> {
        self.0.settings.pix_name.as_deref()
    }

    /// Recipient's city in Pix codes, without accents; null without a Pix key.
    #[field(numbered)]
    fn pix_city(&self) -> Option<&str> {
        self.0.settings.pix_city.as_deref()
    }

    /// Whether receipts hide the four digits before the last two of each dialed number, as in "+351 912 *** *78".
    #[field(numbered)]
    fn mask_numbers(&self) -> bool {
        self.0.settings.mask_numbers
    }

    /// The remaining time in seconds at which CALL_ENDING_SOON and DEPOSIT_LOW announce the end of a call; null if the end is not announced. The
    /// default for a new callshop is 60 seconds.
    #[field(numbered)]
    fn ending_soon_seconds(&self) -> Option<i32> {
        self.0.settings.ending_soon_seconds
    }

    /// Largest total discount an attendant may apply to one session.
    #[field(numbered)]
    fn attendant_max_discount(&self) -> Money {
        Money::new(self.0.settings.attendant_max_discount, &self.0.account.currency)
    }

    /// Largest total refund an attendant may give on one session.
    #[field(numbered)]
    fn attendant_max_refund(&self) -> Money {
        Money::new(self.0.settings.attendant_max_refund, &self.0.account.currency)
    }

    /// The rules by which customers' dialed digits are interpreted.
    fn dial_plan(&self) -> async_graphql::Result<DialPlanView> {
        let plan: DialPlan = serde_json::from_value(self.0.settings.dial_plan.clone())
            .map_err(|error| top_level(Error::fault(error)))?;
        Ok(plan.into())
    }

    /// Owner and attendants, oldest first. Hidden from attendants.
    #[field(roles = BACK_OFFICE)]
    async fn users(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Search text: beginnings of words in the display name or login name, in any order; accents and case are ignored. At most 100 characters and 8 words."
        )]
        search: Option<String>,
        #[graphql(desc = "Oldest first if omitted.")] order_by: Option<NameOrder>,
        paging: Paging,
    ) -> async_graphql::Result<Page<User>> {
        list_users(ctx, self.0.id(), search, order_by, paging).boxed().await
    }
}

/// Rules for interpreting dialed digits.
#[object]
#[derive(SimpleObject)]
#[graphql(name = "DialPlan")]
pub struct DialPlanView {
    /// Country, as an ISO 3166-1 alpha-2 code such as "BR".
    pub country: String,
    /// Country calling code, digits without "+".
    pub country_code: String,
    /// Area code that is prepended to local numbers; null if there is no area code.
    pub area_code: Option<String>,
    /// Prefixes of international numbers, such as "00".
    pub international_prefixes: Vec<String>,
    /// Prefix of national numbers, such as "0"; null if the country has no such prefix.
    pub trunk_prefix: Option<String>,
    /// Length of the carrier code after the trunk or international prefix: 2 in Brazil, 0 in countries without carrier codes.
    pub carrier_code_digits: i32,
    /// Emergency numbers. Calls to emergency numbers are free, and allowed from any phone.
    pub emergency: Vec<String>,
}

impl From<DialPlan> for DialPlanView {
    fn from(plan: DialPlan) -> Self {
        Self {
            country: plan.country,
            country_code: plan.country_code,
            area_code: plan.area_code,
            international_prefixes: plan.international_prefixes,
            trunk_prefix: plan.trunk_prefix,
            carrier_code_digits: plan.carrier_code_digits.into(),
            emergency: plan.emergency.into_iter().collect(),
        }
    }
}

async fn list_users(
    ctx: &Context<'_>,
    account: Uuid,
    search: Option<String>,
    order_by: Option<NameOrder>,
    paging: Paging,
) -> async_graphql::Result<Page<User>> {
    let (app, actor) = (app(ctx), actor(ctx)?);
    let words = finding::words("search", search.as_deref()).map_err(top_level)?;
    let order = (order_by.map_or(Sort::OLDEST_FIRST, Into::into), Sort::OLDEST_FIRST);
    let read = |slice| users::list(app, actor, account, &words, slice);
    sorted(ctx, paging, order, read, |user| (Key::name(&user.display_name), user.id), User).await
}

pub(super) async fn list_accounts(
    ctx: &Context<'_>,
    parent: Option<Uuid>,
    search: Option<String>,
    order_by: Option<NameOrder>,
    paging: Paging,
) -> async_graphql::Result<Page<Account>> {
    let (app, actor) = (app(ctx), actor(ctx)?);
    let words = finding::words("search", search.as_deref()).map_err(top_level)?;
    let order = (order_by.map_or(Sort::OLDEST_FIRST, Into::into), Sort::OLDEST_FIRST);
    let read = |slice| accounts::list_managers(app, actor, parent, &words, slice);
    sorted(ctx, paging, order, read, |row| (Key::name(&row.name), row.id), Account).await
}
