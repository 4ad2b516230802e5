//! Layers: which crate may depend on which, and which module of `gateway-api` may use what.

use crate::finding::Finding;
use crate::modules::Modules;
use crate::workspace::Crate;

/// The own crates that a crate may depend on.
const CRATES: [(&str, &[&str]); 10] = [
    ("gateway-core", &[]),
    ("gateway-store", &["gateway-core"]),
    ("gateway-bus", &["gateway-core"]),
    ("gateway-sessions", &["gateway-core", "gateway-store"]),
    ("gateway-client", &["gateway-core"]),
    ("gateway-poller", &["gateway-core", "gateway-store", "gateway-bus", "gateway-sessions"]),
    ("driver-kit", &["gateway-core"]),
    ("driver-conformance", &["gateway-core", "driver-kit"]),
    ("gateway-tests", &["gateway-core", "gateway-client"]),
    ("gateway-source-check", &[]),
];

/// The crates that every other driver may depend on.
const DRIVER: &[&str] = &["gateway-core", "driver-kit"];

/// Libraries that are kept behind a port, and the crates that may know them.
const LIBRARIES: [(&str, &[&str]); 4] = [
    ("axum", &["gateway-api", "driver-simulator", "driver-conformance"]),
    ("lapin", &["gateway-bus", "gateway-tests"]),
    ("diesel", &["gateway-store", "gateway-tests"]),
    ("reqwest", &["driver-kit", "gateway-client", "gateway-tests"]),
];

/// The libraries that `gateway-core` does not know even by way of another name.
const NOT_IN_CORE: [&str; 4] = ["axum", "lapin", "diesel", "reqwest"];

/// Paths that a part of `gateway-api` never names.
struct Rule {
    /// The module and all below it.
    module: &'static [&'static str],
    /// Beginnings of paths; `crate::` for modules of its own.
    never: &'static [&'static str],
    /// Paths that are allowed all the same.
    except: &'static [&'static str],
}

/// The rules of `gateway-api`: surfaces over the application layer, and one composition root.
const RULES: [Rule; 6] = [
    Rule {
        module: &["app"],
        never: &[
            "axum",
            "http",
            "hyper",
            "tower",
            "reqwest",
            "lapin",
            "diesel",
            "utoipa::openapi::path",
            "gateway_poller",
            "gateway_client",
            "crate::http",
            "crate::front",
            "crate::handler",
            "crate::cli",
        ],
        except: &[],
    },
    Rule {
        module: &["http"],
        never: &[
            "lapin",
            "diesel",
            "reqwest",
            "gateway_store",
            "gateway_bus",
            "gateway_sessions",
            "gateway_poller",
            "gateway_core::driver",
            "crate::front",
            "crate::handler",
            "crate::cli",
        ],
        except: &["gateway_bus::WorkClass"],
    },
    Rule {
        module: &["front"],
        never: &[
            "gateway_store",
            "gateway_sessions",
            "gateway_poller",
            "crate::app",
            "crate::handler",
            "crate::cli",
        ],
        except: &[],
    },
    Rule {
        module: &["handler"],
        never: &["gateway_store", "gateway_sessions", "gateway_poller", "crate::front", "crate::cli"],
        except: &[],
    },
    Rule {
        module: &["admin"],
        never: &[
            "gateway_store",
            "gateway_bus",
            "gateway_sessions",
            "gateway_poller",
            "crate::app",
            "crate::http",
            "crate::front",
            "crate::handler",
            "crate::cli",
        ],
        except: &[],
    },
    Rule {
        module: &["cli", "remote"],
        never: &[
            "axum",
            "gateway_store",
            "gateway_bus",
            "gateway_sessions",
            "gateway_poller",
            "crate::app",
            "crate::http",
            "crate::front",
            "crate::handler",
        ],
        except: &[],
    },
];

/// Finds dependencies and imports that point upwards.
pub(crate) fn check(one: &Crate) -> Vec<Finding> {
    let mut findings = dependencies(one);
    match one.name.as_str() {
        "gateway-core" => findings.extend(named_libraries(one)),
        "gateway-api" => findings.extend(RULES.iter().flat_map(|rule| imports(one, rule))),
        _ => {}
    }
    findings
}

fn dependencies(one: &Crate) -> Vec<Finding> {
    let allowed = match CRATES.iter().find(|(name, _)| *name == one.name) {
        Some((_, allowed)) => *allowed,
        None if one.name.starts_with("driver-") => DRIVER,
        // The composition root knows every crate.
        None => return libraries(one),
    };
    let is_own = |name: &String| name.starts_with("gateway-") || name.starts_with("driver-");
    let upward = one.dependencies.iter().filter(|name| is_own(name) && !allowed.contains(&name.as_str()));
    let findings = upward
        .map(|name| about(one, format!("must not depend on {name}: that is a layer above or beside it")));
    findings.chain(libraries(one)).collect()
}

fn libraries(one: &Crate) -> Vec<Finding> {
    let known = LIBRARIES.iter().filter(|(library, may)| {
        one.dependencies.iter().any(|name| name == library) && !may.contains(&one.name.as_str())
    });
    known
        .map(|(library, _)| about(one, format!("must not depend on {library}: use the port that hides it")))
        .collect()
}

fn about(one: &Crate, text: String) -> Finding {
    Finding { file: format!("{}/Cargo.toml", one.folder), line: 0, text }
}

fn named_libraries(one: &Crate) -> Vec<Finding> {
    let never = |path: &str| NOT_IN_CORE.iter().any(|library| begins(path, library));
    found(one, &[], |path, _| never(path), "gateway-core knows no")
}

fn imports(one: &Crate, rule: &Rule) -> Vec<Finding> {
    let is_barred = |path: &str, own: Option<&str>| {
        let named = |list: &[&str]| {
            list.iter().any(|start| begins(path, start) || own.is_some_and(|own| begins(own, start)))
        };
        named(rule.never) && !named(rule.except)
    };
    found(one, rule.module, is_barred, &format!("`{}` must not use", rule.module.join("/")))
}

/// Finds paths in a module and below it: as they are written, and as modules of this crate.
fn found(
    one: &Crate,
    module: &[&str],
    is_barred: impl Fn(&str, Option<&str>) -> bool,
    what: &str,
) -> Vec<Finding> {
    let modules = Modules::of(one);
    let mut findings = Vec::new();
    for (at, file, paths) in modules
        .iter()
        .filter(|(at, ..)| at.iter().zip(module).filter(|(a, b)| a == b).count() == module.len())
    {
        for path in paths.all() {
            let text = path.segments.join("::");
            let own = modules.target(at, path).map(|target| format!("crate::{}", target.join("::")));
            if is_barred(&text, own.as_deref()) {
                let (file, line) = (file.to_owned(), path.line);
                findings.push(Finding { file, line, text: format!("{what} `{text}`") });
            }
        }
    }
    findings
}

fn begins(path: &str, start: &str) -> bool {
    path.strip_prefix(start).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::SourceFile;

    fn crate_of(name: &str, dependencies: &[&str], files: &[(&str, &str)]) -> Crate {
        let file = |(module, text): &(&str, &str)| SourceFile {
            path: (*module).to_owned(),
            module: Some(module.split('/').map(str::to_owned).collect()),
            text: (*text).to_owned(),
        };
        Crate {
            name: name.to_owned(),
            dependencies: dependencies.iter().map(|name| (*name).to_owned()).collect(),
            files: files.iter().map(file).collect(),
            ..Crate::default()
        }
    }

    fn texts(one: &Crate) -> Vec<String> {
        check(one).into_iter().map(|finding| finding.text).collect()
    }

    #[test]
    fn dependency_on_a_layer_above_is_found() {
        assert!(texts(&crate_of("gateway-poller", &["gateway-store", "serde"], &[])).is_empty());
        assert_eq!(texts(&crate_of("gateway-store", &["gateway-core", "gateway-bus"], &[])).len(), 1);
        assert_eq!(texts(&crate_of("driver-azure", &["driver-ec2", "driver-kit"], &[])).len(), 1);
    }

    #[test]
    fn library_outside_its_port_is_found() {
        for library in NOT_IN_CORE {
            assert_eq!(texts(&crate_of("gateway-core", &[library], &[])).len(), 1, "{library}");
            let named = format!("use {library}::x;");
            assert_eq!(texts(&crate_of("gateway-core", &[], &[("id", &named)])).len(), 1, "{library}");
        }
        assert_eq!(texts(&crate_of("gateway-api", &["reqwest"], &[])).len(), 1);
    }

    #[test]
    fn application_layer_that_knows_http_is_found() {
        for line in [
            "use axum::Json;",
            "fn f() -> http::StatusCode {}",
            "use crate::http::Problem;",
            "use super::http;",
        ] {
            let one = crate_of("gateway-api", &[], &[("app", line), ("http", "")]);
            assert_eq!(texts(&one).len(), 1, "{line}");
        }
        let one = crate_of(
            "gateway-api",
            &[],
            &[("app/read", "use super::error::Error;"), ("http", "use crate::app::X;")],
        );
        assert!(texts(&one).is_empty());
    }

    #[test]
    fn dialect_that_passes_the_application_layer_by_is_found() {
        let one = crate_of(
            "gateway-api",
            &[],
            &[("http/v1", "use gateway_store::Store; use gateway_bus::WorkClass;")],
        );
        assert_eq!(texts(&one), ["`http` must not use `gateway_store::Store`"]);
    }
}
