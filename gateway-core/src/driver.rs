//! The driver port: the interface between the gateway and clouds.
//!
//! A [`Driver`] is the adapter for one type of cloud. A [`Session`] is one credential at one cloud; it caches what makes
//! calls cheap (tokens, catalogs, negotiated versions). Sessions are shared and long-lived: every method takes
//! `&self` and may run at the same time as any other.

mod budget;
mod capability;
mod clock;
mod cloud;
mod context;
mod listing;
mod registry;
mod session;
mod step;
mod token;
mod upload;

pub use budget::{FOR_POLLING, Pacer, Unpaced};
pub use capability::{Capability, KindCapability};
pub use clock::{EndpointClock, SkewWatch, Unwatched};
pub use cloud::CloudSpec;
pub use context::SessionContext;
pub use listing::{ListScope, Page, PageToken};
pub use registry::{Driver, Drivers};
pub use session::{Notice, Proof, Session};
pub use step::{Done, Known, OneTimeOutput, References, Step, Touched};
pub use token::{KeptToken, OwnToken, TokenKeeper};
pub use upload::{Forward, Forwarded};
