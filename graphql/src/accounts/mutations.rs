//! Mutations that create, change and suspend accounts.

use async_graphql::{Context, ID, InputObject};
use billing::number::DialPlan;
use entity::account;
use graphql_macros::object;

use super::types::{Account, Callshop};
use super::{parse_account, parse_account_if};
use crate::payload::{answer, payload};
use crate::roles::{ADMIN, MANAGERS};
use crate::scalars::{CurrencyCode, Kind};
use crate::users::{User, UserInput};
use crate::{app, caller, keyed};
use app::accounts::{self, AccountChange, Created, NewAccount};
use base::error::{Error, Result};

/// A new distributor.
#[derive(InputObject)]
pub struct CreateDistributorInput {
    /// Display name.
    pub name: String,
    /// Currency of the distributor and of all accounts below it.
    pub currency: CurrencyCode,
    /// ISO 3166-1 alpha-2 code, such as "BR".
    pub country: String,
    /// IANA time zone, such as "America/Sao_Paulo".
    pub time_zone: String,
    /// The distributor's first user.
    pub user: UserInput,
    /// Makes the request safe to repeat: a repeated request with the same key and input changes nothing, and gets the answer to the first request. A
    /// key has at most 100 bytes and is kept for 400 days.
    pub idempotency_key: Option<String>,
}

/// A new reseller.
#[derive(InputObject)]
pub struct CreateResellerInput {
    /// Parent account; the caller's own account if omitted.
    pub parent_id: Option<ID>,
    /// Display name.
    pub name: String,
    /// IANA time zone; the parent's time zone if omitted.
    pub time_zone: Option<String>,
    /// The reseller's first user.
    pub user: UserInput,
    /// Makes the request safe to repeat: a repeated request with the same key and input changes nothing, and gets the answer to the first request. A
    /// key has at most 100 bytes and is kept for 400 days.
    pub idempotency_key: Option<String>,
}

/// A new callshop.
#[derive(InputObject)]
pub struct CreateCallshopInput {
    /// Parent account; the caller's own account if omitted.
    pub parent_id: Option<ID>,
    /// Display name.
    pub name: String,
    /// ISO 3166-1 alpha-2 code of the country, which selects the initial dial plan; the parent's country if omitted.
    pub country: Option<String>,
    /// IANA time zone; the parent's time zone if omitted.
    pub time_zone: Option<String>,
    /// The callshop's owner.
    pub owner: UserInput,
    /// Makes the request safe to repeat: a repeated request with the same key and input changes nothing, and gets the answer to the first request. A
    /// key has at most 100 bytes and is kept for 400 days.
    pub idempotency_key: Option<String>,
}

/// Changes to an account; omitted fields are left unchanged.
#[derive(InputObject)]
pub struct UpdateAccountInput {
    /// An account or callshop below the caller's account.
    pub account_id: ID,
    /// Display name.
    pub name: Option<String>,
    /// IANA time zone, such as "America/Sao_Paulo".
    pub time_zone: Option<String>,
    /// BCP 47 tag, such as "pt-BR".
    pub locale: Option<String>,
    /// Maximum duration of a callshop's calls, 1 to 86400 seconds.
    pub max_call_seconds: Option<i32>,
    /// Caller ID shown for a callshop's calls: digits with an optional "+"; empty for anonymous calls.
    pub caller_id: Option<String>,
    /// Makes the request safe to repeat: a repeated request with the same key and input changes nothing, and gets the answer to the first request. A
    /// key has at most 100 bytes and is kept for 400 days.
    pub idempotency_key: Option<String>,
}

/// Selects an account.
#[derive(InputObject)]
pub struct AccountIdInput {
    /// A child of the caller's account.
    pub account_id: ID,
}

/// A callshop's dial plan.
#[derive(InputObject)]
pub struct SetDialPlanInput {
    /// A callshop in the caller's subtree.
    pub callshop_id: ID,
    /// ISO 3166-1 alpha-2 code of a country. The prefixes, number lengths, short numbers and emergency numbers are set to those of this country.
    pub country: String,
    /// Area code that is prepended to local numbers.
    pub area_code: Option<String>,
    /// Makes the request safe to repeat: a repeated request with the same key and input changes nothing, and gets the answer to the first request. A
    /// key has at most 100 bytes and is kept for 400 days.
    pub idempotency_key: Option<String>,
}

payload!(
    /// Result of the account mutations.
    AccountPayload {
        /// The account after the change; null if the account is a callshop.
        account: Account,
        /// The callshop after the change; null if the account is not a callshop.
        callshop: Callshop,
    }
);

payload!(
    /// Result of `createDistributor` and `createReseller`.
    CreateAccountPayload {
        /// The new account.
        account: Account,
        /// The account's first user.
        user: User,
    }
);

payload!(
    /// Result of `createCallshop`.
    CreateCallshopPayload {
        /// The new callshop.
        callshop: Callshop,
        /// The callshop's owner.
        owner: User,
    }
);

payload!(
    /// Result of `setDialPlan` and `updateCallshopSettings`.
    CallshopPayload {
        /// The callshop after the change.
        callshop: Callshop,
    }
);

/// The fields of `Mutation` for accounts and callshops.
#[derive(Default)]
pub struct AccountMutation;

#[object(root = "Mutation")]
impl AccountMutation {
    /// Creates a distributor and its first user. Visible to the platform only.
    #[field(roles = ADMIN, scope = ACCOUNTS_WRITE)]
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
        answer(create(ctx, input.idempotency_key.as_deref(), new).await.map(created))
    }

    /// Creates a reseller and its first user.
    #[field(roles = MANAGERS, scope = ACCOUNTS_WRITE)]
    async fn create_reseller(
        &self,
        ctx: &Context<'_>,
        input: CreateResellerInput,
    ) -> async_graphql::Result<CreateAccountPayload> {
        let made = async {
            let new = NewAccount {
                parent_id: parse_account_if(ctx, input.parent_id.as_ref()).await?,
                kind: entity::AccountKind::Reseller,
                name: input.name,
                currency: None,
                time_zone: input.time_zone,
                country: None,
                locale: None,
                user: Some(input.user.into_new(entity::Role::Reseller)),
            };
            create(ctx, input.idempotency_key.as_deref(), new).await
        };
        answer(made.await.map(created))
    }

    /// Creates a callshop and its owner.
    #[field(roles = MANAGERS, scope = ACCOUNTS_WRITE)]
    async fn create_callshop(
        &self,
        ctx: &Context<'_>,
        input: CreateCallshopInput,
    ) -> async_graphql::Result<CreateCallshopPayload> {
        let made = async {
            let new = NewAccount {
                parent_id: parse_account_if(ctx, input.parent_id.as_ref()).await?,
                kind: entity::AccountKind::Callshop,
                name: input.name,
                currency: None,
                time_zone: input.time_zone,
                country: input.country,
                locale: None,
                user: Some(input.owner.into_new(entity::Role::CallshopOwner)),
            };
            let made = create(ctx, input.idempotency_key.as_deref(), new).await?;
            let shop = accounts::find_shop(app(ctx), caller(ctx)?, made.account.id).await?;
            Ok(CreateCallshopPayload {
                callshop: Some(Callshop(shop)),
                owner: made.user.map(User),
                user_errors: Vec::new(),
            })
        };
        answer(made.await)
    }

    /// Changes the name and the settings of an account or callshop below the caller's account.
    #[field(roles = MANAGERS, scope = ACCOUNTS_WRITE)]
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
                max_call_seconds: seconds.map_err(|_| {
                    Error::invalid("maxCallSeconds", "`maxCallSeconds` must be between 1 and 86400.")
                })?,
                caller_id: input.caller_id,
            };
            let actor = keyed(ctx, input.idempotency_key.as_deref())?;
            let id = parse_account(ctx, &input.account_id).await?;
            let account = accounts::update(app(ctx), &actor, id, change).await?;
            changed(ctx, account).await
        };
        answer(changed.await)
    }

    /// Suspends a child account. No new calls are allowed below a suspended account; calls in progress continue.
    #[field(roles = MANAGERS, scope = ACCOUNTS_WRITE)]
    async fn suspend_account(
        &self,
        ctx: &Context<'_>,
        input: AccountIdInput,
    ) -> async_graphql::Result<AccountPayload> {
        answer(set_suspended(ctx, &input.account_id, true).await)
    }

    /// Resumes a suspended child account.
    #[field(roles = MANAGERS, scope = ACCOUNTS_WRITE)]
    async fn resume_account(
        &self,
        ctx: &Context<'_>,
        input: AccountIdInput,
    ) -> async_graphql::Result<AccountPayload> {
        answer(set_suspended(ctx, &input.account_id, false).await)
    }

    /// Sets a callshop's dial plan.
    #[field(roles = MANAGERS, scope = ACCOUNTS_WRITE)]
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
            let actor = keyed(ctx, input.idempotency_key.as_deref())?;
            accounts::set_dial_plan(app(ctx), &actor, Kind::Callshop.parse(&input.callshop_id)?, plan).await
        };
        answer(
            changed
                .await
                .map(|shop| CallshopPayload { callshop: Some(Callshop(shop)), user_errors: Vec::new() }),
        )
    }
}

async fn create(ctx: &Context<'_>, key: Option<&str>, new: NewAccount) -> Result<Created> {
    let actor = keyed(ctx, key)?;
    accounts::create(app(ctx), &actor, new).await
}

fn created(made: Created) -> CreateAccountPayload {
    CreateAccountPayload {
        account: Some(Account(made.account)),
        user: made.user.map(User),
        user_errors: Vec::new(),
    }
}

async fn set_suspended(ctx: &Context<'_>, id: &ID, suspended: bool) -> Result<AccountPayload> {
    let account =
        accounts::set_suspended(app(ctx), caller(ctx)?, parse_account(ctx, id).await?, suspended).await?;
    changed(ctx, account).await
}

/// The payload that returns a changed account.
pub(crate) async fn changed(ctx: &Context<'_>, account: account::Model) -> Result<AccountPayload> {
    if account.kind != entity::AccountKind::Callshop {
        return Ok(AccountPayload { account: Some(Account(account)), ..Default::default() });
    }
    let shop = accounts::find_shop(app(ctx), caller(ctx)?, account.id).await?;
    Ok(AccountPayload { callshop: Some(Callshop(shop)), ..Default::default() })
}
