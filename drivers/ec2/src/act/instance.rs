//! Instances: from the launch to what they wrote on their consoles.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gateway_core::driver::{Done, OneTimeOutput, Step, Touched};
use gateway_core::error::CloudWords;
use gateway_core::kind::{
    Command, CreateInstance, Image, ImageOfInstance, Instance, NetworkInterface, Verb, Volume,
    VolumeAttachment,
};
use gateway_core::{Error, Result};

use super::cloud_options::merge_or_refuse;
use super::faults::Faults;
use super::instance_form::{Places, form};
use super::tagging::{Naming, retag, tagged, updated};
use super::{Act, done, key_of, place, references, touched, touched_target};
use crate::form::Form;
use crate::xml::{Element, odd};

pub(crate) fn faults(step: &Step<'_>) -> Faults {
    let faults = Faults::default();
    match step.command {
        Command::CreateInstance(command) => {
            let boot = command.boot_volume.as_ref();
            let groups_have_no_place = !command.security_groups.is_empty()
                && !command.network_interfaces.is_empty()
                && command.networks.is_empty()
                && command.subnets.is_empty();
            faults
                .no_description(command.description.as_ref())
                .unless(
                    boot.is_none_or(|boot| boot.volume.is_none()),
                    "/boot_volume/volume",
                    "this type of cloud boots from no volume that is there: make an image of it",
                )
                .unless(
                    boot.is_none_or(|boot| boot.volume_type.is_none()),
                    "/boot_volume/volume_type",
                    "types of volumes are words here: `cloud_options`, `BlockDeviceMapping`, `Ebs`, `VolumeType`",
                )
                .unless(
                    !groups_have_no_place,
                    "/security_groups",
                    "must not come with `network_interfaces` alone, which have their own",
                )
                .tags(&command.tags, Naming::Tag(&command.name))
                .options(form(step, command, &Places::unknown(command)), &command.cloud_options)
        }
        Command::Update(command) => faults.no_description(command.description.as_ref()).update(step, true),
        Command::ImageOfInstance(command) => faults.tags(&command.tags, Naming::Own),
        _ => faults,
    }
}

pub(crate) async fn act(act: &Act<'_>) -> Result<Done> {
    match (act.step.verb, act.step.command) {
        (Verb::Create, Command::CreateInstance(command)) => create(act, command).await,
        (Verb::Update, Command::Update(command)) => {
            updated(act, retag(act, command.name.as_ref(), command.tags.as_ref(), true).await?)
        }
        (Verb::Delete, _) => {
            let answer = act.write(of_target(act, "TerminateInstances")?).await?;
            Ok(done(&answer, with_disks(act)?))
        }
        (Verb::Start, _) => turn(act, "StartInstances").await,
        (Verb::Stop, _) => turn(act, "StopInstances").await,
        // EC2 cuts the power of what does not go down by itself: a hard reboot is no other call.
        (Verb::Reboot, _) => turn(act, "RebootInstances").await,
        (Verb::Resize, Command::Resize(command)) => {
            let form = Form::new("ModifyInstanceAttribute")
                .with("InstanceId", act.target_key()?)
                .with("InstanceType.Value", key_of(act.step, command.instance_type)?);
            Ok(done(&act.write(form).await?, vec![touched_target(act)?]))
        }
        (Verb::CreateImage, Command::ImageOfInstance(command)) => create_image(act, command).await,
        (Verb::ConsoleOutput, _) => console_output(act).await,
        _ => Err(act.step.unsupported()),
    }
}

async fn create(act: &Act<'_>, command: &CreateInstance) -> Result<Done> {
    let places = place::of_instance(act, command).await?;
    let form = merge_or_refuse(form(act.step, command, &places)?, &command.cloud_options)?;
    let answer = act.write(form).await.map_err(|error| without_user_data(error, command))?;
    let instance = answer.items(&["instancesSet"]).next().ok_or_else(|| odd("a launch without instance"))?;
    let id = instance.required(&["instanceId"])?;
    let mut seen = vec![touched::<Instance>(id)];
    let interfaces = instance.items(&["networkInterfaceSet"]);
    seen.extend(
        interfaces
            .filter_map(|item| Some(touched::<NetworkInterface>(item.text_at(&["networkInterfaceId"])?))),
    );
    for disk in instance.items(&["blockDeviceMapping"]) {
        seen.extend(disk.text_at(&["ebs", "volumeId"]).into_iter().flat_map(|volume| disk_of(volume, id)));
    }
    Ok(done(&answer, seen))
}

/// What the cloud says is for the caller and for logs, and user data for neither.
fn without_user_data(error: Error, command: &CreateInstance) -> Error {
    let Some(secret) = command.user_data.as_ref().map(|text| text.expose()).filter(|text| !text.is_empty())
    else {
        return error;
    };
    let encoded = STANDARD.encode(secret);
    let Some(words) = error.cloud().filter(|words| {
        words.message.contains(secret) || words.message.contains(&encoded[..encoded.len().min(16)])
    }) else {
        return error;
    };
    let words = CloudWords { message: String::new(), ..words.clone() };
    Error::new(error.kind(), error.message()).with_status(error.status()).with_cloud(words)
}

fn of_target(act: &Act<'_>, action: &'static str) -> Result<Form> {
    Ok(Form::new(action).with_list("InstanceId", [act.target_key()?]))
}

async fn turn(act: &Act<'_>, action: &'static str) -> Result<Done> {
    Ok(done(&act.write(of_target(act, action)?).await?, vec![touched_target(act)?]))
}

/// The target with the disks in it, some of which end with it.
fn with_disks(act: &Act<'_>) -> Result<Vec<Touched>> {
    let target = act.target()?;
    let mut seen = vec![touched::<Instance>(&target.native_key)];
    seen.extend(
        references(&target.document, "volumes")
            .into_iter()
            .flat_map(|volume| disk_of(volume, &target.native_key)),
    );
    Ok(seen)
}

fn disk_of(volume: &str, instance: &str) -> [Touched; 2] {
    [touched::<Volume>(volume), touched::<VolumeAttachment>(format!("{volume}/{instance}"))]
}

/// Without a reboot, which EC2 would make of a running instance and nobody ordered.
fn image_form(step: &Step<'_>, instance: &str, command: &ImageOfInstance) -> Form {
    let form = Form::new("CreateImage")
        .with("InstanceId", instance)
        .with("Name", &command.name)
        .with("NoReboot", true);
    tagged(form, "image", step, &command.tags, Naming::Own)
}

async fn create_image(act: &Act<'_>, command: &ImageOfInstance) -> Result<Done> {
    let answer = act.write(image_form(act.step, act.target_key()?, command)).await?;
    let image = touched::<Image>(answer.required(&["imageId"])?);
    Ok(done(&answer, vec![image, touched_target(act)?]))
}

async fn console_output(act: &Act<'_>) -> Result<Done> {
    let answer = act.read(Form::new("GetConsoleOutput").with("InstanceId", act.target_key()?)).await?;
    let text = console_text(&answer)?;
    Ok(Done { answer: Some(OneTimeOutput::ConsoleOutput(text)), ..done(&answer, vec![touched_target(act)?]) })
}

/// Instances write what they like, in no coding that anybody could count on.
fn console_text(answer: &Element) -> Result<String> {
    let encoded: String = answer.text_at(&["output"]).unwrap_or_default().split_whitespace().collect();
    let bytes = STANDARD.decode(encoded).map_err(|_| odd("a console's output that is not base64"))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use gateway_core::ErrorKind;

    use super::*;

    #[test]
    fn a_console_may_be_empty_and_not_odd() {
        let text = |output: &str| {
            console_text(&Element::parse(&format!("<a><output>{output}</output></a>")).unwrap())
        };
        assert_eq!(text("aGVs\nbG8=").unwrap(), "hello");
        assert_eq!(text("").unwrap(), "");
        assert_eq!(text("/w==").unwrap(), "\u{fffd}");
        assert_eq!(text("no base64!").unwrap_err().kind(), ErrorKind::WrongDocument);
    }
}
