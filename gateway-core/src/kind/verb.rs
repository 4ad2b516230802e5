//! Verbs: one table a kind, from which REST, validation and `actions` follow.

use std::any::TypeId;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::body::{Body, Schemas};
use super::named::Named;

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
    ByState,
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

/// One verb of one kind.
pub struct VerbSpec {
    /// The verb.
    pub verb: Verb,
    /// The states in which it is allowed.
    pub when: When,
    /// A field that forbids it while it is true.
    pub unless: Option<&'static str>,
    /// The way to find out whether an interrupted attempt did it.
    pub repeat: Repeat,
    /// Whether its command or its answer holds secrets, such as user data, a private key or a console's output.
    pub secret: bool,
    /// Whether one request may do it to all resources that a filter finds.
    pub bulk: bool,
    /// The field without which the cloud makes a key pair and tells the private key in its answer alone.
    pub key_pair_unless: Option<&'static str>,
    /// The resources that its body names.
    pub names: &'static [Named],
    /// The schema of its body and then those that it names; none for a verb without a body.
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

/// One verb as one type of cloud has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VerbSupport {
    /// The verb.
    pub verb: Verb,
    /// Where the cloud allows it in fewer states than its kind does.
    pub only: When,
}

impl VerbSupport {
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

/// Declares a verb with a body.
pub(super) const fn with<B: Body>(verb: Verb, when: When, repeat: Repeat) -> VerbSpec {
    VerbSpec {
        names: B::NAMES,
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
    let mut all = vec![(B::name().into_owned(), B::schema())];
    B::schemas(&mut all);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verbs_have_words_of_their_own() {
        for verb in Verb::ALL {
            assert_eq!(Verb::parse(verb.as_str()), Some(*verb));
        }
        assert_eq!(Verb::parse("fly"), None);
    }
}
