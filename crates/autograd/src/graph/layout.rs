//! Where on the page does each box and each arrow go?
//!
//! A layered drawing after Sugiyama, Tagawa and Toda (1981):
//!
//! 1. **Rows.** The result is in the lowest row, everything else as far above it as its longest
//!    path to the result, so that leaves stand right above their first use (`rows.rs`).
//! 2. **Order.** Boxes of a row are ordered by the mean place of their neighbours, a few times up
//!    and down; the order with the fewest crossings is kept (`rows.rs`).
//! 3. **Places.** Within that order, the columns minimise the sum of squared widths of all arrows.

mod rows;

use rows::{Cell, Rows};

pub(super) const BOX_HEIGHT: f64 = 42.0;

/// Between neighbours of a row.
const GAP: f64 = 18.0;

/// Between two rows: this, and more where an arrow goes far to the side.
const ROW_GAP: f64 = 34.0;

/// Between two arrows that start or end at the same box, at most.
const PORT_GAP: f64 = 18.0;

/// How often all rows are moved to the best place given the others.
const ROUNDS: usize = 60;

/// The drawing, from 0 to `size` in both directions, y downwards.
pub(super) struct Layout {
    pub(super) size: [f64; 2],
    /// The centre of each node.
    pub(super) centres: Vec<[f64; 2]>,
    pub(super) arrows: Vec<Arrow>,
}

/// A piece of an arrow, from one row to the next.
///
/// Arrows from the same node that pass several rows share their way until the last of them.
pub(super) struct Arrow {
    /// The node it comes from.
    pub(super) from: usize,
    pub(super) start: [f64; 2],
    pub(super) end: [f64; 2],
    /// None if it ends at a box, else the y down to which it goes on, straight between boxes.
    pub(super) on_to: Option<f64>,
}

/// Arranges the nodes, given the widths of their boxes and the inputs of each.
///
/// Inputs come before what is made of them, and the last node is made of all others.
pub(super) fn arrange(widths: &[f64], inputs: &[&[usize]]) -> Layout {
    let rows = Rows::of(widths, inputs);
    let x = columns(&rows);
    let tops = row_tops(&rows, &x);
    let cells = rows.cells.iter().zip(&x);
    let right = cells.map(|(cell, x)| x + cell.width / 2.0).fold(0.0, f64::max);
    let bottom = tops.last().map_or(0.0, |top| top + BOX_HEIGHT);
    let nodes = rows.cells.iter().zip(&x).take(widths.len());
    Layout {
        size: [right, bottom],
        centres: nodes.map(|(cell, x)| [*x, tops[cell.row] + BOX_HEIGHT / 2.0]).collect(),
        arrows: arrows(&rows, &x, &tops, widths.len()),
    }
}

/// The x of each cell's centre: the leftmost box begins at 0.
///
/// Minimises Σ s (x_a - x_b)² over all links, s their stiffness, for the given order and gaps.
/// The sum is convex, so moving row after row to its best place leads to the best drawing.
fn columns(rows: &Rows) -> Vec<f64> {
    let mut x = vec![0.0; rows.cells.len()];
    for row in &rows.order {
        for (cell, offset) in row.iter().zip(offsets(rows, row)) {
            x[*cell] = offset;
        }
    }
    for round in 0..ROUNDS {
        for i in 0..rows.order.len() {
            let upward = round % 2 == 0;
            let i = if upward { rows.order.len() - 1 - i } else { i };
            settle(rows, &rows.order[i], &mut x);
        }
    }
    let cells = rows.cells.iter().zip(&x);
    let left = cells.map(|(cell, x)| x - cell.width / 2.0).fold(f64::INFINITY, f64::min);
    x.iter().map(|x| x - left).collect()
}

/// The closest that the cells of a row may be to its first one.
fn offsets(rows: &Rows, row: &[usize]) -> Vec<f64> {
    let mut offset = 0.0;
    let mut last: Option<f64> = None;
    let widths = row.iter().map(|cell| rows.cells[*cell].width);
    widths
        .map(|width| {
            offset += last.map_or(0.0, |last| (last + width) / 2.0 + GAP);
            last = Some(width);
            offset
        })
        .collect()
}

/// Moves the cells of a row to where Σ s (x_a - x_b)² over their links is least.
///
/// Without gaps each cell would go to the mean of its neighbours. With them, cells that would
/// overlap form a block, and the block goes to the mean of its cells' wishes: the algorithm "pool
/// adjacent violators" of isotonic regression, which is exact.
fn settle(rows: &Rows, row: &[usize], x: &mut [f64]) {
    struct Block {
        weight: f64,
        /// Where its first cell would go, if it were alone at offset 0.
        wish: f64,
        cells: usize,
    }
    let offsets = offsets(rows, row);
    let mut blocks: Vec<Block> = Vec::new();
    for (cell, offset) in row.iter().zip(&offsets) {
        let (weight, wish) = rows.wish(*cell, x);
        let mut block = Block { weight, wish: wish - offset, cells: 1 };
        while let Some(left) = blocks.pop_if(|left| left.wish > block.wish) {
            let weight = left.weight + block.weight;
            block = Block {
                weight,
                wish: (left.weight * left.wish + block.weight * block.wish) / weight,
                cells: left.cells + block.cells,
            };
        }
        blocks.push(block);
    }
    let starts = blocks.iter().flat_map(|block| std::iter::repeat_n(block.wish, block.cells));
    for ((cell, offset), start) in row.iter().zip(offsets).zip(starts) {
        x[*cell] = start + offset;
    }
}

/// The y of each row's upper edge.
fn row_tops(rows: &Rows, x: &[f64]) -> Vec<f64> {
    let mut gaps = vec![0.0; rows.order.len()];
    for [from, to] in &rows.links {
        let gap = &mut gaps[rows.cells[*to].row];
        let aside = (x[*from] - x[*to]).abs();
        *gap = f64::max(*gap, ROW_GAP + aside.min(400.0) / 10.0);
    }
    let mut top = 0.0;
    let place = |(row, gap)| {
        top += if row == 0 { 0.0 } else { BOX_HEIGHT + gap };
        top
    };
    gaps.into_iter().enumerate().map(place).collect()
}

fn arrows(rows: &Rows, x: &[f64], tops: &[f64], nodes: usize) -> Vec<Arrow> {
    let (mut start, mut end) = (vec![0.0; rows.links.len()], vec![0.0; rows.links.len()]);
    for (i, cell) in rows.cells.iter().enumerate() {
        spread(cell, x[i], &cell.below, |link| x[rows.links[link][1]], &mut start);
        spread(cell, x[i], &cell.above, |link| x[rows.links[link][0]], &mut end);
    }
    let links = rows.links.iter().enumerate();
    links
        .map(|(link, [from, to])| {
            let (above, below) = (&rows.cells[*from], &rows.cells[*to]);
            let top = tops[below.row];
            Arrow {
                from: above.owner,
                start: [start[link], tops[above.row] + BOX_HEIGHT],
                end: [end[link], top],
                on_to: (*to >= nodes).then_some(top + BOX_HEIGHT),
            }
        })
        .collect()
}

/// Gives each link on one side of a cell its own x, in the order of where they lead.
fn spread(cell: &Cell, x: f64, links: &[usize], leads_to: impl Fn(usize) -> f64, at: &mut [f64]) {
    let mut links = links.to_vec();
    links.sort_by(|a, b| leads_to(*a).total_cmp(&leads_to(*b)));
    let spaces = links.len().saturating_sub(1) as f64;
    // The middle half of a side is flat, whatever the shape of the box.
    let gap = (cell.width / 2.0 / spaces.max(1.0)).min(PORT_GAP);
    for (i, link) in links.into_iter().enumerate() {
        at[link] = x + (i as f64 - spaces / 2.0) * gap;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A graph in which node i is made of a few earlier ones, and the last of all loose ends.
    fn tangle(nodes: usize) -> (Vec<f64>, Vec<Vec<usize>>) {
        let mut inputs: Vec<Vec<usize>> = (0..nodes - 1)
            .map(|i| match i % 4 {
                _ if i < 3 => vec![],
                0 => vec![i - 1, i - 1],
                1 => vec![i - 2, (i * i) % 7 % i, i / 2],
                2 => vec![i / 3, i - 1],
                _ => vec![],
            })
            .collect();
        let used = inputs.concat();
        inputs.push((0..nodes - 1).filter(|i| !used.contains(i)).collect());
        let widths = (0..nodes).map(|i| 50.0 + (i * 37 % 60) as f64).collect();
        (widths, inputs)
    }

    fn arranged(nodes: usize) -> (Vec<f64>, Layout) {
        let (widths, inputs) = tangle(nodes);
        let inputs: Vec<&[usize]> = inputs.iter().map(Vec::as_slice).collect();
        let layout = arrange(&widths, &inputs);
        (widths, layout)
    }

    #[test]
    fn boxes_do_not_touch_and_stay_on_the_page() {
        for nodes in [1, 2, 5, 20, 80] {
            let (widths, layout) = arranged(nodes);
            for (i, [x, y]) in layout.centres.iter().enumerate() {
                assert!(x - widths[i] / 2.0 > -1e-6 && y - BOX_HEIGHT / 2.0 > -1e-6);
                assert!(x + widths[i] / 2.0 < layout.size[0] + 1e-6);
                assert!(y + BOX_HEIGHT / 2.0 < layout.size[1] + 1e-6);
                for (j, [u, v]) in layout.centres[..i].iter().enumerate() {
                    let aside = (x - u).abs() >= (widths[i] + widths[j]) / 2.0 + GAP - 1e-6;
                    let apart = (y - v).abs() >= BOX_HEIGHT + ROW_GAP - 1e-6;
                    assert!(aside || apart, "{nodes} nodes: {i} and {j}");
                }
            }
        }
    }

    #[test]
    fn arrows_lead_down_from_box_to_box() {
        let (widths, layout) = arranged(80);
        for arrow in &layout.arrows {
            assert!(arrow.end[1] >= arrow.start[1] + ROW_GAP);
            if arrow.on_to.is_none() {
                let [x, y] = arrow.end;
                let hit = |i: usize| {
                    let [u, v] = layout.centres[i];
                    (y - (v - BOX_HEIGHT / 2.0)).abs() < 1e-6 && (x - u).abs() < widths[i] / 2.0
                };
                assert!((0..widths.len()).any(hit));
            }
        }
    }

    #[test]
    fn both_uses_of_one_input_are_seen() {
        let layout = arrange(&[60.0, 60.0], &[&[], &[0, 0]]);
        let [a, b] = &layout.arrows[..] else {
            panic!("two arrows");
        };
        assert_eq!((b.start[0] - a.start[0]).abs(), PORT_GAP);
        assert_eq!((b.end[0] - a.end[0]).abs(), PORT_GAP);
    }

    #[test]
    fn arrows_from_one_box_do_not_cross() {
        let (_, layout) = arranged(80);
        let crossed = |a: &Arrow, b: &Arrow| {
            let together = a.from == b.from && a.start[1] == b.start[1];
            together && (a.start[0] - b.start[0]) * (a.end[0] - b.end[0]) < 0.0
        };
        for a in &layout.arrows {
            assert!(layout.arrows.iter().all(|b| !crossed(a, b)), "from {}", a.from);
        }
    }

    #[test]
    fn a_chain_is_straight() {
        let layout = arrange(&[50.0, 90.0, 70.0], &[&[], &[0], &[1]]);
        assert!(layout.centres.iter().all(|centre| centre[0] == 45.0));
    }

    #[test]
    fn neighbours_without_room_share_the_damage() {
        let layout = arrange(&[50.0; 4], &[&[], &[], &[], &[0, 1, 2]]);
        let x: Vec<f64> = layout.centres.iter().map(|centre| centre[0]).collect();
        let expected = [25.0, 93.0, 161.0, 93.0];
        assert!(x.iter().zip(expected).all(|(x, e)| (x - e).abs() < 1e-6), "{x:?}");
    }

    #[test]
    fn a_leaf_gives_way_to_an_op() {
        let rows = Rows::of(&[50.0; 4], &[&[], &[0], &[], &[1, 2]]);
        let mut x = [0.0; 4];
        settle(&rows, &rows.order[1], &mut x);
        // Both cells wish for 0, the op with a stiff and a soft link and the leaf with a soft one:
        // 11 a² + b² is least, given b = a + 50 + GAP = a + 68, at a = -68 / 12.
        let a = -68.0 / 12.0;
        assert!(x.iter().zip([0.0, a, a + 68.0, 0.0]).all(|(x, e)| (x - e).abs() < 1e-9), "{x:?}");
    }
}
