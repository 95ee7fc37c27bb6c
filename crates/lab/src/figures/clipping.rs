//! Which part of a line is inside of a panel?

use std::ops::RangeInclusive;

/// The stretches of a line through `points` between two heights, cut where it crosses one of them.
///
/// All numbers are finite.
pub(super) fn clipped(points: &[[f64; 2]], y: &RangeInclusive<f64>) -> Vec<Vec<[f64; 2]>> {
    let mut stretches: Vec<Vec<[f64; 2]>> = Vec::new();
    for ends in points.windows(2) {
        let Some([from, to]) = inside([ends[0], ends[1]], y) else {
            continue;
        };
        match stretches.last_mut() {
            Some(stretch) if stretch.last() == Some(&from) => stretch.push(to),
            _ => stretches.push(vec![from, to]),
        }
    }
    stretches
}

/// The part of a segment between two heights.
fn inside([a, b]: [[f64; 2]; 2], y: &RangeInclusive<f64>) -> Option<[[f64; 2]; 2]> {
    let misses = a[1].max(b[1]) < *y.start() || a[1].min(b[1]) > *y.end();
    // An end outside moves along the segment to the height that it lies beyond.
    let moved = |end: [f64; 2]| {
        let height = end[1].clamp(*y.start(), *y.end());
        let part = (height - a[1]) / (b[1] - a[1]);
        if height == end[1] { end } else { [a[0] + part * (b[0] - a[0]), height] }
    };
    (!misses).then(|| [moved(a), moved(b)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cut_where_it_crosses_a_height() {
        let line = [[0.0, 4.0], [1.0, 0.0], [2.0, 1.0], [3.0, -3.0], [4.0, -3.0], [5.0, 1.0]];
        let stretches = clipped(&line, &(-1.0..=2.0));
        let first = vec![[0.5, 2.0], [1.0, 0.0], [2.0, 1.0], [2.5, -1.0]];
        assert_eq!(stretches, [first, vec![[4.5, -1.0], [5.0, 1.0]]]);
    }

    #[test]
    fn a_segment_over_all_heights_is_cut_twice() {
        assert_eq!(clipped(&[[0.0, -4.0], [8.0, 4.0]], &(-1.0..=2.0)), [[[3.0, -1.0], [6.0, 2.0]]]);
    }

    #[test]
    fn a_line_inside_is_whole_even_where_it_touches_the_border_and_one_outside_is_nothing() {
        let line = [[0.0, 0.0], [1.0, 2.0], [2.0, -1.0], [3.0, -1.0]];
        assert_eq!(clipped(&line, &(-1.0..=2.0)), [line]);
        assert!(clipped(&line, &(3.0..=4.0)).is_empty());
        assert!(clipped(&line[..1], &(-1.0..=2.0)).is_empty());
    }
}
