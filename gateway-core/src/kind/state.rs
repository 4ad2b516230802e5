//! Canonical states: each kind's life cycle as one transition table.

use super::name::Kind;

/// A canonical state of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateSpec {
    /// The word in documents and filters.
    pub name: &'static str,
    /// Whether the resource is changing to another state. Its target is then polled more often.
    pub transitional: bool,
    /// The states that may follow. A poll may miss states in between.
    pub next: &'static [&'static str],
}

/// A canonical state of a kind with a life cycle.
pub trait State: Copy {
    /// The kind that the state belongs to.
    const KIND: Kind;
    /// Returns the word in documents.
    fn name(self) -> &'static str;
}

/// Declares a kind's states as an enum and as the transition table of its [`super::KindSpec`].
macro_rules! states {
    ($(#[$doc:meta])* $name:ident of $kind:expr; $($(#[$vdoc:meta])* $variant:ident = $word:literal $(($flag:ident))? -> [$($next:literal),*]),+ $(,)?) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant),+ }

        impl $name {
            pub(crate) const TABLE: &'static [crate::kind::StateSpec] = &[$(crate::kind::StateSpec {
                name: $word,
                transitional: states!(@flag $($flag)?),
                next: &[$($next),*],
            }),+];
        }

        impl crate::kind::State for $name {
            const KIND: crate::kind::Kind = $kind;
            fn name(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }
    };
    (@flag moving) => { true };
    (@flag) => { false };
}
pub(super) use states;
