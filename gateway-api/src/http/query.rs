//! Query parameters, parsed strictly: a misspelt filter is an error, because it would otherwise be ignored.

use std::collections::HashSet;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::problem::Problem;
use crate::app::Error;
use crate::app::error::shortened;

/// Most parameters of a query. More would let one request cost more processor time than others; fewer refuse lists that
/// use all filters of their kind and all tags.
const MAX_PARAMETERS: usize = 64;

/// The query parameters of a request, in order.
#[derive(Debug)]
pub(crate) struct Query(Vec<(String, String)>);

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        Self::parse(parts.uri.query().unwrap_or_default())
    }
}

impl Query {
    /// Parses the query of a URL. Refuses one of too many parameters.
    pub(crate) fn parse(text: &str) -> Result<Self, Problem> {
        check_count(text)?;
        let pairs = url::form_urlencoded::parse(text.as_bytes());
        Ok(Self(pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect()))
    }

    /// Returns all parameters as one text that does not depend on their order.
    pub(crate) fn canonical(&self) -> String {
        let mut pairs = self.0.clone();
        pairs.sort_unstable();
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
    }

    /// Refuses parameters that the operation does not have, and parameters that are given twice.
    pub(crate) fn expect(&self, known: &[&str]) -> Result<(), Problem> {
        self.expect_matching(known, |_| false)
    }

    /// Refuses parameters that are neither in `known` nor accepted by `matches`, and parameters that are given twice.
    pub(crate) fn expect_matching(
        &self,
        known: &[&str],
        matches: impl Fn(&str) -> bool,
    ) -> Result<(), Problem> {
        let mut seen = HashSet::with_capacity(self.0.len());
        for (name, _) in &self.0 {
            if !known.contains(&name.as_str()) && !matches(name) {
                let name = shortened(name);
                let detail = match known {
                    [] => format!("this path has no query parameter `{name}`, nor any other"),
                    known => {
                        format!("this path has no query parameter `{name}`; it has {}", known.join(", "))
                    }
                };
                let problem = Problem::bad_request("unknown-parameter", "Unknown query parameter", detail);
                return Err(problem.with_member("parameter", name.into()));
            }
            if !seen.insert(name) {
                return Err(invalid(&shortened(name), "is given twice"));
            }
        }
        Ok(())
    }

    /// Returns the parameters whose names have a prefix: the rest of the name, and the value, which may be empty.
    pub(crate) fn with_prefix<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0.iter().filter_map(move |(name, value)| Some((name.strip_prefix(prefix)?, value.as_str())))
    }

    /// Returns the query with another value of one parameter.
    pub(crate) fn replaced(&self, name: &str, value: &str) -> String {
        let mut text = url::form_urlencoded::Serializer::new(String::new());
        text.extend_pairs(self.0.iter().filter(|(given, _)| given != name));
        text.append_pair(name, value);
        text.finish()
    }

    /// Returns the value of a parameter, unless it is missing or empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(given, value)| given == name && !value.is_empty())?;
        Some(value)
    }

    /// Parses the parameter `limit`, a number from 1 to `most`.
    pub(crate) fn limit(&self, default: usize, most: usize) -> Result<usize, Problem> {
        match self.get("limit") {
            None => Ok(default),
            Some(text) => text
                .parse()
                .ok()
                .filter(|limit| (1..=most).contains(limit))
                .ok_or_else(|| invalid("limit", format!("must be a number from 1 to {most}"))),
        }
    }

    /// Parses the parameter `view`: whether the clouds' own documents are added.
    pub(crate) fn raw(&self) -> Result<bool, Problem> {
        match self.get("view") {
            None => Ok(false),
            Some("raw") => Ok(true),
            Some(_) => Err(invalid("view", "must be `raw` or left out")),
        }
    }
}

/// Refuses a query of too many parameters. Costs less than parsing it.
pub(crate) fn check_count(text: &str) -> Result<(), Problem> {
    let count = text.split('&').filter(|pair| !pair.is_empty()).count();
    if count > MAX_PARAMETERS {
        let detail = format!("the query has {count} parameters; at most {MAX_PARAMETERS} are allowed");
        return Err(Problem::bad_request("too-many-parameters", "Too many query parameters", detail));
    }
    Ok(())
}

/// Returns the problem of an invalid value. The rule completes the sentence: "must be ...".
pub(crate) fn invalid(name: &str, rule: impl Into<String>) -> Problem {
    Error::invalid_query(name, rule).into()
}

#[cfg(test)]
mod tests {
    use gateway_core::Kind;

    use super::*;

    fn parse(text: &str) -> Query {
        Query::parse(text).unwrap()
    }

    #[test]
    fn many_parameters_are_refused_before_they_are_compared() {
        let many = |count: usize| {
            let pairs: Vec<_> = (0..count).map(|number| format!("tag.{number}=x")).collect();
            pairs.join("&")
        };
        assert!(Query::parse(&many(5_500)).is_err());
        assert!(Query::parse(&many(MAX_PARAMETERS + 1)).is_err());
        let compared = std::cell::Cell::new(0);
        let matches = |_: &str| {
            compared.set(compared.get() + 1);
            true
        };
        assert!(parse(&many(MAX_PARAMETERS)).expect_matching(&[], matches).is_ok());
        assert_eq!(compared.get(), MAX_PARAMETERS);
    }

    #[test]
    fn list_with_all_filters_has_few_enough_parameters() {
        for kind in Kind::ALL {
            let own = kind.spec().filters.len() + kind.spec().relations.len();
            // Filters of every kind, parameters of a page, and tags.
            assert!(own + 7 + 5 + 16 <= MAX_PARAMETERS, "{kind}: {own}");
        }
    }

    #[test]
    fn long_names_are_quoted_in_part() {
        let name = "ä".repeat(20_000);
        for text in [format!("{name}=1"), format!("tag.{name}=1&tag.{name}=2")] {
            let refused = parse(&text).expect_matching(&[], |name| name.starts_with("tag.")).unwrap_err();
            let document = refused.document(uuid::Uuid::nil()).to_string();
            assert!(document.len() < 1_000 && document.contains("ää"), "{document}");
        }
    }

    #[test]
    fn unknown_parameter_is_refused_by_name() {
        let query = parse("limit=5&stat=running");
        assert!(query.expect(&["limit", "state"]).is_err());
        assert!(query.expect(&["limit", "stat"]).is_ok());
        assert!(parse("limit=5&limit=6").expect(&["limit"]).is_err());
    }

    #[test]
    fn prefixed_names_are_accepted_and_value_is_replaced() {
        let query = parse("tag.env=prod&cursor=a&tag.x=");
        assert!(query.expect_matching(&["cursor"], |name| name.starts_with("tag.")).is_ok());
        assert_eq!(query.with_prefix("tag.").collect::<Vec<_>>(), [("env", "prod"), ("x", "")]);
        assert_eq!(query.replaced("cursor", "b&"), "tag.env=prod&tag.x=&cursor=b%26");
    }

    #[test]
    fn limits_have_bounds() {
        for (text, expected) in [
            ("", Some(50)),
            ("limit=1", Some(1)),
            ("limit=1000", Some(1000)),
            ("limit=0", None),
            ("limit=1001", None),
            ("limit=x", None),
            ("limit=-1", None),
        ] {
            assert_eq!(parse(text).limit(50, 1000).ok(), expected, "{text}");
        }
    }
}
