//! Commands of instances.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gateway_core::driver::{Done, OneTimeOutput, Touched};
use gateway_core::kind::{Command, CreateInstance, ImageOfInstance, Verb};
use gateway_core::marker::MARKER_KEY;
use gateway_core::{Kind, Result};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::body::Body;
use super::site::{Site, id_of, request_id};
use super::volume_attachment::native_key;
use crate::document::read;

/// Returns the members of a create.
pub(crate) fn body(body: Body<'_>, command: &CreateInstance) -> Result<Map<String, Value>> {
    let key = command.ssh_key.map(|key| body.name(key)).transpose()?;
    let boot = match &command.boot_volume {
        Some(boot) => {
            let disk = boot.volume.map(|volume| body.id(volume)).transpose()?;
            let class = boot.volume_type.map(|class| body.id(class)).transpose()?;
            let members = [
                ("disk", json!(disk)),
                ("size_gb", json!(boot.size_gib)),
                ("class", json!(class)),
                ("delete_with_machine", json!(boot.delete_on_termination)),
            ];
            let given = members.into_iter().filter(|(_, value)| !value.is_null());
            Some(given.map(|(word, value)| (word.to_owned(), value)).collect::<Map<_, _>>())
        }
        None => None,
    };
    let user_data = command.user_data.as_ref().map(|text| STANDARD.encode(text.expose()));
    let body = body
        .metadata(&command.name, command.description.as_deref(), &command.tags)
        .with_id("type", Some(command.instance_type))?
        .with_id("image", command.image)?
        .with_ids("networks", &command.networks)?
        .with_ids("subnets", &command.subnets)?
        .with_ids("nics", &command.network_interfaces)?
        .with_ids("firewalls", &command.security_groups)?
        .with("key", key)
        .with("zone", command.datacenter.as_deref())
        .with("user_data", user_data)
        .with("boot", boot);
    Ok(body.finish())
}

/// The document of a new instance: its id, and the resources that it touched.
#[derive(Deserialize)]
struct Created {
    id: String,
    disks: Vec<String>,
    nics: Vec<String>,
}

/// Creates an instance.
pub(crate) async fn create(site: &Site<'_>, command: &CreateInstance) -> Result<Done> {
    let (answer, request_id) = site.post(body(Body::new(site.step), command)?).await?;
    let created: Created = read(&answer)?;
    let mut touched = vec![Touched::new(site.step.kind, created.id.as_str())];
    touched.extend(created.nics.into_iter().map(|nic| Touched::new(Kind::NetworkInterface, nic)));
    for disk in created.disks {
        touched.push(Touched::new(Kind::VolumeAttachment, native_key(&disk, &created.id)));
        touched.push(Touched::new(Kind::Volume, disk));
    }
    Ok(Done { touched, answer: None, request_id })
}

/// Executes a command other than create, update and delete.
pub(crate) async fn command(site: &Site<'_>) -> Result<Done> {
    let step = site.step;
    let word = match step.verb {
        Verb::Start => "start",
        Verb::Stop => "stop",
        Verb::Reboot => "reboot",
        Verb::Pause => "freeze",
        Verb::Unpause => "thaw",
        Verb::Suspend => "sleep",
        Verb::Resume => "wake",
        Verb::Shelve => "store",
        Verb::Unshelve => "fetch",
        Verb::Lock => "lock",
        Verb::Unlock => "unlock",
        Verb::Resize => "resize",
        Verb::ConfirmResize => "keep_size",
        Verb::RevertResize => "old_size",
        Verb::Rebuild => "rebuild",
        Verb::CreateImage => "image",
        Verb::ConsoleOutput => "console",
        _ => return Err(step.unsupported()),
    };
    let parameters = match step.command {
        Command::Reboot(command) => json!({ "hard": command.hard }),
        Command::Resize(command) => json!({ "type": step.named.get(command.instance_type)?.external_id }),
        Command::Rebuild(command) => {
            let image = &step.named.get(command.image)?.external_id;
            match &command.name {
                Some(name) => json!({ "image": image, "name": name }),
                None => json!({ "image": image }),
            }
        }
        Command::ImageOfInstance(command) => image_body(site, command),
        _ => json!({}),
    };
    let response = site.command(word, &parameters).await?;
    let mut done = site.done(&response)?;
    match step.verb {
        Verb::CreateImage => {
            let image = id_of(&response.json()?)?;
            done.touched = vec![Touched::new(Kind::Image, image)];
        }
        Verb::ConsoleOutput => done.answer = Some(OneTimeOutput::ConsoleOutput(console(&response.json()?)?)),
        _ => {}
    }
    done.request_id = request_id(&response);
    Ok(done)
}

fn image_body(site: &Site<'_>, command: &ImageOfInstance) -> Value {
    let mut labels = command.tags.clone();
    labels.insert(MARKER_KEY.to_owned(), site.step.marker.to_string());
    json!({ "name": command.name, "labels": labels })
}

fn console(answer: &Value) -> Result<String> {
    #[derive(Deserialize)]
    struct Console {
        text: String,
    }
    Ok(read::<Console>(answer)?.text)
}
