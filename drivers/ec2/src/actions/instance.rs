//! Commands of instances.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gateway_core::driver::{Done, OneTimeOutput, Step, Touched};
use gateway_core::error::CloudWords;
use gateway_core::kind::{
    Command, CreateInstance, Image, ImageOfInstance, Instance, NetworkInterface, Verb, Volume,
    VolumeAttachment,
};
use gateway_core::{Error, Result};

use super::action::{Action, done, touched};
use super::cloud_options::merge_valid;
use super::field_errors::FieldErrors;
use super::placement::{self, Placement};
use super::reference::{key_of, references};
use super::run_instances::form;
use super::tagging::{tagged, update};
use crate::form::Form;
use crate::kinds::volume_attachment;
use crate::tags::Naming;
use crate::xml::{Element, wrong_document};

pub(crate) fn validate(step: &Step<'_>) -> FieldErrors {
    let errors = FieldErrors::default();
    match step.command {
        Command::CreateInstance(command) => validate_create(errors, step, command),
        Command::Update(command) => errors.no_description(command.description.as_ref()).update(step, true),
        Command::ImageOfInstance(command) => errors.tags(&command.tags, Naming::Own),
        _ => errors,
    }
}

fn validate_create(errors: FieldErrors, step: &Step<'_>, command: &CreateInstance) -> FieldErrors {
    let boot = command.boot_volume.as_ref();
    let has_new_interfaces = !command.networks.is_empty() || !command.subnets.is_empty();
    let groups_apply = has_new_interfaces || command.network_interfaces.is_empty();
    errors
        .no_description(command.description.as_ref())
        .require(
            boot.is_none_or(|boot| boot.volume.is_none()),
            "/boot_volume/volume",
            "is not supported: this cloud boots from images only; create an image of the volume's snapshot",
        )
        .require(
            boot.is_none_or(|boot| boot.volume_type.is_none()),
            "/boot_volume/volume_type",
            "is not supported: set `VolumeType` in `cloud_options`, `BlockDeviceMapping`, `Ebs`",
        )
        .require(
            groups_apply || command.security_groups.is_empty(),
            "/security_groups",
            "is not supported with `network_interfaces` alone, which have their own security groups",
        )
        .tags(&command.tags, Naming::Tag(&command.name))
        .options(form(step, command, &Placement::unknown(command)), &command.cloud_options)
}

pub(crate) async fn act(action: &Action<'_>) -> Result<Done> {
    match (action.step.verb, action.step.command) {
        (Verb::Create, Command::CreateInstance(command)) => create(action, command).await,
        (Verb::Update, Command::Update(command)) => update(action, command).await,
        (Verb::Delete, _) => {
            let answer = action.write(form_of(action, "TerminateInstances")?).await?;
            Ok(done(&answer, with_disks(action)?))
        }
        (Verb::Start, _) => action.write_target(form_of(action, "StartInstances")?).await,
        (Verb::Stop, _) => action.write_target(form_of(action, "StopInstances")?).await,
        // EC2 has one call for soft and hard reboots: it cuts the power if the instance does not shut down.
        (Verb::Reboot, _) => action.write_target(form_of(action, "RebootInstances")?).await,
        (Verb::Resize, Command::Resize(command)) => {
            let form = Form::new("ModifyInstanceAttribute")
                .with("InstanceId", action.target_key()?)
                .with("InstanceType.Value", key_of(action.step, command.instance_type)?);
            action.write_target(form).await
        }
        (Verb::CreateImage, Command::ImageOfInstance(command)) => create_image(action, command).await,
        (Verb::ConsoleOutput, _) => console_output(action).await,
        _ => Err(action.step.unsupported()),
    }
}

async fn create(action: &Action<'_>, command: &CreateInstance) -> Result<Done> {
    let placement = placement::of_instance(action, command).await?;
    let form = merge_valid(form(action.step, command, &placement)?, &command.cloud_options)?;
    let answer = action.write(form).await.map_err(|error| without_user_data(error, command))?;
    let instance =
        answer.items(&["instancesSet"]).next().ok_or_else(|| wrong_document("a launch without instance"))?;
    let id = instance.required(&["instanceId"])?;
    let mut resources = vec![touched::<Instance>(id)];
    let interfaces = instance.items(&["networkInterfaceSet"]);
    resources.extend(
        interfaces
            .filter_map(|item| Some(touched::<NetworkInterface>(item.text_at(&["networkInterfaceId"])?))),
    );
    for disk in instance.items(&["blockDeviceMapping"]) {
        resources
            .extend(disk.text_at(&["ebs", "volumeId"]).into_iter().flat_map(|volume| disk_of(volume, id)));
    }
    Ok(done(&answer, resources))
}

/// Removes the cloud's words from an error if they quote user data, because they reach clients and logs.
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

fn form_of(action: &Action<'_>, name: &'static str) -> Result<Form> {
    Ok(Form::new(name).with_list("InstanceId", [action.target_key()?]))
}

/// Returns the target with its disks, some of which end with it.
fn with_disks(action: &Action<'_>) -> Result<Vec<Touched>> {
    let target = action.target()?;
    let volumes = references(&target.document, "volumes");
    let disks = volumes.into_iter().flat_map(|volume| disk_of(volume, &target.native_key));
    Ok(std::iter::once(action.touched_target()?).chain(disks).collect())
}

fn disk_of(volume: &str, instance: &str) -> [Touched; 2] {
    let attachment = volume_attachment::native_key(volume, instance);
    [touched::<Volume>(volume), touched::<VolumeAttachment>(attachment)]
}

/// Returns the form without a reboot, which EC2 would otherwise make of a running instance.
fn image_form(step: &Step<'_>, instance: &str, command: &ImageOfInstance) -> Form {
    let form = Form::new("CreateImage")
        .with("InstanceId", instance)
        .with("Name", &command.name)
        .with("NoReboot", true);
    tagged(form, "image", step, &command.tags, Naming::Own)
}

async fn create_image(action: &Action<'_>, command: &ImageOfInstance) -> Result<Done> {
    let answer = action.write(image_form(action.step, action.target_key()?, command)).await?;
    let image = touched::<Image>(answer.required(&["imageId"])?);
    Ok(done(&answer, vec![image, action.touched_target()?]))
}

async fn console_output(action: &Action<'_>) -> Result<Done> {
    let form = Form::new("GetConsoleOutput").with("InstanceId", action.target_key()?);
    let answer = action.read(form).await?;
    let output = OneTimeOutput::ConsoleOutput(console_text(&answer)?);
    Ok(Done { answer: Some(output), ..done(&answer, vec![action.touched_target()?]) })
}

/// Decodes the output. Instances write any bytes; those that are not UTF-8 are replaced.
fn console_text(answer: &Element) -> Result<String> {
    let encoded: String = answer.text_at(&["output"]).unwrap_or_default().split_whitespace().collect();
    let bytes =
        STANDARD.decode(encoded).map_err(|_| wrong_document("a console output that is not base64"))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use gateway_core::ErrorKind;

    use super::*;

    #[test]
    fn console_output_may_be_empty_and_must_be_base64() {
        let text = |output: &str| {
            console_text(&Element::parse(&format!("<a><output>{output}</output></a>")).unwrap())
        };
        assert_eq!(text("aGVs\nbG8=").unwrap(), "hello");
        assert_eq!(text("").unwrap(), "");
        assert_eq!(text("/w==").unwrap(), "\u{fffd}");
        assert_eq!(text("no base64!").unwrap_err().kind(), ErrorKind::WrongDocument);
    }
}
