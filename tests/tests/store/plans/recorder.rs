//! Listening to what connections say to a database, by diesel's instrumentation.

use std::collections::HashMap;
use std::sync::Mutex;

use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};

/// What was said, by address; of addresses that nobody asked for nothing is kept.
static HEARD: Mutex<Option<HashMap<String, Vec<String>>>> = Mutex::new(None);

#[derive(Default)]
struct Listener {
    address: String,
}

impl Instrumentation for Listener {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        match event {
            InstrumentationEvent::StartEstablishConnection { url, .. } => url.clone_into(&mut self.address),
            InstrumentationEvent::StartQuery { query, .. } => {
                if let Some(heard) = HEARD.lock().unwrap().as_mut().and_then(|all| all.get_mut(&self.address))
                {
                    heard.push(query.to_string());
                }
            }
            _ => {}
        }
    }
}

/// Keeps what connections made from now on say to one database.
pub struct Recording {
    address: String,
}

impl Recording {
    pub fn start(address: &str) -> Self {
        set_default_instrumentation(|| Some(Box::<Listener>::default())).unwrap();
        HEARD.lock().unwrap().get_or_insert_default().insert(address.to_owned(), Vec::new());
        Self { address: address.to_owned() }
    }

    /// Every query, as diesel shows it: with its binds behind.
    pub fn stop(self) -> Vec<String> {
        HEARD.lock().unwrap().as_mut().and_then(|all| all.remove(&self.address)).unwrap_or_default()
    }
}
