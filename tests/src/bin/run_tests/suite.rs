//! Test executables, as cargo lists them.

use std::io::BufRead as _;
use std::path::PathBuf;

use serde::Deserialize;

use crate::options::Options;

/// A test executable.
#[derive(Clone, Debug, Default)]
pub(crate) struct Suite {
    /// The source without its ending, from the root of the repository.
    pub(crate) source: String,
    pub(crate) directory: PathBuf,
    pub(crate) executable: PathBuf,
}

#[derive(Deserialize)]
struct Message {
    executable: Option<PathBuf>,
    manifest_path: Option<PathBuf>,
    target: Option<Target>,
    profile: Option<Profile>,
}

#[derive(Deserialize)]
struct Target {
    src_path: PathBuf,
}

#[derive(Deserialize)]
struct Profile {
    test: bool,
}

/// Reads the executables from cargo's messages: first those that take longest, then in the order of the messages.
pub(crate) fn read(options: &Options) -> Vec<Suite> {
    let root = std::env::current_dir().expect("there is a current directory");
    let lines = std::io::stdin().lock().lines().map_while(Result::ok);
    let messages = lines.filter_map(|line| serde_json::from_str::<Message>(&line).ok());
    let suites = messages.filter_map(|message| {
        message.profile?.test.then_some(())?;
        let path = message.target?.src_path.with_extension("");
        let source = path.strip_prefix(&root).ok()?.to_string_lossy().into_owned();
        Some(Suite {
            source: source.strip_suffix("/main").map_or(source.clone(), str::to_owned),
            directory: message.manifest_path?.parent()?.to_path_buf(),
            executable: message.executable?,
        })
    });
    let mut suites: Vec<_> =
        suites.filter(|suite| options.only.is_empty() || options.only.contains(&suite.source)).collect();
    let place = |suite: &Suite| options.first.iter().position(|source| *source == suite.source);
    suites.sort_by_key(|suite| place(suite).unwrap_or(usize::MAX));
    suites
}
