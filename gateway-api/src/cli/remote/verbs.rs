//! Verbs of each kind on the command line.

use std::fmt::Write as _;

use gateway_client::Method;
use gateway_core::Kind;
use gateway_core::kind::{ALL, Verb, VerbSpec};
use serde_json::Value;

/// Reads a verb by its name, with `-` or `_`.
pub(super) fn parse(text: &str) -> Result<Verb, String> {
    Verb::parse(&text.replace('-', "_")).ok_or_else(|| {
        let words: Vec<_> = Verb::ALL.iter().map(|verb| verb.as_str()).collect();
        format!("there is no such action; use one of {}", words.join(", "))
    })
}

/// Returns a verb of a kind.
pub(super) fn of(kind: Kind, verb: Verb) -> Result<&'static VerbSpec, String> {
    kind.spec().verb(verb).ok_or_else(|| {
        let known: Vec<_> = kind.spec().verbs.iter().map(|spec| spec.verb.as_str()).collect();
        match known.is_empty() {
            true => format!("`{kind}` has no action `{verb}`; the kind is read-only"),
            false => format!("`{kind}` has no action `{verb}`; use one of {}", known.join(", ")),
        }
    })
}

/// Returns method and path of a verb. A create has no id.
pub(super) fn route(kind: Kind, verb: Verb, id: Option<&str>) -> (Method, String) {
    let plural = kind.spec().plural;
    let one = format!("{plural}/{}", id.unwrap_or_default());
    match verb {
        Verb::Create => (Method::POST, plural.to_owned()),
        Verb::Update => (Method::PATCH, one),
        Verb::Delete => (Method::DELETE, one),
        action => (Method::POST, format!("{one}/actions/{action}")),
    }
}

/// Returns the help on the fields of a verb for each kind that has it.
pub(super) fn fields_help(verb: Verb) -> String {
    let mut text = "Kinds and the fields of their commands; * marks required fields:".to_owned();
    for (kind, spec) in ALL.iter().filter_map(|spec| Some((spec.kind, spec.verb(verb)?))) {
        // Writing to a string cannot fail.
        let _ = write!(text, "\n  {:<20} {}", kind.as_str(), fields(spec));
    }
    text.push_str("\n\n");
    text.push_str(VALUES);
    text
}

/// Returns the help on the actions of each kind.
pub(super) fn actions_help() -> String {
    help_on(|spec| spec.verb.is_action())
}

/// Returns the help on the actions that can be run on many resources.
pub(super) fn bulk_help() -> String {
    help_on(|spec| spec.bulk)
}

fn help_on(shown: impl Fn(&VerbSpec) -> bool) -> String {
    let mut text =
        "Kinds, their actions and the fields of those commands; * marks required fields:".to_owned();
    for spec in ALL {
        let actions: Vec<_> = spec.verbs.iter().filter(|spec| shown(spec)).map(with_fields).collect();
        if !actions.is_empty() {
            let _ = write!(text, "\n  {:<20} {}", spec.kind.as_str(), actions.join(", "));
        }
    }
    text.push_str("\n\n");
    text.push_str(VALUES);
    text
}

const VALUES: &str = "A value is parsed as JSON if possible and is a string otherwise: size_gib=5, networks='[\"front\"]'. Dots address\n\
    nested fields: boot_volume.size_gib=5, tags.tier=front. A field that refers to another resource takes its id, or\n\
    its name if exactly one resource has it.";

fn with_fields(spec: &VerbSpec) -> String {
    match fields(spec) {
        fields if fields.is_empty() => spec.verb.to_string(),
        fields => format!("{} ({fields})", spec.verb),
    }
}

/// Returns the fields of a command, the required ones first.
fn fields(spec: &VerbSpec) -> String {
    let schema = spec.schema.and_then(|schemas| schemas().into_iter().next());
    let schema = schema.and_then(|(_, schema)| serde_json::to_value(schema).ok()).unwrap_or_default();
    let is_required = |name: &String| {
        schema["required"].as_array().is_some_and(|all| all.contains(&Value::from(name.as_str())))
    };
    let names = schema["properties"].as_object().into_iter().flat_map(|all| all.keys());
    let (required, other): (Vec<_>, Vec<_>) = names.partition(|name| is_required(name));
    let required = required.into_iter().map(|name| format!("{name}*"));
    required.chain(other.into_iter().cloned()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(word: &str) -> Kind {
        Kind::parse(word).unwrap()
    }

    #[test]
    fn verb_that_the_kind_lacks_is_refused() {
        assert_eq!(parse("confirm-resize").unwrap(), Verb::ConfirmResize);
        assert!(parse("fly").unwrap_err().contains("start, stop"));
        assert!(of(kind("volume"), Verb::Extend).is_ok());
        assert!(of(kind("volume"), Verb::Stop).unwrap_err().contains("create, update, extend, delete"));
        assert!(of(kind("datacenter"), Verb::Create).unwrap_err().contains("read-only"));
    }

    #[test]
    fn route_is_that_of_the_api() {
        let route = |verb, id| {
            let (method, path) = route(kind("instance"), verb, id);
            format!("{method} {path}")
        };
        assert_eq!(route(Verb::Create, None), "POST instances");
        assert_eq!(route(Verb::Update, Some("7")), "PATCH instances/7");
        assert_eq!(route(Verb::Delete, Some("7")), "DELETE instances/7");
        assert_eq!(route(Verb::Stop, Some("7")), "POST instances/7/actions/stop");
    }

    #[test]
    fn help_names_kinds_with_their_fields_and_actions() {
        let text = fields_help(Verb::Create);
        for spec in ALL.iter().filter(|spec| spec.verb(Verb::Create).is_some()) {
            assert!(text.contains(spec.kind.as_str()), "{text}");
        }
        assert!(text.contains("instance_type*, name*, boot_volume"), "{text}");
        assert!(!text.contains("datacenter  "), "the kind is read-only: {text}");
        let text = actions_help();
        assert!(text.contains("resize (instance_type*)") && text.contains("extend (size_gib*)"), "{text}");
        let text = bulk_help();
        assert!(text.contains("delete") && !text.contains("extend"), "{text}");
    }
}
