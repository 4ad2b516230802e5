//! The form that a call of the Query API posts.

use std::fmt;

use percent_encoding::utf8_percent_encode;

use crate::signature::ESCAPED;

/// An action with its parameters.
#[derive(Clone)]
pub(crate) struct Form {
    action: &'static str,
    parameters: Vec<(String, String)>,
    filters: usize,
}

impl fmt::Debug for Form {
    /// Writes no parameters, because user data is one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Form({}, {} parameters)", self.action, self.parameters.len())
    }
}

impl Form {
    /// Creates a form without parameters.
    pub(crate) fn new(action: &'static str) -> Self {
        Self { action, parameters: Vec::new(), filters: 0 }
    }

    /// Returns the name of the action.
    pub(crate) fn action(&self) -> &'static str {
        self.action
    }

    /// Adds a parameter.
    pub(crate) fn with(mut self, name: impl Into<String>, value: impl ToString) -> Self {
        self.parameters.push((name.into(), value.to_string()));
        self
    }

    /// Adds a parameter, if there is a value.
    pub(crate) fn with_some<T: ToString>(self, name: impl Into<String>, value: Option<T>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// Returns whether the form has a parameter of that name, a part of it, or a whole of which it is a part.
    pub(crate) fn overlaps(&self, name: &str) -> bool {
        let is_part = |of: &str, part: &str| {
            of.len() < part.len()
                && part.as_bytes()[of.len()] == b'.'
                && part.as_bytes()[..of.len()].eq_ignore_ascii_case(of.as_bytes())
        };
        let overlaps = |own: &str| own.eq_ignore_ascii_case(name) || is_part(own, name) || is_part(name, own);
        self.parameters.iter().any(|(own, _)| overlaps(own))
    }

    /// Adds a list: `Name.1`, `Name.2`, ...
    pub(crate) fn with_list<T: ToString>(self, name: &str, values: impl IntoIterator<Item = T>) -> Self {
        values
            .into_iter()
            .enumerate()
            .fold(self, |form, (at, value)| form.with(format!("{name}.{}", at + 1), value))
    }

    /// Adds a filter that is satisfied by any of the values.
    pub(crate) fn with_filter<T: ToString>(
        mut self,
        name: &str,
        values: impl IntoIterator<Item = T>,
    ) -> Self {
        self.filters += 1;
        let prefix = format!("Filter.{}", self.filters);
        self.with(format!("{prefix}.Name"), name).with_list(&format!("{prefix}.Value"), values)
    }

    /// Returns the body to post.
    pub(crate) fn body(&self, version: &str) -> String {
        let mut body = format!("Action={}&Version={version}", self.action);
        for (name, value) in &self.parameters {
            body.push('&');
            body.extend(utf8_percent_encode(name, ESCAPED));
            body.push('=');
            body.extend(utf8_percent_encode(value, ESCAPED));
        }
        body
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_overlap_by_name_and_by_part() {
        let form =
            Form::new("RunInstances").with("Placement.AvailabilityZone", "r1a").with("ImageId", "ami-1");
        for name in ["ImageId", "imageid", "ImageId.1", "Placement", "Placement.AvailabilityZone"] {
            assert!(form.overlaps(name), "{name}");
        }
        for name in ["Placement.Tenancy", "Image", "ImageIds", "PlacementGroup"] {
            assert!(!form.overlaps(name), "{name}");
        }
        let text = format!("{:?}", form.with("UserData", "hunter2"));
        assert_eq!(text, "Form(RunInstances, 3 parameters)");
    }

    #[test]
    fn lists_and_filters_are_numbered_from_one() {
        let form = Form::new("DescribeImages")
            .with("MaxResults", 5)
            .with_list("Owner", ["self", "a b"])
            .with_filter("is-public", ["true"])
            .with_filter("name", ["x", "y"]);
        assert_eq!(
            form.body("1"),
            "Action=DescribeImages&Version=1&MaxResults=5&Owner.1=self&Owner.2=a%20b\
             &Filter.1.Name=is-public&Filter.1.Value.1=true&Filter.2.Name=name&Filter.2.Value.1=x&Filter.2.Value.2=y"
        );
    }
}
