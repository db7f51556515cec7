//! Tests of the model.

use super::*;
use crate::value::Port;

fn stream() -> LogStream {
    LogStream::new(
        "Conn::LOG",
        "conn",
        [
            LogField::new("ts", LogType::Time),
            LogField::new("id.resp_p", LogType::Port),
            LogField::vector("sizes", LogType::Count).optional(),
        ],
    )
}

#[test]
fn types_have_the_names_and_numbers_of_zeek() {
    for kind in LogType::ALL {
        assert_eq!(LogType::from_number(kind.number()), Some(kind));
        assert_eq!(LogType::from_name(kind.name()), Some(kind));
    }
    assert_eq!(LogType::from_number(0), None);
    assert_eq!(LogType::from_number(13), None);
    assert_eq!(LogType::Set.number(), 14);
    let field = LogField::set("s", LogType::Addr);
    assert_eq!(field.type_name(), "set[addr]");
    let parsed = LogField::parse_type_name("set[addr]");
    assert_eq!(parsed, Some((LogType::Set, Some(LogType::Addr))));
    assert_eq!(
        LogField::parse_type_name("func"),
        Some((LogType::Function, None))
    );
    for bad in ["set", "set[", "set[set]", "count[int]", "", "vector[x]"] {
        assert_eq!(LogField::parse_type_name(bad), None, "{bad}");
    }
}

#[test]
fn hash_covers_every_part_and_stays_what_it_is() {
    let base = stream();
    assert_eq!(base.hash().to_string(), "4282b18881977d68");
    let mut others: Vec<LogStream> = Vec::new();
    let mut with = |change: fn(&mut LogStream)| {
        let mut other = base.clone();
        change(&mut other);
        others.push(other);
    };
    with(|s| s.stream.push('x'));
    with(|s| s.writer.push('x'));
    with(|s| s.filter.push('x'));
    with(|s| s.path.push('x'));
    with(|s| s.fields[0].name.push('x'));
    with(|s| s.fields[0].secondary_name = Some(String::new()));
    with(|s| s.fields[0].kind = LogType::Interval);
    with(|s| s.fields[2].element = Some(LogType::Int));
    with(|s| s.fields[2].optional = false);
    with(|s| s.fields.swap(0, 1));
    with(|s| drop(s.fields.pop()));
    let mut hashes: Vec<_> = others.iter().map(LogStream::hash).collect();
    hashes.push(base.hash());
    hashes.sort();
    hashes.dedup();
    assert_eq!(hashes.len(), others.len() + 1);
}

#[test]
fn row_that_does_not_fit_names_the_field() {
    let sizes = vec![LogValue::Count(1), LogValue::Unset];
    let row = |third| [Cell::Time(1.0), Cell::Port(Port::tcp(80)), third];
    let check = |row: &[Cell<'_>]| stream().check(row);
    assert_eq!(check(&row(Cell::Vector(Elements::all(&sizes)))), Ok(()));
    assert_eq!(check(&row(Cell::Unset)), Ok(()));
    assert_eq!(check(&[Cell::Unset; 3]), Ok(()));

    let error = check(&[Cell::Unset; 2]).unwrap_err();
    assert_eq!(error.to_string(), "the stream has 3 fields, the row 2");
    let error = check(&row(Cell::Set(Elements::all(&sizes)))).unwrap_err();
    assert_eq!(
        error.to_string(),
        "field `sizes`: expected vector, found set"
    );
    assert_eq!(error.field(), Some((2, "sizes")));
    let texts = vec![LogValue::Count(1), LogValue::String(b"x".to_vec())];
    let error = check(&row(Cell::Vector(Elements::all(&texts)))).unwrap_err();
    assert_eq!(
        error.to_string(),
        "field `sizes`: element 1: expected count, found string"
    );
}

#[test]
fn cells_are_equal_by_bits_and_survive_being_owned() {
    assert_ne!(Cell::Double(0.0), Cell::Double(-0.0));
    assert_eq!(Cell::Time(f64::NAN), Cell::Time(f64::NAN));
    assert_ne!(Cell::Time(1.0), Cell::Interval(1.0));
    assert_ne!(Cell::String(b"a"), Cell::Enum(b"a"));
    let elements = [Cell::Enum(b"A::B"), Cell::Unset];
    let cell = Cell::Set(Elements::all(&elements));
    assert_eq!(cell.to_value().as_cell(), cell);
    assert_eq!(format!("{cell:?}"), r#"Set([Enum("A::B"), Unset])"#);
    assert_ne!(cell, Cell::Set(Elements::EMPTY));
    assert_eq!(cell.elements().map(|e| e.iter().len()), Some(2));
}

#[test]
fn cells_know_their_types_and_words() {
    let cells = [
        Cell::Bool(true),
        Cell::Int(-1),
        Cell::Count(2),
        Cell::Double(1.5),
        Cell::Time(1.5),
        Cell::Interval(1.5),
        Cell::String(b""),
        Cell::Enum(b""),
        Cell::Port(Port::udp(1)),
        Cell::Addr([1, 2, 3, 4].into()),
        Cell::Subnet("10.0.0.0/8".parse().unwrap()),
        Cell::Set(Elements::EMPTY),
        Cell::Function(b""),
        Cell::File(b""),
        Cell::Vector(Elements::EMPTY),
    ];
    for cell in cells {
        assert_eq!(cell.kind().map(LogType::number), Some(cell.type_number()));
        let word = match cell {
            Cell::Int(_) => u64::MAX,
            Cell::Count(_) => 2,
            Cell::Double(_) | Cell::Time(_) | Cell::Interval(_) => 1.5_f64.to_bits(),
            _ => 0,
        };
        assert_eq!(cell.word(), word);
    }
    assert_eq!((Cell::Unset.kind(), Cell::Unset.type_number()), (None, 0));
    assert!(size_of::<Cell<'_>>() <= 32);
}
