//! A tokenizer for Rust that is just good enough to find paths: comments and literals are dropped.

/// A word or a sign of the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    /// An identifier, `::`, or a single character.
    pub(crate) text: String,
    /// The line, from 1.
    pub(crate) line: usize,
}

/// Returns the tokens of a file. A literal is one token `"`, so that it separates its neighbours.
pub(crate) fn tokens(source: &str) -> Vec<Token> {
    let mut found = Vec::new();
    let (mut rest, mut line) = (source, 1);
    while !rest.is_empty() {
        let (text, length) = next(rest);
        if let Some(text) = text {
            found.push(Token { text: text.to_owned(), line });
        }
        line += rest[..length].matches('\n').count();
        rest = &rest[length..];
    }
    found
}

/// Returns the token at the start of the text, if it is one that counts, and its length.
fn next(text: &str) -> (Option<&str>, usize) {
    if text.starts_with("//") {
        return (None, text.find('\n').unwrap_or(text.len()));
    }
    if text.starts_with("/*") {
        return (None, block_comment(text));
    }
    if let Some(length) = raw_string(text) {
        return (Some("\""), length);
    }
    if text.starts_with('"') || text.starts_with("b\"") {
        let start = text.find('"').unwrap_or(0) + 1;
        return (Some("\""), start + quoted(&text[start..], '"'));
    }
    if let Some(length) = character(text) {
        return (Some("\""), length);
    }
    if text.starts_with("::") {
        return (Some("::"), 2);
    }
    let first = text.chars().next().map_or(1, char::len_utf8);
    let word = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    match word {
        0 if text.starts_with(char::is_whitespace) => (None, first),
        0 => (Some(&text[..first]), first),
        length => (Some(&text[..length]), length),
    }
}

fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < text.len() {
        let rest = &text[at..];
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

fn raw_string(text: &str) -> Option<usize> {
    let rest = text.strip_prefix("br").or_else(|| text.strip_prefix('r'))?;
    let hashes = rest.len() - rest.trim_start_matches('#').len();
    if !rest[hashes..].starts_with('"') {
        return None;
    }
    let start = text.len() - rest.len() + hashes + 1;
    let end = format!("\"{}", "#".repeat(hashes));
    Some(text[start..].find(&end).map_or(text.len(), |at| start + at + end.len()))
}

/// Returns the length up to and with the closing quote.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Returns the length of a character literal or a lifetime.
fn character(text: &str) -> Option<usize> {
    let rest = text.strip_prefix('\'').or_else(|| text.strip_prefix("b'"))?;
    let start = text.len() - rest.len();
    let mut chars = rest.char_indices();
    let (_, first) = chars.next()?;
    let (second_at, second) = chars.next()?;
    if first != '\\' && second != '\'' {
        // A lifetime: its name ends where no more letters follow.
        return Some(start + rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len()));
    }
    if first != '\\' {
        return Some(start + second_at + 1);
    }
    Some(start + quoted(rest, '\''))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(source: &str) -> Vec<String> {
        tokens(source).into_iter().map(|token| token.text).collect()
    }

    #[test]
    fn comments_and_literals_hide_their_content() {
        let source = r##"a /* b /* c */ d */ "e\" f" r#"g " h"# 'i' '\'' b'\\' k // l"##;
        assert_eq!(words(source), ["a", "\"", "\"", "\"", "\"", "\"", "k"]);
        assert_eq!(words("fn f<'a>(x: &'a str)").join(" "), "fn f < \" > ( x : & \" str )");
        assert_eq!(words("super::x::{Y}").join(" "), "super :: x :: { Y }");
    }

    #[test]
    fn tokens_know_their_line() {
        let found = tokens("a\n/* \n */ b \"\n\" c");
        assert_eq!(found.iter().map(|token| token.line).collect::<Vec<_>>(), [1, 3, 3, 4]);
    }
}
