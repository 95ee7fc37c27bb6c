//! How is a graph drawn as a picture?

use super::layout::{Arrow, BOX_HEIGHT, arrange};
use super::{CONSTANT, Graph, Kind, Node, OP, Paint, SKIPPED, VARIABLE};
use std::fmt::Write;

/// Around the drawing, and between it and the legend.
const MARGIN: f64 = 16.0;

const LABEL_SIZE: f64 = 14.0;
const SHAPE_SIZE: f64 = 11.5;

/// Between the text of a box and its sides.
const PADDING: f64 = 12.0;

const NARROWEST: f64 = 60.0;

const ARROW: &str = "#222222";

/// The length of an arrow's head, and its width.
const HEAD: f64 = 8.0;

const DASHES: &str = r#" stroke-dasharray="4 3""#;

impl Graph {
    /// The graph as an SVG file: inputs above, the result below, a legend at the foot. Needs no
    /// other file.
    ///
    /// Good to read up to about a hundred nodes.
    pub fn to_svg(&self) -> String {
        let widths: Vec<f64> = self.nodes.iter().map(box_width).collect();
        let inputs: Vec<&[usize]> = self.nodes.iter().map(|node| &node.inputs[..]).collect();
        let layout = arrange(&widths, &inputs);
        let legend = Legend::of(self);

        let width = layout.size[0].max(legend.width) + 2.0 * MARGIN;
        let foot = layout.size[1] + 2.5 * MARGIN;
        let height = foot + BOX_HEIGHT / 2.0 + MARGIN;
        let left = (width - layout.size[0]) / 2.0;
        let result = self.nodes.last().map(Node::label).unwrap_or_default();

        let mut svg = format!(
            r##"<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0}" height="{height:.0}" viewBox="0 0 {width:.1} {height:.1}" role="img" font-family="sans-serif" text-anchor="middle">
<title>The graph behind {}</title>
<defs>
{}{}</defs>
<rect width="100%" height="100%" fill="#FFFFFF"/>
<g transform="translate({left:.1} {MARGIN})">
"##,
            escaped(&result),
            arrow_head("visited", ARROW),
            arrow_head("skipped", SKIPPED.line),
        );
        // Dim arrows first, so that they pass below the others; boxes last.
        for skipped in [true, false] {
            for arrow in &layout.arrows {
                if self.nodes[arrow.from].skipped == skipped {
                    draw_arrow(&mut svg, arrow, skipped);
                }
            }
        }
        for ((node, centre), width) in self.nodes.iter().zip(&layout.centres).zip(widths) {
            draw_node(&mut svg, node, *centre, width);
        }
        let left = (width - legend.width) / 2.0;
        let _ = writeln!(svg, "</g>\n<g transform=\"translate({left:.1} {foot:.1})\">");
        svg + &legend.svg + "</g>\n</svg>\n"
    }
}

/// The shapes and lines of the drawing and what they mean, in one line.
struct Legend {
    svg: String,
    width: f64,
}

impl Legend {
    fn of(graph: &Graph) -> Legend {
        let mut legend = Legend { svg: String::new(), width: 0.0 };
        for (kind, paint, meaning) in [
            (Kind::Variable, VARIABLE, "variable"),
            (Kind::Constant, CONSTANT, "constant"),
            (Kind::Op, OP, "op"),
        ] {
            let sample = outline(kind, paint, false, [legend.width, 0.0], [34.0, 20.0]);
            legend.add(&sample, meaning);
        }
        if graph.nodes.iter().any(|node| node.skipped) {
            for (skipped, meaning) in
                [(false, "the sweep goes back here"), (true, "the sweep skips this")]
            {
                let x = legend.width;
                let mut sample = String::new();
                draw_line(
                    &mut sample,
                    &format!("M{x:.1} 10H{:.1}", x + 34.0 - HEAD),
                    skipped,
                    true,
                );
                legend.add(&sample, meaning);
            }
        }
        legend.width -= 24.0;
        legend
    }

    /// Adds a sample, drawn 34 wide and 20 high, and the words beside it.
    fn add(&mut self, sample: &str, meaning: &str) {
        let x = self.width + 34.0 + 8.0;
        let _ = writeln!(
            self.svg,
            r#"{sample}<text x="{x:.1}" y="14" font-size="{SHAPE_SIZE}" text-anchor="start">{meaning}</text>"#
        );
        self.width = x + text_width(meaning, SHAPE_SIZE) + 24.0;
    }
}

fn draw_node(svg: &mut String, node: &Node, [x, y]: [f64; 2], width: f64) {
    let corner = [x - width / 2.0, y - BOX_HEIGHT / 2.0];
    let paint = node.paint();
    let _ = writeln!(
        svg,
        r#"<g fill="{}">{}<text x="{x:.1}" y="{:.1}" font-size="{LABEL_SIZE}">{}</text><text x="{x:.1}" y="{:.1}" font-size="{SHAPE_SIZE}">{}</text></g>"#,
        paint.text,
        outline(node.kind, paint, node.skipped, corner, [width, BOX_HEIGHT]),
        y - 3.0,
        escaped(&node.label()),
        y + 13.0,
        node.shape,
    );
}

/// A box: with round ends for a variable, sharp corners for a constant, round corners for an op.
fn outline(kind: Kind, paint: Paint, dashed: bool, [x, y]: [f64; 2], [w, h]: [f64; 2]) -> String {
    let radius = match kind {
        Kind::Variable => h / 2.0,
        Kind::Constant => 0.0,
        Kind::Op => h / 5.0,
    };
    let dashes = if dashed { DASHES } else { "" };
    let Paint { line, fill, .. } = paint;
    format!(
        r#"<rect x="{x:.1}" y="{y:.1}" width="{w:.1}" height="{h:.1}" rx="{radius:.1}" fill="{fill}" stroke="{line}" stroke-width="1.6"{dashes}/>"#
    )
}

/// Down and, on the way, aside: it leaves and arrives upright.
fn draw_arrow(svg: &mut String, arrow: &Arrow, skipped: bool) {
    let ([x, y], [u, v]) = (arrow.start, arrow.end);
    // The line ends where its head begins.
    let v = if arrow.on_to.is_none() { v - HEAD } else { v };
    let middle = (y + v) / 2.0;
    let mut path = format!("M{x:.1} {y:.1}C{x:.1} {middle:.1} {u:.1} {middle:.1} {u:.1} {v:.1}");
    if let Some(bottom) = arrow.on_to {
        let _ = write!(path, "V{bottom:.1}");
    }
    draw_line(svg, &path, skipped, arrow.on_to.is_none());
    svg.push('\n');
}

fn draw_line(svg: &mut String, path: &str, skipped: bool, with_head: bool) {
    let (class, colour, dashes) =
        if skipped { ("skipped", SKIPPED.line, DASHES) } else { ("visited", ARROW, "") };
    let head = if with_head { format!(r#" marker-end="url(#{class})""#) } else { String::new() };
    let _ = write!(
        svg,
        r#"<path d="{path}" fill="none" stroke="{colour}" stroke-width="1.4"{dashes}{head}/>"#
    );
}

fn arrow_head(id: &str, colour: &str) -> String {
    let half = HEAD / 2.0;
    format!(
        r#"<marker id="{id}" markerUnits="userSpaceOnUse" markerWidth="{HEAD}" markerHeight="{HEAD}" refX="0" refY="{half}" orient="auto"><path d="M0 0L{HEAD} {half}L0 {HEAD}Z" fill="{colour}"/></marker>
"#
    )
}

fn box_width(node: &Node) -> f64 {
    let label = text_width(&node.label(), LABEL_SIZE);
    let shape = text_width(&node.shape.to_string(), SHAPE_SIZE);
    (label.max(shape) + 2.0 * PADDING).max(NARROWEST)
}

/// An upper bound, since the font is the reader's: the widths of DejaVu Sans and Verdana, the
/// widest of the usual ones, rounded up by groups.
fn text_width(text: &str, size: f64) -> f64 {
    let width = |c| match c {
        'i' | 'j' | 'l' | ' ' | '.' | ',' | '\'' => 0.37,
        'I' | ':' | ';' | '!' | '|' => 0.46,
        'f' | 'r' | 't' | 'J' | '-' | '(' | ')' | '[' | ']' | '"' | '/' | '\\' => 0.49,
        'm' | 'w' | 'M' | 'W' | '@' | '%' | '+' | '=' | '<' | '>' | '~' | '^' | '#' | '&' => 1.0,
        'a'..='z' | '0'..='9' | '_' | '*' | '$' | '?' | '`' | '{' | '}' => 0.66,
        'A'..='Z' => 0.79,
        _ => 1.05,
    };
    size * text.chars().map(width).sum::<f64>()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Array, Tensor};

    fn variable(shape: &[usize]) -> Tensor {
        Tensor::variable(Array::zeros(shape))
    }

    #[test]
    fn a_picture_is_well_formed_and_complete() {
        let (x, w) = (Tensor::full([3, 2], 1.0), variable(&[2, 4]));
        let y = x.matmul(&w).tanh().sum();
        let svg = Graph::of(&y).name(&w, "w").wrt(&[&w]).to_svg();
        assert!(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\""));
        assert!(svg.ends_with("</svg>\n"));
        for tag in ["svg", "g", "defs", "marker", "text", "title"] {
            let opened = svg.matches(&format!("<{tag}>")).count();
            let opened = opened + svg.matches(&format!("<{tag} ")).count();
            assert_eq!(opened, svg.matches(&format!("</{tag}>")).count(), "{tag}");
        }
        for label in [">w<", ">[2, 4]<", ">constant<", ">matmul<", ">tanh<", ">sum_to<", ">[]<"] {
            assert!(svg.contains(label), "{label}");
        }
        assert_eq!(svg.matches("marker-end").count(), 4 + 2, "four arrows, two in the legend");
    }

    #[test]
    fn only_what_is_skipped_is_dashed() {
        let (v, w) = (variable(&[]), variable(&[]));
        let graph = Graph::of(&(&v * &w));
        assert_eq!(graph.to_svg().matches("dash").count(), 0);
        let both = graph.clone().wrt(&[&v, &w]);
        assert_eq!(both.to_svg(), graph.to_svg());
        let one = graph.wrt(&[&w]).to_svg();
        assert_eq!(one.matches("dash").count(), 3, "a box, its arrow, the legend");
    }

    #[test]
    fn special_characters_in_names_are_harmless() {
        let x = variable(&[]);
        let svg = Graph::of(&x).name(&x, "<a & \"b\">\n\u{1}").to_svg();
        assert_eq!(svg.matches("&lt;a &amp; &quot;b&quot;&gt;  <").count(), 2, "title and box");
    }

    #[test]
    fn a_box_is_wider_than_its_text() {
        // The widths in DejaVu Sans, in 1/1000 of the font's size.
        for (text, width) in [("cross_entropy", 6961), ("MWQOD@%#=+", 8660), ("[128, 64, 3]", 5869)]
        {
            let least = f64::from(width) / 1000.0;
            assert!((least..1.35 * least).contains(&text_width(text, 1.0)), "{text}");
        }
        let x = variable(&[]);
        let name = "a very long name of a variable";
        let graph = Graph::of(&x).name(&x, name);
        assert!(box_width(&graph.nodes[0]) > text_width(name, LABEL_SIZE) + PADDING);
    }
}
