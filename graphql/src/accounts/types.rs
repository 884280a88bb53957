//! The platform, distributors, resellers and callshops, as they are shown.

use async_graphql::{Context, ID, Object, SimpleObject};
use billing::number::DialPlan;
use chrono::{DateTime, Utc};
use entity::account;
use futures_util::FutureExt as _;
use uuid::Uuid;

use crate::paging::{Page, Paging, connection};
use crate::payload::top_level;
use crate::scalars::{Kind, Money};
use crate::tariffs::{Tariff, assigned_tariff};
use crate::users::User;
use crate::{actor, app, credit, remote_enum};
use app::access::Shop;
use app::auth::Right;
use app::{accounts, users};
use base::error::Error;

remote_enum!(
    /// What a node of the account tree is.
    AccountType = "entity::AccountKind" {
        /// The root.
        Platform,
        /// Sells to resellers and callshops.
        Distributor,
        /// Sells to callshops, and to resellers of its own.
        Reseller,
        /// Sells calls over the counter.
        Callshop,
    }
);

/// The platform, a distributor or a reseller.
pub struct Account(pub account::Model);

#[Object]
impl Account {
    /// Global id.
    pub(crate) async fn id(&self) -> ID {
        Kind::Account.id(self.0.id)
    }

    /// What it is.
    async fn kind(&self) -> AccountType {
        self.0.kind.into()
    }

    /// Display name.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// The part of its users' logins behind `@`.
    async fn code(&self) -> &str {
        &self.0.code
    }

    /// ISO 4217 code, the same in a distributor's whole branch.
    async fn currency(&self) -> &str {
        &self.0.currency
    }

    /// IANA time zone.
    async fn time_zone(&self) -> &str {
        &self.0.time_zone
    }

    /// BCP 47 tag.
    async fn locale(&self) -> &str {
        &self.0.locale
    }

    /// ISO 3166 alpha-2 code.
    async fn country(&self) -> &str {
        &self.0.country
    }

    /// The tariff it pays its parent by; null without one, and for who may not see the whole tariff.
    async fn cost_tariff(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Tariff>> {
        assigned_tariff(ctx, self.0.cost_tariff_id).boxed().await
    }

    /// Since when no new calls are allowed below it; null when they are.
    async fn suspended_at(&self) -> Option<DateTime<Utc>> {
        self.0.suspended_at
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// What it holds with its parent.
    async fn balance(&self, ctx: &Context<'_>) -> async_graphql::Result<Money> {
        credit::balance(ctx, &self.0).boxed().await
    }

    /// How far below zero its balance may go; null for no limit.
    async fn credit_limit(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Money>> {
        credit::limit(ctx, &self.0)
    }

    /// What live calls below it hold of its balance and limit until they end.
    async fn held(&self, ctx: &Context<'_>) -> async_graphql::Result<Money> {
        credit::held(ctx, &self.0).boxed().await
    }

    /// What may still be spent: balance + creditLimit - held; null without a limit.
    async fn available(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Money>> {
        credit::available(ctx, &self.0).boxed().await
    }

    /// Its people are told when balance + creditLimit falls below this; null for never.
    async fn low_credit(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Money>> {
        credit::low(ctx, &self.0)
    }

    /// Its people, oldest first.
    async fn users(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> async_graphql::Result<Page<User>> {
        list_users(ctx, self.0.id, Paging { first, after, last, before }).boxed().await
    }

    /// Distributors and resellers right below it, oldest first.
    async fn children(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> async_graphql::Result<Page<Account>> {
        list_accounts(ctx, Some(self.0.id), Paging { first, after, last, before }).boxed().await
    }
}

/// A shop with telephone cabins: always a leaf of the tree.
pub struct Callshop(pub Shop);

#[Object]
impl Callshop {
    /// Global id.
    pub(crate) async fn id(&self) -> ID {
        Kind::Callshop.id(self.0.id())
    }

    /// Display name.
    async fn name(&self) -> &str {
        &self.0.account.name
    }

    /// The part of its users' logins behind `@`.
    async fn code(&self, ctx: &Context<'_>) -> async_graphql::Result<&str> {
        actor(ctx)?.require(Right::SeeAccounts).map_err(top_level)?;
        Ok(&self.0.account.code)
    }

    /// ISO 4217 code.
    async fn currency(&self) -> &str {
        &self.0.account.currency
    }

    /// IANA time zone.
    async fn time_zone(&self) -> &str {
        &self.0.account.time_zone
    }

    /// BCP 47 tag.
    async fn locale(&self) -> &str {
        &self.0.account.locale
    }

    /// ISO 3166 alpha-2 code.
    async fn country(&self) -> &str {
        &self.0.account.country
    }

    /// The tariff it pays its parent by; null without one, and for who may not see the whole tariff.
    async fn cost_tariff(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Tariff>> {
        assigned_tariff(ctx, self.0.account.cost_tariff_id).boxed().await
    }

    /// The tariff its customers pay by, when it is not the cost tariff; null for who may not see the whole tariff.
    async fn retail_tariff(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Tariff>> {
        assigned_tariff(ctx, self.0.account.retail_tariff_id).boxed().await
    }

    /// Numbers that begin with one of these digits are refused here, whatever the tariffs say.
    async fn blocked_prefixes(&self) -> Vec<&str> {
        self.0
            .settings
            .blocked_prefixes
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(serde_json::Value::as_str)
            .collect()
    }

    /// Since when it may not make new calls; null when it may.
    async fn suspended_at(&self) -> Option<DateTime<Utc>> {
        self.0.account.suspended_at
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.account.created_at
    }

    /// What it holds with its parent.
    async fn balance(&self, ctx: &Context<'_>) -> async_graphql::Result<Money> {
        credit::balance(ctx, &self.0.account).boxed().await
    }

    /// How far below zero its balance may go; null for no limit.
    async fn credit_limit(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Money>> {
        credit::limit(ctx, &self.0.account)
    }

    /// What live calls hold of its balance and limit until they end.
    async fn held(&self, ctx: &Context<'_>) -> async_graphql::Result<Money> {
        credit::held(ctx, &self.0.account).boxed().await
    }

    /// What may still be spent: balance + creditLimit - held; null without a limit.
    async fn available(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Money>> {
        credit::available(ctx, &self.0.account).boxed().await
    }

    /// Its owner is told when balance + creditLimit falls below this; null for never.
    async fn low_credit(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Money>> {
        credit::low(ctx, &self.0.account)
    }

    /// Longest call in seconds, whatever the credit.
    async fn max_call_seconds(&self) -> i32 {
        self.0.settings.max_call_seconds
    }

    /// What called parties are shown; empty for anonymous calls.
    async fn caller_id(&self) -> &str {
        &self.0.settings.caller_id
    }

    /// Cash is paid in multiples of this; null for the currency's minor unit.
    async fn cash_step(&self) -> Option<Money> {
        self.0.settings.cash_step.map(|step| Money::new(step, &self.0.account.currency))
    }

    /// Name on receipts; empty for the display name.
    async fn legal_name(&self) -> &str {
        &self.0.settings.legal_name
    }

    /// Tax id on receipts; may be empty.
    async fn tax_id(&self) -> &str {
        &self.0.settings.tax_id
    }

    /// Address on receipts, in lines; may be empty.
    async fn address(&self) -> &str {
        &self.0.settings.address
    }

    /// Last lines of receipts; may be empty.
    async fn receipt_footer(&self) -> &str {
        &self.0.settings.receipt_footer
    }

    /// Receipts show dialled numbers without their last digits but two.
    async fn mask_numbers(&self) -> bool {
        self.0.settings.mask_numbers
    }

    /// What an attendant may take off one session's bill at most.
    async fn attendant_max_discount(&self) -> Money {
        Money::new(self.0.settings.attendant_max_discount, &self.0.account.currency)
    }

    /// What an attendant may give back of one session at most.
    async fn attendant_max_refund(&self) -> Money {
        Money::new(self.0.settings.attendant_max_refund, &self.0.account.currency)
    }

    /// How numbers are dialled there.
    async fn dial_plan(&self) -> async_graphql::Result<DialPlanView> {
        let plan: DialPlan = serde_json::from_value(self.0.settings.dial_plan.clone())
            .map_err(|error| top_level(Error::fault(error)))?;
        Ok(plan.into())
    }

    /// Its owner and attendants, oldest first.
    async fn users(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> async_graphql::Result<Page<User>> {
        list_users(ctx, self.0.id(), Paging { first, after, last, before }).boxed().await
    }
}

/// How a callshop's customers dial.
#[derive(SimpleObject)]
#[graphql(name = "DialPlan")]
pub struct DialPlanView {
    /// ISO 3166 alpha-2 code.
    pub country: String,
    /// Country calling code, digits.
    pub country_code: String,
    /// Area code that local numbers get.
    pub area_code: Option<String>,
    /// What comes before an international number, such as "00".
    pub international_prefixes: Vec<String>,
    /// What comes before a national number, such as "0".
    pub trunk_prefix: Option<String>,
    /// Digits of the carrier code behind the trunk or international prefix; 2 in Brazil, 0 where there is none.
    pub carrier_code_digits: i32,
    /// Emergency numbers: free, and allowed from any phone.
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

async fn list_users(ctx: &Context<'_>, account: Uuid, paging: Paging) -> async_graphql::Result<Page<User>> {
    let (app, actor) = (app(ctx), actor(ctx)?);
    connection(paging, false, |page| users::list(app, actor, account, page), |user| user.id, User).await
}

pub(super) async fn list_accounts(
    ctx: &Context<'_>,
    parent: Option<Uuid>,
    paging: Paging,
) -> async_graphql::Result<Page<Account>> {
    let (app, actor) = (app(ctx), actor(ctx)?);
    connection(paging, false, |page| accounts::list_managers(app, actor, parent, page), |row| row.id, Account)
        .await
}
