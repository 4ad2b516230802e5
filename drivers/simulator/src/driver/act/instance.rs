//! What is done to instances.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gateway_core::Result;
use gateway_core::driver::{Done, OneTimeOutput, Touched};
use gateway_core::kind::{
    Canonical, Command, CreateInstance, Image, ImageOfInstance, NetworkInterface, Verb, Volume,
    VolumeAttachment,
};
use gateway_core::marker::MARKER_KEY;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::document::read;
use super::body::Body;
use super::volume::key;
use super::{Site, id_of, request_id};

pub(super) fn body(body: Body<'_>, command: &CreateInstance) -> Result<Map<String, Value>> {
    let key = command.ssh_key.map(|key| body.name(key)).transpose()?;
    let boot = match &command.boot_volume {
        Some(boot) => {
            let disk = boot.volume.map(|volume| body.id(volume)).transpose()?;
            let class = boot.volume_type.map(|class| body.id(class)).transpose()?;
            let members = [
                ("disk", json!(disk)),
                ("size_gb", json!(boot.size_gib)),
                ("class", json!(class)),
                ("goes_with_machine", json!(boot.delete_on_termination)),
            ];
            let given = members.into_iter().filter(|(_, value)| !value.is_null());
            Some(given.map(|(word, value)| (word.to_owned(), value)).collect::<Map<_, _>>())
        }
        None => None,
    };
    let start_up = command.user_data.as_ref().map(|text| STANDARD.encode(text.expose()));
    let body = body
        .words(&command.name, command.description.as_deref(), &command.tags)
        .naming("type", Some(command.instance_type))?
        .naming("image", command.image)?
        .naming_all("networks", &command.networks)?
        .naming_all("subnets", &command.subnets)?
        .naming_all("plugs", &command.network_interfaces)?
        .naming_all("firewalls", &command.security_groups)?
        .with("key", key)
        .with("zone", command.datacenter.as_deref())
        .with("start_up", start_up)
        .with("boot", boot);
    Ok(body.end())
}

/// What a new instance tells of what came with it.
#[derive(Deserialize)]
struct Made {
    id: String,
    disks: Vec<String>,
    plugs: Vec<String>,
}

pub(super) async fn create(site: &Site<'_>) -> Result<Done> {
    let (answer, request_id) = site.make().await?;
    let made: Made = read(&answer)?;
    let mut touched = vec![Touched::new(site.step.kind, made.id.as_str())];
    touched.extend(made.plugs.into_iter().map(|plug| Touched::new(NetworkInterface::KIND, plug)));
    for disk in made.disks {
        touched.push(Touched::new(VolumeAttachment::KIND, key(&disk, &made.id)));
        touched.push(Touched::new(Volume::KIND, disk));
    }
    Ok(Done { touched, answer: None, request_id })
}

pub(super) async fn command(site: &Site<'_>) -> Result<Done> {
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
            done.touched = vec![Touched::new(Image::KIND, image)];
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
