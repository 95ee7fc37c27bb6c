//! Do the sources keep the house rules that a machine can see?

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust source of the workspace, with its path from the root and its text.
fn sources() -> Vec<(String, String)> {
    let mut folders: Vec<PathBuf> = ["crates", "examples", "tests", "benches", "fuzz/fuzz_targets"]
        .map(|name| root().join(name))
        .to_vec();
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

/// Asserts that no line of code contains one of the words but in the allowed files, each of which
/// does. This file, which names them, is always allowed.
fn assert_absent(words: &[&str], allowed: &[&str]) {
    let (mut found, mut needed) = (Vec::new(), BTreeSet::new());
    for (name, text) in sources().iter().filter(|(name, _)| name != THIS) {
        for (number, line) in code(text) {
            if words.iter().any(|word| line.contains(word)) {
                match allowed.iter().find(|allowed| name == *allowed) {
                    Some(allowed) => drop(needed.insert(*allowed)),
                    None => found.push(format!("{name}:{number}: {}", line.trim())),
                }
            }
        }
    }
    assert!(found.is_empty(), "{words:?} in\n{}", found.join("\n"));
    assert_eq!(
        needed,
        allowed.iter().copied().collect(),
        "files that need to be allowed {words:?}"
    );
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
    let (mut in_kernels, mut elsewhere) = (0, BTreeSet::new());
    for (name, text) in sources().iter().filter(|(name, _)| name != THIS) {
        let words = ["unsafe {", "unsafe fn", "unsafe impl", "unsafe extern"];
        let lines: Vec<&str> = code(text).map(|(_, line)| line).collect();
        if name.starts_with("crates/kernels/") {
            in_kernels += lines.iter().filter(|line| line.contains("unsafe")).count();
        } else if lines.iter().any(|line| words.iter().any(|word| line.contains(word))) {
            elsewhere.insert(name.clone());
        }
    }
    println!("{in_kernels} lines with unsafe, all in the kernels");
    assert!(in_kernels < 80, "{in_kernels} lines with unsafe");
    // It calls a peer's function, which is unsafe.
    assert_eq!(elsewhere, BTreeSet::from(["benches/gemm.rs".to_owned()]));
    for name in ["autograd", "layers", "gan", "lab"] {
        let text = fs::read_to_string(root().join("crates").join(name).join("src/lib.rs"));
        assert!(text.expect("a crate has a lib.rs").contains("#![forbid(unsafe_code)]"), "{name}");
    }
}

#[test]
fn threads_are_named_in_one_file() {
    let words = ["rayon::", "use rayon", "thread::spawn", "thread::scope", "thread::Builder"];
    let allowed = [
        "crates/kernels/src/par.rs",
        // A server's threads wait for somebody to say something; they share no numbers.
        "examples/playground/server.rs",
        // Tests with a small stack, of programs side by side, and of every number there is.
        "crates/autograd/src/graph.rs",
        "crates/autograd/src/threads.rs",
        "crates/kernels/src/vecmath/tests.rs",
        "tests/graphs.rs",
        "tests/playground.rs",
        // As many at once as the CPU has cores, to see how fast it can be.
        "benches/probe.rs",
        "benches/roof.rs",
    ];
    assert_absent(&words, &allowed);
}

#[test]
fn nothing_is_left_to_be_done() {
    assert_absent(&["todo!(", "unimplemented!(", "dbg!(", "TODO", "FIXME"], &[]);
}

#[test]
fn no_randomness_is_hidden() {
    let seeded_by_chance = ["thread_rng", "ThreadRng", "rand::rng()", "rand::random", "StdRng"];
    assert_absent(&seeded_by_chance, &[]);
    assert_absent(&["from_entropy", "from_os_rng", "OsRng", "fastrand", "getrandom"], &[]);
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
