//! Encoder and decoder as C calls them.

use std::ffi::CStr;
use std::mem::MaybeUninit;
use std::net::IpAddr;
use std::ptr;

use zeekwire::value::{Function, Opaque, Pattern, Port, PortProtocol, Record};
use zeekwire::{Event, EventEncoder, Metadata, Value, args};

use super::decoder::*;
use super::encoder::*;
use super::{address_of, subnet_of};
use crate::value_view::{zw_list, zw_list_get, zw_record_name, zw_type, zw_value};
use crate::zw_result;

/// One value of each type and shape.
pub(crate) fn all_values() -> Vec<Value> {
    let mut values: Vec<Value> = args![(), true, false, u64::MAX, i64::MIN].into();
    values.extend([
        Value::Double(f64::INFINITY),
        Value::Time(1.5),
        Value::Interval(-0.25),
        Value::from(""),
        Value::String(b"any\0bytes\xff".to_vec()),
        Value::Pattern(Pattern {
            exact: b"^?(a)$?".to_vec(),
            anywhere: b"^?(.|\n)*(a)".to_vec(),
        }),
        Value::enumeration("Notice::Tally"),
        Value::Port(Port::new(65535, PortProtocol::Unknown)),
        Value::Port(Port::new(8, PortProtocol::Icmp)),
        Value::Addr(IpAddr::from([10, 0, 0, 1])),
        Value::Addr("2001:db8::1".parse().unwrap()),
        Value::Subnet("10.0.0.0/8".parse().unwrap()),
        Value::Subnet("2001:db8::/32".parse().unwrap()),
        Value::Function(Function {
            name: "Module::f".into(),
            captures: None,
        }),
    ]);
    let inside = values.clone();
    let key = |n: u64| Value::list([Value::Count(n), Value::from("key")]);
    values.extend([
        Value::Set(inside.clone()),
        Value::Set(Vec::new()),
        Value::Vector(vec![Value::Unset, Value::Vector(Vec::new()), key(1)]),
        Value::List(inside.clone()),
        Value::Table(vec![
            (key(1), Value::Bool(true)),
            (key(2), Value::Vector(inside.clone())),
        ]),
        Value::Table(Vec::new()),
        Value::record([("a", Value::Count(1)), ("b", Value::Unset), ("c", key(3))]),
        Value::record_unnamed(inside.clone()),
        Value::Function(Function {
            name: "lambda_<1>".into(),
            captures: Some(inside.clone()),
        }),
        Value::Function(Function {
            name: "lambda_<2>".into(),
            captures: Some(Vec::new()),
        }),
        Value::Opaque(Opaque {
            type_id: "CardinalityVal".into(),
            data: Box::new(Value::Vector(inside)),
        }),
        Value::any(Value::any(key(4))),
    ]);
    values
}

/// The value that C would see.
pub(crate) fn value_of(value: &zw_value) -> Value {
    let bytes = |p: *const std::ffi::c_char, n| {
        // SAFETY: the view came from the library a moment ago.
        unsafe { std::slice::from_raw_parts(p.cast::<u8>(), n) }.to_vec()
    };
    let text = |p, n| String::from_utf8(bytes(p, n)).unwrap();
    // SAFETY: each member is the one that the type says.
    unsafe {
        match value.r#type {
            zw_type::ZW_UNSET => Value::Unset,
            zw_type::ZW_BOOL => Value::Bool(value.r#as.b),
            zw_type::ZW_COUNT => Value::Count(value.r#as.count),
            zw_type::ZW_INT => Value::Int(value.r#as.integer),
            zw_type::ZW_DOUBLE => Value::Double(value.r#as.real),
            zw_type::ZW_TIME => Value::Time(value.r#as.real),
            zw_type::ZW_INTERVAL => Value::Interval(value.r#as.real),
            zw_type::ZW_STRING => Value::String(bytes(value.r#as.string.p, value.r#as.string.n)),
            zw_type::ZW_ENUM => Value::Enum(text(value.r#as.string.p, value.r#as.string.n)),
            zw_type::ZW_PATTERN => {
                let x = value.r#as.pattern;
                Value::Pattern(Pattern {
                    exact: bytes(x.exact, x.exact_n),
                    anywhere: bytes(x.anywhere, x.anywhere_n),
                })
            }
            zw_type::ZW_PORT => {
                let x = value.r#as.port;
                let protocol = PortProtocol::from_number(x.protocol).unwrap();
                Value::Port(Port::new(x.number, protocol))
            }
            zw_type::ZW_ADDR => {
                let x = value.r#as.addr;
                Value::Addr(address_of(&x.bytes[..x.width.into()]).unwrap())
            }
            zw_type::ZW_SUBNET => {
                let x = value.r#as.addr;
                Value::Subnet(subnet_of(&x.bytes[..x.width.into()], x.length).unwrap())
            }
            zw_type::ZW_SET => Value::Set(values_of(&value.r#as.list)),
            zw_type::ZW_VECTOR => Value::Vector(values_of(&value.r#as.list)),
            zw_type::ZW_LIST => Value::List(values_of(&value.r#as.list)),
            zw_type::ZW_ANY => Value::any(values_of(&value.r#as.list).remove(0)),
            zw_type::ZW_TABLE => {
                let x = value.r#as.table;
                let (keys, values) = (values_of(&x.keys), values_of(&x.values));
                Value::Table(keys.into_iter().zip(values).collect())
            }
            zw_type::ZW_RECORD => record_of(value),
            zw_type::ZW_FUNCTION => {
                let x = value.r#as.function;
                let captures = values_of(&x.captures);
                Value::Function(Function {
                    name: text(x.name, x.n),
                    captures: x.is_closure.then_some(captures),
                })
            }
            zw_type::ZW_OPAQUE => {
                let x = value.r#as.opaque;
                Value::Opaque(Opaque {
                    type_id: text(x.type_id, x.n),
                    data: Box::new(values_of(&x.data).remove(0)),
                })
            }
        }
    }
}

/// The record that C would see, its names by index.
fn record_of(value: &zw_value) -> Value {
    // SAFETY: the caller looked at the type; results point to the view.
    let (fields, names) = unsafe {
        let record = value.r#as.record;
        let mut names = Vec::new();
        for i in 0..record.fields.count {
            let (mut p, mut n) = (ptr::null(), 0);
            match zw_record_name(value, i, &raw mut p, &raw mut n) {
                zw_result::ZW_OK => {
                    let name = std::slice::from_raw_parts(p.cast::<u8>(), n);
                    names.push(String::from_utf8(name.to_vec()).unwrap());
                }
                result => assert_eq!(result, zw_result::ZW_NOT_FOUND),
            }
        }
        let end = zw_record_name(value, record.fields.count, ptr::null_mut(), ptr::null_mut());
        assert_eq!(end, zw_result::ZW_END);
        (values_of(&record.fields), names)
    };
    Value::Record(Record { fields, names })
}

pub(crate) fn at(list: &zw_list, index: usize) -> Result<zw_value, zw_result> {
    let mut value = MaybeUninit::uninit();
    // SAFETY: the list is fresh; a value that was found was written.
    unsafe {
        match zw_list_get(list, index, value.as_mut_ptr()) {
            zw_result::ZW_OK => Ok(value.assume_init()),
            result => Err(result),
        }
    }
}

/// The values that C would see.
pub(crate) fn values_of(list: &zw_list) -> Vec<Value> {
    let values = (0..list.count)
        .map(|i| value_of(&at(list, i).ok().unwrap()))
        .collect();
    assert_eq!(at(list, list.count).err(), Some(zw_result::ZW_END));
    values
}

pub(crate) fn c_string(text: *const std::ffi::c_char) -> String {
    // SAFETY: what the library calls a text is one.
    unsafe { CStr::from_ptr(text) }.to_str().unwrap().to_owned()
}

/// A decoder that goes away, and what it said last.
pub(crate) struct Decoder(*mut zw_decoder);

impl Decoder {
    pub(crate) fn new() -> Self {
        Self(zw_decoder_new())
    }

    pub(crate) fn decode(&self, bytes: &[u8]) -> Result<(String, zw_list, usize), zw_result> {
        let (mut name, mut n, mut count) = (ptr::null(), 0, 0);
        let mut list = MaybeUninit::uninit();
        // SAFETY: the decoder lives, results have room, and were written when all went well.
        unsafe {
            match zw_decode_event(
                self.0,
                bytes.as_ptr(),
                bytes.len(),
                &raw mut name,
                &raw mut n,
                list.as_mut_ptr(),
                &raw mut count,
            ) {
                zw_result::ZW_OK => {
                    let name = std::slice::from_raw_parts(name.cast::<u8>(), n);
                    let name = String::from_utf8(name.to_vec()).unwrap();
                    Ok((name, list.assume_init(), count))
                }
                result => Err(result),
            }
        }
    }

    pub(crate) fn metadata(&self, index: usize) -> Result<(u64, Value), zw_result> {
        let mut id = 0;
        let mut value = MaybeUninit::uninit();
        // SAFETY: as above.
        unsafe {
            match zw_decode_metadata(self.0, index, &raw mut id, value.as_mut_ptr()) {
                zw_result::ZW_OK => Ok((id, value_of(value.assume_init_ref()))),
                result => Err(result),
            }
        }
    }

    pub(crate) fn text(&self) -> String {
        // SAFETY: the decoder lives.
        c_string(unsafe { zw_decoder_strerror(self.0) })
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        // SAFETY: it was made by `new`, and nobody uses it again.
        unsafe { zw_decoder_delete(self.0) };
    }
}

/// An encoder that goes away.
struct Encoder(*mut zw_encoder);

impl Encoder {
    fn new() -> Self {
        Self(zw_encoder_new())
    }

    fn begin(&self, args: usize, metadata: usize) -> zw_result {
        // SAFETY: the encoder lives.
        unsafe { zw_encode_event(self.0, c"m::e".as_ptr(), 4, args, metadata) }
    }

    fn finish(&self) -> Result<&[u8], (zw_result, String)> {
        let (mut p, mut n) = (ptr::null(), 0);
        // SAFETY: the encoder lives, and so does its payload.
        unsafe {
            match zw_encode_finish(self.0, &raw mut p, &raw mut n) {
                zw_result::ZW_OK => Ok(std::slice::from_raw_parts(p, n)),
                result => Err((result, c_string(zw_encoder_strerror(self.0)))),
            }
        }
    }

    fn put(&self, value: &Value) {
        let e = self.0;
        // SAFETY: the encoder lives, and so does the value.
        unsafe {
            match value {
                Value::Unset => zw_encode_unset(e),
                Value::Bool(x) => zw_encode_bool(e, *x),
                Value::Count(x) => zw_encode_count(e, *x),
                Value::Int(x) => zw_encode_int(e, *x),
                Value::Double(x) => zw_encode_double(e, *x),
                Value::Time(x) => zw_encode_time(e, *x),
                Value::Interval(x) => zw_encode_interval(e, *x),
                Value::String(x) => zw_encode_string(e, x.as_ptr().cast(), x.len()),
                Value::Enum(x) => zw_encode_enum(e, x.as_ptr().cast(), x.len()),
                Value::Port(x) => zw_encode_port(e, x.number, x.protocol as u8),
                Value::Addr(IpAddr::V4(x)) => {
                    zw_encode_addr(e, x.to_ipv6_mapped().octets().as_ptr(), 16);
                }
                Value::Addr(IpAddr::V6(x)) => zw_encode_addr(e, x.octets().as_ptr(), 16),
                Value::Subnet(x) => match x.address() {
                    IpAddr::V4(v4) => zw_encode_subnet(e, v4.octets().as_ptr(), 4, x.length()),
                    IpAddr::V6(v6) => zw_encode_subnet(e, v6.octets().as_ptr(), 16, x.length()),
                },
                Value::Pattern(x) => zw_encode_pattern(
                    e,
                    x.exact.as_ptr().cast(),
                    x.exact.len(),
                    x.anywhere.as_ptr().cast(),
                    x.anywhere.len(),
                ),
                _ => self.put_container(value),
            }
        }
    }

    fn put_container(&self, value: &Value) {
        let e = self.0;
        let begin = |call: unsafe extern "C" fn(*mut zw_encoder, usize), values: &[Value]| {
            // SAFETY: the encoder lives.
            unsafe { call(e, values.len()) };
            values.iter().for_each(|x| self.put(x));
        };
        // SAFETY: the encoder lives, and so does the value.
        unsafe {
            match value {
                Value::Set(x) => begin(zw_encode_set, x),
                Value::Vector(x) => begin(zw_encode_vector, x),
                Value::List(x) => begin(zw_encode_list, x),
                Value::Table(x) => {
                    zw_encode_table(e, x.len());
                    for (key, value) in x {
                        self.put(key);
                        self.put(value);
                    }
                }
                Value::Record(x) => {
                    zw_encode_record(e, x.fields.len(), !x.names.is_empty());
                    for (i, field) in x.fields.iter().enumerate() {
                        if let Some(name) = x.names.get(i) {
                            zw_encode_field_name(e, name.as_ptr().cast(), name.len());
                        }
                        self.put(field);
                    }
                }
                Value::Function(x) => {
                    let captures = x.captures.as_deref().unwrap_or_default();
                    let (name, is_closure) = (x.name.as_bytes(), x.captures.is_some());
                    let p = name.as_ptr().cast();
                    zw_encode_function(e, p, name.len(), is_closure, captures.len());
                    captures.iter().for_each(|x| self.put(x));
                }
                Value::Opaque(x) => {
                    zw_encode_opaque(e, x.type_id.as_ptr().cast(), x.type_id.len());
                    self.put(&x.data);
                }
                Value::Any(x) => {
                    zw_encode_any(e);
                    self.put(x);
                }
                other => panic!("{other:?} was put already"),
            }
        }
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        // SAFETY: it was made by `new`, and nobody uses it again.
        unsafe { zw_encoder_delete(self.0) };
    }
}

#[test]
fn every_type_survives_encoder_and_decoder() {
    let (encoder, decoder) = (Encoder::new(), Decoder::new());
    let values = all_values();
    for _ in 0..3 {
        assert_eq!(encoder.begin(values.len(), 2), zw_result::ZW_OK);
        values.iter().for_each(|value| encoder.put(value));
        for id in [1, 200] {
            // SAFETY: the encoder lives.
            unsafe { zw_encode_metadata(encoder.0, id) };
            encoder.put(&Value::Time(2.5));
        }
        let bytes = encoder.finish().unwrap();
        let (name, list, metadata_count) = decoder.decode(bytes).unwrap();
        assert_eq!((name.as_str(), metadata_count), ("m::e", 2));
        assert_eq!(values_of(&list), values);
        assert_eq!(decoder.metadata(0), Ok((1, Value::Time(2.5))));
        assert_eq!(decoder.metadata(1), Ok((200, Value::Time(2.5))));
        assert_eq!(decoder.metadata(2), Err(zw_result::ZW_END));
        assert_eq!(decoder.text(), "");
    }
}

#[test]
fn misaligned_payload_is_read_from_a_copy() {
    let payload = payload_of(&[Value::from("text"), Value::Count(1)]);
    // Room for any start: the byte after a multiple of eight.
    let mut room = vec![0; payload.len() + 16];
    let odd = 8 - room.as_ptr().addr() % 8 + 1;
    let bytes = &mut room[odd..odd + payload.len()];
    bytes.copy_from_slice(&payload);
    let decoder = Decoder::new();
    let (_, list, _) = decoder.decode(bytes).unwrap();
    assert_eq!(values_of(&list), [Value::from("text"), Value::Count(1)]);
}

fn payload_of(args: &[Value]) -> Vec<u8> {
    EventEncoder::new()
        .encode("m::e", args, &[])
        .unwrap()
        .to_vec()
}

/// The byte at which `payload` has these words for the first time.
fn find(payload: &[u8], words: &[u64]) -> usize {
    let needle: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    let mut starts = (0..payload.len()).step_by(8);
    starts
        .find(|at| payload[*at..].starts_with(&needle))
        .unwrap()
}

#[test]
fn damage_is_reported_with_its_place() {
    let record = Value::record_unnamed(args![7_u64, "out of reach"]);
    let mut payload = payload_of(&[Value::Count(1), Value::Vector(vec![Value::Unset, record])]);
    // The string is the value whose words are its member of the union, nothing, and a pointer.
    let string = find(&payload, &[2, 7]) + 24;
    assert_eq!(payload[string], 7, "the member for strings");
    payload[string + 16..string + 20].copy_from_slice(&(0x00ff_fff0_u32 << 2 | 1).to_le_bytes());

    let decoder = Decoder::new();
    let (_, list, _) = decoder.decode(&payload).unwrap();
    assert_eq!(value_of(&at_ok(&list, 0)), Value::Count(1));
    // SAFETY: the types are as encoded above.
    let fields = unsafe {
        let vector = at_ok(&list, 1).r#as.list;
        at_ok(&vector, 1).r#as.record.fields
    };
    assert_eq!(value_of(&at_ok(&fields, 0)), Value::Count(7));
    assert_eq!(at(&fields, 1).err(), Some(zw_result::ZW_DECODE));
    assert_eq!(
        decoder.text(),
        "capnp-v1: args[1][1].fields[1]: a pointer leads out of the message"
    );

    let fine = payload_of(&[]);
    assert!(decoder.decode(&fine).is_ok());
    assert_eq!(decoder.text(), "");
    assert_eq!(
        decoder.decode(&fine[..16]).err(),
        Some(zw_result::ZW_DECODE)
    );
    assert!(
        decoder.text().starts_with("capnp-v1: "),
        "{}",
        decoder.text()
    );
    assert_eq!(decoder.metadata(0), Err(zw_result::ZW_NOT_FOUND));
}

fn at_ok(list: &zw_list, index: usize) -> zw_value {
    at(list, index).ok().unwrap()
}

#[test]
fn value_inside_itself_ends_at_the_depth_limit() {
    let mut payload = payload_of(&[Value::any(Value::Count(77))]);
    let inner = find(&payload, &[2, 77]);
    payload[inner] = 20;
    payload[inner + 8] = 0;
    // From the end of its own pointer three words back to its own start.
    let own_start = u64::from((-3_i32 << 2).cast_unsigned()) | 2 << 32 | 1 << 48;
    payload[inner + 16..inner + 24].copy_from_slice(&own_start.to_le_bytes());

    let decoder = Decoder::new();
    let (_, mut list, _) = decoder.decode(&payload).unwrap();
    let mut depth = 0;
    let result = loop {
        match at(&list, 0) {
            // SAFETY: every value is an any.
            Ok(value) => list = unsafe { value.r#as.list },
            Err(result) => break result,
        }
        depth += 1;
    };
    assert_eq!((result, depth), (zw_result::ZW_DECODE, 32));
    let text = decoder.text();
    assert!(text.starts_with("capnp-v1: args[0].any.any"), "{text}");
    assert!(text.ends_with("values nest deeper than 32"), "{text}");
}

/// Does calls for one argument, and sees that the end says what was wrong.
fn refused(result: zw_result, text: &str, calls: impl FnOnce(*mut zw_encoder)) {
    let encoder = Encoder::new();
    assert_eq!(encoder.begin(1, 0), zw_result::ZW_OK);
    calls(encoder.0);
    let (found, why) = encoder.finish().unwrap_err();
    assert_eq!(found, result, "{why}");
    assert!(why.starts_with("capnp-v1: args[0]"), "{why}");
    assert!(why.contains(text), "{why} has {text}");
    assert_eq!(encoder.begin(0, 0), zw_result::ZW_OK);
    assert!(encoder.finish().is_ok(), "the next event is not concerned");
}

#[test]
fn encoder_says_what_is_wrong_and_where() {
    let (large, bad) = (zw_result::ZW_TOO_LARGE, zw_result::ZW_ENCODE);
    // SAFETY: the encoder lives in each call, and so do the bytes.
    unsafe {
        refused(bad, "args[0]: fewer values", |_| ());
        refused(large, "deeper than 32", |e| {
            (0..33).for_each(|_| zw_encode_vector(e, 1));
        });
        refused(large, "at most", |e| zw_encode_set(e, usize::MAX));
        refused(bad, "not UTF-8", |e| {
            zw_encode_enum(e, b"\xff".as_ptr().cast(), 1)
        });
        refused(bad, "0 to 3, not 4", |e| zw_encode_port(e, 1, 4));
        refused(bad, "4 or 16 bytes, not 5", |e| {
            zw_encode_addr(e, [0_u8; 16].as_ptr(), 5);
        });
        refused(bad, "at most 32", |e| {
            zw_encode_subnet(e, [0_u8; 16].as_ptr(), 4, 33);
        });
        refused(bad, "without bytes", |e| {
            zw_encode_string(e, ptr::null(), 1)
        });
        refused(bad, "only a closure", |e| {
            zw_encode_function(e, c"f".as_ptr(), 1, false, 1);
        });
        refused(bad, "args[0].fields[0]: put the field's name", |e| {
            zw_encode_record(e, 1, true);
            zw_encode_count(e, 1);
        });
    }
}

#[test]
fn event_that_cannot_begin_says_so_at_once() {
    let encoder = Encoder::new();
    assert_eq!(encoder.begin(usize::MAX, 0), zw_result::ZW_TOO_LARGE);
    // SAFETY: the encoder lives, and so do the bytes.
    let result = unsafe { zw_encode_event(encoder.0, b"\xff".as_ptr().cast(), 1, 0, 0) };
    assert_eq!(result, zw_result::ZW_ENCODE);
    let (_, why) = encoder.finish().unwrap_err();
    assert_eq!(why, "capnp-v1: a name is not UTF-8");
}

#[test]
fn null_does_no_harm() {
    let mut event = Event::new("m::e", args![1_u64]);
    event.metadata.push(Metadata {
        id: 1,
        value: Value::Time(0.0),
    });
    let payload = EventEncoder::new().encode_event(&event).unwrap().to_vec();
    let (p, n) = (payload.as_ptr(), payload.len());
    let (e, d) = (ptr::null_mut(), ptr::null_mut());
    // SAFETY: null is what is tried here.
    unsafe {
        assert_eq!(
            zw_encode_event(e, ptr::null(), 0, 0, 0),
            zw_result::ZW_INVALID
        );
        zw_encode_count(e, 1);
        zw_encode_string(e, ptr::null(), 0);
        zw_encoder_delete(e);
        assert_eq!(
            zw_encode_finish(e, ptr::null_mut(), ptr::null_mut()),
            zw_result::ZW_INVALID
        );
        assert_eq!(c_string(zw_encoder_strerror(e)), "");
        let none = ptr::null_mut();
        let (no_name, no_len) = (ptr::null_mut(), ptr::null_mut());
        let decode = |d, p| zw_decode_event(d, p, n, no_name, no_len, ptr::null_mut(), none);
        assert_eq!(decode(d, p), zw_result::ZW_INVALID);
        let decoder = Decoder::new();
        assert_eq!(decode(decoder.0, ptr::null()), zw_result::ZW_INVALID);
        assert_eq!(decode(decoder.0, p), zw_result::ZW_OK);
        let metadata = |d| zw_decode_metadata(d, 0, ptr::null_mut(), ptr::null_mut());
        assert_eq!(metadata(decoder.0), zw_result::ZW_OK);
        assert_eq!(metadata(d), zw_result::ZW_INVALID);
        zw_decoder_delete(d);
        assert_eq!(
            zw_list_get(ptr::null(), 0, ptr::null_mut()),
            zw_result::ZW_INVALID
        );
        let zeros: zw_list = MaybeUninit::zeroed().assume_init();
        assert_eq!(at(&zeros, 0).err(), Some(zw_result::ZW_END));
        assert_eq!(
            zw_list_get(&raw const zeros, 0, ptr::null_mut()),
            zw_result::ZW_INVALID
        );
    }
}

#[test]
fn order_and_names_of_types_are_told() {
    let (encoder, decoder) = (Encoder::new(), Decoder::new());
    let e = encoder.0;
    encoder.begin(5, 0);
    // SAFETY: the encoder lives, and so do the names.
    unsafe {
        zw_encode_ordered_set(e, 2);
        zw_encode_count(e, 9);
        zw_encode_set(e, 0);
        zw_encode_ordered_table(e, 0);
        zw_encode_table(e, 0);
        zw_encode_typed_record(e, c"m::R".as_ptr(), 4, 1, true);
        zw_encode_field_name(e, c"a".as_ptr(), 1);
        zw_encode_bool(e, true);
        zw_encode_record(e, 0, false);
    }
    let payload = encoder.finish().unwrap().to_vec();
    let (_, list, _) = decoder.decode(&payload).unwrap();
    let value = |i| at(&list, i).ok().unwrap();
    let ordered: [bool; 5] = std::array::from_fn(|i| value(i).ordered);
    assert_eq!(ordered, [true, true, false, false, false]);
    // SAFETY: the types are those that were put.
    let (set, records) = unsafe { (value(0).r#as.list, [3, 4].map(|i| value(i).r#as.record)) };
    let inside: [bool; 2] = std::array::from_fn(|i| at(&set, i).ok().unwrap().ordered);
    assert_eq!(inside, [false, false]);
    let names = records.map(|record| {
        assert!(!record.type_name.is_null());
        // SAFETY: the view came from the library a moment ago.
        unsafe { std::slice::from_raw_parts(record.type_name.cast::<u8>(), record.type_name_n) }
    });
    assert_eq!(names, [&b"m::R"[..], b""]);
    assert_eq!(
        value_of(&value(3)),
        Value::record([("a", Value::Bool(true))])
    );

    encoder.begin(1, 0);
    // SAFETY: the encoder lives, and so does the name.
    unsafe { zw_encode_typed_record(e, c"\xff".as_ptr(), 1, 0, false) };
    let (result, text) = encoder.finish().unwrap_err();
    assert_eq!(result, zw_result::ZW_ENCODE);
    assert!(text.contains("UTF-8"), "{text}");
}
