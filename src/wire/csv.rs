//! Tables for spreadsheets as they are set up in Brazil: UTF-8 with its mark, `;` between cells, a comma
//! in decimals, CRLF (RFC 4180 otherwise).

/// Excel takes a text without it for Windows-1252.
const BYTE_ORDER_MARK: char = '\u{feff}';
/// A cell that begins so is run as a formula (OWASP, CSV injection).
const FORMULA_STARTS: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// One value of a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// A text of ours or of a person; never run as a formula.
    Text(String),
    Count(i64),
    /// Rounded already; `None` is an empty cell.
    Decimal(Option<f64>),
}

/// The whole table.
pub fn table(rows: impl IntoIterator<Item = Vec<Cell>>) -> String {
    let mut text = String::from(BYTE_ORDER_MARK);
    for row in rows {
        let cells: Vec<String> = row.into_iter().map(written).collect();
        text.push_str(&cells.join(";"));
        text.push_str("\r\n");
    }
    text
}

fn written(cell: Cell) -> String {
    match cell {
        Cell::Text(text) => quoted(&text),
        Cell::Count(count) => count.to_string(),
        Cell::Decimal(value) => {
            value.map(|value| value.to_string().replace('.', ",")).unwrap_or_default()
        }
    }
}

fn quoted(text: &str) -> String {
    let is_formula =
        text.trim_start().starts_with(FORMULA_STARTS) || text.starts_with(FORMULA_STARTS);
    let guard = if is_formula { "'" } else { "" };
    if text.contains([';', '"', '\n', '\r']) {
        format!("\"{guard}{}\"", text.replace('"', "\"\""))
    } else {
        format!("{guard}{text}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_written_for_brazil() {
        let row = vec![
            Cell::Text("Vendas".to_owned()),
            Cell::Count(-3),
            Cell::Decimal(Some(12.5)),
            Cell::Decimal(None),
            Cell::Text("a;b\n\"c\"".to_owned()),
        ];
        assert_eq!(table([row]), "\u{feff}Vendas;-3;12,5;;\"a;b\n\"\"c\"\"\"\r\n");
    }

    #[test]
    fn no_text_is_a_formula() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", " =1"] {
            let cell = quoted(text);
            assert!(cell.trim_start_matches('"').starts_with('\''), "{text:?} {cell:?}");
        }
        assert_eq!(quoted("2 = 2"), "2 = 2");
    }
}
