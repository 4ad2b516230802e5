//! Paths in documents: a file that a document names exists.

use std::path::Path;

use anyhow::{Context as _, Result};

use crate::finding::Finding;
use crate::workspace::Workspace;

/// Folders at the root of the repository; a word in backticks that starts with one of them is a path.
const FOLDERS: [&str; 8] = [
    "deploy/",
    "docs/",
    "drivers/",
    "gateway-api/",
    "gateway-core/",
    "gateway-poller/",
    "migrations/",
    "tests/",
];

/// Documents at the root of the repository, besides those in `docs`.
const DOCUMENTS: [&str; 3] = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"];

/// Finds paths in documents that do not exist.
pub(crate) fn check(workspace: &Workspace) -> Result<Vec<Finding>> {
    let mut files: Vec<_> = DOCUMENTS.iter().map(|&name| name.to_owned()).collect();
    for entry in workspace.root.join("docs").read_dir().context("docs")? {
        files.push(format!("docs/{}", entry?.file_name().to_string_lossy()));
    }
    files.sort_unstable();
    let mut findings = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(workspace.root.join(&file)).with_context(|| file.clone())?;
        let missing = paths(&text).filter(|(_, path)| !exists(&workspace.root, path));
        findings.extend(missing.map(|(line, path)| Finding {
            file: file.clone(),
            line,
            text: format!("`{path}` does not exist"),
        }));
    }
    Ok(findings)
}

/// Returns the paths that stand in backticks, each with its line. Words with placeholders such as `KIND.rs` are left out.
fn paths(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().enumerate();
    let words =
        lines.flat_map(|(at, line)| line.split('`').skip(1).step_by(2).map(move |word| (at + 1, word)));
    words.filter(|(_, word)| {
        let is_path = FOLDERS.iter().any(|folder| word.starts_with(folder));
        is_path && !word.contains([' ', '<', '*']) && !has_placeholder(word)
    })
}

fn has_placeholder(path: &str) -> bool {
    path.split(['/', '.']).any(|part| part.len() > 1 && part.chars().all(|c| c.is_ascii_uppercase()))
}

fn exists(root: &Path, path: &str) -> bool {
    root.join(path.trim_end_matches('/')).exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_in_backticks_are_found() {
        let text = "`gateway-core/src` and `drivers/CLOUD/src`,\n`docs/x.md`, `gateway list`, `tests/` and tests/none";
        assert_eq!(
            paths(text).collect::<Vec<_>>(),
            [(1, "gateway-core/src"), (2, "docs/x.md"), (2, "tests/")]
        );
    }

    #[test]
    fn missing_file_is_found() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        assert!(exists(root, "src/"));
        assert!(!exists(root, "src/gone.rs"));
    }
}
