//! What is a convolution? Seven loops, once for all three of them.

use super::Geometry;
use crate::Real;

/// Calls `term(x, w, y)` with the three indices of each term of T: the seven loops.
fn each_term(g: &Geometry, mut term: impl FnMut(usize, usize, usize)) {
    let [_, height, width, in_channels] = g.x_shape();
    let [_, kernel_width, inputs, outputs] = g.w_shape();
    let outputs_of_a_group = outputs / g.groups;
    for n in 0..g.batch {
        for i in 0..g.height.output {
            for j in 0..g.width.output {
                for a in 0..g.height.taps {
                    let Some(p) = g.height.position(i, a) else { continue };
                    for b in 0..g.width.taps {
                        let Some(q) = g.width.position(j, b) else { continue };
                        for o in 0..outputs {
                            let first = o / outputs_of_a_group * inputs;
                            for c in 0..inputs {
                                let x = ((n * height + p) * width + q) * in_channels + first + c;
                                let w = ((a * kernel_width + b) * inputs + c) * outputs + o;
                                let y = ((n * g.height.output + i) * g.width.output + j) * outputs;
                                term(x, w, y + o);
                            }
                        }
                    }
                }
            }
        }
    }
}

/// y = ∂T/∂g, plus the bias.
pub fn forward(g: &Geometry, x: &[Real], w: &[Real], bias: Option<&[Real]>, y: &mut [Real]) {
    start_from(bias, y);
    each_term(g, |i, j, k| y[k] += x[i] * w[j]);
}

/// dx = ∂T/∂x, plus the bias.
pub fn input_gradient(
    g: &Geometry,
    dy: &[Real],
    w: &[Real],
    bias: Option<&[Real]>,
    dx: &mut [Real],
) {
    start_from(bias, dx);
    each_term(g, |i, j, k| dx[i] += dy[k] * w[j]);
}

/// dw = ∂T/∂w.
pub fn weight_gradient(g: &Geometry, x: &[Real], dy: &[Real], dw: &mut [Real]) {
    dw.fill(0.0);
    each_term(g, |i, j, k| dw[j] += x[i] * dy[k]);
}

/// Fills the rows with the bias, or with zeros.
fn start_from(bias: Option<&[Real]>, y: &mut [Real]) {
    match bias {
        Some(bias) => y.chunks_exact_mut(bias.len().max(1)).for_each(|y| y.copy_from_slice(bias)),
        None => y.fill(0.0),
    }
}
