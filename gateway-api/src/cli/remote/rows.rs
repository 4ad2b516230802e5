//! Documents as one JSON array, each on its own line.

use serde_json::Value;

pub(in crate::cli) fn array(items: &[Value]) -> String {
    match items {
        [] => "[]\n".to_owned(),
        items => {
            let lines: Vec<_> = items.iter().map(Value::to_string).collect();
            format!("[\n{}\n]\n", lines.join(",\n"))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_document_is_a_line_of_one_array() {
        let items = [json!({ "a": 1 }), json!({ "b": "x\ny" })];
        assert_eq!(array(&items).lines().count(), 4);
        assert_eq!(serde_json::from_str::<Value>(&array(&items)).unwrap(), json!(items));
        assert_eq!(array(&[]), "[]\n");
    }
}
