//! Single reads: one document by its native key.

use gateway_core::error::{Error, ErrorKind, Result};
use serde_json::Value;

use crate::auth::Account;
use crate::descriptor::{Descriptor, Lookup};
use crate::listing::{Form, Pass, ScopeClient};
use crate::paging::Cursor;
use crate::service::Service;

/// Documents among which the resource is, if it exists.
pub(crate) struct Found {
    pub(crate) service: Service,
    pub(crate) items: Vec<Value>,
    /// The owner of the documents.
    pub(crate) account: Account,
}

impl ScopeClient<'_> {
    /// Reads the documents that the native key leads to; `None` if no resource has a key of that form.
    pub(crate) async fn look_up(&self, descriptor: &Descriptor, native_key: &str) -> Result<Option<Found>> {
        let passes = descriptor.any_passes();
        let found = |service, items| Some(Found { service, items, account: self.account.clone() });
        let parts = native_key.split_once('/').filter(|(first, rest)| is_segment(first) && !rest.is_empty());
        match descriptor.lookup {
            Lookup::Id { path, key } => {
                let id = native_key.split('/').next().filter(|id| is_segment(id));
                // An id may stand alone; a slash needs something behind it.
                let (Some(id), false) = (id, native_key.contains('/') && parts.is_none()) else {
                    return Ok(None);
                };
                let expected = [("id", id)];
                let item = self.document(passes[0].service, &[path, id], &[], key, &expected).await?;
                Ok(found(passes[0].service, item.into_iter().collect()))
            }
            Lookup::UserAndName => {
                let Some((user, name)) = parts.filter(|(_, name)| is_segment(name)) else { return Ok(None) };
                let account = Account { user_id: user.to_owned(), ..self.account.clone() };
                // Nova shows another user's key to administrators only.
                let query = [("user_id", user)];
                let query = if account == *self.account { &[][..] } else { &query };
                let (path, expected) = (["os-keypairs", name], [("name", name), ("user_id", user)]);
                let item = self.document(passes[0].service, &path, query, Some("keypair"), &expected).await?;
                let items = item.into_iter().collect();
                Ok(Some(Found { service: passes[0].service, items, account }))
            }
            Lookup::Filtered([first, second]) => {
                let (Some((one, two)), Form::Pages(pages)) = (parts, &passes[0].form) else {
                    return Ok(None);
                };
                let mut query = passes[0].query.to_vec();
                query.extend([(first, one), (second, two)]);
                let Pass { service, path, .. } = &passes[0];
                Ok(found(*service, self.every(*service, path, &query, pages).await?))
            }
            Lookup::Whole => {
                let pass = passes.iter().find(|pass| is_of_service(native_key, pass.service, self.account));
                let Some(pass) = pass else { return Ok(None) };
                let limit = self.client.config().page_size;
                Ok(found(pass.service, self.page(pass, &Cursor::start(), limit).await?.items))
            }
        }
    }

    async fn document(
        &self,
        service: Service,
        path: &[&str],
        query: &[(&str, &str)],
        key: Option<&str>,
        expected: &[(&str, &str)],
    ) -> Result<Option<Value>> {
        let item = match self.read(service, path, query, key).await {
            Ok(item) => item,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        if expected.iter().any(|(field, value)| item[*field] != **value) {
            let message =
                format!("the {} service answered another document than {}", service.as_str(), path.join("/"));
            return Err(Error::new(ErrorKind::WrongDocument, message));
        }
        Ok(Some(item))
    }
}

/// Tells whether a part of a native key may be a path segment. Other parts would change the path; no id looks like them.
fn is_segment(part: &str) -> bool {
    !matches!(part, "" | "." | "..") && !part.contains('/')
}

/// Tells whether a native key names that service: `SERVICE/...`, or `PROJECT/SERVICE....`.
fn is_of_service(native_key: &str, service: Service, account: &Account) -> bool {
    let of_project =
        native_key.strip_prefix(account.project_id.as_str()).and_then(|rest| rest.strip_prefix('/'));
    let rest = of_project.unwrap_or(native_key).strip_prefix(service.as_str());
    rest.is_some_and(|rest| rest.starts_with(if of_project.is_some() { '.' } else { '/' }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn native_key_names_its_service() {
        let account = Account { project_id: "p1".to_owned(), user_id: "u1".to_owned() };
        let is_of_volume = |key: &str| is_of_service(key, Service::Volume, &account);
        assert!(
            is_of_volume("volume/nova")
                && is_of_volume("volume/a.b/c")
                && is_of_volume("p1/volume.gigabytes")
        );
        for other in
            ["compute/nova", "volumes/nova", "volume", "", "p2/volume.gigabytes", "p1/volume/x", "volume.x"]
        {
            assert!(!is_of_volume(other), "{other}");
        }
    }
}
