//! Which boxes share a row, and in what order?

/// How often the order of all rows is improved, upward and downward in turn.
const SWEEPS: usize = 24;

/// Nodes and links in rows, row 0 on top. Each link leads to the row below.
pub(super) struct Rows {
    /// The nodes first, then the places where long arrows pass a row.
    pub(super) cells: Vec<Cell>,
    /// From a cell to one in the next row.
    pub(super) links: Vec<[usize; 2]>,
    /// The cells of each row, from left to right.
    pub(super) order: Vec<Vec<usize>>,
}

/// A place in a row: a box, or the lane of a long arrow.
pub(super) struct Cell {
    pub(super) row: usize,
    /// 0 for a lane.
    pub(super) width: f64,
    /// The node that is here, or that the arrow comes from.
    pub(super) owner: usize,
    /// The links that end here.
    pub(super) above: Vec<usize>,
    /// The links that start here.
    pub(super) below: Vec<usize>,
}

impl Rows {
    /// Rows with few crossings; see [`arrange`](super::arrange) for the arguments.
    pub(super) fn of(widths: &[f64], inputs: &[&[usize]]) -> Rows {
        let heights = heights(inputs);
        let top = heights.iter().copied().max().unwrap_or(0);
        let cell = |(owner, height): (usize, &usize)| Cell {
            row: top - height,
            width: widths[owner],
            owner,
            above: Vec::new(),
            below: Vec::new(),
        };
        let mut rows = Rows {
            cells: heights.iter().enumerate().map(cell).collect(),
            links: Vec::new(),
            order: vec![Vec::new(); top + 1],
        };
        rows.link(inputs);
        rows.order_as_a_tree(inputs.len() - 1);
        rows.reduce_crossings();
        rows
    }

    /// Links all nodes to their inputs. A node used further below has one lane down to its last
    /// use, from which all its uses branch off: a lane for each would make a sea of them where a
    /// weight is used at every step of a long chain.
    fn link(&mut self, inputs: &[&[usize]]) {
        // lanes[u][k] is the cell of node u, k rows below it.
        let mut lanes: Vec<Vec<usize>> = (0..inputs.len()).map(|u| vec![u]).collect();
        for (v, inputs) in inputs.iter().enumerate() {
            for &u in *inputs {
                while self.cells[u].row + lanes[u].len() < self.cells[v].row {
                    let lane = self.cells.len();
                    self.cells.push(Cell {
                        row: self.cells[u].row + lanes[u].len(),
                        width: 0.0,
                        owner: u,
                        above: Vec::new(),
                        below: Vec::new(),
                    });
                    self.connect(lanes[u][lanes[u].len() - 1], lane);
                    lanes[u].push(lane);
                }
                self.connect(lanes[u][self.cells[v].row - self.cells[u].row - 1], v);
            }
        }
    }

    fn connect(&mut self, from: usize, to: usize) {
        let link = self.links.len();
        self.links.push([from, to]);
        self.cells[from].below.push(link);
        self.cells[to].above.push(link);
    }

    /// The first order: from the result up, inputs from left to right. A tree has no crossings in
    /// it, and inputs of one op stand as they are written.
    fn order_as_a_tree(&mut self, result: usize) {
        let mut pending = vec![result];
        let mut placed = vec![false; self.cells.len()];
        while let Some(i) = pending.pop() {
            if !std::mem::replace(&mut placed[i], true) {
                let cell = &self.cells[i];
                self.order[cell.row].push(i);
                pending.extend(cell.above.iter().rev().map(|link| self.links[*link][0]));
            }
        }
    }

    /// Sorts each row by the mean place of its cells' neighbours in the row below, then above, and
    /// so on, and keeps the best order met.
    fn reduce_crossings(&mut self) {
        let mut best = (self.crossings(), self.order.clone());
        let count = self.order.len();
        for sweep in 0..SWEEPS {
            if best.0 == 0 {
                break;
            }
            let mut places = self.places();
            for i in 0..count {
                if sweep % 2 == 0 {
                    self.sort_row(count - 1 - i, &mut places, |cell| &cell.below, 1);
                } else {
                    self.sort_row(i, &mut places, |cell| &cell.above, 0);
                }
            }
            let crossings = self.crossings();
            if crossings < best.0 {
                best = (crossings, self.order.clone());
            }
        }
        self.order = best.1;
    }

    /// Sorts a row by the mean place of what is at the given end of its links. Cells without such
    /// links keep their place.
    fn sort_row(
        &mut self,
        row: usize,
        places: &mut [f64],
        links: impl Fn(&Cell) -> &[usize],
        end: usize,
    ) {
        let key = |cell: usize| {
            let links = links(&self.cells[cell]);
            let sum: f64 = links.iter().map(|link| places[self.links[*link][end]]).sum();
            if links.is_empty() { places[cell] } else { sum / links.len() as f64 }
        };
        let mut keyed: Vec<(f64, usize)> = self.order[row].iter().map(|i| (key(*i), *i)).collect();
        // A stable sort: what wants the same place stays in order.
        keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
        self.order[row] = keyed.into_iter().map(|(_, cell)| cell).collect();
        place(&self.order[row], places);
    }

    /// Where in its row each cell is, from 0 at the left to 1 at the right.
    fn places(&self) -> Vec<f64> {
        let mut places = vec![0.0; self.cells.len()];
        for row in &self.order {
            place(row, &mut places);
        }
        places
    }

    /// How many pairs of links cross.
    fn crossings(&self) -> usize {
        let places = self.places();
        let mut crossings = 0;
        for row in &self.order {
            // Links from left to right by their upper ends cross where the lower ends go back.
            let mut ends: Vec<f64> = Vec::new();
            for cell in row {
                let below = self.cells[*cell].below.iter();
                let mut targets: Vec<f64> = below.map(|l| places[self.links[*l][1]]).collect();
                targets.sort_by(f64::total_cmp);
                for target in targets {
                    let left = ends.partition_point(|end| *end <= target);
                    crossings += ends.len() - left;
                    ends.insert(left, target);
                }
            }
        }
        crossings
    }

    /// The x that is best for a cell given those of its neighbours, and how much that matters.
    ///
    /// Links of leaves are the least stiff: a leaf gives way to the way from op to op.
    pub(super) fn wish(&self, cell: usize, x: &[f64]) -> (f64, f64) {
        let Cell { above, below, .. } = &self.cells[cell];
        let (mut weight, mut sum) = (0.0, 0.0);
        for [from, to] in above.iter().chain(below).map(|link| self.links[*link]) {
            let leaf = self.cells[from].above.is_empty();
            let stiffness = if leaf { 1.0 } else { 10.0 };
            weight += stiffness;
            sum += stiffness * x[if from == cell { to } else { from }];
        }
        if weight == 0.0 { (1.0, x[cell]) } else { (weight, sum / weight) }
    }
}

/// Spreads a row's places evenly, so that those of rows of any length compare.
fn place(row: &[usize], places: &mut [f64]) {
    for (i, cell) in row.iter().enumerate() {
        places[*cell] = (i as f64 + 0.5) / row.len() as f64;
    }
}

/// The longest path from each node to the last one.
fn heights(inputs: &[&[usize]]) -> Vec<usize> {
    let mut heights = vec![0; inputs.len()];
    for (v, inputs) in inputs.iter().enumerate().rev() {
        for &u in *inputs {
            heights[u] = heights[u].max(heights[v] + 1);
        }
    }
    heights
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(inputs: &[&[usize]]) -> Rows {
        Rows::of(&vec![50.0; inputs.len()], inputs)
    }

    #[test]
    fn leaves_stand_right_above_their_first_use() {
        // x, w, linear, v, linear
        let rows = rows(&[&[], &[], &[0, 1], &[], &[2, 3]]);
        assert_eq!(rows.order, [vec![0, 1], vec![2, 3], vec![4]]);
    }

    #[test]
    fn links_lead_to_the_next_row_and_long_ways_are_shared() {
        // a chain 0 -> 1 -> 2 -> 3 -> 4 whose later steps use 0 again
        let rows = rows(&[&[], &[0], &[1, 0], &[2, 0], &[3, 0]]);
        let row = |cell: usize| rows.cells[cell].row;
        assert!(rows.links.iter().all(|[from, to]| row(*from) + 1 == row(*to)));
        assert_eq!(rows.cells.len(), 5 + 3, "one lane beside nodes 1, 2, 3");
        assert_eq!(rows.links.len(), 4 + 3 + 3, "the chain, the lane, its branches");
    }

    #[test]
    fn crossings_are_counted() {
        let mut rows = rows(&[&[], &[], &[0], &[1], &[2, 3]]);
        assert_eq!(rows.crossings(), 0);
        rows.order[1].reverse();
        assert_eq!(rows.crossings(), 1);
    }

    #[test]
    fn a_graph_that_can_be_drawn_without_crossings_is() {
        // Two towers that share nothing, their leaves created in a mixed order.
        let rows = rows(&[&[], &[], &[], &[], &[2, 0], &[3, 1], &[4], &[5], &[7, 6]]);
        assert_eq!(rows.crossings(), 0);
        // Node 2 is used left and right of the tree's order: only sorting finds its place.
        let rows = self::rows(&[&[], &[], &[], &[0, 2], &[1], &[1, 2], &[3, 4, 5]]);
        assert_eq!(rows.crossings(), 0);
    }

    #[test]
    fn inputs_stand_in_the_order_they_are_written_in() {
        let rows = rows(&[&[], &[], &[], &[2, 0, 1]]);
        assert_eq!(rows.order[0], [2, 0, 1]);
    }
}
