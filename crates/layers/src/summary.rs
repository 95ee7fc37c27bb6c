//! What does a model look like?

use crate::Module;
use autograd::{Shape, Tensor, no_grad};
use std::fmt::Write;

/// A table of a model's layers: what each is, the shape of its output for one sample of shape
/// `input`, or a pack of such samples, and how many parameters it has. The shapes come from a run on
/// zeros.
///
/// # Panics
/// If the model does not take such an input.
#[track_caller]
pub fn summary(model: &dyn Module, input: &[usize]) -> String {
    let one: Shape = [model.samples()].iter().chain(input).copied().collect();
    let mut rows = Vec::new();
    no_grad(|| describe(model, &Tensor::full(one, 0.0), 0, &mut rows));
    let width = rows.iter().map(|(layer, ..)| layer.chars().count()).max().unwrap_or(0).max(5);
    let shapes = rows.iter().map(|(_, shape, _)| shape.len()).max().unwrap_or(0).max(6);
    let mut table = format!("{:width$}  {:shapes$}  {:>10}\n", "layer", "output", "parameters");
    for (layer, shape, count) in &rows {
        writeln!(table, "{layer:width$}  {shape:shapes$}  {:>10}", thousands(*count))
            .expect("writing to a string cannot fail");
    }
    let total = thousands(model.param_count());
    write!(table, "{:width$}  {:shapes$}  {total:>10}", "total", "")
        .expect("writing to a string cannot fail");
    table
}

/// Adds a row for each layer below `model` and returns the model's output.
fn describe(
    model: &dyn Module,
    x: &Tensor,
    depth: usize,
    rows: &mut Vec<(String, String, usize)>,
) -> Tensor {
    let children = model.children();
    if children.is_empty() {
        let y = model.forward(x);
        let shape = format!("{:?}", &y.shape()[1..]);
        rows.push((format!("{:depth$}{}", "", model.describe()), shape, model.param_count()));
        return y;
    }
    // A container's own row would repeat its children's, so it only indents their containers.
    let indent = |child: &dyn Module| if child.children().is_empty() { depth } else { depth + 2 };
    children
        .iter()
        .map(|child| child.as_ref())
        .fold(x.clone(), |x, child| describe(child, &x, indent(child), rows))
}

/// 1234567 as 1,234,567.
fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().map(|g| str::from_utf8(g).expect("digits")).collect();
    groups.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Activation, Init, Linear, Pack, Sequential};
    use autograd::Rng;

    #[test]
    fn a_summary_lists_layers_shapes_and_counts() {
        let mut rng = Rng::new(0, "weights");
        let model = Sequential::new()
            .add(Linear::new(2, 1000, Init::Zeros, &mut rng))
            .add(Activation::LeakyRelu(0.2))
            .add(Linear::new(1000, 1, Init::Zeros, &mut rng));
        let expected = "\
layer             output  parameters
Linear 2 -> 1000  [1000]       3,000
LeakyRelu 0.2     [1000]           0
Linear 1000 -> 1  [1]          1,001
total                          4,001";
        assert_eq!(summary(&model, &[2]), expected);
        let nested = Sequential::new().add(model).add(Activation::Sigmoid);
        let table = summary(&nested, &[2]);
        let starts: Vec<&str> = table.lines().skip(1).map(|line| &line[..4]).collect();
        assert_eq!(starts, ["  Li", "  Le", "  Li", "Sigm", "tota"]);
    }

    #[test]
    fn a_summary_of_packs_shows_one_pack() {
        let linear = Linear::new(6, 1, Init::Zeros, &mut Rng::new(0, "weights"));
        let expected = "\
layer          output  parameters
Pack 3         [6]              0
Linear 6 -> 1  [1]              7
total                           7";
        assert_eq!(summary(&Sequential::new().add(Pack::new(3)).add(linear), &[2]), expected);
    }
}
