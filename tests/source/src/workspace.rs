//! The crates of the workspace and their files.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

/// Every crate of the repository.
pub(crate) struct Workspace {
    /// The repository.
    pub(crate) root: PathBuf,
    /// The crates, by name.
    pub(crate) crates: Vec<Crate>,
}

/// A crate.
#[derive(Debug, Default)]
pub(crate) struct Crate {
    /// Its name.
    pub(crate) name: String,
    /// Its folder, from the root of the repository.
    pub(crate) folder: String,
    /// Names of the crates that it depends on, those for tests left out.
    pub(crate) dependencies: Vec<String>,
    /// Its files, those in `src` and those for tests.
    pub(crate) files: Vec<SourceFile>,
}

/// A file of Rust.
#[derive(Clone, Debug)]
pub(crate) struct SourceFile {
    /// The path from the root of the repository.
    pub(crate) path: String,
    /// The module that it holds, as segments below the crate; none for a file outside `src`.
    pub(crate) module: Option<Vec<String>>,
    /// The text.
    pub(crate) text: String,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    manifest_path: PathBuf,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    kind: Option<String>,
}

impl Workspace {
    /// Reads the repository at a folder.
    pub(crate) fn read(root: &Path) -> Result<Self> {
        let root = root.canonicalize().context("the repository's folder")?;
        let output = Command::new("cargo")
            .args(["metadata", "--quiet", "--format-version", "1", "--no-deps"])
            .current_dir(&root)
            .output()
            .context("cargo metadata")?;
        ensure!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
        let metadata: Metadata = serde_json::from_slice(&output.stdout).context("cargo metadata")?;
        let crates = metadata.packages.into_iter().map(|package| read_crate(&root, package));
        let mut crates = crates.collect::<Result<Vec<_>>>()?;
        // A crate may stand inside the folder of another one: its files are its own.
        let folders: Vec<_> = crates.iter().map(|one| one.folder.clone()).collect();
        for one in &mut crates {
            let inner: Vec<_> = folders.iter().filter(|other| is_below(other, &one.folder)).collect();
            one.files.retain(|file| !inner.iter().any(|folder| is_below(&file.path, folder)));
        }
        Ok(Self { root, crates })
    }
}

fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

fn read_crate(root: &Path, package: Package) -> Result<Crate> {
    let folder = package.manifest_path.parent().context("a manifest without a folder")?;
    let mut files = Vec::new();
    read_files(root, folder, &folder.join("src"), &mut files)?;
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let used = package.dependencies.into_iter().filter(|one| one.kind.is_none());
    Ok(Crate {
        name: package.name,
        folder: relative(root, folder),
        dependencies: used.map(|one| one.name).collect(),
        files,
    })
}

fn read_files(root: &Path, folder: &Path, src: &Path, files: &mut Vec<SourceFile>) -> Result<()> {
    for entry in folder.read_dir().with_context(|| relative(root, folder))? {
        let path = entry?.path();
        if path.is_dir() && !path.ends_with("target") {
            read_files(root, &path, src, files)?;
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text = std::fs::read_to_string(&path).with_context(|| relative(root, &path))?;
            let module = path.strip_prefix(src).ok().and_then(module_of);
            files.push(SourceFile { path: relative(root, &path), module, text });
        }
    }
    Ok(())
}

fn relative(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).to_string_lossy().into_owned()
}

/// Returns the module that a file below `src` holds; none for programs of their own and for files of tests.
fn module_of(file: &Path) -> Option<Vec<String>> {
    let text = file.with_extension("").to_string_lossy().into_owned();
    let mut segments: Vec<_> = text.split('/').map(str::to_owned).collect();
    if segments[0] == "bin" || text.ends_with("_test") {
        return None;
    }
    if matches!(segments.last().map(String::as_str), Some("mod" | "lib" | "main")) {
        segments.pop();
    }
    Some(segments)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_below_src_are_modules() {
        let module = |file| module_of(Path::new(file));
        assert_eq!(module("lib.rs"), Some(Vec::new()));
        assert_eq!(module("a/b.rs"), Some(vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(module("a/mod.rs"), Some(vec!["a".to_owned()]));
        assert_eq!(module("a/b_test.rs"), None);
        assert_eq!(module("bin/x.rs"), None);
    }

    #[test]
    fn crate_inside_another_folder_keeps_its_files() {
        assert!(is_below("tests/source/src/main.rs", "tests/source"));
        assert!(!is_below("tests/source2/src/main.rs", "tests/source"));
    }
}
