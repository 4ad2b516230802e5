//! Recordings of the statements that connections run, by diesel's instrumentation.

use std::collections::HashMap;
use std::sync::Mutex;

use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};

/// Recorded statements by address. Other addresses are not recorded.
static RECORDED: Mutex<Option<HashMap<String, Vec<String>>>> = Mutex::new(None);

#[derive(Default)]
struct Listener {
    address: String,
}

impl Instrumentation for Listener {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        match event {
            InstrumentationEvent::StartEstablishConnection { url, .. } => url.clone_into(&mut self.address),
            InstrumentationEvent::StartQuery { query, .. } => {
                if let Some(recorded) =
                    RECORDED.lock().unwrap().as_mut().and_then(|all| all.get_mut(&self.address))
                {
                    recorded.push(query.to_string());
                }
            }
            _ => {}
        }
    }
}

/// A recording of the statements on connections to one database that are opened from now on.
pub struct Recording {
    address: String,
}

impl Recording {
    pub fn start(address: &str) -> Self {
        set_default_instrumentation(|| Some(Box::<Listener>::default())).unwrap();
        RECORDED.lock().unwrap().get_or_insert_default().insert(address.to_owned(), Vec::new());
        Self { address: address.to_owned() }
    }

    /// Ends the recording; returns every query as diesel shows it, followed by its binds.
    pub fn stop(self) -> Vec<String> {
        RECORDED.lock().unwrap().as_mut().and_then(|all| all.remove(&self.address)).unwrap_or_default()
    }
}
