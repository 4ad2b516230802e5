//! The form that a call of the Query API posts.

use crate::signature::encode;

/// An action with its parameters.
#[derive(Clone, Debug)]
pub(crate) struct Form {
    action: &'static str,
    parameters: Vec<(String, String)>,
    filters: usize,
}

impl Form {
    /// Starts a call.
    pub(crate) fn new(action: &'static str) -> Self {
        Self { action, parameters: Vec::new(), filters: 0 }
    }

    /// The action's name.
    pub(crate) fn action(&self) -> &'static str {
        self.action
    }

    /// Adds a parameter.
    pub(crate) fn with(mut self, name: impl Into<String>, value: impl ToString) -> Self {
        self.parameters.push((name.into(), value.to_string()));
        self
    }

    /// Adds a list: `Name.1`, `Name.2`, ...
    pub(crate) fn with_list<T: ToString>(self, name: &str, values: impl IntoIterator<Item = T>) -> Self {
        values
            .into_iter()
            .enumerate()
            .fold(self, |form, (at, value)| form.with(format!("{name}.{}", at + 1), value))
    }

    /// Adds a filter that any of the values satisfies.
    pub(crate) fn with_filter<T: ToString>(
        mut self,
        name: &str,
        values: impl IntoIterator<Item = T>,
    ) -> Self {
        self.filters += 1;
        let prefix = format!("Filter.{}", self.filters);
        self.with(format!("{prefix}.Name"), name).with_list(&format!("{prefix}.Value"), values)
    }

    /// The body to post.
    pub(crate) fn body(&self, version: &str) -> String {
        let mut body = format!("Action={}&Version={version}", self.action);
        for (name, value) in &self.parameters {
            body.push('&');
            body.push_str(&encode(name, &[]));
            body.push('=');
            body.push_str(&encode(value, &[]));
        }
        body
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
