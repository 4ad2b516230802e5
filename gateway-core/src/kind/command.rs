//! Commands: the typed bodies of verbs, read and checked before any cloud is asked.

use std::any::TypeId;

use serde_json::Value;

use super::body::{self, Body as _, FieldError, FieldErrors};
use super::documents::Documents;
use super::image::{CreateImage, ShareImage};
use super::instance::{CreateInstance, ImageOfInstance, Reboot, Rebuild, Resize};
use super::ip_address::CreateIpAddress;
use super::ip_address_binding::CreateIpAddressBinding;
use super::network::CreateNetwork;
use super::network_interface::{CreateNetworkInterface, UpdateNetworkInterface};
use super::quota::UpdateQuota;
use super::router::{CreateRouter, RouterGateway, RouterSubnet};
use super::security_group::CreateSecurityGroup;
use super::security_group_rule::CreateSecurityGroupRule;
use super::ssh_key::CreateSshKey;
use super::subnet::CreateSubnet;
use super::update::Update;
use super::verb::VerbSpec;
use super::volume::{CreateVolume, Extend};
use super::volume_attachment::CreateVolumeAttachment;
use super::volume_snapshot::CreateVolumeSnapshot;

/// Declares the commands that have a body, each named after the type of the body.
macro_rules! commands {
    ($($body:ident),+ $(,)?) => {
        /// The typed body of one verb on one kind.
        #[derive(Clone, Debug)]
        #[expect(missing_docs, reason = "each variant is described by the type that it holds")]
        pub enum Command {
            /// A verb without a body.
            Plain,
            $($body($body)),+
        }

        $(impl From<$body> for Command {
            fn from(body: $body) -> Self {
                Self::$body(body)
            }
        })+

        impl Command {
            /// Reads and checks the body of a verb.
            ///
            /// # Errors
            /// The fields that are wrong, without their values.
            pub fn read(spec: &VerbSpec, body: Value) -> Result<Self, Vec<FieldError>> {
                let Some(wanted) = spec.body else {
                    return body::read_nothing(&body).map(|()| Self::Plain);
                };
                $(if wanted() == TypeId::of::<$body>() {
                    return body::read::<$body>(body).map(Self::from);
                })+
                // A test reads a body of every verb.
                unreachable!("{} has a body that is no command", spec.verb)
            }

            /// Checks the command against the documents of its target and of the resources that it names. A field
            /// that a document lacks is not checked.
            pub fn errors_against(&self, documents: &Documents<'_>) -> Vec<FieldError> {
                let FieldErrors(errors) = match self {
                    Self::Plain => FieldErrors::default(),
                    $(Self::$body(body) => body.errors_against(documents)),+
                };
                errors
            }
        }
    };
}

commands! {
    CreateInstance,
    Reboot,
    Resize,
    Rebuild,
    ImageOfInstance,
    CreateVolume,
    Extend,
    CreateVolumeAttachment,
    CreateVolumeSnapshot,
    CreateImage,
    ShareImage,
    CreateSshKey,
    CreateNetwork,
    CreateSubnet,
    CreateNetworkInterface,
    UpdateNetworkInterface,
    CreateRouter,
    RouterSubnet,
    RouterGateway,
    CreateIpAddress,
    CreateIpAddressBinding,
    CreateSecurityGroup,
    CreateSecurityGroupRule,
    UpdateQuota,
    Update,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::name::Kind;
    use super::super::registry::ALL;
    use super::super::verb::{Verb, When};
    use super::*;
    use crate::id::ResourceId;

    fn read(kind: Kind, verb: Verb, body: Value) -> Result<Command, Vec<FieldError>> {
        Command::read(kind.spec().verb(verb).unwrap(), body)
    }

    #[test]
    fn field_errors_have_pointers_and_quote_no_value() {
        let body = json!({ "name": " ", "image": ResourceId::generate(), "instance_type": ResourceId::generate(),
                           "count": 0, "tags": { "gateway-operation": "x" } });
        let errors = read(Kind::Instance, Verb::Create, body).unwrap_err();
        let pointers: Vec<_> = errors.iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!(pointers, ["/name", "/tags/gateway-operation", "/count"]);
        let errors =
            read(Kind::Instance, Verb::Create, json!({ "name": { "password": "hunter2" } })).unwrap_err();
        assert_eq!(errors, [FieldError::new("/name", "must be a string")]);
        let errors = read(Kind::Volume, Verb::Extend, json!({})).unwrap_err();
        assert_eq!(errors, [FieldError::new("/size_gib", "is required")]);
        let errors = read(Kind::Volume, Verb::Extend, json!({ "size": 1 })).unwrap_err();
        assert_eq!(errors, [FieldError::new("/size", "is not a known field")]);
        let several = json!({ "name": "n".repeat(252), "image": ResourceId::generate(),
                              "instance_type": ResourceId::generate(), "count": 2 });
        let errors = read(Kind::Instance, Verb::Create, several).unwrap_err();
        assert_eq!(errors[0].pointer, "/name", "there is no room for the numbers");
        assert!(read(Kind::Instance, Verb::Stop, json!({ "x": 1 })).is_err());
        assert!(read(Kind::Instance, Verb::Stop, Value::Null).is_ok());
    }

    #[test]
    fn every_list_of_a_body_has_a_limit_that_is_enforced_and_documented() {
        for (spec, verb) in ALL.iter().flat_map(|spec| spec.verbs.iter().map(move |verb| (spec, verb))) {
            let Some(schemas) = verb.schema.map(|schema| schema()) else { continue };
            for (position, (name, schema)) in schemas.iter().enumerate() {
                let schema = serde_json::to_value(schema).unwrap();
                let properties = schema["properties"].as_object().into_iter().flatten();
                for (field, property) in properties.filter(|(_, property)| property.get("items").is_some()) {
                    assert_eq!(position, 0, "{name}.{field}: a list below a body cannot be limited yet");
                    let limit = verb.lists.iter().find(|limit| limit.field == field);
                    let limit = limit.unwrap_or_else(|| panic!("{} {}: {field}", spec.kind, verb.verb));
                    assert_eq!(property["maxItems"], limit.most, "{name}.{field}");
                    let body = json!({ field.as_str(): vec![Value::Null; limit.most + 1] });
                    let errors = read(spec.kind, verb.verb, body).unwrap_err();
                    assert_eq!(
                        errors,
                        verb.overlong_lists(&json!({ field.as_str(): vec![0; limit.most + 1] }))
                    );
                    assert_eq!(errors[0].pointer, format!("/{field}"));
                    assert!(verb.overlong_lists(&json!({ field.as_str(): vec![0; limit.most] })).is_empty());
                }
            }
            assert!(verb.lists.iter().all(|limit| limit.most > 0), "{} {}", spec.kind, verb.verb);
        }
    }

    #[test]
    fn every_body_is_a_command_and_names_fields_of_its_schema() {
        for spec in ALL {
            for verb in spec.verbs {
                // Panics for a body that is no command.
                let _ = Command::read(verb, Value::Null);
                let schema = verb.schema.map(|schema| serde_json::to_value(&schema()[0].1).unwrap());
                for named in verb.names {
                    let properties = &schema.as_ref().unwrap()["properties"];
                    assert!(properties[named.path[0]].is_object(), "{} {}", spec.kind, verb.verb);
                }
                if let When::In(states) | When::Except(states) = verb.when {
                    assert!(states.iter().all(|state| spec.state(state).is_some()), "{}", spec.kind);
                }
            }
        }
    }
}
