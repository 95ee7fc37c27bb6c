//! Which ops are there?
//!
//! One file for each family. An op is one block: formula, struct, numbers, derivative, method,
//! and a case with which the tests differentiate it twice.

pub mod arithmetic;
pub mod blocks;
#[cfg(test)]
pub(crate) mod case;
pub mod conv;
pub mod elementary;
pub mod gather;
pub mod loss;
pub mod matmul;
pub mod piecewise;
pub mod pool;
pub mod reduce;
pub mod resample;
pub mod shape;
pub mod softmax;
pub mod upsample_conv;

#[cfg(test)]
mod tests {
    use super::case::Case;
    use super::*;
    use std::collections::BTreeSet;
    use std::fs;

    fn cases() -> impl Iterator<Item = &'static Case> {
        [
            arithmetic::CASES,
            blocks::CASES,
            conv::CASES,
            elementary::CASES,
            gather::CASES,
            loss::CASES,
            matmul::CASES,
            piecewise::CASES,
            pool::CASES,
            reduce::CASES,
            resample::CASES,
            shape::CASES,
            softmax::CASES,
            upsample_conv::CASES,
        ]
        .into_iter()
        .flatten()
    }

    #[test]
    fn every_op_passes_the_check_to_second_order() {
        let failures: Vec<String> = cases().filter_map(|case| case.check().err()).collect();
        assert!(failures.is_empty(), "\n{}", failures.join("\n"));
    }

    /// Reads the names out of this folder's sources, so that nobody can forget a case.
    #[test]
    fn every_op_has_a_case() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/ops");
        let mut named = BTreeSet::new();
        for file in fs::read_dir(folder).expect("the sources are there") {
            let source = fs::read_to_string(file.unwrap().path()).unwrap();
            let names = source.split("const NAME: &'static str = \"").skip(1);
            named.extend(names.map(|rest| rest.split('"').next().unwrap().to_owned()));
        }
        let covered: BTreeSet<String> =
            cases().flat_map(|case| case.ops.iter().map(|op| (*op).to_owned())).collect();
        assert!(named.len() > 30, "found only {named:?}");
        assert_eq!(named, covered, "ops, and ops with a case");
    }
}
