//! What are the eigenvalues and eigenvectors of a symmetric matrix?
//!
//! Jacobi's method: turn the plane of two axes so that the element between them vanishes, for all
//! pairs of axes, until nothing is left beside the diagonal. For the hundred dimensions of some
//! features it is fast enough, short, and as accurate as any.
//!
//! Source: Jacobi 1846; Golub, Van Loan 2013, "Matrix Computations", §8.5.

/// Sweeps over all pairs; six to ten are usual.
const MOST_SWEEPS: usize = 60;

/// A = V diag(λ) Vᵀ.
pub struct Eigen {
    /// λ, in no particular order.
    pub values: Vec<f64>,
    /// V, n x n row after row: column k belongs to λ_k.
    pub vectors: Vec<f64>,
}

/// The eigenvalues and eigenvectors of a symmetric matrix, n x n row after row. NaN if it has a
/// number that is not finite.
pub fn eigen(a: &[f64], n: usize) -> Eigen {
    let mut a = a.to_vec();
    let mut v: Vec<f64> = (0..n * n).map(|i| f64::from(u8::from(i / n == i % n))).collect();
    if a.iter().any(|x| !x.is_finite()) {
        return Eigen { values: vec![f64::NAN; n], vectors: vec![f64::NAN; n * n] };
    }
    for _ in 0..MOST_SWEEPS {
        let mut turned = false;
        for p in 0..n {
            for q in p + 1..n {
                let (pp, pq, qq) = (a[p * n + p], a[p * n + q], a[q * n + q]);
                // Too small to move either eigenvalue.
                if pp + pq.abs() == pp && qq + pq.abs() == qq {
                    continue;
                }
                turned = true;
                let theta = (qq - pp) / (2.0 * pq);
                // The smaller root of t² + 2 θ t - 1 = 0: a turn by at most 45 degrees.
                let t = theta.signum() / (theta.abs() + theta.hypot(1.0));
                let c = 1.0 / t.hypot(1.0);
                let s = t * c;
                for k in 0..n {
                    turn(&mut a, k * n + p, k * n + q, c, s);
                    turn(&mut v, k * n + p, k * n + q, c, s);
                }
                for k in 0..n {
                    turn(&mut a, p * n + k, q * n + k, c, s);
                }
            }
        }
        if !turned {
            break;
        }
    }
    Eigen { values: (0..n).map(|i| a[i * n + i]).collect(), vectors: v }
}

/// (x, y) <- (c x - s y, s x + c y)
fn turn(numbers: &mut [f64], at: usize, and: usize, c: f64, s: f64) {
    let (x, y) = (numbers[at], numbers[and]);
    numbers[at] = c * x - s * y;
    numbers[and] = s * x + c * y;
}

/// The symmetric root of a symmetric matrix without negative eigenvalues:  A^½ = V diag(√λ) Vᵀ.
/// Eigenvalues that rounding has made negative count as 0.
pub fn root(a: &[f64], n: usize) -> Vec<f64> {
    let Eigen { values, vectors: v } = eigen(a, n);
    // Not `max`, which would hide a NaN.
    let roots = values.iter().map(|l| if *l < 0.0 { 0.0 } else { l.sqrt() });
    let roots: Vec<f64> = roots.collect();
    let element = |i: usize, j: usize| -> f64 {
        (0..n).map(|k| v[i * n + k] * roots[k] * v[j * n + k]).sum()
    };
    (0..n * n).map(|at| element(at / n, at % n)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use autograd::Rng;

    /// A symmetric matrix B Bᵀ, B having `rank` columns of normal numbers.
    fn positive(n: usize, rank: usize) -> Vec<f64> {
        let b = Rng::new(0, "matrix").normal([n, rank]);
        let b: Vec<f64> = b.numbers().iter().map(|x| f64::from(*x)).collect();
        let dot = |i: usize, j: usize| (0..rank).map(|k| b[i * rank + k] * b[j * rank + k]).sum();
        (0..n * n).map(|at| dot(at / n, at % n)).collect()
    }

    fn product(a: &[f64], b: &[f64], n: usize) -> Vec<f64> {
        let element = |i: usize, j: usize| (0..n).map(|k| a[i * n + k] * b[k * n + j]).sum();
        (0..n * n).map(|at| element(at / n, at % n)).collect()
    }

    fn assert_near(a: &[f64], b: &[f64], tolerance: f64) {
        let worst = a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(a.len() == b.len() && worst < tolerance, "{worst}");
    }

    #[test]
    fn known_eigenvalues_are_found() {
        // The second differences of n points: λ_k = 2 - 2 cos(π k / (n + 1)), k = 1 .. n.
        let n = 20;
        let band = |at: usize| match (at / n).abs_diff(at % n) {
            0 => 2.0,
            1 => -1.0,
            _ => 0.0,
        };
        let mut found = eigen(&(0..n * n).map(band).collect::<Vec<f64>>(), n).values;
        found.sort_by(f64::total_cmp);
        let angle = |k: usize| std::f64::consts::PI * k as f64 / (n + 1) as f64;
        let expected: Vec<f64> = (1..=n).map(|k| 2.0 - 2.0 * angle(k).cos()).collect();
        assert_near(&found, &expected, 1e-13);
    }

    #[test]
    fn vectors_are_orthonormal_and_make_the_matrix_again() {
        let n = 30;
        for rank in [30, 5] {
            let a = positive(n, rank);
            let Eigen { values, vectors: v } = eigen(&a, n);
            let transposed: Vec<f64> = (0..n * n).map(|at| v[at % n * n + at / n]).collect();
            let unit: Vec<f64> =
                (0..n * n).map(|at| f64::from(u8::from(at / n == at % n))).collect();
            assert_near(&product(&transposed, &v, n), &unit, 1e-13);
            let scaled: Vec<f64> = (0..n * n).map(|at| v[at] * values[at % n]).collect();
            assert_near(&product(&scaled, &transposed, n), &a, 1e-11);
        }
    }

    #[test]
    fn a_root_squared_is_the_matrix() {
        for rank in [12, 3] {
            let a = positive(12, rank);
            let r = root(&a, 12);
            assert_near(&product(&r, &r, 12), &a, 1e-11);
        }
        assert_eq!(root(&[0.0; 9], 3), [0.0; 9]);
    }

    #[test]
    fn a_matrix_with_nan_has_no_eigenvalues() {
        assert!(eigen(&[1.0, f64::NAN, f64::NAN, 1.0], 2).values.iter().all(|l| l.is_nan()));
    }
}
