//! Checks that an observed resource is complete and in canonical form.

use gateway_core::document::observation::{Observed, Visibility};
use gateway_core::driver::{KindCapability, ListScope};

use crate::report::{Stop, Verdict, ensure};

pub(super) fn inspect(observed: &Observed, capability: &KindCapability, scope: Option<ListScope>) -> Verdict {
    inspect_all(observed, capability, scope)
        .map_err(|why| Stop::Failed(format!("{} {:?}: {why}", capability.kind, observed.external_id)))
}

fn inspect_all(
    observed: &Observed,
    capability: &KindCapability,
    scope: Option<ListScope>,
) -> Result<(), String> {
    let kind = capability.kind;
    let must = |holds: bool, otherwise: &str| if holds { Ok(()) } else { Err(otherwise.to_owned()) };
    must(observed.kind == kind, "the kind differs")?;
    must(!observed.native_key.is_empty(), "the native key is empty")?;
    must(!observed.external_id.is_empty(), "the external id is empty")?;
    must(observed.raw.as_object().is_some_and(|raw| !raw.is_empty()), "the raw document is not an object")?;
    (kind.spec().check)(&observed.fields)?;
    inspect_state(observed, capability)?;
    match scope {
        Some(ListScope::Own) => {
            must(observed.visibility != Visibility::Public, "it is public in a listing of own resources")
        }
        Some(ListScope::Published) => must(
            observed.visibility == Visibility::Public,
            "it is not public in a listing of published resources",
        ),
        None => Ok(()),
    }
}

fn inspect_state(observed: &Observed, capability: &KindCapability) -> Result<(), String> {
    let spec = capability.kind.spec();
    match (spec.states.is_empty(), observed.state) {
        (true, None) => Ok(()),
        (true, Some(state)) => Err(format!("it has state `{state}`, but the kind has no states")),
        (false, None) => Err("it has no state".to_owned()),
        (false, Some(state)) if spec.state(state).is_none() => {
            Err(format!("`{state}` is not a state of the kind"))
        }
        (false, Some("unknown")) => {
            Err(format!("the driver does not know the state word {:?}", observed.cloud_state))
        }
        (false, Some(_)) if observed.cloud_state.is_some() != capability.says_state => {
            Err("its state word does not agree with `says_state` of the capability".to_owned())
        }
        (false, Some(_)) => Ok(()),
    }
}

pub(super) fn inspect_listing(items: &[Observed], capability: &KindCapability, scope: ListScope) -> Verdict {
    let mut keys: Vec<_> = items.iter().map(|item| item.native_key.as_str()).collect();
    keys.sort_unstable();
    let duplicate = keys.windows(2).find(|pair| pair[0] == pair[1]);
    ensure(duplicate.is_none(), || format!("{duplicate:?} is a duplicate in one listing"))?;
    items.iter().try_for_each(|item| inspect(item, capability, Some(scope)))
}

#[cfg(test)]
mod tests {
    use gateway_core::kind::{AttachmentPoint, Canonical as _, Volume, VolumeState};
    use serde_json::{Value, json};

    use super::*;

    const VOLUMES: KindCapability =
        KindCapability { kind: Volume::KIND, published: false, own: true, get: true, says_state: true };

    fn volume() -> Observed {
        let fields =
            Volume { size_gib: 1, attachments: vec![AttachmentPoint::default()], ..Volume::default() };
        Observed::new("v1", "data", &fields, json!({ "id": "v1" }))
            .unwrap()
            .with_state(VolumeState::InUse, "in-use")
    }

    #[test]
    fn document_that_is_not_canonical_is_rejected() {
        let inspect = |observed: &Observed, scope| inspect_all(observed, &VOLUMES, scope);
        assert_eq!(inspect(&volume(), Some(ListScope::Own)), Ok(()));
        assert!(inspect(&volume(), Some(ListScope::Published)).is_err());
        let broken: [fn(&mut Observed); 6] = [
            |volume| volume.native_key.clear(),
            |volume| volume.raw = Value::Null,
            |volume| volume.state = Some("on fire"),
            |volume| volume.cloud_state = None,
            |volume| drop(volume.fields.remove("size_gib")),
            |volume| drop(volume.fields.insert("colour".to_owned(), json!("red"))),
        ];
        for (index, breaking) in broken.into_iter().enumerate() {
            let mut observed = volume();
            breaking(&mut observed);
            assert!(inspect(&observed, None).is_err(), "{index}");
        }
    }

    #[test]
    fn duplicates_in_a_listing_are_rejected() {
        assert!(inspect_listing(&[volume()], &VOLUMES, ListScope::Own).is_ok());
        assert!(inspect_listing(&[volume(), volume()], &VOLUMES, ListScope::Own).is_err());
    }
}
