//! Which numbers do weights start from?

use autograd::{Array, Real, Rng, Shape};

/// How many inputs each output sums, and how many outputs each input reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fans {
    /// Terms in the sum that makes one output.
    pub inputs: usize,
    /// Sums that one input is a term of.
    pub outputs: usize,
}

impl Fans {
    /// Those of a weight `[.., inputs, outputs]`; axes in front, such as a kernel's height and
    /// width, multiply both.
    ///
    /// # Panics
    /// If the weight has fewer than two axes.
    #[track_caller]
    pub fn of(weight: &Shape) -> Fans {
        let [in_front @ .., inputs, outputs] = &weight[..] else {
            panic!("fans: a weight of shape {weight} has no inputs and outputs");
        };
        let field: usize = in_front.iter().product();
        Fans { inputs: inputs * field, outputs: outputs * field }
    }
}

/// A distribution of starting weights. in and out are the [`Fans`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Init {
    /// 0 everywhere.
    Zeros,
    /// The same number everywhere.
    Constant(Real),
    /// N(0, std²).
    Normal {
        /// Standard deviation.
        std: Real,
    },
    /// N(0, std²), drawn again where |w| > 2 std: TensorFlow's truncated normal. Its standard
    /// deviation is 0.8796 std.
    TruncatedNormal {
        /// Standard deviation before the cut.
        std: Real,
    },
    /// U(low, high).
    Uniform {
        /// Lower end, included.
        low: Real,
        /// Upper end, excluded.
        high: Real,
    },
    /// U(-a, a),  a = √(6 / (in + out)).
    ///
    /// Source: Glorot, Bengio 2010, "Understanding the difficulty of training deep feedforward
    /// neural networks", eq. 16. Keras's default for dense layers.
    XavierUniform,
    /// N(0, 2 / (in + out)): the normal distribution with the variance of [`Init::XavierUniform`].
    XavierNormal,
    /// N(0, 2 / in), as [`Init::KaimingNormal`]: what early TensorFlow GANs call Xavier, and write as a
    /// standard deviation of 1 / √(in / 2).
    XavierHalf,
    /// U(-a, a),  a = √(6 / in).
    ///
    /// Source: He et al. 2015, "Delving Deep into Rectifiers", eq. 10.
    KaimingUniform,
    /// N(0, 2 / in).
    ///
    /// Source: He et al. 2015, "Delving Deep into Rectifiers", eq. 10.
    KaimingNormal,
    /// U(-a, a),  a = 1/√in: PyTorch's default for the weights and the biases of its linear and
    /// convolutional layers.
    ///
    /// Source: LeCun et al. 1998, "Efficient BackProp", §4.6 (there with a = √(3/in)).
    FanIn,
    /// gain · Q, where Q has orthonormal columns, or rows if there are fewer of those, and is
    /// otherwise equally likely in every direction.
    ///
    /// Source: Saxe, McClelland, Ganguli 2013, "Exact solutions to the nonlinear dynamics of
    /// learning in deep linear neural networks", §4.
    Orthogonal {
        /// Length of each column or row.
        gain: Real,
    },
}

impl Init {
    /// Weights of this shape.
    ///
    /// # Panics
    /// If the distribution needs [`Fans`] and the shape has fewer than two axes or no inputs, if a
    /// single number is to be orthogonal, or if the settings are no distribution: a standard deviation
    /// below 0, an empty interval.
    #[track_caller]
    pub fn sample(self, shape: impl Into<Shape>, rng: &mut Rng) -> Array {
        let shape = shape.into();
        self.draw(shape, &|| Fans::of(&shape), rng)
    }

    /// Numbers of this shape, such as biases, for a layer with these fans.
    ///
    /// # Panics
    /// If the distribution needs fans and these have no inputs; otherwise as [`Init::sample`].
    #[track_caller]
    pub fn sample_with(self, fans: Fans, shape: impl Into<Shape>, rng: &mut Rng) -> Array {
        self.draw(shape.into(), &|| fans, rng)
    }

    #[track_caller]
    fn draw(self, shape: Shape, fans: &dyn Fn() -> Fans, rng: &mut Rng) -> Array {
        let inputs = || fans().inputs as Real;
        let both = || (fans().inputs + fans().outputs) as Real;
        match self {
            Init::Zeros => Array::zeros(shape),
            Init::Constant(c) => Array::full(shape, c),
            Init::Normal { std } => normal(shape, std, rng),
            Init::TruncatedNormal { std } => truncated_normal(shape, std, rng),
            Init::Uniform { low, high } => rng.uniform(shape, low, high),
            Init::XavierUniform => symmetric(shape, (6.0 / both()).sqrt(), rng),
            Init::XavierNormal => normal(shape, (2.0 / both()).sqrt(), rng),
            Init::XavierHalf => normal(shape, 1.0 / (inputs() / 2.0).sqrt(), rng),
            Init::KaimingUniform => symmetric(shape, (6.0 / inputs()).sqrt(), rng),
            Init::KaimingNormal => normal(shape, (2.0 / inputs()).sqrt(), rng),
            Init::FanIn => symmetric(shape, 1.0 / inputs().sqrt(), rng),
            Init::Orthogonal { gain } => orthogonal(shape, gain, rng),
        }
    }
}

/// N(0, std²)
#[track_caller]
fn normal(shape: Shape, std: Real, rng: &mut Rng) -> Array {
    assert!(std >= 0.0 && std.is_finite(), "init: {std} is no standard deviation");
    rng.normal(shape).map(|x| std * x)
}

/// U(-a, a)
#[track_caller]
fn symmetric(shape: Shape, a: Real, rng: &mut Rng) -> Array {
    assert!(a.is_finite(), "init: a weight of shape {shape} has no inputs to scale by");
    rng.uniform(shape, -a, a)
}

#[track_caller]
fn truncated_normal(shape: Shape, std: Real, rng: &mut Rng) -> Array {
    let mut x = normal(shape, std, rng);
    for x in x.numbers_mut() {
        while x.abs() > 2.0 * std {
            *x = std * rng.normal([]).item();
        }
    }
    x
}

/// Gram and Schmidt's method on the longer side's normal vectors, twice over: once leaves a
/// rounding error that grows with the number of vectors.
#[track_caller]
fn orthogonal(shape: Shape, gain: Real, rng: &mut Rng) -> Array {
    let outputs = *shape.last().expect("orthogonal: a single number has no directions");
    let inputs = shape.count() / outputs.max(1);
    let (count, len) = (inputs.min(outputs), inputs.max(outputs));
    let mut vectors: Vec<Vec<Real>> =
        (0..count).map(|_| rng.normal([len]).numbers().to_vec()).collect();
    for i in 0..count {
        let (done, rest) = vectors.split_at_mut(i);
        let v = &mut rest[0];
        for q in done.iter().chain(done.iter()) {
            let along: Real = q.iter().zip(v.iter()).map(|(q, v)| q * v).sum();
            v.iter_mut().zip(q).for_each(|(v, q)| *v -= along * q);
        }
        let norm = v.iter().map(|v| v * v).sum::<Real>().sqrt();
        v.iter_mut().for_each(|v| *v /= norm);
    }
    Array::filled_by(shape, |w| {
        for (position, w) in w.iter_mut().enumerate() {
            let (row, column) = (position / outputs, position % outputs);
            let q = if inputs < outputs { vectors[row][column] } else { vectors[column][row] };
            *w = gain * q;
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mean and standard deviation of 160,000 samples with fans 200 and 800.
    fn moments(init: Init) -> (f64, f64) {
        let x = init.sample([200, 800], &mut Rng::new(1, "init"));
        let x: Vec<f64> = x.numbers().iter().map(|x| f64::from(*x)).collect();
        let mean = x.iter().sum::<f64>() / x.len() as f64;
        let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / x.len() as f64;
        (mean, variance.sqrt())
    }

    #[test]
    fn moments_are_those_of_each_formula() {
        let table: [(Init, f64); 9] = [
            (Init::Normal { std: 0.02 }, 0.02),
            (Init::TruncatedNormal { std: 0.02 }, 0.02 * 0.879_625),
            (Init::Uniform { low: -0.3, high: 0.3 }, 0.3 / 3f64.sqrt()),
            (Init::XavierUniform, (2.0 / 1000f64).sqrt()),
            (Init::XavierNormal, (2.0 / 1000f64).sqrt()),
            (Init::XavierHalf, 0.1),
            (Init::KaimingUniform, 0.1),
            (Init::KaimingNormal, 0.1),
            (Init::FanIn, (1.0 / 600f64).sqrt()),
        ];
        for (init, expected) in table {
            let (mean, std) = moments(init);
            // The standard errors are expected/400 and at most expected/565.
            assert!(mean.abs() < expected / 80.0, "{init:?}: mean {mean}");
            assert!((std / expected - 1.0).abs() < 0.01, "{init:?}: {std} against {expected}");
        }
    }

    #[test]
    fn truncated_normals_stay_inside() {
        let x = Init::TruncatedNormal { std: 0.5 }.sample([1000], &mut Rng::new(0, "init"));
        assert!(x.numbers().iter().all(|x| x.abs() <= 1.0));
    }

    #[test]
    fn orthogonal_weights_are_orthonormal_up_to_the_gain() {
        for [inputs, outputs] in [[30, 30], [20, 45], [45, 20]] {
            let w =
                Init::Orthogonal { gain: 1.5 }.sample([inputs, outputs], &mut Rng::new(0, "init"));
            let w = autograd::Tensor::constant(w);
            let by_rows = inputs < outputs;
            let gram = w.matmul_transposed(!by_rows, &w, by_rows);
            let n = inputs.min(outputs);
            for (i, g) in gram.numbers().iter().enumerate() {
                let expected = if i / n == i % n { 2.25 } else { 0.0 };
                assert!((g - expected).abs() < 1e-5, "{g}");
            }
        }
    }

    #[test]
    fn fans_include_the_field_of_a_kernel() {
        assert_eq!(Fans::of(&[5, 5, 3, 64].into()), Fans { inputs: 75, outputs: 1600 });
    }
}
