//! The choice of the bus by configuration.

use std::sync::Arc;

use gateway_core::config::Bus as BusConfig;
use gateway_core::{Clock, Error, Result};

use crate::memory::MemoryBus;
use crate::port::Bus;
use crate::rabbit::RabbitBus;

/// Opens the bus that the URL names: `memory:`, `amqp://` or `amqps://`.
///
/// Each call with `memory:` makes a new bus. A broker that cannot be reached is not an error: the connection is tried again
/// in the background.
///
/// # Errors
/// Invalid, for another scheme, a malformed URL or an authority file that cannot be read.
pub async fn open(config: &BusConfig, clock: Arc<dyn Clock>) -> Result<Arc<dyn Bus>> {
    match config.url.split_once(':') {
        Some(("memory", "")) => Ok(MemoryBus::new(clock)),
        Some(("amqp" | "amqps", _)) => Ok(RabbitBus::connect(config, clock).await?),
        _ => Err(Error::invalid("`bus.url` must be `memory:` or start with `amqp://` or `amqps://`")),
    }
}
