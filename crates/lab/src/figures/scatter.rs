//! Where do the real and the generated points lie?

use plotters::prelude::{DrawResult, DrawingBackend};

use super::axes::{Axes, Plot, Scale};
use super::canvas::Canvas;
use super::legend::{self, Sign};
use super::{Figure, Window};

/// Real points as blue discs, generated ones as vermilion triangles over them.
///
/// One unit is equally long in both directions. Points outside the window are not drawn; the
/// legend says how many are shown.
#[derive(Clone, Copy, Debug)]
pub struct Scatter<'a> {
    /// Stands above the figure.
    pub title: &'a str,
    /// What is shown; the same for all figures of a run.
    pub window: Window,
    /// Samples of the data.
    pub real: &'a [[f64; 2]],
    /// Samples of the generator; may be empty.
    pub fake: &'a [[f64; 2]],
}

/// The square of pixels that shows a [`Window`], below a title and a legend.
pub(super) const SQUARE: Plot = Plot { left: 56.0, top: 56.0, width: 400.0, height: 400.0 };

impl Figure for Scatter<'_> {
    /// 480 × 500.
    fn size(&self) -> (u32, u32) {
        (480, 500)
    }

    fn draw<B: DrawingBackend>(&self, canvas: &Canvas<B>) -> DrawResult<(), B> {
        legend::title(canvas, self.title, SQUARE.left)?;
        legend::row(canvas, [SQUARE.left, 42.0], &entries(&self.window, self.real, self.fake))?;
        let scale = axes(&self.window).draw(canvas, SQUARE)?;
        points(canvas, &scale, &self.window, self.real, self.fake)
    }
}

pub(super) fn axes(window: &Window) -> Axes<'static> {
    Axes { x: window.x(), y: window.y(), x_name: Some("x₁"), y_name: "x₂", ticks: [10, 10] }
}

/// What the legend says about real and generated points, if there are any.
pub(super) fn entries(
    window: &Window,
    real: &[[f64; 2]],
    fake: &[[f64; 2]],
) -> Vec<(Sign, String)> {
    [(Sign::Real, "real", real), (Sign::Fake, "generated", fake)]
        .into_iter()
        .filter(|(_, _, points)| !points.is_empty())
        .map(|(sign, name, points)| {
            let all = points.len();
            let words = match points.iter().filter(|p| window.contains(**p)).count() {
                shown if shown == all => format!("{name} ({all})"),
                shown => format!("{name} ({shown} of {all})"),
            };
            (sign, words)
        })
        .collect()
}

/// Draws the points that lie in the window.
pub(super) fn points<B: DrawingBackend>(
    canvas: &Canvas<B>,
    scale: &Scale,
    window: &Window,
    real: &[[f64; 2]],
    fake: &[[f64; 2]],
) -> DrawResult<(), B> {
    for point in real.iter().filter(|p| window.contains(**p)) {
        // Where discs overlap, the blue deepens.
        legend::real_mark(canvas, scale.place(*point), 0.45)?;
    }
    for point in fake.iter().filter(|p| window.contains(**p)) {
        legend::fake_mark(canvas, scale.place(*point))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::{Bitmap, attribute, to_bitmap, to_svg};

    const WINDOW: Window = Window { centre: [1.0, 2.0], half_side: 7.0 };

    fn scatter<'a>(real: &'a [[f64; 2]], fake: &'a [[f64; 2]]) -> Scatter<'a> {
        Scatter { title: "Epoch 3", window: WINDOW, real, fake }
    }

    /// The centres of the discs in an SVG file, in its fine units; the legend's comes first.
    fn discs(svg: &str) -> Vec<[i32; 2]> {
        let tags = svg.lines().filter(|line| line.starts_with("<circle"));
        tags.map(|tag| ["cx", "cy"].map(|name| attribute(tag, name) as i32)).collect()
    }

    #[test]
    fn a_unit_is_as_many_pixels_across_as_up() {
        let svg = to_svg(&scatter(&[[1.0, 2.0], [5.0, 2.0], [1.0, 6.0]], &[]));
        let [_, origin, right, up] = discs(&svg)[..] else { panic!("{svg}") };
        assert_eq!(right[0] - origin[0], origin[1] - up[1]);
        assert_eq!([right[1], up[0]], [origin[1], origin[0]]);
        assert!((f64::from(right[0] - origin[0]) - 4.0 * 400.0 * 4.0 / 14.0).abs() <= 1.0);
    }

    #[test]
    fn a_point_stays_in_place_whatever_else_is_drawn() {
        let alone = discs(&to_svg(&scatter(&[[0.0, 0.0]], &[])));
        let among = discs(&to_svg(&scatter(&[[0.0, 0.0], [6.0, 8.0]], &[[-5.9, -4.9]])));
        assert_eq!(alone[1], among[1]);
    }

    #[test]
    fn points_outside_are_not_drawn_and_the_legend_says_so() {
        let svg = to_svg(&scatter(&[[1.0, 2.0]], &[[0.0, 0.0], [99.0, 0.0], [f64::NAN, 0.0]]));
        assert!(svg.contains("real (1)") && svg.contains("generated (1 of 3)"));
        // A triangle and its white edge, once for the point and once in the legend.
        assert_eq!(svg.matches("<polygon").count(), 4);
    }

    #[test]
    fn a_thousand_points_take_less_than_100_kilobytes() {
        let real: Vec<[f64; 2]> =
            (0..1000).map(|i| [f64::from(i % 40) / 7.0 - 2.0, f64::from(i / 40) / 3.0]).collect();
        assert!(to_svg(&scatter(&real, &real[..100])).len() < 100_000);
    }

    #[test]
    fn bitmap_and_svg_put_a_point_at_the_same_pixel() {
        let point = [[4.0, -1.0]];
        let [_, [x, y]] = discs(&to_svg(&scatter(&point, &[])))[..] else { panic!() };
        let (blank, bitmap) = (to_bitmap(&scatter(&[], &[])), to_bitmap(&scatter(&point, &[])));
        let at = |bitmap: &Bitmap, x: i32, y: i32| {
            let start = 3 * (y as usize * bitmap.width as usize + x as usize);
            [0, 1, 2].map(|k| bitmap.rgb[start + k])
        };
        assert_ne!(at(&blank, x / 4, y / 4), at(&bitmap, x / 4, y / 4));
        assert_eq!(at(&blank, x / 4 + 6, y / 4), at(&bitmap, x / 4 + 6, y / 4));
    }
}
