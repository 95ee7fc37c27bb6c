//! How are the output's pixels computed, block by block?
//!
//! Forward, an output pixel sees a window of x. Backward, a pixel of x sees a window of dy, through the
//! taps that reach it (`phases.rs`). So both directions are the same sum, over the same kind of
//! window, and both *write* each pixel once: nothing is scattered, and nothing is multiplied by
//! inserted zeros.

use super::few::few_outputs;
use super::lower::{Axis, Lowering};
use super::part::{Canvas, Part, Places};
use super::phases::phases;
use super::thin::Thin;
use super::winograd::{Kernel, Winograd};
use super::{FEW, Geometry};
use crate::gemm::PER_NANOSECOND;
use crate::scratch::with_scratch;
use crate::{Epilogue, Real, par};

/// Weights are turned in squares of so many channels.
const SQUARE: usize = 16;

/// See [`super::forward`].
pub(super) fn forward(
    g: &Geometry,
    x: &[Real],
    w: &[Real],
    epilogue: Epilogue<'_>,
    y: &mut [Real],
) {
    let (inputs, outputs) = (g.in_channels / g.groups, g.out_channels / g.groups);
    let whole = Canvas {
        height: g.height.output,
        width: g.width.output,
        channels: g.out_channels,
        first: 0,
        written: outputs,
    };
    for group in 0..g.groups {
        let canvas = Canvas { first: group * outputs, ..whole };
        let lowering = Lowering {
            height: Axis::of(g.height),
            width: Axis::of(g.width),
            channels: g.in_channels,
            seen: inputs,
            first: group * inputs,
        };
        let part = Part {
            lowering,
            w: &w[canvas.first..],
            w_stride: g.out_channels,
            w_taps: g.width.taps,
            places: [Places::ALL; 2],
            kernel: Kernel::Any,
        };
        let epilogue = epilogue.of(canvas.first, outputs);
        compute(&[part], x, epilogue, canvas, y, g.multiply_adds() / g.groups);
    }
}

/// See [`super::input_gradient`].
pub(super) fn input_gradient(
    g: &Geometry,
    dy: &[Real],
    w: &[Real],
    epilogue: Epilogue<'_>,
    dx: &mut [Real],
) {
    let (inputs, outputs) = (g.in_channels / g.groups, g.out_channels / g.groups);
    let whole = Canvas {
        height: g.height.input,
        width: g.width.input,
        channels: g.in_channels,
        first: 0,
        written: inputs,
    };
    let size = w.len() / g.groups;
    let phases = phases(g);
    for group in 0..g.groups {
        with_scratch(size, |mut rest| {
            let parts = phases.iter().map(|[rows, columns]| {
                let places = [rows.place, columns.place];
                let block = places[0].block * places[1].block;
                let len = rows.taps[0].len() * columns.taps[0].len() * block * outputs * inputs;
                let (turned, behind) = std::mem::take(&mut rest).split_at_mut(len);
                rest = behind;
                turn(g, w, group, [&rows.taps, &columns.taps], turned);
                Part {
                    lowering: rows.beside(columns, g, group),
                    w: turned,
                    w_stride: block * inputs,
                    w_taps: columns.taps[0].len(),
                    places,
                    kernel: Kernel::Any,
                }
            });
            let parts: Vec<Part<'_>> = parts.collect();
            let canvas = Canvas { first: group * inputs, ..whole };
            let epilogue = epilogue.of(canvas.first, inputs);
            compute(&parts, dy, epilogue, canvas, dx, g.multiply_adds() / g.groups);
        });
    }
}

/// The weights of a group with inputs and outputs exchanged: `[taps, taps, outputs, phases, phases,
/// inputs]`, for these taps of each phase.
pub(super) fn turn(
    g: &Geometry,
    w: &[Real],
    group: usize,
    [rows, columns]: [&[Vec<usize>]; 2],
    to: &mut [Real],
) {
    let (inputs, outputs) = (g.in_channels / g.groups, g.out_channels / g.groups);
    if to.is_empty() {
        return;
    }
    let stride = rows.len() * columns.len() * inputs;
    let (work, size) = (to.len(), outputs * stride);
    par::for_each_chunk(to, size, work, |start, to| {
        let (i, j) = (start / size / columns[0].len(), start / size % columns[0].len());
        let taps = rows.iter().flat_map(|rows| columns.iter().map(move |columns| [rows, columns]));
        for (block, [rows, columns]) in taps.enumerate() {
            let (a, b) = (rows[i], columns[j]);
            let from = &w[(a * g.width.taps + b) * inputs * g.out_channels + group * outputs..];
            let to = &mut to[block * inputs..];
            // Square by square, so that the lines of both sides stay near.
            for c in (0..inputs).step_by(SQUARE) {
                for o in (0..outputs).step_by(SQUARE) {
                    for o in o..(o + SQUARE).min(outputs) {
                        for c in c..(c + SQUARE).min(inputs) {
                            to[o * stride + c] = from[c * g.out_channels + o];
                        }
                    }
                }
            }
        }
    });
}

/// Makes the pixels of all parts, image rows shared out among threads.
pub(super) fn compute(
    parts: &[Part<'_>],
    source: &[Real],
    epilogue: Epilogue<'_>,
    canvas: Canvas,
    y: &mut [Real],
    multiply_adds: usize,
) {
    let line = canvas.width * canvas.channels;
    if y.is_empty() {
        return;
    }
    let rows = y.len() / line;
    let pieces = par::pieces(multiply_adds / PER_NANOSECOND).min(rows);
    let images = rows / canvas.height;
    let taps: usize = parts.iter().map(Part::taps).sum();
    let columns = parts[0].columns(canvas);
    if columns <= FEW && taps > columns * parts.len() {
        par::for_each_cut(y, line, pieces, &|first, y: &mut [Real]| {
            let rows = first..first + y.len() / line;
            few_outputs(parts, source, rows, canvas, |part, row, pixels| {
                part.place(row, pixels, epilogue, first, canvas, y);
            });
        });
        return;
    }
    let plan =
        |part: &Part<'_>| Winograd::fastest(&part.lowering, columns, images, &[2, 3], part.kernel);
    let plans: Vec<Option<Winograd>> = parts.iter().map(plan).collect();
    let len = |plan: &Option<Winograd>| plan.as_ref().map_or(0, Winograd::weights_len);
    with_scratch(plans.iter().map(len).sum(), |mut rest| {
        let mut ways = Vec::new();
        for (part, plan) in parts.iter().zip(&plans) {
            let (weights, behind) = rest.split_at_mut(len(plan));
            rest = behind;
            ways.push((
                part,
                plan.as_ref().map(|plan| plan.transform(part.w, part.w_taps, weights)),
            ));
        }
        // A pixel is computed in the same way wherever the images are cut.
        par::for_each_cut(y, line, pieces, &|first, y: &mut [Real]| {
            for (part, transformed) in &ways {
                let rows = part.rows(first..first + y.len() / line, canvas);
                if rows.is_empty() || part.lowering.width.outputs == 0 {
                    continue;
                }
                if let Some(transformed) = transformed {
                    transformed.pixels(&part.lowering, source, rows, |row, pixels| {
                        part.place(row, pixels, epilogue, first, canvas, y);
                    });
                } else if let Some(thin) = Thin::of(&part.lowering) {
                    part.multiply_in_place(thin, source, rows, epilogue, first, canvas, y);
                } else if part.is_narrow() {
                    for j in 0..part.lowering.width.outputs {
                        part.column(j).compute(source, rows.clone(), epilogue, first, canvas, y);
                    }
                } else {
                    part.compute(source, rows, epilogue, first, canvas, y);
                }
            }
        });
    });
}
