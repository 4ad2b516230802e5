//! Tables for people: full width in a pipe, cut to fit on a terminal.

use std::io::IsTerminal as _;

use comfy_table::presets::NOTHING;
use comfy_table::{Attribute, Cell as Drawn, Color, ColumnConstraint, ContentArrangement, Row};

/// Blanks between two columns.
const GAP: u16 = 2;

/// Colour of a cell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Tone {
    #[default]
    Plain,
    /// A transitional state.
    Moving,
    /// An error.
    Bad,
}

/// A value of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) text: String,
    pub(super) tone: Tone,
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self { text, tone: Tone::Plain }
    }
}

/// Rows with or without a header.
#[derive(Debug)]
pub(super) struct Table {
    drawn: comfy_table::Table,
    colours: bool,
    /// The number of columns on the left that are always shown, if each row is one line.
    lines: Option<usize>,
}

impl Table {
    /// Makes a table with one line per row. On a narrow terminal, columns after the first `kept` are hidden and the
    /// others are cut, except for the first: people copy ids from it.
    pub(super) fn of_lines(header: &[&str], kept: usize) -> Self {
        let mut table = Self::new(Some(kept));
        let bold = |text: &&str| table.styled(Drawn::new(text), |cell| cell.add_attribute(Attribute::Bold));
        let mut header = Row::from(header.iter().map(bold).collect::<Vec<_>>());
        header.max_height(1);
        table.drawn.set_header(header);
        if let Some(first) = table.drawn.column_mut(0) {
            first.set_constraint(ColumnConstraint::ContentWidth);
        }
        table
    }

    /// Makes a table of names and values. A long value continues on the next line.
    pub(super) fn of_members() -> Self {
        Self::new(None)
    }

    fn new(lines: Option<usize>) -> Self {
        let mut drawn = comfy_table::Table::new();
        drawn.load_style(NOTHING).set_content_arrangement(ContentArrangement::Dynamic).enforce_styling();
        if drawn.width() == Some(0) {
            // The size of the terminal is unknown.
            drawn.force_no_tty();
        }
        // By the convention of no-color.org any value turns colours off.
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { drawn, colours: std::io::stdout().is_terminal() && !refused, lines }
    }

    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        let cells = cells.into_iter().map(|cell| {
            let colour = match cell.tone {
                Tone::Plain => None,
                Tone::Moving => Some(Color::DarkYellow),
                Tone::Bad => Some(Color::DarkRed),
            };
            let drawn = Drawn::new_owned(cell.text);
            self.styled(drawn, |drawn| match colour {
                Some(colour) => drawn.fg(colour),
                None => drawn,
            })
        });
        let mut row = Row::from(cells.collect::<Vec<_>>());
        if self.lines.is_some() {
            row.max_height(1);
        }
        self.drawn.add_row(row);
    }

    fn styled(&self, cell: Drawn, style: impl FnOnce(Drawn) -> Drawn) -> Drawn {
        if self.colours { style(cell) } else { cell }
    }

    /// Returns the text without a newline at the end.
    pub(super) fn text(mut self) -> String {
        if let (Some(kept), Some(width)) = (self.lines, self.drawn.width()) {
            self.hide(kept, width);
        }
        let mut gap = 0;
        let columns: Vec<_> = self.drawn.column_iter_mut().collect();
        for column in columns.into_iter().rev().filter(|column| !column.is_hidden()) {
            // Padding after the last column would count as width.
            column.set_padding((0, gap));
            gap = GAP;
        }
        self.drawn.trim_fmt()
    }

    /// Hides columns that do not fit as a whole.
    fn hide(&mut self, kept: usize, width: u16) {
        let widths = self.drawn.column_max_content_widths();
        let mut end = 0;
        for (place, (column, own)) in self.drawn.column_iter_mut().zip(widths).enumerate() {
            end += own;
            if place >= kept && end > width {
                column.set_constraint(ColumnConstraint::Hidden);
            }
            end += GAP;
        }
    }

    /// Returns the text for a terminal of that width.
    #[cfg(test)]
    pub(super) fn within(mut self, width: u16) -> String {
        self.drawn.set_width(width);
        self.text()
    }
}

/// Escapes control characters. A name from a cloud must not move the cursor or forge a line.
pub(super) fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match character.is_control() {
            true => shown.extend(character.escape_default()),
            false => shown.push(character),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::of_lines(&["ID", "NAME", "STATE", "ZONE"], 3);
        for (id, name) in [("0001", "a name that is rather long"), ("2", "名前")] {
            table.row([id, name, "running", "north"].map(|text| Cell::from(text.to_owned())));
        }
        table
    }

    #[test]
    fn column_is_as_wide_as_its_longest_cell_without_trailing_blanks() {
        assert_eq!(
            table().text(),
            "ID    NAME                        STATE    ZONE\n\
             0001  a name that is rather long  running  north\n\
             2     名前                        running  north"
        );
    }

    #[test]
    fn narrow_terminal_cuts_names_and_keeps_ids() {
        let text = table().within(30);
        assert_eq!(text.lines().count(), 3, "{text}");
        assert!(text.contains("0001") && text.contains('…') && !text.contains("rather long"), "{text}");
    }

    #[test]
    fn column_that_does_not_fit_is_hidden() {
        let whole = table().text();
        let width = u16::try_from(whole.lines().nth(1).unwrap().len()).unwrap();
        assert_eq!(table().within(width), whole);
        let text = table().within(width - 1);
        assert!(
            text.ends_with("running") && !text.contains("ZONE") && text.contains("rather long"),
            "{text}"
        );
    }

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(printable("a\u{1b}[2J\nb\u{9b}é"), "a\\u{1b}[2J\\nb\\u{9b}é");
    }
}
