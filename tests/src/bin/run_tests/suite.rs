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

/// Returns the executables that run beside each other, group after group.
pub(crate) fn groups(suites: Vec<Suite>, options: &Options) -> Vec<Vec<Suite>> {
    let group = |suite: &Suite| {
        let of = options.then.iter().position(|group| group.contains(&suite.source));
        of.map_or(0, |at| at + 1)
    };
    let mut groups = vec![Vec::new(); options.then.len() + 1];
    suites.into_iter().for_each(|suite| groups[group(&suite)].push(suite));
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_executables_run_after_all_others() {
        let words = ["--then", "kills,restarts", "--then", "measures"].map(str::to_owned);
        let options = Options::read(words.into_iter()).expect("known words");
        let suites = ["measures", "a", "kills", "b", "restarts"]
            .map(|source| Suite { source: source.to_owned(), ..Suite::default() });
        let groups: Vec<Vec<String>> = groups(suites.to_vec(), &options)
            .into_iter()
            .map(|group| group.into_iter().map(|suite| suite.source).collect())
            .collect();
        assert_eq!(groups, [vec!["a", "b"], vec!["kills", "restarts"], vec!["measures"]]);
    }
}
