//! Values as C builds them and looks at them.

use std::mem::MaybeUninit;
use std::net::IpAddr;
use std::ptr;

use zeekwire::{EventEncoder, Value};
use zeekwire_serializer::StreamEncoder;

use super::*;
use crate::codec::tests::{Decoder, all_values, at, c_string, value_of, values_of};
use crate::value_view::{zw_record_name, zw_type_name};

/// Values that go away.
struct Values(*mut zw_values);

impl Values {
    fn new() -> Self {
        Self(zw_values_new())
    }

    fn list(&self) -> Result<zw_list, zw_result> {
        let mut list = MaybeUninit::uninit();
        // SAFETY: the values live; a list that was given was written.
        unsafe {
            match zw_values_list(self.0, list.as_mut_ptr()) {
                zw_result::ZW_OK => Ok(list.assume_init()),
                result => Err(result),
            }
        }
    }

    fn text(&self) -> String {
        // SAFETY: the values live.
        c_string(unsafe { zw_values_strerror(self.0) })
    }

    fn inside(&self, begun: zw_result, values: &[Value]) -> zw_result {
        assert_eq!(begun, zw_result::ZW_OK);
        values.iter().for_each(|value| self.add(value));
        // SAFETY: the values live.
        unsafe { zw_values_end(self.0) }
    }

    fn add(&self, value: &Value) {
        assert_eq!(
            self.added(value),
            zw_result::ZW_OK,
            "{value}: {}",
            self.text()
        );
    }

    fn added(&self, value: &Value) -> zw_result {
        let v = self.0;
        let begin = |r#type| {
            // SAFETY: the values live.
            unsafe { zw_values_begin(v, MaybeUninit::new(r#type)) }
        };
        // SAFETY: the values live, and so do the bytes.
        unsafe {
            match value {
                Value::Unset => zw_values_add_unset(v),
                Value::Bool(x) => zw_values_add_bool(v, *x),
                Value::Count(x) => zw_values_add_count(v, *x),
                Value::Int(x) => zw_values_add_int(v, *x),
                Value::Double(x) => zw_values_add_double(v, *x),
                Value::Time(x) => zw_values_add_time(v, *x),
                Value::Interval(x) => zw_values_add_interval(v, *x),
                Value::String(x) => zw_values_add_string(v, x.as_ptr().cast(), x.len()),
                Value::Enum(x) => zw_values_add_enum(v, x.as_ptr().cast(), x.len()),
                Value::Port(x) => zw_values_add_port(v, x.number, x.protocol as u8),
                Value::Addr(IpAddr::V4(x)) => zw_values_add_addr(v, x.octets().as_ptr(), 4),
                Value::Addr(IpAddr::V6(x)) => zw_values_add_addr(v, x.octets().as_ptr(), 16),
                Value::Subnet(x) => match x.address() {
                    IpAddr::V4(v4) => zw_values_add_subnet(v, v4.octets().as_ptr(), 4, x.length()),
                    IpAddr::V6(v6) => zw_values_add_subnet(v, v6.octets().as_ptr(), 16, x.length()),
                },
                Value::Pattern(x) => zw_values_add_pattern(
                    v,
                    x.exact.as_ptr().cast(),
                    x.exact.len(),
                    x.anywhere.as_ptr().cast(),
                    x.anywhere.len(),
                ),
                Value::Set(x) => self.inside(begin(zw_type::ZW_SET), x),
                Value::Vector(x) => self.inside(begin(zw_type::ZW_VECTOR), x),
                Value::List(x) => self.inside(begin(zw_type::ZW_LIST), x),
                Value::Any(x) => self.inside(begin(zw_type::ZW_ANY), std::slice::from_ref(x)),
                Value::Table(x) => {
                    let all: Vec<_> = x.iter().flat_map(|(k, v)| [k.clone(), v.clone()]).collect();
                    self.inside(begin(zw_type::ZW_TABLE), &all)
                }
                Value::Record(x) => {
                    begin(zw_type::ZW_RECORD);
                    for (i, field) in x.fields.iter().enumerate() {
                        if let Some(name) = x.names.get(i) {
                            zw_values_add_field(v, name.as_ptr().cast(), name.len());
                        }
                        self.add(field);
                    }
                    zw_values_end(v)
                }
                Value::Function(x) => {
                    let name: *const c_char = x.name.as_ptr().cast();
                    match &x.captures {
                        None => zw_values_add_function(v, name, x.name.len()),
                        Some(captures) => {
                            let begun = zw_values_begin_closure(v, name, x.name.len());
                            self.inside(begun, captures)
                        }
                    }
                }
                Value::Opaque(x) => {
                    let type_id = x.type_id.as_ptr().cast();
                    let begun = zw_values_begin_opaque(v, type_id, x.type_id.len());
                    self.inside(begun, std::slice::from_ref(&*x.data))
                }
                other => panic!("{other:?} is new"),
            }
        }
    }
}

impl Drop for Values {
    fn drop(&mut self) {
        // SAFETY: they were made by `new`, and nobody uses them again.
        unsafe { zw_values_delete(self.0) };
    }
}

#[test]
fn every_type_is_built_and_visited() {
    let values = Values::new();
    let all = all_values();
    for _ in 0..2 {
        all.iter().for_each(|value| values.add(value));
        // SAFETY: the values live.
        assert_eq!(unsafe { zw_values_count(values.0) }, all.len());
        let list = values.list().unwrap();
        assert_eq!(values_of(&list), all);
        // SAFETY: the values live.
        unsafe { zw_values_clear(values.0) };
        assert_eq!(values.list().map(|list| list.count), Ok(0));
    }
}

#[test]
fn values_become_the_event_of_the_whole_encoder() {
    let values = Values::new();
    let all = all_values();
    all.iter().for_each(|value| values.add(value));
    let mut encoder = StreamEncoder::new();
    // SAFETY: the values live.
    let built = unsafe { &*values.0 };
    let bytes = encode_values_event("m::e", Some(1.5), Some(built), &mut encoder).unwrap();
    let decoder = Decoder::new();
    let (name, list, metadata_count) = decoder.decode(bytes).unwrap();
    assert_eq!((name.as_str(), metadata_count), ("m::e", 1));
    assert_eq!(values_of(&list), all);
    assert_eq!(decoder.metadata(0), Ok((1, Value::Time(1.5))));

    let bytes = encode_values_event("m::e", None, None, &mut encoder).unwrap();
    assert_eq!(bytes, EventEncoder::new().encode("m::e", &[], &[]).unwrap());
}

#[test]
fn ordered_set_and_table_say_so_wherever_they_are_looked_at() {
    let values = Values::new();
    let ordered = |list: &zw_list| -> Vec<bool> {
        let value = |i| at(list, i).ok().unwrap();
        (0..list.count).map(|i| value(i).ordered).collect()
    };
    let begin_ordered = |r#type| {
        // SAFETY: the values live.
        unsafe { zw_values_begin_ordered(values.0, MaybeUninit::new(r#type)) }
    };
    let elements = [Value::Count(9), Value::Count(1)];
    for r#type in [zw_type::ZW_SET, zw_type::ZW_TABLE] {
        assert_eq!(
            values.inside(begin_ordered(r#type), &elements),
            zw_result::ZW_OK
        );
        assert_eq!(values.inside(begin_ordered(r#type), &[]), zw_result::ZW_OK);
        assert_eq!(
            values.inside(begun(values.0, r#type), &elements),
            zw_result::ZW_OK
        );
    }
    values.add(&Value::record([("a", Value::Unset)]));
    let expected = [true, true, false, true, true, false, false];
    let built = values.list().unwrap();
    assert_eq!(ordered(&built), expected);
    let mut encoder = StreamEncoder::new();
    // SAFETY: the values live.
    let bytes = encode_values_event("e", None, Some(unsafe { &*values.0 }), &mut encoder).unwrap();
    let decoder = Decoder::new();
    let (_, sent, _) = decoder.decode(bytes).unwrap();
    assert_eq!(ordered(&sent), expected);
    assert_eq!(values_of(&sent), values_of(&built));
    // SAFETY: the seventh value is the record.
    let record = unsafe { at(&built, 6).ok().unwrap().r#as.record };
    assert_eq!(record.type_name_n, 0);
}

#[test]
fn list_of_a_message_is_read_in_place() {
    let mut encoder = EventEncoder::new();
    let all = all_values();
    let message = zeekwire::EventMessage::new(encoder.encode("m::e", &all, &[]).unwrap()).unwrap();
    let (name, list) = value_view::list_of_event(&message).unwrap();
    assert_eq!(name, "m::e");
    assert_eq!(values_of(&list), all);
}

#[test]
fn memory_is_kept_by_clear() {
    let values = Values::new();
    let fill = || {
        for i in 0..1000 {
            values.add(&Value::record([
                ("name", Value::Count(i)),
                ("text", "some text".into()),
            ]));
        }
        // SAFETY: the values live; names are borrowed from them.
        unsafe {
            let record = at(&values.list().unwrap(), 999).ok().unwrap();
            let (mut p, mut n) = (ptr::null(), 0);
            zw_record_name(&raw const record, 1, &raw mut p, &raw mut n);
            zw_values_clear(values.0);
            p
        }
    };
    let first = fill();
    assert_eq!(fill(), first, "the bytes lie where they lay");
}

/// Does calls of which the last one fails, and sees that this sticks until the values are cleared.
fn refused(result: zw_result, text: &str, calls: impl FnOnce(*mut zw_values) -> zw_result) {
    let values = Values::new();
    values.add(&Value::Count(1));
    assert_eq!(calls(values.0), result, "{text}");
    assert!(values.text().starts_with("value 1: "), "{}", values.text());
    assert!(values.text().contains(text), "{} has {text}", values.text());
    assert_eq!(values.added(&Value::Unset), result, "it sticks");
    assert_eq!(values.list().err(), Some(result));
    // SAFETY: the values live.
    let built = unsafe { &*values.0 };
    let mut encoder = StreamEncoder::new();
    let failed = encode_values_event("e", None, Some(built), &mut encoder);
    assert_eq!(failed.map(<[u8]>::len).map_err(|e| e.result), Err(result));
    // SAFETY: the values live.
    unsafe { zw_values_clear(values.0) };
    assert_eq!(values.text(), "");
    values.add(&Value::Unset);
}

#[test]
fn container_that_is_not_whole_is_refused() {
    // SAFETY: the values live in each call, and so do the bytes.
    unsafe {
        refused(zw_result::ZW_INVALID, "no container", |v| zw_values_end(v));
        refused(zw_result::ZW_TYPE, "only a set", |v| {
            begun(v, zw_type::ZW_COUNT)
        });
        refused(zw_result::ZW_TYPE, "only a set", |v| {
            zw_values_begin(v, std::mem::transmute::<i32, MaybeUninit<zw_type>>(99))
        });
        refused(zw_result::ZW_TYPE, "only a set or a table", |v| {
            zw_values_begin_ordered(v, MaybeUninit::new(zw_type::ZW_LIST))
        });
        refused(zw_result::ZW_INVALID, "last key has no value", |v| {
            begun(v, zw_type::ZW_TABLE);
            zw_values_add_count(v, 1);
            zw_values_end(v)
        });
        refused(zw_result::ZW_INVALID, "one value each", |v| {
            begun(v, zw_type::ZW_ANY);
            zw_values_end(v)
        });
        refused(zw_result::ZW_INVALID, "one value each", |v| {
            zw_values_begin_opaque(v, c"T".as_ptr(), 1);
            zw_values_add_unset(v);
            zw_values_add_unset(v);
            zw_values_end(v)
        });
        refused(zw_result::ZW_TOO_LARGE, "deeper than 32", |v| {
            (0..32).for_each(|_| _ = begun(v, zw_type::ZW_LIST));
            begun(v, zw_type::ZW_LIST)
        });
    }
}

#[test]
fn field_names_are_all_or_none() {
    // SAFETY: the values live in each call, and so do the names.
    unsafe {
        let field = |v| zw_values_add_field(v, c"a".as_ptr(), 1);
        refused(zw_result::ZW_INVALID, "name each field", field);
        refused(zw_result::ZW_INVALID, "name each field", |v| {
            begun(v, zw_type::ZW_RECORD);
            zw_values_add_unset(v);
            field(v)
        });
        refused(zw_result::ZW_INVALID, "put the field's name", |v| {
            begun(v, zw_type::ZW_RECORD);
            field(v);
            zw_values_add_unset(v);
            zw_values_add_unset(v)
        });
        refused(zw_result::ZW_INVALID, "last name has no field", |v| {
            begun(v, zw_type::ZW_RECORD);
            field(v);
            zw_values_end(v)
        });
    }
}

#[test]
fn values_that_make_no_sense_are_refused() {
    let invalid = zw_result::ZW_INVALID;
    // SAFETY: the values live in each call, and so do the bytes.
    unsafe {
        refused(invalid, "not UTF-8", |v| {
            zw_values_add_enum(v, b"\xff".as_ptr().cast(), 1)
        });
        refused(invalid, "NULL", |v| zw_values_add_string(v, ptr::null(), 1));
        refused(invalid, "not 9", |v| zw_values_add_port(v, 1, 9));
        refused(invalid, "not 9", |v| {
            zw_values_add_addr(v, [0; 9].as_ptr(), 9)
        });
        refused(invalid, "not 129", |v| {
            zw_values_add_subnet(v, [0; 16].as_ptr(), 16, 129)
        });
    }
}

fn begun(values: *mut zw_values, r#type: zw_type) -> zw_result {
    // SAFETY: the values live.
    unsafe { zw_values_begin(values, MaybeUninit::new(r#type)) }
}

#[test]
fn open_container_keeps_values_from_being_used() {
    let values = Values::new();
    values.add(&Value::Count(1));
    begun(values.0, zw_type::ZW_VECTOR);
    values.add(&Value::Count(2));
    // SAFETY: the values live.
    assert_eq!(unsafe { zw_values_count(values.0) }, 1);
    assert_eq!(values.list().err(), Some(zw_result::ZW_INVALID));
    // SAFETY: the values live.
    let built = unsafe { &*values.0 };
    let mut encoder = StreamEncoder::new();
    let failed = encode_values_event("e", None, Some(built), &mut encoder);
    assert!(failed.unwrap_err().text.contains("end every container"));
    // SAFETY: the values live.
    assert_eq!(unsafe { zw_values_end(values.0) }, zw_result::ZW_OK);
    assert_eq!(values.list().map(|list| list.count), Ok(2));
}

#[test]
fn list_that_outlived_a_change_ends_early() {
    let values = Values::new();
    values.add(&Value::Vector(vec![Value::Count(1); 3]));
    let list = values.list().unwrap();
    // SAFETY: the type is as built above.
    let inner = unsafe { at(&list, 0).ok().unwrap().r#as.list };
    // SAFETY: the values live.
    unsafe { zw_values_clear(values.0) };
    assert_eq!(at(&inner, 2).err(), Some(zw_result::ZW_END));
    values.add(&Value::Count(5));
    assert_eq!(value_of(&at(&list, 0).ok().unwrap()), Value::Count(5));
}

#[test]
fn null_values_do_no_harm() {
    let none = ptr::null_mut();
    // SAFETY: null is what is tried here.
    unsafe {
        assert_eq!(zw_values_add_unset(none), zw_result::ZW_INVALID);
        assert_eq!(zw_values_end(none), zw_result::ZW_INVALID);
        assert_eq!(zw_values_list(none, ptr::null_mut()), zw_result::ZW_INVALID);
        assert_eq!(zw_values_count(none), 0);
        assert_eq!(c_string(zw_values_strerror(none)), "");
        zw_values_clear(none);
        zw_values_delete(none);
    }
}

#[test]
fn types_have_names() {
    let name = |number: i32| {
        // SAFETY: any number may come from C.
        c_string(zw_type_name(unsafe {
            std::mem::transmute::<i32, MaybeUninit<zw_type>>(number)
        }))
    };
    let names = [
        "unset", "bool", "count", "int", "double", "time", "interval", "string",
    ];
    for (number, expected) in (0..).zip(names) {
        assert_eq!(name(number), expected);
    }
    assert_eq!(
        [name(20), name(21), name(-1)],
        ["any", "unknown", "unknown"]
    );
}
