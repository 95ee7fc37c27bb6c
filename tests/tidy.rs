//! Do the sources keep the house rules that a machine can see?

use std::path::{Path, PathBuf};
use std::{env, fs};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust source of the workspace, with its path from the root and its text.
fn sources() -> Vec<(String, String)> {
    let mut folders: Vec<PathBuf> =
        ["crates", "examples", "tests", "benches"].map(|name| root().join(name)).to_vec();
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of the project") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root()).expect("below the root").to_string_lossy();
                let text = fs::read_to_string(&path).expect("a source is text");
                sources.push((name.replace('\\', "/"), text));
            }
        }
    }
    assert!(sources.len() > 60, "only {} sources found", sources.len());
    sources
}

/// The lines of a source that are code, with their numbers; comments are left out.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().enumerate().map(|(i, line)| (i + 1, line));
    lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// Asserts that no line of code outside the allowed files contains one of the words.
fn assert_absent(words: &[&str], allowed: impl Fn(&str) -> bool) {
    let mut found = Vec::new();
    for (name, text) in sources().iter().filter(|(name, _)| !allowed(name)) {
        for (number, line) in code(text) {
            if words.iter().any(|word| line.contains(word)) {
                found.push(format!("{name}:{number}: {}", line.trim()));
            }
        }
    }
    assert!(found.is_empty(), "{words:?} in\n{}", found.join("\n"));
}

const THIS: &str = "tests/tidy.rs";

#[test]
fn every_source_opens_with_its_question() {
    for (name, text) in sources() {
        assert!(text.starts_with("//! "), "{name} does not open with //!");
    }
}

#[test]
fn unsafe_is_fenced_in() {
    // The bench of products calls a peer's function, which is unsafe.
    let allowed = [THIS, "benches/gemm.rs"];
    assert_absent(&["unsafe {", "unsafe fn", "unsafe impl"], |name| {
        allowed.contains(&name) || name.starts_with("crates/kernels/")
    });
    for name in ["autograd", "layers", "gan", "lab"] {
        let text = fs::read_to_string(root().join("crates").join(name).join("src/lib.rs"));
        assert!(text.expect("a crate has a lib.rs").contains("#![forbid(unsafe_code)]"), "{name}");
    }
    let kernels = sources().into_iter().filter(|(name, _)| name.starts_with("crates/kernels/"));
    let lines: usize = kernels
        .map(|(_, text)| code(&text).filter(|(_, line)| line.contains("unsafe")).count())
        .sum();
    assert!(lines < 100, "{lines} lines with unsafe");
}

#[test]
fn threads_are_named_in_one_file() {
    assert_absent(&["rayon::", "thread::spawn", "thread::scope"], |name| {
        name.ends_with("kernels/src/par.rs")
            // A server's threads wait for somebody to say something; they share no numbers.
            || name == "examples/playground/server.rs"
            || name.contains("test")
            || name.starts_with("benches/")
    });
}

#[test]
fn nothing_is_left_to_be_done() {
    assert_absent(&["todo!(", "unimplemented!(", "dbg!(", "TODO", "FIXME"], |name| name == THIS);
}

#[test]
fn no_randomness_is_hidden() {
    let generators = ["thread_rng", "rand::rng()", "StdRng", "from_entropy", "from_os_rng"];
    assert_absent(&generators, |name| name == THIS);
}

#[test]
fn every_example_has_a_smoke_test() {
    // Of an example in a folder of its own, the program is `main.rs`.
    let is_program = |name: &str| {
        let parts: Vec<&str> = name.split('/').collect();
        parts[0] == "examples" && (parts.len() == 2 || parts[2] == "main.rs")
    };
    for (name, text) in sources().iter().filter(|(name, _)| is_program(name)) {
        // The flags are its own, or those of a program that it is one of.
        let has_smoke = text.contains("smoke: bool") || text.contains("PROGRAM.main()");
        assert!(has_smoke, "{name} has no --smoke");
    }
}

#[test]
fn the_front_page_names_what_exists() {
    let readme = fs::read_to_string(root().join("README.md")).expect("a front page");
    let start = readme.lines().take(12).collect::<Vec<_>>().join("\n");
    for command in ["cargo run --release --example gaussian_gan", "cargo test --workspace"] {
        assert!(start.contains(command), "the first screen lacks `{command}`");
    }
    for example in readme.split("--example ").skip(1) {
        let name: String =
            example.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        let place = root().join("examples").join(&name);
        assert!(place.with_extension("rs").exists() || place.join("main.rs").exists(), "{name}");
    }
}

#[test]
fn links_between_pages_lead_somewhere() {
    let mut pages: Vec<PathBuf> =
        ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"].map(|name| root().join(name)).to_vec();
    for entry in fs::read_dir(root().join("docs")).expect("the chapters") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "md") {
            pages.push(path);
        }
    }
    let mut checked = 0;
    for page in pages {
        let text = fs::read_to_string(&page).expect("a page is text");
        let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for target in targets.filter(|target| !target.starts_with("http")) {
            let file = target.split('#').next().unwrap_or_default();
            if !file.is_empty() {
                let folder = page.parent().expect("a page is in a folder");
                assert!(folder.join(file).exists(), "{} links to {target}", page.display());
                checked += 1;
            }
        }
    }
    assert!(checked > 10, "only {checked} links found");
}
