//! Which classes are taken for which others?

use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::Figure;
use super::canvas::{Canvas, colours};
use super::legend;

/// Classes to tell apart.
const CLASSES: usize = 10;

/// A table of what was shown (rows) and what was answered (columns).
///
/// Blue on the diagonal, where the answer is right; the deeper, the larger the share of its row.
/// Vermilion beside it; the deeper, the nearer to the most frequent mistake. Both by the square
/// root, so that rare mistakes show.
#[derive(Clone, Copy, Debug)]
pub struct Confusion<'a> {
    /// Stands above the figure.
    pub title: &'a str,
    /// What the rows are, such as "is" or "asked for".
    pub rows: &'a str,
    /// How often class i (row) was taken for class j (column).
    pub counts: &'a [[usize; CLASSES]; CLASSES],
}

const CELL: f64 = 40.0;
const LEFT: f64 = 56.0;
const TOP: f64 = 72.0;
const LETTERS: f64 = 12.0;

impl Figure for Confusion<'_> {
    /// 480 × 488.
    fn size(&self) -> (u32, u32) {
        (480, 488)
    }

    fn draw<B: DrawingBackend>(&self, canvas: &Canvas<B>) -> DrawResult<(), B> {
        legend::title(canvas, self.title, LEFT)?;
        let centre = |i: usize, edge: f64| edge + CELL * (i as f64 + 0.5);
        let middle = LEFT + CELL * CLASSES as f64 / 2.0;
        canvas.write("read as", LETTERS, canvas.place(middle, TOP - 30.0), HPos::Center)?;
        canvas.write_up(self.rows, LETTERS, canvas.place(20.0, TOP + CELL * 5.0))?;
        for i in 0..CLASSES {
            let name = i.to_string();
            let above = canvas.place(centre(i, LEFT), TOP - 12.0);
            canvas.write(&name, LETTERS, above, HPos::Center)?;
            let beside = canvas.place(LEFT - 12.0, centre(i, TOP));
            canvas.write(&name, LETTERS, beside, HPos::Center)?;
        }
        let beside = |i: usize, j: usize| if i == j { 0 } else { self.counts[i][j] };
        let mistakes = (0..CLASSES * CLASSES).map(|k| beside(k / CLASSES, k % CLASSES));
        let worst = mistakes.max().unwrap_or_default();
        for (i, row) in self.counts.iter().enumerate() {
            let shown: usize = row.iter().sum();
            for (j, count) in row.iter().enumerate() {
                let (x, y) = (LEFT + CELL * j as f64, TOP + CELL * i as f64);
                let (colour, whole) =
                    if i == j { (colours::BLUE, shown) } else { (colours::VERMILION, worst) };
                let share = *count as f64 / whole.max(1) as f64;
                let colour = mixed_with_white(colour, 0.6 * share.sqrt());
                let corner = canvas.place(x + CELL - 1.0, y + CELL - 1.0);
                canvas.rectangle(canvas.place(x + 1.0, y + 1.0), corner, colour)?;
                if *count > 0 {
                    let at = canvas.place(centre(j, LEFT), centre(i, TOP));
                    canvas.write(&count.to_string(), LETTERS, at, HPos::Center)?;
                }
            }
        }
        Ok(())
    }
}

/// So much of a colour on white; a white cell is shown in a pale grey.
fn mixed_with_white(colour: RGBColor, share: f64) -> RGBColor {
    let mix = |byte: u8| (246.0 + share * (f64::from(byte) - 246.0)).round() as u8;
    RGBColor(mix(colour.0), mix(colour.1), mix(colour.2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::{to_bitmap, to_svg};

    #[test]
    fn counts_stand_in_their_cells_and_mistakes_have_another_colour() {
        let mut counts = [[0; CLASSES]; CLASSES];
        (counts[3][3], counts[3][5], counts[7][1]) = (75, 25, 1);
        let figure = Confusion { title: "Digits", rows: "asked for", counts: &counts };
        let svg = to_svg(&figure);
        assert!(svg.contains("75") && svg.contains("25"));
        assert!(svg.contains("Digits") && svg.contains("asked for") && svg.contains("read as"));
        // The corners of the cells are free of letters.
        let bitmap = to_bitmap(&figure);
        let at = |i: usize, j: usize| {
            let (x, y) = (LEFT + CELL * j as f64 + 3.0, TOP + CELL * i as f64 + 3.0);
            let start = 3 * (y as usize * bitmap.width as usize + x as usize);
            [0, 1, 2].map(|c| bitmap.rgb[start + c])
        };
        assert_eq!(at(0, 0), [246; 3]);
        let blue = mixed_with_white(colours::BLUE, 0.6 * 0.75_f64.sqrt());
        assert_eq!(at(3, 3), [blue.0, blue.1, blue.2]);
        let red = mixed_with_white(colours::VERMILION, 0.6);
        assert_eq!(at(3, 5), [red.0, red.1, red.2]);
        assert!(at(7, 1)[0] > at(7, 1)[2]);
    }
}
