//! Tests the boundary of the GraphQL API over the whole schema: omitted fields, inputs, outputs, and every page of every list.

mod body;
mod inputs;
mod paging;
mod schema;
mod text;
mod weight;
