//! The order of the loads.

use std::time::Duration;

use gateway_tests::cpu::Sample;

use crate::arrivals;
use crate::callers::{self, Caller};
use crate::echo_client::Echo;
use crate::http_client::{self, HttpCaller};
use crate::numbers::Numbers;
use crate::options::Options;
use crate::stage::Stage;

/// Before each count: caches, connections and the kernel's idea of who needs the processor settle.
const WARM_UP: Duration = Duration::from_millis(700);

/// How long arrivals go on.
const OPEN_SPAN: Duration = Duration::from_secs(10);

/// Arrivals, as a part of the capacity.
pub(crate) const HALF: f64 = 0.5;

/// What was found out about one load.
pub(crate) struct Finding {
    pub(crate) name: &'static str,
    /// Answers a second, in each round.
    pub(crate) rate: Numbers,
    /// Milliseconds, at half the median rate.
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    /// Processor seconds of the rounds by process, and the answers they were spent on.
    pub(crate) cpu: Vec<Sample>,
    pub(crate) answers: u64,
    pub(crate) seconds: f64,
}

/// One load: its callers, and what is known so far.
struct Load<C> {
    callers: Vec<C>,
    finding: Finding,
}

/// All loads, in rounds, and then at half their rates.
pub(crate) async fn all(stage: &mut Stage, options: &Options) -> anyhow::Result<[Finding; 3]> {
    let connection = stage.echo.connect().await;
    let echo = Echo::open(&connection, &stage.exchange).await?;
    let mut echo = Load::new("echo", vec![echo; options.callers]);
    let mut item = Load::new("item", http_callers(stage, options, &stage.items).await?);
    let list = std::slice::from_ref(&stage.list);
    let mut list = Load::new("list of 50", http_callers(stage, options, list).await?);
    for round in 1..=options.rounds {
        echo.round(stage, options).await?;
        item.round(stage, options).await?;
        list.round(stage, options).await?;
        let rates = [&echo.finding, &item.finding, &list.finding].map(|load| load.rate.0[round - 1].round());
        eprintln!("round {round}: {} echoes/s, {} items/s, {} lists/s", rates[0], rates[1], rates[2]);
    }
    Ok([echo.open().await?, item.open().await?, list.open().await?])
}

async fn http_callers(stage: &Stage, options: &Options, paths: &[String]) -> anyhow::Result<Vec<HttpCaller>> {
    let url = stage.cluster.front.url();
    let requests = http_client::requests(url, &stage.token, paths);
    let mut callers = Vec::with_capacity(options.callers);
    for number in 0..options.callers {
        // Spread over the paths, so that no two read the same at the same time.
        let first = number * paths.len() / options.callers;
        callers.push(HttpCaller::connect(url, &requests, first).await?);
    }
    Ok(callers)
}

impl<C: Caller> Load<C> {
    fn new(name: &'static str, callers: Vec<C>) -> Self {
        let rate = Numbers::default();
        let finding = Finding { name, rate, p50: 0.0, p99: 0.0, cpu: Vec::new(), answers: 0, seconds: 0.0 };
        Self { callers, finding }
    }

    async fn round(&mut self, stage: &Stage, options: &Options) -> anyhow::Result<()> {
        let (_, callers) = callers::drive(std::mem::take(&mut self.callers), WARM_UP).await?;
        let (before, start) = (stage.cpu.sample(), std::time::Instant::now());
        let (answers, callers) = callers::drive(callers, options.span).await?;
        let seconds = start.elapsed().as_secs_f64();
        self.callers = callers;
        self.finding.cpu.push(stage.cpu.sample().since(&before));
        self.finding.rate.0.push(answers as f64 / seconds);
        self.finding.answers += answers;
        self.finding.seconds += seconds;
        Ok(())
    }

    async fn open(mut self) -> anyhow::Result<Finding> {
        let rate = self.finding.rate.median() * HALF;
        let (mut latencies, _) = arrivals::drive(self.callers, rate, OPEN_SPAN).await?;
        self.finding.p50 = latencies.percentile(0.50);
        self.finding.p99 = latencies.percentile(0.99);
        eprintln!("{}: {rate:.0} arrivals/s, p99 {:.1} ms", self.finding.name, self.finding.p99);
        Ok(self.finding)
    }
}

impl Finding {
    /// Processor microseconds for one answer, by process.
    pub(crate) fn cost(&self, process: &str) -> f64 {
        let seconds: f64 = self.cpu.iter().map(|sample| sample.seconds(process)).sum();
        seconds * 1e6 / self.answers as f64
    }

    /// Processors that were busy with it.
    pub(crate) fn cores(&self, process: &str) -> f64 {
        self.cpu.iter().map(|sample| sample.seconds(process)).sum::<f64>() / self.seconds
    }
}
