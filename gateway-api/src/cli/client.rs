//! `gateway client`: registration of clients.

use clap::Subcommand;
use gateway_core::error::{Error, Result};
use gateway_core::id::PrincipalId;
use serde_json::json;

use super::output;
use super::setting::{Setting, find_client};
use crate::client_secret::ClientSecret;

#[derive(Debug, Subcommand)]
pub(super) enum Client {
    /// Register a client and print its id and secret. The secret is shown once and cannot be read again.
    Create {
        /// Name for people.
        name: String,
        /// Print JSON, with `client_id` and `client_secret`.
        #[arg(long)]
        json: bool,
    },
    /// List the registered clients.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Disable a client and its tokens.
    Disable {
        /// Id or name.
        client: String,
    },
    /// Enable a disabled client.
    Enable {
        /// Id or name.
        client: String,
    },
}

impl Client {
    pub(super) async fn run(self, setting: Setting) -> Result<()> {
        let store = setting.migrated_store().await?;
        match self {
            Self::Create { name, json } => {
                if name.is_empty() || name.chars().count() > 127 {
                    return Err(Error::invalid("the name of a client must have 1 to 127 characters"));
                }
                let (id, secret) = (PrincipalId::generate(), ClientSecret::generate()?);
                store.client_create(id, &name, secret.hash()).await?;
                if json {
                    output::json(&json!({ "client_id": id, "client_secret": secret.expose() }));
                } else {
                    output::line(&format!("client_id      {id}\nclient_secret  {}", secret.expose()));
                }
            }
            Self::List { json } => {
                let clients = store.client_list().await?;
                if json {
                    let rows = clients.iter().map(|client| {
                        json!({ "client_id": client.id, "name": client.name, "disabled": client.disabled, "created_at": client.created_at })
                    });
                    output::json(&rows.collect());
                } else {
                    let rows = clients.iter().map(|client| {
                        let state = if client.disabled { "disabled" } else { "enabled" };
                        vec![
                            client.id.to_string(),
                            client.name.clone(),
                            state.to_owned(),
                            client.created_at.to_string(),
                        ]
                    });
                    output::table(&["CLIENT_ID", "NAME", "STATE", "CREATED"], &rows.collect::<Vec<_>>());
                }
            }
            Self::Disable { client } => set_disabled(&store, &client, true).await?,
            Self::Enable { client } => set_disabled(&store, &client, false).await?,
        }
        Ok(())
    }
}

async fn set_disabled(store: &gateway_store::Store, client: &str, disabled: bool) -> Result<()> {
    let client = find_client(store, client).await?;
    store.client_set_disabled(client.id, disabled).await?;
    output::line(&format!("{} is {}", client.name, if disabled { "disabled" } else { "enabled" }));
    Ok(())
}
