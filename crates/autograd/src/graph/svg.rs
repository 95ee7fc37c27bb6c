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

const DASHES: &str = " stroke-dasharray='4 3'";

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
            "<svg xmlns='http://www.w3.org/2000/svg' width='{width:.0}' height='{height:.0}' \
             viewBox='0 0 {width:.1} {height:.1}' font-family='sans-serif' text-anchor='middle'>\n\
             <title>The graph behind {}</title>\n<defs>\n{}{}</defs>\n\
             <rect width='100%' height='100%' fill='#FFFFFF'/>\n\
             <g transform='translate({left:.1} {MARGIN})'>\n",
            escaped(&result),
            arrow_head("visited", ARROW),
            arrow_head("skipped", SKIPPED.line),
        );
        // Dim arrows first, so that they pass below the others; boxes last.
        for skipped in [true, false] {
            let arrows = layout.arrows.iter();
            let arrows = arrows.filter(|arrow| self.nodes[arrow.from].skipped == skipped);
            svg.extend(arrows.map(|arrow| draw_arrow(arrow, skipped)));
        }
        let places = layout.centres.iter().zip(widths);
        let nodes = self.nodes.iter().zip(places);
        svg.extend(nodes.map(|(node, (centre, width))| draw_node(node, *centre, width)));
        let left = (width - legend.width) / 2.0;
        let _ = writeln!(svg, "</g>\n<g transform='translate({left:.1} {foot:.1})'>");
        svg + &legend.svg + "</g>\n</svg>\n"
    }
}

/// The shapes and lines of the drawing and what they mean, in one line.
struct Legend {
    svg: String,
    width: f64,
}

impl Legend {
    /// The size of a sample.
    const SAMPLE: [f64; 2] = [34.0, 20.0];

    /// Between a sample and its meaning, and between two entries.
    const GAPS: [f64; 2] = [8.0, 24.0];

    fn of(graph: &Graph) -> Legend {
        let mut legend = Legend { svg: String::new(), width: 0.0 };
        for (kind, paint, meaning) in [
            (Kind::Variable, VARIABLE, "variable"),
            (Kind::Constant, CONSTANT, "constant"),
            (Kind::Op, OP, "op"),
        ] {
            let sample = outline(kind, paint, false, [legend.width, 0.0], Legend::SAMPLE);
            legend.add(&sample, meaning);
        }
        if graph.nodes.iter().any(|node| node.skipped) {
            for (skipped, meaning) in
                [(false, "the sweep goes back here"), (true, "the sweep skips this")]
            {
                let (x, [width, height]) = (legend.width, Legend::SAMPLE);
                let path = format!("M{x:.1} {}H{:.1}", height / 2.0, x + width - HEAD);
                legend.add(&draw_line(&path, skipped, true), meaning);
            }
        }
        legend.width -= Legend::GAPS[1];
        legend
    }

    /// Adds a sample, drawn at the right end of what is there, and its meaning.
    fn add(&mut self, sample: &str, meaning: &str) {
        let x = self.width + Legend::SAMPLE[0] + Legend::GAPS[0];
        let _ = writeln!(
            self.svg,
            "{sample}<text x='{x:.1}' y='14' font-size='{SHAPE_SIZE}' text-anchor='start'>\
             {meaning}</text>"
        );
        self.width = x + text_width(meaning, SHAPE_SIZE) + Legend::GAPS[1];
    }
}

fn draw_node(node: &Node, [x, y]: [f64; 2], width: f64) -> String {
    let corner = [x - width / 2.0, y - BOX_HEIGHT / 2.0];
    let paint = node.paint();
    let outline = outline(node.kind, paint, node.skipped, corner, [width, BOX_HEIGHT]);
    let (label, shape) = (escaped(&node.label()), node.shape);
    format!(
        "<g fill='{}'>{outline}\
         <text x='{x:.1}' y='{:.1}' font-size='{LABEL_SIZE}'>{label}</text>\
         <text x='{x:.1}' y='{:.1}' font-size='{SHAPE_SIZE}'>{shape}</text></g>\n",
        paint.text,
        y - 3.0,
        y + 13.0,
    )
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
        "<rect x='{x:.1}' y='{y:.1}' width='{w:.1}' height='{h:.1}' rx='{radius:.1}' \
         fill='{fill}' stroke='{line}' stroke-width='1.6'{dashes}/>"
    )
}

/// Down and, on the way, aside: it leaves and arrives upright.
fn draw_arrow(arrow: &Arrow, skipped: bool) -> String {
    let ([x, y], [u, v]) = (arrow.start, arrow.end);
    // A line ends where its head begins, or goes on between the boxes of the next row.
    let (v, rest) = match arrow.on_to {
        None => (v - HEAD, String::new()),
        Some(bottom) => (v, format!("V{bottom:.1}")),
    };
    let middle = (y + v) / 2.0;
    let path = format!("M{x:.1} {y:.1}C{x:.1} {middle:.1} {u:.1} {middle:.1} {u:.1} {v:.1}{rest}");
    draw_line(&path, skipped, arrow.on_to.is_none()) + "\n"
}

fn draw_line(path: &str, skipped: bool, with_head: bool) -> String {
    let (class, colour, dashes) =
        if skipped { ("skipped", SKIPPED.line, DASHES) } else { ("visited", ARROW, "") };
    let head = if with_head { format!(" marker-end='url(#{class})'") } else { String::new() };
    format!("<path d='{path}' fill='none' stroke='{colour}' stroke-width='1.4'{dashes}{head}/>")
}

fn arrow_head(id: &str, colour: &str) -> String {
    let half = HEAD / 2.0;
    format!(
        "<marker id='{id}' markerUnits='userSpaceOnUse' markerWidth='{HEAD}' \
         markerHeight='{HEAD}' refX='0' refY='{half}' orient='auto'>\
         <path d='M0 0L{HEAD} {half}L0 {HEAD}Z' fill='{colour}'/></marker>\n"
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
        assert!(svg.starts_with("<svg xmlns='http://www.w3.org/2000/svg' width='"));
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
