//! Printing Tables.

use serde_json::Value;

/// Spaces between columns, as kubectl has them.
const GAP: usize = 3;

/// A Table that the server made, with the namespace before each row if `namespaces`.
pub(super) fn print(table: &Value, wide: bool, namespaces: bool) -> String {
    let empty = Vec::new();
    let definitions = table["columnDefinitions"].as_array().unwrap_or(&empty);
    let shown = |definition: &Value| wide || definition["priority"].as_i64().unwrap_or(0) == 0;
    let columns: Vec<usize> = (0..definitions.len()).filter(|index| shown(&definitions[*index])).collect();

    let mut lines = Vec::new();
    let head = columns.iter().map(|index| text(&definitions[*index]["name"]).to_uppercase());
    lines.push(namespaces.then(|| "NAMESPACE".to_owned()).into_iter().chain(head).collect());
    for row in table["rows"].as_array().unwrap_or(&empty) {
        let namespace = namespaces.then(|| text(&row["object"]["metadata"]["namespace"]));
        lines.push(namespace.into_iter().chain(columns.iter().map(|index| text(&row["cells"][*index]))).collect());
    }
    aligned(&lines)
}

/// Lines of cells with the cells of each column one below the other.
pub(in crate::cli) fn aligned(lines: &[Vec<String>]) -> String {
    let columns = lines.iter().map(Vec::len).max().unwrap_or(0);
    let length = |line: &Vec<String>, column: usize| line.get(column).map_or(0, |cell| cell.chars().count());
    let widths: Vec<usize> =
        (0..columns).map(|column| lines.iter().map(|line| length(line, column)).max().unwrap_or(0)).collect();
    let mut text = String::new();
    for line in lines {
        let cells = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}{:GAP$}", ""));
        text += cells.collect::<String>().trim_end();
        text.push('\n');
    }
    text
}

/// A cell on one line. Control characters do not reach the terminal: messages come from AWS and from manifests.
pub(in crate::cli) fn text(cell: &Value) -> String {
    let text = match cell {
        Value::String(text) => text.clone(),
        Value::Null => "<none>".to_owned(),
        other => other.to_string(),
    };
    text.replace(char::is_control, " ")
}
