//! Accounts of the tree and callshops: types, making them, suspension, dial plans.

use async_graphql::connection::{Connection, EmptyFields};
use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use billing::number::DialPlan;
use chrono::{DateTime, Utc};
use entity::account;
use futures_util::FutureExt as _;
use uuid::Uuid;

use super::paging::{Paging, connection};
use super::payload::{answer, nullable, payload, top_level};
use super::roles::{ADMIN, BACK_OFFICE, MANAGERS, Rule, SIGNED_IN};
use super::scalars::{Kind, Money, parse_any};
use super::users::{User, UserInput};
use super::{actor, app, caller, credit, remote_enum};
use crate::app::access::Shop;
use crate::app::accounts::{self, AccountChange, Created, NewAccount};
use crate::app::users;
use crate::auth::Right;
use crate::error::{Error, Result};

/// Who sees what of this file.
pub const RULES: &[Rule] = &[
    ("Account", MANAGERS),
    ("Query.account", MANAGERS),
    ("Query.accounts", MANAGERS),
    ("Query.callshop", SIGNED_IN),
    ("Query.callshops", SIGNED_IN),
    ("Mutation.createDistributor", ADMIN),
    ("Mutation.createReseller", MANAGERS),
    ("Mutation.createCallshop", MANAGERS),
    ("Mutation.updateAccount", MANAGERS),
    ("Mutation.suspendAccount", MANAGERS),
    ("Mutation.resumeAccount", MANAGERS),
    ("Mutation.setDialPlan", MANAGERS),
    ("Callshop.users", BACK_OFFICE),
    ("Callshop.code", BACK_OFFICE),
    ("Account.costTariff", MANAGERS),
    ("Callshop.costTariff", MANAGERS),
    ("Callshop.retailTariff", MANAGERS),
];

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

/// A connection of this API.
pub type Page<N> = Connection<String, N, EmptyFields, EmptyFields>;

/// The platform, a distributor or a reseller.
pub struct Account(pub account::Model);

#[Object]
impl Account {
    /// Global id.
    pub(super) async fn id(&self) -> ID {
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
    async fn cost_tariff(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<super::tariffs::Tariff>> {
        super::tariffs::assigned_tariff(ctx, self.0.cost_tariff_id).boxed().await
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
    pub(super) async fn id(&self) -> ID {
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
    async fn cost_tariff(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<super::tariffs::Tariff>> {
        super::tariffs::assigned_tariff(ctx, self.0.account.cost_tariff_id).boxed().await
    }

    /// The tariff its customers pay by, when it is not the cost tariff; null for who may not see the whole tariff.
    async fn retail_tariff(
        &self,
        ctx: &Context<'_>,
    ) -> async_graphql::Result<Option<super::tariffs::Tariff>> {
        super::tariffs::assigned_tariff(ctx, self.0.account.retail_tariff_id).boxed().await
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

async fn list_accounts(
    ctx: &Context<'_>,
    parent: Option<Uuid>,
    paging: Paging,
) -> async_graphql::Result<Page<Account>> {
    let (app, actor) = (app(ctx), actor(ctx)?);
    connection(paging, false, |page| accounts::list_managers(app, actor, parent, page), |row| row.id, Account)
        .await
}

/// The row id of an account that may be a callshop.
pub(super) fn parse_account(id: &ID) -> Result<Uuid> {
    match parse_any(id) {
        Some((Kind::Account | Kind::Callshop, id)) => Ok(id),
        _ => Err(Error::NotFound),
    }
}

/// A new distributor.
#[derive(InputObject)]
pub struct CreateDistributorInput {
    /// Display name.
    pub name: String,
    /// Currency of its whole branch.
    pub currency: super::scalars::CurrencyCode,
    /// ISO 3166 alpha-2 code.
    pub country: String,
    /// IANA time zone.
    pub time_zone: String,
    /// Its first user.
    pub user: UserInput,
}

/// A new reseller.
#[derive(InputObject)]
pub struct CreateResellerInput {
    /// Below whom; the caller's own account when left out.
    pub parent_id: Option<ID>,
    /// Display name.
    pub name: String,
    /// IANA time zone; the parent's when left out.
    pub time_zone: Option<String>,
    /// Its first user.
    pub user: UserInput,
}

/// A new callshop.
#[derive(InputObject)]
pub struct CreateCallshopInput {
    /// Below whom; the caller's own account when left out.
    pub parent_id: Option<ID>,
    /// Display name.
    pub name: String,
    /// ISO 3166 alpha-2 code; the parent's when left out. The dial plan starts from it.
    pub country: Option<String>,
    /// IANA time zone; the parent's when left out.
    pub time_zone: Option<String>,
    /// Its owner.
    pub owner: UserInput,
}

/// What to change; what is left out stays.
#[derive(InputObject)]
pub struct UpdateAccountInput {
    /// An account or callshop below the caller's.
    pub account_id: ID,
    /// Display name.
    pub name: Option<String>,
    /// IANA time zone.
    pub time_zone: Option<String>,
    /// BCP 47 tag.
    pub locale: Option<String>,
    /// Longest call of a callshop, 1 to 86400 seconds.
    pub max_call_seconds: Option<i32>,
    /// What parties called from a callshop are shown: digits with an optional "+"; empty makes its calls anonymous.
    pub caller_id: Option<String>,
}

/// Which account.
#[derive(InputObject)]
pub struct AccountIdInput {
    /// A child of the caller's account.
    pub account_id: ID,
}

/// A callshop's dial plan.
#[derive(InputObject)]
pub struct SetDialPlanInput {
    /// Which callshop.
    pub callshop_id: ID,
    /// ISO 3166 alpha-2 code: prefixes, lengths, short and emergency numbers of that country.
    pub country: String,
    /// Area code that local numbers get.
    pub area_code: Option<String>,
}

payload!(
    /// What mutations of accounts answer.
    AccountPayload {
        /// The account as it is now, when it is no callshop.
        account: Account,
        /// The callshop as it is now, when it is one.
        callshop: Callshop,
    }
);

payload!(
    /// What `createDistributor` and `createReseller` answer.
    CreateAccountPayload {
        /// The new account.
        account: Account,
        /// Its first user.
        user: User,
    }
);

payload!(
    /// What `createCallshop` answers.
    CreateCallshopPayload {
        /// The new callshop.
        callshop: Callshop,
        /// Its owner.
        owner: User,
    }
);

payload!(
    /// What `setDialPlan` answers.
    CallshopPayload {
        /// The callshop as it is now.
        callshop: Callshop,
    }
);

/// Queries of this file.
#[derive(Default)]
pub struct AccountQuery;

#[Object]
impl AccountQuery {
    /// A distributor's or reseller's account in the caller's branch.
    async fn account(&self, ctx: &Context<'_>, id: ID) -> Option<async_graphql::Result<Account>> {
        let found = async { accounts::find(app(ctx), caller(ctx)?, Kind::Account.parse(&id)?).await };
        nullable(found.await.map(Account))
    }

    /// Accounts of the caller's branch that are no callshops, oldest first.
    async fn accounts(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> async_graphql::Result<Page<Account>> {
        list_accounts(ctx, None, Paging { first, after, last, before }).await
    }

    /// A callshop of the caller's branch.
    async fn callshop(&self, ctx: &Context<'_>, id: ID) -> Option<async_graphql::Result<Callshop>> {
        let found = async { accounts::find_shop(app(ctx), caller(ctx)?, Kind::Callshop.parse(&id)?).await };
        nullable(found.await.map(Callshop))
    }

    /// Callshops of the caller's branch, oldest first.
    async fn callshops(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> async_graphql::Result<Page<Callshop>> {
        let (app, actor) = (app(ctx), actor(ctx)?);
        let read = |page| accounts::list_shops(app, actor, page);
        connection(Paging { first, after, last, before }, false, read, |shop: &Shop| shop.id(), Callshop)
            .await
    }
}

/// Mutations of this file.
#[derive(Default)]
pub struct AccountMutation;

#[Object]
impl AccountMutation {
    /// Makes a distributor and its first user.
    async fn create_distributor(
        &self,
        ctx: &Context<'_>,
        input: CreateDistributorInput,
    ) -> async_graphql::Result<CreateAccountPayload> {
        let new = NewAccount {
            parent_id: None,
            kind: entity::AccountKind::Distributor,
            name: input.name,
            currency: Some(input.currency.0),
            time_zone: Some(input.time_zone),
            country: Some(input.country),
            locale: None,
            user: Some(input.user.into_new(entity::Role::Distributor)),
        };
        answer(create(ctx, new).await.map(created))
    }

    /// Makes a reseller and its first user.
    async fn create_reseller(
        &self,
        ctx: &Context<'_>,
        input: CreateResellerInput,
    ) -> async_graphql::Result<CreateAccountPayload> {
        let made = async {
            let new = NewAccount {
                parent_id: input.parent_id.as_ref().map(parse_account).transpose()?,
                kind: entity::AccountKind::Reseller,
                name: input.name,
                currency: None,
                time_zone: input.time_zone,
                country: None,
                locale: None,
                user: Some(input.user.into_new(entity::Role::Reseller)),
            };
            create(ctx, new).await
        };
        answer(made.await.map(created))
    }

    /// Makes a callshop and its owner.
    async fn create_callshop(
        &self,
        ctx: &Context<'_>,
        input: CreateCallshopInput,
    ) -> async_graphql::Result<CreateCallshopPayload> {
        let made = async {
            let new = NewAccount {
                parent_id: input.parent_id.as_ref().map(parse_account).transpose()?,
                kind: entity::AccountKind::Callshop,
                name: input.name,
                currency: None,
                time_zone: input.time_zone,
                country: input.country,
                locale: None,
                user: Some(input.owner.into_new(entity::Role::CallshopOwner)),
            };
            let made = create(ctx, new).await?;
            let shop = accounts::find_shop(app(ctx), caller(ctx)?, made.account.id).await?;
            Ok(CreateCallshopPayload {
                callshop: Some(Callshop(shop)),
                owner: made.user.map(User),
                user_errors: Vec::new(),
            })
        };
        answer(made.await)
    }

    /// Changes names and settings of an account or callshop below the caller's.
    async fn update_account(
        &self,
        ctx: &Context<'_>,
        input: UpdateAccountInput,
    ) -> async_graphql::Result<AccountPayload> {
        let changed = async {
            let seconds = input.max_call_seconds.map(u32::try_from).transpose();
            let change = AccountChange {
                name: input.name,
                time_zone: input.time_zone,
                locale: input.locale,
                max_call_seconds: seconds
                    .map_err(|_| Error::invalid("maxCallSeconds", "1 to 86400 seconds"))?,
                caller_id: input.caller_id,
            };
            let account =
                accounts::update(app(ctx), caller(ctx)?, parse_account(&input.account_id)?, change).await?;
            changed(ctx, account).await
        };
        answer(changed.await)
    }

    /// Allows no new calls anywhere below a child. Calls that are up go on.
    async fn suspend_account(
        &self,
        ctx: &Context<'_>,
        input: AccountIdInput,
    ) -> async_graphql::Result<AccountPayload> {
        answer(set_suspended(ctx, &input.account_id, true).await)
    }

    /// Allows calls below a suspended child again.
    async fn resume_account(
        &self,
        ctx: &Context<'_>,
        input: AccountIdInput,
    ) -> async_graphql::Result<AccountPayload> {
        answer(set_suspended(ctx, &input.account_id, false).await)
    }

    /// Sets how a callshop's customers dial.
    async fn set_dial_plan(
        &self,
        ctx: &Context<'_>,
        input: SetDialPlanInput,
    ) -> async_graphql::Result<CallshopPayload> {
        let changed = async {
            let plan = DialPlan {
                area_code: input.area_code,
                ..DialPlan::for_country(&input.country.to_ascii_uppercase())
            };
            accounts::set_dial_plan(app(ctx), caller(ctx)?, Kind::Callshop.parse(&input.callshop_id)?, plan)
                .await
        };
        answer(
            changed
                .await
                .map(|shop| CallshopPayload { callshop: Some(Callshop(shop)), user_errors: Vec::new() }),
        )
    }
}

async fn create(ctx: &Context<'_>, new: NewAccount) -> Result<Created> {
    accounts::create(app(ctx), caller(ctx)?, new).await
}

fn created(made: Created) -> CreateAccountPayload {
    CreateAccountPayload {
        account: Some(Account(made.account)),
        user: made.user.map(User),
        user_errors: Vec::new(),
    }
}

async fn set_suspended(ctx: &Context<'_>, id: &ID, suspended: bool) -> Result<AccountPayload> {
    let account = accounts::set_suspended(app(ctx), caller(ctx)?, parse_account(id)?, suspended).await?;
    changed(ctx, account).await
}

/// The payload with an account that was changed.
pub(super) async fn changed(ctx: &Context<'_>, account: account::Model) -> Result<AccountPayload> {
    if account.kind != entity::AccountKind::Callshop {
        return Ok(AccountPayload { account: Some(Account(account)), ..Default::default() });
    }
    let shop = accounts::find_shop(app(ctx), caller(ctx)?, account.id).await?;
    Ok(AccountPayload { callshop: Some(Callshop(shop)), ..Default::default() })
}
