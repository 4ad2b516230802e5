//! Whether one observed resource is whole and in canonical form.

use gateway_core::Kind;
use gateway_core::driver::ListScope;
use gateway_core::kind::Canonical;
use gateway_core::kinds::{Image, Instance, InstanceType, Volume};
use gateway_core::observation::{Observed, Visibility};
use serde_json::{Map, Value};

use crate::report::{Stop, Verdict, ensure};

type Reader = fn(&Map<String, Value>) -> Result<(), String>;

/// How the fields of each kind are read back.
static READERS: &[(Kind, Reader)] = &[
    (Instance::KIND, read_back::<Instance>),
    (InstanceType::KIND, read_back::<InstanceType>),
    (Image::KIND, read_back::<Image>),
    (Volume::KIND, read_back::<Volume>),
];

/// The fields must be those of the kind's struct: all of them, and no others.
fn read_back<T: Canonical>(fields: &Map<String, Value>) -> Result<(), String> {
    let fields = Value::Object(fields.clone());
    let read: T = serde_json::from_value(fields.clone()).map_err(|error| error.to_string())?;
    let written = serde_json::to_value(&read).map_err(|error| error.to_string())?;
    if written == fields { Ok(()) } else { Err(format!("read back as {written}, was {fields}")) }
}

pub(super) fn inspect(observed: &Observed, kind: Kind, scope: Option<ListScope>) -> Verdict {
    inspect_all(observed, kind, scope)
        .map_err(|why| Stop::Failed(format!("{kind} {:?}: {why}", observed.external_id)))
}

fn inspect_all(observed: &Observed, kind: Kind, scope: Option<ListScope>) -> Result<(), String> {
    let must = |holds: bool, otherwise: &str| if holds { Ok(()) } else { Err(otherwise.to_owned()) };
    must(observed.kind == kind, "another kind")?;
    must(!observed.native_key.is_empty(), "no native key")?;
    must(!observed.external_id.is_empty(), "no id")?;
    must(observed.raw.as_object().is_some_and(|raw| !raw.is_empty()), "the raw document is no object")?;
    match READERS.iter().find(|(known, _)| *known == kind) {
        Some((_, reader)) => reader(&observed.fields)?,
        None => return Err("the suite cannot read this kind".to_owned()),
    }
    inspect_state(observed, kind)?;
    match scope {
        Some(ListScope::Own) => must(observed.visibility != Visibility::Public, "public in an own listing"),
        Some(ListScope::Published) => {
            must(observed.visibility == Visibility::Public, "not public in a published listing")
        }
        None => Ok(()),
    }
}

fn inspect_state(observed: &Observed, kind: Kind) -> Result<(), String> {
    let spec = kind.spec();
    match (spec.states.is_empty(), observed.state) {
        (true, None) => Ok(()),
        (true, Some(state)) => Err(format!("state {state:?} of a kind without states")),
        (false, None) => Err("no state".to_owned()),
        (false, Some(state)) if spec.state(state).is_none() => Err(format!("no such state: {state:?}")),
        (false, Some("unknown")) => Err(format!("the driver does not know {:?}", observed.cloud_state)),
        (false, Some(_)) if observed.cloud_state.is_none() => Err("no word of the cloud's own".to_owned()),
        (false, Some(_)) => Ok(()),
    }
}

pub(super) fn inspect_listing(items: &[Observed], kind: Kind, scope: ListScope) -> Verdict {
    let mut keys: Vec<_> = items.iter().map(|item| item.native_key.as_str()).collect();
    keys.sort_unstable();
    let twice = keys.windows(2).find(|pair| pair[0] == pair[1]);
    ensure(twice.is_none(), || format!("{twice:?} came twice in one listing"))?;
    items.iter().try_for_each(|item| inspect(item, kind, Some(scope)))
}

#[cfg(test)]
mod tests {
    use gateway_core::kinds::{VolumeAttachment, VolumeState};
    use serde_json::json;

    use super::*;

    fn volume() -> Observed {
        let fields =
            Volume { size_gib: 1, attachments: vec![VolumeAttachment::default()], ..Volume::default() };
        Observed::new("v1", "data", &fields, json!({ "id": "v1" }))
            .unwrap()
            .with_state(VolumeState::InUse, "in-use")
    }

    #[test]
    fn every_kind_can_be_read_back() {
        for kind in Kind::all() {
            assert!(READERS.iter().any(|(known, _)| *known == kind), "{kind}");
        }
    }

    #[test]
    fn what_is_not_canonical_is_found() {
        let inspect = |observed: &Observed, scope| inspect_all(observed, Volume::KIND, scope);
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
    fn duplicates_are_found() {
        assert!(inspect_listing(&[volume()], Volume::KIND, ListScope::Own).is_ok());
        assert!(inspect_listing(&[volume(), volume()], Volume::KIND, ListScope::Own).is_err());
    }
}
