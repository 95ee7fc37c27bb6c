//! Between which levels does a function on a grid lie, and where exactly does it cross one?

/// A cell of the grid: its corners in order around it, each with the function's value there.
pub(super) type Cell = [([f64; 2], f64); 4];

/// The part of a cell on which the function is at least `level`.
#[derive(Debug, Default, PartialEq)]
pub(super) struct PartAbove {
    /// The corners of the part; fewer than three if there is none.
    pub(super) outline: Vec<[f64; 2]>,
    /// The pieces of the outline on which the function equals `level`.
    pub(super) contour: Vec<[[f64; 2]; 2]>,
}

/// Cuts a cell at a level; along its edges the function is taken as straight.
///
/// In a saddle, where only two opposite corners are above, they count as connected.
///
/// Source: Sutherland and Hodgman 1974, "Reentrant polygon clipping".
pub(super) fn part_above(cell: &Cell, level: f64) -> PartAbove {
    let mut part = PartAbove::default();
    let mut crossings = Vec::new();
    for (i, &(corner, value)) in cell.iter().enumerate() {
        let (next, next_value) = cell[(i + 1) % 4];
        let (above, next_above) = (value >= level, next_value >= level);
        if above {
            part.outline.push(corner);
        }
        if above != next_above {
            let t = (level - value) / (next_value - value);
            let crossing = [0, 1].map(|j| corner[j] + t * (next[j] - corner[j]));
            part.outline.push(crossing);
            crossings.push(crossing);
        }
    }
    // Crossings go out of the part and into it by turns; each way out meets the next way in.
    if cell[0].1 < level && !crossings.is_empty() {
        crossings.rotate_left(1);
    }
    part.contour = crossings.chunks_exact(2).map(|pair| [pair[0], pair[1]]).collect();
    part
}

/// The cells of a square grid, row after row, from values ordered as by `Window::grid`.
pub(super) fn cells(points: &[[f64; 2]], values: &[f64], side: usize) -> Vec<Cell> {
    let corner = |i: usize| (points[i], values[i]);
    (0..side - 1)
        .flat_map(|row| (0..side - 1).map(move |column| row * side + column))
        .map(|i| [corner(i), corner(i + 1), corner(i + side + 1), corner(i + side)])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(values: [f64; 4]) -> Cell {
        let corners = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]];
        std::array::from_fn(|i| (corners[i], values[i]))
    }

    /// Gauss' area formula.
    fn area(outline: &[[f64; 2]]) -> f64 {
        let n = outline.len();
        let cross = |i: usize| {
            let ([a, b], [c, d]) = (outline[i], outline[(i + 1) % n]);
            a * d - b * c
        };
        (0..n).map(cross).sum::<f64>() / 2.0
    }

    #[test]
    fn a_plane_is_cut_along_its_line() {
        // f = x: at least 1/4 on three quarters of the cell.
        let part = part_above(&cell([0.0, 1.0, 1.0, 0.0]), 0.25);
        assert_eq!(area(&part.outline), 0.75);
        assert_eq!(part.contour, [[[0.25, 1.0], [0.25, 0.0]]]);
    }

    #[test]
    fn a_cell_all_above_or_all_below_has_no_contour() {
        let all = part_above(&cell([0.5; 4]), 0.5);
        assert_eq!((area(&all.outline), all.contour.len()), (1.0, 0));
        assert_eq!(part_above(&cell([0.4; 4]), 0.5), PartAbove::default());
    }

    #[test]
    fn parts_above_and_below_fill_the_cell() {
        for corners in 0..16 {
            let values = std::array::from_fn(|i| if corners >> i & 1 == 1 { 0.9 } else { 0.2 });
            let above = area(&part_above(&cell(values), 0.5).outline);
            // The cell turned upside down; in the two saddles both parts claim the middle.
            let below = area(&part_above(&cell(values.map(|v| -v)), -0.5).outline);
            let saddle = [5, 10].contains(&corners);
            assert!(if saddle { above + below > 1.0 } else { (above + below - 1.0).abs() < 1e-12 });
        }
    }

    #[test]
    fn a_saddle_has_two_pieces_of_contour_that_do_not_cross() {
        for values in [[1.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, 1.0]] {
            let part = part_above(&cell(values), 0.5);
            assert_eq!(part.contour.len(), 2);
            // Each cuts off one corner that is below.
            for [[a, b], [c, d]] in part.contour {
                assert_eq!((a - c).abs() + (b - d).abs(), 1.0);
            }
        }
    }

    #[test]
    fn cells_go_around_their_corners() {
        let points = [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]];
        let cells = cells(&points, &[0.1, 0.2, 0.3, 0.4], 2);
        assert_eq!(cells.len(), 1);
        assert_eq!(cells[0].map(|(_, value)| value), [0.1, 0.2, 0.4, 0.3]);
    }
}
