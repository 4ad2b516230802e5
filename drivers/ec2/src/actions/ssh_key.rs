//! Commands of key pairs, which the cloud generates or imports.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gateway_core::driver::{Done, OneTimeOutput, Step};
use gateway_core::kind::{Command, CreateSshKey, SshKey, Verb};
use gateway_core::secret::Secret;
use gateway_core::{Error, ErrorKind, Result};

use super::action::{Action, done, touched};
use super::field_errors::FieldErrors;
use super::tagging::tagged;
use crate::form::Form;
use crate::tags::Naming;
use crate::xml::Element;

pub(crate) fn validate(step: &Step<'_>) -> FieldErrors {
    match step.command {
        Command::CreateSshKey(command) => FieldErrors::default().tags(&command.tags, Naming::Own),
        _ => FieldErrors::default(),
    }
}

pub(crate) async fn act(action: &Action<'_>) -> Result<Done> {
    match (action.step.verb, action.step.command) {
        (Verb::Create, Command::CreateSshKey(command)) => create(action, command).await,
        (Verb::Delete, _) => delete(action).await,
        _ => Err(action.step.unsupported()),
    }
}

async fn create(action: &Action<'_>, command: &CreateSshKey) -> Result<Done> {
    let answer = action.write(form(action.step, command)).await?;
    let key = answer.text_at(&["keyPairId"]).unwrap_or(&command.name);
    let mut done = done(&answer, vec![touched::<SshKey>(key)]);
    if command.public_key.is_none() {
        done.answer = Some(OneTimeOutput::PrivateKey(Secret::new(answer.required(&["keyMaterial"])?)));
    }
    Ok(done)
}

/// Deletes by name, because not every cloud deletes by id. The name is checked first: another key may have it by now.
async fn delete(action: &Action<'_>) -> Result<Done> {
    let target = action.target()?;
    let shown = action.read(Form::new("DescribeKeyPairs").with_filter("key-name", [&target.name])).await?;
    let is_target = |key: &Element| {
        key.text_at(&["keyPairId"]).or_else(|| key.text_at(&["keyName"])) == Some(&target.native_key)
    };
    if !shown.items(&["keySet"]).any(is_target) {
        let message = format!("the cloud does not show the key pair `{}`", target.name);
        return Err(Error::new(ErrorKind::NotFound, message));
    }
    action.write_target(Form::new("DeleteKeyPair").with("KeyName", &target.name)).await
}

fn form(step: &Step<'_>, command: &CreateSshKey) -> Form {
    let form = match &command.public_key {
        Some(key) => Form::new("ImportKeyPair").with("PublicKeyMaterial", STANDARD.encode(key)),
        None => Form::new("CreateKeyPair"),
    };
    tagged(form.with("KeyName", &command.name), "key-pair", step, &command.tags, Naming::Own)
}
