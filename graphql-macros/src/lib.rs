//! `#[object]`: declares a GraphQL type. A GraphQL field's name, description, roles, columns and value are stated only in its method or struct field.
//!
//! From the declaration, the attribute generates:
//! - async-graphql's resolvers and type information. The resolvers use `crate::planned` in place of the library, so that a plan writes each value that
//!   needs no further query;
//! - `fields::Declared`: which roles see the type and each field, and which columns a field reads;
//! - `compiled::Written`: the JSON writer of each field that needs no query. A field needs no query if it is a field of a struct, or a method that
//!   is not `async` and takes only `&self`. All other fields are left to the executor. The executor's resolver of a field `id` is `async`, because
//!   the interface `Node` awaits that field.
//!
//! On an `impl` block or a struct with `#[derive(SimpleObject)]`, the attribute declares an object type. On a struct with `#[derive(InputObject)]`,
//! the attribute declares an input type. On an enum with `#[derive(Interface)]`, the attribute declares an interface. For an input type or an
//! interface, the attribute generates only `Declared`.
//!
//! Arguments of `#[object(…)]`:
//! - `name = "Rate"`: the type's name in the schema, if that name is not the Rust name;
//! - `root = "Query"`: the block is a part of a root type. Every field of a root type must state its roles and its scope;
//! - `roles = MANAGERS`: the roles that see the type. Without this argument, the type is visible to every role that can reach the type;
//! - `scope = CALLS_READ`: the scopes that let an API token see the type, named as in `crate::scopes` and separated by `|`. A token that has none of
//!   these scopes sees neither the type nor any field that returns the type;
//! - `row = call::View`: the row to which `columns` refers.
//!
//! Arguments of `#[field(…)]`, on a method or a struct field:
//! - `roles = BACK_OFFICE`: the roles that see the field. Without this argument, every role that sees the type sees the field;
//! - `scope = LEDGER_READ`: the scopes that let an API token see the field. The resolver of a root field also checks the scope when it runs. Without
//!   this argument, every token that sees the type also sees the field;
//! - `columns(number, emergency)`: the columns of `row` that the field reads;
//! - `length = 20`: the usual length of a list of objects that is not paged, used to compute the cost of a query;
//! - `numbered`: every change of the field's value is committed together with a numbered activity of the callshop, so an answer that contains the
//!   field may be kept until the callshop's next activity. Without this argument, such an answer is never kept;
//! - `ticking`: like `numbered`, but the value also changes with time while a call is live. The code that makes the object tells `crate::kept` how
//!   long the value stays valid;
//! - `absent`: the nullable field is null in the events that are written without the executor.
//!
//! A parameter of the type `Paging` stands for the four arguments of a Relay connection.

mod declare;
mod parse;

use proc_macro::TokenStream;
use syn::{Item, parse_macro_input};

/// Declares a GraphQL type; see the [crate] documentation.
#[proc_macro_attribute]
pub fn object(args: TokenStream, item: TokenStream) -> TokenStream {
    let args = parse_macro_input!(args as parse::TypeArgs);
    let item = parse_macro_input!(item as Item);
    declare::expand(args, item).unwrap_or_else(syn::Error::into_compile_error).into()
}
