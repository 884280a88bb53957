//! The authenticated caller. An [`Actor`] is proof of authentication, and the use cases in `app` require it.

use std::net::IpAddr;

use entity::{AccountKind, Role, account, auth_session, user};
use uuid::Uuid;

use super::rights::{self, Right};
use crate::receipt::Locale;
use base::error::{Error, Result};
use store::Scope;

/// An authenticated user, and the account whose subtree the user may act on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The id of the user; nil for the command line.
    pub user_id: Uuid,
    /// The id of the login session; nil for the command line.
    pub session_id: Uuid,
    /// The user's account.
    pub account_id: Uuid,
    /// Kind of the user's account.
    pub kind: AccountKind,
    /// The user's role.
    pub role: Role,
    /// IP address of the request; `None` for the command line.
    pub address: Option<IpAddr>,
    /// The cabin of a customer's screen; `None` for the login of a person. A screen has no rights.
    pub screen_of: Option<Uuid>,
    /// The locale of the user, or else of the user's account, for messages to a reader whose request names no supported language.
    pub locale: Locale,
    path: String,
}

impl Actor {
    pub(super) fn new(session: &auth_session::Model, user: &user::Model, account: &account::Model) -> Self {
        Self {
            user_id: user.id,
            session_id: session.id,
            account_id: account.id,
            kind: account.kind,
            role: user.role,
            address: None,
            screen_of: session.cabin_id,
            locale: Locale::parse(user.locale.as_ref().unwrap_or(&account.locale)),
            path: account.path.clone(),
        }
    }

    /// The operator at the server's command line. The operator has direct access to the database in any case.
    pub fn operator(platform: &account::Model) -> Self {
        Self {
            user_id: Uuid::nil(),
            session_id: Uuid::nil(),
            account_id: platform.id,
            kind: platform.kind,
            role: Role::Admin,
            address: None,
            screen_of: None,
            locale: Locale::parse(&platform.locale),
            path: platform.path.clone(),
        }
    }

    /// Sets the address of the current request.
    pub fn from(self, address: IpAddr) -> Self {
        Self { address: Some(address), ..self }
    }

    /// The scope of the actor's queries: the actor's account and all accounts below it.
    pub fn scope(&self) -> Scope {
        Scope::subtree(&self.path)
    }

    /// Whether the actor has `right`: its role has the right, and it is no customer's screen.
    pub fn may(&self, right: Right) -> bool {
        self.screen_of.is_none() && rights::allows(self.role, right)
    }

    /// Checks that the actor has `right`.
    ///
    /// # Errors
    /// Fails with [`Error::Forbidden`].
    pub fn require(&self, right: Right) -> Result<()> {
        if self.may(right) { Ok(()) } else { Err(Error::Forbidden) }
    }

    /// Whether the actor manages the credit, tariffs and suspension of `account`. The actor manages children of its own account; platform admins
    /// manage any account. No actor manages its own account.
    pub fn is_parent_of(&self, account: &account::Model) -> bool {
        match self.role {
            Role::Admin => account.parent_id.is_some(),
            Role::Distributor | Role::Reseller => account.parent_id == Some(self.account_id),
            Role::CallshopOwner | Role::Attendant => false,
        }
    }
}
