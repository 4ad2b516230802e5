//! What Nova does: servers and keypairs.

use gateway_core::driver::{Done, OneTimeOutput, Step, Touched};
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::kind::{
    Canonical, Command, FieldError, Image, ImageOfInstance, Instance, SshKey, Update, Verb, VerbSupport,
    Volume, VolumeAttachment, When,
};
use gateway_core::marker::MARKER_KEY;
use serde_json::{Value, json};

use super::{Act, again, find_by_marker, image, keypair, labels, server};
use crate::catalog::Service;
use crate::connection::{Answer, Write};
use crate::session::OpenStackSession;

pub(super) const INSTANCE: &[VerbSupport] = &[
    VerbSupport::new(Verb::Create),
    VerbSupport::new(Verb::Update),
    VerbSupport::new(Verb::Delete),
    VerbSupport::new(Verb::Start),
    VerbSupport::new(Verb::Stop),
    VerbSupport::new(Verb::Reboot),
    VerbSupport::new(Verb::Pause),
    VerbSupport::new(Verb::Unpause),
    VerbSupport::new(Verb::Suspend),
    VerbSupport::new(Verb::Resume),
    VerbSupport::new(Verb::Shelve),
    VerbSupport::new(Verb::Unshelve),
    VerbSupport::new(Verb::Lock),
    VerbSupport::new(Verb::Unlock),
    VerbSupport::new(Verb::Resize),
    VerbSupport::new(Verb::ConfirmResize),
    VerbSupport::new(Verb::RevertResize),
    VerbSupport::new(Verb::Rebuild),
    VerbSupport::new(Verb::CreateImage),
    // Without a host there is no console.
    VerbSupport::new(Verb::ConsoleOutput).only(When::Except(&["pending", "shelved"])),
];

pub(super) const SSH_KEY: &[VerbSupport] = &[VerbSupport::new(Verb::Create), VerbSupport::new(Verb::Delete)];

pub(super) fn faults(step: &Step<'_>) -> Vec<FieldError> {
    match step.command {
        Command::CreateInstance(command) => server::faults(command),
        Command::CreateSshKey(command) => keypair::faults(command),
        Command::ImageOfInstance(command) if !command.tags.is_empty() => {
            let detail = "is not taken when an image is made of an instance: update the image";
            vec![FieldError::new("/tags", detail)]
        }
        Command::Update(Update { tags: Some(tags), .. }) => labels::of_server_faults(tags),
        _ => Vec::new(),
    }
}

pub(super) async fn act(act: &Act<'_>) -> Result<Done> {
    match (act.step.verb, act.step.command) {
        (Verb::Create, Command::CreateInstance(command)) => server::create(act, command).await,
        (Verb::Create, Command::CreateSshKey(command)) => keypair::create(act, command).await,
        (Verb::Delete, _) if act.step.kind == SshKey::KIND => keypair::delete(act).await,
        (Verb::Delete, _) => delete(act).await,
        (Verb::Update, Command::Update(command)) => update(act, command).await,
        (Verb::CreateImage, Command::ImageOfInstance(command)) => create_image(act, command).await,
        (Verb::ConsoleOutput, _) => console_output(act).await,
        _ => turn(act).await,
    }
}

pub(super) async fn find(act: &Act<'_>, session: &OpenStackSession) -> Result<Option<Touched>> {
    match (act.step.verb, act.step.command) {
        (Verb::Create, Command::CreateSshKey(command)) => keypair::find(act, session, command).await,
        (Verb::Create, _) => find_by_marker(act, session, Instance::KIND).await,
        (Verb::CreateImage, _) => image::find(act).await,
        _ => Err(act.step.unsupported()),
    }
}

/// Nova's word for what it is told to do to a server, with what it takes along.
fn order_of(step: &Step<'_>) -> Result<Value> {
    Ok(match (step.verb, step.command) {
        (Verb::Start, _) => json!({ "os-start": null }),
        (Verb::Stop, _) => json!({ "os-stop": null }),
        (Verb::Reboot, Command::Reboot(how)) => {
            json!({ "reboot": { "type": if how.hard { "HARD" } else { "SOFT" } } })
        }
        (Verb::Pause, _) => json!({ "pause": null }),
        (Verb::Unpause, _) => json!({ "unpause": null }),
        (Verb::Suspend, _) => json!({ "suspend": null }),
        (Verb::Resume, _) => json!({ "resume": null }),
        (Verb::Shelve, _) => json!({ "shelve": null }),
        (Verb::Unshelve, _) => json!({ "unshelve": null }),
        (Verb::Lock, _) => json!({ "lock": null }),
        (Verb::Unlock, _) => json!({ "unlock": null }),
        (Verb::Resize, Command::Resize(to)) => {
            json!({ "resize": { "flavorRef": step.named.get(to.instance_type)?.external_id } })
        }
        (Verb::ConfirmResize, _) => json!({ "confirmResize": null }),
        (Verb::RevertResize, _) => json!({ "revertResize": null }),
        (Verb::Rebuild, Command::Rebuild(of)) => {
            let mut rebuild = json!({ "imageRef": step.named.get(of.image)?.external_id });
            if let Some(name) = &of.name {
                rebuild["name"] = json!(name);
            }
            json!({ "rebuild": rebuild })
        }
        _ => return Err(step.unsupported()),
    })
}

/// How Nova's words begin for what it is doing to a server, where having it done once more changes nothing.
fn tasks(verb: Verb) -> &'static [&'static str] {
    match verb {
        Verb::Start => &["powering-on"],
        Verb::Stop => &["powering-off"],
        Verb::Pause => &["pausing"],
        Verb::Unpause => &["unpausing"],
        Verb::Suspend => &["suspending"],
        Verb::Resume => &["resuming"],
        Verb::Shelve => &["shelving"],
        Verb::Unshelve => &["unshelving", "spawning"],
        Verb::RevertResize => &["resize_reverting"],
        _ => &[],
    }
}

async fn turn(act: &Act<'_>) -> Result<Done> {
    let refused = match command(act, order_of(act.step)?).await {
        Ok(answer) => return act.done(answer),
        Err(error) => error,
    };
    let is_under_way = |now: &Value| {
        let task = now["OS-EXT-STS:task_state"].as_str().unwrap_or_default();
        tasks(act.step.verb).iter().any(|start| task.starts_with(start))
    };
    let path = ["servers", act.step.target()?.external_id.as_str()];
    again::or_refusal(act, refused, Service::Compute, &path, "server", is_under_way).await
}

async fn command(act: &Act<'_>, command: Value) -> Result<Answer> {
    let server = &act.step.target()?.external_id;
    act.write(Write::post(Service::Compute, &["servers", server, "action"], command)).await
}

async fn delete(act: &Act<'_>) -> Result<Done> {
    let target = act.step.target()?;
    let answer = act.write(Write::delete(Service::Compute, &["servers", &target.external_id])).await?;
    let mut done = act.done(answer)?;
    let volumes = target.document.get("volumes").and_then(Value::as_array).into_iter().flatten();
    for volume in volumes.filter_map(|volume| volume["external_id"].as_str()) {
        let attachment = format!("{volume}/{}", target.external_id);
        done.touched.push(Touched::new(VolumeAttachment::KIND, attachment));
        done.touched.push(Touched::new(Volume::KIND, volume));
    }
    Ok(done)
}

/// Name and description come last: what is refused of metadata and tags is refused before anything is changed.
async fn update(act: &Act<'_>, command: &Update) -> Result<Done> {
    let server = act.step.target()?.external_id.as_str();
    let mut last = None;
    if let Some(tags) = &command.tags {
        let metadata = ["servers", server, "metadata"];
        let kept = labels::kept(act, Service::Compute, &metadata[..2], "server").await?;
        let (valued, bare) = labels::of_server(tags, kept.as_deref());
        act.write(Write::put(Service::Compute, &metadata, json!({ "metadata": valued }))).await?;
        let path = ["servers", server, "tags"];
        let tagged = act.write(Write::put(Service::Compute, &path, json!({ "tags": bare }))).await;
        last = Some(tagged.map_err(|error| error.after_a_part(true))?);
    }
    let mut document = json!({});
    if let Some(name) = &command.name {
        document["name"] = json!(name);
    }
    if let Some(description) = &command.description {
        document["description"] = json!(description);
    }
    if command.name.is_some() || command.description.is_some() {
        let body = json!({ "server": document });
        let named = act.write(Write::put(Service::Compute, &["servers", server], body)).await;
        last = Some(named.map_err(|error| error.after_a_part(last.is_some()))?);
    }
    act.done(last.ok_or_else(|| Error::internal("an update of nothing"))?)
}

async fn create_image(act: &Act<'_>, image: &ImageOfInstance) -> Result<Done> {
    let metadata = json!({ MARKER_KEY: act.step.marker.to_string() });
    let body = json!({ "createImage": { "name": image.name, "metadata": metadata } });
    let answer = command(act, body).await?;
    let id = match answer.location() {
        // Nova before 2.45.
        Some(id) => id.to_owned(),
        None => answer.text(None, "image_id")?,
    };
    let mut done = act.done(answer)?;
    done.touched.insert(0, Touched::new(Image::KIND, id));
    Ok(done)
}

async fn console_output(act: &Act<'_>) -> Result<Done> {
    let answer = command(act, json!({ "os-getConsoleOutput": {} })).await?;
    let output = match answer.document(Some("output"))? {
        Value::String(output) => output,
        _ => return Err(Error::new(ErrorKind::WrongDocument, "Nova answered no console output")),
    };
    Ok(Done { answer: Some(OneTimeOutput::ConsoleOutput(output)), ..act.done(answer)? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::act::testing;
    use gateway_core::kind::{Reboot, Rebuild, Resize};

    #[test]
    fn nova_is_told_in_its_own_words() {
        let (named, [flavor, image]) = testing::named([("instance_type", "2"), ("image", "i1")]);
        let said =
            |verb, command: Command| testing::step(Instance::KIND, verb, &command, &named, order_of).unwrap();
        for (verb, word) in
            [(Verb::Start, "os-start"), (Verb::Stop, "os-stop"), (Verb::ConfirmResize, "confirmResize")]
        {
            assert_eq!(said(verb, Command::Plain), json!({ word: null }));
        }
        assert_eq!(
            said(Verb::Reboot, Command::Reboot(Reboot { hard: true })),
            json!({"reboot": {"type": "HARD"}})
        );
        assert_eq!(
            said(Verb::Resize, Command::Resize(Resize { instance_type: flavor })),
            json!({"resize": {"flavorRef": "2"}})
        );
        assert_eq!(
            said(Verb::Rebuild, Command::Rebuild(Rebuild { image, name: Some("new".into()) })),
            json!({"rebuild": {"imageRef": "i1", "name": "new"}})
        );
        let table = INSTANCE.iter().map(|can| can.verb);
        let plain = table.filter(|verb| {
            let command = Command::Plain;
            testing::step(Instance::KIND, *verb, &command, &named, order_of).is_ok()
        });
        assert_eq!(plain.count(), 12, "every verb that is a word alone");
    }
}
