//! Which messages do the assertions of a crate have, and which do its own tests expect?

use std::fs;
use std::path::Path;

/// The sources of a crate, without comments.
pub(crate) fn sources(name: &str) -> Vec<String> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("crates").join(name)];
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("the sources are there") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let source = fs::read_to_string(path).expect("a source is text");
                let code = source.lines().filter(|line| !line.trim_start().starts_with("//"));
                sources.push(code.collect::<Vec<_>>().join("\n"));
            }
        }
    }
    sources
}

/// The messages of the assertions outside of tests, each up to a hint.
pub(crate) fn asserted(source: &str) -> Vec<String> {
    // Nothing that a program can rely on.
    let source = source.replace("debug_assert", "");
    let tested = ["#![cfg(test)]", "#[test]", "#[cfg(test)]\nmod tests"];
    let end = tested.iter().filter_map(|mark| source.find(mark)).min().unwrap_or(source.len());
    let macros = ["assert!(", "assert_eq!(", "assert_ne!(", "panic!("];
    macros.iter().flat_map(|mark| texts_after(&source[..end], mark)).collect()
}

/// The reports that the crate's own tests ask for.
pub(crate) fn expected(source: &str) -> Vec<String> {
    ["report:", "should_panic("].iter().flat_map(|mark| texts_after(source, mark)).collect()
}

/// The first line of the text that follows each mark.
fn texts_after(source: &str, mark: &str) -> Vec<String> {
    source.split(mark).skip(1).filter_map(|rest| Some(text(rest.split_once('"')?.1))).collect()
}

/// The first line of the text that starts here, behind its quotation mark.
fn text(code: &str) -> String {
    let mut text = String::new();
    let mut letters = code.chars().peekable();
    while let Some(letter) = letters.next() {
        match (letter, letters.peek()) {
            ('"', _) | ('\\', Some('n')) => break,
            // A line that goes on in the next one.
            ('\\', Some('\n')) => while letters.next_if(|next| next.is_whitespace()).is_some() {},
            ('\\', _) => text.extend(letters.next()),
            _ => text.push(letter),
        }
    }
    text.trim_end().to_owned()
}

/// Whether a message can read so: what is in braces stands for anything.
pub(crate) fn fits(message: &str, text: &str) -> bool {
    let mut words = message.split('{').map(|part| part.split_once('}').map_or(part, |part| part.1));
    let first = words.next().expect("a split has a part");
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    for word in words {
        let Some((_, behind)) = rest.split_once(word) else { return false };
        rest = behind;
    }
    rest.is_empty() || message.ends_with('}')
}
