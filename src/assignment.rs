//! The best one-to-one assignment of rows to columns where only some pairs are possible: each row gets a column or
//! stays alone at a price, and the sum of all costs and prices is the least that there is.
//!
//! Shortest augmenting paths with dual variables, one search a row (Kuhn 1955, Munkres 1957; in the form of Jonker and
//! Volgenant 1987 and Crouse 2016), on a sparse graph with a heap. The price of staying alone bounds each search, so that
//! it stays where the row is. Costs are whole numbers: sums are exact, and equal problems have equal answers.
//!
//! It knows nothing of images, and does not find out which pairs are possible.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A column that a row can have, at a cost of at least 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edge {
    /// The column.
    pub column: usize,
    /// What it costs.
    pub cost: i64,
}

/// Which column each row has.
pub type Assignment = Vec<Option<usize>>;

/// Assigns columns to rows so that costs, and `alone` for each row that stays alone, add up to the least. A pair that costs
/// less than `alone` is never given up for nothing. Each look at an edge takes 1 from `work`; `None` when it is used up.
#[must_use]
pub fn assign(rows: &[Vec<Edge>], columns: usize, alone: i64, work: &mut u64) -> Option<Assignment> {
    let mut search = Search {
        rows,
        alone,
        row_duals: vec![0; rows.len()],
        columns: vec![Column::default(); columns],
        mates: vec![None; rows.len()],
    };
    for row in 0..rows.len() {
        search.insert(row, work)?;
    }
    Some(search.mates)
}

#[derive(Debug, Clone, Copy)]
struct Column {
    /// Dual variable; never above 0.
    dual: i64,
    /// The row that has it.
    mate: Option<usize>,
    /// The length of the shortest path of the present search, and the row by which it leads here.
    path: i64,
    from: usize,
    is_settled: bool,
}

impl Default for Column {
    fn default() -> Self {
        Self {
            dual: 0,
            mate: None,
            path: i64::MAX,
            from: 0,
            is_settled: false,
        }
    }
}

struct Search<'a> {
    rows: &'a [Vec<Edge>],
    alone: i64,
    row_duals: Vec<i64>,
    columns: Vec<Column>,
    mates: Assignment,
}

/// Where a search ends.
#[derive(Clone, Copy)]
enum End {
    /// At a column that nobody has.
    Free(usize),
    /// At a row that stays alone from now on.
    Alone(usize),
}

impl Search<'_> {
    /// Takes a row in: finds the cheapest way to give it a column, others moving on, or to leave one row alone.
    fn insert(&mut self, start: usize, work: &mut u64) -> Option<()> {
        let mut heap = BinaryHeap::new();
        let (mut touched, mut visited) = (Vec::new(), Vec::new());
        let (mut row, mut length) = (start, 0);
        let mut loneliest = (i64::MAX, start);
        let (end, total) = loop {
            visited.push((row, length));
            let dual = self.row_duals.get(row).copied().unwrap_or(0);
            let alone = length + self.alone - dual;
            if alone < loneliest.0 {
                loneliest = (alone, row);
            }
            let edges = self.rows.get(row).map_or(&[][..], Vec::as_slice);
            *work = work.checked_sub(u64::try_from(edges.len()).ok()?)?;
            for edge in edges {
                let Some(column) = self.columns.get_mut(edge.column) else {
                    continue;
                };
                let path = length + edge.cost - dual - column.dual;
                if column.is_settled || path >= column.path {
                    continue;
                }
                if column.path == i64::MAX {
                    touched.push(edge.column);
                }
                (column.path, column.from) = (path, row);
                heap.push(Reverse((path, edge.column)));
            }
            match self.nearest(&mut heap).filter(|(path, _)| *path <= loneliest.0) {
                None => break (End::Alone(loneliest.1), loneliest.0),
                Some((path, column)) => match self.settle(column) {
                    None => break (End::Free(column), path),
                    Some(mate) => (row, length) = (mate, path),
                },
            }
        };
        self.update(&visited, &touched, total);
        self.augment(start, end);
        for column in touched {
            if let Some(column) = self.columns.get_mut(column) {
                (column.path, column.is_settled) = (i64::MAX, false);
            }
        }
        Some(())
    }

    /// The column that is reached next.
    fn nearest(&self, heap: &mut BinaryHeap<Reverse<(i64, usize)>>) -> Option<(i64, usize)> {
        loop {
            let Reverse((path, column)) = heap.pop()?;
            let is_current = |column: &Column| !column.is_settled && column.path == path;
            if self.columns.get(column).is_some_and(is_current) {
                return Some((path, column));
            }
        }
    }

    /// Settles a column unless it is free; returns who has it.
    fn settle(&mut self, column: usize) -> Option<usize> {
        let column = self.columns.get_mut(column)?;
        column.is_settled = column.mate.is_some();
        column.mate
    }

    fn update(&mut self, visited: &[(usize, i64)], touched: &[usize], total: i64) {
        for (row, length) in visited {
            if let Some(dual) = self.row_duals.get_mut(*row) {
                *dual += total - length;
            }
        }
        for column in touched {
            if let Some(column) = self.columns.get_mut(*column).filter(|column| column.is_settled) {
                column.dual -= total - column.path;
            }
        }
    }

    /// Passes columns on along the path that ends at `end`.
    fn augment(&mut self, start: usize, end: End) {
        let mut next = match end {
            End::Free(column) => Some(column),
            End::Alone(row) if row == start => None,
            End::Alone(row) => self.mates.get_mut(row).and_then(Option::take),
        };
        while let Some(column) = next {
            let Some(of_column) = self.columns.get_mut(column) else {
                return;
            };
            let row = of_column.from;
            of_column.mate = Some(row);
            next = match self.mates.get_mut(row) {
                Some(mate) => mate.replace(column),
                None => None,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALONE: i64 = 10;

    /// What an assignment costs; `None` when a column is given twice or a pair is not possible.
    fn cost(rows: &[Vec<Edge>], assignment: &[Option<usize>]) -> Option<i64> {
        let mut given: Vec<usize> = assignment.iter().flatten().copied().collect();
        given.sort_unstable();
        let count = given.len();
        given.dedup();
        let costs = rows.iter().zip(assignment).map(|(edges, column)| match column {
            None => Some(ALONE),
            Some(column) => edges
                .iter()
                .filter(|edge| edge.column == *column)
                .map(|edge| edge.cost)
                .min(),
        });
        (given.len() == count).then(|| costs.sum::<Option<i64>>())?
    }

    /// The least cost by trying everything.
    fn brute_force(rows: &[Vec<Edge>], taken: &mut Vec<usize>) -> i64 {
        let Some((first, rest)) = rows.split_first() else {
            return 0;
        };
        let mut least = ALONE + brute_force(rest, taken);
        for edge in first {
            if !taken.contains(&edge.column) {
                taken.push(edge.column);
                least = least.min(edge.cost + brute_force(rest, taken));
                taken.pop();
            }
        }
        least
    }

    fn solve(rows: &[Vec<Edge>], columns: usize) -> Assignment {
        assign(rows, columns, ALONE, &mut u64::MAX.clone()).expect("there is work enough")
    }

    fn problem() -> impl Strategy<Value = Vec<Vec<Edge>>> {
        let edge = (0_usize..7, 0_i64..10).prop_map(|(column, cost)| Edge { column, cost });
        prop::collection::vec(prop::collection::vec(edge, 0..6), 0..7)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn nothing_costs_less_than_the_assignment(rows in problem()) {
            let found = solve(&rows, 7);
            prop_assert_eq!(cost(&rows, &found), Some(brute_force(&rows, &mut Vec::new())));
        }

        #[test]
        fn what_nobody_else_wants_is_taken(rows in problem()) {
            let found = solve(&rows, 7);
            for (edges, column) in rows.iter().zip(&found) {
                let free = edges.iter().any(|edge| !found.contains(&Some(edge.column)));
                prop_assert!(column.is_some() || !free);
            }
        }
    }

    #[test]
    fn the_nearest_first_is_not_always_best() {
        let edge = |column, cost| Edge { column, cost };
        let rows = vec![vec![edge(0, 1), edge(1, 2)], vec![edge(0, 2)]];
        assert_eq!(solve(&rows, 2), [Some(1), Some(0)], "2 + 2 beats 1 + 10");
        let chain = vec![
            vec![edge(0, 0), edge(1, 9)],
            vec![edge(1, 0), edge(2, 9)],
            vec![edge(1, 8)],
        ];
        assert_eq!(
            solve(&chain, 3),
            [Some(0), Some(1), None],
            "what stays in place is not pushed along to pair one more"
        );
    }

    #[test]
    fn work_is_bounded() {
        let edges: Vec<Edge> = (0..100).map(|column| Edge { column, cost: 1 }).collect();
        let rows = vec![edges; 100];
        assert_eq!(assign(&rows, 100, ALONE, &mut 1_000), None);
        let mut work = 10_000_000;
        let found = assign(&rows, 100, ALONE, &mut work).expect("enough");
        assert_eq!(found.iter().flatten().count(), 100);
    }
}
