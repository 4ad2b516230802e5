//! Columns of tables: those of every kind, then those of the kind itself.

use std::collections::BTreeSet;

use gateway_core::kind::{Column, KindSpec};
use serde_json::Value;

use super::value;
use crate::cli::table::{Cell, Tone};

/// Columns of every kind; the state only where there are states.
const COMMON: [Column; 5] = [
    Column::new("ID", "id"),
    Column::new("NAME", "name"),
    Column::new("STATE", "state"),
    Column::new("CLOUD", "cloud"),
    Column::new("REGION", "region"),
];

/// The columns of a kind's table.
#[derive(Debug)]
pub(super) struct Columns {
    spec: &'static KindSpec,
    /// The number of columns that all kinds have.
    pub(super) of_all: usize,
    shown: Vec<Column>,
}

impl Columns {
    pub(super) fn of(spec: &'static KindSpec) -> Self {
        let has_column = |column: &Column| column.path != "state" || !spec.states.is_empty();
        let mut shown: Vec<_> = COMMON.into_iter().filter(has_column).collect();
        let of_all = shown.len();
        shown.extend(spec.columns);
        Self { spec, of_all, shown }
    }

    pub(super) fn header(&self) -> Vec<&'static str> {
        self.shown.iter().map(|column| column.header).collect()
    }

    /// Returns the fields that the table needs, as the API takes them in `fields`.
    pub(super) fn fields(&self) -> String {
        let names: BTreeSet<_> = self.shown.iter().map(Column::field).collect();
        names.into_iter().collect::<Vec<_>>().join(",")
    }

    pub(super) fn row(&self, record: &Value) -> Vec<Cell> {
        let cell = |path: &str| {
            let text = value::text(&value::at(record, path));
            let tone = if path == "state" { tone(self.spec, &text) } else { Tone::Plain };
            Cell { text, tone }
        };
        self.shown.iter().map(|column| cell(column.path)).collect()
    }
}

/// Returns the tone of a state.
pub(super) fn tone(spec: &KindSpec, state: &str) -> Tone {
    match spec.state(state) {
        _ if state == "error" => Tone::Bad,
        Some(state) if state.transitional => Tone::Moving,
        _ => Tone::Plain,
    }
}

#[cfg(test)]
mod tests {
    use gateway_core::Kind;
    use serde_json::json;

    use crate::cli::table::Table;

    use super::*;

    #[test]
    fn row_has_the_columns_of_its_header() {
        let volume = Columns::of(Kind::parse("volume").unwrap().spec());
        assert_eq!(volume.header().join(" "), "ID NAME STATE CLOUD REGION SIZE_GIB TYPE INSTANCE DATACENTER");
        assert_eq!(volume.fields(), "attachments,cloud,datacenter,id,name,region,size_gib,state,volume_type");
        let row = volume.row(&json!({
            "id": "1", "name": "data", "state": "pending", "cloud": "c", "region": "r", "size_gib": 5,
            "attachments": [{"instance": {"name": "web"}, "device": null}],
        }));
        let texts: Vec<_> = row.iter().map(|cell| cell.text.as_str()).collect();
        assert_eq!(texts, ["1", "data", "pending", "c", "r", "5", "-", "web", "-"]);
        assert_eq!(row[2].tone, Tone::Moving);
    }

    #[test]
    fn list_of_instances_is_a_table() {
        let spec = Kind::parse("instance").unwrap().spec();
        let columns = Columns::of(spec);
        let mut table = Table::of_lines(&columns.header(), columns.of_all);
        let instance = |number: u32, state: &str| {
            json!({
                "id": format!("00000000-0000-5000-8000-{number:012}"), "name": format!("web-{number}"),
                "state": state, "cloud": "lab", "region": "north",
                "instance_type": { "id": "t", "name": "std1.x1" },
                "image": { "id": "i", "external_id": "img-7", "name": null },
                "private_ip_addresses": ["10.0.0.5", "10.0.1.5"], "public_ip_addresses": [],
                "datacenter": null,
            })
        };
        table.row(columns.row(&instance(1, "running")));
        table.row(columns.row(&instance(2, "stopping")));
        insta::assert_snapshot!(table.within(400));
    }

    #[test]
    fn kind_without_states_has_no_state_column() {
        let header = Columns::of(Kind::parse("instance_type").unwrap().spec());
        assert!(!header.header().contains(&"STATE"));
    }
}
