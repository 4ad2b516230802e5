//! AMQP topic patterns: words between dots, where `*` is one word and `#` any number of words.

use gateway_core::{Error, Result};

/// The longest routing key or pattern that AMQP carries.
const MAX_BYTES: usize = 255;

/// Returns whether a routing key matches a pattern.
pub(crate) fn matches(pattern: &str, key: &str) -> bool {
    fit(&words(pattern), &words(key))
}

/// Refuses a routing key or pattern that AMQP cannot carry. `gateway_core::document::event::word` makes words that fit.
pub(crate) fn check(text: &str) -> Result<()> {
    if text.len() > MAX_BYTES {
        return Err(Error::invalid(format!(
            "routing key of {} bytes is too long; the limit is {MAX_BYTES} bytes",
            text.len()
        )));
    }
    Ok(())
}

fn words(text: &str) -> Vec<&str> {
    if text.is_empty() { Vec::new() } else { text.split('.').collect() }
}

/// Matches row by row over the pattern, so that many `#` cost no more than the product of both lengths.
fn fit(pattern: &[&str], key: &[&str]) -> bool {
    // `reached[n]`: the pattern up to here matches the first n words of the key.
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
    fn patterns_match_as_on_the_broker() {
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
