//! Key pairs, of which EC2 keeps the public half.

use gateway_core::document::observation::Observed;
use gateway_core::driver::KindCapability;
use gateway_core::kind::SshKey;
use gateway_core::{Kind, Result};

use crate::descriptor::{CREATE, DELETE, Descriptor};
use crate::list_call::{ListCall, Mapping, Single};
use crate::origin::Origin;
use crate::tags;
use crate::xml::Element;

pub(crate) static KIND: Descriptor = Descriptor {
    capability: KindCapability {
        kind: Kind::SshKey,
        published: false,
        own: true,
        get: true,
        says_state: false,
    },
    verbs: &[CREATE, DELETE],
    // Not every cloud has the parameter for ids, or the filter for them.
    calls: &[ListCall::new("DescribeKeyPairs", "keySet", Single::Search, Mapping::One(observe))
        .with_parameters(|form, _| Some(form.with("IncludePublicKey", true)))],
};

/// Maps one item of `keySet`.
///
/// # Errors
/// `WrongDocument`, when a required field is missing or a field has the wrong type.
fn observe(key: &Element, origin: Origin<'_>) -> Result<Observed> {
    let trimmed = |name| key.text_at(&[name]).map(|text| text.trim().to_owned());
    let fields = SshKey {
        fingerprint: trimmed("keyFingerprint"),
        public_key: trimmed("publicKey"),
        key_type: key.owned_at(&["keyType"]),
        user: None,
    };
    let name = key.required(&["keyName"])?;
    // Older clouds have no ids of key pairs. There the name is the key, which is unique in account and region.
    let id = key.text_at(&["keyPairId"]).unwrap_or(name);
    let mut observed = Observed::new(id, name, &fields, key.to_json())?;
    origin.set_owner(&mut observed, None);
    observed.created_at = key.time_at(&["createTime"])?;
    observed.tags = tags::read(key);
    Ok(observed)
}

#[cfg(test)]
mod tests {
    use gateway_core::ErrorKind;

    use super::*;
    use crate::fixtures::with_origin;

    const KEY: &str = "<item><keyPairId>key-1</keyPairId><keyType>ed25519</keyType><tagSet><item><key>team</key>\
        <value>web</value></item></tagSet><publicKey>ssh-ed25519 AAAAC3Nz k\n</publicKey>\
        <createTime>2026-11-24T10:19:19.000Z</createTime><keyName>k</keyName><keyFingerprint>05:70</keyFingerprint></item>";

    #[test]
    fn key_pair_is_mapped() {
        let observed = with_origin(KEY, observe).unwrap();
        assert_eq!(
            (observed.native_key.as_str(), observed.name.as_str(), observed.state),
            ("key-1", "k", None)
        );
        assert_eq!((observed.owner.as_deref(), observed.tags["team"].as_str()), (Some("111"), "web"));
        assert_eq!(observed.created_at.unwrap().to_string(), "2026-11-24T10:19:19.000000Z");
        let expected = SshKey {
            fingerprint: Some("05:70".to_owned()),
            public_key: Some("ssh-ed25519 AAAAC3Nz k".to_owned()),
            key_type: Some("ed25519".to_owned()),
            user: None,
        };
        assert_eq!(serde_json::from_value::<SshKey>(observed.fields.into()).unwrap(), expected);
    }

    #[test]
    fn key_pair_without_id_has_its_name_as_key() {
        let observed = with_origin(&KEY.replace("keyPairId", "id"), observe).unwrap();
        assert_eq!((observed.native_key.as_str(), observed.external_id.as_str()), ("k", "k"));
    }

    #[test]
    fn missing_name_and_wrong_time_are_errors() {
        for (part, wrong) in [("keyName", "name"), (">2026-11-24T", ">someday")] {
            let error = with_origin(&KEY.replace(part, wrong), observe).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::WrongDocument, "{wrong}");
        }
    }
}
