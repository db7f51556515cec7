//! Rows that a real Zeek wrote survive both formats.

use zeekwire_logfile::{ReadOptions, Reader};
use zeekwire_serializer::log_by_name;
use zeekwire_types::log::{LogRow, LogStream};

use crate::{decoded, encoded, filled, rows_of};

/// The sample logs of the demo, as a real Zeek wrote them.
const LOGS: [(&str, &[u8]); 6] = [
    ("conn", include_bytes!("../../../cli/data/conn.log.gz")),
    ("dns", include_bytes!("../../../cli/data/dns.log.gz")),
    ("files", include_bytes!("../../../cli/data/files.log.gz")),
    ("http", include_bytes!("../../../cli/data/http.log.gz")),
    ("ssl", include_bytes!("../../../cli/data/ssl.log.gz")),
    ("weird", include_bytes!("../../../cli/data/weird.log.gz")),
];

fn load(name: &str, packed: &'static [u8]) -> (LogStream, Vec<LogRow>) {
    let mut reader = Reader::new(name, packed, ReadOptions::default()).unwrap();
    let mut rows = Vec::new();
    while let Some(row) = reader.next_row().unwrap() {
        rows.push(row.to_owned());
    }
    let fields = reader.fields().iter().cloned();
    (LogStream::new(format!("{name}::LOG"), name, fields), rows)
}

#[test]
fn rows_of_every_real_log_survive_both_formats() {
    let zeek_bin = log_by_name("zeek-bin-serializer").unwrap();
    for (name, packed) in LOGS {
        let (stream, rows) = load(name, packed);
        assert!(rows.len() >= 500, "{name} has {} rows", rows.len());
        for rows in rows.chunks(1000) {
            let ours = encoded(&filled(&stream, rows));
            assert_eq!(decoded(&ours, &stream, rows_of).unwrap(), rows, "{name}");
            let mut zeeks = Vec::new();
            zeek_bin.encode(&stream, rows, &mut zeeks).unwrap();
            assert_eq!(zeek_bin.decode(&zeeks).unwrap().rows, rows, "{name}");
            assert!(ours.len() * 10 < zeeks.len() * 6, "{name} is too large");
        }
    }
}
