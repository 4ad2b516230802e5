//! What Glance does.

use gateway_core::driver::{Done, Step, Touched};
use gateway_core::error::{ErrorKind, Result};
use gateway_core::kind::{
    Canonical, Command, CreateImage, FieldError, Image, ShareImage, Update, Verb, VerbSupport,
};
use gateway_core::marker::MARKER_KEY;
use serde_json::{Map, Value, json};

use super::{Act, again, labels};
use crate::catalog::Service;
use crate::connection::{Answer, Write};
use crate::options;

pub(super) const IMAGE: &[VerbSupport] = &[
    VerbSupport::new(Verb::Create),
    VerbSupport::new(Verb::Update),
    VerbSupport::new(Verb::Delete),
    VerbSupport::new(Verb::Share),
    VerbSupport::new(Verb::Unshare),
    VerbSupport::new(Verb::Upload),
];

/// What the gateway says of an image, so that a caller's options do not.
const GATEWAYS: [&str; 10] = [
    "id",
    "owner",
    "name",
    "disk_format",
    "container_format",
    "min_disk",
    "min_ram",
    "architecture",
    "tags",
    MARKER_KEY,
];

/// How Glance wants to be told of changes.
const PATCH: &str = "application/openstack-images-v2.1-json-patch";

pub(super) fn faults(step: &Step<'_>) -> Vec<FieldError> {
    match step.command {
        Command::CreateImage(command) => {
            let mut faults = options::faults(&command.cloud_options, &GATEWAYS);
            faults.extend(labels::of_image_faults(&command.tags));
            faults
        }
        Command::Update(Update { tags: Some(tags), .. }) => labels::of_image_faults(tags),
        _ => Vec::new(),
    }
}

pub(super) async fn act(act: &Act<'_>) -> Result<Done> {
    match (act.step.verb, act.step.command) {
        (Verb::Create, Command::CreateImage(command)) => {
            let answer =
                act.write(Write::post(Service::Image, &["images"], image(act.step, command))).await?;
            act.made(Image::KIND, None, answer)
        }
        (Verb::Update, Command::Update(command)) => act.done(patch(act, changes(command)).await?),
        (Verb::Delete, _) => {
            let path = ["images", act.step.target()?.external_id.as_str()];
            act.done(act.write(Write::delete(Service::Image, &path)).await?)
        }
        (Verb::Share, Command::ShareImage(command)) => share(act, command).await,
        (Verb::Unshare, Command::ShareImage(command)) => unshare(act, command).await,
        _ => Err(act.step.unsupported()),
    }
}

/// Looks for an image by its marker, hidden and public ones too: Glance can be asked for a property. Nova hands an
/// image's properties on to images of its servers: the oldest is the one.
pub(super) async fn find(act: &Act<'_>) -> Result<Option<Touched>> {
    let marker = act.step.marker.to_string();
    for hidden in ["false", "true"] {
        let oldest = ("sort", "created_at:asc");
        let query = [(MARKER_KEY, marker.as_str()), ("os_hidden", hidden), oldest];
        let images =
            act.asker.every(Service::Image, &["images"], &query, &crate::resources::IMAGES_PAGES).await?;
        let found = images.iter().find(|image| image[MARKER_KEY] == marker);
        if let Some(id) = found.and_then(|image| image["id"].as_str()) {
            return Ok(Some(Touched::new(Image::KIND, id)));
        }
    }
    Ok(None)
}

fn image(step: &Step<'_>, command: &CreateImage) -> Value {
    let mut image = Map::from_iter([
        ("name".to_owned(), json!(command.name)),
        ("disk_format".to_owned(), json!(command.disk_format)),
        ("container_format".to_owned(), json!(command.container_format.as_deref().unwrap_or("bare"))),
        (MARKER_KEY.to_owned(), json!(step.marker.to_string())),
    ]);
    let said = [
        ("min_disk", command.min_disk_gib.map(|size| json!(size))),
        ("min_ram", command.min_memory_mib.map(|size| json!(size))),
        ("architecture", command.architecture.as_ref().map(|word| json!(word))),
        ("tags", (!command.tags.is_empty()).then(|| json!(command.tags.keys().collect::<Vec<_>>()))),
    ];
    image.extend(said.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))));
    options::merge(&mut image, &command.cloud_options);
    Value::Object(image)
}

/// The marker is a property of its own, and stays.
fn changes(command: &Update) -> Value {
    let change = |op: &str, path: &str, value: Value| json!({ "op": op, "path": path, "value": value });
    let changes = [
        command.name.as_ref().map(|name| change("replace", "/name", json!(name))),
        // A free property: `add` sets it whether there is one or not.
        command.description.as_ref().map(|text| change("add", "/description", json!(text))),
        command.tags.as_ref().map(|tags| change("replace", "/tags", json!(tags.keys().collect::<Vec<_>>()))),
    ];
    Value::Array(changes.into_iter().flatten().collect())
}

async fn patch(act: &Act<'_>, changes: Value) -> Result<Answer> {
    let path = ["images", act.step.target()?.external_id.as_str()];
    act.write(Write::patch(Service::Image, &path, changes).of_type(PATCH)).await
}

/// Glance finds no member where nobody is let in, also because an earlier try has ended that; and none where it has no
/// such image.
async fn unshare(act: &Act<'_>, command: &ShareImage) -> Result<Done> {
    let image = act.step.target()?.external_id.as_str();
    let path = ["images", image, "members", command.external_account.as_str()];
    match act.write(Write::delete(Service::Image, &path)).await {
        Ok(answer) => act.done(answer),
        Err(absent) if absent.kind() == ErrorKind::NotFound => {
            let shown = act.asker.connection.read(act.asker.region, Service::Image, &path[..2], &[]).await;
            if shown.is_ok() { again::already(act, &absent) } else { Err(absent) }
        }
        Err(error) => Err(error),
    }
}

/// Only an image that says it may be shared has members; saying so shows it to nobody yet.
async fn share(act: &Act<'_>, command: &ShareImage) -> Result<Done> {
    let target = act.step.target()?;
    if target.document.get("visibility").and_then(Value::as_str) == Some("private") {
        let shared = json!([{ "op": "replace", "path": "/visibility", "value": "shared" }]);
        patch(act, shared).await?;
    }
    let path = ["images", target.external_id.as_str(), "members"];
    let body = json!({ "member": command.external_account });
    match act.write(Write::post(Service::Image, &path, body)).await {
        Ok(answer) => act.done(answer),
        // It is a member already.
        Err(error) if error.kind() == ErrorKind::Conflict => {
            let request_id = error.cloud().and_then(|words| words.request_id.clone());
            let touched = vec![Touched::new(target.kind, &target.native_key)];
            Ok(Done { touched, answer: None, request_id })
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use gateway_core::driver::References;

    use super::*;
    use crate::act::testing;

    #[test]
    fn everything_that_is_ordered_is_told_to_glance() {
        let command: CreateImage = serde_json::from_value(json!({
            "name": "debian", "disk_format": "qcow2", "min_disk_gib": 2, "min_memory_mib": 64,
            "architecture": "x86_64", "tags": {"blue": ""}, "cloud_options": {"os_distro": "debian"},
        }))
        .unwrap();
        let told =
            testing::step(Image::KIND, Verb::Create, &Command::Plain, &References::default(), |step| {
                Ok(image(step, &command))
            });
        assert_eq!(
            told.unwrap(),
            json!({"name": "debian", "disk_format": "qcow2", "container_format": "bare", "min_disk": 2,
                   "min_ram": 64, "architecture": "x86_64", "tags": ["blue"], "os_distro": "debian",
                   "gateway-operation": testing::marker().to_string()})
        );
    }

    #[test]
    fn a_change_says_what_changes_and_no_more() {
        let update = Update { description: Some(String::new()), ..Update::default() };
        assert_eq!(changes(&update), json!([{"op": "add", "path": "/description", "value": ""}]));
        let update = Update { name: Some("new".into()), tags: Some(Default::default()), ..Update::default() };
        assert_eq!(
            changes(&update),
            json!([{"op": "replace", "path": "/name", "value": "new"}, {"op": "replace", "path": "/tags", "value": []}])
        );
    }
}
