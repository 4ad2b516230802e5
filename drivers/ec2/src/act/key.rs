//! Key pairs: made by the cloud, or imported.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gateway_core::driver::{Done, OneTimeOutput, Step};
use gateway_core::kind::{Command, CreateSshKey, SshKey, Verb};
use gateway_core::secret::Secret;
use gateway_core::{Error, ErrorKind, Result};

use super::faults::Faults;
use super::tagging::{Naming, tagged};
use super::{Act, done, touched, touched_target};
use crate::form::Form;
use crate::xml::Element;

pub(crate) fn faults(step: &Step<'_>) -> Faults {
    match step.command {
        Command::CreateSshKey(command) => Faults::default().tags(&command.tags, Naming::Own),
        _ => Faults::default(),
    }
}

pub(crate) async fn act(act: &Act<'_>) -> Result<Done> {
    match (act.step.verb, act.step.command) {
        (Verb::Create, Command::CreateSshKey(command)) => {
            let answer = act.write(form(act.step, command)).await?;
            let key = answer.text_at(&["keyPairId"]).unwrap_or(&command.name);
            let mut done = done(&answer, vec![touched::<SshKey>(key)]);
            if command.public_key.is_none() {
                done.answer =
                    Some(OneTimeOutput::PrivateKey(Secret::new(answer.required(&["keyMaterial"])?)));
            }
            Ok(done)
        }
        (Verb::Delete, _) => delete(act).await,
        _ => Err(act.step.unsupported()),
    }
}

/// Not every cloud deletes by id, and a name may be another key's by now.
async fn delete(act: &Act<'_>) -> Result<Done> {
    let target = act.target()?;
    let shown = act.read(Form::new("DescribeKeyPairs").with_filter("key-name", [&target.name])).await?;
    let is_it = |key: &Element| {
        key.text_at(&["keyPairId"]).or_else(|| key.text_at(&["keyName"])) == Some(&target.native_key)
    };
    if !shown.items(&["keySet"]).any(is_it) {
        return Err(Error::new(ErrorKind::NotFound, "the cloud does not show the key pair"));
    }
    let answer = act.write(Form::new("DeleteKeyPair").with("KeyName", &target.name)).await?;
    Ok(done(&answer, vec![touched_target(act)?]))
}

fn form(step: &Step<'_>, command: &CreateSshKey) -> Form {
    let form = match &command.public_key {
        Some(key) => Form::new("ImportKeyPair").with("PublicKeyMaterial", STANDARD.encode(key)),
        None => Form::new("CreateKeyPair"),
    };
    tagged(form.with("KeyName", &command.name), "key-pair", step, &command.tags, Naming::Own)
}
