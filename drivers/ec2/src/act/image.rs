//! Images: what their owners say of them, and who may use them.

use gateway_core::Result;
use gateway_core::driver::{Done, Step};
use gateway_core::kind::{Command, Verb};

use super::faults::Faults;
use super::tagging::{retag, updated};
use super::{Act, done, touched_target};
use crate::form::Form;

/// Digits of an account's number.
const ACCOUNT: usize = 12;

pub(crate) fn faults(step: &Step<'_>) -> Faults {
    let faults = Faults::default();
    match step.command {
        Command::Update(_) => faults.update(step, false),
        Command::ShareImage(command) => {
            let account = command.external_account.as_str();
            let fine = account.len() == ACCOUNT && account.bytes().all(|byte| byte.is_ascii_digit());
            faults.unless(fine, "/external_account", "must be the 12 digits of an account")
        }
        _ => faults,
    }
}

pub(crate) async fn act(act: &Act<'_>) -> Result<Done> {
    let key = act.target_key()?;
    let form = match (act.step.verb, act.step.command) {
        (Verb::Update, Command::Update(command)) => {
            let mut last = None;
            // What the cloud may refuse comes first: then a refusal leaves all as it was.
            if let Some(description) = &command.description {
                last = Some(act.write(attribute(key).with("Description.Value", description)).await?);
            }
            let retagged = retag(act, None, command.tags.as_ref(), false).await;
            let retagged = retagged.map_err(|error| error.after_a_part(last.is_some()))?;
            return updated(act, retagged.or(last));
        }
        (Verb::Delete, _) => Form::new("DeregisterImage").with("ImageId", key),
        (Verb::Share, Command::ShareImage(command)) => {
            attribute(key).with("LaunchPermission.Add.1.UserId", &command.external_account)
        }
        (Verb::Unshare, Command::ShareImage(command)) => {
            attribute(key).with("LaunchPermission.Remove.1.UserId", &command.external_account)
        }
        _ => return Err(act.step.unsupported()),
    };
    Ok(done(&act.write(form).await?, vec![touched_target(act)?]))
}

fn attribute(image: &str) -> Form {
    Form::new("ModifyImageAttribute").with("ImageId", image)
}
