//! `--where`: rows chosen by an SQL expression over the columns of their table, with SQL's logic of three values: what is
//! absent is neither equal nor unequal to anything, and only rows for which the whole is true are taken.

mod cell;
mod compile;

use cell::Cell;
use synfin::report::{Field, Row};
use synfin::time::Zone;

/// Reads a condition on the rows of a table with these columns; times in it without an offset are those of `zone`.
///
/// # Errors
/// In words.
pub fn read(text: &str, fields: &[Field], zone: Zone) -> Result<RowCondition, String> {
    compile::condition(text, fields, zone).map(RowCondition)
}

/// A condition on the rows of one table.
pub struct RowCondition(Condition);

impl RowCondition {
    /// Whether a row is one for which the condition is true.
    pub fn takes(&self, row: &Row<'_>) -> bool {
        self.0.holds(row) == Some(true)
    }
}

/// What is true, false or unknown of a row.
enum Condition {
    And(Box<Condition>, Box<Condition>),
    Or(Box<Condition>, Box<Condition>),
    Not(Box<Condition>),
    Compare(Term, Comparison, Term),
    OneOf(Term, Vec<Term>),
    Like {
        text: Term,
        pattern: String,
        any_case: bool,
    },
    IsNull(Term),
    /// The condition is known to be this; `None`: to be unknown.
    Is(Box<Condition>, Option<bool>),
    /// A column of truths.
    Flag(Term),
    Constant(Option<bool>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// What has a value in a row.
enum Term {
    /// By its place among the table's.
    Column(usize),
    Value(Cell<'static>),
    Arithmetic(Box<Term>, Operator, Box<Term>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Plus,
    Minus,
    Times,
    Divided,
    Modulo,
}

impl Condition {
    fn holds(&self, row: &Row<'_>) -> Option<bool> {
        match self {
            Self::And(one, other) => match (one.holds(row), other.holds(row)) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), other) => other,
                (None, _) => None,
            },
            Self::Or(one, other) => match (one.holds(row), other.holds(row)) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), other) => other,
                (None, _) => None,
            },
            Self::Not(inner) => inner.holds(row).map(|holds| !holds),
            Self::Compare(left, comparison, right) => {
                let order = left.value(row).compare(&right.value(row))?;
                Some(match comparison {
                    Comparison::Equal => order.is_eq(),
                    Comparison::NotEqual => order.is_ne(),
                    Comparison::Less => order.is_lt(),
                    Comparison::LessOrEqual => order.is_le(),
                    Comparison::Greater => order.is_gt(),
                    Comparison::GreaterOrEqual => order.is_ge(),
                })
            }
            Self::OneOf(term, list) => {
                let value = term.value(row);
                let equal: Vec<Option<bool>> =
                    list.iter().map(|other| Some(value.compare(&other.value(row))?.is_eq())).collect();
                let any = equal.contains(&Some(true));
                if any { Some(true) } else { (!equal.contains(&None)).then_some(false) }
            }
            Self::Like { text, pattern, any_case } => match text.value(row) {
                Cell::Text(text) if *any_case => Some(cell::like(&text.to_lowercase(), &pattern.to_lowercase())),
                Cell::Text(text) => Some(cell::like(&text, pattern)),
                _ => None,
            },
            Self::IsNull(term) => Some(term.value(row) == Cell::Null),
            Self::Is(inner, wanted) => Some(inner.holds(row) == *wanted),
            Self::Flag(term) => match term.value(row) {
                Cell::Bool(flag) => Some(flag),
                _ => None,
            },
            Self::Constant(known) => *known,
        }
    }
}

impl Term {
    fn value<'a>(&self, row: &Row<'a>) -> Cell<'a> {
        match self {
            Self::Column(column) => Cell::of(row(*column)),
            Self::Value(cell) => cell.clone(),
            Self::Arithmetic(left, operator, right) => left.value(row).combined(*operator, &right.value(row)),
        }
    }
}
