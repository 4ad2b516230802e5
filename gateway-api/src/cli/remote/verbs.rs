//! What can be done to each kind, as the command line takes and tells it.

use std::fmt::Write as _;

use gateway_core::Kind;
use gateway_core::kind::{ALL, KindSpec, Verb, VerbSpec};
use http::Method;
use serde_json::Value;

/// An action by its word, with `-` for `_` too.
pub(super) fn parse(text: &str) -> Result<Verb, String> {
    Verb::parse(&text.replace('-', "_")).ok_or_else(|| {
        let words: Vec<_> = Verb::ALL.iter().map(|verb| verb.as_str()).collect();
        format!("there is no such action; there are {}", words.join(", "))
    })
}

/// A verb of a kind.
pub(super) fn of(kind: Kind, verb: Verb) -> Result<&'static VerbSpec, String> {
    kind.spec().verb(verb).ok_or_else(|| {
        let known: Vec<_> = kind.spec().verbs.iter().map(|spec| spec.verb.as_str()).collect();
        match known.is_empty() {
            true => format!("{verb} is not for the kind {kind}: nothing can be done to it"),
            false => format!("{verb} is not for the kind {kind}; there are {}", known.join(", ")),
        }
    })
}

/// Method and path of a verb on one resource; of a create there is none yet.
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

/// What `--help` of a verb says of each kind that has it.
pub(super) fn members_help(verb: Verb) -> String {
    let mut text = "Kinds, with the members of their orders; * must be given:".to_owned();
    for (kind, spec) in ALL.iter().filter_map(|spec| Some((spec.kind, spec.verb(verb)?))) {
        // Writing to a string cannot fail.
        let _ = write!(text, "\n  {:<20} {}", kind.as_str(), members(spec));
    }
    text.push_str("\n\n");
    text.push_str(VALUES);
    text
}

/// What `--help` says of actions.
pub(super) fn actions_help() -> String {
    let mut text = "Kinds, with their actions and the members of those orders; * must be given:".to_owned();
    for spec in ALL {
        let actions: Vec<_> = actions(spec).collect();
        if !actions.is_empty() {
            let _ = write!(text, "\n  {:<20} {}", spec.kind.as_str(), actions.join(", "));
        }
    }
    text.push_str("\n\n");
    text.push_str(VALUES);
    text
}

const VALUES: &str = "A value is JSON where it is some, else text: size_gib=5, networks='[\"front\"]'. A dot leads to a member of a\n\
    member: boot_volume.size_gib=5, tags.tier=front. What names another resource takes its id, or its name when\n\
    exactly one has it.";

fn actions(spec: &'static KindSpec) -> impl Iterator<Item = String> {
    let actions = spec.verbs.iter().filter(|spec| spec.verb.is_action());
    actions.map(|spec| match members(spec) {
        members if members.is_empty() => spec.verb.to_string(),
        members => format!("{} ({members})", spec.verb),
    })
}

/// The members of an order, those that are needed first.
fn members(spec: &VerbSpec) -> String {
    let schema = spec.schema.and_then(|schemas| schemas().into_iter().next());
    let schema = schema.and_then(|(_, schema)| serde_json::to_value(schema).ok()).unwrap_or_default();
    let is_needed = |name: &String| {
        schema["required"].as_array().is_some_and(|all| all.contains(&Value::from(name.as_str())))
    };
    let names = schema["properties"].as_object().into_iter().flat_map(|all| all.keys());
    let (needed, other): (Vec<_>, Vec<_>) = names.partition(|name| is_needed(name));
    let needed = needed.into_iter().map(|name| format!("{name}*"));
    needed.chain(other.into_iter().cloned()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(word: &str) -> Kind {
        Kind::parse(word).unwrap()
    }

    #[test]
    fn verbs_are_those_of_the_kind() {
        assert_eq!(parse("confirm-resize").unwrap(), Verb::ConfirmResize);
        assert!(parse("fly").unwrap_err().contains("start, stop"));
        assert!(of(kind("volume"), Verb::Extend).is_ok());
        assert!(of(kind("volume"), Verb::Stop).unwrap_err().contains("create, update, extend, delete"));
        assert!(of(kind("datacenter"), Verb::Create).unwrap_err().contains("nothing can be done"));
    }

    #[test]
    fn routes_are_those_of_the_api() {
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
    fn help_has_what_can_be_made_and_done() {
        let text = members_help(Verb::Create);
        for spec in ALL.iter().filter(|spec| spec.verb(Verb::Create).is_some()) {
            assert!(text.contains(spec.kind.as_str()), "{text}");
        }
        assert!(text.contains("instance_type*, name*, boot_volume"), "{text}");
        assert!(!text.contains("datacenter  "), "nobody makes one: {text}");
        let text = actions_help();
        assert!(text.contains("resize (instance_type*)") && text.contains("extend (size_gib*)"), "{text}");
    }
}
