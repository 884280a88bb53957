//! The account tree and callshops: types, creation, suspension, dial plans.

pub(crate) mod mutations;
pub(crate) mod types;

use async_graphql::{Context, ID};
use graphql_macros::object;
use uuid::Uuid;

pub(super) use mutations::changed;
pub use mutations::{
    AccountMutation, AccountPayload, CallshopPayload, CreateAccountPayload, CreateCallshopPayload,
};
pub(crate) use types::shop_of;
pub use types::{Account, Callshop};

use super::filters::NameOrder;
use super::paging::{Page, Paging, Sort, sorted};
use super::payload::{nullable, top_level};
use super::scalars::{Kind, parse_any};
use super::{actor, app, caller};
use crate::roles::{MANAGERS, SIGNED_IN};
use app::access::Shop;
use app::{App, accounts, finding};
use base::error::{Error, Result};
use store::sorted::Key;
use types::list_accounts;

/// The row id of an account or callshop.
///
/// # Errors
/// Fails with `NOT_FOUND` even if only the type in the id is wrong, because each object has exactly one valid id.
pub(super) async fn parse_account(ctx: &Context<'_>, id: &ID) -> Result<Uuid> {
    account_id(app(ctx), id).await
}

/// Like [`parse_account`], outside a request.
///
/// # Errors
/// See [`parse_account`].
pub(super) async fn account_id(app: &App, id: &ID) -> Result<Uuid> {
    let (kind, id) = parse_any(id).ok_or(Error::NotFound)?;
    let named = match kind {
        Kind::Account => false,
        Kind::Callshop => true,
        _ => return Err(Error::NotFound),
    };
    if accounts::is_callshop(app, id).await? == Some(named) { Ok(id) } else { Err(Error::NotFound) }
}

/// Like [`parse_account`], but for an optional id.
///
/// # Errors
/// See [`parse_account`].
pub(super) async fn parse_account_if(ctx: &Context<'_>, id: Option<&ID>) -> Result<Option<Uuid>> {
    match id {
        Some(id) => parse_account(ctx, id).await.map(Some),
        None => Ok(None),
    }
}

/// The fields of `Query` for accounts and callshops.
#[derive(Default)]
pub struct AccountQuery;

#[object(root = "Query")]
impl AccountQuery {
    /// A distributor's or reseller's account in the caller's subtree; null if there is no such account.
    #[field(roles = MANAGERS, scope = ACCOUNTS_READ)]
    async fn account(&self, ctx: &Context<'_>, id: ID) -> Option<async_graphql::Result<Account>> {
        let found = async { accounts::find(app(ctx), caller(ctx)?, Kind::Account.parse(&id)?).await };
        nullable(found.await.map(Account))
    }

    /// Accounts in the caller's subtree that are not callshops, oldest first.
    #[field(roles = MANAGERS, scope = ACCOUNTS_READ)]
    async fn accounts(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Search text: beginnings of words in the name, in any order; accents and case are ignored. At most 100 characters and 8 words."
        )]
        search: Option<String>,
        #[graphql(desc = "Oldest first if omitted.")] order_by: Option<NameOrder>,
        paging: Paging,
    ) -> async_graphql::Result<Page<Account>> {
        list_accounts(ctx, None, search, order_by, paging).await
    }

    /// A callshop in the caller's subtree; null if there is no such callshop.
    #[field(roles = SIGNED_IN, scope = ACCOUNTS_READ, numbered)]
    async fn callshop(&self, ctx: &Context<'_>, id: ID) -> Option<async_graphql::Result<Callshop>> {
        let found = async { accounts::find_shop(app(ctx), caller(ctx)?, Kind::Callshop.parse(&id)?).await };
        nullable(found.await.map(Callshop))
    }

    /// Callshops in the caller's subtree, oldest first.
    #[field(roles = SIGNED_IN, scope = ACCOUNTS_READ)]
    async fn callshops(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Search text: beginnings of words in the name, in any order; accents and case are ignored. At most 100 characters and 8 words."
        )]
        search: Option<String>,
        #[graphql(desc = "Oldest first if omitted.")] order_by: Option<NameOrder>,
        paging: Paging,
    ) -> async_graphql::Result<Page<Callshop>> {
        let (app, actor) = (app(ctx), actor(ctx)?);
        let words = finding::words("search", search.as_deref()).map_err(top_level)?;
        let order = (order_by.map_or(Sort::OLDEST_FIRST, Into::into), Sort::OLDEST_FIRST);
        let read = |slice| accounts::list_shops(app, actor, &words, slice);
        let place = |shop: &Shop| (Key::name(&shop.account.name), shop.id());
        sorted(ctx, paging, order, read, place, Callshop).await
    }
}
