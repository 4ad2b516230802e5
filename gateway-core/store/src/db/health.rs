//! Whether the database answers.
//!
//! A server that is frozen or cut off neither answers nor fails: the client library waits for it without an end, and has no
//! timeout that could be set. So a call that takes long asks here whether the server answers anyone, and is given up if not.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gateway_core::Backoff;
use gateway_core::error::{Error, Result};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

use super::error::silent;
use super::pool::Pool;

/// Longest wait for a sign of life. A longer wait tolerates a busier server; a shorter one detects a silent one sooner.
const ANSWER_TIME: Duration = Duration::from_secs(3);

/// The most threads that wait for a sign of life without an end. More outlast a longer silence of a network that never
/// reports the loss of a connection; each costs a thread and a connection meanwhile.
const WAITING_THREADS: usize = 16;

/// Waits between two questions to a server that is silent. A shorter first wait notices its return sooner; a longer bound
/// leaves fewer waiting threads.
const ASK_AGAIN: Backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(30));

/// Wait between two questions to a server that refuses connections, which costs no thread.
const ASK_REFUSING: Duration = Duration::from_millis(500);

/// The state of the server, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The server answers, or nobody had a reason to ask.
    Answering,
    /// The server refuses connections, or ends them.
    Refusing,
    /// The server gives no sign of life.
    Silent,
}

/// The health of the database, shared by all calls.
pub(super) struct Health {
    pool: Arc<Pool>,
    state: watch::Sender<State>,
    /// The question under way or the last one; its answer is `None` while it is under way.
    question: Mutex<Option<watch::Receiver<Option<State>>>>,
    threads: Arc<Semaphore>,
}

impl Health {
    pub(super) fn new(pool: Arc<Pool>) -> Arc<Self> {
        Arc::new(Self {
            pool,
            state: watch::Sender::new(State::Answering),
            question: Mutex::default(),
            threads: Arc::new(Semaphore::new(WAITING_THREADS)),
        })
    }

    /// Asks the server for a sign of life, at most once at a time: callers share the answer of a question under way.
    pub(super) async fn answers(self: &Arc<Self>) -> bool {
        let mut answer = self.question();
        let answer = answer.wait_for(Option::is_some).await;
        answer.is_ok_and(|answer| *answer == Some(State::Answering))
    }

    /// Fails at once while the server is silent. While it refuses connections, this asks whether it still does.
    pub(super) async fn expect_answers(self: &Arc<Self>) -> Result<()> {
        let state = *self.state.borrow();
        match state {
            State::Answering => Ok(()),
            State::Refusing if self.answers().await => Ok(()),
            State::Refusing | State::Silent => Err(silent()),
        }
    }

    /// Waits until the server is known to be silent.
    pub(super) async fn silence(&self) -> Error {
        // The sender lives as long as `self`.
        let _ = self.state.subscribe().wait_for(|state| *state != State::Answering).await;
        silent()
    }

    fn question(self: &Arc<Self>) -> watch::Receiver<Option<State>> {
        let mut question = self.question.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(under_way) = question.as_ref().filter(|answer| answer.borrow().is_none()) {
            return under_way.clone();
        }
        let (sender, answer) = watch::channel(None);
        *question = Some(answer.clone());
        let health = Arc::clone(self);
        tokio::spawn(async move {
            let state = health.ask().await;
            health.set(state);
            sender.send_replace(Some(state));
        });
        answer
    }

    /// Asks the server on a thread of its own.
    async fn ask(self: &Arc<Self>) -> State {
        let Ok(permit) = Arc::clone(&self.threads).try_acquire_owned() else { return State::Silent };
        let pool = Arc::clone(&self.pool);
        let mut thread = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            pool.ping().is_ok()
        });
        match tokio::time::timeout(ANSWER_TIME, &mut thread).await {
            Ok(Ok(true)) => State::Answering,
            Ok(_) => State::Refusing,
            Err(_) => {
                tokio::spawn(Arc::clone(self).late_answer(thread));
                State::Silent
            }
        }
    }

    /// Waits for the answer to a question after its time: a server that resumes is used again at once.
    async fn late_answer(self: Arc<Self>, thread: JoinHandle<bool>) {
        if thread.await.is_ok_and(|answered| answered) {
            self.set(State::Answering);
        }
    }

    fn set(self: &Arc<Self>, state: State) {
        let before = self.state.send_replace(state);
        match (before, state) {
            (State::Answering, State::Answering) => {}
            (_, State::Answering) => tracing::info!("the database answers again"),
            (State::Answering, _) => {
                let reason = if state == State::Silent { "it is silent" } else { "it refuses connections" };
                tracing::warn!(reason, "the database does not answer");
                self.pool.discard_present();
                tokio::spawn(Arc::clone(self).ask_until_it_answers());
            }
            _ => {}
        }
    }

    async fn ask_until_it_answers(self: Arc<Self>) {
        let mut waits = ASK_AGAIN;
        loop {
            let state = *self.state.borrow();
            match state {
                State::Answering => return,
                State::Refusing => tokio::time::sleep(ASK_REFUSING).await,
                State::Silent => tokio::time::sleep(waits.next_wait()).await,
            }
            self.answers().await;
        }
    }
}
