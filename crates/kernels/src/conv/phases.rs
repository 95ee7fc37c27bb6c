//! Which taps reach a pixel of the input?
//!
//! Which outputs did pixel h of x contribute to? With tap a it was output o where o · stride +
//! a · dilation - before = h, so the taps that can reach h are those whose a · dilation has the same
//! remainder, the *phase* of h, when divided by the stride:
//!
//! ```text
//!   stride 2, 4 taps, padding 1       h:  0    1    2    3    4    5
//!                                 phase:  1    0    1    0    1    0
//!                          taps, outputs: 1,0  0,1  1,1  0,2  1,2  0,3
//!                                              2,0  3,0  2,1  3,1  2,2
//! ```
//!
//! The pixels of one phase are a convolution of their own, at stride 1, of dy with every second tap
//! in reverse order. Here pixels 1 and 2 see the same outputs, 0 and 1, and so do 3 and 4: both
//! phases can be made together, in blocks of two, like outputs of one convolution. Then what is
//! copied or added for a window serves both, and at the ends a pixel of a block is outside.

use super::lower::{Axis, Lowering};
use super::part::Places;
use super::winograd::{Kernel, Winograd};
use super::{FEW, Geometry};
use crate::window::Window;

/// Pixels of x along one axis that are made together.
#[derive(Clone)]
pub(super) struct Phase {
    pub(super) axis: Axis,
    /// For each pixel of a block the taps that reach it, the last one first.
    pub(super) taps: Vec<Vec<usize>>,
    pub(super) place: Places,
}

impl Phase {
    /// The windows of dy whose rows are this one's and whose columns the other's.
    pub(super) fn beside(&self, columns: &Phase, g: &Geometry, group: usize) -> Lowering {
        let seen = g.out_channels / g.groups;
        Lowering {
            height: self.axis,
            width: columns.axis,
            channels: g.out_channels,
            seen,
            first: group * seen,
        }
    }
}

/// All pixels of x, in as many parts as take the least time.
pub(super) fn phases(g: &Geometry) -> Vec<[Phase; 2]> {
    let inputs = g.in_channels / g.groups;
    let time = |[rows, columns]: &[Phase; 2]| {
        let numbers = rows.place.block * columns.place.block * inputs;
        let windows = rows.beside(columns, g, 0);
        Winograd::fastest_with_time(&windows, numbers, g.batch, &[2, 3], Kernel::Any).0
    };
    let [rows, columns] = [g.height, g.width].map(each_phase);
    let pairs =
        rows.iter().flat_map(|row| columns.iter().map(|column| [row.clone(), column.clone()]));
    let alone: Vec<[Phase; 2]> = pairs.collect();
    let both =
        both_phases(g.height).zip(both_phases(g.width)).map(|(rows, columns)| [rows, columns]);
    match both {
        Some(both) if inputs > FEW && time(&both) < alone.iter().map(time).sum() => vec![both],
        _ => alone,
    }
}

/// The phases of a window's input that have pixels.
fn each_phase(window: Window) -> Vec<Phase> {
    (0..window.stride).map(|of| phase(window, of)).filter(|phase| phase.axis.outputs > 0).collect()
}

/// A phase of a window's input alone.
fn phase(window: Window, phase: usize) -> Phase {
    let Window { input, output, taps, stride, dilation, before } = window;
    let taps: Vec<usize> = (0..taps).rev().filter(|tap| tap * dilation % stride == phase).collect();
    // h = q · stride + phase - before, from the first q with h >= 0 on.
    let first = before.saturating_sub(phase).div_ceil(stride);
    let pixel = first * stride + phase - before;
    // Tap a of pixel q reads output q - (a · dilation - phase) / stride.
    let reads = |tap: usize| first as isize - ((tap * dilation - phase) / stride) as isize;
    let step = match taps[..] {
        [a, b, ..] => (a - b) * dilation / stride,
        _ => 1,
    };
    let start = taps.first().map_or(0, |tap| reads(*tap));
    let outputs = input.saturating_sub(pixel).div_ceil(stride);
    let axis = Axis { source: output, outputs, taps: taps.len(), stride: 1, step, start };
    let place = Places { first: pixel as isize, apart: stride, block: 1 };
    Phase { axis, taps: vec![taps], place }
}

/// Both phases at stride 2, if they have as many taps: pixels 2q - before and 2q + 1 - before see the
/// same outputs.
fn both_phases(window: Window) -> Option<Phase> {
    let Window { input, output, taps, stride, dilation, before } = window;
    if stride != 2 || dilation != 1 || taps % 2 == 1 {
        return None;
    }
    // The first block that has a pixel inside.
    let first = before / 2;
    let place = Places { first: (2 * first) as isize - before as isize, apart: 2, block: 2 };
    let outputs = (input + before - 2 * first).div_ceil(2);
    let start = first as isize - (taps / 2 - 1) as isize;
    let axis = Axis { source: output, outputs, taps: taps / 2, stride: 1, step: 1, start };
    let taps = [0, 1].map(|phase| (0..taps).rev().filter(|tap| tap % 2 == phase).collect());
    Some(Phase { axis, taps: taps.into(), place })
}
