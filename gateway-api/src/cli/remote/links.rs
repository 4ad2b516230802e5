//! Links of a record as the commands that follow them.

use gateway_core::Kind;
use url::Url;

/// Returns the command that follows a link of the API, or the link if there is none.
pub(super) fn command(link: &str) -> String {
    // The base serves only the parser.
    let parsed = Url::parse("http://gateway").and_then(|base| base.join(link)).ok();
    parsed.as_ref().and_then(of).unwrap_or_else(|| link.to_owned())
}

fn of(url: &Url) -> Option<String> {
    let path: Vec<_> = url.path_segments()?.collect();
    let ["v1", plural, rest @ ..] = path.as_slice() else { return None };
    let kind = Kind::parse_plural(plural)?;
    match rest {
        [] => {
            let filters = url.query_pairs().map(|(name, value)| format!(" --filter {name}={value}"));
            Some(format!("gateway list {plural}{}", filters.collect::<String>()))
        }
        [id] => Some(format!("gateway show {kind} {id}")),
        [id, "related"] => Some(format!("gateway show {kind} {id} --related")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn link_of_a_known_kind_becomes_a_command() {
        for (link, expected) in [
            ("/v1/images/7", "gateway show image 7"),
            ("/v1/volumes?instance=7", "gateway list volumes --filter instance=7"),
            ("/v1/volumes/7/related?relation=instance", "gateway show volume 7 --related"),
            ("/v1/newer_things/7", "/v1/newer_things/7"),
            ("https://elsewhere.example/a", "https://elsewhere.example/a"),
        ] {
            assert_eq!(command(link), expected);
        }
    }
}
