//! Where do the points of each class lie?

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::canvas::{Canvas, colours};
use super::legend;
use super::scatter::{SQUARE, axes};
use super::{Figure, Window};

/// Points as the digit of their class, each class in a colour; one unit is equally long in both
/// directions. Points outside the window are not drawn.
#[derive(Clone, Copy, Debug)]
pub struct Classes<'a> {
    /// Stands above the figure.
    pub title: &'a str,
    /// What is shown.
    pub window: Window,
    /// The points.
    pub points: &'a [[f64; 2]],
    /// The class of each, 0 to 9.
    pub classes: &'a [u8],
}

/// The digits tell classes apart; so do the colours, as far as ten of them can.
const COLOURS: [RGBColor; 10] = [
    colours::INK,
    colours::VERMILION,
    colours::BLUE,
    colours::GREEN,
    colours::PURPLE,
    RGBColor(140, 86, 75),
    RGBColor(86, 160, 210),
    RGBColor(190, 140, 0),
    RGBColor(110, 60, 160),
    colours::GREY,
];

impl Figure for Classes<'_> {
    /// 480 × 500.
    fn size(&self) -> (u32, u32) {
        (480, 500)
    }

    fn draw<B: DrawingBackend>(&self, canvas: &Canvas<B>) -> DrawResult<(), B> {
        legend::title(canvas, self.title, SQUARE.left)?;
        let scale = axes(&self.window).draw(canvas, SQUARE)?;
        let points = self.points.iter().zip(self.classes);
        for (point, class) in points.filter(|(point, _)| self.window.contains(**point)) {
            let colour = COLOURS[usize::from(*class) % COLOURS.len()];
            let style = canvas.font(9.0, colour).pos(Pos::new(HPos::Center, VPos::Center));
            canvas.area().draw_text(&class.to_string(), &style, scale.place(*point))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::to_svg;

    #[test]
    fn a_point_is_the_digit_of_its_class_unless_it_is_outside() {
        let window = Window { centre: [0.0, 0.0], half_side: 2.0 };
        let draw = |points: &[[f64; 2]]| {
            let classes = &[7, 7, 7][..points.len()];
            to_svg(&Classes { title: "Codes", window, points, classes })
        };
        let sevens = |svg: &str| svg.lines().filter(|line| line.trim() == "7").count();
        let none = sevens(&draw(&[]));
        assert_eq!(sevens(&draw(&[[0.3, 1.0], [-1.0, 0.5], [2.5, 0.0]])), none + 2);
    }
}
