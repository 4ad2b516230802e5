//! What an operation did, in the store before its answer leaves.

use std::time::Duration;

use gateway_bus::Nudge;
use gateway_core::document::observation::{Observed, Visibility};
use gateway_core::document::rendering::{Identity, resource_text};
use gateway_core::driver::Touched;
use gateway_core::error::{Error, Result};
use gateway_core::id::{Holder, ResourceId, Scope};
use gateway_core::{Kind, Timestamp};
use gateway_sessions::OpenSession;
use gateway_store::{Applied, CompletedStep, Observation, Sighting, WriteGuard};
use serde_json::value::RawValue;

use super::{Operations, Place};

/// Waits between looks for something that was made just now: some clouds show it a moment later.
pub(super) const LOOKS: [Duration; 5] = [
    Duration::from_millis(100),
    Duration::from_millis(200),
    Duration::from_millis(400),
    Duration::from_millis(800),
    Duration::from_millis(1600),
];

impl Operations {
    /// Reads anew what was touched, and passes it through the one door. What cannot be read now is left to a listing,
    /// which is asked for at once; so is what is on its way to another state.
    pub(super) async fn show(
        &self,
        place: &Place,
        opened: &OpenSession,
        touched: &[Touched],
        is_made: bool,
    ) -> Result<()> {
        let mut due = Vec::new();
        for (at, one) in touched.iter().enumerate() {
            let patience = if is_made && at == 0 { &LOOKS[..] } else { &[] };
            let (as_of, seen) = self.look(place, opened, one, patience).await?;
            let id = opened.cloud.resource_id(&place.region, one.kind, &one.native_key);
            let public = matches!(&seen, Ok(Some(seen)) if seen.visibility == Visibility::Public);
            let holder = if public { Holder::Global } else { Holder::Account(place.account) };
            // A kind that is published alone has no target of the account.
            let mut holders = [holder, Holder::Global].into_iter();
            let Some(holder) = holders.find(|holder| place.target(one.kind, *holder).is_some()) else {
                continue;
            };
            let (is_open, sighting) = match seen {
                Ok(Some(seen)) => (seen.is_transitional(), Sighting::Present(Box::new(seen))),
                Ok(None) => {
                    // What is not with one holder any more may still be recorded with the other.
                    if holder != Holder::Global {
                        self.record(place, one.kind, Holder::Global, as_of, Sighting::Gone(id)).await?;
                    }
                    (false, Sighting::Gone(id))
                }
                Err(error) => {
                    tracing::warn!(%id, error = error.chain(), "what an operation touched cannot be read now");
                    due.extend(place.target(one.kind, holder));
                    continue;
                }
            };
            let applied = self.record(place, one.kind, holder, as_of, sighting).await?;
            // The first was to change: where nothing shows yet, the cloud is a moment behind itself.
            if is_open || (at == 0 && applied.written() == 0) {
                due.extend(place.target(one.kind, holder));
            }
        }
        if !due.is_empty() {
            let now = self.store.now().await?;
            self.store.request_refresh(due, now).await?;
            self.bus.nudge(Nudge::TargetsDue).await;
        }
        Ok(())
    }

    /// Passes what was seen of one record through the one door; nothing where the holder has no such target.
    async fn record(
        &self,
        place: &Place,
        kind: Kind,
        holder: Holder,
        as_of: Timestamp,
        sighting: Sighting,
    ) -> Result<Applied> {
        let Some(target) = place.target(kind, holder) else { return Ok(Applied::default()) };
        let scope = Scope { cloud: place.cloud, region: place.region.clone(), holder };
        let observation = Observation { target, scope, kind, as_of, sightings: vec![sighting] };
        let applied = self.store.apply(WriteGuard::Direct, observation).await?;
        if applied.written() > 0 {
            self.bus.nudge(Nudge::EventsWaiting).await;
        }
        Ok(applied)
    }

    /// One look, or several for what may not be shown yet; with the database's time before it.
    async fn look(
        &self,
        place: &Place,
        opened: &OpenSession,
        one: &Touched,
        patience: &[Duration],
    ) -> Result<(Timestamp, Result<Option<Observed>>)> {
        let mut waits = patience.iter();
        loop {
            let as_of = self.store.now().await?;
            let seen = opened.session.get(&place.region, one.kind, &one.native_key).await;
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

    /// The documents of what an operation made or changed, as its caller reads them.
    pub(super) async fn documents(
        &self,
        place: &Place,
        cloud_name: &str,
        made: &[CompletedStep],
    ) -> Result<Vec<Box<RawValue>>> {
        let mut documents = Vec::with_capacity(made.len());
        let mut shown: Vec<ResourceId> = Vec::new();
        for one in made {
            if shown.contains(&one.id) {
                continue;
            }
            shown.push(one.id);
            let Some((row, holder)) = place.row(&self.store, one.kind, one.id).await? else { continue };
            let identity = Identity {
                id: row.id,
                kind: one.kind,
                version: row.version,
                cloud: cloud_name,
                region: &place.region,
                holder,
                changed_at: row.changed_at,
                accounts: &[place.account],
            };
            documents.push(resource_text(&row.document, None, &identity)?);
        }
        Ok(documents)
    }
}

/// The answer of an operation: what there is of what it did.
pub(super) fn answer(documents: &[Box<RawValue>]) -> Result<String> {
    let resources = serde_json::to_string(documents).map_err(Error::internal)?;
    Ok(format!("{{\"resources\":{resources}}}"))
}
