//! Columns for people: as wide as they must be in a pipe, cut to fit on a terminal.

use std::io::IsTerminal as _;

use comfy_table::presets::NOTHING;
use comfy_table::{Attribute, Cell as Drawn, Color, ColumnConstraint, ContentArrangement, Row};

/// Between two columns.
const GAP: u16 = 2;

/// How a cell looks where colours are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Tone {
    #[default]
    Plain,
    /// On its way to something else.
    Moving,
    /// Asks for attention.
    Bad,
}

/// One value of a row.
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

/// Rows under a header, or without one.
#[derive(Debug)]
pub(super) struct Table {
    drawn: comfy_table::Table,
    colours: bool,
    /// Rows are lines, and of so many columns on the left none is left out.
    lines: Option<usize>,
}

impl Table {
    /// One line for each row. Where a terminal has no room, columns on the right are left out, but for the first
    /// `kept`; of those all but the first, which is copied, may be cut.
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

    /// Names and values: a long value goes on in the next line.
    pub(super) fn of_members() -> Self {
        Self::new(None)
    }

    fn new(lines: Option<usize>) -> Self {
        let mut drawn = comfy_table::Table::new();
        drawn.load_style(NOTHING).set_content_arrangement(ContentArrangement::Dynamic).enforce_styling();
        if drawn.width() == Some(0) {
            // A terminal of unknown size.
            drawn.force_no_tty();
        }
        // The convention is no-color.org's: set to anything, it means no.
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

    /// The whole of it, without a line end behind.
    pub(super) fn text(mut self) -> String {
        if let (Some(kept), Some(width)) = (self.lines, self.drawn.width()) {
            self.leave_out(kept, width);
        }
        let mut gap = 0;
        let columns: Vec<_> = self.drawn.column_iter_mut().collect();
        for column in columns.into_iter().rev().filter(|column| !column.is_hidden()) {
            // None behind the last one: it would be counted.
            column.set_padding((0, gap));
            gap = GAP;
        }
        self.drawn.trim_fmt()
    }

    /// Half a column is of less use than none: what is left is whole.
    fn leave_out(&mut self, kept: usize, width: u16) {
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

    /// As on a terminal of that width.
    #[cfg(test)]
    fn within(mut self, width: u16) -> String {
        self.drawn.set_width(width);
        self.text()
    }
}

/// Text that moves no cursor and forges no line: a name in a cloud may hold anything.
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
    fn columns_are_as_wide_as_they_must_be_and_nothing_trails() {
        assert_eq!(
            table().text(),
            "ID    NAME                        STATE    ZONE\n\
             0001  a name that is rather long  running  north\n\
             2     名前                        running  north"
        );
    }

    #[test]
    fn a_terminal_cuts_names_and_no_ids() {
        let text = table().within(30);
        assert_eq!(text.lines().count(), 3, "{text}");
        assert!(text.contains("0001") && text.contains('…') && !text.contains("rather long"), "{text}");
    }

    #[test]
    fn a_terminal_without_room_gets_fewer_columns_and_those_whole() {
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
    fn a_name_cannot_move_the_cursor() {
        assert_eq!(printable("a\u{1b}[2J\nb\u{9b}é"), "a\\u{1b}[2J\\nb\\u{9b}é");
    }
}
