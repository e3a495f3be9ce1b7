//! `--where`: rows chosen by an SQL expression over the columns of their table, with SQL's logic of three values: what is
//! absent is neither equal nor unequal to anything, and only rows for which the whole is true are taken.

mod cell;
mod compile;

use cell::Cell;
use std::sync::Arc;
use synfin::case::Facts;
use synfin::report::columns::Column;
use synfin::time::Zone;

/// Whether a row of this table is taken.
pub type Test<R> = Arc<dyn Fn(&R, &Facts) -> bool + Send + Sync>;

/// Reads a condition on the rows of `table`; times in it without an offset are those of `zone`.
///
/// # Errors
/// In words.
pub fn read<R: Sync + 'static>(text: &str, table: &'static [Column<R>], zone: Zone) -> Result<Test<R>, String> {
    let condition = compile::condition(text, table, zone)?;
    Ok(Arc::new(move |row, facts| condition.holds(row, facts) == Some(true)))
}

/// What is true, false or unknown of a row.
enum Condition<R: 'static> {
    And(Box<Condition<R>>, Box<Condition<R>>),
    Or(Box<Condition<R>>, Box<Condition<R>>),
    Not(Box<Condition<R>>),
    Compare(Term<R>, Comparison, Term<R>),
    OneOf(Term<R>, Vec<Term<R>>),
    Like {
        text: Term<R>,
        pattern: String,
        any_case: bool,
    },
    IsNull(Term<R>),
    /// The condition is known to be this; `None`: to be unknown.
    Is(Box<Condition<R>>, Option<bool>),
    /// A column of truths.
    Flag(Term<R>),
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
enum Term<R: 'static> {
    Column(&'static Column<R>),
    Value(Cell<'static>),
    Arithmetic(Box<Term<R>>, Operator, Box<Term<R>>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Plus,
    Minus,
    Times,
    Divided,
    Modulo,
}

impl<R> Condition<R> {
    fn holds(&self, row: &R, facts: &Facts) -> Option<bool> {
        match self {
            Self::And(one, other) => match (one.holds(row, facts), other.holds(row, facts)) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), other) => other,
                (None, _) => None,
            },
            Self::Or(one, other) => match (one.holds(row, facts), other.holds(row, facts)) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), other) => other,
                (None, _) => None,
            },
            Self::Not(inner) => inner.holds(row, facts).map(|holds| !holds),
            Self::Compare(left, comparison, right) => {
                let order = left.value(row, facts).compare(&right.value(row, facts))?;
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
                let value = term.value(row, facts);
                let equal: Vec<Option<bool>> =
                    list.iter().map(|other| Some(value.compare(&other.value(row, facts))?.is_eq())).collect();
                let any = equal.contains(&Some(true));
                if any { Some(true) } else { (!equal.contains(&None)).then_some(false) }
            }
            Self::Like { text, pattern, any_case } => match text.value(row, facts) {
                Cell::Text(text) if *any_case => Some(cell::like(&text.to_lowercase(), &pattern.to_lowercase())),
                Cell::Text(text) => Some(cell::like(&text, pattern)),
                _ => None,
            },
            Self::IsNull(term) => Some(term.value(row, facts) == Cell::Null),
            Self::Is(inner, wanted) => Some(inner.holds(row, facts) == *wanted),
            Self::Flag(term) => match term.value(row, facts) {
                Cell::Bool(flag) => Some(flag),
                _ => None,
            },
            Self::Constant(known) => *known,
        }
    }
}

impl<R> Term<R> {
    fn value<'a>(&'a self, row: &'a R, facts: &'a Facts) -> Cell<'a> {
        match self {
            Self::Column(column) => Cell::of((column.get)(row, facts)),
            Self::Value(cell) => cell.clone(),
            Self::Arithmetic(left, operator, right) => {
                left.value(row, facts).combined(*operator, &right.value(row, facts))
            }
        }
    }
}
