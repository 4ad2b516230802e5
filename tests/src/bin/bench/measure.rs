//! The sequence of the loads.

use std::time::Duration;

use gateway_tests::cpu::Sample;

use crate::arrivals;
use crate::callers::{self, Caller};
use crate::echo_client::Echo;
use crate::environment::Environment;
use crate::http_client::{self, HttpCaller};
use crate::measurements::Measurements;
use crate::options::Options;

/// The time before each measurement in which caches, connections and the scheduler settle.
const WARM_UP: Duration = Duration::from_millis(700);

/// The duration of the open loop.
const OPEN_SPAN: Duration = Duration::from_secs(10);

/// The rate of the open loop, as a part of the capacity.
pub(crate) const HALF: f64 = 0.5;

/// The result of one load.
pub(crate) struct LoadResult {
    pub(crate) name: &'static str,
    /// Answers per second in each round.
    pub(crate) rate: Measurements,
    /// Latency in milliseconds at half the median rate.
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    /// Processor time of each round by process.
    pub(crate) cpu: Vec<Sample>,
    pub(crate) answers: u64,
    pub(crate) seconds: f64,
}

/// A load with its callers and its result so far.
struct Load<C> {
    callers: Vec<C>,
    result: LoadResult,
}

/// Measures all loads in rounds, and then at half their rates.
pub(crate) async fn all(env: &mut Environment, options: &Options) -> anyhow::Result<[LoadResult; 3]> {
    let connection = env.echo.connect().await;
    let echo = Echo::open(&connection, &env.exchange).await?;
    let mut echo = Load::new("echo", vec![echo; options.callers]);
    let mut item = Load::new("item", http_callers(env, options, &env.items).await?);
    let list = std::slice::from_ref(&env.list);
    let mut list = Load::new("list of 50", http_callers(env, options, list).await?);
    for round in 1..=options.rounds {
        echo.round(env, options).await?;
        item.round(env, options).await?;
        list.round(env, options).await?;
        let rates = [&echo.result, &item.result, &list.result].map(|load| load.rate.0[round - 1].round());
        eprintln!("round {round}: {} echoes/s, {} items/s, {} lists/s", rates[0], rates[1], rates[2]);
    }
    Ok([echo.open().await?, item.open().await?, list.open().await?])
}

async fn http_callers(
    env: &Environment,
    options: &Options,
    paths: &[String],
) -> anyhow::Result<Vec<HttpCaller>> {
    let url = env.cluster.front.url();
    let requests = http_client::requests(url, &env.token, paths);
    let mut callers = Vec::with_capacity(options.callers);
    for number in 0..options.callers {
        // Spread over the paths, so that callers read different items at the same time.
        let first = number * paths.len() / options.callers;
        callers.push(HttpCaller::connect(url, &requests, first).await?);
    }
    Ok(callers)
}

impl<C: Caller> Load<C> {
    fn new(name: &'static str, callers: Vec<C>) -> Self {
        let rate = Measurements::default();
        let result = LoadResult { name, rate, p50: 0.0, p99: 0.0, cpu: Vec::new(), answers: 0, seconds: 0.0 };
        Self { callers, result }
    }

    async fn round(&mut self, env: &Environment, options: &Options) -> anyhow::Result<()> {
        let (_, callers) = callers::drive(std::mem::take(&mut self.callers), WARM_UP).await?;
        let (before, start) = (env.cpu.sample(), std::time::Instant::now());
        let (answers, callers) = callers::drive(callers, options.span).await?;
        let seconds = start.elapsed().as_secs_f64();
        self.callers = callers;
        self.result.cpu.push(env.cpu.sample().since(&before));
        self.result.rate.0.push(answers as f64 / seconds);
        self.result.answers += answers;
        self.result.seconds += seconds;
        Ok(())
    }

    async fn open(mut self) -> anyhow::Result<LoadResult> {
        let rate = self.result.rate.median() * HALF;
        let (mut latencies, _) = arrivals::drive(self.callers, rate, OPEN_SPAN).await?;
        self.result.p50 = latencies.percentile(0.50);
        self.result.p99 = latencies.percentile(0.99);
        eprintln!("{}: {rate:.0} arrivals/s, p99 {:.1} ms", self.result.name, self.result.p99);
        Ok(self.result)
    }
}

impl LoadResult {
    /// Returns the processor microseconds of `process` per answer.
    pub(crate) fn cost(&self, process: &str) -> f64 {
        let seconds: f64 = self.cpu.iter().map(|sample| sample.seconds(process)).sum();
        seconds * 1e6 / self.answers as f64
    }

    /// Returns the number of cores that `process` used.
    pub(crate) fn cores(&self, process: &str) -> f64 {
        self.cpu.iter().map(|sample| sample.seconds(process)).sum::<f64>() / self.seconds
    }
}
