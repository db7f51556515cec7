//! Tables of aligned columns.

use std::fmt;

/// Where a column's text stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Align {
    Left,
    Right,
}

/// Rows of cells under a head, with two spaces between columns.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    aligns: Vec<Align>,
    rows: Vec<Vec<String>>,
    indent: usize,
}

impl Table {
    /// An empty table with these columns.
    pub(crate) fn new(columns: &[(&str, Align)]) -> Self {
        let head = columns.iter().map(|(name, _)| (*name).to_owned()).collect();
        let aligns = columns.iter().map(|(_, align)| *align).collect();
        Self {
            aligns,
            rows: vec![head],
            indent: 0,
        }
    }

    /// Moves the table to the right.
    pub(crate) const fn indent(mut self, spaces: usize) -> Self {
        self.indent = spaces;
        self
    }

    /// Adds a row, which has as many cells as the head.
    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        assert_eq!(N, self.aligns.len(), "a row has a cell for each column");
        self.rows.push(cells.into());
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |column: usize| {
            self.rows
                .iter()
                .map(|row| row[column].chars().count())
                .max()
                .unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.aligns.len()).map(width).collect();
        for (i, row) in self.rows.iter().enumerate() {
            f.write_str(if i == 0 { "" } else { "\n" })?;
            let mut line = " ".repeat(self.indent);
            for ((cell, width), align) in row.iter().zip(&widths).zip(&self.aligns) {
                let space = " ".repeat(width - cell.chars().count());
                line.push_str(&match align {
                    Align::Left => format!("{cell}{space}  "),
                    Align::Right => format!("{space}{cell}  "),
                });
            }
            f.write_str(line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut table = Table::new(&[("name", Align::Left), ("n", Align::Right)]).indent(1);
        table.row(["a".into(), "1,000".into()]);
        table.row(["µ-long".into(), "2".into()]);
        assert_eq!(
            table.to_string(),
            " name        n\n a       1,000\n µ-long      2"
        );
    }
}
