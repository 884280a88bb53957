//! Limits a query to a part of the account tree. If a user names the objects to read, the query always has a scope.

use entity::account;
use sea_orm::sea_query::{Expr, ExprTrait, IntoColumnRef, SelectStatement, SimpleExpr};
use sea_orm::{ColumnTrait, Condition, QuerySelect, QueryTrait};

/// A subtree of accounts, as a range of paths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    path: String,
}

impl Scope {
    /// The scope that has the account with this path and all accounts below that account.
    pub fn subtree(path: &str) -> Self {
        Self { path: path.to_owned() }
    }

    /// Whether an account with this path is inside the scope.
    pub fn holds(&self, path: &str) -> bool {
        path.starts_with(&self.path)
    }

    /// Condition on `account` rows that the account is inside the scope.
    pub fn accounts(&self) -> Condition {
        Condition::all()
            .add(account::Column::Path.gte(self.path.clone()))
            .add(account::Column::Path.lt(self.end()))
    }

    /// Condition that the account or callshop whose id is in `column` is inside the scope.
    pub fn owns(&self, column: impl IntoColumnRef) -> SimpleExpr {
        Expr::col(column).in_subquery(self.ids())
    }

    fn ids(&self) -> SelectStatement {
        use sea_orm::EntityTrait as _;
        use sea_orm::QueryFilter as _;
        account::Entity::find().select_only().column(account::Column::Id).filter(self.accounts()).into_query()
    }

    /// The first path after the subtree. Paths in the subtree start with `self.path`, which ends in `/`; the next byte value after `/` is `0`.
    fn end(&self) -> String {
        match self.path.strip_suffix('/') {
            Some(head) => format!("{head}0"),
            None => "0".to_owned(),
        }
    }
}
