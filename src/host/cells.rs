//! The cells of a row, taken from the left: columns move, so nothing is ever cut where a header stands.

/// What is left of a row.
#[derive(Clone, Copy, Debug)]
pub struct Cells<'a>(&'a str);

impl<'a> Cells<'a> {
    pub fn new(text: &'a str) -> Self {
        Self(text.trim())
    }

    /// The next cell if it is a number.
    pub fn number(&mut self) -> Option<u32> {
        let mut after = *self;
        let number = after.next()?.parse().ok()?;
        *self = after;
        Some(number)
    }

    /// Everything that has not been taken, without blanks around it.
    pub fn rest(&self) -> &'a str {
        self.0
    }
}

impl<'a> Iterator for Cells<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let end = self.0.find(char::is_whitespace).unwrap_or(self.0.len());
        let (cell, rest) = self.0.split_at_checked(end)?;
        self.0 = rest.trim_start();
        (!cell.is_empty()).then_some(cell)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_taken_one_by_one_and_numbers_only_where_they_are() {
        let mut cells = Cells::new("  tcp 5\t-1  my app ");
        assert_eq!((cells.number(), cells.next()), (None, Some("tcp")));
        assert_eq!((cells.number(), cells.number(), cells.next()), (Some(5), None, Some("-1")));
        assert_eq!(cells.rest(), "my app");
        assert_eq!(cells.by_ref().count(), 2);
        assert_eq!((cells.next(), cells.rest()), (None, ""));
    }
}
