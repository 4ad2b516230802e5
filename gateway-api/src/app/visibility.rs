//! Visibility: who a caller is, what it may see, the scopes that a request names, and how fresh their data is.

mod authority;
mod cache;
mod freshness;
mod scope_filter;
mod scope_list;
mod target_cache;
mod targets;

pub(crate) use authority::Authority;
pub(crate) use cache::AuthorityCache;
pub(crate) use freshness::{Freshness, ScopeFreshness};
pub(crate) use scope_filter::ScopeFilter;
pub(crate) use scope_list::{MOST_SCOPES, ScopeEntry, ScopeList, ScopePlace, ScopeSummary, Scopes};
pub(crate) use target_cache::TargetCache;
pub(crate) use targets::Targets;
