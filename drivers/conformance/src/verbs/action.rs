//! Actions: each leads to where its table says, and may be repeated as its table says.

use gateway_core::document::observation::Observed;
use gateway_core::driver::{Done, Known, Touched};
use gateway_core::kind::{Repeat, Verb};
use serde_json::Value;

use super::desk::{Desk, is_refusal};
use crate::report::{Report, Verdict, failed, skipped};

/// Does an action to something that allows it, waits for what comes of it, and repeats it where that is harmless.
pub(super) async fn act(
    desk: &Desk<'_>,
    report: &mut Report,
    target: &Touched,
    verb: Verb,
    command: Value,
    named: &[&Known],
    is_so: impl Fn(&Observed) -> bool,
) -> Option<Done> {
    if !desk.can(target.kind, verb) {
        return None;
    }
    let work = async {
        let before = desk.settled(target).await?;
        if !before.actions.contains(&verb) {
            return failed(format!("{:?} does not allow it: {:?}", before.state, before.actions));
        }
        let known = desk.know(&before);
        let task = desk.task(target.kind, verb, command, Some(&known), named)?;
        let done = desk.act(&task).await?;
        let after = desk.until(&format!("as {verb} makes it"), target, &is_so).await?;
        let repeat = target.kind.spec().verb(verb).map(|spec| spec.repeat);
        match repeat {
            Some(Repeat::Harmless) => {
                desk.act(&task).await?;
                desk.until(&format!("as {verb} made it"), target, &is_so).await?;
            }
            Some(Repeat::ByState) if after.actions.contains(&verb) => {
                return failed(format!("{:?} does not tell that it was done", after.state));
            }
            _ => {}
        }
        Ok(done)
    };
    desk.note(report, target.kind, &format!("{verb} does what it says"), work.await)
}

/// A verb in a state that does not allow it: the cloud refuses in its own words, or does it all the same.
pub(super) async fn refused(
    desk: &Desk<'_>,
    report: &mut Report,
    target: &Touched,
    verb: Verb,
    command: Value,
) {
    if !desk.can(target.kind, verb) {
        return;
    }
    let work = async {
        let before = desk.settled(target).await?;
        if before.actions.contains(&verb) {
            return failed(format!("{:?} allows it", before.state));
        }
        let known = desk.know(&before);
        let task = desk.task(target.kind, verb, command, Some(&known), &[])?;
        match desk.act(&task).await {
            Ok(_) => skipped::<()>(format!("the cloud did it in {:?} all the same", before.state)),
            Err(error) => is_refusal(&error),
        }
    };
    let verdict: Verdict = work.await;
    desk.note(report, target.kind, &format!("{verb} is refused where it is not allowed"), verdict);
}
