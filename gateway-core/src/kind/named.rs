//! Resources that the body of a verb names by the gateway's ids.

use serde_json::Value;

use super::name::Kind;

/// A resource that a body names.
#[derive(Clone, Copy, Debug)]
pub struct Named {
    /// The path in the body; a list on the path stands for each of its items.
    pub path: &'static [&'static str],
    /// The kind of the named resource.
    pub kind: Kind,
}

impl Named {
    /// Declares that a resource of a kind is named at a path.
    pub(super) const fn new(path: &'static [&'static str], kind: Kind) -> Self {
        Self { path, kind }
    }

    /// Returns the named ids, each with its JSON pointer.
    pub fn pointers(&self, body: &Value) -> Vec<(String, String)> {
        let mut found = Vec::new();
        collect(body, self.path, String::new(), &mut found);
        found
    }
}

fn collect(value: &Value, path: &[&str], pointer: String, found: &mut Vec<(String, String)>) {
    match (value, path.split_first()) {
        (Value::Array(items), _) => {
            for (at, item) in items.iter().enumerate() {
                collect(item, path, format!("{pointer}/{at}"), found);
            }
        }
        (Value::Object(members), Some((first, rest))) => {
            if let Some(value) = members.get(*first) {
                collect(value, rest, format!("{pointer}/{first}"), found);
            }
        }
        (Value::String(id), None) => found.push((pointer, id.clone())),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn named_ids_are_found_with_their_pointers() {
        let named = Named::new(&["networks"], Kind::Network);
        let body = json!({ "networks": ["a", "b"], "image": "c", "boot_volume": { "volume_type": "d" } });
        let found = named.pointers(&body);
        assert_eq!(found, [("/networks/0".into(), "a".into()), ("/networks/1".into(), "b".into())]);
        let deep = Named::new(&["boot_volume", "volume_type"], Kind::VolumeType).pointers(&body);
        assert_eq!(deep, [("/boot_volume/volume_type".into(), "d".into())]);
        assert!(Named::new(&["interfaces"], Kind::NetworkInterface).pointers(&body).is_empty());
    }
}
