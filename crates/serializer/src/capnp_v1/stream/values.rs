//! One function for each type of value.

use std::net::IpAddr;

use zeekwire_buffer::padded;
use zeekwire_types::value::{Port, Subnet};

use super::super::layout::{
    BOOL_BIT, FUNCTION, OPAQUE, ORDERED, PATTERN, PROTOCOL_BIT, RECORD, TABLE, TYPED_RECORD, VALUE,
    WORD, member, pointers_pointer, struct_pointer,
};
use super::StreamEncoder;
use super::open::{Kind, Open};
use crate::EncodeFault;

/// Values that hold no others.
impl StreamEncoder {
    /// Nothing: an unset field, or a hole in a vector.
    #[inline]
    pub fn put_unset(&mut self) {
        self.scalar(member::UNSET, 0);
    }

    /// A `bool`.
    #[inline]
    pub fn put_bool(&mut self, value: bool) {
        self.scalar(member::BOOL | u64::from(value) << BOOL_BIT, 0);
    }

    /// A `count`.
    #[inline]
    pub fn put_count(&mut self, value: u64) {
        self.scalar(member::COUNT, value);
    }

    /// An `int`.
    #[inline]
    pub fn put_int(&mut self, value: i64) {
        self.scalar(member::INT, value.cast_unsigned());
    }

    /// A `double`.
    #[inline]
    pub fn put_double(&mut self, value: f64) {
        self.scalar(member::DOUBLE, value.to_bits());
    }

    /// A `time`: seconds since the Unix epoch.
    #[inline]
    pub fn put_time(&mut self, seconds: f64) {
        self.scalar(member::TIME, seconds.to_bits());
    }

    /// An `interval`: seconds.
    #[inline]
    pub fn put_interval(&mut self, seconds: f64) {
        self.scalar(member::INTERVAL, seconds.to_bits());
    }

    /// A `port`.
    #[inline]
    pub fn put_port(&mut self, port: Port) {
        let protocol = u64::from(port.protocol as u8);
        self.scalar(
            member::PORT,
            u64::from(port.number) | protocol << PROTOCOL_BIT,
        );
    }

    /// A `string`: any bytes.
    #[inline]
    pub fn put_string(&mut self, bytes: &[u8]) {
        self.data(member::STRING, 0, bytes);
    }

    /// An `enum`, by its fully qualified name.
    #[inline]
    pub fn put_enum(&mut self, name: &str) {
        if self.open.ready == 0 {
            return self.misplaced();
        }
        if let Some(pointer) = self.text(self.open.pointer(), name) {
            self.fill(member::ENUM, 0, pointer);
        }
    }

    /// An `addr`. An IPv4-mapped IPv6 address goes as the IPv4 address that it is.
    #[inline]
    pub fn put_addr(&mut self, address: IpAddr) {
        match address.to_canonical() {
            IpAddr::V4(v4) => self.data(member::ADDR, 0, &v4.octets()),
            IpAddr::V6(v6) => self.data(member::ADDR, 0, &v6.octets()),
        }
    }

    /// A `subnet`.
    #[inline]
    pub fn put_subnet(&mut self, subnet: &Subnet) {
        let length = u64::from(subnet.length());
        match subnet.address() {
            IpAddr::V4(v4) => self.data(member::SUBNET, length, &v4.octets()),
            IpAddr::V6(v6) => self.data(member::SUBNET, length, &v6.octets()),
        }
    }

    /// A `pattern`: the expression for whole strings, and that for parts.
    pub fn put_pattern(&mut self, exact: &[u8], anywhere: &[u8]) {
        let Some((pointer, start)) = self.begin_struct(PATTERN) else {
            return;
        };
        for (index, bytes) in [exact, anywhere].into_iter().enumerate() {
            let at = start + PATTERN.pointer(index);
            let Some(pointer) = self.bytes(at, bytes, padded(bytes.len())) else {
                return;
            };
            self.set(at, pointer);
        }
        self.fill(member::PATTERN, 0, pointer);
    }
}

/// Containers: the values in them follow.
impl StreamEncoder {
    /// A `set`: `count` elements follow, none twice, which is not checked.
    #[inline]
    pub fn put_set(&mut self, count: usize) {
        self.list(member::SET, count);
    }

    /// A `set` whose order means something: `count` elements follow, none twice, which is not
    /// checked.
    #[inline]
    pub fn put_ordered_set(&mut self, count: usize) {
        self.list(member::SET | ORDERED, count);
    }

    /// A `vector`: `count` elements follow; holes are unset.
    #[inline]
    pub fn put_vector(&mut self, count: usize) {
        self.list(member::VECTOR, count);
    }

    /// A composite index: `count` values follow.
    #[inline]
    pub fn put_list(&mut self, count: usize) {
        self.list(member::LIST, count);
    }

    /// A `table`: `count` times a key and its value follow, no key twice, which is not checked.
    pub fn put_table(&mut self, count: usize) {
        self.table(member::TABLE, count);
    }

    /// A `table` whose order means something: `count` times a key and its value follow, no key
    /// twice, which is not checked.
    pub fn put_ordered_table(&mut self, count: usize) {
        self.table(member::TABLE | ORDERED, count);
    }

    fn table(&mut self, member: u64, count: usize) {
        let Some((pointer, start)) = self.begin_struct(TABLE) else {
            return;
        };
        let (at_keys, at_values) = (start + TABLE.pointer(0), start + TABLE.pointer(1));
        let Some((keys, first_key)) = self.values(at_keys, count) else {
            return;
        };
        let Some((values, first_value)) = self.values(at_values, count) else {
            return;
        };
        self.set(at_keys, keys);
        self.set(at_values, values);
        self.enter(
            member,
            pointer,
            Open::entries(first_key, first_value, count),
        );
    }

    /// A `record`: `count` fields follow, each after its [name](Self::put_field_name) if the
    /// record `has_names`.
    pub fn put_record(&mut self, count: usize, has_names: bool) {
        if let Some((pointer, start)) = self.begin_struct(RECORD) {
            self.fields(pointer, start, count, has_names);
        }
    }

    /// A `record` with the fully qualified name of its type, as [`Self::put_record`] otherwise.
    /// It costs bytes and pays where no declaration tells the receiver what the record is.
    pub fn put_typed_record(&mut self, type_name: &str, count: usize, has_names: bool) {
        let Some((pointer, start)) = self.begin_struct(TYPED_RECORD) else {
            return;
        };
        let at_name = start + TYPED_RECORD.pointer(2);
        if let Some(name) = self.text(at_name, type_name) {
            self.set(at_name, name);
            self.fields(pointer, start, count, has_names);
        }
    }

    /// The record at byte `start`, which is that of the pointer `pointer`.
    fn fields(&mut self, pointer: u64, start: usize, count: usize, has_names: bool) {
        let (at_fields, at_names) = (start + RECORD.pointer(0), start + RECORD.pointer(1));
        let Some((fields, first)) = self.values(at_fields, count) else {
            return;
        };
        self.set(at_fields, fields);
        self.set(at_names, 0);
        if !has_names || count == 0 {
            return self.enter(
                member::RECORD,
                pointer,
                Open::run(Kind::Fields, first, count),
            );
        }
        let Some(names) = self.take(count * WORD) else {
            return;
        };
        self.set(at_names, pointers_pointer(at_names, names, count));
        self.enter(
            member::RECORD,
            pointer,
            Open::announced(Kind::Fields, first, count, names),
        );
    }

    /// The name of the field that comes next.
    #[inline]
    pub fn put_field_name(&mut self, name: &str) {
        if !self.open.awaits(Kind::Fields) {
            return self.refuse(EncodeFault::StrayFieldName);
        }
        let at = self.open.beside;
        if let Some(pointer) = self.text(at, name) {
            self.set(at, pointer);
            self.open.unlock(WORD);
        }
    }

    /// A function, by its fully qualified name. For a closure, as many captured values follow.
    pub fn put_function(&mut self, name: &str, capture_count: Option<usize>) {
        let Some((pointer, start)) = self.begin_struct(FUNCTION) else {
            return;
        };
        let (at_name, at_captures) = (start + FUNCTION.pointer(0), start + FUNCTION.pointer(1));
        let Some(name) = self.text(at_name, name) else {
            return;
        };
        self.set(start, u64::from(capture_count.is_some()));
        self.set(at_name, name);
        self.set(at_captures, 0);
        let Some(count) = capture_count else {
            return self.fill(member::FUNCTION, 0, pointer);
        };
        if let Some((captures, first)) = self.values(at_captures, count) {
            self.set(at_captures, captures);
            self.enter(
                member::FUNCTION,
                pointer,
                Open::run(Kind::Captures, first, count),
            );
        }
    }

    /// An `opaque` value of that type: one value with its data follows.
    pub fn put_opaque(&mut self, type_id: &str) {
        let Some((pointer, start)) = self.begin_struct(OPAQUE) else {
            return;
        };
        let (at_type, at_data) = (start + OPAQUE.pointer(0), start + OPAQUE.pointer(1));
        let Some(type_id) = self.text(at_type, type_id) else {
            return;
        };
        let Some(data) = self.take(VALUE.bytes()) else {
            return;
        };
        self.set(at_type, type_id);
        self.set(at_data, struct_pointer(at_data, data, VALUE));
        self.enter(member::OPAQUE, pointer, Open::run(Kind::Data, data, 1));
    }

    /// A value whose declared type is `any`: the value follows.
    pub fn put_any(&mut self) {
        let Some((pointer, value)) = self.begin_struct(VALUE) else {
            return;
        };
        self.enter(member::ANY, pointer, Open::run(Kind::Any, value, 1));
    }
}
