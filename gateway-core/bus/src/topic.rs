//! AMQP topic patterns: words between dots; `*` is one word, `#` any number of them.

use gateway_core::{Error, Result};

/// Longest routing key or pattern that AMQP carries.
const MAX_BYTES: usize = 255;

/// Whether a routing key fits a pattern.
pub(crate) fn matches(pattern: &str, key: &str) -> bool {
    fit(&words(pattern), &words(key))
}

/// Refuses what AMQP cannot carry as a routing key or pattern.
pub(crate) fn check(text: &str) -> Result<()> {
    if text.len() > MAX_BYTES {
        return Err(Error::invalid(format!("a routing key or pattern has at most {MAX_BYTES} bytes")));
    }
    Ok(())
}

fn words(text: &str) -> Vec<&str> {
    if text.is_empty() { Vec::new() } else { text.split('.').collect() }
}

/// Row by row over the pattern, so that many `#` cost no more than pattern times key.
fn fit(pattern: &[&str], key: &[&str]) -> bool {
    // `reached[n]`: the pattern up to here can have taken the first n words of the key.
    let mut reached = vec![false; key.len() + 1];
    reached[0] = true;
    for word in pattern {
        let mut next = vec![false; key.len() + 1];
        for taken in 0..=key.len() {
            next[taken] = match *word {
                "#" => reached[taken] || (taken > 0 && next[taken - 1]),
                "*" => taken > 0 && reached[taken - 1],
                literal => taken > 0 && reached[taken - 1] && key[taken - 1] == literal,
            };
        }
        reached = next;
    }
    reached[key.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_mean_what_the_broker_means_by_them() {
        for (pattern, key, expected) in [
            ("a.b.c", "a.b.c", true),
            ("a.b.c", "a.b", false),
            ("a.*.c", "a.b.c", true),
            ("a.*", "a.b.c", false),
            ("a.#", "a", true),
            ("a.#", "a.b.c", true),
            ("#.c", "a.b.c", true),
            ("#", "", true),
            ("#", "a.b", true),
            ("*", "", false),
            ("#.b.#", "a.b.c", true),
            ("#.b.#", "a.c", false),
            ("*.#", "a", true),
            ("*.*.#", "a", false),
        ] {
            assert_eq!(matches(pattern, key), expected, "{pattern} on {key}");
        }
    }
}
