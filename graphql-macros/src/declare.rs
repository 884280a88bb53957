//! Expands a declaration.

use heck::ToLowerCamelCase as _;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::ext::IdentExt as _;
use syn::{Fields, FnArg, Ident, ImplItem, ImplItemFn, Item, ItemImpl, ItemStruct, Result, ReturnType, Type};

use crate::parse::{FieldArgs, TypeArgs, derives, error, graphql_name, only_name, take_field};

/// One declared field.
struct Field {
    name: String,
    args: FieldArgs,
    /// The type of a field that needs no query, and the expression that computes the field's value from `it`.
    value: Option<(Type, TokenStream)>,
}

impl Field {
    fn is_nullable(&self) -> bool {
        let Some((Type::Path(path), _)) = &self.value else { return false };
        path.path.segments.last().is_some_and(|last| last.ident == "Option")
    }
}

/// Expands the attribute `#[object]` on an `impl` block, a struct or an enum.
pub fn expand(args: TypeArgs, item: Item) -> Result<TokenStream> {
    match item {
        Item::Impl(block) => of_impl(&args, block),
        Item::Struct(item) => of_struct(&args, item),
        Item::Enum(item) => {
            let declared = declared(&args, &item.ident.to_string(), &Type::Path(path(&item.ident)), &[])?;
            Ok(quote!(#item #declared))
        }
        _ => Err(error("expected an `impl` block, a struct or an enum")),
    }
}

fn path(name: &Ident) -> syn::TypePath {
    syn::TypePath { qself: None, path: name.clone().into() }
}

/// Splits each method that runs no query into two: a plain method, and a resolver that calls the plain method.
fn of_impl(args: &TypeArgs, mut block: ItemImpl) -> Result<TokenStream> {
    let this = (*block.self_ty).clone();
    let (mut plain, mut resolvers, mut fields) = (Vec::new(), Vec::new(), Vec::new());
    for item in std::mem::take(&mut block.items) {
        let ImplItem::Fn(mut method) = item else { return Err(error("expected only methods")) };
        let field = take_field(&mut method.attrs)?;
        let name = graphql_name(&method.attrs)?.map(|name| name.value());
        let name = name.unwrap_or_else(|| method.sig.ident.unraw().to_string().to_lower_camel_case());
        let value = value_of(&method);
        if value.is_some() {
            only_name(&method.attrs, "make the method `async` to use this option")?;
            resolvers.push(resolver(&method, &name));
            method.attrs.retain(|attribute| !attribute.path().is_ident("graphql"));
            plain.push(method);
        } else {
            let mut resolver = with_paging(method);
            if args.root.is_some()
                && let Some(scope) = scope_of(&field.scope)
            {
                resolver.attrs.push(syn::parse_quote!(#[graphql(guard = crate::scopes::Needs(#scope))]));
            }
            if args.root.as_ref().is_some_and(|root| root.value() != "Subscription") {
                box_body(&mut resolver);
            }
            resolvers.push(resolver);
        }
        fields.push(Field { name, args: field, value });
    }
    let rust_name = quote!(#this).to_string();
    let declared = declared(args, &rust_name, &this, &fields)?;
    let written = args.root.is_none().then(|| written(&this, &fields)).transpose()?;
    let attributes = &block.attrs;
    // these modules have the library's items, except for the functions that resolve values
    let library = if args.root.is_some() { "crate::planned::roots" } else { "crate::planned" };
    let library = quote!(crate = #library);
    let attribute = match (&args.root, &args.name) {
        (Some(root), _) if root.value() == "Subscription" => quote!(#[::async_graphql::Subscription]),
        (Some(_), _) => quote!(#[::async_graphql::Object(#library)]),
        (None, Some(name)) => {
            quote!(#[::async_graphql::Object(#library, name = #name, use_type_description)])
        }
        (None, None) => quote!(#[::async_graphql::Object(#library, use_type_description)]),
    };
    let plain = (!plain.is_empty()).then(|| quote!(impl #this { #(#plain)* }));
    Ok(quote! {
        #plain
        #attribute
        #(#attributes)*
        impl #this { #(#resolvers)* }
        #declared
        #written
    })
}

/// The type and the value of a field whose method is not `async` and takes only `&self`; `None` for other methods.
fn value_of(method: &ImplItemFn) -> Option<(Type, TokenStream)> {
    let only_self =
        method.sig.inputs.len() == 1 && matches!(method.sig.inputs.first(), Some(FnArg::Receiver(_)));
    let ReturnType::Type(_, ty) = &method.sig.output else { return None };
    let name = &method.sig.ident;
    (method.sig.asyncness.is_none() && only_self).then(|| ((**ty).clone(), quote!(it.#name())))
}

/// The resolver that the executor calls for a plain method. The two methods need different names, because async-graphql adds a parameter to each
/// method of its block.
fn resolver(method: &ImplItemFn, name: &str) -> ImplItemFn {
    let mut resolver = method.clone();
    let value = &method.sig.ident;
    resolver.sig.ident = format_ident!("resolve_{}", value.unraw());
    resolver.attrs.retain(|attribute| !attribute.path().is_ident("graphql"));
    resolver.attrs.push(syn::parse_quote!(#[graphql(name = #name)]));
    if name == "id" {
        // the field `id` belongs to the interface `Node`, which awaits the field
        resolver.sig.asyncness = Some(syn::parse_quote!(async));
    }
    resolver.block = syn::parse_quote!({ self.#value() });
    resolver
}

/// Boxes the future of a root field. The executor's resolver of a root type contains the futures of all fields of the root type. In unoptimized
/// builds, the resolver also needs stack space for each of these futures. Without boxes, each future would contain the future of its use case, and
/// all of them together would exceed a thread's stack of 2 MiB.
fn box_body(method: &mut ImplItemFn) {
    let (ReturnType::Type(_, ty), Some(_)) = (&method.sig.output, &method.sig.asyncness) else { return };
    let body = &method.block.stmts;
    method.block = syn::parse_quote!({
        let body: ::std::pin::Pin<
            ::std::boxed::Box<dyn ::std::future::Future<Output = #ty> + ::std::marker::Send + '_>,
        > = ::std::boxed::Box::pin(async move { #(#body)* });
        body.await
    });
}

/// Relay's arguments of a connection, and their descriptions (Relay Cursor Connections Specification, section 4).
const PAGING: [(&str, &str, &str); 4] = [
    ("first", "i32", "Number of items from the start of the list, 1 to 100. Give either `first` or `last`."),
    ("after", "String", "Return items after this cursor."),
    ("last", "i32", "Number of items from the end of the list, 1 to 100."),
    ("before", "String", "Return items before this cursor."),
];

/// Replaces a parameter of the type `Paging` with Relay's four arguments.
fn with_paging(mut method: ImplItemFn) -> ImplItemFn {
    let is_paging = |input: &FnArg| match input {
        FnArg::Typed(typed) => matches!(&*typed.ty, Type::Path(path) if path.path.is_ident("Paging")),
        FnArg::Receiver(_) => false,
    };
    let Some(at) = method.sig.inputs.iter().position(is_paging) else { return method };
    let mut inputs: Vec<FnArg> = method.sig.inputs.iter().cloned().collect();
    let FnArg::Typed(paging) = inputs.remove(at) else { return method };
    for (position, (name, ty, description)) in PAGING.into_iter().enumerate() {
        let (name, ty) = (format_ident!("{name}"), format_ident!("{ty}"));
        let argument = syn::parse_quote! {
            #[graphql(desc = #description)] #name: ::std::option::Option<#ty>
        };
        inputs.insert(at + position, argument);
    }
    method.sig.inputs = inputs.into_iter().collect();
    let (pattern, ty, body) = (&paging.pat, &paging.ty, &method.block.stmts);
    method.block = syn::parse_quote!({
        let #pattern = #ty { first, after, last, before };
        #(#body)*
    });
    method
        .attrs
        .push(syn::parse_quote!(#[allow(clippy::too_many_arguments, reason = "Relay's four arguments")]));
    method
}

fn of_struct(args: &TypeArgs, mut item: ItemStruct) -> Result<TokenStream> {
    let Fields::Named(named) = &mut item.fields else { return Err(error("expected named fields")) };
    let is_input = derives(&item.attrs, "InputObject");
    let mut fields = Vec::new();
    for field in &mut named.named {
        let Some(ident) = field.ident.clone() else { continue };
        let args = take_field(&mut field.attrs)?;
        if !is_input {
            only_name(&field.attrs, "declare the field as an `async` method to use this option")?;
        }
        let name = graphql_name(&field.attrs)?.map(|name| name.value());
        let name = name.unwrap_or_else(|| ident.unraw().to_string().to_lower_camel_case());
        fields.push(Field { name, args, value: Some((field.ty.clone(), quote!(it.#ident))) });
    }
    let name = graphql_name(&item.attrs)?.map_or_else(|| item.ident.to_string(), |name| name.value());
    let this = Type::Path(path(&item.ident));
    let declared = declared(args, &name, &this, &fields)?;
    let written = (!is_input).then(|| written(&this, &fields)).transpose()?;
    if !is_input {
        item.attrs.push(syn::parse_quote!(#[graphql(crate = "crate::planned")]));
    }
    Ok(quote!(#item #declared #written))
}

fn option(value: Option<&impl quote::ToTokens>) -> TokenStream {
    match value {
        Some(value) => quote!(::std::option::Option::Some(#value)),
        None => quote!(::std::option::Option::None),
    }
}

/// The union of these scopes' sets; `None` if there are no scopes.
fn scope_of(names: &[Ident]) -> Option<TokenStream> {
    let (first, others) = names.split_first()?;
    Some(quote!(crate::scopes::#first #(.or(crate::scopes::#others))*))
}

fn schema_name(args: &TypeArgs, rust_name: &str) -> String {
    args.root.as_ref().or(args.name.as_ref()).map_or_else(|| rust_name.to_owned(), |name| name.value())
}

/// The implementation of `Declared`.
fn declared(args: &TypeArgs, rust_name: &str, this: &Type, fields: &[Field]) -> Result<TokenStream> {
    let name = schema_name(args, rust_name);
    let (type_roles, type_scope) = (option(args.roles.as_ref()), option(scope_of(&args.scope).as_ref()));
    let mut facts = Vec::new();
    for Field { name, args: field, .. } in fields {
        if args.root.is_some() && field.roles.is_none() {
            return Err(error(&format!("`{name}`: a root field must state its roles: #[field(roles = …)]")));
        }
        if args.root.is_some() && field.scope.is_empty() {
            let message =
                format!("`{name}`: a root field must state the scope of tokens: #[field(scope = …)]");
            return Err(error(&message));
        }
        let scope = option(scope_of(&field.scope).as_ref());
        let (roles, length) = (option(field.roles.as_ref()), option(field.length.as_ref()));
        let columns = field.columns.iter().map(ToString::to_string);
        let (numbered, ticking) = (field.numbered, field.ticking);
        facts.push(quote! {
            crate::fields::Field {
                name: #name,
                roles: #roles,
                scope: #scope,
                columns: &[#(#columns),*],
                length: #length,
                numbered: #numbered,
                ticking: #ticking,
            }
        });
    }
    let columns: Vec<&Ident> = fields.iter().flat_map(|field| &field.args.columns).collect();
    // each name in `columns` must be a field of the row
    let check = match &args.row {
        Some(row) => quote!(const _: fn(&#row) = |row| { #(let _ = &row.#columns;)* };),
        None if columns.is_empty() => quote!(),
        None => return Err(error("`columns` needs the row: #[object(row = …)]")),
    };
    Ok(quote! {
        impl crate::fields::Declared for #this {
            const DECLARATION: crate::fields::Declaration = crate::fields::Declaration {
                name: #name,
                roles: #type_roles,
                scope: #type_scope,
                fields: &[#(#facts),*],
            };
        }
        #check
    })
}

/// The implementations of `Written` and of `Output`.
fn written(this: &Type, fields: &[Field]) -> Result<TokenStream> {
    if let Some(field) = fields.iter().find(|field| field.args.absent && !field.is_nullable()) {
        return Err(error(&format!("`{}`: only a field of the type `Option` can be absent", field.name)));
    }
    let arms = fields.iter().filter_map(|field| {
        let (name, (ty, value)) = (&field.name, field.value.as_ref()?);
        let absent = field.args.absent.then(|| {
            quote! {
                #name if below.is_of_events() => {
                    ::std::boxed::Box::new(|_: &Self, out: &mut ::std::vec::Vec<u8>| crate::compiled::null(out))
                }
            }
        });
        Some(quote! {
            #absent
            #name => {
                let plan = <#ty as crate::compiled::Output>::compile(below)?;
                ::std::boxed::Box::new(move |it: &Self, out: &mut ::std::vec::Vec<u8>| {
                    crate::compiled::Output::write(&#value, &plan, out)
                })
            }
        })
    });
    Ok(quote! {
        impl crate::compiled::Written for #this {
            fn field(name: &str, below: &crate::compiled::Below<'_>) -> ::std::option::Option<crate::compiled::Write<Self>> {
                ::std::option::Option::Some(match name {
                    #(#arms)*
                    _ => return ::std::option::Option::None,
                })
            }
        }

        crate::compiled::output!([] #this);
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The compile error of an invalid declaration; empty if the declaration is valid.
    fn refusal(item: Item) -> String {
        expand(TypeArgs::default(), item).map_or_else(|error| error.to_string(), |_| String::new())
    }

    #[test]
    fn a_guard_is_not_ignored() {
        let field = syn::parse_quote! {
            #[derive(SimpleObject)]
            struct Price {
                amount: i32,
                #[graphql(guard = "SeesCost")]
                cost: i32,
            }
        };
        assert_eq!(refusal(field), "declare the field as an `async` method to use this option");
        let method = syn::parse_quote! {
            impl Price {
                #[graphql(guard = "SeesCost")]
                fn cost(&self) -> i32 { self.cost }
            }
        };
        assert_eq!(refusal(method), "make the method `async` to use this option");
    }

    #[test]
    fn names_and_options_of_inputs_are_allowed() {
        let object = syn::parse_quote! {
            #[derive(SimpleObject)]
            struct Price {
                #[graphql(name = "cost")]
                amount: i32,
            }
        };
        assert_eq!(refusal(object), "");
        let input = syn::parse_quote! {
            #[derive(InputObject)]
            struct PriceInput {
                #[graphql(default = 5)]
                amount: i32,
            }
        };
        assert_eq!(refusal(input), "");
        let method = syn::parse_quote! {
            impl Price {
                #[graphql(guard = "SeesCost")]
                async fn cost(&self) -> i32 { self.cost }
            }
        };
        assert_eq!(refusal(method), "");
    }
}
