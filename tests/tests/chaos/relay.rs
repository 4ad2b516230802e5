//! A relay that freezes while it holds a lock of the database.

use std::time::Duration;

use anyhow::ensure;
use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use gateway_tests::client::access_key;
use gateway_tests::{Client, Gateway, Simulator, TestCluster, until};

/// The server ends the transaction of a frozen process after 5 s; the rest is margin for a busy machine.
const TAKEOVER_TIMEOUT: Duration = Duration::from_secs(30);

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// Returns the number of transactions of the gateway that wait for a lock.
fn waiting(connection: &mut MysqlConnection) -> i64 {
    let transactions = "SELECT COUNT(*) AS n FROM information_schema.INNODB_TRX t \
                        JOIN information_schema.PROCESSLIST p ON p.ID = t.trx_mysql_thread_id \
                        WHERE p.DB = DATABASE() AND t.trx_state = 'LOCK WAIT'";
    diesel::sql_query(transactions).get_result::<Count>(connection).expect("root may read it").n
}

async fn events(client: &Client, expected: usize) {
    until("events", TAKEOVER_TIMEOUT, || async {
        let events = client.events(0).await?;
        ensure!(events.len() == expected, "{} of {expected}", events.len());
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn relay_frozen_in_transaction_is_replaced() {
    let simulator = Simulator::start().await;
    // Without pollers, this test causes all events.
    let mut cluster = TestCluster::builder("frozen").pollers(0).set("relay.lease_seconds", 3).start().await;
    cluster.add_cloud("sim", "simulator", simulator.url(), &[]).await;
    let (mut holder, mut observer) = (cluster.database.connect(), cluster.database.connect());
    holder.batch_execute("START TRANSACTION; SELECT * FROM leaders FOR UPDATE").expect("a lock");

    let mut client = cluster.register_client("one").await;
    let key = access_key("sim", "demo", "demo-secret");
    client.login(std::slice::from_ref(&key)).await.expect("the credential is valid");
    until("the relay to wait for the lock", TAKEOVER_TIMEOUT, || {
        let waiting = waiting(&mut observer);
        async move {
            ensure!(waiting > 0, "no transaction waits for the lock");
            Ok(())
        }
    })
    .await;
    cluster.relay.pause();
    // The server gives the lock to the waiting transaction of the frozen process.
    holder.batch_execute("ROLLBACK").expect("the lock is released");

    let _second = Gateway::role("relay", &cluster.settings).await;
    events(&client, 1).await;
    cluster.relay.resume();
    let mut other = cluster.register_client("other").await;
    other.login(&[key]).await.expect("the credential is valid");
    events(&client, 2).await;
    cluster.relay.check().expect("the relay continues");
}
