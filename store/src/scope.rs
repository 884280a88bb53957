//! Limits a query to a part of the account tree. A query for objects that a user specifies always has a scope.

use entity::account;
use sea_orm::sea_query::{Expr, ExprTrait, IntoColumnRef, SelectStatement, SimpleExpr};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, PrimaryKeyTrait, QueryFilter, QuerySelect,
    QueryTrait,
};
use uuid::Uuid;

use crate::bulk;
use base::error::Result;

/// A subtree of accounts, as a range of paths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    path: String,
}

impl Scope {
    /// The scope that contains the account with this path and all accounts below that account.
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

    /// The row of `E` with this id, if the account or callshop in its column `owner` is inside the scope.
    ///
    /// # Errors
    /// May fail with database errors.
    pub(crate) async fn find<E>(
        &self,
        conn: &impl ConnectionTrait,
        id: Uuid,
        owner: E::Column,
    ) -> Result<Option<E::Model>>
    where
        E: EntityTrait,
        <E::PrimaryKey as PrimaryKeyTrait>::ValueType: From<Uuid>,
    {
        Ok(E::find_by_id(id).filter(self.owns(owner.as_column_ref())).one(conn).await?)
    }

    /// The rows of `E` whose column `key` has one of these ids. Rows whose column `owner` has an account or callshop outside the scope are left out.
    ///
    /// # Errors
    /// May fail with database errors.
    pub(crate) async fn find_all<E: EntityTrait>(
        &self,
        conn: &impl ConnectionTrait,
        ids: &[Uuid],
        (key, owner): (E::Column, E::Column),
    ) -> Result<Vec<E::Model>> {
        let wanted = bulk::among(conn, key, ids.iter().copied());
        Ok(E::find().filter(wanted).filter(self.owns(owner.as_column_ref())).all(conn).await?)
    }

    /// The first path of the scope, and the first path after it.
    pub(crate) fn range(&self) -> [String; 2] {
        [self.path.clone(), self.end()]
    }

    fn ids(&self) -> SelectStatement {
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
