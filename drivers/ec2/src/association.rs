//! Associations in EC2's documents, which stay in a list after they have ended.

use crate::xml::Element;

/// Returns whether an association is in force, by the state in its child of that name. Without a state it is.
pub(crate) fn is_associated(association: &Element, state: &str) -> bool {
    matches!(association.text_at(&[state, "state"]), None | Some("associated"))
}

/// Returns the address ranges in a list of associations that are in force.
pub(crate) fn associated_cidrs(element: &Element, list: &str, name: &str, state: &str) -> Vec<String> {
    let associations = element.items(&[list]).filter(|item| is_associated(item, state));
    associations.filter_map(|item| item.owned_at(&[name])).collect()
}
