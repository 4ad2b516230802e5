//! The upload address of an image's content, for the process that streams it.

use gateway_core::driver::Forward;
use gateway_core::error::{Error, Result};
use gateway_core::id::Region;

use super::{AUTH_TOKEN, Client};
use crate::service::Service;

impl Client {
    /// Returns the request that uploads the content of an image. The image is read first, because a refused token
    /// cannot be renewed during the upload.
    pub(crate) async fn upload(&self, region: &Region, id: &str) -> Result<Forward> {
        self.read(region, Service::Image, &["images", id], &[]).await.map_err(Error::untouched)?;
        let login = self.login().await.map_err(Error::untouched)?;
        let target = self.target(&login, region, Service::Image).await.map_err(Error::untouched)?;
        let url = target.url(&["images", id, "file"], &[])?;
        self.http.check_address(&url)?;
        self.http.link().pacer.acquire().await;
        Ok(Forward {
            method: "PUT".to_owned(),
            url: url.into(),
            headers: vec![(AUTH_TOKEN.as_str().to_owned(), login.token.clone())],
            content_type: "application/octet-stream".to_owned(),
            allow_plaintext: self.http.cloud().allow_plaintext,
        })
    }
}
