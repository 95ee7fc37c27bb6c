//! How do two neighbouring outputs share their multiplications?
//!
//! Two outputs of a filter of 3 taps, y0 = d0 g0 + d1 g1 + d2 g2 and y1 = d1 g0 + d2 g1 + d3 g2,
//! are 6 products. Winograd's minimal filtering needs 4, because it multiplies polynomials at the
//! points 0, 1, -1 and ∞:
//!
//! ```text
//!   point    seen of d     taps                 product goes to
//!     0      d0 - d2       g0                   y0
//!     1      d1 + d2       (g0 + g1 + g2) / 2   y0  y1            y0 = m(0) + m(1) + m(-1)
//!    -1      d2 - d1       (g0 - g1 + g2) / 2   y0 -y1            y1 = m(1) - m(-1) + m(∞)
//!     ∞      d3 - d1       g2                       y1
//! ```
//!
//! Two taps need 3 products, without the point -1, and one tap 2:
//!
//! ```text
//!     0      d0 - d1       g0                     0      d0       g0
//!     1      d1            g0 + g1
//!     ∞      d2 - d1       g1                     ∞      d1       g0
//! ```
//!
//! Since products go to the same outputs in all three, longer filters are put together from these:
//! 5 taps are 3 + 2, and at each point the sums are taken before any output is made. At stride s,
//! taps 0, s, 2s, ... are such a filter of every s-th number, taps 1, s + 1, ... another one. All
//! factors are 1, -1 or 1/2, so integers stay exact, and rounding is hardly worse than that of the
//! plain sum.
//!
//! | taps, stride | products for two outputs | instead of |
//! |---|---|---|
//! | 2, 1 | 3 | 4 |
//! | 3, 1 | 4 | 6 |
//! | 5, 1 | 7 | 10 |
//! | 4, 2 | 6 | 8 |
//!
//! In two dimensions the numbers are squared: a 3 x 3 kernel takes 16 products instead of 36.
//!
//! Source: Winograd, Arithmetic Complexity of Computations, 1980; for convolutional networks Lavin
//! and Gray, Fast Algorithms for Convolutional Neural Networks, 2016, section 4.

use crate::Real;

/// v\[first\] + sign v\[second\], of some numbers v.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair {
    pub(super) first: usize,
    pub(super) second: Option<(usize, Real)>,
}

/// Some taps and their factors.
pub(super) type Taps = Vec<(usize, Real)>;

/// All products at one point: pair i of what is seen is multiplied with sum i of taps.
#[derive(Clone, Debug)]
pub(super) struct Point {
    /// Of the source, from the first number that the first output's first tap reads on.
    pub(super) seen: Vec<Pair>,
    /// As many.
    pub(super) taps: Vec<Taps>,
    /// What becomes of the sum m of the products: y\[first\] += m, y\[second\] += sign m.
    pub(super) made: Pair,
}

/// The points at which a filter is multiplied that makes two outputs, in the order 0, 1, -1, ∞;
/// those without terms are left out.
pub(super) fn points(taps: usize, stride: usize) -> Vec<Point> {
    let to = |first, second| {
        let made = Pair { first, second };
        Point { seen: Vec::new(), taps: Vec::new(), made }
    };
    let mut points = [to(0, None), to(0, Some((1, 1.0))), to(0, Some((1, -1.0))), to(1, None)];
    for residue in 0..stride.min(taps) {
        let all: Vec<usize> = (residue..taps).step_by(stride).collect();
        // Of 4 taps, 2 and 2 is as cheap as 3 and 1.
        let most = if all.len() == 4 { 2 } else { 3 };
        for chunk in all.chunks(most) {
            let mut add = |point: usize, first, second: Option<(usize, Real)>, taps: &[_]| {
                let d = |k: usize| chunk[0] + k * stride;
                let second = second.map(|(k, sign)| (d(k), sign));
                points[point].seen.push(Pair { first: d(first), second });
                points[point].taps.push(taps.to_vec());
            };
            match *chunk {
                [g0] => {
                    add(ZERO, 0, None, &[(g0, 1.0)]);
                    add(INFINITY, 1, None, &[(g0, 1.0)]);
                }
                [g0, g1] => {
                    add(ZERO, 0, Some((1, -1.0)), &[(g0, 1.0)]);
                    add(PLUS, 1, None, &[(g0, 1.0), (g1, 1.0)]);
                    add(INFINITY, 2, Some((1, -1.0)), &[(g1, 1.0)]);
                }
                [g0, g1, g2] => {
                    add(ZERO, 0, Some((2, -1.0)), &[(g0, 1.0)]);
                    add(PLUS, 1, Some((2, 1.0)), &[(g0, 0.5), (g1, 0.5), (g2, 0.5)]);
                    add(MINUS, 2, Some((1, -1.0)), &[(g0, 0.5), (g1, -0.5), (g2, 0.5)]);
                    add(INFINITY, 3, Some((1, -1.0)), &[(g2, 1.0)]);
                }
                _ => unreachable!("a chunk has 1 to 3 taps"),
            }
        }
    }
    points.into_iter().filter(|point| !point.seen.is_empty()).collect()
}

/// The places of 0, 1, -1 and ∞.
const ZERO: usize = 0;
const PLUS: usize = 1;
const MINUS: usize = 2;
const INFINITY: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    fn pick(v: &[Real], pair: Pair) -> Real {
        v[pair.first] + pair.second.map_or(0.0, |(k, sign)| sign * v[k])
    }

    #[test]
    fn two_outputs_are_what_their_taps_make() {
        for (taps, stride) in (1..9).flat_map(|taps| (1..5).map(move |stride| (taps, stride))) {
            let d: Vec<Real> = (0..taps + stride).map(|i| ((7 * i + 3) % 11) as Real).collect();
            let g: Vec<Real> = (0..taps).map(|i| ((5 * i + 2) % 9) as Real - 4.0).collect();
            let mut y = [0.0; 2];
            for Point { seen, taps, made } in points(taps, stride) {
                let product = |(seen, taps): (&Pair, &Taps)| {
                    pick(&d, *seen) * taps.iter().map(|(tap, c)| c * g[*tap]).sum::<Real>()
                };
                let m: Real = seen.iter().zip(&taps).map(product).sum();
                y[made.first] += m;
                if let Some((second, sign)) = made.second {
                    y[second] += sign * m;
                }
            }
            let expected = [0, stride].map(|at| (0..taps).map(|k| g[k] * d[at + k]).sum::<Real>());
            assert_eq!(y, expected, "{taps} taps, stride {stride}");
        }
    }

    #[test]
    fn so_many_products_are_left() {
        let count = |taps, stride| points(taps, stride).iter().map(|p| p.seen.len()).sum::<usize>();
        for (taps, stride, expected) in [
            (1, 1, 2),
            (2, 1, 3),
            (3, 1, 4),
            (4, 1, 6),
            (5, 1, 7),
            (7, 1, 10),
            (4, 2, 6),
            (5, 2, 7),
        ] {
            assert_eq!(count(taps, stride), expected, "{taps} taps, stride {stride}");
        }
    }
}
