//! Commands of images.

use gateway_core::Result;
use gateway_core::driver::{Done, Step};
use gateway_core::kind::{Command, Update, Verb};

use super::action::Action;
use super::field_errors::FieldErrors;
use super::tagging::{retag, updated};
use crate::form::Form;

/// Digits of an account number.
const ACCOUNT_DIGITS: usize = 12;

pub(crate) fn validate(step: &Step<'_>) -> FieldErrors {
    let errors = FieldErrors::default();
    match step.command {
        Command::Update(_) => errors.update(step, false),
        Command::ShareImage(command) => {
            let account = command.external_account.as_str();
            let is_number =
                account.len() == ACCOUNT_DIGITS && account.bytes().all(|byte| byte.is_ascii_digit());
            errors.require(is_number, "/external_account", "must be the 12 digits of an account number")
        }
        _ => errors,
    }
}

pub(crate) async fn act(action: &Action<'_>) -> Result<Done> {
    let key = action.target_key()?;
    let form = match (action.step.verb, action.step.command) {
        (Verb::Update, Command::Update(command)) => return update(action, command).await,
        (Verb::Delete, _) => Form::new("DeregisterImage").with("ImageId", key),
        (Verb::Share, Command::ShareImage(command)) => {
            attribute(key).with("LaunchPermission.Add.1.UserId", &command.external_account)
        }
        (Verb::Unshare, Command::ShareImage(command)) => {
            attribute(key).with("LaunchPermission.Remove.1.UserId", &command.external_account)
        }
        _ => return Err(action.step.unsupported()),
    };
    action.write_target(form).await
}

/// Updates the description first, because the cloud may refuse it: then a refusal leaves everything as it was.
async fn update(action: &Action<'_>, command: &Update) -> Result<Done> {
    let mut last = None;
    if let Some(description) = &command.description {
        let form = attribute(action.target_key()?).with("Description.Value", description);
        last = Some(action.write(form).await?);
    }
    let retagged = retag(action, None, command.tags.as_ref(), false).await;
    let retagged = retagged.map_err(|error| error.after_a_part(last.is_some()))?;
    updated(action, retagged.or(last))
}

fn attribute(image: &str) -> Form {
    Form::new("ModifyImageAttribute").with("ImageId", image)
}
