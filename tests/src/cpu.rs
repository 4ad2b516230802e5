//! Processor time by process, as the kernel counts it.

use std::fs;
use std::time::Duration;

/// The kernel's `USER_HZ`, which is 100 on every architecture that Linux and Rust share.
const TICK: Duration = Duration::from_millis(10);

/// The name of the measuring process.
pub const LOAD: &str = "load";

/// The name of all processes that are not measured.
pub const OTHERS: &str = "others";

/// Process groups by name. Several groups may share a name.
#[derive(Debug, Default)]
pub struct Meter {
    groups: Vec<(&'static str, u32)>,
}

/// Processor time by name. Only the difference of two samples has a meaning.
#[derive(Clone, Debug)]
pub struct Sample(
    /// Times in the order in which the groups were added.
    pub Vec<(&'static str, Duration)>,
);

impl Meter {
    /// Adds a process group under `name`.
    pub fn add(&mut self, name: &'static str, group: u32) {
        self.groups.push((name, group));
    }

    /// Returns the processor time so far.
    pub fn sample(&self) -> Sample {
        let mut times: Vec<(&'static str, Duration)> = vec![(LOAD, Duration::ZERO)];
        let mut add = |name, time| match times.iter_mut().find(|(known, _)| *known == name) {
            Some((_, total)) => *total += time,
            None => times.push((name, time)),
        };
        self.groups.iter().for_each(|(name, _)| add(name, Duration::ZERO));
        let (own, mut ours) = (std::process::id(), Duration::ZERO);
        for process in fs::read_dir("/proc").into_iter().flatten().flatten() {
            let stat = fs::read_to_string(process.path().join("stat")).unwrap_or_default();
            let Some((pid, group, time)) = process_time(&stat) else { continue };
            let name = match pid == own {
                true => Some(LOAD),
                false => self.groups.iter().find(|(_, known)| *known == group).map(|(name, _)| *name),
            };
            if let Some(name) = name {
                ours += time;
                add(name, time);
            }
        }
        add(OTHERS, busy().saturating_sub(ours));
        Sample(times)
    }
}

impl Sample {
    /// Returns the time used since `earlier`.
    pub fn since(&self, earlier: &Self) -> Self {
        let spent = self.0.iter().zip(&earlier.0);
        Self(spent.map(|((name, now), (_, then))| (*name, now.saturating_sub(*then))).collect())
    }

    /// Returns the time of a name in seconds.
    pub fn seconds(&self, name: &str) -> f64 {
        self.0.iter().find(|(known, _)| *known == name).map_or(0.0, |(_, time)| time.as_secs_f64())
    }
}

/// Parses `/proc/PID/stat`: process id, group, and time of all threads.
fn process_time(stat: &str) -> Option<(u32, u32, Duration)> {
    let (pid, _) = stat.split_once(' ')?;
    // After the name in parentheses, which may contain any character.
    let words: Vec<_> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks: u32 = words.get(11)?.parse::<u32>().ok()? + words.get(12)?.parse::<u32>().ok()?;
    Some((pid.parse().ok()?, words.get(2)?.parse().ok()?, TICK * ticks))
}

/// Returns the busy time of all processors together.
fn busy() -> Duration {
    let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
    let words = stat.lines().next().unwrap_or_default().split_whitespace().skip(1);
    // user nice system (idle iowait) irq softirq steal
    let ticks = words.take(8).enumerate().filter(|(column, _)| !matches!(column, 3 | 4));
    let ticks: u64 = ticks.filter_map(|(_, word)| word.parse::<u64>().ok()).sum();
    Duration::from_millis(10 * ticks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn process_name_with_spaces_and_parentheses_is_skipped() {
        let stat = "7 (a (b) c) S 1 5 7 0 -1 0 1 2 3 4 100 50 9 9 20 0 1 0 1 1 1";
        assert_eq!(process_time(stat), Some((7, 5, Duration::from_millis(1500))));
    }
}
