//! What is done to instances.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gateway_core::Result;
use gateway_core::driver::{Done, Told, Touched};
use gateway_core::kind::Canonical;
use gateway_core::kinds::{Image, NetworkInterface, Volume, VolumeAttachment};
use gateway_core::marker::MARKER_KEY;
use gateway_core::order::{CreateInstance, ImageOfInstance, Order};
use gateway_core::verb::Verb;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::document::read;
use super::body::Body;
use super::volume::key;
use super::{Site, id_of, request_id};

pub(super) fn body(body: Body<'_>, order: &CreateInstance) -> Result<Map<String, Value>> {
    let key = order.ssh_key.map(|key| body.name(key)).transpose()?;
    let boot = match &order.boot_volume {
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
    let start_up = order.user_data.as_ref().map(|text| STANDARD.encode(text.expose()));
    let body = body
        .words(&order.name, order.description.as_deref(), &order.tags)
        .naming("type", Some(order.instance_type))?
        .naming("image", order.image)?
        .naming_all("networks", &order.networks)?
        .naming_all("subnets", &order.subnets)?
        .naming_all("plugs", &order.network_interfaces)?
        .naming_all("firewalls", &order.security_groups)?
        .with("key", key)
        .with("zone", order.datacenter.as_deref())
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

pub(super) async fn order(site: &Site<'_>) -> Result<Done> {
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
    let parameters = match step.order {
        Order::Reboot(order) => json!({ "hard": order.hard }),
        Order::Resize(order) => json!({ "type": step.named.get(order.instance_type)?.external_id }),
        Order::Rebuild(order) => {
            let image = &step.named.get(order.image)?.external_id;
            match &order.name {
                Some(name) => json!({ "image": image, "name": name }),
                None => json!({ "image": image }),
            }
        }
        Order::ImageOfInstance(order) => image_body(site, order),
        _ => json!({}),
    };
    let response = site.order(word, &parameters).await?;
    let mut done = site.done(&response)?;
    match step.verb {
        Verb::CreateImage => {
            let image = id_of(&response.json()?)?;
            done.touched = vec![Touched::new(Image::KIND, image)];
        }
        Verb::ConsoleOutput => done.answer = Some(Told::ConsoleOutput(console(&response.json()?)?)),
        _ => {}
    }
    done.request_id = request_id(&response);
    Ok(done)
}

fn image_body(site: &Site<'_>, order: &ImageOfInstance) -> Value {
    let mut labels = order.tags.clone();
    labels.insert(MARKER_KEY.to_owned(), site.step.marker.to_string());
    json!({ "name": order.name, "labels": labels })
}

fn console(answer: &Value) -> Result<String> {
    #[derive(Deserialize)]
    struct Console {
        text: String,
    }
    Ok(read::<Console>(answer)?.text)
}
