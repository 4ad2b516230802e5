//! The modules of one crate, and the module in which a path ends.

use std::collections::BTreeMap;

use crate::paths::{Path, Paths};
use crate::workspace::Crate;

/// Segments of a module's path below the crate.
pub(crate) type Module = Vec<String>;

/// The modules of a crate, code for tests left out.
pub(crate) struct Modules {
    found: BTreeMap<Module, (String, Paths)>,
}

impl Modules {
    /// Reads a crate.
    pub(crate) fn of(one: &Crate) -> Self {
        let mut found = BTreeMap::new();
        for file in &one.files {
            if let Some(module) = &file.module {
                found.insert(module.clone(), (file.path.clone(), Paths::read(&file.text)));
            }
        }
        let tests: Vec<Module> = found
            .iter()
            .flat_map(|(module, (_, paths)): (&Module, &(String, Paths))| {
                paths.test_modules.iter().map(|name| [&module[..], std::slice::from_ref(name)].concat())
            })
            .collect();
        found.retain(|module, _| !tests.iter().any(|test| module.starts_with(test)));
        Self { found }
    }

    /// Every module with its file and its paths.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Module, &str, &Paths)> {
        self.found.iter().map(|(module, (file, paths))| (module, file.as_str(), paths))
    }

    /// Returns the module of this crate that defines what a path names; none for other crates.
    pub(crate) fn target(&self, from: &Module, path: &Path) -> Option<Module> {
        self.resolve(from, &path.segments, 8)
    }

    /// `depth` bounds how many re-exports are followed, so that two that name each other end.
    fn resolve(&self, from: &Module, segments: &[String], depth: usize) -> Option<Module> {
        let (mut current, rest) = self.start(from, segments)?;
        for (at, segment) in rest.iter().enumerate() {
            let child = [&current[..], std::slice::from_ref(segment)].concat();
            if self.found.contains_key(&child) {
                current = child;
                continue;
            }
            let (_, paths) = self.found.get(&current)?;
            let export = paths.imports.iter().find(|import| import.name == *segment);
            if let Some(export) = export.filter(|export| depth > 0 && export.segments != [segment.clone()]) {
                let whole = [&export.segments[..], &rest[at + 1..]].concat();
                // What comes from another crate was only passed on.
                return self.resolve(&current, &whole, depth - 1);
            }
            break;
        }
        Some(current)
    }

    /// Returns the module in which a path starts, and its other segments.
    fn start<'a>(&self, from: &Module, segments: &'a [String]) -> Option<(Module, &'a [String])> {
        match segments.first()?.as_str() {
            "crate" => Some((Module::new(), &segments[1..])),
            "self" => Some((from.clone(), &segments[1..])),
            "super" => {
                let levels = segments.iter().take_while(|segment| *segment == "super").count();
                let kept = from.len().checked_sub(levels)?;
                Some((from[..kept].to_vec(), &segments[levels..]))
            }
            first => {
                let child = [&from[..], &[first.to_owned()]].concat();
                self.found.contains_key(&child).then(|| (from.clone(), segments))
            }
        }
    }
}
