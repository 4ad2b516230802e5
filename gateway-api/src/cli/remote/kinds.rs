//! Kinds on the command line.

use std::fmt::Write as _;

use gateway_core::Kind;
use gateway_core::kind::{ALL, KindSpec};

/// Reads a kind by its name or the name of its collection, with `-` or `_`: `instance`, `instance-types`.
pub(super) fn parse(text: &str) -> Result<Kind, String> {
    let name = text.replace('-', "_");
    Kind::parse(&name).or_else(|| Kind::parse_plural(&name)).ok_or_else(|| {
        let names: Vec<_> = Kind::ALL.iter().copied().map(Kind::as_str).collect();
        format!("there is no such kind; use one of {}", names.join(", "))
    })
}

/// Returns the filters that listings of a kind have of their own.
pub(super) fn filters(spec: &'static KindSpec) -> impl Iterator<Item = &'static str> {
    spec.filters.iter().copied().chain(spec.relations.iter().map(|relation| relation.name))
}

/// Returns the help on filters of each kind.
pub(super) fn help() -> String {
    let mut text = "Kinds, with their own filters (NAME of --filter):".to_owned();
    for spec in ALL {
        let own: Vec<_> = filters(spec).collect();
        // Writing to a string cannot fail.
        let _ = write!(text, "\n  {:<20} {}", spec.kind.as_str(), own.join(", "));
    }
    text.push_str("\n\nA filter by another kind takes the id of a resource.");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kind_has_several_spellings_and_an_unknown_one_is_refused_with_all_kinds() {
        for text in ["instance_type", "instance_types", "instance-type", "instance-types"] {
            assert_eq!(parse(text).unwrap().as_str(), "instance_type");
        }
        assert_eq!(parse("quotas").unwrap().as_str(), "quota");
        let error = parse("server").unwrap_err();
        assert!(Kind::ALL.iter().copied().all(|kind| error.contains(kind.as_str())), "{error}");
    }

    #[test]
    fn help_names_every_kind_with_its_filters() {
        let text = help();
        assert!(ALL.iter().all(|spec| text.contains(spec.kind.as_str())), "{text}");
        assert!(text.contains("datacenter, ssh_key, instance_type, image, security_group"), "{text}");
    }
}
