//! Parses the attributes' arguments, and removes `#[field]` attributes from an item.

use proc_macro2::Span;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, Ident, LitInt, LitStr, Result, Token, Type};

/// Arguments of `#[object(…)]`.
#[derive(Default)]
pub struct TypeArgs {
    /// Name in the schema.
    pub name: Option<LitStr>,
    /// Root type of which the block is a part.
    pub root: Option<LitStr>,
    /// Roles that see the type.
    pub roles: Option<Expr>,
    /// Scopes that let a token see the type.
    pub scope: Vec<Ident>,
    /// Row to which `columns` refers.
    pub row: Option<Type>,
}

impl Parse for TypeArgs {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut args = Self::default();
        while !input.is_empty() {
            let key: Ident = input.parse()?;
            input.parse::<Token![=]>()?;
            match key.to_string().as_str() {
                "name" => args.name = Some(input.parse()?),
                "root" => args.root = Some(input.parse()?),
                "roles" => args.roles = Some(input.parse()?),
                "scope" => args.scope = scopes(input)?,
                "row" => args.row = Some(input.parse()?),
                _ => {
                    let expected = "expected `name`, `root`, `roles`, `scope` or `row`";
                    return Err(syn::Error::new(key.span(), expected));
                }
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(args)
    }
}

/// Arguments of `#[field(…)]`.
#[derive(Default)]
pub struct FieldArgs {
    /// Roles that see the field.
    pub roles: Option<Expr>,
    /// Scopes that let a token see the field.
    pub scope: Vec<Ident>,
    /// Columns that the field reads.
    pub columns: Vec<Ident>,
    /// Usual length of a list.
    pub length: Option<LitInt>,
    /// Whether the compiled writer of events always writes null for this field.
    pub absent: bool,
    /// Whether every change of the value is committed together with a numbered activity of the callshop.
    pub numbered: bool,
    /// Whether the value also changes with time while a call is live.
    pub ticking: bool,
}

impl Parse for FieldArgs {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut args = Self::default();
        while !input.is_empty() {
            let key: Ident = input.parse()?;
            match key.to_string().as_str() {
                "roles" => {
                    input.parse::<Token![=]>()?;
                    args.roles = Some(input.parse()?);
                }
                "scope" => {
                    input.parse::<Token![=]>()?;
                    args.scope = scopes(input)?;
                }
                "columns" => {
                    let names;
                    syn::parenthesized!(names in input);
                    args.columns =
                        Punctuated::<Ident, Token![,]>::parse_terminated(&names)?.into_iter().collect();
                }
                "length" => {
                    input.parse::<Token![=]>()?;
                    args.length = Some(input.parse()?);
                }
                "absent" => args.absent = true,
                "numbered" => args.numbered = true,
                "ticking" => args.ticking = true,
                _ => {
                    let expected =
                        "expected `roles`, `scope`, `columns`, `length`, `absent`, `numbered` or `ticking`";
                    return Err(syn::Error::new(key.span(), expected));
                }
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(args)
    }
}

/// The names of scopes: `CALLS_READ | SESSIONS_READ`.
fn scopes(input: ParseStream<'_>) -> Result<Vec<Ident>> {
    Ok(Punctuated::<Ident, Token![|]>::parse_separated_nonempty(input)?.into_iter().collect())
}

/// Removes the `#[field]` attribute and returns its arguments.
pub fn take_field(attributes: &mut Vec<Attribute>) -> Result<FieldArgs> {
    let Some(at) = attributes.iter().position(|attribute| attribute.path().is_ident("field")) else {
        return Ok(FieldArgs::default());
    };
    attributes.remove(at).parse_args()
}

/// The `name` in a `#[graphql(name = "…")]` attribute.
pub fn graphql_name(attributes: &[Attribute]) -> Result<Option<LitStr>> {
    let mut name = None;
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("graphql")) {
        attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("name") {
                name = Some(meta.value()?.parse()?);
            } else if meta.input.peek(Token![=]) {
                meta.value()?.parse::<Expr>()?;
            } else if meta.input.peek(syn::token::Paren) {
                let inner;
                syn::parenthesized!(inner in meta.input);
                inner.parse::<proc_macro2::TokenStream>()?;
            }
            Ok(())
        })?;
    }
    Ok(name)
}

/// Fails with `remedy` if a `#[graphql(…)]` attribute of a field has an option other than `name`. The generated resolver of a plain method would lose
/// any other option, and the compiled writer would ignore it. For example, a field that lost its guard would be written without a check.
pub fn only_name(attributes: &[Attribute], remedy: &str) -> Result<()> {
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("graphql")) {
        attribute.parse_nested_meta(|meta| {
            if !meta.path.is_ident("name") {
                return Err(meta.error(remedy));
            }
            meta.value()?.parse::<LitStr>().map(drop)
        })?;
    }
    Ok(())
}

/// Whether the item derives the trait with this name.
pub fn derives(attributes: &[Attribute], name: &str) -> bool {
    let mut found = false;
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("derive")) {
        // the compiler reports an invalid `derive`
        let _ = attribute.parse_nested_meta(|meta| {
            found |= meta.path.segments.last().is_some_and(|last| last.ident == name);
            Ok(())
        });
    }
    found
}

/// An error at the position of the attribute itself.
pub fn error(message: &str) -> syn::Error {
    syn::Error::new(Span::call_site(), message)
}
