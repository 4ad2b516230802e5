//! Commands of SSH keys: Nova's keypairs.

use gateway_core::driver::{Done, OneTimeOutput, Step, Touched};
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::kind::{Command, CreateSshKey, FieldError, Kind, Verb};
use gateway_core::secret::Secret;
use serde_json::{Value, json};

use super::action::Action;
use crate::client::Write;
use crate::microversion::Microversion;
use crate::service::Service;

/// The last microversion in which Nova generates key pairs.
const GENERATES_PAIRS: Microversion = Microversion::new(2, 91);

pub(super) fn validate(step: &Step<'_>) -> Vec<FieldError> {
    match step.command {
        Command::CreateSshKey(command) if !command.tags.is_empty() => {
            vec![FieldError::new("/tags", "must be empty: keys have no tags in this type of cloud")]
        }
        _ => Vec::new(),
    }
}

pub(super) async fn act(action: &Action<'_>) -> Result<Done> {
    match (action.step.verb, action.step.command) {
        (Verb::Create, Command::CreateSshKey(command)) => create(action, command).await,
        (Verb::Delete, _) => delete(action).await,
        _ => Err(action.step.unsupported()),
    }
}

/// Finds a key by user and name. A key with another public key was not created by the step.
pub(super) async fn find(action: &Action<'_>) -> Result<Option<Touched>> {
    let (Verb::Create, Command::CreateSshKey(command)) = (action.step.verb, action.step.command) else {
        return Err(action.step.unsupported());
    };
    let key = native_key(action, command);
    let found = action.session.get(action.scope.region, Kind::SshKey, &key).await?;
    let is_same = |public_key: &Value| {
        command
            .public_key
            .as_ref()
            .is_none_or(|expected| public_key.as_str().map(str::trim) == Some(expected.trim()))
    };
    let found = found.filter(|found| is_same(found.fields.get("public_key").unwrap_or(&Value::Null)));
    Ok(found.map(|_| Touched::new(Kind::SshKey, key)))
}

async fn create(action: &Action<'_>, command: &CreateSshKey) -> Result<Done> {
    let mut keypair = json!({ "name": command.name });
    if let Some(key) = &command.public_key {
        keypair["public_key"] = json!(key);
    }
    let write = Write::post(Service::Compute, &["os-keypairs"], json!({ "keypair": keypair }));
    let answer = match command.public_key {
        Some(_) => action.write(write).await?,
        None => action.write(write.at_most(GENERATES_PAIRS)).await?,
    };
    let output = match (&command.public_key, answer.document(Some("keypair"))?["private_key"].take()) {
        (Some(_), _) => None,
        (None, Value::String(key)) => Some(OneTimeOutput::PrivateKey(Secret::new(key))),
        (None, _) => {
            return Err(Error::new(
                ErrorKind::WrongDocument,
                "Nova generated a key pair and answered without the private key",
            ));
        }
    };
    let touched = vec![Touched::new(Kind::SshKey, native_key(action, command))];
    Ok(Done { touched, answer: output, request_id: answer.request_id })
}

async fn delete(action: &Action<'_>) -> Result<Done> {
    let target = action.step.target()?;
    let path = ["os-keypairs", target.external_id.as_str()];
    let write = Write::delete(Service::Compute, &path);
    // Nova lets only administrators delete another user's key.
    let user = target.native_key.split('/').next().unwrap_or_default();
    let query = [("user_id", user)];
    let write = if user == action.scope.account.user_id { write } else { write.with(&query) };
    action.done(action.write(write).await?.request_id)
}

fn native_key(action: &Action<'_>, command: &CreateSshKey) -> String {
    format!("{}/{}", action.scope.account.user_id, command.name)
}
