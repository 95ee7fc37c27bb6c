//! Which claims about GANs can be shown in numbers?
//!
//! | module | claim |
//! |---|---|
//! | [`optimal_d`] | D nears p / (p + q), and its value says how far p and q are apart |
//! | [`disjoint`] | apart, all distances look the same to D, and nothing pulls G; noise cures it |
//! | [`saturating`] | the surer D is, the less the minimax loss moves G |
//! | [`wasserstein`] | a Wasserstein distance still says how far, and its critic which way |
//! | [`rotation`] | two players who follow their gradients circle around the equilibrium |
//! | [`min_max`] | who moves last decides whether G covers the modes or chases them |
//!
//! Each module computes its numbers by plain functions, which tests hold to closed forms, and makes
//! a [`Finding`] of them.

mod discriminator;
pub mod disjoint;
pub mod min_max;
pub mod optimal_d;
pub mod rotation;
pub mod saturating;
pub mod wasserstein;

use std::fmt::Write;

use autograd::Rng;
use clap::ValueEnum;
use layers::{Activation, Init, Linear, Sequential};

pub use discriminator::Discriminator;

use crate::figures::{Figure, to_svg};
use crate::report::{escaped, page};
use crate::{Error, RunFolder, write_whole};

/// A claim by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Claim {
    /// D nears p / (p + q)
    OptimalD,
    /// Disjoint distributions give no gradient, and noise cures it
    Disjoint,
    /// The minimax loss saturates
    Saturating,
    /// The Wasserstein distance has a gradient everywhere
    Wasserstein,
    /// Gradient steps circle around the equilibrium
    Rotation,
    /// The order of min and max decides about mode collapse
    MinMax,
}

/// How much work is put into a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// As much as the numbers need.
    Whole,
    /// A few steps, to see that all of it works.
    Smoke,
}

/// What came of looking into a claim.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The claim in a sentence.
    pub claim: &'static str,
    /// The numbers, a line each, in at most 100 columns.
    pub lines: Vec<String>,
    /// Figures as SVG, with their names.
    pub figures: Vec<(&'static str, String)>,
}

impl Claim {
    /// Looks into the claim; all that is random comes from the seed.
    pub fn look(self, effort: Effort, seed: u64) -> Finding {
        match self {
            Claim::OptimalD => optimal_d::finding(effort, seed),
            Claim::Disjoint => disjoint::finding(effort, seed),
            Claim::Saturating => saturating::finding(effort, seed),
            Claim::Wasserstein => wasserstein::finding(effort, seed),
            Claim::Rotation => rotation::finding(effort),
            Claim::MinMax => min_max::finding(effort, seed),
        }
    }

    /// How it is called on the command line.
    pub fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

impl Effort {
    /// So many steps, or a few.
    fn steps(self, whole: usize) -> usize {
        match self {
            Effort::Whole => whole,
            Effort::Smoke => whole.min(4),
        }
    }
}

impl Finding {
    fn new(claim: &'static str) -> Finding {
        Finding { claim, lines: Vec::new(), figures: Vec::new() }
    }

    fn say(&mut self, line: String) {
        self.lines.push(line);
    }

    fn show(&mut self, name: &'static str, figure: &impl Figure) {
        self.figures.push((name, to_svg(figure)));
    }

    /// Writes the figures, each to `NAME.svg`.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn save(&self, folder: &RunFolder) -> Result<(), Error> {
        let write = |(name, svg): &(&str, String)| {
            write_whole(folder.file(format!("{name}.svg")), svg.as_bytes())
        };
        self.figures.iter().try_for_each(write)
    }
}

/// Writes `report.html`: all findings on one page that needs nothing else.
///
/// # Errors
/// [`Error::Write`].
pub fn save_report(findings: &[(Claim, Finding)], folder: &RunFolder) -> Result<(), Error> {
    let mut body = String::new();
    for (claim, Finding { claim: sentence, lines, figures }) in findings {
        let figures: Vec<&str> = figures.iter().map(|(_, svg)| svg.as_str()).collect();
        write!(
            body,
            "<h2>{}</h2>\n<pre>{}</pre>\n<div class=\"columns\">\n{}\n</div>\n\
             <pre>cargo run --release --example theory -- {}</pre>\n",
            escaped(sentence),
            escaped(&lines.join("\n")),
            figures.join("\n"),
            claim.name()
        )
        .expect("writing to a string cannot fail");
    }
    let html = page("GAN theory in numbers", &body);
    write_whole(folder.file("report.html"), html.as_bytes())
}

/// Two hidden layers with ReLU, weights N(0, 2/inputs), biases 0.
fn network(inputs: usize, width: usize, outputs: usize, rng: &mut Rng) -> Sequential {
    let mut linear = |i, o| Linear::new(i, o, Init::KaimingNormal, rng);
    Sequential::new()
        .add(linear(inputs, width))
        .add(Activation::Relu)
        .add(linear(width, width))
        .add(Activation::Relu)
        .add(linear(width, outputs))
}

/// `count` numbers from `from` to `to`, both included.
fn ramp(from: f64, to: f64, count: usize) -> Vec<f64> {
    (0..count).map(|i| from + (to - from) * i as f64 / (count - 1).max(1) as f64).collect()
}

/// Up to `count` different steps from 0 to the last, equally far apart but for rounding.
fn watched(last: usize, count: usize) -> Vec<usize> {
    let mut steps: Vec<usize> = (0..=count).map(|i| i * last / count).collect();
    steps.dedup();
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_claim_finds_numbers_and_figures_that_the_report_holds() {
        let root = tempfile::tempdir().unwrap();
        let folder = RunFolder::create(root.path()).unwrap();
        let look = |claim: &Claim| (*claim, claim.look(Effort::Smoke, 0));
        let findings: Vec<_> = Claim::value_variants().iter().map(look).collect();
        for (claim, finding) in &findings {
            assert!(!finding.lines.is_empty() && !finding.figures.is_empty(), "{claim:?}");
            assert!(finding.lines.iter().all(|line| line.chars().count() <= 100), "{claim:?}");
            finding.save(&folder).unwrap();
        }
        save_report(&findings, &folder).unwrap();
        let html = std::fs::read_to_string(folder.file("report.html")).unwrap();
        let figures = findings.iter().map(|(_, finding)| finding.figures.len()).sum::<usize>();
        assert_eq!(html.matches("<svg").count(), figures);
        assert!(html.contains("--example theory -- optimal-d"));
        for elsewhere in ["src=\"", "href=", "https:"] {
            assert!(!html.contains(elsewhere), "{elsewhere}");
        }
    }

    #[test]
    fn the_first_and_the_last_step_are_watched() {
        assert_eq!(watched(10, 5), [0, 2, 4, 6, 8, 10]);
        assert_eq!(watched(2, 5), [0, 1, 2]);
        assert_eq!(ramp(-1.0, 1.0, 3), [-1.0, 0.0, 1.0]);
    }
}
