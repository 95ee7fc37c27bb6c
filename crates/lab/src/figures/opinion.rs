//! Where does the discriminator believe that points are real, and whither does that push the fakes?

use plotters::prelude::{DrawResult, DrawingBackend};

use super::axes::Scale;
use super::bands::{self, BANDS};
use super::canvas::{Canvas, colours};
use super::legend::{self, Sign};
use super::scatter::{self, SQUARE};
use super::{Figure, Window};

/// A map of D(x), the probability that x is real, in ten bands: vermilion where D is sure of a
/// fake, blue where it is sure of a real point, white where it cannot tell. Over it the line
/// D = 1/2, real and generated points, and for each generated point an arrow along −∂L_G/∂x, the
/// way in which the generator's loss moves it.
///
/// Arrows are as long as the slopes they show; the longest has 40 pixels, and the legend gives its
/// length in units of ∂L_G/∂x. One that leaves the map ends at the edge.
#[derive(Clone, Copy, Debug)]
pub struct Opinion<'a> {
    /// Stands above the figure.
    pub title: &'a str,
    /// What is shown; the same for all figures of a run.
    pub window: Window,
    /// D at the points of `window.grid(n)`, in their order: n² numbers in [0, 1]. n = 51 gives
    /// smooth bands, on cells of 8 pixels.
    pub belief: &'a [f64],
    /// Samples of the data.
    pub real: &'a [[f64; 2]],
    /// Samples of the generator; a hundred are enough.
    pub fake: &'a [[f64; 2]],
    /// −∂L_G/∂x at each of `fake`, L_G the generator's loss; or nothing.
    pub push: &'a [[f64; 2]],
}

/// The longest arrow, in pixels.
const LONGEST_ARROW: f64 = 40.0;

impl Figure for Opinion<'_> {
    /// 560 × 500.
    fn size(&self) -> (u32, u32) {
        (560, 500)
    }

    /// # Panics
    /// If `belief` is not a square number of probabilities, or `push` does not match `fake`.
    fn draw<B: DrawingBackend>(&self, canvas: &Canvas<B>) -> DrawResult<(), B> {
        legend::title(canvas, self.title, SQUARE.left)?;
        let scale = scatter::axes(&self.window).draw(canvas, SQUARE)?;
        assert!(
            self.belief.iter().all(|p| (0.0..=1.0).contains(p)),
            "Opinion: a belief is not a probability"
        );
        let half = |band: usize| (2 * band == BANDS).then_some(1.5);
        bands::draw(canvas, &scale, &self.window, self.belief, half)?;
        bands::draw_bar(canvas, "D(x)", |border| match border {
            5 => Some("0.5".to_owned()),
            _ => (border % 2 == 0).then(|| format!("{:.1}", border as f64 / BANDS as f64)),
        })?;
        scatter::points(canvas, &scale, &self.window, self.real, self.fake)?;
        let longest = self.draw_arrows(canvas, &scale)?;

        let mut entries = scatter::entries(&self.window, self.real, self.fake);
        entries.push((Sign::Line(colours::INK, None), "D = ½".to_owned()));
        if longest > 0.0 {
            entries.push((Sign::Arrow, format!("−∂L_G/∂x, longest {}", two_digits(longest))));
        }
        legend::row(canvas, [SQUARE.left, 42.0], &entries)
    }
}

impl Opinion<'_> {
    /// Draws the arrows and returns the length of the longest, in units of `push`.
    fn draw_arrows<B: DrawingBackend>(
        &self,
        canvas: &Canvas<B>,
        scale: &Scale,
    ) -> DrawResult<f64, B> {
        assert!(
            self.push.is_empty() || self.push.len() == self.fake.len(),
            "Opinion: {} arrows for {} generated points",
            self.push.len(),
            self.fake.len()
        );
        let arrows: Vec<_> = (self.fake.iter().zip(self.push))
            .filter(|(tail, [dx, dy])| self.window.contains(**tail) && (dx + dy).is_finite())
            .collect();
        let longest = arrows.iter().map(|(_, [dx, dy])| dx.hypot(*dy)).fold(0.0, f64::max);
        let (left, bottom) = scale.place([self.window.x().start, self.window.y().start]);
        let (right, top) = scale.place([self.window.x().end, self.window.y().end]);
        // How many times a step d fits between a place and the edge it moves to.
        let room = |d: f64, before: i32, after: i32| {
            f64::from(if d < 0.0 { before } else { after }) / d.abs()
        };
        let units_per_push = f64::from(canvas.units(LONGEST_ARROW)) / longest;
        for (tail, [dx, dy]) in arrows {
            let (x, y) = scale.place(*tail);
            let (dx, dy) = (dx * units_per_push, -dy * units_per_push);
            // The part of the arrow from its tail to the edge of the map.
            let part = room(dx, x - left, right - x).min(room(dy, y - top, bottom - y)).min(1.0);
            let along = |d: f64| (part * d).round() as i32;
            canvas.arrow((x, y), (x + along(dx), y + along(dy)), colours::INK)?;
        }
        Ok(longest)
    }
}

/// A number above 0 with its two leading digits.
fn two_digits(v: f64) -> String {
    match v.log10().floor() {
        power if power < -2.0 => format!("{v:.1e}").replace('-', "−"),
        power => format!("{v:.0$}", (1.0 - power).max(0.0) as usize),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::bands::colour;
    use crate::figures::{attribute, to_svg};
    use plotters::style::RGBColor;

    const WINDOW: Window = Window { centre: [0.0, 0.0], half_side: 5.0 };

    fn opinion<'a>(belief: &'a [f64]) -> Opinion<'a> {
        Opinion { title: "t", window: WINDOW, belief, real: &[], fake: &[], push: &[] }
    }

    /// D(x) = (x₁ + 5) / 10, so that D = ½ at x₁ = 0.
    fn ramp() -> Vec<f64> {
        WINDOW.grid(51).iter().map(|[x, _]| (x + 5.0) / 10.0).collect()
    }

    #[test]
    fn bands_lie_where_their_beliefs_are() {
        let svg = to_svg(&opinion(&ramp()));
        for band in 0..BANDS {
            let RGBColor(r, g, b) = colour(band);
            let words = format!("fill=\"#{r:02X}{g:02X}{b:02X}\"");
            let left = 4.0 * (SQUARE.left + SQUARE.width * band as f64 / BANDS as f64);
            let boxes = svg.lines().filter(|l| l.starts_with("<rect") && l.contains(&words));
            let boxes: Vec<f64> = boxes.map(|l| attribute(l, "x")).collect();
            // Fifty rows of the map, then one box of the bar.
            assert_eq!(boxes.len(), 51, "band {band}");
            assert!(boxes[..50].iter().all(|x| (x - left).abs() <= 33.0), "band {band}");
        }
    }

    #[test]
    fn arrows_are_as_long_as_their_slopes() {
        let fake = [[0.0, 0.0], [1.0, 1.0], [2.0, 4.9], [2.0, -3.0], [3.0, 3.0], [99.0, 0.0]];
        let push = [[0.0, 0.25], [0.0, 0.125], [0.0, 0.2], [0.0, 0.0], [f64::NAN, 0.0], [8.0, 0.0]];
        let ramp = ramp();
        let svg = to_svg(&Opinion { fake: &fake, push: &push, ..opinion(&ramp) });
        assert!(svg.contains("−∂L_G/∂x, longest 0.25") && svg.contains("generated (5 of 6)"));
        // The heads are the only polygons of ink: one on an arrow of 40 pixels, one on its half,
        // one on an arrow cut at the upper edge, and one in the legend.
        let heads: Vec<&str> =
            svg.lines().filter(|l| l.contains("polygon") && l.contains("#333333")).collect();
        assert_eq!(heads.len(), 4);
        let tip = |head: &str| -> f64 {
            let place = head.split("points=\"").nth(1).unwrap().split(' ').next().unwrap();
            place.split_once(',').unwrap().1.parse().unwrap()
        };
        let row = |x2: f64| 4.0 * (SQUARE.top + SQUARE.height * (5.0 - x2) / 10.0);
        assert!((tip(heads[0]) - (row(0.0) - 160.0)).abs() <= 2.0);
        assert!((tip(heads[1]) - (row(1.0) - 80.0)).abs() <= 2.0);
        assert_eq!(tip(heads[2]), row(5.0));
    }

    #[test]
    fn the_line_of_doubt_crosses_the_map() {
        // Slightly less than 1/2 in the middle column, so that the line runs beside the corners.
        let belief: Vec<_> = ramp().iter().map(|p| 0.99 * p).collect();
        let svg = to_svg(&opinion(&belief));
        let x = 4.0 * (SQUARE.left + SQUARE.width * 0.5 / 0.99);
        let pieces = svg
            .lines()
            .filter(|l| l.contains("<polyline") && l.contains("#333333"))
            .filter(|l| l.matches(&format!("{x:.0},")).count() == 2);
        assert_eq!(pieces.count(), 50);
    }

    #[test]
    fn short_numbers_keep_two_digits() {
        let cases =
            [(123.0, "123"), (2.54, "2.5"), (0.214, "0.21"), (0.0306, "0.031"), (2.1e-4, "2.1e−4")];
        for (v, words) in cases {
            assert_eq!(two_digits(v), words);
        }
    }

    #[test]
    #[should_panic(expected = "10 values do not fill a square grid")]
    fn beliefs_fill_a_square() {
        to_svg(&opinion(&[0.5; 10]));
    }

    #[test]
    #[should_panic(expected = "a belief is not a probability")]
    fn beliefs_are_probabilities() {
        to_svg(&opinion(&[0.5, 0.5, 1.5, 0.5]));
    }
}
