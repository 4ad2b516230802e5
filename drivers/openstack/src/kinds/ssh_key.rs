//! Keypairs of Nova.

use gateway_core::document::observation::Observed;
use gateway_core::error::Result;
use gateway_core::kind::{Kind, SshKey, Verb, VerbSupport};
use serde::Deserialize;
use serde_json::Value;

use crate::descriptor::{Descriptor, Lookup};
use crate::document::{View, non_empty, read};
use crate::listing::{Form, Pass};
use crate::paging::Pages;
use crate::service::Service;

/// Keypairs of Nova.
pub(crate) static KIND: Descriptor = Descriptor {
    own: &[Pass {
        form: Form::Pages(Pages { item: Some("keypair"), id: "name", ..Pages::new("keypairs") }),
        ..Pass::pages(Service::Compute, &["os-keypairs"], "keypairs")
    }],
    // Only a single read has them.
    omitted: &["created_at", "deleted", "deleted_at", "id", "updated_at", "user_id"],
    commands: &[VerbSupport::new(Verb::Create), VerbSupport::new(Verb::Delete)],
    ..Descriptor::new(Kind::SshKey, Lookup::UserAndName, observe)
};

#[derive(Deserialize)]
struct Keypair {
    name: String,
    fingerprint: Option<String>,
    public_key: Option<String>,
    #[serde(rename = "type")]
    key_type: Option<String>,
}

/// Maps one key. It belongs to the user, whom a listing does not name, not to a project.
pub(crate) fn observe(view: &View<'_>, raw: Value) -> Result<Observed> {
    let keypair: Keypair = read("keypair", &raw)?;
    let user = &view.account.user_id;
    let fields = SshKey {
        fingerprint: non_empty(keypair.fingerprint),
        public_key: non_empty(keypair.public_key),
        key_type: non_empty(keypair.key_type),
        user: Some(user.clone()),
    };
    let native_key = format!("{user}/{}", keypair.name);
    Ok(Observed { native_key, ..Observed::new(keypair.name.clone(), keypair.name, &fields, raw)? })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fixtures::{canonical, fields, with_view};

    fn document() -> Value {
        json!({"name": "mine", "public_key": "ssh-rsa AAAA me", "fingerprint": "c4:72:66", "type": "ssh"})
    }

    #[test]
    fn every_field_is_mapped() {
        let raw = document();
        let observed = with_view(|view| observe(view, raw.clone())).unwrap();
        let key: SshKey = fields(&observed);
        assert_eq!(
            (key.fingerprint.as_deref(), key.public_key.as_deref()),
            (Some("c4:72:66"), Some("ssh-rsa AAAA me"))
        );
        assert_eq!((key.key_type.as_deref(), key.user.as_deref()), (Some("ssh"), Some("u1")));
        assert_eq!((observed.native_key.as_str(), observed.external_id.as_str()), ("u1/mine", "mine"));
        assert_eq!((observed.name.as_str(), observed.owner.as_deref()), ("mine", None));
        assert_eq!(observed.raw, raw);
    }

    #[test]
    fn key_without_type_is_mapped_and_key_without_name_is_refused() {
        let old = json!({"name": "mine", "public_key": "ssh-rsa AAAA me", "fingerprint": "c4:72:66"});
        assert_eq!(fields::<SshKey>(&with_view(|view| observe(view, old)).unwrap()).key_type, None);
        assert!(with_view(|view| observe(view, json!({"fingerprint": "x"}))).is_err());
    }

    #[test]
    fn canonical_document_matches_snapshot() {
        insta::assert_snapshot!(canonical(&KIND, Service::Compute, document()));
    }
}
