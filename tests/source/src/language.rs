//! Openings of doc comments: a noun phrase or a verb, and no pronoun or headless relative.

use std::path::Path;

use anyhow::Result;

use crate::finding::Finding;
use crate::limit::Limit;
use crate::workspace::{SourceFile, Workspace};

/// Words that open a doc comment without saying what it is about.
const HEADLESS: [&str; 14] = [
    "What", "Who", "Whom", "Whose", "Which", "It", "One", "Of", "That", "Those", "They", "As", "Such",
    "Where",
];

/// Most of the openings that may be headless, in percent, whatever the limit in the file says.
const PERCENT: usize = 3;

/// The file with the number of headless openings that are still there.
const FILE: &str = "tests/source/headless.limit";

/// Finds headless openings when there are more than the limit allows, and a limit that can be lowered.
pub(crate) fn check(workspace: &Workspace) -> Result<Vec<Finding>> {
    let files = workspace.crates.iter().flat_map(|one| &one.files);
    let openings: Vec<_> = files.flat_map(openings).collect();
    let headless: Vec<_> = openings.iter().filter(|opening| is_headless(&opening.text)).cloned().collect();
    let limit = Limit::read(&workspace.root.join(Path::new(FILE)))?;
    Ok(judge(openings.len(), headless, limit))
}

fn judge(openings: usize, headless: Vec<Finding>, Limit(limit): Limit) -> Vec<Finding> {
    let count = headless.len();
    let about = |text: String| Finding { file: FILE.to_owned(), line: 0, text };
    if count > limit {
        let mut all: Vec<_> = headless.into_iter().map(explained).collect();
        all.push(about(format!(
            "{count} doc comments open with a pronoun; the limit is {limit}: mend the new ones"
        )));
        return all;
    }
    if count < limit {
        return vec![about(format!(
            "{count} doc comments open with a pronoun: lower the limit from {limit} to {count}"
        ))];
    }
    if limit * 100 > openings * PERCENT {
        return vec![about(format!("the limit {limit} is over {PERCENT} % of {openings} doc comments"))];
    }
    Vec::new()
}

fn explained(opening: Finding) -> Finding {
    let text = format!("open with a noun phrase or a verb, not `{}`", opening.text);
    Finding { text, ..opening }
}

/// Returns the first word of each doc comment.
fn openings(file: &SourceFile) -> Vec<Finding> {
    let (mut found, mut inside) = (Vec::new(), false);
    for (at, line) in file.text.lines().enumerate() {
        let line = line.trim_start();
        let comment = line.strip_prefix("///").or_else(|| line.strip_prefix("//!")).map(str::trim);
        if let Some(comment) = comment.filter(|text| !inside && !text.is_empty()) {
            let word = comment.split_whitespace().next().unwrap_or_default();
            found.push(Finding { file: file.path.clone(), line: at + 1, text: word.to_owned() });
        }
        inside = comment.is_some();
    }
    found
}

fn is_headless(word: &str) -> bool {
    HEADLESS.contains(&word.trim_end_matches(|c: char| !c.is_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> SourceFile {
        SourceFile { path: "a.rs".to_owned(), module: None, text: text.to_owned() }
    }

    #[test]
    fn opening_is_the_first_word_of_a_comment() {
        let found = openings(&file(
            "//! Alpha.\n//! It goes on.\n\n/// What, then.\n/// Of it.\nfn a() {}\n/// Beta.\n",
        ));
        let words: Vec<_> = found.iter().map(|one| (one.line, one.text.as_str())).collect();
        assert_eq!(words, [(1, "Alpha."), (4, "What,"), (7, "Beta.")]);
        assert!(is_headless("What,") && is_headless("It") && !is_headless("Items"));
    }

    #[test]
    fn limit_only_goes_down() {
        let headless =
            |count| vec![Finding { file: "a.rs".to_owned(), line: 1, text: "It".to_owned() }; count];
        let findings = |count, limit| judge(1000, headless(count), Limit(limit)).len();
        assert_eq!(findings(2, 2), 0);
        assert_eq!(findings(3, 2), 4, "each of them, and the limit");
        assert_eq!(findings(1, 2), 1, "the limit is to be lowered");
        assert_eq!(findings(31, 31), 1, "more than three percent");
    }
}
