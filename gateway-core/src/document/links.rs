//! Links of a resource. Links to resources that its document names are stored with it; the others are made when it is
//! shown.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::LazyLock;

use serde_json::{Map, Value};

use crate::id::{AccountId, ResourceId};
use crate::kind;
use crate::kind::{Kind, Verb};

/// The text before the links of a stored document.
const OPENING: &str = "{\"links\":{";

/// The text before the owner and the allowed verbs.
const MAY: &str = ",\"may\":[";

/// A link to all resources of a kind that name a resource.
struct Inverse {
    link: &'static str,
    plural: &'static str,
    filter: &'static str,
}

/// The inverse links of each kind.
static INVERSES: LazyLock<HashMap<Kind, Vec<Inverse>>> = LazyLock::new(|| {
    let mut inverses: HashMap<Kind, Vec<Inverse>> = HashMap::new();
    for from in kind::ALL {
        for relation in from.relations {
            let inverse = Inverse { link: relation.inverse, plural: from.plural, filter: relation.name };
            inverses.entry(relation.to).or_default().push(inverse);
        }
    }
    inverses
});

/// Returns the stored text of a document. The links come first, so that showing it needs no parsing.
pub fn stored_text(
    kind: Kind,
    id: ResourceId,
    document: &Map<String, Value>,
    owner: Option<AccountId>,
    actions: &[Verb],
) -> String {
    let spec = kind.spec();
    let mut text = OPENING.to_owned();
    for relation in spec.relations {
        let ids = relation.ids(document);
        let Some(first) = ids.first() else { continue };
        if text.len() > OPENING.len() {
            text.push(',');
        }
        // Writing to a string cannot fail.
        let _ = match relation.many {
            false => write!(text, "\"{}\":\"/v1/{}/{first}\"", relation.link(), relation.to.spec().plural),
            true => {
                let (link, name) = (relation.link(), relation.name);
                write!(text, "\"{link}\":\"/v1/{}/{id}/related?relation={name}\"", spec.plural)
            }
        };
    }
    text.push('}');
    if let (Some(owner), false) = (owner, actions.is_empty()) {
        // Writing to a string cannot fail.
        let _ = write!(text, ",\"may\":[\"{owner}\"");
        for verb in actions {
            let _ = write!(text, ",\"{verb}\"");
        }
        text.push(']');
    }
    let own = Value::Object(document.clone()).to_string();
    if document.is_empty() {
        text.push('}');
    } else {
        text.push(',');
        text.push_str(&own[1..]);
    }
    text
}

/// The parts of a stored document, unparsed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stored<'a> {
    /// The links, without braces.
    pub(crate) links: &'a str,
    /// The owner and the allowed verbs as items of a JSON array, without brackets; empty if no verb is allowed.
    may: &'a str,
    /// The remaining fields, without braces.
    pub(crate) own: &'a str,
}

impl<'a> Stored<'a> {
    /// Splits a document into its parts; `None` if it is not an object.
    pub fn read(stored: &'a str) -> Option<Self> {
        let stored = stored.trim();
        let Some(rest) = stored.strip_prefix(OPENING) else {
            return Some(Self { own: stored.strip_prefix('{')?.strip_suffix('}')?, ..Self::default() });
        };
        // Links contain no braces and verbs no brackets, so that the first one ends them.
        let (links, rest) = rest.split_once('}')?;
        let (may, rest) = match rest.strip_prefix(MAY) {
            Some(rest) => rest.split_once(']')?,
            None => ("", rest),
        };
        Some(Self { links, may, own: rest.strip_suffix('}')?.trim_start_matches(',') })
    }

    /// Returns the account that may act on the resource.
    pub fn owner(&self) -> Option<AccountId> {
        self.may.split(',').next()?.trim_matches('"').parse().ok()
    }

    /// Returns the verbs that a caller with these accounts, in ascending order, may use, as items of a JSON array.
    pub(crate) fn actions_text(&self, accounts: &[AccountId]) -> &'a str {
        let owned = self.may.split_once(',').filter(|(owner, _)| {
            let owner = owner.trim_matches('"').parse::<AccountId>();
            owner.is_ok_and(|owner| accounts.binary_search(&owner).is_ok())
        });
        owned.map_or("", |(_, verbs)| verbs)
    }

    /// Returns the verbs that a caller with these accounts, in ascending order, may use.
    pub fn actions(&self, accounts: &[AccountId]) -> Vec<Verb> {
        self.actions_text(accounts)
            .split(',')
            .filter_map(|verb| Verb::parse(verb.trim_matches('"')))
            .collect()
    }
}

/// Writes `"links":{...}` of a resource; `own` holds the stored links.
pub(crate) fn write_links(text: &mut String, kind: Kind, id: ResourceId, own: &str) {
    let plural = kind.spec().plural;
    // Writing to a string cannot fail.
    let _ =
        write!(text, "\"links\":{{\"self\":\"/v1/{plural}/{id}\",\"related\":\"/v1/{plural}/{id}/related\"");
    for inverse in INVERSES.get(&kind).into_iter().flatten() {
        let _ = write!(text, ",\"{}\":\"/v1/{}?{}={id}\"", inverse.link, inverse.plural, inverse.filter);
    }
    if !own.is_empty() {
        text.push(',');
        text.push_str(own);
    }
    text.push('}');
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ID: ResourceId = ResourceId(uuid::Uuid::from_u128(7));
    const OWNER: AccountId = AccountId(uuid::Uuid::from_u128(8));

    fn shown(kind: &str, document: Value) -> Value {
        let Value::Object(document) = document else { unreachable!() };
        let kind = Kind::parse(kind).unwrap();
        let actions = [Verb::Delete, Verb::Update];
        let stored = stored_text(kind, ID, &document, Some(OWNER), &actions);
        let taken = Stored::read(&stored).unwrap();
        let own = format!("{{{}}}", taken.own);
        assert_eq!(serde_json::from_str::<Value>(&own).unwrap(), Value::Object(document));
        assert_eq!(taken.actions(&[OWNER]), actions);
        assert!(taken.actions(&[AccountId(uuid::Uuid::nil())]).is_empty());
        let mut text = "{".to_owned();
        write_links(&mut text, kind, ID, taken.links);
        text.push('}');
        serde_json::from_str::<Value>(&text).unwrap()["links"].take()
    }

    #[test]
    fn links_lead_in_both_directions() {
        let other = ResourceId(uuid::Uuid::from_u128(9));
        let at = json!({ "instance": { "id": other.to_string() } });
        let links = shown(
            "volume",
            json!({ "image": { "id": other.to_string() }, "attachments": [at], "name": "a}" }),
        );
        assert_eq!(links["self"], format!("/v1/volumes/{ID}"));
        assert_eq!(links["related"], format!("/v1/volumes/{ID}/related"));
        assert_eq!(links["image"], format!("/v1/images/{other}"));
        assert_eq!(links["instances"], format!("/v1/volumes/{ID}/related?relation=instance"));
        assert_eq!(links["volume_snapshots"], format!("/v1/volume_snapshots?volume={ID}"));
        assert_eq!(links.get("snapshot"), None);
    }

    #[test]
    fn empty_documents_and_documents_without_links_are_read() {
        assert_eq!(shown("ssh_key", json!({}))["self"], format!("/v1/ssh_keys/{ID}"));
        let old = Stored::read(r#"{"name":"stored before there were links"}"#).unwrap();
        assert!(old.links.is_empty() && old.actions(&[OWNER]).is_empty());
        for broken in ["", "[]", "null", "{", r#"{"links":{"a":"b"}"#] {
            assert_eq!(Stored::read(broken), None, "{broken}");
        }
    }
}
