//! The declarations that `#[object]` generates from types and fields. Everything else about a field follows from its declaration. The roles determine
//! the role schemas ([`crate::visibility`]), the columns determine what a list of calls reads ([`crate::calls`]), the values determine the JSON
//! writers ([`crate::compiled`]), and the `numbered` marks determine which answers are kept ([`crate::kept`]).

use super::roles::RoleSet;

/// A declared type.
pub struct Declaration {
    /// Name of the type in the schema. All parts of a root type have the root type's name.
    pub name: &'static str,
    /// Roles that see the type; `None` if every role that can reach the type sees it.
    pub roles: Option<RoleSet>,
    /// Scopes that let a token see the type; `None` if every token that can reach the type sees it.
    pub scope: Option<RoleSet>,
    /// The fields in order.
    pub fields: &'static [Field],
}

/// A declared field.
pub struct Field {
    /// Name in the schema.
    pub name: &'static str,
    /// Roles that see the field; `None` if every role that sees the type sees the field.
    pub roles: Option<RoleSet>,
    /// Scopes that let a token see the field; `None` if every token that sees the type sees the field.
    pub scope: Option<RoleSet>,
    /// Columns that the field reads, named like the fields of the row.
    pub columns: &'static [&'static str],
    /// Usual length of a list that is not paged, used to compute a query's cost. A list may be longer than its usual length (a thousand live calls,
    /// for example). The size of the response is limited separately.
    pub length: Option<u64>,
    /// Whether every change of the value is committed together with a numbered activity of the callshop ([`crate::kept`]).
    pub numbered: bool,
    /// Whether the value also changes with time while a call is live.
    pub ticking: bool,
}

/// A type declared with `#[object]`.
pub trait Declared {
    /// The declaration.
    const DECLARATION: Declaration;
}

impl Declaration {
    /// Rows of the visibility table.
    pub fn rules(&self) -> impl Iterator<Item = (String, RoleSet)> {
        let of_type = self.roles.map(|roles| (self.name.to_owned(), roles));
        let of_field = |field: &Field| Some((format!("{}.{}", self.name, field.name), field.roles?));
        of_type.into_iter().chain(self.fields.iter().filter_map(of_field))
    }

    /// Rows of the table of scopes.
    pub fn scopes(&self) -> impl Iterator<Item = (String, RoleSet)> {
        let of_type = self.scope.map(|scope| (self.name.to_owned(), scope));
        let of_field = |field: &Field| Some((format!("{}.{}", self.name, field.name), field.scope?));
        of_type.into_iter().chain(self.fields.iter().filter_map(of_field))
    }
}
