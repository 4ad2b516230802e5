//! Commands of images at Glance.

use gateway_core::driver::{Done, Step, Touched};
use gateway_core::error::{ErrorKind, Result};
use gateway_core::kind::{Command, CreateImage, FieldError, Kind, ShareImage, Update, Verb};
use gateway_core::marker::MARKER_KEY;
use serde_json::{Map, Value, json};

use super::action::Action;
use super::{cloud_options, tags};
use crate::client::{Answer, Write};
use crate::paging::Pages;
use crate::service::Service;

/// The members that the gateway sets itself.
const RESERVED: [&str; 10] = [
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

/// The content type of changes.
const PATCH: &str = "application/openstack-images-v2.1-json-patch";

pub(super) fn validate(step: &Step<'_>) -> Vec<FieldError> {
    match step.command {
        Command::CreateImage(command) => {
            let mut faults = cloud_options::validate(&command.cloud_options, &RESERVED);
            faults.extend(tags::validate_for_image(&command.tags));
            faults
        }
        Command::Update(Update { tags: Some(tags), .. }) => tags::validate_for_image(tags),
        _ => Vec::new(),
    }
}

pub(super) async fn act(action: &Action<'_>) -> Result<Done> {
    match (action.step.verb, action.step.command) {
        (Verb::Create, Command::CreateImage(command)) => {
            let write = Write::post(Service::Image, &["images"], image(action.step, command));
            action.created(Kind::Image, None, action.write(write).await?)
        }
        (Verb::Update, Command::Update(command)) => {
            action.done(patch(action, changes(command)).await?.request_id)
        }
        (Verb::Delete, _) => {
            let path = ["images", action.target_id()?];
            action.done(action.write(Write::delete(Service::Image, &path)).await?.request_id)
        }
        (Verb::Share, Command::ShareImage(command)) => share(action, command).await,
        (Verb::Unshare, Command::ShareImage(command)) => unshare(action, command).await,
        _ => Err(action.step.unsupported()),
    }
}

/// Finds an image by its marker, also among hidden and public ones: Glance can filter by property. Nova copies an image's
/// properties to images of its servers, so that the oldest is the one.
pub(super) async fn find(action: &Action<'_>) -> Result<Option<Touched>> {
    let marker = action.step.marker.to_string();
    for hidden in ["false", "true"] {
        let oldest = ("sort", "created_at:asc");
        let query = [(MARKER_KEY, marker.as_str()), ("os_hidden", hidden), oldest];
        let images = action.scope.every(Service::Image, &["images"], &query, &Pages::new("images")).await?;
        let found = images.iter().find(|image| image[MARKER_KEY] == marker);
        if let Some(id) = found.and_then(|image| image["id"].as_str()) {
            return Ok(Some(Touched::new(Kind::Image, id)));
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
    let optional = [
        ("min_disk", command.min_disk_gib.map(|size| json!(size))),
        ("min_ram", command.min_memory_mib.map(|size| json!(size))),
        ("architecture", command.architecture.as_ref().map(|word| json!(word))),
        ("tags", (!command.tags.is_empty()).then(|| json!(command.tags.keys().collect::<Vec<_>>()))),
    ];
    image.extend(optional.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))));
    cloud_options::merge(&mut image, &command.cloud_options);
    Value::Object(image)
}

/// Returns the changes as a JSON patch. The marker is a property of its own and stays.
fn changes(command: &Update) -> Value {
    let change = |op: &str, path: &str, value: Value| json!({ "op": op, "path": path, "value": value });
    let changes = [
        command.name.as_ref().map(|name| change("replace", "/name", json!(name))),
        // A free property: `add` sets it whether it exists or not.
        command.description.as_ref().map(|text| change("add", "/description", json!(text))),
        command.tags.as_ref().map(|tags| change("replace", "/tags", json!(tags.keys().collect::<Vec<_>>()))),
    ];
    Value::Array(changes.into_iter().flatten().collect())
}

async fn patch(action: &Action<'_>, changes: Value) -> Result<Answer> {
    let path = ["images", action.target_id()?];
    action.write(Write::patch(Service::Image, &path, changes).content_type(PATCH)).await
}

/// Removes a member. Glance answers 404 if there is no such member, which an earlier attempt may have removed, and if
/// there is no such image.
async fn unshare(action: &Action<'_>, command: &ShareImage) -> Result<Done> {
    let path = ["images", action.target_id()?, "members", command.external_account.as_str()];
    match action.write(Write::delete(Service::Image, &path)).await {
        Ok(answer) => action.done(answer.request_id),
        Err(absent) if absent.kind() == ErrorKind::NotFound => {
            let image = action.scope.read(Service::Image, &path[..2], &[], None).await;
            if image.is_ok() { action.already_done(&absent) } else { Err(absent) }
        }
        Err(error) => Err(error),
    }
}

/// Adds a member. Only an image with visibility `shared` has members; that alone shows it to nobody.
async fn share(action: &Action<'_>, command: &ShareImage) -> Result<Done> {
    let target = action.step.target()?;
    if target.document.get("visibility").and_then(Value::as_str) == Some("private") {
        let shared = json!([{ "op": "replace", "path": "/visibility", "value": "shared" }]);
        patch(action, shared).await?;
    }
    let path = ["images", target.external_id.as_str(), "members"];
    let body = json!({ "member": command.external_account });
    match action.write(Write::post(Service::Image, &path, body)).await {
        Ok(answer) => action.done(answer.request_id),
        // The account is a member already.
        Err(error) if error.kind() == ErrorKind::Conflict => action.already_done(&error),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use gateway_core::driver::References;

    use super::*;
    use crate::actions::fixtures;

    #[test]
    fn every_field_of_create_is_in_the_body() {
        let command: CreateImage = serde_json::from_value(json!({
            "name": "debian", "disk_format": "qcow2", "min_disk_gib": 2, "min_memory_mib": 64,
            "architecture": "x86_64", "tags": {"blue": ""}, "cloud_options": {"os_distro": "debian"},
        }))
        .unwrap();
        let body =
            fixtures::step(Kind::Image, Verb::Create, &Command::Plain, &References::default(), |step| {
                Ok(image(step, &command))
            });
        assert_eq!(
            body.unwrap(),
            json!({"name": "debian", "disk_format": "qcow2", "container_format": "bare", "min_disk": 2,
                   "min_ram": 64, "architecture": "x86_64", "tags": ["blue"], "os_distro": "debian",
                   "gateway-operation": crate::fixtures::marker().to_string()})
        );
    }

    #[test]
    fn patch_has_only_the_given_fields() {
        let update = Update { description: Some(String::new()), ..Update::default() };
        assert_eq!(changes(&update), json!([{"op": "add", "path": "/description", "value": ""}]));
        let update = Update { name: Some("new".into()), tags: Some(Default::default()), ..Update::default() };
        assert_eq!(
            changes(&update),
            json!([{"op": "replace", "path": "/name", "value": "new"}, {"op": "replace", "path": "/tags", "value": []}])
        );
    }
}
