//! Damaged log batches: each fault by its name and place, and no harm from any damage.

use zeekwire_serializer::log::zeek_bin::{NAME, ZeekBinBatch};
use zeekwire_serializer::log::{LogEncodeFault, LogFault};
use zeekwire_serializer::{LogSerializer, log_by_name};
use zeekwire_types::log::{LogField, LogStream, LogType, LogValue};
use zeekwire_types::value::Port;

use crate::log_vectors::recorded;

fn format() -> &'static dyn LogSerializer {
    log_by_name(NAME).unwrap()
}

fn stream() -> LogStream {
    let fields = [
        LogField::new("b", LogType::Bool),
        LogField::new("p", LogType::Port),
        LogField::new("a", LogType::Addr),
        LogField::new("n", LogType::Subnet),
        LogField::set("s", LogType::String),
    ];
    LogStream::new("A::LOG", "a", fields)
}

/// A batch of one row, and where its values start.
fn batch() -> (Vec<u8>, [usize; 5]) {
    let row = vec![
        LogValue::Bool(true),
        LogValue::Port(Port::tcp(80)),
        LogValue::Addr([10, 0, 0, 1].into()),
        LogValue::Subnet("10.0.0.0/8".parse().unwrap()),
        LogValue::Set(vec![LogValue::String(b"x".to_vec()), LogValue::Unset]),
    ];
    let mut bytes = Vec::new();
    format().encode(&stream(), &[], &mut bytes).unwrap();
    let start = bytes.len();
    bytes.clear();
    format().encode(&stream(), &[row], &mut bytes).unwrap();
    (bytes, [0, 17, 38, 52, 67].map(|offset| start + offset))
}

/// The fault of the batch with `to` written at `at`, its byte, its row and its field.
fn damaged(at: usize, to: &[u8]) -> (LogFault, usize, Option<usize>, Option<usize>) {
    let (mut bytes, _) = batch();
    bytes[at..at + to.len()].copy_from_slice(to);
    let error = format().decode(&bytes).unwrap_err();
    (error.fault(), error.byte(), error.row(), error.field())
}

#[test]
fn each_fault_of_a_value_has_its_name_and_place() {
    let (bytes, [bool, port, addr, subnet, set]) = batch();
    assert_eq!(format().decode(&bytes).unwrap().rows.len(), 1);
    let row = Some(0);
    let wrong = LogFault::ValueType {
        expected: LogType::Bool,
        found: 2,
    };
    assert_eq!(damaged(bool + 3, &[2]), (wrong, bool, row, Some(0)));
    let flag = (LogFault::Bool(7), bool + 8, row, Some(0));
    assert_eq!(damaged(bool + 8, &[7]), flag);
    let value = (LogFault::BoolValue(9), bool + 9, row, Some(0));
    assert_eq!(damaged(bool + 16, &[9]), value);
    let number = (LogFault::PortNumber(80 + (1 << 16)), port + 9, row, Some(1));
    assert_eq!(damaged(port + 14, &[1]), number);
    let protocol = (LogFault::PortProtocol(4), port + 17, row, Some(1));
    assert_eq!(damaged(port + 20, &[4]), protocol);
    let family = (LogFault::AddressFamily(5), addr + 9, row, Some(2));
    assert_eq!(damaged(addr + 9, &[5]), family);
    let length = (LogFault::SubnetLength(95), subnet + 9, row, Some(3));
    assert_eq!(damaged(subnet + 9, &[95]), length);
    let length = (LogFault::SubnetLength(129), subnet + 9, row, Some(3));
    assert_eq!(damaged(subnet + 9, &[129]), length);
    let element = LogFault::ValueType {
        expected: LogType::String,
        found: 3,
    };
    assert_eq!(damaged(set + 20, &[3]), (element, set + 17, row, Some(4)));
    let (fault, byte, ..) = damaged(set + 9, &[0xff; 8]);
    assert_eq!((fault, byte), (LogFault::Truncated, bytes.len()));
    let (mut fewer, _) = batch();
    fewer[set + 16] = 1;
    let error = format().decode(&fewer).unwrap_err();
    assert_eq!(
        (error.fault(), error.byte()),
        (LogFault::TrailingBytes, bytes.len() - 9)
    );
    assert_eq!(
        error.to_string(),
        format!(
            "zeek-bin-serializer: byte {}: bytes follow the batch",
            bytes.len() - 9
        )
    );
}

#[test]
fn types_of_elements_in_front_of_values_are_ignored_as_zeek_does() {
    let (mut bytes, [.., set]) = batch();
    let before = format().decode(&bytes).unwrap();
    bytes[set + 7] = 7;
    assert_eq!(format().decode(&bytes), Ok(before));
}

#[test]
fn each_fault_of_a_header_has_its_name() {
    let fault = |at: usize, to: &[u8]| damaged(at, to).0;
    let (bytes, _) = batch();
    let count_at = bytes
        .windows(4)
        .position(|word| word == [0, 0, 0, 5])
        .unwrap();
    assert_eq!(fault(4, &[0xff]), LogFault::NotUtf8);
    assert_eq!(fault(count_at, &[0; 4]), LogFault::FieldCount(0));
    assert_eq!(fault(count_at + 2, &[0xff]), LogFault::FieldCount(0xff05));
    assert_eq!(fault(count_at + 2, &[1]), LogFault::Truncated);
    // The first field: no secondary name, "b", bool, nothing, not optional.
    let field = count_at + 4;
    assert_eq!(fault(field, &[2]), LogFault::Bool(2));
    assert_eq!(fault(field + 9, &[8]), LogFault::FieldType(8));
    assert_eq!(fault(field + 9, &[13]), LogFault::FieldType(13));
    let element = bytes
        .windows(6)
        .position(|w| w == [14, 0, 0, 0, 7, 0])
        .unwrap();
    assert_eq!(fault(element + 4, &[19]), LogFault::ElementType(19));
    assert_eq!(fault(element + 4, &[0]), LogFault::ElementType(0));
    assert_eq!(
        ZeekBinBatch::new(&[]).unwrap_err().fault(),
        LogFault::Truncated
    );
}

#[test]
fn no_damage_of_recorded_batches_does_harm() {
    for bytes in recorded() {
        for end in 0..bytes.len() {
            let error = format().decode(&bytes[..end]).unwrap_err();
            assert_eq!(error.format(), NAME);
        }
        let mut damaged = bytes.clone();
        for at in 0..bytes.len() {
            for change in [1, 0x80, 0xff] {
                damaged[at] ^= change;
                if let Ok(batch) = format().decode(&damaged) {
                    let mut again = Vec::new();
                    format()
                        .encode(&batch.stream, &batch.rows, &mut again)
                        .unwrap();
                    assert_eq!(format().decode(&again), Ok(batch));
                }
                damaged[at] ^= change;
            }
        }
    }
}

#[test]
fn rows_that_do_not_fit_are_refused_with_their_place() {
    let mut out = b"before".to_vec();
    let rows = [vec![LogValue::Unset; 5], vec![LogValue::Unset; 4]];
    let error = format().encode(&stream(), &rows, &mut out).unwrap_err();
    assert_eq!(
        error.to_string(),
        "zeek-bin-serializer: rows[1]: the stream has 5 fields, the row 4"
    );
    assert_eq!(out, b"before");
    let pattern = LogStream::new("A::LOG", "a", [LogField::new("x", LogType::Pattern)]);
    let error = format().encode(&pattern, &[], &mut out).unwrap_err();
    assert!(matches!(error.fault(), LogEncodeFault::NotLoggable(..)));
}
