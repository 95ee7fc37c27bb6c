//! Which products make a convolution, and are they worth it?

use super::super::lower::{Axis, Lowering};
use super::filter::{Point, Sum, points, points_of_twins};

/// Multiply-adds that take as long as other work, for the choice between the two ways: to copy a
/// number to a window row, to add one to those of a tile or to those that are made of it, a tile's
/// share of what it takes to start a product of 32 columns, and to make a number of W.
const COPY: f64 = 6.0;
const ADD: f64 = 10.0;
const START: f64 = 256.0;
const WEIGHT: f64 = 5.0;

/// What is known of a kernel's taps, along each axis, before they are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Kernel {
    /// Nothing.
    Any,
    /// At stride 2, the even and the odd taps have the same sum. There are as many of both.
    Blurred,
    /// The outputs are those of two phases, `[phases, phases, outputs]`, whose taps have the same sum.
    Phases,
}

/// The points of a kernel, and its channels.
pub(in super::super) struct Winograd {
    /// Outputs of a tile along each axis.
    pub(super) side: usize,
    /// Along the height, and along the width.
    pub(super) points: [Vec<Point>; 2],
    pub(super) inputs: usize,
    /// Of a phase.
    pub(super) outputs: usize,
    /// Phases of the output along each axis.
    pub(super) phases: usize,
}

/// The taps that make a block of W.
pub(super) struct Block<'a> {
    pub(super) taps: [&'a Sum; 2],
    /// Phases of its columns.
    pub(super) phases: [usize; 2],
}

impl Winograd {
    /// The points of windows that make so many numbers, in tiles of side x side, if neighbouring
    /// windows share numbers.
    pub(super) fn of(
        windows: &Lowering,
        columns: usize,
        side: usize,
        kernel: Kernel,
    ) -> Option<Winograd> {
        let Lowering { height, width, channels, seen, .. } = *windows;
        let shares = |axis: Axis| axis.step == 1 && axis.outputs > 0 && axis.taps > 0;
        let points = [height, width].map(|axis| match kernel {
            Kernel::Blurred => points_of_twins(side, axis.taps),
            Kernel::Any | Kernel::Phases => points(side, axis.taps, axis.stride),
        });
        let phases = if kernel == Kernel::Phases { 2 } else { 1 };
        let outputs = columns / phases / phases;
        let all = seen == channels && shares(height) && shares(width) && channels * outputs > 0;
        all.then_some(Winograd { side, points, inputs: channels, outputs, phases })
    }

    /// The fastest tiles of these sides for so many images, if they are faster than the plain sums.
    pub(in super::super) fn fastest(
        windows: &Lowering,
        columns: usize,
        images: usize,
        sides: &[usize],
        kernel: Kernel,
    ) -> Option<Winograd> {
        Winograd::fastest_with_time(windows, columns, images, sides, kernel).1
    }

    /// [`Winograd::fastest`], and how long an image takes, in multiply-adds.
    pub(in super::super) fn fastest_with_time(
        windows: &Lowering,
        columns: usize,
        images: usize,
        sides: &[usize],
        kernel: Kernel,
    ) -> (f64, Option<Winograd>) {
        let direct = Winograd::plain_sums(windows, columns);
        let plans = sides.iter().filter_map(|side| Winograd::of(windows, columns, *side, kernel));
        let timed = plans.map(|plan| (plan.time(windows, images), plan));
        match timed.min_by(|(a, _), (b, _)| a.total_cmp(b)) {
            Some((time, plan)) if images > 0 && time < 0.9 * direct => (time, Some(plan)),
            _ => (direct, None),
        }
    }

    /// How long an image takes, in multiply-adds, by window rows that are copied.
    fn plain_sums(windows: &Lowering, columns: usize) -> f64 {
        let axes = [windows.height, windows.width];
        let [pixels, taps] = [axes.map(|a| a.outputs), axes.map(|a| a.taps)].map(product);
        let c = windows.channels as f64;
        pixels * taps * (c * columns as f64 + COPY * c)
    }

    /// How long one of so many images takes by these products.
    fn time(&self, windows: &Lowering, images: usize) -> f64 {
        let axes = [windows.height, windows.width];
        let tiles = product(axes.map(|axis| axis.outputs.div_ceil(self.side)));
        let terms = product(self.points.each_ref().map(|p| p.iter().map(|p| p.seen.len()).sum()));
        let blocks = self.blocks();
        let columns = |block: &Block<'_>| block.phases[0] * block.phases[1] * self.outputs;
        let products =
            blocks.iter().map(|block| (self.inputs * columns(block)) as f64).sum::<f64>();
        let [down, right] = self.made_phases();
        let made = down.iter().flat_map(|p| right.iter().map(move |q| p * q * self.outputs));
        let (made, columns) = made.fold((0.0, 0.0), |(sum, columns), n| {
            (sum + n as f64, columns + n.div_ceil(32) as f64)
        });
        let adding = ADD * (terms * self.inputs as f64 + made) + START * columns;
        tiles * (products + adding) + WEIGHT * products / images as f64
    }

    /// Phases of each point's products along both axes.
    pub(super) fn made_phases(&self) -> [Vec<usize>; 2] {
        self.points.each_ref().map(|points| points.iter().map(|p| self.phases_at(p)).collect())
    }

    /// Phases that have a product of their own at a point: 1, if it is the same for all.
    fn phases_at(&self, point: &Point) -> usize {
        if point.is_the_same_for_twins(1) { 1 } else { self.phases }
    }

    /// The blocks of W, `[inputs, phases, phases, outputs]` each: those of a point behind each other.
    pub(super) fn blocks(&self) -> Vec<Block<'_>> {
        let [down, right] = &self.points;
        let points = down.iter().flat_map(|p| right.iter().map(move |q| (p, q)));
        let mut blocks = Vec::new();
        for (p, q) in points {
            let phases = [p, q].map(|point| self.phases_at(point));
            let taps = p.taps.iter().flat_map(|a| q.taps.iter().map(move |b| [a, b]));
            blocks.extend(taps.map(|taps| Block { taps, phases }));
        }
        blocks
    }

    /// Numbers of a row of w, and of W, which need not have all phases.
    pub(super) fn columns(&self) -> usize {
        self.phases * self.phases * self.outputs
    }

    /// Numbers of W.
    pub(in super::super) fn weights_len(&self) -> usize {
        self.blocks().len() * self.inputs * self.columns()
    }

    /// Terms of a point, at most, and numbers of them in both axes and all channels.
    pub(super) fn most_terms(&self) -> usize {
        self.points[0].iter().map(|p| p.seen.len()).max().unwrap_or(0)
    }

    pub(super) fn deepest(&self) -> usize {
        let right = self.points[1].iter().map(|p| p.seen.len()).max().unwrap_or(0);
        self.most_terms() * right * self.inputs
    }
}

fn product(of: [usize; 2]) -> f64 {
    (of[0] * of[1]) as f64
}
