//! Query parameters, read strictly: a misspelt filter must not answer as if there were none.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::problem::Problem;

/// The parameters of a request, in order.
#[derive(Debug)]
pub(crate) struct Query(Vec<(String, String)>);

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        Ok(Self::parse(parts.uri.query().unwrap_or_default()))
    }
}

impl Query {
    pub(crate) fn parse(text: &str) -> Self {
        let pairs = url::form_urlencoded::parse(text.as_bytes());
        Self(pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect())
    }

    /// All of them as one text, in whatever order they came.
    pub(crate) fn canonical(&self) -> String {
        let mut pairs = self.0.clone();
        pairs.sort_unstable();
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
    }

    /// Refuses parameters that the operation does not have, and any that comes twice.
    pub(crate) fn expect(&self, known: &[&str]) -> Result<(), Problem> {
        self.expect_besides(known, |_| false)
    }

    /// The same, where names of a form are taken too.
    pub(crate) fn expect_besides(
        &self,
        known: &[&str],
        of_form: impl Fn(&str) -> bool,
    ) -> Result<(), Problem> {
        for (place, (name, _)) in self.0.iter().enumerate() {
            if !known.contains(&name.as_str()) && !of_form(name) {
                let detail = match known {
                    [] => format!("there is no query parameter {name:?} here, nor any other"),
                    known => {
                        format!("there is no query parameter {name:?} here; there are {}", known.join(", "))
                    }
                };
                let problem =
                    Problem::bad_request("unknown-parameter", "There is no such query parameter", detail);
                return Err(problem.with_member("parameter", name.as_str().into()));
            }
            if self.0[..place].iter().any(|(earlier, _)| earlier == name) {
                return Err(bad(name, "is given twice"));
            }
        }
        Ok(())
    }

    /// Parameters whose names begin so: the rest of the name, and the value, empty or not.
    pub(crate) fn with_prefix<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0.iter().filter_map(move |(name, value)| Some((name.strip_prefix(prefix)?, value.as_str())))
    }

    /// The same parameters with another value of one of them, as text.
    pub(crate) fn replaced(&self, name: &str, value: &str) -> String {
        let mut text = url::form_urlencoded::Serializer::new(String::new());
        text.extend_pairs(self.0.iter().filter(|(given, _)| given != name));
        text.append_pair(name, value);
        text.finish()
    }

    /// The value, if the parameter is there and not empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(given, value)| given == name && !value.is_empty())?;
        Some(value)
    }

    /// A count from 1 to `most`.
    pub(crate) fn limit(&self, default: usize, most: usize) -> Result<usize, Problem> {
        match self.get("limit") {
            None => Ok(default),
            Some(text) => text
                .parse()
                .ok()
                .filter(|limit| (1..=most).contains(limit))
                .ok_or_else(|| bad("limit", &format!("must be a number from 1 to {most}"))),
        }
    }

    /// Whether the cloud's own document is asked for too.
    pub(crate) fn raw(&self) -> Result<bool, Problem> {
        match self.get("view") {
            None => Ok(false),
            Some("raw") => Ok(true),
            Some(_) => Err(bad("view", "must be raw, or left out")),
        }
    }
}

/// A parameter whose value is wrong.
pub(crate) fn bad(name: &str, what: &str) -> Problem {
    let detail = format!("the query parameter {name} {what}");
    Problem::bad_request("bad-parameter", "A query parameter is not valid", detail)
        .with_member("parameter", name.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_refused_by_name() {
        let query = Query::parse("limit=5&stat=running");
        assert!(query.expect(&["limit", "state"]).is_err());
        assert!(query.expect(&["limit", "stat"]).is_ok());
        assert!(Query::parse("limit=5&limit=6").expect(&["limit"]).is_err());
    }

    #[test]
    fn a_form_of_names_is_taken_and_a_value_replaced() {
        let query = Query::parse("tag.env=prod&cursor=a&tag.x=");
        assert!(query.expect_besides(&["cursor"], |name| name.starts_with("tag.")).is_ok());
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
