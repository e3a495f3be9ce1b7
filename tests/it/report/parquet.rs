//! Parquet and CSV in their users' hands: both read back by polars, equal in values, of the documented types, explained.

use super::incident::incident;
use super::tables::{facts_of_dumps, print};
use polars::io::parquet::read::ParquetReader;
use polars::prelude::*;
use proptest::prelude::*;
use std::io::Cursor;
use synfin::case::{Facts, Judged};
use synfin::column;
use synfin::report::columns::{
    COLUMNS, COUNTERS, FIREWALL, INPUTS, SETTINGS, counters, firewall, inputs, select, settings,
};
use synfin::report::{Column, Kind, PART, Value, unguarded};
use synfin::time::{Span, Timestamp};

fn read_parquet(bytes: &[u8]) -> DataFrame {
    ParquetReader::new(Cursor::new(bytes)).finish().expect("a Parquet file")
}

/// The type that a column is documented to have.
fn documented(kind: Kind) -> DataType {
    match kind {
        Kind::U8 => DataType::UInt8,
        Kind::U16 => DataType::UInt16,
        Kind::U32 => DataType::UInt32,
        Kind::U64 => DataType::UInt64,
        Kind::Bool => DataType::Boolean,
        Kind::I64 => DataType::Int64,
        Kind::Seconds | Kind::Decimal => DataType::Float64,
        Kind::Time => DataType::Datetime(TimeUnit::Nanoseconds, Some(TimeZone::UTC)),
        Kind::Text => DataType::String,
        Kind::Enum(names) => {
            DataType::from_frozen_categories(FrozenCategories::new(names.iter().copied()).expect("names"))
        }
    }
}

/// The type that a CSV file's reader asks for: names and times are text there.
fn in_csv(kind: Kind) -> DataType {
    match kind {
        Kind::Enum(_) | Kind::Time | Kind::Text => DataType::String,
        kind => documented(kind),
    }
}

fn read_csv<R>(bytes: &[u8], table: &[&Column<R>]) -> DataFrame {
    let schema: Schema =
        table.iter().map(|column| (PlSmallStr::from_static(column.name), in_csv(column.kind))).collect();
    let options = CsvReadOptions::default().with_schema(Some(schema.into()));
    options.into_reader_with_file_handle(Cursor::new(bytes)).finish().expect("a CSV file")
}

/// A cell as a reader gives it.
fn same(read: &AnyValue<'_>, value: &Value<'_>) -> bool {
    match (read, value) {
        (AnyValue::Null, Value::Null) => true,
        (AnyValue::UInt8(read), Value::Number(number)) => u64::from(*read) == *number,
        (AnyValue::UInt16(read), Value::Number(number)) => u64::from(*read) == *number,
        (AnyValue::UInt32(read), Value::Number(number)) => u64::from(*read) == *number,
        (AnyValue::UInt64(read), Value::Number(number)) => read == number,
        (AnyValue::Int64(read), Value::Signed(number)) => read == number,
        (AnyValue::Float64(read), Value::Decimal(thousandths)) => *read == *thousandths as f64 / 1000.0,
        (AnyValue::Boolean(read), Value::Bool(flag)) => read == flag,
        (AnyValue::Float64(read), Value::Seconds(span)) => *read == span.seconds(),
        (AnyValue::Datetime(read, TimeUnit::Nanoseconds, _), Value::Time(time)) => *read == time.0,
        (AnyValue::String(read), Value::Time(time)) => Timestamp::from_rfc3339(read) == Some(*time),
        (AnyValue::String(read), Value::Text(text)) => unguarded(read) == text,
        (AnyValue::String(read), value) => *read == value.print(),
        (read @ AnyValue::Enum(..), Value::Name(name)) => read.get_str() == Some(name),
        _ => false,
    }
}

fn holds<R>(frame: &DataFrame, table: &[&Column<R>], rows: &[R], facts: &Facts) {
    assert_eq!((frame.height(), frame.width()), (rows.len(), table.len()));
    for (series, column) in frame.columns().iter().zip(table) {
        assert_eq!(series.name(), column.name);
        for (index, row) in rows.iter().enumerate() {
            let (read, value) = (series.get(index).expect("a row"), (column.get)(row, facts));
            assert!(same(&read, &value), "{} of row {index}: {read:?} is not {value:?}", column.name);
        }
    }
}

fn proves_itself<R: Sync>(table: &'static [Column<R>], rows: &[R], facts: &Facts) {
    let columns = || select(table, true);
    let parquet = read_parquet(&print("parquet", columns(), rows, facts, 5));
    holds(&parquet, &columns(), rows, facts);
    for (series, column) in parquet.columns().iter().zip(table) {
        assert_eq!(*series.dtype(), documented(column.kind), "{}", column.name);
    }
    holds(&read_csv(&print("csv", columns(), rows, facts, 5), &columns()), &columns(), rows, facts);
}

#[test]
fn parquet_and_csv_read_back_with_equal_values_of_the_documented_types() {
    let (rows, case) = incident();
    proves_itself(COLUMNS, &rows, &case.facts);
    proves_itself(INPUTS, &inputs(&case.facts), &case.facts);
    let facts = facts_of_dumps();
    proves_itself(COUNTERS, &counters(&facts), &facts);
    proves_itself(SETTINGS, &settings(&facts), &facts);
    proves_itself(FIREWALL, &firewall(&facts), &facts);
}

/// One number as each kind of which the writer looks whether it comes again.
static NUMBERS: &[Column<Option<u64>>] = &[
    column!(true, "time", Kind::Time, "", "A number.", |row, _| {
        Value::time(row.map(|number| Timestamp(number.cast_signed())))
    }),
    column!(true, "number", Kind::U64, "", "A number.", |row, _| Value::number(*row)),
    column!(true, "signed", Kind::I64, "", "A number.", |row, _| Value::signed(row.map(u64::cast_signed))),
    column!(true, "seconds", Kind::Seconds, "", "A number.", |row, _| {
        Value::difference(row.map(|number| Span(number.cast_signed())))
    }),
    column!(true, "words", Kind::Text, "", "A number.", |row, _| {
        row.map_or(Value::Null, |number| Value::text(number.to_string()))
    }),
    column!(true, "none", Kind::U64, "", "A number.", |_, _| Value::Null),
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn numbers_read_back_whether_they_come_again_or_not(
        any in prop::collection::vec(any::<Option<u64>>(), 0..600),
        near in prop::collection::vec(prop::option::weighted(0.9, 0..1_u64 << 40), 0..600),
        few in prop::collection::vec(prop::option::of(0..9_u64), 0..300),
        batch in 1..700_usize,
    ) {
        let rows: Vec<_> = match batch % 3 {
            0 => any,
            1 => near,
            _ => [few, any].concat(),
        };
        let columns = || select(NUMBERS, true);
        let bytes = print("parquet", columns(), &rows, &Facts::default(), batch);
        holds(&read_parquet(&bytes), &columns(), &rows, &Facts::default());
        prop_assert!(bytes == print("parquet", columns(), &rows, &Facts::default(), 64));
    }
}

/// Row groups of which each says one thing of all its rows, more things than are remembered, between others.
#[test]
fn columns_that_say_the_same_of_every_row_say_it_of_the_right_rows() {
    const GROUP: usize = 64 * PART;
    let said = [None, Some(1), Some(1), Some(2), Some(3), Some(4), Some(5), Some(1), None, Some(5)];
    let mut rows: Vec<_> = said.into_iter().flat_map(|number| std::iter::repeat_n(number, GROUP)).collect();
    rows[3 * GROUP + 5] = Some(7);
    rows[8 * GROUP + 5] = Some(7);
    let columns = || select(NUMBERS, true);
    let bytes = print("parquet", columns(), &rows, &Facts::default(), rows.len());
    let groups = ParquetReader::new(Cursor::new(&bytes)).get_metadata().expect("metadata").row_groups.len();
    assert_eq!(groups, said.len());
    holds(&read_parquet(&bytes), &columns(), &rows, &Facts::default());
}

/// How a column is encoded is told by its first rows, in however many batches these come.
#[test]
fn batches_change_no_byte_of_columns_that_vary_only_after_a_while() {
    for (missing, first) in [(PART, 0), (PART / 2, 1), (PART / 2, 0), (10, 1)] {
        let same = std::iter::repeat_n((first > 0).then_some(first), missing);
        let rows: Vec<_> = same.chain((0..900).map(|row| Some(row * 1_000_003))).collect();
        let print = |batch| print("parquet", select(NUMBERS, true), &rows, &Facts::default(), batch);
        let bytes = print(rows.len());
        holds(&read_parquet(&bytes), &select(NUMBERS, true), &rows, &Facts::default());
        for batch in [1, 64, PART - 1, 3 * PART] {
            assert!(bytes == print(batch), "batches of {batch}");
        }
    }
}

#[test]
fn a_table_without_rows_has_all_its_columns() {
    let (_, case) = incident();
    proves_itself(COLUMNS, &[], &case.facts);
}

#[test]
fn meanings_and_units_are_in_the_file() {
    let (rows, case) = incident();
    let bytes = print("parquet", select(COLUMNS, true), &rows, &case.facts, 100);
    let mut reader = ParquetReader::new(Cursor::new(&bytes));
    let schema = reader.schema().expect("a schema");
    for (field, column) in schema.iter_values().zip(COLUMNS) {
        let about = field.metadata.as_deref().expect("something about the column");
        assert_eq!(about.get("description").map(|text| text.as_str()), Some(column.doc), "{}", column.name);
        let unit = Some(column.unit).filter(|unit| !unit.is_empty());
        assert_eq!(about.get("unit").map(|text| text.as_str()), unit, "{}", column.name);
    }
    let metadata = reader.get_metadata().expect("metadata");
    let versions = metadata.key_value_metadata().iter().flatten().filter(|pair| pair.key == "synfin.schema_version");
    assert_eq!(versions.map(|pair| pair.value.as_deref()).collect::<Vec<_>>(), [Some("1")]);
}

#[test]
fn row_groups_are_streamed_and_batches_change_no_row() {
    let (rows, case) = incident();
    let rows: Vec<Judged> = rows.iter().cycle().take(70_000).cloned().collect();
    let columns = || select(COLUMNS, false);
    let bytes = print("parquet", columns(), &rows, &case.facts, rows.len());
    assert!(bytes == print("parquet", columns(), &rows, &case.facts, 3 * PART));
    let odd = read_parquet(&print("parquet", columns(), &rows, &case.facts, 777));
    let groups = ParquetReader::new(Cursor::new(&bytes)).get_metadata().expect("metadata").row_groups.len();
    assert_eq!(groups, 5);
    let (parquet, csv) =
        (read_parquet(&bytes), read_csv(&print("csv", columns(), &rows, &case.facts, 8192), &columns()));
    let last = |frame: &DataFrame| frame.column("id").expect("ids").as_materialized_series().tail(Some(10_000));
    assert!(last(&parquet).equals(&last(&csv)));
    assert!(parquet.equals_missing(&odd));
    assert!(parquet.column("last_frame").expect("frames").equals_missing(csv.column("last_frame").expect("frames")));
}
