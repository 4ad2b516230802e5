//! Import circles: modules in one folder import each other in one direction only.
//!
//! An import of anything below a module counts as an import of that module; a name that the parent passes on
//! counts as its own module's. Code for tests does not count.

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::Finding;
use crate::modules::{Module, Modules};
use crate::workspace::Crate;

/// The first import from one sibling to another: file, line, path.
type Arrows = BTreeMap<(String, String), (String, usize, String)>;

/// Finds each circle between siblings of a crate.
pub(crate) fn check(one: &Crate) -> Vec<Finding> {
    let modules = Modules::of(one);
    let mut families: BTreeMap<Module, Arrows> = BTreeMap::new();
    for (from, file, paths) in modules.iter() {
        for path in paths.all() {
            let Some(to) = modules.target(from, path) else { continue };
            let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
            let (Some(a), Some(b)) = (from.get(shared), to.get(shared)) else { continue };
            let place = (file.to_owned(), path.line, path.segments.join("::"));
            let family = families.entry(from[..shared].to_vec()).or_default();
            family.entry((a.clone(), b.clone())).or_insert(place);
        }
    }
    families.values().flat_map(findings).collect()
}

/// Returns a finding for each import that is part of a circle.
fn findings(arrows: &Arrows) -> Vec<Finding> {
    let in_circle = arrows.iter().filter(|((a, b), _)| reaches(arrows, b, a));
    let finding = |((a, b), (file, line, path)): (&(String, String), &(String, usize, String))| Finding {
        file: file.clone(),
        line: *line,
        text: format!("import circle: `{a}` imports `{path}`, and `{b}` leads back to `{a}`"),
    };
    in_circle.map(finding).collect()
}

fn reaches(arrows: &Arrows, from: &String, to: &String) -> bool {
    let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
    while let Some(at) = open.pop() {
        if at == to {
            return true;
        }
        if seen.insert(at) {
            open.extend(arrows.keys().filter(|(a, _)| a == at).map(|(_, b)| b));
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::SourceFile;

    fn circles(files: &[(&str, &str)]) -> Vec<String> {
        let file = |(module, text): &(&str, &str)| SourceFile {
            path: (*module).to_owned(),
            module: Some(module.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect()),
            text: (*text).to_owned(),
        };
        let one = Crate { files: files.iter().map(file).collect(), ..Crate::default() };
        check(&one).iter().map(|finding| finding.file.clone()).collect()
    }

    #[test]
    fn two_modules_that_import_each_other_are_found() {
        assert_eq!(
            circles(&[("", "mod a; mod b;"), ("a", "use crate::b::X;"), ("b", "use super::a::Y;")]),
            ["a", "b"]
        );
        assert!(circles(&[("", "mod a; mod b;"), ("a", "use crate::b::X;"), ("b", "")]).is_empty());
    }

    #[test]
    fn imports_from_below_and_passed_on_names_count() {
        let tree = [
            ("", "mod a; mod b; mod c; pub use b::B;"),
            ("a", "mod inner;"),
            ("a/inner", "fn f() -> crate::B { }"),
            ("b", "use crate::c::C;"),
            ("c", "use crate::a::inner::I;"),
        ];
        assert_eq!(circles(&tree), ["a/inner", "b", "c"]);
    }

    #[test]
    fn tests_parents_and_other_crates_do_not_count() {
        let tree = [
            ("", "mod a; mod b; use serde::Serialize;"),
            ("a", "use super::Serialize; use super::b::X; fn f() { self::g() }"),
            ("b", "use super::Root; #[cfg(test)] mod tests { use super::super::a::Y; }"),
        ];
        assert!(circles(&tree).is_empty());
    }
}
