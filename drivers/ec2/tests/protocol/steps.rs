//! Steps: executing one at a scripted cloud.

use std::collections::BTreeMap;

use gateway_core::driver::{Done, Known, References, Step};
use gateway_core::id::{CloudId, OperationId, ResourceId};
use gateway_core::kind::{Command, Verb};
use gateway_core::marker::Marker;
use gateway_core::{Kind, Result};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::scripted_cloud::{ScriptedCloud, region};

pub(crate) const MARKER: &str = "gw-00000000000000000000000000000000-1";

pub(crate) fn id(kind: Kind, key: &str) -> ResourceId {
    ResourceId::derive(CloudId(Uuid::nil()), &region(), kind, key)
}

pub(crate) fn known(kind: Kind, key: &str, document: Value) -> Known {
    Known {
        id: id(kind, key),
        kind,
        native_key: key.to_owned(),
        external_id: key.to_owned(),
        name: "named".to_owned(),
        document: document.as_object().cloned().unwrap(),
    }
}

/// Executes a step that names these resources.
pub(crate) async fn act(
    cloud: &ScriptedCloud,
    kind: Kind,
    verb: Verb,
    command: Value,
    target: Option<&Known>,
    names: &[(Kind, &str)],
) -> Result<Done> {
    let command = Command::read(kind.spec().verb(verb).unwrap(), command).unwrap();
    let named = names.iter().map(|(kind, key)| known(*kind, key, json!({})));
    let named = References(named.map(|known| (known.id, known)).collect::<BTreeMap<_, _>>());
    let marker = Marker { operation: OperationId(Uuid::nil()), ordinal: 1 };
    let step = Step { kind, verb, command: &command, target, named: &named, marker };
    let done = cloud.session.act(&region(), &step).await;
    cloud.assert_finished();
    done
}

pub(crate) fn refusal(code: &str, words: &str) -> String {
    format!(
        "<Response><Errors><Error><Code>{code}</Code><Message>{words}</Message></Error></Errors>\
         <RequestID>r-1</RequestID></Response>"
    )
}

pub(crate) fn keys(done: &Done) -> Vec<&str> {
    done.touched.iter().map(|touched| touched.native_key.as_str()).collect()
}
