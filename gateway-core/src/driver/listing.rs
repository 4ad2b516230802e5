//! Pages of a listing.

use crate::document::observation::Observed;

/// The part of a kind that a listing covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListScope {
    /// Resources that the account owns, and those that are shared with it by name; none that are published to all.
    Own,
    /// Resources that the cloud publishes to all, and no others.
    Published,
}

/// The point at which a listing continues. Only the driver that made it can read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageToken(pub String);

/// A page of a listing.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The resources on the page, each with its complete document.
    pub items: Vec<Observed>,
    /// The next page; `None` is certain proof that this was the last.
    pub next: Option<PageToken>,
}
