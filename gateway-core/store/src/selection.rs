//! Which records a listing wants, in which order, and where it goes on.

use diesel::prelude::*;
use gateway_core::document::terms::Term;
use gateway_core::id::{ResourceId, TargetId};

use crate::apply::{indexed, name_key};
use crate::connection::Connection;
use crate::schema::{resource_terms, resources};

/// Which records a listing wants: those for which all of this holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResourceFilter {
    /// Of this canonical state.
    pub state: Option<String>,
    /// Of exactly this name.
    pub name: Option<String>,
    /// With this somewhere in the name, upper and lower case alike.
    pub name_contains: Option<String>,
    /// With these fields, relations and tags.
    pub terms: Vec<Term>,
}

/// What a listing can be sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SortKey {
    /// The name, upper and lower case alike.
    Name,
    /// When the cloud says it was made; first of all where the cloud tells nothing.
    CreatedAt,
    /// When the store saw it change last.
    ChangedAt,
}

/// The order of a listing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SortOrder {
    /// By target and id: what costs least.
    #[default]
    Id,
    /// By a key; records with the same one by target and id.
    By {
        /// The key.
        key: SortKey,
        /// From the last to the first.
        descending: bool,
    },
}

/// What a record is sorted by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SortValue {
    /// Of [`SortKey::Name`].
    Text(String),
    /// Of the times.
    Number(i64),
}

/// Where a listing goes on: after this record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Its target.
    pub target: TargetId,
    /// The record.
    pub id: ResourceId,
    /// What it is sorted by; none where the order is [`SortOrder::Id`].
    pub value: Option<SortValue>,
}

/// One page of a listing.
#[derive(Clone, Debug, Default)]
pub struct ResourceQuery {
    /// Of these targets, in ascending order and the same on every page.
    pub targets: Vec<TargetId>,
    /// Which of their records.
    pub filter: ResourceFilter,
    /// In which order.
    pub order: SortOrder,
    /// After which record.
    pub after: Option<Cursor>,
    /// How many at most.
    pub limit: usize,
    /// With the cloud's documents.
    pub raw: bool,
}

pub(crate) type Records = resources::BoxedQuery<'static, <Connection as diesel::Connection>::Backend>;

impl ResourceFilter {
    /// The records of a target for which it all holds.
    pub(crate) fn records_of(&self, target: TargetId) -> Records {
        let mut query = resources::table.filter(resources::target_id.eq(target.0)).into_boxed();
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
            let with_term = resource_terms::table
                .filter(resource_terms::target_id.eq(target.0))
                .filter(resource_terms::term.eq(term.0))
                .select(resource_terms::id);
            query = query.filter(resources::id.eq_any(with_term));
        }
        query
    }
}

/// Stands before what means something in a pattern and is meant as itself.
const ESCAPE: char = '!';

/// The pattern of names with this in them.
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
    fn what_is_searched_for_is_meant_as_it_is() {
        assert_eq!(containing("Web"), "%web%");
        assert_eq!(containing("50%_!"), "%50!%!_!!%");
    }
}
