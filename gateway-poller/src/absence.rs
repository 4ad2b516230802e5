//! What a whole listing lacked: proof before deletion, and no belief in a mass vanishing at first sight.

use std::collections::HashSet;

use gateway_core::error::Result;
use gateway_core::id::ResourceId;
use gateway_store::{Applied, Sighting};

use crate::cycle::Cycle;
use crate::listing::{BATCH, Listing};

/// What became of the records that a listing lacked.
#[derive(Debug, Default)]
pub(crate) struct Absence {
    /// Whole listings in a row that agree on a mass vanishing.
    pub(crate) agreeing: i32,
    /// What to tell readers while it is held back.
    pub(crate) warning: Option<String>,
    /// What was written.
    pub(crate) applied: Applied,
    /// Some are neither gone nor there yet: the next listing should come soon.
    pub(crate) is_open: bool,
}

/// Which of the missing ones are proven gone, and which are there after all.
#[derive(Default)]
struct Verdict {
    gone: HashSet<ResourceId>,
    there: HashSet<ResourceId>,
    agreeing: i32,
    warning: Option<String>,
    applied: Applied,
}

impl Cycle<'_> {
    /// Settles what the listing lacked, as far as it can be settled now.
    pub(crate) async fn settle(&mut self, listing: &Listing) -> Result<Absence> {
        let store = self.shop.store.clone();
        let before = store.missing_list(self.claim.target.id).await?;
        let missing = listing.known.missing();
        // Absence counts against a listing by the same credential only: another may see less.
        let same_eyes = self.claim.target.listed_by == Some(self.claim.credential.id);
        let twice: Vec<_> = missing.iter().filter(|id| same_eyes && before.contains(id)).copied().collect();
        let verdict = if missing.is_empty() {
            Verdict::default()
        } else if self.is_mass(missing.len(), listing.known.len()) {
            self.judge_mass(&missing, twice, listing.known.len(), same_eyes).await?
        } else if same_eyes {
            self.judge_few(&missing, twice).await?
        } else {
            Verdict::default()
        };
        let mut applied = verdict.applied;
        applied += self.delete(listing, &verdict.gone).await?;
        let settled = |id: &ResourceId| verdict.gone.contains(id) || verdict.there.contains(id);
        let open: HashSet<_> = missing.into_iter().filter(|id| !settled(id)).collect();
        let is_open = !open.is_empty();
        // What is gone was forgotten with its deletion; a quiet target writes nothing here.
        if before.difference(&verdict.gone).copied().collect::<HashSet<_>>() != open {
            self.lease.keep(store.missing_set(self.claim.fence, open)).await?;
        }
        Ok(Absence { agreeing: verdict.agreeing, warning: verdict.warning, applied, is_open })
    }

    fn is_mass(&self, missing: usize, known: usize) -> bool {
        let config = &self.shop.config;
        missing > config.vanish_records && missing * 100 > config.vanish_percent * known
    }

    /// Few are asked for one by one; more need a second listing that agrees.
    async fn judge_few(&mut self, missing: &[ResourceId], twice: Vec<ResourceId>) -> Result<Verdict> {
        let mut verdict = Verdict::default();
        if self.capability.get && missing.len() <= self.shop.config.proof_gets {
            let answers = self.ask(missing.to_vec()).await?;
            verdict =
                Verdict { gone: answers.gone, there: answers.there, applied: answers.applied, ..verdict };
        }
        let confirmed = twice.into_iter().filter(|id| !verdict.there.contains(id)).collect::<Vec<_>>();
        verdict.gone.extend(confirmed);
        Ok(verdict)
    }

    /// Several whole listings must agree, and a sample of direct questions too.
    async fn judge_mass(
        &mut self,
        missing: &[ResourceId],
        twice: Vec<ResourceId>,
        known: usize,
        same_eyes: bool,
    ) -> Result<Verdict> {
        // Two at least: one that agrees with nothing proves nothing.
        let needed = self.shop.config.vanish_listings.max(2);
        let agreeing = if same_eyes { self.claim.target.agreeing.saturating_add(1).min(needed) } else { 1 };
        let mut verdict = Verdict { agreeing, ..Verdict::default() };
        let mut because = format!("held back until {needed} whole listings agree ({agreeing} of {needed})");
        if agreeing == needed && !twice.is_empty() {
            let sample =
                if self.capability.get { sample(&twice, self.shop.config.proof_gets) } else { vec![] };
            let asked = sample.len();
            let answers = self.ask(sample).await?;
            (verdict.there, verdict.applied) = (answers.there, answers.applied);
            if answers.gone.len() == asked {
                return Ok(Verdict { gone: twice.into_iter().collect(), agreeing: 0, ..verdict });
            }
            because = match verdict.there.is_empty() {
                true => "held back because the cloud could not be asked for single ones".to_owned(),
                false => "held back because the cloud still has some of them when asked for one".to_owned(),
            };
        }
        let target = &self.claim.target;
        tracing::warn!(target = %target.id, kind = %target.kind, missing = missing.len(), known, agreeing,
            "records vanished at once and are held back");
        verdict.warning = Some(format!("{} of {known} records vanished at once; {because}", missing.len()));
        Ok(verdict)
    }

    /// Deletes what is proven gone; the store refuses those that were seen later than the listing.
    async fn delete(&mut self, listing: &Listing, gone: &HashSet<ResourceId>) -> Result<Applied> {
        let gone: Vec<_> = gone.iter().copied().collect();
        let mut applied = Applied::default();
        for batch in gone.chunks(BATCH) {
            let sightings = batch.iter().map(|id| Sighting::Gone(*id)).collect();
            applied += self.apply(listing.as_of, sightings).await?;
        }
        Ok(applied)
    }
}

/// Some of them, spread evenly.
fn sample(ids: &[ResourceId], size: usize) -> Vec<ResourceId> {
    let size = size.min(ids.len());
    (0..size).map(|place| ids[place * ids.len() / size]).collect()
}
