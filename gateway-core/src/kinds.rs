//! The wire files: one per kind, with its fields, its states and its place in the registry.
//!
//! A new kind is one new file here, one line in [`ALL`], and a mapping in each driver that has it.

mod image;
mod instance;
mod instance_type;
mod volume;

pub use image::{Image, ImageState};
pub use instance::{Instance, InstanceState};
pub use instance_type::InstanceType;
pub use volume::{Volume, VolumeAttachment, VolumeState};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::id::ResourceId;
use crate::kind::KindSpec;

/// Every kind, in the order of documents.
pub static ALL: &[&KindSpec] = &[&instance::SPEC, &instance_type::SPEC, &image::SPEC, &volume::SPEC];

/// Another resource that a document names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Reference {
    /// The gateway's id, when the cloud told enough to derive it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<uuid::Uuid>)]
    pub id: Option<ResourceId>,
    /// The cloud's own id, when it told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// The name, when the cloud told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// Declares a kind's states as an enum and as the transition table of its [`KindSpec`].
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
pub(crate) use states;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_that_a_table_names_is_in_it() {
        for spec in ALL {
            for state in spec.states {
                for next in state.next {
                    assert!(spec.state(next).is_some(), "{}: {} -> {next}", spec.kind, state.name);
                }
            }
        }
    }

    #[test]
    fn names_are_unique_and_fit_routing_keys() {
        let mut names: Vec<_> = ALL.iter().flat_map(|spec| [spec.kind.as_str(), spec.plural]).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ALL.len() * 2);
        assert!(names.iter().all(|name| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')));
    }
}
