//! How is a graph drawn as a picture?

use super::layout::{Arrow, BOX_HEIGHT, arrange};
use super::{CONSTANT, Graph, Kind, Node, OP, Paint, SKIPPED, VARIABLE};
use std::fmt::Write;

/// Around the drawing, and between it and the legend.
const MARGIN: f64 = 16.0;

const LABEL_SIZE: f64 = 14.0;
const SHAPE_SIZE: f64 = 11.5;

/// Between the text of a box and its sides.
const PADDING: f64 = 14.0;

const NARROWEST: f64 = 60.0;

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
