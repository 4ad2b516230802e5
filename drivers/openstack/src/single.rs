//! One document by its native key: where to look, and how to know that it is the one.

use gateway_core::error::{Error, ErrorKind, Result};
use serde_json::Value;

use crate::auth::Account;
use crate::catalog::Service;
use crate::listing::Asker;
use crate::paging::{self, Place};
use crate::resources::{Form, Pass, Resource, Single};

/// What was found: documents among which the one may be.
pub(crate) struct Found {
    pub(crate) service: Service,
    pub(crate) items: Vec<Value>,
    /// Whose they are.
    pub(crate) account: Account,
}

impl Asker<'_> {
    /// Looks where the native key says; `None` when it is of a form that no resource has.
    pub(crate) async fn look_up(&self, resource: &Resource, native_key: &str) -> Result<Option<Found>> {
        let passes = resource.any_passes();
        let found = |service, items| Some(Found { service, items, account: self.account.clone() });
        let parts = native_key.split_once('/').filter(|(first, rest)| is_step(first) && !rest.is_empty());
        match resource.single {
            Single::Id { path, around } => {
                let id = native_key.split('/').next().filter(|id| is_step(id));
                // An id may stand alone, but a slash must lead somewhere.
                let (Some(id), false) = (id, native_key.contains('/') && parts.is_none()) else {
                    return Ok(None);
                };
                let expected = [("id", id)];
                let item = self.document(passes[0].service, &[path, id], &[], around, &expected).await?;
                Ok(found(passes[0].service, item.into_iter().collect()))
            }
            Single::UserAndName => {
                let Some((user, name)) = parts.filter(|(_, name)| is_step(name)) else { return Ok(None) };
                let account = Account { user_id: user.to_owned(), ..self.account.clone() };
                // Another user's is shown to administrators: Nova itself refuses everybody else.
                let query = [("user_id", user)];
                let query = if account == *self.account { &[][..] } else { &query };
                let (path, expected) = (["os-keypairs", name], [("name", name), ("user_id", user)]);
                let item = self.document(passes[0].service, &path, query, Some("keypair"), &expected).await?;
                let items = item.into_iter().collect();
                Ok(Some(Found { service: passes[0].service, items, account }))
            }
            Single::Narrowed([first, second]) => {
                let (Some((one, two)), Form::Pages(pages)) = (parts, &passes[0].form) else {
                    return Ok(None);
                };
                let mut query = passes[0].query.to_vec();
                query.extend([(first, one), (second, two)]);
                let Pass { service, path, .. } = &passes[0];
                Ok(found(*service, self.every(*service, path, &query, pages).await?))
            }
            Single::Whole => {
                let pass = passes.iter().find(|pass| names(native_key, pass.service, self.account));
                let Some(pass) = pass else { return Ok(None) };
                let limit = self.connection.config().page_size;
                Ok(found(pass.service, self.page(pass, &Place::start(), limit).await?.items))
            }
        }
    }

    async fn document(
        &self,
        service: Service,
        path: &[&str],
        query: &[(&str, &str)],
        around: Option<&str>,
        expected: &[(&str, &str)],
    ) -> Result<Option<Value>> {
        let answer = match self.connection.read(self.region, service, path, query).await {
            Ok(answer) => answer,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let item = paging::read_one(&answer, around)?;
        if expected.iter().any(|(field, value)| item[*field] != **value) {
            let message = format!("{} answered another thing than {}", answer.endpoint, path.join("/"));
            return Err(Error::new(ErrorKind::WrongDocument, message));
        }
        Ok(Some(item))
    }
}

/// These would be taken for steps in the path; no id of OpenStack looks like that.
fn is_step(part: &str) -> bool {
    !matches!(part, "" | "." | "..") && !part.contains('/')
}

/// Whether a native key is of what that service has: `SERVICE/...`, or `PROJECT/SERVICE....`.
fn names(native_key: &str, service: Service, account: &Account) -> bool {
    let of_project =
        native_key.strip_prefix(account.project_id.as_str()).and_then(|rest| rest.strip_prefix('/'));
    let rest = of_project.unwrap_or(native_key).strip_prefix(service.word());
    rest.is_some_and(|rest| rest.starts_with(if of_project.is_some() { '.' } else { '/' }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn native_keys_name_the_service_that_is_asked() {
        let account = Account { project_id: "p1".to_owned(), user_id: "u1".to_owned() };
        let names = |key: &str| names(key, Service::Volume, &account);
        assert!(names("volume/nova") && names("volume/a.b/c") && names("p1/volume.gigabytes"));
        for other in
            ["compute/nova", "volumes/nova", "volume", "", "p2/volume.gigabytes", "p1/volume/x", "volume.x"]
        {
            assert!(!names(other), "{other}");
        }
    }
}
