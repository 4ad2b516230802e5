//! Members of a process group.

use std::fs;

/// Returns the number of running processes in `group`, without zombies.
pub fn alive(group: u32) -> usize {
    let group = group.to_string();
    let processes = fs::read_dir("/proc").expect("Linux has /proc").flatten();
    processes
        .filter_map(|process| fs::read_to_string(process.path().join("stat")).ok())
        .filter(|stat| {
            // After the name in parentheses: state, parent, group.
            let mut words = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace();
            let (state, of) = (words.next(), words.nth(1));
            !matches!(state, Some("Z" | "X")) && of == Some(group.as_str())
        })
        .count()
}
