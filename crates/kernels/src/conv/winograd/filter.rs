//! How do neighbouring outputs share their multiplications?
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
//! In general, output k of a point p gets pᵏ times its product, ∞ being the last output alone, and
//! tap k counts pᵏ times. Outputs and taps may change places, and so
//!
//! | outputs, taps | points | seen of d |
//! |---|---|---|
//! | 3, 2 and 2, 3 | 0, 1, -1, ∞ | as above |
//! | 3, 1 and 2, 2 | 0, 1, ∞ | d0 - d1, d1, d2 - d1 |
//! | 2, 1 | 0, ∞ | d0, d1 |
//!
//! Since products go to the same outputs for any number of taps, longer filters are put together:
//! 5 taps are 3 + 2, and at each point the sums are taken before any output is made. At stride s,
//! taps 0, s, 2s, ... are such a filter of every s-th number, taps 1, s + 1, ... another one. All
//! factors are 1, -1 or 1/2, so integers stay exact, and rounding is hardly worse than that of the
//! plain sum.
//!
//! | outputs, taps, stride | products | instead of |
//! |---|---|---|
//! | 2, 2, 1 | 3 | 4 |
//! | 3, 2, 1 | 4 | 6 |
//! | 2, 3, 1 | 4 | 6 |
//! | 2, 5, 1 | 7 | 10 |
//! | 2, 4, 2 | 6 | 8 |
//!
//! In two dimensions the numbers are squared: a 3 x 3 kernel takes 16 products instead of 36.
//!
//! At 1 a filter is multiplied by the sum of its taps. Two filters that have the same sum, *twins*,
//! have one product there in common, as both halves of a blurred kernel do (`upsampled.rs`):
//!
//! | outputs, taps of each twin | products | instead of |
//! |---|---|---|
//! | 2, 2 | 5 | 6 |
//! | 3, 2 and 2, 3 | 7 | 8 |
//!
//! Source: Winograd, Arithmetic Complexity of Computations, 1980; for convolutional networks Lavin
//! and Gray, Fast Algorithms for Convolutional Neural Networks, 2016, section 4.

use crate::Real;

/// Which numbers are added, and their factors.
pub(super) type Sum = Vec<(usize, Real)>;

/// All products at one point: sum i of what is seen is multiplied with sum i of taps.
#[derive(Clone, Debug)]
pub(super) struct Point {
    /// Of the source, from the first number that the first output's first tap reads on; all factors
    /// are 1 or -1.
    pub(super) seen: Vec<Sum>,
    /// As many.
    pub(super) taps: Vec<Sum>,
    /// The point's number, 0, 1 or -1; `None` is ∞.
    pub(super) at: Option<Real>,
}

impl Point {
    /// What becomes of the sum m of the products, if there are two outputs: to each of these m is
    /// added, times the factor.
    pub(super) fn made(&self) -> Sum {
        match self.at {
            None => vec![(1, 1.0)],
            Some(0.0) => vec![(0, 1.0)],
            Some(p) => vec![(0, 1.0), (1, p)],
        }
    }

    /// Whether two filters of so many parts together, whose taps have the same sum, have the same
    /// product here: at 1, if the sum of all their taps is one of the sums.
    pub(super) fn is_the_same_for_twins(&self, parts: usize) -> bool {
        self.at == Some(1.0) && self.seen.len() == parts
    }
}

/// The points of a filter of twins at stride 2: its even and its odd taps have the same sum. Where
/// both are multiplied by it, what they see is added before.
pub(super) fn points_of_twins(outputs: usize, taps: usize) -> Vec<Point> {
    let mut points = points(outputs, taps, 2);
    for point in points.iter_mut().filter(|point| point.is_the_same_for_twins(2)) {
        let of_odd = point.seen.pop().expect("two parts");
        point.seen[0].extend(of_odd);
        point.taps.pop();
    }
    points
}

/// The points at which a filter is multiplied that makes so many outputs, 2 or 3, in the order 0, 1,
/// -1, ∞; those without terms are left out.
pub(super) fn points(outputs: usize, taps: usize, stride: usize) -> Vec<Point> {
    let mut points = [Some(0.0), Some(1.0), Some(-1.0), None].map(|at| Point {
        seen: Vec::new(),
        taps: Vec::new(),
        at,
    });
    for residue in 0..stride.min(taps) {
        let all: Vec<usize> = (residue..taps).step_by(stride).collect();
        // Of 4 taps, 2 and 2 is as cheap as 3 and 1.
        let most = if outputs == 3 || all.len() == 4 { 2 } else { 3 };
        for chunk in all.chunks(most) {
            let count = outputs + chunk.len() - 1;
            // Where 1 and -1 are both among the points, each has half of what they share.
            let half = if count == 4 { 0.5 } else { 1.0 };
            for point in &mut points {
                let Some(seen) = seen(count, point.at) else { continue };
                let d = |(k, sign): &(usize, Real)| (chunk[0] + k * stride, *sign);
                point.seen.push(seen.iter().map(d).collect());
                point.taps.push(match point.at {
                    Some(0.0) => vec![(chunk[0], 1.0)],
                    None => vec![(chunk[chunk.len() - 1], 1.0)],
                    Some(p) => {
                        let factors = [half, p * half, half];
                        chunk.iter().copied().zip(factors).collect()
                    }
                });
            }
        }
    }
    points.into_iter().filter(|point| !point.seen.is_empty()).collect()
}

/// What is seen of d at a point, if it is one of so many.
fn seen(points: usize, at: Option<Real>) -> Option<&'static [(usize, Real)]> {
    match (points, at) {
        (2, Some(0.0)) => Some(&[(0, 1.0)]),
        (2, None) | (3, Some(1.0)) => Some(&[(1, 1.0)]),
        (3, Some(0.0)) => Some(&[(0, 1.0), (1, -1.0)]),
        (3, None) => Some(&[(2, 1.0), (1, -1.0)]),
        (4, Some(0.0)) => Some(&[(0, 1.0), (2, -1.0)]),
        (4, Some(1.0)) => Some(&[(1, 1.0), (2, 1.0)]),
        (4, Some(-1.0)) => Some(&[(2, 1.0), (1, -1.0)]),
        (4, None) => Some(&[(3, 1.0), (1, -1.0)]),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(of: &Sum, v: &[Real]) -> Real {
        of.iter().map(|(k, factor)| factor * v[*k]).sum()
    }

    /// By products of d and g at these points.
    fn filtered(points: &[Point], outputs: usize, [d, g]: [&[Real]; 2]) -> Vec<Real> {
        let mut y = vec![0.0; outputs];
        for Point { seen, taps, at } in points {
            let m: Real = seen.iter().zip(taps).map(|(s, t)| sum(s, d) * sum(t, g)).sum();
            for (k, y) in y.iter_mut().enumerate() {
                *y += m * match at {
                    Some(p) => p.powi(k as i32),
                    None => Real::from(u8::from(k == outputs - 1)),
                };
            }
        }
        y
    }

    /// Numbers to filter, and what is expected.
    fn example(outputs: usize, g: &[Real], stride: usize) -> [Vec<Real>; 2] {
        let len = g.len() + (outputs - 1) * stride;
        let d: Vec<Real> = (0..len).map(|i| ((7 * i + 3) % 11) as Real).collect();
        let y = |k: usize| g.iter().zip(&d[k * stride..]).map(|(g, d)| g * d).sum();
        let expected = (0..outputs).map(y).collect();
        [d, expected]
    }

    #[test]
    fn outputs_are_what_their_taps_make() {
        let all = (1..9).flat_map(|taps| (1..5).map(move |stride| (taps, stride)));
        for (outputs, (taps, stride)) in
            [2, 3].into_iter().flat_map(|n| all.clone().map(move |t| (n, t)))
        {
            let g: Vec<Real> = (0..taps).map(|i| ((5 * i + 2) % 9) as Real - 4.0).collect();
            let [d, expected] = example(outputs, &g, stride);
            let found = filtered(&points(outputs, taps, stride), outputs, [&d, &g]);
            assert_eq!(found, expected, "{outputs} of {taps} taps, stride {stride}");
        }
    }

    #[test]
    fn twins_share_the_product_of_their_sum() {
        for (outputs, taps, products) in
            [(2, 2, 4), (2, 4, 5), (2, 6, 7), (2, 8, 12), (3, 2, 5), (3, 4, 7), (3, 6, 14)]
        {
            let w: Vec<Real> = (1..taps).map(|i| ((5 * i + 2) % 9) as Real - 4.0).collect();
            let at = |t: usize| w.get(t).copied().unwrap_or(0.0);
            let g: Vec<Real> =
                (0..taps).map(|t| at(t) + t.checked_sub(1).map_or(0.0, at)).collect();
            let [d, expected] = example(outputs, &g, 2);
            let points = points_of_twins(outputs, taps);
            assert_eq!(points.iter().map(|p| p.seen.len()).sum::<usize>(), products, "{taps} taps");
            assert_eq!(filtered(&points, outputs, [&d, &g]), expected, "{outputs} of {taps} taps");
        }
    }

    #[test]
    fn so_many_products_are_left() {
        let count = |outputs, taps, stride| {
            points(outputs, taps, stride).iter().map(|p| p.seen.len()).sum::<usize>()
        };
        for (outputs, taps, stride, expected) in [
            (2, 1, 1, 2),
            (2, 2, 1, 3),
            (2, 3, 1, 4),
            (2, 4, 1, 6),
            (2, 5, 1, 7),
            (2, 7, 1, 10),
            (2, 4, 2, 6),
            (2, 5, 2, 7),
            (3, 1, 1, 3),
            (3, 2, 1, 4),
            (3, 3, 1, 7),
            (3, 4, 2, 8),
        ] {
            let found = count(outputs, taps, stride);
            assert_eq!(found, expected, "{outputs} of {taps} taps, stride {stride}");
        }
    }
}
