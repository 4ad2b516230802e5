//! Paths in a file: what it imports, what it uses in place, and which modules it keeps for tests.

use crate::tokens::{Token, tokens};

/// A path such as `crate::driver::Step`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Path {
    /// Its segments; the last one is `*` for a glob.
    pub(crate) segments: Vec<String>,
    /// The name that it has in the file: the last segment, or the one after `as`.
    pub(crate) name: String,
    /// The line, from 1.
    pub(crate) line: usize,
}

/// The paths of one file, code under `#[cfg(test)]` left out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Paths {
    /// Paths in `use` declarations, one for each name.
    pub(crate) imports: Vec<Path>,
    /// Paths of at least two segments elsewhere.
    pub(crate) others: Vec<Path>,
    /// Modules that are declared under `#[cfg(test)]`, by their file's name without its ending.
    pub(crate) test_modules: Vec<String>,
}

impl Paths {
    /// Reads a file.
    pub(crate) fn read(source: &str) -> Self {
        let mut paths = Self::default();
        let tokens = paths.without_tests(&tokens(source));
        let mut at = 0;
        while at < tokens.len() {
            match tokens[at].text.as_str() {
                "use" => at = paths.import(&tokens, at + 1),
                word if is_name(word) => at = paths.other(&tokens, at),
                _ => at += 1,
            }
        }
        paths
    }

    /// Every path of the file.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Path> {
        self.imports.iter().chain(&self.others)
    }

    /// Drops each item that stands behind `#[cfg(test)]`.
    fn without_tests(&mut self, tokens: &[Token]) -> Vec<Token> {
        let mut kept = Vec::new();
        let mut at = 0;
        while at < tokens.len() {
            if starts(&tokens[at..], &["#", "[", "cfg", "(", "test", ")", "]"]) {
                let end = end_of_item(tokens, at + 7);
                self.test_modules.extend(declared_module(&tokens[at + 7..end]));
                at = end;
            } else {
                kept.push(tokens[at].clone());
                at += 1;
            }
        }
        kept
    }

    fn import(&mut self, tokens: &[Token], start: usize) -> usize {
        let end =
            tokens[start..].iter().position(|token| token.text == ";").map_or(tokens.len(), |at| start + at);
        expand(&tokens[start..end], &[], &mut self.imports);
        end + 1
    }

    fn other(&mut self, tokens: &[Token], start: usize) -> usize {
        let mut segments = vec![tokens[start].text.clone()];
        let mut at = start + 1;
        while at + 1 < tokens.len() && tokens[at].text == "::" && is_name(&tokens[at + 1].text) {
            segments.push(tokens[at + 1].text.clone());
            at += 2;
        }
        if let [_, .., name] = &segments[..] {
            self.others.push(Path { name: name.clone(), segments, line: tokens[start].line });
        }
        at
    }
}

/// Expands a tree of imports into one path for each name.
fn expand(tree: &[Token], prefix: &[String], found: &mut Vec<Path>) {
    let (mut segments, mut at) = (prefix.to_vec(), 0);
    while at < tree.len() {
        match tree[at].text.as_str() {
            "::" => at += 1,
            "{" => {
                split_at_commas(&tree[at + 1..tree.len() - 1])
                    .into_iter()
                    .for_each(|part| expand(part, &segments, found));
                return;
            }
            "as" => break,
            word => {
                segments.push(word.to_owned());
                at += 1;
            }
        }
    }
    if segments.last().is_some_and(|last| last == "self") && segments.len() > 1 {
        segments.pop();
    }
    let Some(last) = segments.last().cloned() else { return };
    let name = tree.get(at + 1).map_or(last, |token| token.text.clone());
    found.push(Path { segments, name, line: tree.first().map_or(0, |token| token.line) });
}

fn split_at_commas(tree: &[Token]) -> Vec<&[Token]> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, token) in tree.iter().enumerate() {
        match token.text.as_str() {
            "{" => depth += 1,
            "}" => depth -= 1,
            "," if depth == 0 => {
                parts.push(&tree[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&tree[start..]);
    parts.retain(|part| !part.is_empty());
    parts
}

fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

fn starts(tokens: &[Token], words: &[&str]) -> bool {
    tokens.len() >= words.len() && tokens.iter().zip(words).all(|(token, word)| token.text == *word)
}

/// Returns the position after the item that starts here, with further attributes in front of it.
fn end_of_item(tokens: &[Token], start: usize) -> usize {
    let (mut depth, mut at) = (0_usize, start);
    while at < tokens.len() {
        match tokens[at].text.as_str() {
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => {
                // The end of what surrounds the item: a last field or variant.
                if depth == 0 {
                    return at;
                }
                depth -= 1;
                let is_attribute = tokens[at].text == "]" && depth == 0;
                if depth == 0 && tokens[at].text == "}" && !is_attribute {
                    return at + 1;
                }
            }
            ";" | "," if depth == 0 => return at + 1,
            _ => {}
        }
        at += 1;
    }
    at
}

/// Returns the name of the module that an item `mod NAME;` declares.
fn declared_module(item: &[Token]) -> Option<String> {
    let at = item.iter().position(|token| token.text == "mod")?;
    (item.get(at + 2)?.text == ";").then(|| item[at + 1].text.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(paths: &[Path]) -> Vec<String> {
        paths.iter().map(|path| format!("{} = {}", path.name, path.segments.join("::"))).collect()
    }

    #[test]
    fn trees_of_imports_are_expanded() {
        let paths = Paths::read("pub(crate) use super::{a::{self, B as C}, d::*};\nuse x;");
        assert_eq!(joined(&paths.imports), ["a = super::a", "C = super::a::B", "* = super::d::*", "x = x"]);
    }

    #[test]
    fn code_for_tests_is_left_out() {
        let source = "use a::B;\n#[cfg(test)]\nmod tests { use c::D; }\n#[cfg(test)]\n#[path = \"e\"]\nmod f_test;\n\
                      #[cfg(test)]\nuse g::H;\nfn i() { j::K::l() }";
        let paths = Paths::read(source);
        assert_eq!(joined(&paths.imports), ["B = a::B"]);
        assert_eq!(joined(&paths.others), ["l = j::K::l"]);
        assert_eq!(paths.test_modules, ["f_test"]);
    }
}
