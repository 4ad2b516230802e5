//! Actions: each has its effect, and can be repeated as its specification says.

use gateway_core::document::observation::Observed;
use gateway_core::driver::{Done, Known, Touched};
use gateway_core::kind::{Repeat, Verb};
use serde_json::Value;

use super::runner::{Runner, is_refusal};
use crate::report::{Report, Verdict, failed, skipped};

/// Executes an action on a resource that allows it, waits for its effect, and repeats it if that is harmless.
pub(super) async fn act(
    runner: &Runner<'_>,
    report: &mut Report,
    target: &Touched,
    verb: Verb,
    command: Value,
    named: &[&Known],
    condition: impl Fn(&Observed) -> bool,
) -> Option<Done> {
    if !runner.can(target.kind, verb) {
        return None;
    }
    let work = async {
        let before = runner.at_rest(target).await?;
        if !before.actions.contains(&verb) {
            return failed(format!("state {:?} does not allow it, only {:?}", before.state, before.actions));
        }
        let known = runner.to_known(&before);
        let task = runner.task(target.kind, verb, command, Some(&known), named)?;
        let done = runner.act(&task).await?;
        let after = runner.until(&format!("the effect of {verb}"), target, &condition).await?;
        let repeat = target.kind.spec().verb(verb).map(|spec| spec.repeat);
        match repeat {
            Some(Repeat::Harmless) => {
                runner.act(&task).await?;
                runner.until(&format!("the effect of a second {verb}"), target, &condition).await?;
            }
            Some(Repeat::ByState) if after.actions.contains(&verb) => {
                return failed(format!("state {:?} still allows it", after.state));
            }
            _ => {}
        }
        Ok(done)
    };
    runner.record(report, target.kind, &format!("{verb} has its effect"), work.await)
}

/// Checks that a verb is refused in a state that does not allow it; skipped if the cloud accepts it anyway.
pub(super) async fn is_refused(
    runner: &Runner<'_>,
    report: &mut Report,
    target: &Touched,
    verb: Verb,
    command: Value,
) {
    if !runner.can(target.kind, verb) {
        return;
    }
    let work = async {
        let before = runner.at_rest(target).await?;
        if before.actions.contains(&verb) {
            return failed(format!("state {:?} allows it", before.state));
        }
        let known = runner.to_known(&before);
        let task = runner.task(target.kind, verb, command, Some(&known), &[])?;
        match runner.act(&task).await {
            Ok(_) => skipped::<()>(format!("the cloud accepts it in state {:?}", before.state)),
            Err(error) => is_refusal(&error),
        }
    };
    let verdict: Verdict = work.await;
    runner.record(
        report,
        target.kind,
        &format!("{verb} is refused in a state that does not allow it"),
        verdict,
    );
}
