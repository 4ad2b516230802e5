//! What to start, and how.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A program with its arguments and environment; can be started again and again.
#[derive(Clone, Debug)]
pub struct Program {
    name: String,
    executable: PathBuf,
    arguments: Vec<OsString>,
    environment: BTreeMap<String, String>,
    log_directory: PathBuf,
    directory: Option<PathBuf>,
}

impl Program {
    /// `executable`, found by PATH when it has no slash; `name` stands in messages and names the log file,
    /// which goes into `log_directory`.
    pub fn new(name: &str, executable: impl Into<PathBuf>, log_directory: &Path) -> Self {
        Self {
            name: name.to_owned(),
            executable: executable.into(),
            arguments: Vec::new(),
            environment: BTreeMap::new(),
            log_directory: log_directory.to_owned(),
            directory: None,
        }
    }

    /// One more argument.
    pub fn argument(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// More arguments.
    pub fn arguments<A: Into<OsString>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// One more variable.
    pub fn variable(mut self, name: &str, value: impl ToString) -> Self {
        self.environment.insert(name.to_owned(), value.to_string());
        self
    }

    /// More variables.
    pub fn variables(mut self, variables: impl IntoIterator<Item = (String, String)>) -> Self {
        self.environment.extend(variables);
        self
    }

    /// A directory of its own, which goes when this process ends without dropping it.
    pub fn owning(mut self, directory: &Path) -> Self {
        self.directory = Some(directory.to_owned());
        self
    }

    pub(super) fn set_variable(&mut self, name: &str, value: Option<&str>) {
        match value {
            Some(value) => self.environment.insert(name.to_owned(), value.to_owned()),
            None => self.environment.remove(name),
        };
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn directory(&self) -> Option<&Path> {
        self.directory.as_deref()
    }

    pub(super) fn log_path(&self) -> PathBuf {
        self.log_directory.join(format!("{}.log", self.name))
    }

    /// The command, without the gateway's settings of our own environment: a test says what it sets.
    pub(super) fn command(&self) -> Command {
        let mut command = Command::new(&self.executable);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("GATEWAY_") {
                command.env_remove(&name);
            }
        }
        command.args(&self.arguments).envs(&self.environment);
        command
    }
}
