//! Makes keypairs, or takes public keys in.

use gateway_core::driver::{Done, OneTimeOutput, Session as _, Touched};
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::kind::{Canonical, CreateSshKey, FieldError, SshKey};
use gateway_core::secret::Secret;
use serde_json::{Value, json};

use super::Act;
use crate::catalog::Service;
use crate::connection::Write;
use crate::session::OpenStackSession;
use crate::version::Microversion;

/// Nova makes no pairs after this one.
const MAKES_PAIRS: Microversion = Microversion::new(2, 91);

pub(super) fn faults(command: &CreateSshKey) -> Vec<FieldError> {
    let detail = "keys have no tags in this type of cloud";
    if command.tags.is_empty() { Vec::new() } else { vec![FieldError::new("/tags", detail)] }
}

pub(super) async fn create(act: &Act<'_>, command: &CreateSshKey) -> Result<Done> {
    let mut keypair = json!({ "name": command.name });
    if let Some(key) = &command.public_key {
        keypair["public_key"] = json!(key);
    }
    let write = Write::post(Service::Compute, &["os-keypairs"], json!({ "keypair": keypair }));
    let answer = match command.public_key {
        Some(_) => act.write(write).await?,
        None => act.write(write.no_newer_than(MAKES_PAIRS)).await?,
    };
    let told = match (&command.public_key, answer.document(Some("keypair"))?["private_key"].take()) {
        (Some(_), _) => None,
        (None, Value::String(key)) => Some(OneTimeOutput::PrivateKey(Secret::new(key))),
        (None, _) => {
            return Err(Error::new(ErrorKind::WrongDocument, "Nova made a pair and tells half of it"));
        }
    };
    let touched = vec![Touched::new(SshKey::KIND, native_key(act, command))];
    Ok(Done { touched, answer: told, request_id: answer.request_id })
}

pub(super) async fn delete(act: &Act<'_>) -> Result<Done> {
    let target = act.step.target()?;
    let write_path = ["os-keypairs", target.external_id.as_str()];
    let write = Write::delete(Service::Compute, &write_path);
    // Another user's is deleted by administrators: Nova itself refuses everybody else.
    let user = target.native_key.split('/').next().unwrap_or_default();
    let query = [("user_id", user)];
    let write = if user == act.asker.account.user_id { write } else { write.with(&query) };
    act.done(act.write(write).await?)
}

/// A user has one key of a name. One that holds another public key is not the one that was ordered.
pub(super) async fn find(
    act: &Act<'_>,
    session: &OpenStackSession,
    command: &CreateSshKey,
) -> Result<Option<Touched>> {
    let key = native_key(act, command);
    let found = session.get(act.asker.region, SshKey::KIND, &key).await?;
    let is_it = |fields: &Value| {
        command
            .public_key
            .as_ref()
            .is_none_or(|ordered| fields.as_str().map(str::trim) == Some(ordered.trim()))
    };
    let found = found.filter(|found| is_it(found.fields.get("public_key").unwrap_or(&Value::Null)));
    Ok(found.map(|_| Touched::new(SshKey::KIND, key)))
}

fn native_key(act: &Act<'_>, command: &CreateSshKey) -> String {
    format!("{}/{}", act.asker.account.user_id, command.name)
}
