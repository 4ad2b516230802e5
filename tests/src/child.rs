//! A child process that dies with us and can be killed, paused, restarted and read.

mod log;
mod program;

use std::os::unix::process::CommandExt as _;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::group;
use crate::memory::{self, Memory};
use crate::watcher::Watcher;
use log::Log;

pub use program::Program;

/// A process that has been told to end and has not by then is a failed test.
const END: Duration = Duration::from_secs(60);

/// A running program, in a process group of its own, with its output in a file.
#[derive(Debug)]
pub struct Child {
    program: Program,
    process: std::process::Child,
    watcher: Option<Watcher>,
    ended: Option<ExitStatus>,
    log: Log,
}

impl Child {
    /// Starts `program`.
    pub fn start(program: Program) -> Self {
        let log = Log::at(program.log_path());
        let (process, watcher) = spawn(&program, &log);
        Self { program, process, watcher: Some(watcher), ended: None, log }
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Whether it runs still.
    pub fn is_running(&mut self) -> bool {
        self.exit_status().is_none()
    }

    /// How it ended, when it has.
    pub fn exit_status(&mut self) -> Option<ExitStatus> {
        if self.ended.is_none() {
            self.ended = self.process.try_wait().expect("a child of ours can be asked");
        }
        self.ended
    }

    /// Kills it and all that it started, with no chance to tidy up; nothing of it runs when this returns.
    pub fn kill9(&mut self) {
        if self.ended.is_none() {
            // An error says that there is nobody left to kill.
            let _ = kill_process_group(self.id(), Signal::KILL);
            self.ended = Some(self.process.wait().expect("a child of ours can be awaited"));
            self.wait_group();
        }
        self.watcher = None;
    }

    /// Asks it to end, with SIGTERM, and waits until it has.
    pub fn terminate(&mut self) -> ExitStatus {
        let start = Instant::now();
        if self.exit_status().is_none() {
            self.signal(Signal::TERM);
        }
        loop {
            if let Some(status) = self.exit_status() {
                self.watcher = None;
                return status;
            }
            assert!(
                start.elapsed() < END,
                "{} is still there {END:?} after SIGTERM\n{}",
                self.name(),
                self.log.tail()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Stops it as if the machine had frozen (SIGSTOP); [`resume`](Self::resume) lets it go on.
    pub fn pause(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets a paused process go on.
    pub fn resume(&self) {
        self.signal(Signal::CONT);
    }

    /// Whether it is stopped, by [`pause`](Self::pause) or by itself.
    pub fn is_paused(&self) -> bool {
        memory::status(self.pid(), "State:").starts_with('T')
    }

    /// Starts it again, the same way; kills it first when it is still there.
    pub fn restart(&mut self) {
        self.kill9();
        self.log.mark();
        let (process, watcher) = spawn(&self.program, &self.log);
        (self.process, self.watcher, self.ended) = (process, Some(watcher), None);
    }

    /// Sets a variable for its next start, or takes it away.
    pub fn set_variable(&mut self, name: &str, value: Option<&str>) {
        self.program.set_variable(name, value);
    }

    /// What it occupies.
    pub fn memory(&self) -> Memory {
        Memory::of(self.pid())
    }

    /// Makes the peak of [`memory`](Self::memory) start again from now.
    pub fn reset_peak_memory(&self) {
        memory::reset_peak(self.pid());
    }

    /// All it wrote since its last start, to standard output and standard error.
    pub fn log(&self) -> String {
        self.log.since_start()
    }

    /// Waits until its log has a line with `text` (since its last start), and returns that line.
    pub async fn wait_log(&mut self, text: &str, deadline: Duration) -> String {
        let start = Instant::now();
        loop {
            let ended = self.exit_status();
            if let Some(line) = self.log().lines().find(|line| line.contains(text)) {
                return line.to_owned();
            }
            if let Some(status) = ended {
                panic!("{} ended ({status}) before it wrote {text:?}\n{}", self.name(), self.log.tail());
            }
            assert!(
                start.elapsed() < deadline,
                "{} did not write {text:?} in {deadline:?}\n{}",
                self.name(),
                self.log.tail()
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Fails when it has ended; the error carries the end of its log.
    ///
    /// # Errors
    /// It has ended.
    pub fn check(&mut self) -> anyhow::Result<()> {
        match self.exit_status() {
            None => Ok(()),
            Some(status) => anyhow::bail!("{} ended: {status}\n{}", self.name(), self.log.tail()),
        }
    }

    /// The kernel ends the others of the group a moment after the leader.
    fn wait_group(&self) {
        let start = Instant::now();
        while group::alive(self.pid()) > 0 {
            assert!(start.elapsed() < END, "{} survives SIGKILL", self.name());
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    fn name(&self) -> &str {
        self.program.name()
    }

    fn signal(&self, signal: Signal) {
        kill_process(self.id(), signal).unwrap_or_else(|error| panic!("{}: {error}", self.name()));
    }

    fn id(&self) -> Pid {
        Pid::from_child(&self.process)
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.kill9();
        if std::thread::panicking() {
            eprintln!("--- the end of what {} wrote ---\n{}", self.name(), self.log.tail());
        }
    }
}

fn spawn(program: &Program, log: &Log) -> (std::process::Child, Watcher) {
    let process = program
        .command()
        .stdin(Stdio::null())
        .stdout(log.writer())
        .stderr(log.writer())
        .process_group(0)
        .spawn()
        .unwrap_or_else(|error| panic!("cannot start {}: {error}", program.name()));
    let watcher = Watcher::over(process.id(), program.directory());
    (process, watcher)
}
