//! How do losses and accuracies go over the training?

use std::ops::Range;

use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::Figure;
use super::axes::{Axes, Plot, TICK_SIZE};
use super::canvas::{Canvas, colours};
use super::clipping::clipped;
use super::legend::{self, Sign};
use super::text;
use super::thinning::{Point, THINNED_TO, thinned};

/// Curves over iterations or epochs, in panels one below the other that share x.
#[derive(Clone, Copy, Debug)]
pub struct Curves<'a> {
    /// Stands above the figure.
    pub title: &'a str,
    /// What x counts.
    pub x_name: &'a str,
    /// From top to bottom, at least one.
    pub panels: &'a [Panel<'a>],
}

/// Curves with a common y.
#[derive(Clone, Debug)]
pub struct Panel<'a> {
    /// What y measures, and its unit.
    pub y_name: &'a str,
    /// From the lowest to the highest y; `None` takes those of the curves and references. What lies
    /// beyond is not drawn: a curve that goes there leaves the panel.
    pub y_range: Option<Range<f64>>,
    /// At most four, which differ in colour and in dashes.
    pub curves: &'a [Curve<'a>],
    /// Thin horizontal lines, named at their right ends.
    pub references: &'a [Reference<'a>],
}

/// A curve of a [`Panel`].
///
/// Up to 40 points are dots joined by lines. Beyond 150 the curve is thinned: neighbours share a
/// mean, and a pale band holds the middle half of their values. A y that is not finite leaves a gap.
#[derive(Clone, Copy, Debug)]
pub struct Curve<'a> {
    /// Stands in the legend.
    pub name: &'a str,
    /// (x, y) by increasing x, which is finite.
    pub points: &'a [[f64; 2]],
}

/// A value to compare curves with, such as ln 2.
#[derive(Clone, Copy, Debug)]
pub struct Reference<'a> {
    /// A few letters.
    pub name: &'a str,
    /// Its height.
    pub y: f64,
}

/// How the first, second ... curve of a panel looks.
pub(super) const LOOKS: [(RGBColor, Option<[f64; 2]>); 4] = [
    (colours::BLUE, None),
    (colours::VERMILION, Some([7.0, 3.0])),
    (colours::GREEN, Some([2.0, 2.5])),
    (colours::PURPLE, Some([12.0, 4.0])),
];

/// A curve with at most so many points shows each as a dot.
const DOTS_UP_TO: usize = 40;

const WIDTH: f64 = 640.0;
/// Where panels begin, unless the numbers of one are wide.
const LEFT: f64 = 58.0;
/// Free pixels left of the names of y.
const EDGE: f64 = 4.0;
/// Room for the names of the references.
const RIGHT: f64 = 52.0;
const PANEL_HEIGHT: f64 = 170.0;
/// From the bottom of one panel to the top of the next; the legend stands there.
const PANEL_GAP: f64 = 34.0;
const TOP: f64 = 62.0;

/// The top of a panel, counted from 0.
fn top(panel: usize) -> f64 {
    TOP + panel as f64 * (PANEL_HEIGHT + PANEL_GAP)
}

impl Figure for Curves<'_> {
    /// 640 × (72 + 204 n) for n panels.
    fn size(&self) -> (u32, u32) {
        (WIDTH as u32, (top(self.panels.len() - 1) + PANEL_HEIGHT + 44.0) as u32)
    }

    fn draw<B: DrawingBackend>(&self, canvas: &Canvas<B>) -> DrawResult<(), B> {
        let points = self.panels.iter().flat_map(|p| p.curves).flat_map(|c| c.points);
        let x = widened(points.map(|p| p[0]), 0.0);
        let last = self.panels.len() - 1;
        let panels: Vec<_> = (self.panels.iter().enumerate())
            .map(|(i, panel)| {
                let thin: Vec<Vec<Point>> =
                    panel.curves.iter().map(|c| thinned(c.points)).collect();
                let x_name = (i == last).then_some(self.x_name);
                (panel, panel.axes(&thin, x.clone(), x_name), thin)
            })
            .collect();
        // All panels begin below each other, right of the widest numbers.
        let rooms = panels.iter().map(|(_, axes, _)| axes.room() + EDGE);
        let left = rooms.fold(LEFT, f64::max);
        legend::title(canvas, self.title, left)?;
        for (i, (panel, axes, curves)) in panels.iter().enumerate() {
            let width = WIDTH - left - RIGHT;
            let plot = Plot { left, top: top(i), width, height: PANEL_HEIGHT };
            panel.draw(canvas, plot, axes, curves)?;
        }
        Ok(())
    }
}

impl Panel<'_> {
    fn axes<'a>(
        &'a self,
        curves: &[Vec<Point>],
        x: Range<f64>,
        x_name: Option<&'a str>,
    ) -> Axes<'a> {
        let y = self.y_range.clone().unwrap_or_else(|| {
            let drawn = curves.iter().flatten().flat_map(|p| [p.lower, p.y, p.upper]);
            widened(drawn.chain(self.references.iter().map(|r| r.y)), 0.05)
        });
        Axes { x, y, x_name, y_name: self.y_name, ticks: [11, 6] }
    }

    fn draw<B: DrawingBackend>(
        &self,
        canvas: &Canvas<B>,
        plot: Plot,
        axes: &Axes<'_>,
        curves: &[Vec<Point>],
    ) -> DrawResult<(), B> {
        assert!(self.curves.len() <= LOOKS.len(), "Panel: more than {} curves", LOOKS.len());
        let scale = axes.draw(canvas, plot)?;
        // A sum of shares may be a rounding error above 1.
        let hair = 1e-6 * (axes.y.end - axes.y.start);
        let y = axes.y.start - hair..=axes.y.end + hair;

        for reference in self.references.iter().filter(|r| y.contains(&r.y)) {
            let ends = [axes.x.start, axes.x.end].map(|x| scale.place([x, reference.y]));
            canvas.dashes(ends.to_vec(), [3.0, 3.0], canvas.stroke(colours::GREY, 1.0))?;
            let (right, height) = ends[1];
            canvas.write(
                reference.name,
                TICK_SIZE,
                (right + canvas.units(6.0), height),
                HPos::Left,
            )?;
        }
        // All bands first: no band may hide a curve.
        for (points, (colour, _)) in curves.iter().zip(LOOKS) {
            for run in runs(points).filter(|run| run.iter().any(|p| p.lower < p.upper)) {
                // An area may end at the border, where a line would say that it runs there.
                let place = |x, height: f64| scale.place([x, height.clamp(*y.start(), *y.end())]);
                let upper = run.iter().map(|p| place(p.x, p.upper));
                let lower = run.iter().rev().map(|p| place(p.x, p.lower));
                canvas.polygon(upper.chain(lower).collect(), colour.mix(0.2))?;
            }
        }
        for (points, (colour, dashes)) in curves.iter().zip(LOOKS) {
            for run in runs(points) {
                if points.len() <= DOTS_UP_TO {
                    for dot in run.iter().filter(|p| y.contains(&p.y)) {
                        canvas.disc(scale.place([dot.x, dot.y]), 2.5, colour)?;
                    }
                }
                let line: Vec<_> = run.iter().map(|p| [p.x, p.y]).collect();
                for stretch in clipped(&line, &y) {
                    let places = stretch.into_iter().map(|p| scale.place(p)).collect();
                    legend::stroke(canvas, places, colour, dashes)?;
                }
            }
        }
        let signs = LOOKS.iter().map(|(colour, dashes)| Sign::Line(*colour, *dashes));
        let entries: Vec<_> = signs.zip(self.curves.iter().map(|c| c.name.to_owned())).collect();
        let y = plot.top - 14.0;
        legend::row(canvas, [plot.left, y], &entries)?;
        if self.curves.iter().any(|c| c.points.len() > THINNED_TO) {
            let at = canvas.place(plot.left + plot.width, y);
            let room = plot.width - legend::row_width(&entries);
            canvas.write(note(room), TICK_SIZE, at, HPos::Right)?;
        }
        Ok(())
    }
}

/// What thinned curves show, in so many pixels.
fn note(room: f64) -> &'static str {
    let notes = ["lines: local means, bands: middle halves", "local means, middle halves"];
    let fits = |note: &&str| f64::from(text::width(note, TICK_SIZE as f32)) <= room;
    // Beside four long names there is room for neither.
    notes.into_iter().find(fits).unwrap_or_default()
}

/// The stretches of a curve between its gaps.
fn runs(points: &[Point]) -> impl Iterator<Item = &[Point]> {
    points.split(|p| !p.y.is_finite()).filter(|run| !run.is_empty())
}

/// The range of all finite values, longer by `part` of it at both ends, and never empty.
fn widened(values: impl Iterator<Item = f64>, part: f64) -> Range<f64> {
    let finite = values.filter(|v| v.is_finite());
    let (low, high) =
        finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (v.min(low), v.max(high)));
    if low > high {
        0.0..1.0
    } else if low == high {
        low - 0.5..low + 0.5
    } else {
        let more = part * (high - low);
        low - more..high + more
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::to_svg;

    fn panel<'a>(curves: &'a [Curve<'a>]) -> Panel<'a> {
        Panel { y_name: "loss", y_range: None, curves, references: &[] }
    }

    fn svg(points: &[[f64; 2]]) -> String {
        let curves = [Curve { name: "D", points }];
        to_svg(&Curves { title: "t", x_name: "epoch", panels: &[panel(&curves)] })
    }

    #[test]
    fn a_number_that_is_not_finite_leaves_a_gap() {
        let whole = svg(&[[0.0, 1.0], [1.0, 2.0], [2.0, 1.5], [3.0, 1.0], [4.0, 2.0]]);
        for hole in [f64::NAN, f64::INFINITY] {
            let parts = svg(&[[0.0, 1.0], [1.0, 2.0], [2.0, hole], [3.0, 1.0], [4.0, 2.0]]);
            assert_eq!(parts.matches("<polyline").count(), whole.matches("<polyline").count() + 1);
            assert_eq!(parts.matches("<circle").count(), 4);
            let ends = svg(&[[0.0, hole], [1.0, hole], [2.0, 1.0], [3.0, 2.0], [4.0, hole]]);
            assert!(!ends.contains("points=\"\""));
        }
    }

    #[test]
    fn panels_begin_below_each_other_right_of_the_widest_numbers() {
        let begins = |factor: f64| {
            let points = [[0.0, 0.0], [1.0, -factor]];
            let [narrow, wide] = [[[0.0, 0.0], [1.0, 1.0]], points];
            let curves = [&narrow, &wide].map(|points| [Curve { name: "D", points }]);
            let panels = curves.each_ref().map(|curves| panel(curves));
            let svg = to_svg(&Curves { title: "t", x_name: "epoch", panels: &panels });
            let frames =
                svg.lines().filter(|l| l.starts_with("<polyline") && l.contains("#808080"));
            frames
                .map(|l| l.split('"').rfind(|a| a.contains(',')).unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(begins(1.0), begins(1e-5));
        assert_ne!(begins(1.0), begins(20_000.0));
    }

    #[test]
    fn what_lies_beyond_the_range_is_not_drawn() {
        let svg = |y_range| {
            let curves =
                [Curve { name: "D", points: &[[0.0, 9.0], [1.0, 1.0], [2.0, 0.5], [3.0, -7.0]] }];
            let references = [Reference { name: "chance", y: 5.0 }];
            let panel = Panel { y_range, references: &references, ..panel(&curves) };
            to_svg(&Curves { title: "t", x_name: "epoch", panels: &[panel] })
        };
        let (whole, cut) = (svg(None), svg(Some(0.0..2.0)));
        assert_eq!([&whole, &cut].map(|svg| svg.matches("<circle").count()), [4, 2]);
        assert_eq!([&whole, &cut].map(|svg| svg.contains("chance")), [true, false]);
        // The line comes from the upper border, between the first two points, and goes to the lower.
        let line = cut.lines().filter(|l| l.starts_with("<polyline") && l.contains("#0072B2"));
        let line = line.max_by_key(|l| l.matches(',').count()).unwrap();
        let places: Vec<&str> =
            line.split('"').rfind(|a| a.contains(',')).unwrap().trim().split(' ').collect();
        let height = |place: &str| place.split_once(',').unwrap().1.to_owned();
        let [top, bottom] = [TOP, TOP + PANEL_HEIGHT].map(|y| (4.0 * y).to_string());
        assert_eq!([height(places[0]), height(places[places.len() - 1])], [top, bottom]);
        // What rounding has moved over the border is still there.
        let svg = |highest: f64| {
            let points = [[0.0, highest], [1.0, 0.5], [2.0, highest]];
            let curves = [Curve { name: "D", points: &points }];
            let panels = [Panel { y_range: Some(0.0..1.0), ..panel(&curves) }];
            to_svg(&Curves { title: "t", x_name: "epoch", panels: &panels })
        };
        assert_eq!(svg(1.0 + 1e-9), svg(1.0));
    }

    #[test]
    fn a_curve_without_numbers_or_with_one_still_has_axes() {
        for points in [&[][..], &[[3.0, 0.5]], &[[0.0, f64::NAN]], &[[1.0, 2.0], [2.0, 2.0]]] {
            assert!(svg(points).contains("epoch"));
        }
    }

    #[test]
    fn ranges_hold_all_finite_values() {
        assert_eq!(widened([1.0, f64::NAN, 3.0].into_iter(), 0.5), 0.0..4.0);
        assert_eq!(widened([2.0].into_iter(), 0.5), 1.5..2.5);
        assert_eq!(widened([].into_iter(), 0.5), 0.0..1.0);
    }

    #[test]
    fn the_note_on_thinned_curves_is_as_long_as_there_is_room_beside_the_legend() {
        let points: Vec<[f64; 2]> = (0..2 * THINNED_TO).map(|i| [i as f64, 1.0]).collect();
        let figure = |names: &[&'static str]| {
            let curves: Vec<Curve<'_>> =
                names.iter().map(|name| Curve { name, points: &points }).collect();
            to_svg(&Curves { title: "t", x_name: "step", panels: &[panel(&curves)] })
        };
        let long = "lines: local means, bands: middle halves";
        assert!(figure(&["loss d", "loss g"]).contains(long));
        let four = figure(&["loss d", "loss g", "loss cycle", "loss identity"]);
        assert!(!four.contains(long) && four.contains("local means, middle halves"));
        let words = "a name that takes more than half of the figure's width";
        assert!(!figure(&[words, words]).contains("means"));
    }

    #[test]
    fn each_panel_names_its_curves_and_references() {
        let curve = |name| Curve { name, points: &[[0.0, 0.5], [1.0, 0.7]] };
        let losses = [curve("loss of D"), curve("loss of G")];
        let accuracy = [curve("accuracy")];
        let half = [Reference { name: "½", y: 0.5 }];
        let panels = [panel(&losses), Panel { references: &half, ..panel(&accuracy) }];
        let svg = to_svg(&Curves { title: "Training", x_name: "epoch", panels: &panels });
        for words in ["Training", "loss of D", "loss of G", "accuracy", "½", "epoch"] {
            assert!(svg.contains(words), "{words}");
        }
    }
}
