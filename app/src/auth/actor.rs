//! The one who acts. Holding an [`Actor`] proves that somebody was authenticated; nothing in `app` works without one.

use std::net::IpAddr;

use entity::{AccountKind, Role, account, user};
use uuid::Uuid;

use super::rights::{self, Right};
use base::error::{Error, Result};
use store::Scope;

/// An authenticated user, with the account whose subtree he acts on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The user; nil for the command line.
    pub user_id: Uuid,
    /// The login; nil for the command line.
    pub session_id: Uuid,
    /// The account he belongs to.
    pub account_id: Uuid,
    /// What that account is.
    pub kind: AccountKind,
    /// His role.
    pub role: Role,
    /// Where his request came from; none for the command line.
    pub address: Option<IpAddr>,
    path: String,
}

impl Actor {
    pub(super) fn new(session_id: Uuid, user: &user::Model, account: &account::Model) -> Self {
        Self {
            user_id: user.id,
            session_id,
            account_id: account.id,
            kind: account.kind,
            role: user.role,
            address: None,
            path: account.path.clone(),
        }
    }

    /// The operator at the command line of the server itself, who can read and write the database anyway.
    pub fn operator(platform: &account::Model) -> Self {
        Self {
            user_id: Uuid::nil(),
            session_id: Uuid::nil(),
            account_id: platform.id,
            kind: platform.kind,
            role: Role::Admin,
            address: None,
            path: platform.path.clone(),
        }
    }

    /// The same one, in a request from this address.
    pub fn from(self, address: IpAddr) -> Self {
        Self { address: Some(address), ..self }
    }

    /// What he may see.
    pub fn scope(&self) -> Scope {
        Scope::subtree(&self.path)
    }

    /// Whether his role has `right`.
    pub fn may(&self, right: Right) -> bool {
        rights::allows(self.role, right)
    }

    /// Proves that his role has `right`.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub fn require(&self, right: Right) -> Result<()> {
        if self.may(right) { Ok(()) } else { Err(Error::Forbidden) }
    }

    /// Whether `account` is one whose credit, tariffs and suspension he decides: a child of his own account, or anything for the
    /// platform's admins. Never his own account.
    pub fn is_parent_of(&self, account: &account::Model) -> bool {
        match self.role {
            Role::Admin => account.parent_id.is_some(),
            Role::Distributor | Role::Reseller => account.parent_id == Some(self.account_id),
            Role::CallshopOwner | Role::Attendant => false,
        }
    }
}
