//! What does the graph behind a tensor look like?
//!
//! [`Graph::of`] copies names and shapes out of the graph, [`Graph::wrt`] marks what the sweep of
//! [`grad`](crate::grad()) visits, and three writers draw the result: [`Graph::to_svg`] for a
//! browser, [`Graph::to_dot`] for Graphviz, [`Graph::to_mermaid`] for Markdown.
//!
//! ```
//! use adversaria_autograd::{Array, Graph, Tensor};
//!
//! let w = Tensor::variable(Array::scalar(3.0));
//! let x = Tensor::scalar(2.0);
//! let y = (&w * &x).tanh();
//! let graph = Graph::of(&y).name(&w, "w").name(&x, "x").name(&y, "y").wrt(&[&w]);
//! assert!(graph.to_mermaid().contains(r#"n3("y = tanh<br/>[]"):::op"#));
//! ```

mod dot;
mod layout;
mod mermaid;
mod svg;

use crate::{Shape, Tensor};
use std::collections::BTreeMap;

/// The graph behind a tensor, ready to be drawn. Holds no tensor, so it keeps no graph alive.
///
/// The same computation gives the same drawing, letter for letter.
#[derive(Clone, Debug)]
pub struct Graph {
    /// Oldest first: each node comes after its inputs, and the last one is the result.
    nodes: Vec<Node>,
}

#[derive(Clone, Debug)]
struct Node {
    id: u64,
    kind: Kind,
    name: Option<String>,
    /// The op, the number of a constant scalar, or else the kind.
    what: String,
    shape: Shape,
    /// Positions in `Graph::nodes`, one for each use.
    inputs: Vec<usize>,
    /// Whether the sweep skips it.
    skipped: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A leaf that gradients are asked of.
    Variable,
    /// A leaf that needs no gradient.
    Constant,
    /// The result of a recorded op.
    Op,
}

impl Graph {
    /// The graph of y and all that it was made from, without names.
    pub fn of(y: &Tensor) -> Graph {
        let mut tensors = Vec::new();
        // As in `grad`: the newest is handed out first, and all its uses are newer still.
        let mut seen = BTreeMap::from([(y.id(), y)]);
        while let Some((_, tensor)) = seen.pop_last() {
            tensors.push(tensor);
            seen.extend(inputs(tensor).iter().map(|x| (x.id(), x)));
        }
        tensors.reverse();
        let place = |x: &Tensor| {
            tensors
                .binary_search_by_key(&x.id(), |tensor| tensor.id())
                .expect("the inputs of a collected tensor are collected")
        };
        let nodes = tensors.iter().map(|tensor| {
            let (kind, what) = match tensor.made_by() {
                Some(step) => (Kind::Op, printable(step.name())),
                None if tensor.needs_grad() => (Kind::Variable, "variable".to_owned()),
                None if tensor.shape().is_empty() => (Kind::Constant, tensor.value().to_string()),
                None => (Kind::Constant, "constant".to_owned()),
            };
            Node {
                id: tensor.id(),
                kind,
                name: None,
                what,
                shape: *tensor.shape(),
                inputs: inputs(tensor).iter().map(place).collect(),
                skipped: false,
            }
        });
        Graph { nodes: nodes.collect() }
    }

    /// Names a tensor in the drawing. One that the graph does not contain is passed over, so that
    /// one list of names serves several graphs. Line ends in `name` become spaces.
    #[must_use]
    pub fn name(mut self, tensor: &Tensor, name: &str) -> Graph {
        if let Some(i) = self.find(tensor) {
            self.nodes[i].name = Some(printable(name));
        }
        self
    }

    /// Dims what the sweep for dy/dx, x in `wrt`, skips: all nodes that lead to none of `wrt`.
    /// Gradients are computed for the others alone.
    #[must_use]
    pub fn wrt(mut self, wrt: &[&Tensor]) -> Graph {
        let asked: Vec<usize> = wrt.iter().filter_map(|x| self.find(x)).collect();
        for node in &mut self.nodes {
            node.skipped = true;
        }
        for i in asked {
            self.nodes[i].skipped = self.nodes[i].kind == Kind::Constant;
        }
        // Inputs come first, so theirs is decided when a node's turn comes.
        for i in 0..self.nodes.len() {
            let leads = |input: &usize| !self.nodes[*input].skipped;
            if self.nodes[i].inputs.iter().any(leads) {
                self.nodes[i].skipped = false;
            }
        }
        self
    }

    fn find(&self, tensor: &Tensor) -> Option<usize> {
        self.nodes.binary_search_by_key(&tensor.id(), |node| node.id).ok()
    }

    /// One arrow for each use, from an input to what is made of it. The sweep goes back along
    /// those whose input it does not skip.
    fn arrows(&self) -> impl Iterator<Item = (usize, usize)> {
        let nodes = self.nodes.iter().enumerate();
        nodes.flat_map(|(to, node)| node.inputs.iter().map(move |from| (*from, to)))
    }
}

impl Node {
    fn label(&self) -> String {
        match &self.name {
            Some(name) if self.kind == Kind::Op => format!("{name} = {}", self.what),
            Some(name) => name.clone(),
            None => self.what.clone(),
        }
    }

    fn paint(&self) -> Paint {
        match self.kind {
            _ if self.skipped => SKIPPED,
            Kind::Variable => VARIABLE,
            Kind::Constant => CONSTANT,
            Kind::Op => OP,
        }
    }
}

/// The colours of a node. Its shape and its line say the same once more.
#[derive(Clone, Copy)]
struct Paint {
    line: &'static str,
    fill: &'static str,
    text: &'static str,
}

// Vermilion, black and blue of Okabe and Ito's palette, with pale tints of them.
const VARIABLE: Paint = Paint { line: "#D55E00", fill: "#FBE9DC", text: "#000000" };
const CONSTANT: Paint = Paint { line: "#000000", fill: "#FFFFFF", text: "#000000" };
const OP: Paint = Paint { line: "#0072B2", fill: "#E1EFF7", text: "#000000" };
/// The darkest grey that looks dim, the lightest that is read with ease (contrast 4.6).
const SKIPPED: Paint = Paint { line: "#A0A0A0", fill: "#FFFFFF", text: "#757575" };

fn inputs(tensor: &Tensor) -> &[Tensor] {
    tensor.made_by().map_or(&[], |step| step.inputs())
}

/// With a space for each character that XML forbids or that would end a line.
fn printable(name: &str) -> String {
    let forbidden = |c: char| c.is_control() || matches!(c, '\u{FFFE}' | '\u{FFFF}');
    name.replace(forbidden, " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Array, Op, Real, grad};
    use std::sync::{Arc, Mutex};

    fn variable(number: Real) -> Tensor {
        Tensor::variable(Array::scalar(number))
    }

    fn skipped(graph: &Graph) -> Vec<String> {
        let skipped = graph.nodes.iter().filter(|node| node.skipped);
        skipped.map(Node::label).collect()
    }

    #[test]
    fn each_tensor_is_one_node_and_each_use_one_arrow() {
        let a = variable(1.0);
        let b = &a + &a;
        let c = &b + &b;
        let graph = Graph::of(&c).name(&a, "a").name(&b, "b");
        let labels: Vec<String> = graph.nodes.iter().map(Node::label).collect();
        assert_eq!(labels, ["a", "b = add", "add"]);
        let arrows: Vec<_> = graph.arrows().collect();
        assert_eq!(arrows, [(0, 1), (0, 1), (1, 2), (1, 2)]);
    }

    #[test]
    fn leaves_are_variables_constants_or_numbers() {
        let x = Tensor::variable(Array::zeros([2]));
        let y = (&x * 0.25 + Tensor::full([2], 1.0)).sum();
        let graph = Graph::of(&y);
        let leaf = |node: &&Node| node.kind != Kind::Op;
        let mut leaves: Vec<_> = graph.nodes.iter().filter(leaf).map(Node::label).collect();
        leaves.sort();
        assert_eq!(leaves, ["0.2500", "constant", "variable"]);
    }

    #[test]
    fn what_leads_to_none_of_wrt_is_skipped() {
        let (x, w, v) = (Tensor::scalar(1.0), variable(2.0), variable(3.0));
        let (p, q) = (&x * &w, &x * &v);
        let y = &p + &q;
        let graph = Graph::of(&y);
        let names = [(&x, "x"), (&w, "w"), (&v, "v"), (&p, "p"), (&q, "q")];
        let graph = names.iter().fold(graph, |graph, (tensor, name)| graph.name(tensor, name));
        assert!(skipped(&graph).is_empty());
        assert_eq!(skipped(&graph.clone().wrt(&[&w])), ["x", "v", "q = mul"]);
        assert_eq!(skipped(&graph.clone().wrt(&[&w, &v, &x])), ["x"]);
        assert_eq!(graph.clone().wrt(&[]).nodes.len(), skipped(&graph.wrt(&[])).len());
    }

    /// y = a + b, and a note of whose gradient is asked.
    struct Witness(Arc<Mutex<Vec<u64>>>);

    impl Op<2> for Witness {
        const NAME: &'static str = "witness";
        fn forward(&self, [a, b]: [&Array; 2]) -> Array {
            a.zip(b, Self::NAME, |a, b| a + b)
        }
        fn vjp(&self, i: usize, x: [&Tensor; 2], _: &Tensor, dy: &Tensor) -> Tensor {
            self.0.lock().unwrap().push(x[i].id());
            dy.clone()
        }
    }

    #[test]
    fn the_marks_are_what_the_sweep_visits() {
        let asked = Arc::default();
        let add = |a: &Tensor, b: &Tensor| Witness(Arc::clone(&asked)).apply([a, b]);
        let leaves = [variable(1.0), variable(2.0), Tensor::scalar(3.0)];
        // Each tensor is made of two earlier ones, far and near, shared and not.
        let mut all = leaves.to_vec();
        for i in 3..30 {
            all.push(add(&all[i - 1 - i % 3], &all[(i * i + 1) % i]));
        }
        let y = &all[29];
        for wrt in [[0, 0], [1, 1], [0, 1], [2, 2], [1, 17], [8, 20]] {
            asked.lock().unwrap().clear();
            let wrt = wrt.map(|i| &all[i]);
            let _ = grad(y, wrt, false);
            let mut visited = asked.lock().unwrap().clone();
            visited.sort();
            visited.dedup();
            let graph = Graph::of(y).wrt(&wrt);
            let drawn = graph.nodes.iter().filter(|node| !node.skipped);
            // Nobody asks for the gradient of y itself: it is given.
            let drawn: Vec<u64> = drawn.map(|node| node.id).filter(|id| *id != y.id()).collect();
            assert_eq!(drawn, visited, "wrt {wrt:?}");
        }
    }

    #[test]
    fn drawing_a_long_chain_does_not_recurse() {
        let draw = || {
            let x = variable(0.5);
            let w = variable(1.0);
            let y = (0..5000).fold(x.clone(), |y, _| (y * &w).tanh());
            let graph = Graph::of(&y).wrt(&[&x]);
            [graph.to_dot(), graph.to_mermaid(), graph.to_svg()].map(|text| text.len())
        };
        let small_stack = std::thread::Builder::new().stack_size(128 * 1024);
        let lengths = small_stack.spawn(draw).unwrap().join().unwrap();
        assert!(lengths.iter().all(|length| *length > 100_000));
    }

    #[test]
    fn a_graph_keeps_no_tensor_alive() {
        let owned_by_the_op = Arc::default();
        let y = Witness(Arc::clone(&owned_by_the_op)).apply([&variable(1.0), &variable(2.0)]);
        let graph = Graph::of(&y);
        drop(y);
        assert_eq!((graph.nodes.len(), Arc::strong_count(&owned_by_the_op)), (3, 1));
    }

    #[test]
    fn the_same_computation_gives_the_same_drawing() {
        let draw = || {
            let w = Tensor::variable(Array::zeros([2, 3]));
            let y = w.tanh().square().sum();
            Graph::of(&y).wrt(&[&w])
        };
        assert_eq!(draw().to_svg(), draw().to_svg());
        assert_eq!(draw().to_dot(), draw().to_dot());
        assert_eq!(draw().to_mermaid(), draw().to_mermaid());
    }
}
