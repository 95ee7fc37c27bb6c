//! How is a graph written for Graphviz?

use super::{Graph, Kind, SKIPPED};
use std::fmt::Write;

impl Graph {
    /// The graph in Graphviz' language: `dot -Tsvg graph.dot -o graph.svg`.
    ///
    /// Ellipses are variables, boxes constants, rounded boxes ops; what the sweep skips is dashed.
    pub fn to_dot(&self) -> String {
        let mut text = String::from(
            "// ellipse: variable, box: constant, rounded box: op; dashed: skipped by the sweep\n\
             digraph {\n    node [fontname=\"Helvetica\", fontsize=12, margin=\"0.16,0.06\"]\n",
        );
        for (i, node) in self.nodes.iter().enumerate() {
            let (shape, style) = match node.kind {
                Kind::Variable => ("ellipse", "filled"),
                Kind::Constant => ("box", "filled"),
                Kind::Op => ("box", "filled,rounded"),
            };
            let dashed = if node.skipped { ",dashed" } else { "" };
            let paint = node.paint();
            let _ = writeln!(
                text,
                "    n{i} [label=\"{}\\n{}\", shape={shape}, style=\"{style}{dashed}\", \
                 color=\"{}\", fillcolor=\"{}\", fontcolor=\"{}\"]",
                escaped(&node.label()),
                node.shape,
                paint.line,
                paint.fill,
                paint.text,
            );
        }
        for (from, to) in self.arrows() {
            let _ = write!(text, "    n{from} -> n{to}");
            if self.nodes[from].skipped {
                let _ = write!(text, " [style=dashed, color=\"{}\"]", SKIPPED.line);
            }
            text.push('\n');
        }
        text + "}\n"
    }
}

/// Inside quotes, the quote and the backslash have a meaning.
fn escaped(label: &str) -> String {
    label.replace('\\', "\\\\").replace('"', "\\\"")
}

#[cfg(test)]
mod tests {
    use crate::{Array, Graph, Tensor};

    #[test]
    fn a_small_graph_in_dot() {
        let w = Tensor::variable(Array::zeros([3, 2]));
        let x = Tensor::full([3, 2], 1.0);
        let y = &w * &x;
        let graph = Graph::of(&y).name(&w, "w").name(&x, "x").wrt(&[&w]);
        assert_eq!(
            graph.to_dot(),
            r##"// ellipse: variable, box: constant, rounded box: op; dashed: skipped by the sweep
digraph {
    node [fontname="Helvetica", fontsize=12, margin="0.16,0.06"]
    n0 [label="w\n[3, 2]", shape=ellipse, style="filled", color="#D55E00", fillcolor="#FBE9DC", fontcolor="#000000"]
    n1 [label="x\n[3, 2]", shape=box, style="filled,dashed", color="#A0A0A0", fillcolor="#FFFFFF", fontcolor="#757575"]
    n2 [label="mul\n[3, 2]", shape=box, style="filled,rounded", color="#0072B2", fillcolor="#E1EFF7", fontcolor="#000000"]
    n0 -> n2
    n1 -> n2 [style=dashed, color="#A0A0A0"]
}
"##
        );
    }

    #[test]
    fn quotes_backslashes_and_line_ends_in_names_are_harmless() {
        let x = Tensor::variable(Array::scalar(1.0));
        let dot = Graph::of(&x).name(&x, "a\"b\\N\nc").to_dot();
        assert!(dot.contains(r#"label="a\"b\\N c\n[]""#), "{dot}");
    }
}
