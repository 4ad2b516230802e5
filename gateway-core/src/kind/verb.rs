//! Verbs: one table per kind. REST, validation and `actions` use it.

use std::any::TypeId;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::body::{self, Body, FieldError, Schemas};
use super::list_limit::ListLimit;
use super::named::Named;

/// Declares the verbs with their words.
macro_rules! verbs {
    ($($(#[$doc:meta])* $variant:ident = $word:literal),+ $(,)?) => {
        /// An operation on a resource.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Verb { $($(#[$doc])* $variant),+ }

        impl Verb {
            /// Every verb.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Returns the word in documents and paths.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }
    };
}

verbs! {
    /// Creates a resource.
    Create = "create",
    /// Changes name, description, tags and the like.
    Update = "update",
    /// Deletes a resource.
    Delete = "delete",
    /// Boots an instance.
    Start = "start",
    /// Shuts an instance down and keeps its disks.
    Stop = "stop",
    /// Restarts an instance.
    Reboot = "reboot",
    /// Freezes an instance in memory.
    Pause = "pause",
    /// Ends a pause.
    Unpause = "unpause",
    /// Freezes an instance on disk.
    Suspend = "suspend",
    /// Ends a suspension.
    Resume = "resume",
    /// Shelves an instance, which frees its host.
    Shelve = "shelve",
    /// Starts a shelved instance again.
    Unshelve = "unshelve",
    /// Locks an instance against change.
    Lock = "lock",
    /// Unlocks an instance.
    Unlock = "unlock",
    /// Changes the type of an instance.
    Resize = "resize",
    /// Confirms the new type.
    ConfirmResize = "confirm_resize",
    /// Reverts to the old type.
    RevertResize = "revert_resize",
    /// Recreates an instance from an image.
    Rebuild = "rebuild",
    /// Creates an image of an instance.
    CreateImage = "create_image",
    /// Reads the output on an instance's console.
    ConsoleOutput = "console_output",
    /// Enlarges a volume.
    Extend = "extend",
    /// Shares an image with another account.
    Share = "share",
    /// Stops sharing an image.
    Unshare = "unshare",
    /// Fills a registered image with its content.
    Upload = "upload",
    /// Connects a router to a subnet.
    AddInterface = "add_interface",
    /// Disconnects a router from a subnet.
    RemoveInterface = "remove_interface",
    /// Connects a router to an external network.
    SetGateway = "set_gateway",
    /// Disconnects a router from its external network.
    ClearGateway = "clear_gateway",
}

impl Verb {
    /// Returns the verb of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|verb| verb.as_str() == word)
    }

    /// Returns whether REST has an action for the verb. The other verbs have HTTP methods of their own.
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

/// The way to find out what an attempt of unknown outcome did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// The new resource is found by its marker or its content: [`crate::driver::Session::find`].
    Found,
    /// The verb is idempotent, so it is repeated.
    Harmless,
    /// The target's state shows it: the verb was done if the state is none of those that it starts from.
    ByState,
    /// Nothing shows it, so the verb is never repeated.
    Never,
}

/// The states of its target in which a verb is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// In every state, and for kinds without states.
    Always,
    /// In these states.
    In(&'static [&'static str]),
    /// In all states but these.
    Except(&'static [&'static str]),
}

impl When {
    /// Returns whether the verb is allowed in a state.
    pub fn takes(self, state: Option<&str>) -> bool {
        match (self, state) {
            (Self::Always, _) => true,
            (Self::In(states), Some(state)) => states.contains(&state),
            (Self::Except(states), Some(state)) => !states.contains(&state),
            // A resource without a state, although its kind has states: the cloud decides.
            (_, None) => true,
        }
    }
}

/// A verb of a kind.
pub struct VerbSpec {
    /// The verb.
    pub verb: Verb,
    /// The states in which it is allowed.
    pub when: When,
    /// A field of the target that forbids the verb while it is true.
    pub unless: Option<&'static str>,
    /// The way to find out whether an interrupted attempt did it.
    pub repeat: Repeat,
    /// Whether its command or its answer holds secrets, such as user data, a private key or a console's output.
    pub secret: bool,
    /// Whether one request may do it to all resources that a filter finds.
    pub bulk: bool,
    /// The field without which the cloud creates a key pair. The private key is in its answer only.
    pub key_pair_unless: Option<&'static str>,
    /// The resources that its body names.
    pub names: &'static [Named],
    /// The limits of all lists in its body.
    pub lists: &'static [ListLimit],
    /// The schema of its body and then the schemas that it names; none for a verb without a body.
    pub schema: Option<fn() -> Schemas>,
    /// The type of its body, for [`super::Command::read`]; none for a verb without a body.
    pub(super) body: Option<fn() -> TypeId>,
}

impl VerbSpec {
    /// Forbids the verb while a field of the target is true.
    pub(super) const fn unless(self, field: &'static str) -> Self {
        Self { unless: Some(field), ..self }
    }

    /// Marks the command or the answer as secret.
    pub(super) const fn secret(self) -> Self {
        Self { secret: true, ..self }
    }

    /// Allows the verb for all resources that a filter finds.
    pub(super) const fn bulk(self) -> Self {
        Self { bulk: true, ..self }
    }

    /// Declares that the cloud makes a key pair for a command without this field.
    pub(super) const fn key_pair_unless(self, field: &'static str) -> Self {
        Self { key_pair_unless: Some(field), ..self }
    }

    /// Returns the errors of the lists in a body that are too long, before anything in them is looked up.
    pub fn overlong_lists(&self, body: &Value) -> Vec<FieldError> {
        body::overlong_lists(self.lists, body)
    }

    /// Returns whether the answer to a command holds a private key.
    pub fn makes_key_pair(&self, command: &Map<String, Value>) -> bool {
        self.key_pair_unless.is_some_and(|field| !command.contains_key(field))
    }

    /// Returns whether a resource's own document allows the verb now.
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

/// A verb as a type of cloud supports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VerbSupport {
    /// The verb.
    pub verb: Verb,
    /// The states to which the cloud limits the verb, within those that its kind allows.
    pub only: When,
}

impl VerbSupport {
    /// Supports the verb in all states that its kind allows.
    pub const fn new(verb: Verb) -> Self {
        Self { verb, only: When::Always }
    }

    /// Limits the verb to some states.
    #[must_use]
    pub const fn only(self, only: When) -> Self {
        Self { only, ..self }
    }
}

/// Declares a verb with a body.
pub(super) const fn with<B: Body>(verb: Verb, when: When, repeat: Repeat) -> VerbSpec {
    VerbSpec {
        names: B::NAMES,
        lists: B::LISTS,
        schema: Some(schemas::<B>),
        body: Some(TypeId::of::<B>),
        ..plain(verb, when, repeat)
    }
}

/// Declares a verb without a body.
pub(super) const fn plain(verb: Verb, when: When, repeat: Repeat) -> VerbSpec {
    VerbSpec {
        verb,
        when,
        unless: None,
        repeat,
        secret: false,
        bulk: false,
        key_pair_unless: None,
        names: &[],
        lists: &[],
        schema: None,
        body: None,
    }
}

/// Declares a create with its body.
pub(super) const fn create<B: Body>() -> VerbSpec {
    with::<B>(Verb::Create, When::Always, Repeat::Found)
}

/// Declares a delete.
pub(super) const fn delete(when: When) -> VerbSpec {
    plain(Verb::Delete, when, Repeat::Harmless)
}

fn schemas<B: Body>() -> Schemas {
    let mut body = B::schema();
    B::LISTS.iter().for_each(|limit| limit.describe(&mut body));
    let mut all = vec![(B::name().into_owned(), body)];
    B::schemas(&mut all);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verbs_have_distinct_words() {
        for verb in Verb::ALL {
            assert_eq!(Verb::parse(verb.as_str()), Some(*verb));
        }
        assert_eq!(Verb::parse("fly"), None);
    }
}
