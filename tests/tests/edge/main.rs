//! The edge of the GraphQL API, walked over the whole schema: what is left out, what comes in, what goes out, and every page of every list.

mod body;
mod inputs;
mod paging;
mod schema;
mod text;
mod weight;
