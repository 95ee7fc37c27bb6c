//! In which ways does a condition enter a network?

use autograd::{Rng, Tensor};
use layers::{Init, Linear, Module, Param, Sequential, Statistic};

/// A discriminator that compares its features of a sample with a learnt row of the condition:
///
/// s(y, x) = ψ(φ(x)) + ⟨ y V, φ(x) ⟩.
///
/// - x: `[n, condition + numbers of a sample]`, pairs (y, x); y: `[n, 1]`. φ gives `[n, features]`.
///
/// Its parameters are those of φ, `features.0.weight` and so on, of ψ, `unconditional.weight` and
/// `unconditional.bias`, and `conditional.table`, V, `[condition, features]`.
///
/// Source: Miyato, Koyama 2018, "cGANs with Projection Discriminator", eq. 3 and figure 1d.
pub struct Projection {
    split: usize,
    features: Sequential,
    unconditional: Linear,
    conditional: Embedding,
}

impl Projection {
    /// The first numbers of a row are the condition, for which `conditional` has the rows; the
    /// others go through `features`.
    pub fn new(
        split: usize,
        mut features: Sequential,
        mut unconditional: Linear,
        mut conditional: Embedding,
    ) -> Projection {
        features.each_param_mut(&mut |param| param.move_into("features"));
        features.each_statistic_mut(&mut |statistic| statistic.move_into("features"));
        unconditional.each_param_mut(&mut |param| param.move_into("unconditional"));
        conditional.each_param_mut(&mut |param| param.move_into("conditional"));
        Projection { split, features, unconditional, conditional }
    }

    fn scores(&self, x: &Tensor, features: &Tensor) -> Tensor {
        let rows = self.conditional.forward(&x.slice(1, ..self.split));
        self.unconditional.forward(features) + (rows * features).sum_keepdim(1)
    }
}

impl Module for Projection {
    fn describe(&self) -> String {
        format!("Projection, the first {} and the rest", self.split)
    }

    #[track_caller]
    fn forward(&self, x: &Tensor) -> Tensor {
        self.scores(x, &self.features.forward(&x.slice(1, self.split..)))
    }

    #[track_caller]
    fn forward_train(&mut self, x: &Tensor, rng: &mut Rng) -> Tensor {
        let features = self.features.forward_train(&x.slice(1, self.split..), rng);
        self.scores(x, &features)
    }

    fn each_param<'a>(&'a self, visit: &mut dyn FnMut(&'a Param)) {
        self.features.each_param(visit);
        self.unconditional.each_param(visit);
        self.conditional.each_param(visit);
    }

    fn each_param_mut(&mut self, visit: &mut dyn FnMut(&mut Param)) {
        self.features.each_param_mut(visit);
        self.unconditional.each_param_mut(visit);
        self.conditional.each_param_mut(visit);
    }

    fn each_statistic<'a>(&'a self, visit: &mut dyn FnMut(&'a Statistic)) {
        self.features.each_statistic(visit);
    }

    fn each_statistic_mut(&mut self, visit: &mut dyn FnMut(&mut Statistic)) {
        self.features.each_statistic_mut(visit);
    }
}

/// A learnt row of numbers for each class: y E, for one-hot rows y the row of E that y names.
///
/// - x: `[n, classes]`; y: `[n, size]`. Its parameter is `table`, E, `[classes, size]`.
pub struct Embedding {
    table: Param,
}

impl Embedding {
    /// Rows that start from `init`.
    pub fn new(classes: usize, size: usize, init: Init, rng: &mut Rng) -> Embedding {
        Embedding { table: Param::new("table", init.sample([classes, size], rng)) }
    }
}

impl Module for Embedding {
    fn describe(&self) -> String {
        let shape = self.table.tensor().shape();
        format!("Embedding {} -> {}", shape[0], shape[1])
    }

    #[track_caller]
    fn forward(&self, x: &Tensor) -> Tensor {
        x.matmul(self.table.tensor())
    }

    fn each_param<'a>(&'a self, visit: &mut dyn FnMut(&'a Param)) {
        visit(&self.table);
    }

    fn each_param_mut(&mut self, visit: &mut dyn FnMut(&mut Param)) {
        visit(&mut self.table);
    }
}

/// Numbers as channels that are the same everywhere: y_nijc = x_nc.
///
/// - x: `[n, channels]`; y: `[n, height, width, channels]`.
pub struct Spread {
    size: [usize; 2],
}

impl Spread {
    /// Channels of this height and width.
    pub fn new(size: [usize; 2]) -> Spread {
        Spread { size }
    }
}

impl Module for Spread {
    fn describe(&self) -> String {
        format!("Spread {} x {}", self.size[0], self.size[1])
    }

    #[track_caller]
    fn forward(&self, x: &Tensor) -> Tensor {
        let [n, channels] = x.shape()[..] else { panic!("spread: {} is not [n, c]", x.shape()) };
        x.reshape([n, 1, 1, channels]).broadcast_to([n, self.size[0], self.size[1], channels])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use autograd::Real;

    #[test]
    fn a_projection_is_its_formula() {
        let mut rng = Rng::new(0, "weights");
        let phi = || Linear::new(3, 4, Init::XavierUniform, &mut Rng::new(1, "phi"));
        let psi = || Linear::new(4, 1, Init::XavierUniform, &mut Rng::new(1, "psi"));
        let v = Embedding::new(2, 4, Init::XavierUniform, &mut rng);
        let table: Vec<Real> = v.table.tensor().numbers().to_vec();
        let projection = Projection::new(2, Sequential::new().add(phi()), psi(), v);
        let x = Tensor::new([2, 5], &[0.0, 1.0, 0.3, 0.4, 0.5, 1.0, 0.0, -0.3, 0.2, 0.9]);
        let features = phi().forward(&x.slice(1, 2..));
        let plain = psi().forward(&features);
        for (i, class) in [1, 0].into_iter().enumerate() {
            let row = table[4 * class..][..4].iter().zip(&features.numbers()[4 * i..]);
            let expected = plain.numbers()[i] + row.map(|(v, f)| v * f).sum::<Real>();
            assert!((projection.forward(&x).numbers()[i] - expected).abs() < 1e-6);
        }
        let names: Vec<&str> = projection.params().iter().map(|param| param.name()).collect();
        assert_eq!(names[..3], ["features.0.weight", "features.0.bias", "unconditional.weight"]);
        assert_eq!(names[4], "conditional.table");
    }

    #[test]
    fn spread_numbers_are_channels() {
        let y = Spread::new([2, 3]).forward(&Tensor::new([2, 2], &[1.0, 2.0, 3.0, 4.0]));
        assert_eq!(y.shape(), &[2, 2, 3, 2].into());
        assert_eq!(y.numbers(), [[1.0, 2.0].repeat(6), [3.0, 4.0].repeat(6)].concat());
    }

    #[test]
    fn an_embedding_of_a_label_is_its_row() {
        let embedding = Embedding::new(4, 3, Init::XavierNormal, &mut Rng::new(0, "weights"));
        let y = embedding.forward(&Tensor::one_hot(&[2, 0, 2], 4));
        let table = embedding.params()[0].tensor().numbers().to_vec();
        let rows: Vec<Real> = [2, 0, 2].iter().flat_map(|i| table[3 * i..][..3].to_vec()).collect();
        assert_eq!(y.numbers(), rows);
    }
}
