//! The proof of a credential, without the regions that the gateway cannot keep.

use gateway_core::driver::{Proof, Session};
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::id::{CloudId, Region};

/// The most characters of an account's id and name that the store keeps. Names are for people, so that a longer one is cut.
const LONGEST_ACCOUNT: usize = 191;

/// Characters of a name in the log that is too long to be kept.
const SHOWN: usize = 60;

/// Proves a credential with a new call of its cloud. A region whose name is too long to be kept is left out and logged; the
/// others stay.
///
/// # Errors
/// The errors of [`Session::prove`], and Unsupported if no region is left.
pub async fn prove(session: &dyn Session, cloud: CloudId) -> Result<Proof> {
    let mut proof = session.prove().await?;
    let (regions, too_long): (Vec<_>, Vec<_>) = proof.regions.into_iter().partition(Region::is_storable);
    for region in &too_long {
        let start: String = region.as_str().chars().take(SHOWN).collect();
        tracing::warn!(%cloud, region = start, "a region is left out, because its name is too long");
    }
    if regions.is_empty() && !too_long.is_empty() {
        let message = format!(
            "all regions of the cloud have names of more than {} characters, which the gateway cannot keep",
            Region::LONGEST_NAME
        );
        return Err(Error::new(ErrorKind::Unsupported, message));
    }
    proof.regions = regions;
    if proof.external_id.chars().count() > LONGEST_ACCOUNT {
        let message = format!(
            "the cloud's id of the account has more than {LONGEST_ACCOUNT} characters, which the gateway cannot keep"
        );
        return Err(Error::new(ErrorKind::Unsupported, message));
    }
    proof.name = proof.name.chars().take(LONGEST_ACCOUNT).collect();
    Ok(proof)
}
