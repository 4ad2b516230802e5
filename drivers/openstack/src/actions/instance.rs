//! Commands of instances: Nova's servers.

mod create;

use gateway_core::driver::{Done, OneTimeOutput, Step, Touched};
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::kind::{Command, FieldError, ImageOfInstance, Kind, Update, Verb};
use gateway_core::marker::MARKER_KEY;
use serde_json::{Value, json};

use super::action::Action;
use super::{image, repeat, tags};
use crate::client::{Answer, Write};
use crate::service::Service;

pub(super) fn validate(step: &Step<'_>) -> Vec<FieldError> {
    match step.command {
        Command::CreateInstance(command) => create::validate(command),
        Command::ImageOfInstance(command) if !command.tags.is_empty() => {
            let detail = "is not supported when an image is made of an instance; update the image afterwards";
            vec![FieldError::new("/tags", detail)]
        }
        Command::Update(Update { tags: Some(tags), .. }) => tags::validate_for_server(tags),
        _ => Vec::new(),
    }
}

pub(super) async fn act(action: &Action<'_>) -> Result<Done> {
    match (action.step.verb, action.step.command) {
        (Verb::Create, Command::CreateInstance(command)) => create::create(action, command).await,
        (Verb::Delete, _) => delete(action).await,
        (Verb::Update, Command::Update(command)) => update(action, command).await,
        (Verb::CreateImage, Command::ImageOfInstance(command)) => create_image(action, command).await,
        (Verb::ConsoleOutput, _) => console_output(action).await,
        _ => perform(action).await,
    }
}

pub(super) async fn find(action: &Action<'_>) -> Result<Option<Touched>> {
    match action.step.verb {
        Verb::Create => action.find_marked(Kind::Instance).await,
        Verb::CreateImage => image::find(action).await,
        _ => Err(action.step.unsupported()),
    }
}

/// Returns the body of Nova's server action.
fn action_body(step: &Step<'_>) -> Result<Value> {
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

/// Returns the prefixes of the tasks in which Nova carries out a verb, for verbs whose repetition changes nothing.
fn tasks_of(verb: Verb) -> &'static [&'static str] {
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

async fn perform(action: &Action<'_>) -> Result<Done> {
    let refusal = match post_action(action, action_body(action.step)?).await {
        Ok(answer) => return action.done(answer.request_id),
        Err(error) => error,
    };
    let is_in_progress = |server: &Value| {
        let task = server["OS-EXT-STS:task_state"].as_str().unwrap_or_default();
        tasks_of(action.step.verb).iter().any(|prefix| task.starts_with(prefix))
    };
    let path = ["servers", action.target_id()?];
    repeat::accept_if(action, refusal, Service::Compute, &path, "server", is_in_progress).await
}

async fn post_action(action: &Action<'_>, body: Value) -> Result<Answer> {
    let path = ["servers", action.target_id()?, "action"];
    action.write(Write::post(Service::Compute, &path, body)).await
}

async fn delete(action: &Action<'_>) -> Result<Done> {
    let target = action.step.target()?;
    let answer = action.write(Write::delete(Service::Compute, &["servers", &target.external_id])).await?;
    let mut done = action.done(answer.request_id)?;
    let volumes = target.document.get("volumes").and_then(Value::as_array).into_iter().flatten();
    for volume in volumes.filter_map(|volume| volume["external_id"].as_str()) {
        let attachment = format!("{volume}/{}", target.external_id);
        done.touched.push(Touched::new(Kind::VolumeAttachment, attachment));
        done.touched.push(Touched::new(Kind::Volume, volume));
    }
    Ok(done)
}

/// Updates metadata and tags before name and description: Nova refuses them more often, and then nothing is changed.
async fn update(action: &Action<'_>, command: &Update) -> Result<Done> {
    let server = action.target_id()?;
    let mut last = None;
    if let Some(tags) = &command.tags {
        let metadata = ["servers", server, "metadata"];
        let marker = tags::current_marker(action, Service::Compute, &metadata[..2], "server").await?;
        let (valued, bare) = tags::for_server(tags, marker.as_deref());
        action.write(Write::put(Service::Compute, &metadata, json!({ "metadata": valued }))).await?;
        let path = ["servers", server, "tags"];
        let tagged = action.write(Write::put(Service::Compute, &path, json!({ "tags": bare }))).await;
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
        let named = action.write(Write::put(Service::Compute, &["servers", server], body)).await;
        last = Some(named.map_err(|error| error.after_a_part(last.is_some()))?);
    }
    action.done(last.ok_or_else(|| Error::internal("the update changes nothing"))?.request_id)
}

async fn create_image(action: &Action<'_>, image: &ImageOfInstance) -> Result<Done> {
    let metadata = json!({ MARKER_KEY: action.step.marker.to_string() });
    let body = json!({ "createImage": { "name": image.name, "metadata": metadata } });
    let answer = post_action(action, body).await?;
    let id = match answer.location() {
        // The form before 2.45.
        Some(id) => id.to_owned(),
        None => answer.text(None, "image_id")?,
    };
    let mut done = action.done(answer.request_id)?;
    done.touched.insert(0, Touched::new(Kind::Image, id));
    Ok(done)
}

async fn console_output(action: &Action<'_>) -> Result<Done> {
    let answer = post_action(action, json!({ "os-getConsoleOutput": {} })).await?;
    let output = match answer.document(Some("output"))? {
        Value::String(output) => output,
        _ => return Err(Error::new(ErrorKind::WrongDocument, "Nova answered without console output")),
    };
    Ok(Done { answer: Some(OneTimeOutput::ConsoleOutput(output)), ..action.done(answer.request_id)? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actions::fixtures;
    use gateway_core::kind::{Reboot, Rebuild, Resize};

    #[test]
    fn body_of_each_server_action_is_novas() {
        let (named, [flavor, image]) = fixtures::named([("instance_type", "2"), ("image", "i1")]);
        let body = |verb, command: Command| {
            fixtures::step(Kind::Instance, verb, &command, &named, action_body).unwrap()
        };
        for (verb, word) in
            [(Verb::Start, "os-start"), (Verb::Stop, "os-stop"), (Verb::ConfirmResize, "confirmResize")]
        {
            assert_eq!(body(verb, Command::Plain), json!({ word: null }));
        }
        assert_eq!(
            body(Verb::Reboot, Command::Reboot(Reboot { hard: true })),
            json!({"reboot": {"type": "HARD"}})
        );
        assert_eq!(
            body(Verb::Resize, Command::Resize(Resize { instance_type: flavor })),
            json!({"resize": {"flavorRef": "2"}})
        );
        assert_eq!(
            body(Verb::Rebuild, Command::Rebuild(Rebuild { image, name: Some("new".into()) })),
            json!({"rebuild": {"imageRef": "i1", "name": "new"}})
        );
        let table = crate::kinds::instance::KIND.commands.iter().map(|support| support.verb);
        let plain = table.filter(|verb| {
            let command = Command::Plain;
            fixtures::step(Kind::Instance, *verb, &command, &named, action_body).is_ok()
        });
        assert_eq!(plain.count(), 12, "verbs without arguments");
    }
}
