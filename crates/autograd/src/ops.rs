//! Which ops are there?
//!
//! One file for each family. An op is one block: formula, struct, numbers, derivative, method,
//! and a case with which the tests differentiate it twice.

pub mod arithmetic;
pub mod blocks;
#[cfg(test)]
pub(crate) mod case;
pub mod choice;
pub mod conv;
pub mod elementary;
pub mod gather;
pub mod loss;
pub mod matmul;
pub mod norm;
pub mod piecewise;
pub mod pool;
mod rectified;
pub mod reduce;
pub mod resample;
pub mod shape;
pub mod sliding;
pub mod softmax;
pub mod standardise;
pub mod upsample_conv;

#[cfg(test)]
mod tests {
    use super::case::{Case, Mistake};
    use super::*;
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    fn cases() -> impl Iterator<Item = &'static Case> {
        [
            arithmetic::CASES,
            blocks::CASES,
            choice::CASES,
            conv::CASES,
            elementary::CASES,
            gather::CASES,
            loss::CASES,
            matmul::CASES,
            norm::CASES,
            piecewise::CASES,
            pool::CASES,
            reduce::CASES,
            reduce::maxima::CASES,
            reduce::variance::CASES,
            resample::CASES,
            shape::CASES,
            softmax::CASES,
            standardise::CASES,
            upsample_conv::CASES,
        ]
        .into_iter()
        .flatten()
    }

    fn mistakes() -> impl Iterator<Item = &'static Mistake> {
        [
            arithmetic::MISTAKES,
            blocks::MISTAKES,
            choice::MISTAKES,
            conv::MISTAKES,
            gather::MISTAKES,
            loss::MISTAKES,
            matmul::MISTAKES,
            norm::MISTAKES,
            piecewise::MISTAKES,
            pool::MISTAKES,
            reduce::MISTAKES,
            reduce::maxima::MISTAKES,
            reduce::variance::MISTAKES,
            resample::MISTAKES,
            shape::MISTAKES,
            softmax::MISTAKES,
            standardise::MISTAKES,
            upsample_conv::MISTAKES,
        ]
        .into_iter()
        .flatten()
    }

    /// The sources of this folder and of those in it, without their tests.
    fn sources() -> Vec<String> {
        sources_in(concat!(env!("CARGO_MANIFEST_DIR"), "/src/ops").as_ref())
    }

    fn sources_in(folder: &Path) -> Vec<String> {
        let mut sources = Vec::new();
        for file in fs::read_dir(folder).expect("the sources are there") {
            let path = file.unwrap().path();
            if path.is_dir() {
                sources.extend(sources_in(&path));
            } else {
                let text = fs::read_to_string(path).unwrap();
                sources.push(text.split("#[cfg(test)]\nmod tests").next().unwrap().to_owned());
            }
        }
        sources
    }

    /// Each public method that makes a tensor: its name, and its docs and attributes.
    fn methods() -> Vec<(String, String)> {
        let mut methods = Vec::new();
        for source in sources() {
            let mut head = String::new();
            for line in source.lines().map(str::trim) {
                if line.starts_with("///") || line.starts_with("#[") {
                    head += line;
                } else if let Some(rest) = line.strip_prefix("pub fn ") {
                    let name = rest.split(['(', '<']).next().unwrap().to_owned();
                    methods.push((name, std::mem::take(&mut head)));
                } else {
                    head.clear();
                }
            }
        }
        assert!(methods.len() > 50, "found only {methods:?}");
        methods
    }

    #[test]
    fn every_op_passes_the_check_to_second_order() {
        let failures: Vec<String> = cases().filter_map(|case| case.check().err()).collect();
        assert!(failures.is_empty(), "\n{}", failures.join("\n"));
    }

    #[test]
    fn every_op_reports_a_nan_and_an_infinite_gradient() {
        let failures: Vec<String> = cases().filter_map(|case| case.check_reports().err()).collect();
        assert!(failures.is_empty(), "\n{}", failures.join("\n"));
    }

    /// Reads the names out of this folder's sources, so that nobody can forget a case.
    #[test]
    fn every_op_has_a_case() {
        let mut named = BTreeSet::new();
        for source in sources() {
            let names = source.split(": &'static str = \"").skip(1);
            named.extend(names.map(|rest| rest.split('"').next().unwrap().to_owned()));
        }
        let covered: BTreeSet<String> =
            cases().flat_map(|case| case.ops.iter().map(|op| (*op).to_owned())).collect();
        assert!(named.len() > 30, "found only {named:?}");
        assert_eq!(named, covered, "ops, and ops with a case");
        let failures: Vec<String> = cases().filter_map(|case| case.check_names().err()).collect();
        assert!(failures.is_empty(), "\n{}", failures.join("\n"));
    }

    /// A method that says when it panics has a mistake that shows it.
    #[test]
    fn every_check_of_shapes_has_a_mistake() {
        let made: BTreeSet<String> = mistakes().map(|mistake| mistake.method.to_owned()).collect();
        let checking = methods().into_iter().filter(|(_, head)| head.contains("# Panics"));
        let mut checking: BTreeSet<String> = checking.map(|(name, _)| name).collect();
        checking.extend(["add", "sub", "mul", "div"].map(str::to_owned));
        assert_eq!(checking, made, "methods that may panic, and methods with a mistake");
    }

    #[test]
    fn every_mistake_is_reported_with_its_op_and_shapes() {
        for Mistake { method, make, report } in mistakes() {
            let panic = std::panic::catch_unwind(make).expect_err(method);
            let text = panic.downcast::<String>().map_or_else(
                |panic| panic.downcast::<&str>().expect("a panic has a text").to_string(),
                |text| *text,
            );
            assert_eq!(text.lines().next(), Some(*report), "{method}");
        }
    }

    /// So that a mistake, or an anomaly, is reported at the line of the program.
    #[test]
    fn every_method_knows_its_caller() {
        for (name, head) in methods() {
            assert!(head.contains("#[track_caller]"), "{name} lacks #[track_caller]");
        }
    }
}
