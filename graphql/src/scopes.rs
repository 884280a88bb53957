//! Scopes of API tokens as sets. A field of `Query`, `Mutation` or `Subscription` that does not declare its scope is a compile error. A token sees a
//! type or a field if the token has one of the declared scopes, and the role of the user who made the token sees the type or field. Logins have every
//! scope.

use app::auth::Actor;
use async_graphql::{Context, Guard};
use entity::TokenScope;
use transport::role_schema::RoleSet;

use super::payload::top_level;
use super::roles;
use base::error::Error;

/// The set to which no token belongs. Fields that create logins or tokens, or that change users, have this scope.
pub const LOGIN_ONLY: RoleSet = RoleSet::role(30);
/// The set to which every token belongs, regardless of the token's scopes.
pub const ANY_TOKEN: RoleSet = RoleSet::role(31);
/// Number of the first scope's bit. The lower bits are those of the roles.
const FIRST: u32 = 32;

/// Read accounts, callshops and their users.
pub const ACCOUNTS_READ: RoleSet = set(TokenScope::AccountsRead);
/// Create, change and suspend accounts and callshops, and change their settings.
pub const ACCOUNTS_WRITE: RoleSet = set(TokenScope::AccountsWrite);
/// Read the audit log.
pub const AUDIT_READ: RoleSet = set(TokenScope::AuditRead);
/// Read cabins and their states.
pub const CABINS_READ: RoleSet = set(TokenScope::CabinsRead);
/// Create, change and retire cabins.
pub const CABINS_WRITE: RoleSet = set(TokenScope::CabinsWrite);
/// Read calls, and follow live calls and activity.
pub const CALLS_READ: RoleSet = set(TokenScope::CallsRead);
/// Hang up calls.
pub const CALLS_WRITE: RoleSet = set(TokenScope::CallsWrite);
/// Top up, adjust and limit the credit of child accounts.
pub const CREDIT_WRITE: RoleSet = set(TokenScope::CreditWrite);
/// Read the ledger, balances and credit limits.
pub const LEDGER_READ: RoleSet = set(TokenScope::LedgerRead);
/// Read phones and their states.
pub const PHONES_READ: RoleSet = set(TokenScope::PhonesRead);
/// Create, assign and block phones, and replace their secrets.
pub const PHONES_WRITE: RoleSet = set(TokenScope::PhonesWrite);
/// Read the cash register and its reports.
pub const REGISTER_READ: RoleSet = set(TokenScope::RegisterRead);
/// Open and close the cash register, and record cash movements.
pub const REGISTER_WRITE: RoleSet = set(TokenScope::RegisterWrite);
/// Read reports, summaries of days, and problems.
pub const REPORTS_READ: RoleSet = set(TokenScope::ReportsRead);
/// Read sessions, statements and receipts, and follow activity.
pub const SESSIONS_READ: RoleSet = set(TokenScope::SessionsRead);
/// Open, bill and settle sessions.
pub const SESSIONS_WRITE: RoleSet = set(TokenScope::SessionsWrite);
/// Read tariffs, rates and price lists, and get quotes.
pub const TARIFFS_READ: RoleSet = set(TokenScope::TariffsRead);
/// Create, import, activate and assign tariffs.
pub const TARIFFS_WRITE: RoleSet = set(TokenScope::TariffsWrite);
/// Read webhooks and their deliveries.
pub const WEBHOOKS_READ: RoleSet = set(TokenScope::WebhooksRead);
/// Create, change, test and delete webhooks.
pub const WEBHOOKS_WRITE: RoleSet = set(TokenScope::WebhooksWrite);

/// The bits of all scopes, for callers without a token.
pub const LOGIN: RoleSet = {
    let (mut all, mut number) = (LOGIN_ONLY.or(ANY_TOKEN), FIRST);
    while number < u64::BITS {
        all = all.or(RoleSet::role(number));
        number += 1;
    }
    all
};

const fn set(scope: TokenScope) -> RoleSet {
    RoleSet::role(FIRST + scope as u32)
}

/// The scopes of the actor.
pub fn of(actor: &Actor) -> RoleSet {
    actor.token.as_ref().map_or(LOGIN, |token| of_token(&token.scopes))
}

/// The set of a token with these scopes. Scopes that are included in other scopes are not added.
fn of_token(scopes: &[TokenScope]) -> RoleSet {
    scopes.iter().fold(ANY_TOKEN, |all, scope| all.or(set(*scope)))
}

/// The part of the schema that an API token sees if the token has these scopes and the scopes that they include, and if the user who made the token
/// has this role.
pub fn of_role(role: RoleSet, scopes: &[TokenScope]) -> RoleSet {
    role.or(roles::TOKEN).or(of_token(&app::api_tokens::including(scopes)))
}

/// The part of the schema that an API token sees; `None` for a login, which sees the whole schema of its role.
pub fn view(actor: &Actor, is_sandbox: bool) -> Option<RoleSet> {
    actor.token.as_ref()?;
    let role = roles::of(Some(actor)).1.or(roles::TOKEN);
    let role = if is_sandbox { role.or(roles::SANDBOX) } else { role };
    Some(role.or(of(actor)))
}

/// Whether the actor has one of these scopes. `None` stands for a type without a scope.
pub fn allows(actor: &Actor, needed: Option<RoleSet>) -> bool {
    needed.is_none_or(|needed| of(actor).intersects(needed))
}

/// Guards a root field: an API token needs one of these scopes. The guard is a second line of defense, because the schema that the token sees does
/// not contain the field.
pub struct Needs(pub RoleSet);

#[async_trait::async_trait]
impl Guard for Needs {
    async fn check(&self, ctx: &Context<'_>) -> async_graphql::Result<()> {
        match ctx.data_opt::<Actor>() {
            Some(actor) if !allows(actor, Some(self.0)) => Err(top_level(Error::Forbidden)),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_scope_has_a_bit_of_its_own_outside_of_the_roles() {
        let every_role =
            roles::ALL.iter().fold(roles::SANDBOX.or(roles::TOKEN), |all, (_, role)| all.or(*role));
        let mut seen = every_role.or(LOGIN_ONLY).or(ANY_TOKEN);
        for scope in app::api_tokens::all_scopes() {
            assert!(!seen.intersects(set(scope)), "{scope:?}");
            assert!(LOGIN.intersects(set(scope)), "{scope:?}");
            seen = seen.or(set(scope));
        }
    }
}
