//! Queries for pages of records: filter, sort order, cursor.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use gateway_core::document::terms::Term;
use gateway_core::id::{ResourceId, TargetId};

use super::name::{indexed, name_key};
use crate::db::Connection;
use crate::db::schema::{resource_terms, resources};

/// Conditions on records; all must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResourceFilter {
    /// Canonical state.
    pub state: Option<String>,
    /// Exact name.
    pub name: Option<String>,
    /// Part of the name, regardless of case.
    pub name_contains: Option<String>,
    /// Fields, relations and tags.
    pub terms: Vec<Term>,
}

/// Key of a sort order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SortKey {
    /// Name, regardless of case.
    Name,
    /// The cloud's time of creation. Records without one come first.
    CreatedAt,
    /// Database time of the last change.
    ChangedAt,
}

/// Sort order of a listing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SortOrder {
    /// By target and id, the cheapest order.
    #[default]
    Id,
    /// By a key, and by target and id among equal keys.
    By {
        /// Key.
        key: SortKey,
        /// Whether the order is reversed.
        descending: bool,
    },
}

/// Value of a sort key in one record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SortValue {
    /// Value of [`SortKey::Name`].
    Text(String),
    /// Value of the times.
    Number(i64),
}

/// Last record of a page; the next page starts after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Target of the record.
    pub target: TargetId,
    /// Record.
    pub id: ResourceId,
    /// Value of its sort key; `None` for [`SortOrder::Id`].
    pub value: Option<SortValue>,
}

/// A query for one page of a listing.
#[derive(Clone, Debug, Default)]
pub struct ResourceQuery {
    /// Targets, in ascending order and the same for every page.
    pub targets: Vec<TargetId>,
    /// Conditions on the records.
    pub filter: ResourceFilter,
    /// Sort order.
    pub order: SortOrder,
    /// Last record of the page before.
    pub after: Option<Cursor>,
    /// Most records on the page.
    pub limit: usize,
    /// Whether to load the clouds' documents too.
    pub raw: bool,
}

pub(super) type Records = resources::BoxedQuery<'static, <Connection as diesel::Connection>::Backend>;

/// The targets whose records a query selects.
#[derive(Clone, Copy, Debug)]
pub(super) enum Of<'a> {
    One(TargetId),
    Many(&'a [TargetId]),
    /// The target of the row `t` of an outer query.
    Outer,
}

impl ResourceFilter {
    /// Selects the matching records of a target.
    pub(super) fn records_of(&self, target: TargetId) -> Records {
        self.records(Of::One(target))
    }

    /// Selects the matching records of some targets.
    pub(super) fn records(&self, of: Of<'_>) -> Records {
        let query = resources::table.into_boxed();
        let mut query = match of {
            Of::One(target) => query.filter(resources::target_id.eq(target.0)),
            Of::Many(targets) => {
                query.filter(resources::target_id.eq_any(targets.iter().map(|target| target.0)))
            }
            Of::Outer => query.filter(sql::<Bool>("resources.target_id = t.id")),
        };
        if let Some(state) = &self.state {
            query = query.filter(resources::state.eq(state.clone()));
        }
        if let Some(name) = &self.name {
            query = query.filter(resources::name.eq(indexed(name)));
        }
        if let Some(part) = &self.name_contains {
            query = query.filter(resources::name_key.like(containing(part)).escape(ESCAPE));
        }
        for term in &self.terms {
            let of_target = match of {
                // An integer, so that nothing needs escaping.
                Of::One(target) => format!("resource_terms.target_id = {}", target.0),
                Of::Many(_) => "resource_terms.target_id = resources.target_id".to_owned(),
                Of::Outer => "resource_terms.target_id = t.id".to_owned(),
            };
            let with_term = resource_terms::table
                .filter(sql::<Bool>(&of_target))
                .filter(resource_terms::term.eq(term.0))
                .select(resource_terms::id);
            query = query.filter(resources::id.eq_any(with_term));
        }
        query
    }
}

/// Escape of the characters that have a meaning in a pattern.
const ESCAPE: char = '!';

/// Returns the pattern of names that contain a text.
fn containing(part: &str) -> String {
    let mut pattern = "%".to_owned();
    for letter in name_key(part).chars() {
        if matches!(letter, '%' | '_' | ESCAPE) {
            pattern.push(ESCAPE);
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pattern_characters_in_a_search_are_escaped() {
        assert_eq!(containing("Web"), "%web%");
        assert_eq!(containing("50%_!"), "%50!%!_!!%");
    }
}
