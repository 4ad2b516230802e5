//! Key pairs, of which EC2 keeps the public half.

use gateway_core::Result;
use gateway_core::document::observation::Observed;
use gateway_core::driver::KindCapability;
use gateway_core::kind::{Canonical as _, SshKey};

use super::{Origin, set_owner, tags, time_at};
use crate::listing::Description;
use crate::part::{Map, Part, Single};
use crate::xml::Element;

pub(crate) static DESCRIPTION: Description = Description {
    capability: KindCapability {
        kind: SshKey::KIND,
        published: false,
        own: true,
        get: true,
        says_state: false,
    },
    // Some clouds know ids of key pairs and not the parameter; others know neither those nor the filter.
    parts: &[Part::new("DescribeKeyPairs", "keySet", Single::Search, Map::One(observe))
        .narrowed(|form, _| Some(form.with("IncludePublicKey", true)))],
};

/// Reads one item of `keySet`.
///
/// # Errors
/// `WrongDocument`, when a field is missing that every key pair has, or is of the wrong type.
fn observe(key: &Element, origin: Origin<'_>) -> Result<Observed> {
    let trimmed = |name| key.text_at(&[name]).map(|text| text.trim().to_owned());
    let fields = SshKey {
        fingerprint: trimmed("keyFingerprint"),
        public_key: trimmed("publicKey"),
        key_type: key.owned_at(&["keyType"]),
        user: None,
    };
    let name = key.required(&["keyName"])?;
    // A cloud from before key pairs had ids tells them apart by their names, which an account has once in a region.
    let id = key.text_at(&["keyPairId"]).unwrap_or(name);
    let mut observed = Observed::new(id, name, &fields, key.to_json())?;
    set_owner(&mut observed, None, origin);
    observed.created_at = time_at(key, &["createTime"])?;
    observed.tags = tags(key);
    Ok(observed)
}

#[cfg(test)]
mod tests {
    use gateway_core::ErrorKind;

    use super::super::testing::with_origin;
    use super::*;

    const KEY: &str = "<item><keyPairId>key-1</keyPairId><keyType>ed25519</keyType><tagSet><item><key>team</key>\
        <value>web</value></item></tagSet><publicKey>ssh-ed25519 AAAAC3Nz k\n</publicKey>\
        <createTime>2026-11-24T10:19:19.000Z</createTime><keyName>k</keyName><keyFingerprint>05:70</keyFingerprint></item>";

    #[test]
    fn fields_come_from_the_document() {
        let seen = with_origin(KEY, observe).unwrap();
        assert_eq!((seen.native_key.as_str(), seen.name.as_str(), seen.state), ("key-1", "k", None));
        assert_eq!((seen.owner.as_deref(), seen.tags["team"].as_str()), (Some("111"), "web"));
        assert_eq!(seen.created_at.unwrap().to_string(), "2026-11-24T10:19:19.000000Z");
        let expected = SshKey {
            fingerprint: Some("05:70".to_owned()),
            public_key: Some("ssh-ed25519 AAAAC3Nz k".to_owned()),
            key_type: Some("ed25519".to_owned()),
            user: None,
        };
        assert_eq!(serde_json::from_value::<SshKey>(seen.fields.into()).unwrap(), expected);
    }

    #[test]
    fn a_key_without_id_is_known_by_its_name() {
        let seen = with_origin(&KEY.replace("keyPairId", "id"), observe).unwrap();
        assert_eq!((seen.native_key.as_str(), seen.external_id.as_str()), ("k", "k"));
    }

    #[test]
    fn what_is_odd_is_an_error() {
        for (part, odd) in [("keyName", "name"), (">2026-11-24T", ">someday")] {
            let error = with_origin(&KEY.replace(part, odd), observe).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::WrongDocument, "{odd}");
        }
    }
}
