//! Visibility: the access of each principal, the scopes that a request names, and how fresh their data is.

mod cache;
mod freshness;
mod scope_filter;

pub(crate) use cache::AuthorityCache;
pub(crate) use freshness::{Freshness, ScopeFreshness};
pub(crate) use scope_filter::ScopeFilter;
