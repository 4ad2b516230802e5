//! A process that freezes, instead of dying, at the worst moment: with a lock of the database in its hand.

use std::time::Duration;

use anyhow::ensure;
use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use gateway_tests::client::access_key;
use gateway_tests::{Client, Cluster, Gateway, Simulator, until};

/// The server ends what a frozen process has begun after 5 s; the rest is for a machine that is busy.
const TAKEN_OVER: Duration = Duration::from_secs(30);

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// Transactions of the gateway that wait for a lock.
fn waiting(connection: &mut MysqlConnection) -> i64 {
    let transactions = "SELECT COUNT(*) AS n FROM information_schema.INNODB_TRX t \
                        JOIN information_schema.PROCESSLIST p ON p.ID = t.trx_mysql_thread_id \
                        WHERE p.DB = DATABASE() AND t.trx_state = 'LOCK WAIT'";
    diesel::sql_query(transactions).get_result::<Count>(connection).expect("root may look").n
}

async fn events(client: &Client, expected: usize) {
    until("events", TAKEN_OVER, || async {
        let events = client.events(0).await?;
        ensure!(events.len() == expected, "{} of {expected}", events.len());
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_relay_that_freezes_inside_a_transaction_is_taken_over_from() {
    let simulator = Simulator::start().await;
    // Without pollers the only events are those that this test makes.
    let mut cluster = Cluster::plan("frozen").pollers(0).set("relay.lease_seconds", 3).start().await;
    cluster.add_cloud("sim", "simulator", simulator.url(), &[]).await;
    let (mut holder, mut observer) = (cluster.database.connect(), cluster.database.connect());
    holder.batch_execute("START TRANSACTION; SELECT * FROM leaders FOR UPDATE").expect("a lock");

    let mut client = cluster.register_client("one").await;
    let key = access_key("sim", "demo", "demo-secret");
    client.login(std::slice::from_ref(&key)).await.expect("the proof is good");
    until("the relay to want to lead", TAKEN_OVER, || {
        let waiting = waiting(&mut observer);
        async move {
            ensure!(waiting > 0, "nobody waits for the lock");
            Ok(())
        }
    })
    .await;
    cluster.relay.pause();
    // The server gives the lock to the transaction that waits, whose process does not know of it.
    holder.batch_execute("ROLLBACK").expect("the lock is given back");

    let _second = Gateway::role("relay", &cluster.settings).await;
    events(&client, 1).await;
    cluster.relay.resume();
    let mut other = cluster.register_client("other").await;
    other.login(&[key]).await.expect("the proof is good");
    events(&client, 2).await;
    cluster.relay.check().expect("it went on");
}
