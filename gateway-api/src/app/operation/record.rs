//! Recording: the effect of an operation is read from the cloud and stored before its answer leaves.

use std::time::Duration;

use gateway_bus::Nudge;
use gateway_core::document::observation::{Observed, Visibility};
use gateway_core::document::rendering::{Identity, resource_text};
use gateway_core::driver::Touched;
use gateway_core::error::{Error, Result};
use gateway_core::id::{Holder, Scope};
use gateway_core::{Kind, Timestamp};
use gateway_sessions::OpenSession;
use gateway_store::{Applied, CompletedStep, Observation, Sighting, WriteGuard};
use serde_json::value::RawValue;

use super::Operations;
use super::scope::AccountScope;

/// Waits between reads of a resource that was just changed: some clouds show the change a moment later.
pub(super) const READ_WAITS: [Duration; 5] = [
    Duration::from_millis(100),
    Duration::from_millis(200),
    Duration::from_millis(400),
    Duration::from_millis(800),
    Duration::from_millis(1600),
];

impl Operations {
    /// Reads the resources that a step touched and stores them. A refresh is requested of those that cannot be read now,
    /// and of those in a transitional state.
    pub(super) async fn record(
        &self,
        scope: &AccountScope,
        opened: &OpenSession,
        touched: &[Touched],
        is_create: bool,
    ) -> Result<()> {
        let mut due = Vec::new();
        for (at, one) in touched.iter().enumerate() {
            let waits = if is_create && at == 0 { &READ_WAITS[..] } else { &[] };
            let (as_of, seen) = self.read(scope, opened, one, waits).await?;
            let id = opened.cloud.resource_id(&scope.region, one.kind, &one.native_key);
            let public = matches!(&seen, Ok(Some(seen)) if seen.visibility == Visibility::Public);
            let holder = if public { Holder::Global } else { Holder::Account(scope.account) };
            // The account has no target for kinds that are only published.
            let mut holders = [holder, Holder::Global].into_iter();
            let Some(holder) = holders.find(|holder| scope.target(one.kind, *holder).is_some()) else {
                continue;
            };
            let (is_open, sighting) = match seen {
                Ok(Some(seen)) => (seen.is_transitional(), Sighting::Present(Box::new(seen))),
                Ok(None) => {
                    // The other holder may still have a record of it.
                    if holder != Holder::Global {
                        self.apply(scope, one.kind, Holder::Global, as_of, Sighting::Gone(id)).await?;
                    }
                    (false, Sighting::Gone(id))
                }
                Err(error) => {
                    tracing::warn!(resource = %id, error = error.chain(), "changed resource cannot be read now");
                    due.extend(scope.target(one.kind, holder));
                    continue;
                }
            };
            let applied = self.apply(scope, one.kind, holder, as_of, sighting).await?;
            // The first resource was to change; if its record does not, the cloud has not shown the change yet.
            if is_open || (at == 0 && applied.written() == 0) {
                due.extend(scope.target(one.kind, holder));
            }
        }
        if !due.is_empty() {
            let now = self.store.now().await?;
            self.store.request_refresh(due, now).await?;
            self.bus.nudge(Nudge::TargetsDue).await;
        }
        Ok(())
    }

    /// Stores what was seen of one record, if its holder has a target for the kind.
    async fn apply(
        &self,
        scope: &AccountScope,
        kind: Kind,
        holder: Holder,
        as_of: Timestamp,
        sighting: Sighting,
    ) -> Result<Applied> {
        let Some(target) = scope.target(kind, holder) else { return Ok(Applied::default()) };
        let holder_scope = Scope { cloud: scope.cloud, region: scope.region.clone(), holder };
        let observation = Observation { target, scope: holder_scope, kind, as_of, sightings: vec![sighting] };
        let applied = self.store.apply(WriteGuard::Direct, observation).await?;
        if applied.written() > 0 {
            self.bus.nudge(Nudge::EventsWaiting).await;
        }
        Ok(applied)
    }

    /// Reads a resource, again after each wait as long as it is not there. Returns the database's time before the read.
    async fn read(
        &self,
        scope: &AccountScope,
        opened: &OpenSession,
        one: &Touched,
        waits: &[Duration],
    ) -> Result<(Timestamp, Result<Option<Observed>>)> {
        let mut waits = waits.iter();
        loop {
            let as_of = self.store.now().await?;
            let seen = opened.session.get(&scope.region, one.kind, &one.native_key);
            let seen = self.ask(scope, seen).await;
            let seen = seen.map(|seen| {
                seen.map(|mut seen| {
                    seen.allow(opened.capability.verbs(one.kind));
                    seen
                })
            });
            match (&seen, waits.next()) {
                (Ok(None) | Err(_), Some(wait)) => tokio::time::sleep(*wait).await,
                _ => return Ok((as_of, seen)),
            }
        }
    }

    /// Returns the documents of the resources that an operation created or changed, as its caller reads them.
    pub(super) async fn documents(
        &self,
        scope: &AccountScope,
        cloud_name: &str,
        made: &[CompletedStep],
    ) -> Result<Vec<Box<RawValue>>> {
        let mut rows = scope.rows(&self.store, made.iter().map(|one| one.id).collect()).await?;
        let mut documents = Vec::with_capacity(made.len());
        for one in made {
            let Some((row, holder)) = rows.remove(&(one.kind, one.id)) else { continue };
            let identity = Identity {
                id: row.id,
                kind: one.kind,
                version: row.version,
                cloud: cloud_name,
                region: &scope.region,
                holder,
                changed_at: row.changed_at,
                accounts: &[scope.account],
            };
            documents.push(resource_text(&row.document, None, &identity)?);
        }
        Ok(documents)
    }
}

/// Returns the answer of an operation that created or changed these resources.
pub(super) fn answer(documents: &[Box<RawValue>]) -> Result<String> {
    let resources = serde_json::to_string(documents).map_err(Error::internal)?;
    Ok(format!("{{\"resources\":{resources}}}"))
}
