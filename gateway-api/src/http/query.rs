//! Query parameters, parsed strictly: a misspelt filter is an error, because it would otherwise be ignored.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::problem::Problem;
use crate::app::Error;

/// The query parameters of a request, in order.
#[derive(Debug)]
pub(crate) struct Query(Vec<(String, String)>);

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        Ok(Self::parse(parts.uri.query().unwrap_or_default()))
    }
}

impl Query {
    /// Parses the query of a URL.
    pub(crate) fn parse(text: &str) -> Self {
        let pairs = url::form_urlencoded::parse(text.as_bytes());
        Self(pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect())
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
        for (index, (name, _)) in self.0.iter().enumerate() {
            if !known.contains(&name.as_str()) && !matches(name) {
                let detail = match known {
                    [] => format!("this path has no query parameter `{name}`, nor any other"),
                    known => {
                        format!("this path has no query parameter `{name}`; it has {}", known.join(", "))
                    }
                };
                let problem = Problem::bad_request("unknown-parameter", "Unknown query parameter", detail);
                return Err(problem.with_member("parameter", name.as_str().into()));
            }
            if self.0[..index].iter().any(|(earlier, _)| earlier == name) {
                return Err(invalid(name, "is given twice"));
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

/// Returns the problem of an invalid value. The rule completes the sentence: "must be ...".
pub(crate) fn invalid(name: &str, rule: impl Into<String>) -> Problem {
    Error::invalid_query(name, rule).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_parameter_is_refused_by_name() {
        let query = Query::parse("limit=5&stat=running");
        assert!(query.expect(&["limit", "state"]).is_err());
        assert!(query.expect(&["limit", "stat"]).is_ok());
        assert!(Query::parse("limit=5&limit=6").expect(&["limit"]).is_err());
    }

    #[test]
    fn prefixed_names_are_accepted_and_value_is_replaced() {
        let query = Query::parse("tag.env=prod&cursor=a&tag.x=");
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
            assert_eq!(Query::parse(text).limit(50, 1000).ok(), expected, "{text}");
        }
    }
}
