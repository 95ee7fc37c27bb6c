//! How is a graph written for Markdown?

use super::{CONSTANT, Graph, Kind, OP, SKIPPED, VARIABLE};
use std::fmt::Write;

impl Graph {
    /// The graph in Mermaid's language, which GitHub draws where it stands in a Markdown file
    /// between ```` ```mermaid ```` and ```` ``` ````.
    ///
    /// Stadiums are variables, boxes constants, rounded boxes ops; what the sweep skips is dashed.
    /// Mermaid refuses more than 500 arrows unless told otherwise.
    pub fn to_mermaid(&self) -> String {
        let mut text = String::from(
            "%% stadium: variable, box: constant, rounded box: op; dashed: skipped by the sweep\n\
             flowchart TD\n",
        );
        for (i, node) in self.nodes.iter().enumerate() {
            let (open, close, class) = match node.kind {
                Kind::Variable => ("([", "])", "variable"),
                Kind::Constant => ("[", "]", "constant"),
                Kind::Op => ("(", ")", "op"),
            };
            let class = if node.skipped { "skipped" } else { class };
            let label = escaped(&node.label());
            let _ = writeln!(text, "    n{i}{open}\"{label}<br/>{}\"{close}:::{class}", node.shape);
        }
        for (from, to) in self.arrows() {
            let arrow = if self.nodes[from].skipped { "-.->" } else { "-->" };
            let _ = writeln!(text, "    n{from} {arrow} n{to}");
        }
        for (class, paint, dashes) in [
            ("variable", VARIABLE, ""),
            ("constant", CONSTANT, ""),
            ("op", OP, ""),
            ("skipped", SKIPPED, ",stroke-dasharray:4 3"),
        ] {
            let _ = writeln!(
                text,
                "    classDef {class} stroke:{},fill:{},color:{}{dashes}",
                paint.line, paint.fill, paint.text
            );
        }
        text
    }
}

/// With `#code;` for whatever Mermaid, or the Markdown it reads labels as, might take for itself.
fn escaped(label: &str) -> String {
    let mut text = String::new();
    for c in label.chars() {
        if c.is_alphanumeric() || " =".contains(c) {
            text.push(c);
        } else {
            let _ = write!(text, "#{};", u32::from(c));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use crate::{Array, Graph, Tensor};

    #[test]
    fn a_small_graph_in_mermaid() {
        let w = Tensor::variable(Array::zeros([3, 2]));
        let x = Tensor::full([3, 2], 1.0);
        let y = &w * &x;
        let graph = Graph::of(&y).name(&w, "w").name(&x, "x").wrt(&[&w]);
        assert_eq!(
            graph.to_mermaid(),
            r#"%% stadium: variable, box: constant, rounded box: op; dashed: skipped by the sweep
flowchart TD
    n0(["w<br/>[3, 2]"]):::variable
    n1["x<br/>[3, 2]"]:::skipped
    n2("mul<br/>[3, 2]"):::op
    n0 --> n2
    n1 -.-> n2
    classDef variable stroke:#D55E00,fill:#FBE9DC,color:#000000
    classDef constant stroke:#000000,fill:#FFFFFF,color:#000000
    classDef op stroke:#0072B2,fill:#E1EFF7,color:#000000
    classDef skipped stroke:#A0A0A0,fill:#FFFFFF,color:#757575,stroke-dasharray:4 3
"#
        );
    }

    #[test]
    fn special_characters_in_names_become_codes() {
        let x = Tensor::variable(Array::scalar(1.0));
        let text = Graph::of(&x).name(&x, "_a* \"<b>\"\n#1;").to_mermaid();
        let expected = r##"n0(["#95;a#42; #34;#60;b#62;#34; #35;1#59;<br/>[]"])"##;
        assert!(text.contains(expected), "{text}");
    }
}
