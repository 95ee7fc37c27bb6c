//! What is there to draw of a game?
//!
//! Numbers are rounded to what a screen can show, which halves what has to be carried.

use autograd::{Array, Real};
use serde::Serialize;

use super::{Choices, Table};
use crate::points;
use crate::recipe::Loss;
use crate::toy_gan::Quality;
use crate::toys::Coverage;

/// Points of the surface on each side of the window.
pub const CELLS: usize = 49;

/// Lines of the lattice in each direction.
pub const LINES: usize = 21;

/// The lattice goes from minus this to this, in standard deviations of the noise.
const REACH: f64 = 2.5;

/// Points of either kind.
const SHOWN: usize = 240;

/// A game before its first turn, and what stays the same in it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Scene {
    /// What the game was started with, complete.
    pub choices: Choices,
    /// The middle of the square that is shown.
    pub centre: [f64; 2],
    /// Half the length of its side.
    pub half_side: f64,
    /// Points of the surface on each side: [`CELLS`].
    pub cells: usize,
    /// Lines of the lattice in each direction: [`LINES`].
    pub lines: usize,
    /// Whether the surface is of probabilities. If not, its heights are scores, and only their
    /// differences mean something.
    pub probabilities: bool,
    /// Samples of the data.
    pub real: Vec<[f32; 2]>,
    /// The game.
    pub frame: Frame,
}

/// What a game looks like.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Frame {
    /// How many turns are played.
    pub turn: u64,
    /// The losses, of G and of D, of each turn and single step since the last frame.
    pub losses: Vec<[Option<Real>; 2]>,
    /// Whether some number is not finite any more. Then there is nothing to draw.
    pub lost: bool,
    /// What D says of the plane. Nothing if the numbers are lost.
    pub surface: Option<Surface>,
    /// Generated points, always of the same noise.
    pub fakes: Vec<[f32; 2]>,
    /// Whither each of them is pushed.
    pub push: Push,
    /// What G makes of the points of a square lattice of noise, row after row, from -2.5 to 2.5
    /// standard deviations in its first two numbers, the others 0.
    pub lattice: Vec<[f32; 2]>,
    /// How good G was when it was measured last.
    pub measured: Option<Measured>,
}

/// D at the points of a square grid, row after row from the lowest y.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Surface {
    /// The height that counts as 0.
    pub low: f32,
    /// The height that counts as 1000.
    pub high: f32,
    /// Heights, from 0 to 1000.
    pub heights: Vec<u16>,
}

/// Arrows along -∂L_G/∂x.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Push {
    /// The length of the longest.
    pub longest: f32,
    /// Each, as a part of the longest.
    pub parts: Vec<[f32; 2]>,
}

/// How good a generator is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Measured {
    /// After so many turns.
    pub turn: u64,
    /// The exact W₁ between 256 real and 256 generated points.
    pub distance: f64,
    /// The same between two real samples.
    pub floor: f64,
    /// Modes, if the data have some, and how many of them are covered.
    pub modes: Option<[usize; 2]>,
    /// The share of points near a mode.
    pub high_quality: Option<f64>,
}

impl Table {
    pub(super) fn scene(&mut self, choices: Choices) -> Scene {
        let window = self.gan.window();
        Scene {
            choices,
            centre: window.centre,
            half_side: window.half_side,
            cells: CELLS,
            lines: LINES,
            probabilities: self.has_probabilities(),
            real: rounded(&self.gan.real(SHOWN, "shown")),
            frame: self.frame(),
        }
    }

    /// What there is to draw; the losses are handed out once.
    pub(super) fn frame(&mut self) -> Frame {
        let losses = std::mem::take(&mut self.losses);
        let fakes = self.gan.generated(SHOWN, "pictures");
        let (lattice, push) = (self.gan.image(lattice(self.noise)), self.gan.push(&fakes));
        let heights = self.heights();
        let finite = |x: &Array| x.numbers().iter().all(|x| x.is_finite());
        let losses_are = losses.iter().flatten().flatten().all(|loss| loss.is_finite());
        let all = [&fakes, &lattice, &push].into_iter().all(finite)
            && heights.iter().all(|height| height.is_finite());
        if !(all && losses_are) {
            return Frame {
                turn: self.turns,
                losses,
                lost: true,
                surface: None,
                fakes: Vec::new(),
                push: Push::default(),
                lattice: Vec::new(),
                measured: self.measured,
            };
        }
        Frame {
            turn: self.turns,
            losses,
            lost: false,
            surface: Some(self.surface(&heights)),
            fakes: rounded(&fakes),
            push: Push::of(&push),
            lattice: rounded(&lattice),
            measured: self.measured,
        }
    }

    /// Where D's scores are logits of its belief.
    fn has_probabilities(&self) -> bool {
        matches!(self.loss, Loss::NonSaturating | Loss::Saturating)
    }

    fn heights(&self) -> Vec<f64> {
        let grid: Vec<Real> =
            self.gan.window().grid(CELLS).into_iter().flatten().map(|x| x as Real).collect();
        let mut heights = self.gan.scores(&Array::new([CELLS * CELLS, 2], &grid));
        if self.has_probabilities() {
            heights.iter_mut().for_each(|s| *s = 1.0 / (1.0 + (-*s).exp()));
        }
        heights
    }

    fn surface(&self, heights: &[f64]) -> Surface {
        let (low, high) = if self.has_probabilities() {
            (0.0, 1.0)
        } else {
            let low = heights.iter().copied().fold(f64::INFINITY, f64::min);
            (low, heights.iter().copied().fold(f64::NEG_INFINITY, f64::max))
        };
        let range = (high - low).max(f64::MIN_POSITIVE);
        let thousandths = |h: &f64| (1000.0 * (h - low) / range).round() as u16;
        let heights = heights.iter().map(thousandths).collect();
        Surface { low: low as f32, high: high as f32, heights }
    }

    /// Measures how good the generator is, as long as its points are anywhere near.
    pub(super) fn measure(&mut self) {
        let fakes = self.gan.generated(SHOWN, "pictures");
        if !fakes.numbers().iter().all(|x| x.abs() < 1e6) {
            return;
        }
        let Some(Quality { distance, coverage, .. }) = self.gan.quality() else { return };
        self.measured = Some(Measured {
            turn: self.turns,
            distance,
            floor: self.floor,
            modes: coverage.map(|Coverage { modes, covered, .. }| [covered, modes]),
            high_quality: coverage.map(|coverage| coverage.high_quality),
        });
    }
}

impl Push {
    /// Arrows `[n, 2]`.
    fn of(push: &Array) -> Push {
        let push = points(push);
        let longest = push.iter().map(|[x, y]| x.hypot(*y)).fold(0.0, f64::max);
        let part = |v: f64| if longest > 0.0 { thousandth(v / longest) } else { 0.0 };
        Push { longest: longest as f32, parts: push.iter().map(|v| v.map(part)).collect() }
    }
}

/// A square lattice of noise, row after row, in its first two numbers; the others are 0.
fn lattice(size: usize) -> Array {
    let at = |i: usize| (REACH * (2.0 * i as f64 / (LINES - 1) as f64 - 1.0)) as Real;
    Array::filled_by([LINES * LINES, size], |noise| {
        noise.fill(0.0);
        for (i, z) in noise.chunks_mut(size).enumerate() {
            z[0] = at(i % LINES);
            if let Some(second) = z.get_mut(1) {
                *second = at(i / LINES);
            }
        }
    })
}

fn rounded(array: &Array) -> Vec<[f32; 2]> {
    points(array).into_iter().map(|point| point.map(thousandth)).collect()
}

fn thousandth(v: f64) -> f32 {
    ((1000.0 * v).round() / 1000.0) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lattice_spans_the_first_two_numbers_of_the_noise() {
        let three = lattice(3);
        let row = |i: usize| three.numbers()[3 * i..3 * i + 3].to_vec();
        assert_eq!(row(0), [-2.5, -2.5, 0.0]);
        assert_eq!(row(LINES - 1), [2.5, -2.5, 0.0]);
        assert_eq!(row(LINES * LINES - 1), [2.5, 2.5, 0.0]);
        assert_eq!(row(LINES * LINES / 2), [0.0; 3]);
        assert_eq!(lattice(1).numbers()[LINES..2 * LINES], lattice(1).numbers()[..LINES]);
    }

    #[test]
    fn arrows_are_parts_of_the_longest() {
        let push = Push::of(&Array::new([3, 2], &[3.0, -4.0, 0.0, 0.0, 0.0, 2.5]));
        let parts = vec![[0.6, -0.8], [0.0; 2], [0.0, 0.5]];
        assert_eq!(push, Push { longest: 5.0, parts });
        assert_eq!(Push::of(&Array::zeros([1, 2])).parts, [[0.0; 2]]);
    }
}
