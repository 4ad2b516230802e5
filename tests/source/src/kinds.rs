//! Kinds by name: only `gateway-core/src/kind` and the drivers' mappings name one.

use crate::finding::Finding;
use crate::modules::Modules;
use crate::workspace::Crate;

/// The crates that are generic over the registry of kinds.
const GENERIC: [&str; 6] =
    ["gateway-core", "gateway-store", "gateway-bus", "gateway-sessions", "gateway-poller", "gateway-api"];

/// Finds generic code that names a kind.
pub(crate) fn check(one: &Crate) -> Vec<Finding> {
    if !GENERIC.contains(&one.name.as_str()) {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for (module, file, paths) in Modules::of(one).iter() {
        if one.name == "gateway-core" && module.first().is_some_and(|first| first == "kind") {
            continue;
        }
        for path in paths.all() {
            if let Some(kind) = named(&path.segments) {
                let text = format!(
                    "generic code names the kind `{kind}`: put what is special about it in its own file"
                );
                findings.push(Finding { file: file.to_owned(), line: path.line, text });
            }
        }
    }
    findings
}

/// Returns the kind that a path such as `Kind::Volume` names.
fn named(segments: &[String]) -> Option<&String> {
    let at = segments.iter().position(|segment| segment == "Kind")?;
    let variant = segments.get(at + 1)?;
    let is_variant = variant.starts_with(char::is_uppercase) && variant.contains(char::is_lowercase);
    is_variant.then_some(variant)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::SourceFile;

    fn count(name: &str, module: &str, text: &str) -> usize {
        let module = Some(module.split('/').map(str::to_owned).collect());
        let file = SourceFile { path: "a.rs".to_owned(), module, text: text.to_owned() };
        check(&Crate { name: name.to_owned(), files: vec![file], ..Crate::default() }).len()
    }

    #[test]
    fn generic_code_that_names_a_kind_is_found() {
        let text = "fn f(kind: Kind) -> bool { kind == Kind::Volume || Kind::ALL.contains(&kind) }";
        assert_eq!(count("gateway-store", "resource", text), 1);
        assert_eq!(count("gateway-core", "document/links", text), 1);
        assert_eq!(count("gateway-core", "kind/volume", text), 0);
        assert_eq!(count("driver-ec2", "state", text), 0);
    }
}
