//! Tables that people read and that can stand in Markdown as they are.

/// A table that is printed as it grows, since some rows take minutes.
pub(crate) struct Table {
    widths: Vec<usize>,
}

impl Table {
    /// Prints the heading. The first column is text and wide; the others are figures.
    pub(crate) fn new(title: &str, columns: &[&str]) -> Self {
        let widths = columns.iter().enumerate();
        let widths = widths.map(|(nth, name)| name.len().max(if nth == 0 { 52 } else { 12 })).collect();
        let table = Self { widths };
        println!("\n## {title}\n");
        table.row(columns);
        let rule: Vec<String> = table.widths.iter().enumerate().map(|(nth, width)| dashes(nth, *width)).collect();
        println!("| {} |", rule.join(" | "));
        table
    }

    /// Prints a row.
    pub(crate) fn row<T: AsRef<str>>(&self, cells: &[T]) {
        let cells = cells.iter().zip(&self.widths).enumerate().map(|(nth, (cell, width))| match nth {
            0 => format!("{:<width$}", cell.as_ref()),
            _ => format!("{:>width$}", cell.as_ref()),
        });
        println!("| {} |", cells.collect::<Vec<_>>().join(" | "));
    }
}

fn dashes(nth: usize, width: usize) -> String {
    if nth == 0 { "-".repeat(width) } else { format!("{}:", "-".repeat(width - 1)) }
}

/// A whole number with its thousands apart.
pub(crate) fn whole(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (nth, digit) in digits.chars().enumerate() {
        if nth > 0 && (digits.len() - nth) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// How often one figure is of another.
pub(crate) fn ratio(figure: f64, of: f64) -> String {
    format!("{:.2}", figure / of)
}
