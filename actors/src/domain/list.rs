//! Short lists in one column: words or numbers, separated by spaces.

use std::{fmt, str::FromStr};

/// A list as rows keep it. What cannot be read is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List<T>(pub Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: PartialEq> List<T> {
    pub fn contains(&self, item: &T) -> bool {
        self.0.contains(item)
    }

    /// Adds what is not there yet.
    pub fn add(&mut self, item: T) {
        if !self.0.contains(&item) {
            self.0.push(item);
        }
    }
}

impl<T: FromStr> From<String> for List<T> {
    fn from(text: String) -> Self {
        Self(text.split_whitespace().filter_map(|word| word.parse().ok()).collect())
    }
}

impl<T: fmt::Display> fmt::Display for List<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for item in &self.0 {
            write!(f, "{separator}{item}")?;
            separator = " ";
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read() {
        let list = List(vec![60_i64, 180]);
        assert_eq!(list.to_string(), "60 180");
        assert_eq!(List::<i64>::from("60 180".to_owned()), list);
        assert_eq!(List::<i64>::from(" 7 x ".to_owned()).0, [7], "what is no number is left out");
        assert_eq!(List::<String>::from(String::new()), List::default());
    }
}
