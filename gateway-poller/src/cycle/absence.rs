//! Records that a whole listing lacked: they are deleted upon proof, and held back if too many vanish at once.

use std::collections::HashSet;

use gateway_core::error::Result;
use gateway_core::id::ResourceId;
use gateway_store::{Applied, Sighting};

use super::leased_target::{BATCH, LeasedTarget};
use super::listing::Listing;
use super::proof;

/// The result for all missing records of a listing.
#[derive(Debug, Default)]
pub(super) struct Absence {
    /// Consecutive whole listings that agree on a mass vanishing.
    pub(super) agreeing: i32,
    /// The warning to readers while records are held back.
    pub(super) warning: Option<String>,
    /// The changes written.
    pub(super) applied: Applied,
    /// Whether some are neither gone nor present, so that the next listing should come soon.
    pub(super) is_open: bool,
}

/// The missing records that are proven gone, and those that the cloud still has.
#[derive(Default)]
struct Verdict {
    gone: HashSet<ResourceId>,
    present: HashSet<ResourceId>,
    agreeing: i32,
    warning: Option<String>,
    applied: Applied,
}

/// The missing records of one listing, before the verdict.
struct Missing {
    ids: Vec<ResourceId>,
    /// The records that the previous listing lacked too, by the same credential.
    twice: Vec<ResourceId>,
    known: usize,
    same_credential: bool,
}

/// Settles the missing records of a listing, as far as there is proof now.
pub(super) async fn settle(target: &mut LeasedTarget<'_>, listing: &Listing) -> Result<Absence> {
    let store = target.context.store.clone();
    let before = store.missing_list(target.claim.target.id).await?;
    let ids = listing.known.missing();
    // Absence counts only against a listing by the same credential: another may see less.
    let same_credential = target.claim.target.listed_by == Some(target.claim.credential.id);
    let twice = ids.iter().filter(|id| same_credential && before.contains(id)).copied().collect();
    let missing = Missing { ids, twice, known: listing.known.len(), same_credential };
    let mut verdict = judge(target, &missing).await?;
    verdict.applied += delete(target, listing, &verdict.gone).await?;
    let is_settled = |id: &ResourceId| verdict.gone.contains(id) || verdict.present.contains(id);
    let open: HashSet<_> = missing.ids.into_iter().filter(|id| !is_settled(id)).collect();
    let is_open = !open.is_empty();
    // Deletion has removed the gone ones already; a quiet target writes nothing here.
    if before.difference(&verdict.gone).copied().collect::<HashSet<_>>() != open {
        target.lease.hold(store.missing_set(target.claim.fence, open)).await?;
    }
    Ok(Absence { agreeing: verdict.agreeing, warning: verdict.warning, applied: verdict.applied, is_open })
}

async fn judge(target: &mut LeasedTarget<'_>, missing: &Missing) -> Result<Verdict> {
    let config = &target.context.config;
    let count = missing.ids.len();
    let is_mass = count > config.vanish_records && count * 100 > config.vanish_percent * missing.known;
    match count {
        0 => Ok(Verdict::default()),
        _ if is_mass => judge_mass(target, missing).await,
        _ if missing.same_credential => judge_few(target, missing).await,
        _ => Ok(Verdict::default()),
    }
}

/// Reads a few records one by one; more need a second listing that agrees.
async fn judge_few(target: &mut LeasedTarget<'_>, missing: &Missing) -> Result<Verdict> {
    let mut verdict = Verdict::default();
    if target.capability.get && missing.ids.len() <= target.context.config.proof_gets {
        let answers = proof::read_each(target, missing.ids.clone()).await?;
        verdict.gone = answers.gone;
        verdict.present = answers.present;
        verdict.applied = answers.applied;
    }
    let confirmed: Vec<_> = missing.twice.iter().filter(|id| !verdict.present.contains(id)).collect();
    verdict.gone.extend(confirmed);
    Ok(verdict)
}

/// Requires several whole listings that agree, and direct reads of a sample that agree too.
async fn judge_mass(target: &mut LeasedTarget<'_>, missing: &Missing) -> Result<Verdict> {
    let config = &target.context.config;
    // A single listing agrees with nothing, whatever the configuration says.
    let needed = config.vanish_listings.max(2);
    let before = target.claim.target.agreeing;
    let agreeing = if missing.same_credential { before.saturating_add(1).min(needed) } else { 1 };
    let mut verdict = Verdict { agreeing, ..Verdict::default() };
    let mut reason = format!("held back until {needed} whole listings agree ({agreeing} of {needed})");
    if agreeing == needed && !missing.twice.is_empty() {
        let sample = if target.capability.get { sample(&missing.twice, config.proof_gets) } else { vec![] };
        let asked = sample.len();
        let answers = proof::read_each(target, sample).await?;
        (verdict.present, verdict.applied) = (answers.present, answers.applied);
        if answers.gone.len() == asked {
            return Ok(Verdict { gone: missing.twice.iter().copied().collect(), agreeing: 0, ..verdict });
        }
        reason = match verdict.present.is_empty() {
            true => "held back because the cloud could not be asked for single ones".to_owned(),
            false => "held back because the cloud still has some of them when asked for one".to_owned(),
        };
    }
    let claimed = &target.claim.target;
    let warning = format!("{} of {} records vanished at once; {reason}", missing.ids.len(), missing.known);
    tracing::warn!(cloud = %claimed.scope.cloud, region = %claimed.scope.region,
        kind = %claimed.kind, count = missing.ids.len(), reason = %warning, "vanished records are held back");
    verdict.warning = Some(warning);
    Ok(verdict)
}

/// Deletes the records that are proven gone; the store refuses those that were seen after the listing.
async fn delete(
    target: &mut LeasedTarget<'_>,
    listing: &Listing,
    gone: &HashSet<ResourceId>,
) -> Result<Applied> {
    let gone: Vec<_> = gone.iter().copied().collect();
    let mut applied = Applied::default();
    for batch in gone.chunks(BATCH) {
        let sightings = batch.iter().map(|id| Sighting::Gone(*id)).collect();
        applied += target.apply(listing.as_of, sightings).await?;
    }
    Ok(applied)
}

/// Returns up to `size` of the ids, evenly spread.
fn sample(ids: &[ResourceId], size: usize) -> Vec<ResourceId> {
    let size = size.min(ids.len());
    (0..size).map(|index| ids[index * ids.len() / size]).collect()
}
