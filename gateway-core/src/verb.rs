//! What can be done to resources: one table a kind, from which REST, validation and `actions` follow.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::kind::{Kind, Schemas};
use crate::order::{Fault, Order};

/// Declares the verbs with their words.
macro_rules! verbs {
    ($($(#[$doc:meta])* $variant:ident = $word:literal),+ $(,)?) => {
        /// Something that is done to a resource.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Verb { $($(#[$doc])* $variant),+ }

        impl Verb {
            /// Every verb.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word in documents and paths.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }
    };
}

verbs! {
    /// Makes one.
    Create = "create",
    /// Changes what its owner wrote about it.
    Update = "update",
    /// Ends it.
    Delete = "delete",
    /// Boots an instance.
    Start = "start",
    /// Shuts an instance down, its disks kept.
    Stop = "stop",
    /// Takes an instance down and up again.
    Reboot = "reboot",
    /// Freezes an instance in memory.
    Pause = "pause",
    /// Ends a pause.
    Unpause = "unpause",
    /// Freezes an instance on disk.
    Suspend = "suspend",
    /// Ends a suspension.
    Resume = "resume",
    /// Puts an instance away, and frees its host.
    Shelve = "shelve",
    /// Brings it back.
    Unshelve = "unshelve",
    /// Guards an instance against change.
    Lock = "lock",
    /// Ends that.
    Unlock = "unlock",
    /// Gives an instance another type.
    Resize = "resize",
    /// Keeps the new type.
    ConfirmResize = "confirm_resize",
    /// Goes back to the old type.
    RevertResize = "revert_resize",
    /// Makes an instance anew of an image.
    Rebuild = "rebuild",
    /// Makes an image of an instance.
    CreateImage = "create_image",
    /// Reads what an instance wrote on its console.
    ConsoleOutput = "console_output",
    /// Makes a volume larger.
    Extend = "extend",
    /// Lets another account use it.
    Share = "share",
    /// Ends that.
    Unshare = "unshare",
    /// Fills a registered image with its content.
    Upload = "upload",
    /// Connects a router to a subnet.
    AddInterface = "add_interface",
    /// Ends that.
    RemoveInterface = "remove_interface",
    /// Lets a router lead out of the cloud.
    SetGateway = "set_gateway",
    /// Ends that.
    ClearGateway = "clear_gateway",
}

impl Verb {
    /// The verb of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|verb| verb.as_str() == word)
    }

    /// Whether it has a method of its own in REST; the others are actions.
    pub const fn is_action(self) -> bool {
        !matches!(self, Self::Create | Self::Update | Self::Delete | Self::Upload)
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Verb {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Verb {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        Self::parse(&word).ok_or_else(|| serde::de::Error::custom(format!("no verb is called {word:?}")))
    }
}

/// What is known when nobody knows how a try ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// What it makes is found again, by its marker or by what it is: [`crate::driver::Session::find`].
    Found,
    /// Doing it once more leaves everything as doing it once does.
    Harmless,
    /// The target tells: once it is in none of the states that the verb starts from, it was done.
    Told,
    /// Nobody can tell, and it is not done again.
    Never,
}

/// In which states of its target a verb may be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// In every one; also of kinds without states.
    Always,
    /// In these.
    In(&'static [&'static str]),
    /// In all but these.
    Except(&'static [&'static str]),
}

impl When {
    /// Whether a state is among them.
    pub fn takes(self, state: Option<&str>) -> bool {
        match (self, state) {
            (Self::Always, _) => true,
            (Self::In(states), Some(state)) => states.contains(&state),
            (Self::Except(states), Some(state)) => !states.contains(&state),
            // It has no state, although its kind has: the cloud will tell.
            (_, None) => true,
        }
    }
}

/// A resource that an order names.
#[derive(Clone, Copy, Debug)]
pub struct Named {
    /// Where in the order, as a path of members; a list on the way stands for each of its items.
    pub path: &'static [&'static str],
    /// Of which kind, by name.
    kind: &'static str,
}

impl Named {
    /// A resource of that kind is named at that path.
    pub const fn new(path: &'static [&'static str], kind: &'static str) -> Self {
        Self { path, kind }
    }

    /// The kind of what is named.
    pub const fn kind(&self) -> Kind {
        Kind::new(self.kind)
    }

    /// What is named, each with its place as a JSON pointer.
    pub fn places(&self, order: &Value) -> Vec<(String, String)> {
        let mut found = Vec::new();
        collect(order, self.path, String::new(), &mut found);
        found
    }
}

fn collect(value: &Value, path: &[&str], place: String, found: &mut Vec<(String, String)>) {
    match (value, path.split_first()) {
        (Value::Array(items), _) => {
            for (at, item) in items.iter().enumerate() {
                collect(item, path, format!("{place}/{at}"), found);
            }
        }
        (Value::Object(members), Some((first, rest))) => {
            if let Some(value) = members.get(*first) {
                collect(value, rest, format!("{place}/{first}"), found);
            }
        }
        (Value::String(id), None) => found.push((place, id.clone())),
        _ => {}
    }
}

/// One verb of one kind.
pub struct VerbSpec {
    /// The verb.
    pub verb: Verb,
    /// In which states.
    pub when: When,
    /// A field that forbids it while it is true.
    pub unless: Option<&'static str>,
    /// What a try leaves behind.
    pub repeat: Repeat,
    /// What the order names.
    pub names: &'static [Named],
    /// The schema of the order and then those that it names; none where nothing has to be said.
    pub schema: Option<fn() -> Schemas>,
    /// Reads an order.
    pub read: fn(Value) -> Result<Order, Vec<Fault>>,
}

impl VerbSpec {
    /// Whether an order or what is told of it holds secrets: user data, private keys, consoles.
    pub fn has_secrets(&self, kind: Kind) -> bool {
        matches!(
            (kind.as_str(), self.verb),
            ("instance" | "ssh_key", Verb::Create) | ("instance", Verb::ConsoleOutput)
        )
    }

    /// Whether a resource's own document allows it now.
    pub fn allows(&self, state: Option<&str>, fields: &Map<String, Value>) -> bool {
        let is_barred = self.unless.is_some_and(|field| fields.get(field) == Some(&Value::Bool(true)));
        self.when.takes(state) && !is_barred
    }
}

impl fmt::Debug for VerbSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerbSpec({})", self.verb)
    }
}

/// One verb as one type of cloud has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Can {
    /// The verb.
    pub verb: Verb,
    /// Where the cloud allows it in fewer states than its kind does.
    pub only: When,
}

impl Can {
    /// As its kind has it.
    pub const fn new(verb: Verb) -> Self {
        Self { verb, only: When::Always }
    }

    /// Only in some states.
    #[must_use]
    pub const fn only(self, only: When) -> Self {
        Self { only, ..self }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_an_order_names_is_found_with_its_place() {
        let named = Named::new(&["networks"], "network");
        let order = json!({ "networks": ["a", "b"], "image": "c", "boot_volume": { "volume_type": "d" } });
        let found = named.places(&order);
        assert_eq!(found, [("/networks/0".into(), "a".into()), ("/networks/1".into(), "b".into())]);
        let deep = Named::new(&["boot_volume", "volume_type"], "volume_type").places(&order);
        assert_eq!(deep, [("/boot_volume/volume_type".into(), "d".into())]);
        assert!(Named::new(&["interfaces"], "network_interface").places(&order).is_empty());
    }

    #[test]
    fn verbs_have_words_of_their_own() {
        for verb in Verb::ALL {
            assert_eq!(Verb::parse(verb.as_str()), Some(*verb));
        }
        assert_eq!(Verb::parse("fly"), None);
    }
}
