//! The queue of jobs: as many run at once as there are places for their tests.

use std::sync::{Condvar, Mutex};

use crate::job::Job;
use crate::options::Options;
use crate::outcome::Outcome;

/// Runs jobs in their order, and prints what each printed when it ends. `places` is the number of tests at once.
pub(crate) fn run(jobs: Vec<Job>, places: usize, options: &Options) -> Vec<Outcome> {
    let (free, freed, done) = (Mutex::new(places), Condvar::new(), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for job in jobs {
            let needed = job.threads.min(places);
            let waiting = free.lock().expect("no thread panics");
            *freed.wait_while(waiting, |free| *free < needed).expect("no thread panics") -= needed;
            let (free, freed, done) = (&free, &freed, &done);
            scope.spawn(move || {
                let (outcome, log) = job.run(options);
                let name = &outcome.job;
                print!("=== {name}\n{log}=== {name}: {:.0} s\n", outcome.seconds);
                done.lock().expect("no thread panics").push(outcome);
                *free.lock().expect("no thread panics") += needed;
                freed.notify_one();
            });
        }
    });
    done.into_inner().expect("no thread panics")
}
