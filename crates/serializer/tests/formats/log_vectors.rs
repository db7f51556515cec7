//! Log batches that a real Zeek sent decode, and encode to the same bytes.

use zeekwire_serializer::log::zeek_bin::{NAME, ZeekBinBatch, ZeekBinEncoder};
use zeekwire_serializer::log_by_name;
use zeekwire_types::log::{Cell, Elements, LogType, LogValue};
use zeekwire_types::value::Port;

use crate::hex;

/// The payloads of the recorded batches.
pub(crate) fn recorded() -> Vec<Vec<u8>> {
    let text = include_str!("../vectors/logs.json");
    let file: serde_json::Value = serde_json::from_str(text).unwrap();
    let batches = file["batches"].as_array().unwrap().iter();
    batches
        .map(|batch| {
            assert_eq!(batch["parts"][2], NAME);
            hex(batch["payload"].as_str().unwrap())
        })
        .collect()
}

#[test]
fn every_recorded_batch_survives_byte_for_byte() {
    let format = log_by_name(NAME).unwrap();
    let recorded = recorded();
    assert_eq!(recorded.len(), 4);
    for bytes in recorded {
        let batch = format.decode(&bytes).unwrap();
        let mut again = b"before".to_vec();
        format
            .encode(&batch.stream, &batch.rows, &mut again)
            .unwrap();
        assert!(again[6..] == bytes[..], "{}", batch.stream.path);

        // The same by hand, twice, with one encoder.
        let mut encoder = ZeekBinEncoder::open(&batch.stream).unwrap();
        for _ in 0..2 {
            encoder.clear();
            for row in &batch.rows {
                encoder.append(&LogValue::cells(row)).unwrap();
            }
            assert_eq!(encoder.row_count(), batch.rows.len());
            assert!(encoder.finish() == bytes, "{}", batch.stream.path);
        }
    }
}

#[test]
fn recorded_cells_are_what_the_script_logged() {
    let bytes = recorded().swap_remove(2);
    let batch = ZeekBinBatch::new(&bytes).unwrap();
    let stream = batch.stream();
    assert_eq!(stream.stream, "Vec::LOG");
    assert_eq!(stream.writer, "Log::WRITER_ASCII");
    assert_eq!((&*stream.filter, &*stream.path), ("default", "vec"));
    let types: Vec<String> = stream
        .fields
        .iter()
        .map(|field| field.type_name())
        .collect();
    assert_eq!(
        types.join(" "),
        "bool count int double time interval string port addr addr subnet subnet enum \
         set[string] set[count] vector[string] vector[double] set[addr] string count func"
    );
    assert!(stream.fields[18].optional && !stream.fields[17].optional);
    assert_eq!(batch.row_count(), 5);

    let mut cells = Vec::new();
    batch.for_each(|cell| cells.push(cell)).unwrap();
    let row = &cells[21..42];
    let addr = |text: &str| Cell::Addr(text.parse().unwrap());
    let subnet = |text: &str| Cell::Subnet(text.parse().unwrap());
    let strings = [Cell::String(b"b"), Cell::String(b"a")];
    let counts = [Cell::Count(1), Cell::Count(2)];
    let texts = [Cell::String(b"x"), Cell::String(b"y")];
    let doubles = [Cell::Double(0.5), Cell::Double(1.5)];
    let addresses = [addr("1.1.1.1")];
    let function = b"Vec::double_it: function(x:count) : count\n{ \nreturn (2 * Vec::x);\n}";
    let expected = [
        Cell::Bool(false),
        Cell::Count(1),
        Cell::Int(-1),
        Cell::Double(1.0 / 3.0),
        Cell::Time(1_768_867_201.0),
        Cell::Interval(0.001),
        Cell::String(b"row 1 \xff"),
        Cell::Port(Port::tcp(1001)),
        addr("10.0.0.1"),
        addr("2001:db8::5"),
        subnet("10.0.0.0/8"),
        subnet("2001:db8::/32"),
        Cell::Enum(b"Vec::GREEN"),
        Cell::Set(Elements::all(&strings)),
        Cell::Set(Elements::all(&counts)),
        Cell::Vector(Elements::all(&texts)),
        Cell::Vector(Elements::all(&doubles)),
        Cell::Set(Elements::all(&addresses)),
        Cell::String(b"here"),
        Cell::Unset,
        Cell::Function(function),
    ];
    assert_eq!(row, expected);
    assert_eq!(row[13].elements().map(|e| e.len()), Some(2));
    assert_eq!(stream.fields[13].element, Some(LogType::String));
}
