//! Batches of log rows, and messages about them.

use std::sync::Arc;

use zeekwire_logging::wire::{Level, Reason, SequenceRange};
use zeekwire_logging::{BatchBuilder, BatchId, Encoder};
use zeekwire_serializer::log_by_name;
use zeekwire_types::log::{LogField, LogRow, LogStream, LogType, LogValue, StreamHash};
use zeekwire_types::value::Port;

use crate::{id, write};

pub(crate) fn batches() {
    recorded();
    let (stream, rows) = every_type();
    let format = log_by_name("zeek-bin-serializer").expect("it is built in");
    let mut bytes = Vec::new();
    let encoded = format.encode(&stream, &rows, &mut bytes);
    encoded.expect("the rows fit");
    write("zeek_bin", "every-type", &bytes);
    write_batch("every-type", &stream, &rows);
    let some: Vec<LogRow> = (0..40_u64)
        .map(|n| {
            vec![
                LogValue::String(format!("distinct {n}").into()),
                LogValue::Count(n << 33),
            ]
        })
        .collect();
    let fields = [
        LogField::new("s", LogType::String),
        LogField::new("n", LogType::Count),
    ];
    write_batch(
        "plain-strings",
        &LogStream::new("P::LOG", "p", fields),
        &some,
    );
    messages(&stream);
}

/// What a real Zeek sent.
fn recorded() {
    let recorded = include_str!("../../../../crates/serializer/tests/vectors/logs.json");
    let recorded: serde_json::Value = serde_json::from_str(recorded).expect("it is JSON");
    for (index, batch) in recorded["batches"]
        .as_array()
        .expect("batches")
        .iter()
        .enumerate()
    {
        let digits = batch["payload"]
            .as_str()
            .expect("a payload")
            .as_bytes()
            .chunks(2);
        let byte = |pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
        let bytes: Option<Vec<u8>> = digits.map(byte).collect();
        let name = format!("recorded-{index}");
        write("zeek_bin", &name, &bytes.expect("hexadecimal"));
    }
}

/// Two rows with a value of every type, and one without any.
fn every_type() -> (LogStream, Vec<LogRow>) {
    let text = |text: &str| text.as_bytes().to_vec();
    let addr = |text: &str| LogValue::Addr(text.parse().expect("an address"));
    let subnet = |text: &str| LogValue::Subnet(text.parse().expect("a subnet"));
    let values = |n: u64, a, s| {
        vec![
            LogValue::Bool(n == 1),
            LogValue::Int(-1),
            LogValue::Count(n),
            LogValue::Double(0.5),
            LogValue::Time(1_768_867_201.0),
            LogValue::Interval(0.001),
            LogValue::String(text("text")),
            LogValue::Enum(text("Notice::Tally")),
            LogValue::Port(Port::tcp(80)),
            a,
            s,
            LogValue::Function(text("f")),
            LogValue::File(text("file.txt")),
            LogValue::Set(vec![LogValue::Count(1), LogValue::Count(2)]),
            LogValue::Vector(vec![LogValue::String(text("x")), LogValue::Unset]),
        ]
    };
    let rows = vec![
        values(1, addr("10.0.0.1"), subnet("10.0.0.0/8")),
        values(1 << 40, addr("2001:db8::5"), subnet("2001:db8::/32")),
        vec![LogValue::Unset; 15],
    ];
    let field = |value: &LogValue| match value.as_cell().kind() {
        Some(LogType::Set) => LogField::set("s", LogType::Count),
        Some(LogType::Vector) => LogField::vector("v", LogType::String),
        kind => LogField::new("f", kind.expect("a set value")),
    };
    let fields: Vec<_> = rows[0].iter().map(field).collect();
    (LogStream::new("Seed::LOG", "seed", fields), rows)
}

fn batch_id() -> BatchId {
    BatchId {
        sender: id("worker-1"),
        sequence: 5,
    }
}

/// The fields as the target reads them, and the batch.
fn write_batch(name: &str, stream: &LogStream, rows: &[LogRow]) {
    let mut builder = BatchBuilder::open(Arc::new(stream.clone())).expect("a good stream");
    for row in rows {
        builder.append(&LogValue::cells(row)).expect("the row fits");
    }
    let mut encoder = Encoder::new();
    let message = encoder
        .batch(&batch_id(), &builder)
        .expect("there are rows");
    write("log_batch", name, &[&fields_of(stream), message].concat());
}

fn fields_of(stream: &LogStream) -> Vec<u8> {
    let mut bytes = vec![u8::try_from(stream.fields.len()).expect("few fields")];
    bytes.extend(stream.fields.iter().map(|field| match field.element {
        None => field.kind.number(),
        // Multiples of 20 above 64 and 160, so that the type is what is left.
        Some(element) if field.kind == LogType::Set => 64 + element.number(),
        Some(element) => 160 + element.number(),
    }));
    bytes
}

fn messages(stream: &LogStream) {
    let mut encoder = Encoder::new();
    let put = |name: &str, bytes: &[u8]| {
        write("log_batch", name, &[&[1, 7], bytes].concat());
    };
    let small = "the message is small";
    put("open", encoder.open(stream).expect(small));
    put(
        "append",
        encoder.append(&batch_id(), "a/b", b"bytes").expect(small),
    );
    let ranges = [
        SequenceRange { first: 1, last: 4 },
        SequenceRange { first: 6, last: 6 },
    ];
    let sender = batch_id().sender;
    let bytes = encoder.acknowledgement(&sender, Level::Written, &ranges);
    put("acknowledgement", bytes.expect(small));
    let bytes = encoder.refusal(&batch_id(), Reason::FieldMismatch, true, "other fields");
    put("refusal", bytes.expect(small));
    put(
        "want",
        encoder.want(StreamHash(7), &batch_id()).expect(small),
    );
}
