//! The access of a credential, probed kind by kind.

use gateway_core::driver::{Capability, Proof, Session};
use gateway_core::error::{ErrorKind, Result};
use gateway_store::Access;

/// Probes every kind of the cloud in every region of the proof. A kind that a region lacks is left out.
///
/// # Errors
/// The first error that is neither an answer nor a refusal; then nothing is known.
pub(super) async fn probe(session: &dyn Session, proof: &Proof, capability: &Capability) -> Result<Access> {
    let mut access = Access::default();
    for region in &proof.regions {
        for kind in capability.kinds.iter().map(|capability| capability.kind) {
            match session.probe(region, kind).await {
                Ok(()) => access.set(region, kind, true),
                Err(error) if error.kind() == ErrorKind::Forbidden => access.set(region, kind, false),
                Err(error) if error.kind() == ErrorKind::Unsupported => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(access)
}
