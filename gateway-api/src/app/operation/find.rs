//! The search for the effect of earlier attempts.

use gateway_core::driver::Step;
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::kind::{Repeat, Verb};

use super::Operations;
use super::attempt::{Found, Run, Sent, done_to_target};

impl Operations {
    /// Looks for the effect of the last call.
    pub(super) async fn find(&self, run: &Run<'_>, step: &Step<'_>, sent: Sent) -> Result<Found> {
        // A recent call may still be on its way.
        let is_settled = self.store.now().await?.since(sent.at) >= self.times.settle;
        let unclear = || Error::unavailable("the cloud does not show yet whether it was done");
        let nothing = || if is_settled { Found::Nothing } else { Found::Unclear(unclear()) };
        let session = &run.opened.session;
        Ok(match run.spec.repeat {
            Repeat::Harmless => Found::Nothing,
            Repeat::Never => Found::Unknowable(Error::unavailable(
                "it cannot be known whether the cloud did it, and it is not done again",
            )),
            Repeat::Found => match self.ask(run.scope, session.find(&run.scope.region, step)).await {
                Ok(Some(found)) => {
                    let mut done = done_to_target(step);
                    done.touched.insert(0, found);
                    Found::Done(done)
                }
                Ok(None) => nothing(),
                Err(error) => Found::Unclear(error),
            },
            Repeat::ByState if step.verb == Verb::Upload => self.find_content(run, step, is_settled).await?,
            Repeat::ByState => {
                let target = step.target()?;
                let seen = session.get(&run.scope.region, step.kind, &target.native_key);
                match self.ask(run.scope, seen).await {
                    // Only the state counts: a lock, which forbids the verb too, is no evidence.
                    Ok(Some(seen)) if run.spec.when.takes(seen.state) => nothing(),
                    Ok(_) => Found::Done(done_to_target(step)),
                    Err(error) => Found::Unclear(error),
                }
            }
        })
    }

    /// Looks whether a resource has its content: it is empty, being filled, filled or gone.
    async fn find_content(&self, run: &Run<'_>, step: &Step<'_>, is_settled: bool) -> Result<Found> {
        let target = step.target()?;
        let unclear = || Error::unavailable("the cloud does not show yet whether it has the content");
        let seen = run.opened.session.get(&run.scope.region, step.kind, &target.native_key);
        Ok(match self.ask(run.scope, seen).await {
            Ok(Some(mut seen)) => {
                seen.allow(run.opened.capability.verbs(step.kind));
                match seen.state {
                    _ if seen.actions.contains(&step.verb) && is_settled => Found::Nothing,
                    _ if seen.actions.contains(&step.verb) || seen.is_transitional() => {
                        Found::Unclear(unclear())
                    }
                    Some("available" | "deactivated") => Found::Done(done_to_target(step)),
                    _ => Found::Failed(Error::new(ErrorKind::Conflict, "the content left it in error")),
                }
            }
            Ok(None) => Found::Failed(Error::new(ErrorKind::NotFound, "the resource is gone")),
            Err(error) => Found::Unclear(error),
        })
    }
}
