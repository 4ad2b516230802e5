//! Free loopback ports.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};

/// Below the range that Linux uses for outgoing connections (from 32768), so that a restarted server finds its
/// port free; above the ports of the test clouds (15000 to 25672).
const FIRST: u16 = 26_000;
const COUNT: u16 = 6_000;

static NEXT: AtomicU16 = AtomicU16::new(0);

/// Returns a port on which nothing listens. No port is returned twice in a process.
pub fn free() -> u16 {
    // Concurrent test binaries start at different ports.
    let start = (std::process::id().wrapping_mul(61) % u32::from(COUNT)) as u16;
    for _ in 0..COUNT {
        let step = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = FIRST + (start.wrapping_add(step)) % COUNT;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("no free port from {FIRST} to {}", FIRST + COUNT - 1);
}
