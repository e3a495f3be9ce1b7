//! The text of a condition becomes a [`Condition`]: sqlparser knows the grammar; names, types and values are checked here, so
//! that a mistake is an error and not an empty table.

use super::{Cell, Comparison, Condition, Operator, Term};
use sqlparser::ast::{BinaryOperator, Expr, UnaryOperator, Value as Literal};
use sqlparser::dialect::AnsiDialect;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token;
use synfin::report::{Field, Kind};
use synfin::time::{Timestamp, Zone};

/// Conditions within one another: the parser calls itself for each.
const DEPTH: usize = 24;
/// Names proposed for one that does not exist.
const NEAR: usize = 3;

/// Reads a whole condition.
pub fn condition(text: &str, fields: &[Field], zone: Zone) -> Result<Condition, String> {
    let wrong = |error: sqlparser::parser::ParserError| {
        let text = error.to_string();
        text.trim_start_matches("sql parser error: ").to_owned()
    };
    // Other dialects call a function where they read `user`, which is a column here.
    let parser = Parser::new(&AnsiDialect {}).with_recursion_limit(DEPTH);
    let mut parser = parser.try_with_sql(text).map_err(wrong)?;
    let expression = parser.parse_expr().map_err(wrong)?;
    let rest = parser.peek_token();
    if rest.token != Token::EOF {
        return Err(format!("`{}` is too much{}", rest.token, rest.span.start));
    }
    Reader { fields, zone }.condition(&expression)
}

struct Reader<'f> {
    fields: &'f [Field],
    zone: Zone,
}

/// What a term's values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sort {
    Number,
    Bool,
    Time,
    Text,
    /// One of these names.
    Name(&'static [&'static str]),
    Null,
}

impl Sort {
    fn of(kind: Kind) -> Self {
        match kind {
            Kind::U8 | Kind::U16 | Kind::U32 | Kind::U64 | Kind::I64 | Kind::Seconds | Kind::Decimal => Self::Number,
            Kind::Bool => Self::Bool,
            Kind::Time => Self::Time,
            Kind::Text => Self::Text,
            Kind::Enum(names) => Self::Name(names),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Number => "a number",
            Self::Bool => "true or false",
            Self::Time => "a time",
            Self::Text | Self::Name(_) => "text",
            Self::Null => "null",
        }
    }

    fn is_text(self) -> bool {
        matches!(self, Self::Text | Self::Name(_))
    }
}

impl Reader<'_> {
    fn condition(&self, expression: &Expr) -> Result<Condition, String> {
        Ok(match expression {
            Expr::Nested(inner) => self.condition(inner)?,
            Expr::UnaryOp { op: UnaryOperator::Not, expr } => not(self.condition(expr)?),
            Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
                Condition::And(Box::new(self.condition(left)?), Box::new(self.condition(right)?))
            }
            Expr::BinaryOp { left, op: BinaryOperator::Or, right } => {
                Condition::Or(Box::new(self.condition(left)?), Box::new(self.condition(right)?))
            }
            Expr::BinaryOp { left, op, right } => {
                let comparison = comparison(op).ok_or_else(|| no_condition(expression))?;
                let [left, right] = self.alike([left, right])?.try_into().map_err(|_| no_condition(expression))?;
                Condition::Compare(left, comparison, right)
            }
            Expr::Between { expr, negated, low, high } => {
                let between = || -> Result<Condition, String> {
                    let bound = |bound, comparison| {
                        let [value, bound] =
                            self.alike([expr, bound])?.try_into().map_err(|_| no_condition(expression))?;
                        Ok::<_, String>(Box::new(Condition::Compare(value, comparison, bound)))
                    };
                    Ok(Condition::And(bound(low, Comparison::GreaterOrEqual)?, bound(high, Comparison::LessOrEqual)?))
                };
                negated_if(*negated, between()?)
            }
            Expr::InList { expr, list, negated } => {
                let mut terms = self.alike(std::iter::once(&**expr).chain(list))?.into_iter();
                let value = terms.next().ok_or_else(|| no_condition(expression))?;
                negated_if(*negated, Condition::OneOf(value, terms.collect()))
            }
            Expr::Like { negated, any: false, expr, pattern, escape_char: None } => {
                self.like(*negated, expr, pattern, false)?
            }
            Expr::ILike { negated, any: false, expr, pattern, escape_char: None } => {
                self.like(*negated, expr, pattern, true)?
            }
            Expr::IsNull(inner) => Condition::IsNull(self.term(inner)?.0),
            Expr::IsNotNull(inner) => not(Condition::IsNull(self.term(inner)?.0)),
            Expr::IsTrue(inner) => self.is(inner, Some(true))?,
            Expr::IsFalse(inner) => self.is(inner, Some(false))?,
            Expr::IsNotTrue(inner) => not(self.is(inner, Some(true))?),
            Expr::IsNotFalse(inner) => not(self.is(inner, Some(false))?),
            Expr::IsUnknown(inner) => self.is(inner, None)?,
            Expr::IsNotUnknown(inner) => not(self.is(inner, None)?),
            other => self.alone(other)?,
        })
    }

    fn is(&self, inner: &Expr, wanted: Option<bool>) -> Result<Condition, String> {
        Ok(Condition::Is(Box::new(self.condition(inner)?), wanted))
    }

    /// A column of truths, or a constant.
    fn alone(&self, expression: &Expr) -> Result<Condition, String> {
        match self.term(expression)? {
            (Term::Value(Cell::Bool(known)), _) => Ok(Condition::Constant(Some(known))),
            (Term::Value(Cell::Null), _) => Ok(Condition::Constant(None)),
            (term, Sort::Bool) => Ok(Condition::Flag(term)),
            _ => Err(no_condition(expression)),
        }
    }

    fn like(&self, negated: bool, text: &Expr, pattern: &Expr, any_case: bool) -> Result<Condition, String> {
        let (term, sort) = self.term(text)?;
        if !sort.is_text() {
            return Err(format!("`{text}` is {}: LIKE is for text", sort.name()));
        }
        let (Term::Value(Cell::Text(pattern)), _) = self.term(pattern)? else {
            return Err(format!("`{pattern}` is no pattern: LIKE takes a text in single quotes"));
        };
        Ok(negated_if(negated, Condition::Like { text: term, pattern: pattern.into_owned(), any_case }))
    }

    /// Terms that are to be compared with the first of them.
    fn alike<'e>(
        &self,
        expressions: impl IntoIterator<Item = &'e (impl std::borrow::Borrow<Expr> + 'e)>,
    ) -> Result<Vec<Term>, String> {
        let mut terms = Vec::new();
        for expression in expressions {
            let expression = expression.borrow();
            let (term, sort) = self.term(expression)?;
            terms.push((expression, term, sort));
        }
        let has = |wanted: Sort| terms.iter().any(|(_, _, sort)| *sort == wanted);
        let of_names =
            terms.iter().find_map(|(_, _, sort)| if let Sort::Name(names) = sort { Some(*names) } else { None });
        let (is_time, first) =
            (has(Sort::Time), terms.iter().map(|(_, _, sort)| *sort).find(|sort| *sort != Sort::Null));
        let mut alike = Vec::new();
        for (expression, term, sort) in terms {
            alike.push(match term {
                Term::Value(Cell::Text(text)) if is_time => {
                    Term::Value(Cell::Time(Timestamp::parse(&text, self.zone)?))
                }
                Term::Value(Cell::Text(text)) if of_names.is_some_and(|names| !names.contains(&&*text)) => {
                    let names = of_names.unwrap_or_default();
                    return Err(format!(
                        "`{text}` is none of the names there: {}",
                        nearest(&text, names.iter().copied(), names.len())
                    ));
                }
                term if sort == Sort::Null
                    || first.is_none_or(|first| first == sort || first.is_text() && sort.is_text()) =>
                {
                    term
                }
                _ => {
                    let wanted = first.map_or("", Sort::name);
                    return Err(format!("`{expression}` is {}, and stands beside {wanted}", sort.name()));
                }
            });
        }
        Ok(alike)
    }

    fn term(&self, expression: &Expr) -> Result<(Term, Sort), String> {
        match expression {
            Expr::Nested(inner) => self.term(inner),
            Expr::Identifier(name) => self.column(&name.value),
            Expr::Value(value) => literal(&value.value),
            Expr::TypedString(typed) => literal(&typed.value.value),
            Expr::UnaryOp { op: UnaryOperator::Plus, expr } => self.term(expr),
            Expr::UnaryOp { op: UnaryOperator::Minus, expr } => self.arithmetic(
                (Term::Value(Cell::Number(0.0)), Sort::Number),
                Operator::Minus,
                self.term(expr)?,
                expression,
            ),
            Expr::BinaryOp { left, op, right } => {
                let operator = operator(op).ok_or_else(|| format!("`{expression}` is not supported as a value"))?;
                self.arithmetic(self.term(left)?, operator, self.term(right)?, expression)
            }
            other => Err(format!(
                "`{other}` is not supported: columns, numbers, texts in single quotes, + - * / %, comparisons, AND, OR, NOT, IN, BETWEEN, LIKE and IS NULL are"
            )),
        }
    }

    fn arithmetic(
        &self,
        (left, one): (Term, Sort),
        operator: Operator,
        (right, other): (Term, Sort),
        expression: &Expr,
    ) -> Result<(Term, Sort), String> {
        let sort = match (one, operator, other) {
            (Sort::Number, _, Sort::Number) | (Sort::Time, Operator::Minus, Sort::Time) => Sort::Number,
            (Sort::Time, Operator::Plus | Operator::Minus, Sort::Number) => Sort::Time,
            _ => return Err(format!("`{expression}` reckons with {} and {}", one.name(), other.name())),
        };
        Ok((Term::Arithmetic(Box::new(left), operator, Box::new(right)), sort))
    }

    fn column(&self, name: &str) -> Result<(Term, Sort), String> {
        let lower = name.to_ascii_lowercase();
        match self.fields.iter().enumerate().find(|(_, field)| field.name == lower) {
            Some((place, field)) => Ok((Term::Column(place), Sort::of(field.kind))),
            None => {
                let near = nearest(&lower, self.fields.iter().map(|field| field.name), NEAR);
                Err(format!(
                    "no column is named `{name}`; near are {near} (texts stand in single quotes, `synfin explain columns` lists all)"
                ))
            }
        }
    }
}

fn not(condition: Condition) -> Condition {
    Condition::Not(Box::new(condition))
}

fn negated_if(negated: bool, condition: Condition) -> Condition {
    if negated { not(condition) } else { condition }
}

fn no_condition(expression: &Expr) -> String {
    format!("`{expression}` is no condition: write one that is true or false, such as client_bytes > 0")
}

fn literal(value: &Literal) -> Result<(Term, Sort), String> {
    let (cell, sort) = match value {
        Literal::Number(text, _) => {
            let number = text.parse().map_err(|_| format!("`{text}` is no number"))?;
            (Cell::Number(number), Sort::Number)
        }
        Literal::SingleQuotedString(text) => (Cell::Text(text.clone().into()), Sort::Text),
        Literal::Boolean(flag) => (Cell::Bool(*flag), Sort::Bool),
        Literal::Null => (Cell::Null, Sort::Null),
        other => return Err(format!("`{other}` is not supported: write numbers plainly and texts in single quotes")),
    };
    Ok((Term::Value(cell), sort))
}

fn comparison(operator: &BinaryOperator) -> Option<Comparison> {
    Some(match operator {
        BinaryOperator::Eq => Comparison::Equal,
        BinaryOperator::NotEq => Comparison::NotEqual,
        BinaryOperator::Lt => Comparison::Less,
        BinaryOperator::LtEq => Comparison::LessOrEqual,
        BinaryOperator::Gt => Comparison::Greater,
        BinaryOperator::GtEq => Comparison::GreaterOrEqual,
        _ => return None,
    })
}

fn operator(operator: &BinaryOperator) -> Option<Operator> {
    Some(match operator {
        BinaryOperator::Plus => Operator::Plus,
        BinaryOperator::Minus => Operator::Minus,
        BinaryOperator::Multiply => Operator::Times,
        BinaryOperator::Divide => Operator::Divided,
        BinaryOperator::Modulo => Operator::Modulo,
        _ => return None,
    })
}

/// The names most like this one, the nearest first.
fn nearest<'n>(name: &str, names: impl Iterator<Item = &'n str>, most: usize) -> String {
    let mut names: Vec<(usize, &str)> = names.map(|other| (strsim::damerau_levenshtein(name, other), other)).collect();
    names.sort();
    names.iter().take(most).map(|(_, name)| *name).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use synfin::report::TABLES;
    use synfin::report::columns::{COLUMNS, Column};

    fn connections() -> Vec<Field> {
        COLUMNS.iter().map(Column::field).collect()
    }

    #[test]
    fn mistakes_are_said_and_not_taken_for_conditions() {
        let errors = [
            "",
            "outcome",
            "outcome =",
            "outcome = rst_refused",
            "outcme = 'open'",
            "outcome = 'rst_refusd'",
            "client_bytes > 'many'",
            "client_bytes like '1%'",
            "client_bytes",
            "first_time > 'yesterday'",
            "1 + 'a' = 2",
            "client_bytes > 0 server_bytes",
            "lower(outcome) = 'open'",
            "id in (select 1)",
            "outcome in ('open', 5)",
            "client_port = 80; drop table x",
            "first_time + last_time > 5",
            "client_bytes between 1 and 'b'",
            "outcome || 'x' = 'y'",
            "\"client_bytes\" + ",
        ];
        let said: Vec<String> = errors
            .iter()
            .map(|text| format!("{text}\n    {}", condition(text, &connections(), Zone::UTC).err().unwrap_or_default()))
            .collect();
        insta::assert_snapshot!(said.join("\n"));
        assert!(condition(&"(".repeat(100_000), &connections(), Zone::UTC).is_err());
        assert!(condition(&"not ".repeat(100_000), &connections(), Zone::UTC).is_err());
    }

    #[test]
    fn every_column_of_every_table_can_be_asked_about() {
        let small = TABLES.iter().map(|table| (table.fields)().into_iter().map(|(field, _)| field).collect());
        for fields in std::iter::once(connections()).chain(small) {
            for field in &fields {
                let asked = format!("{} is not null or {0} = {0}", field.name);
                assert!(
                    condition(&asked, &fields, Zone::UTC).is_ok(),
                    "{asked}: {:?}",
                    condition(&asked, &fields, Zone::UTC).err()
                );
            }
        }
    }
}
