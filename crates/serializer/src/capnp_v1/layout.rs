//! Where the schema puts each field, for writing words without builders.
//!
//! The numbers repeat what the generated code knows. The tests build every member of the union
//! with that code and compare, so a change of the schema that moves anything fails there.

/// Bytes of a word.
pub(in crate::capnp_v1) const WORD: usize = 8;

/// The sections of a struct: words of data, then pointers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::capnp_v1) struct Shape {
    /// Words of the data section.
    pub data: u16,
    /// Pointers behind it.
    pub pointers: u16,
}

impl Shape {
    const fn new(data: u16, pointers: u16) -> Self {
        Self { data, pointers }
    }

    /// Bytes of one struct.
    pub(in crate::capnp_v1) const fn bytes(self) -> usize {
        (self.data as usize + self.pointers as usize) * WORD
    }

    /// Bytes from the start of a struct to its pointer of that number.
    pub(in crate::capnp_v1) const fn pointer(self, index: usize) -> usize {
        (self.data as usize + index) * WORD
    }

    /// The upper half of a pointer to such a struct.
    const fn sections(self) -> u64 {
        (self.data as u64) << 32 | (self.pointers as u64) << 48
    }
}

/// `Event`: pointers are the name, the arguments and the metadata.
pub(in crate::capnp_v1) const EVENT: Shape = Shape::new(0, 3);
/// `Metadata`: the id, and a pointer to the value.
pub(in crate::capnp_v1) const METADATA: Shape = Shape::new(1, 1);
/// `Value`: a word with the member of the union, a word of data, a pointer.
pub(in crate::capnp_v1) const VALUE: Shape = Shape::new(2, 1);
/// `Pattern`: pointers are the expressions for whole strings and for parts.
pub(in crate::capnp_v1) const PATTERN: Shape = Shape::new(0, 2);
/// `Table`: pointers are keys and values.
pub(in crate::capnp_v1) const TABLE: Shape = Shape::new(0, 2);
/// `Record` without the name of its type: pointers are fields and names. A struct may end before
/// fields that are not set.
pub(in crate::capnp_v1) const RECORD: Shape = Shape::new(0, 2);
/// `Record` whole: behind fields and names, the name of its type.
pub(in crate::capnp_v1) const TYPED_RECORD: Shape = Shape::new(0, 3);
/// `Function`: whether it is a closure in bit 0; pointers are the name and the captures.
pub(in crate::capnp_v1) const FUNCTION: Shape = Shape::new(1, 2);
/// `Opaque`: pointers are the type and the data.
pub(in crate::capnp_v1) const OPAQUE: Shape = Shape::new(0, 2);

/// Bytes from the start of a value to its pointer.
pub(in crate::capnp_v1) const VALUE_POINTER: usize = VALUE.pointer(0);
/// The bits of a value's first word that hold the member of the union.
pub(in crate::capnp_v1) const MEMBER: u64 = 0xffff;
/// The bit of a value's first word that holds a `bool`.
pub(in crate::capnp_v1) const BOOL_BIT: u32 = 16;
/// What makes a value's first word that of an ordered set or table.
pub(in crate::capnp_v1) const ORDERED: u64 = 1 << 17;
/// The bit of a value's data word at which a port's protocol starts.
pub(in crate::capnp_v1) const PROTOCOL_BIT: u32 = 16;

/// Members of the union in `Value`.
pub(in crate::capnp_v1) mod member {
    pub(in crate::capnp_v1) const UNSET: u64 = 0;
    pub(in crate::capnp_v1) const BOOL: u64 = 1;
    pub(in crate::capnp_v1) const COUNT: u64 = 2;
    pub(in crate::capnp_v1) const INT: u64 = 3;
    pub(in crate::capnp_v1) const DOUBLE: u64 = 4;
    pub(in crate::capnp_v1) const TIME: u64 = 5;
    pub(in crate::capnp_v1) const INTERVAL: u64 = 6;
    pub(in crate::capnp_v1) const STRING: u64 = 7;
    pub(in crate::capnp_v1) const PATTERN: u64 = 8;
    pub(in crate::capnp_v1) const ENUM: u64 = 9;
    pub(in crate::capnp_v1) const PORT: u64 = 10;
    pub(in crate::capnp_v1) const ADDR: u64 = 11;
    pub(in crate::capnp_v1) const SUBNET: u64 = 12;
    pub(in crate::capnp_v1) const SET: u64 = 13;
    pub(in crate::capnp_v1) const TABLE: u64 = 14;
    pub(in crate::capnp_v1) const RECORD: u64 = 15;
    pub(in crate::capnp_v1) const VECTOR: u64 = 16;
    pub(in crate::capnp_v1) const LIST: u64 = 17;
    pub(in crate::capnp_v1) const FUNCTION: u64 = 18;
    pub(in crate::capnp_v1) const OPAQUE: u64 = 19;
    pub(in crate::capnp_v1) const ANY: u64 = 20;
}

/// The pointer at byte `at` to a struct at byte `target` behind it.
#[inline]
pub(in crate::capnp_v1) const fn struct_pointer(at: usize, target: usize, shape: Shape) -> u64 {
    offset(at, target) | shape.sections()
}

/// The pointer at byte `at` to a run of bytes.
#[inline]
pub(in crate::capnp_v1) const fn bytes_pointer(at: usize, target: usize, count: usize) -> u64 {
    list_pointer(at, target, 2, count)
}

/// The pointer at byte `at` to a run of pointers.
#[inline]
pub(in crate::capnp_v1) const fn pointers_pointer(at: usize, target: usize, count: usize) -> u64 {
    list_pointer(at, target, 6, count)
}

/// The pointer at byte `at` to the tag of a run of structs, `bytes` long without its tag.
#[inline]
pub(in crate::capnp_v1) const fn structs_pointer(at: usize, target: usize, bytes: usize) -> u64 {
    list_pointer(at, target, 7, bytes / WORD)
}

/// The tag in front of a run of structs.
#[inline]
pub(in crate::capnp_v1) const fn structs_tag(count: usize, shape: Shape) -> u64 {
    (count as u64) << 2 | shape.sections()
}

const fn list_pointer(at: usize, target: usize, element: u64, count: usize) -> u64 {
    1 | offset(at, target) | element << 32 | (count as u64) << 35
}

/// The words between a pointer and its target, where pointers keep them.
const fn offset(at: usize, target: usize) -> u64 {
    debug_assert!(at < target);
    // Words times four is bytes over two; a payload is far below what 30 bits of words reach.
    ((target - at - WORD) >> 1) as u64
}

#[cfg(test)]
mod tests {
    use capnp::traits::HasStructSize;
    use zeekwire_schema::event_capnp::{event, metadata};
    use zeekwire_schema::value_capnp as schema;

    use super::*;

    #[test]
    fn shapes_are_those_of_the_generated_code() {
        fn of<T: HasStructSize>() -> Shape {
            Shape::new(T::STRUCT_SIZE.data, T::STRUCT_SIZE.pointers)
        }
        assert_eq!(EVENT, of::<event::Builder<'_>>());
        assert_eq!(METADATA, of::<metadata::Builder<'_>>());
        assert_eq!(VALUE, of::<schema::value::Builder<'_>>());
        assert_eq!(PATTERN, of::<schema::pattern::Builder<'_>>());
        assert_eq!(TABLE, of::<schema::table::Builder<'_>>());
        assert_eq!(TYPED_RECORD, of::<schema::record::Builder<'_>>());
        assert_eq!(FUNCTION, of::<schema::function::Builder<'_>>());
        assert_eq!(OPAQUE, of::<schema::opaque::Builder<'_>>());
    }

    /// The words of a value that `set` fills, built with the generated code. The first is the
    /// root pointer.
    fn built(set: impl FnOnce(schema::value::Builder<'_>)) -> Vec<u64> {
        let mut message = capnp::message::Builder::new_default();
        set(message.init_root());
        let segments = message.get_segments_for_output();
        assert_eq!(segments.len(), 1);
        let word = |bytes: &[u8]| u64::from_le_bytes(bytes.try_into().unwrap());
        segments[0].chunks(WORD).map(word).collect()
    }

    #[test]
    fn scalars_lie_where_the_generated_code_puts_them() {
        let real = |x: f64| x.to_bits();
        type Set = Box<dyn FnOnce(schema::value::Builder<'_>)>;
        let port = |mut x: schema::value::Builder<'_>| {
            let mut port = x.reborrow().init_port();
            port.set_number(0x1234);
            port.set_protocol(schema::PortProtocol::Icmp);
        };
        let ordered = |mut x: schema::value::Builder<'_>| {
            x.set_unset(());
            x.set_ordered(true);
        };
        let cases: [(Set, u64, u64); 10] = [
            (Box::new(ordered), member::UNSET | ORDERED, 0),
            (Box::new(|mut x| x.set_unset(())), member::UNSET, 0),
            (
                Box::new(|mut x| x.set_bool(true)),
                member::BOOL | 1 << BOOL_BIT,
                0,
            ),
            (Box::new(|mut x| x.set_count(7)), member::COUNT, 7),
            (Box::new(|mut x| x.set_int(-1)), member::INT, u64::MAX),
            (
                Box::new(|mut x| x.set_double(1.5)),
                member::DOUBLE,
                real(1.5),
            ),
            (Box::new(|mut x| x.set_time(2.5)), member::TIME, real(2.5)),
            (
                Box::new(|mut x| x.set_interval(3.5)),
                member::INTERVAL,
                real(3.5),
            ),
            (Box::new(port), member::PORT, 0x1234 | 3 << PROTOCOL_BIT),
            (
                Box::new(|x| x.init_subnet().set_length(99)),
                member::SUBNET,
                99,
            ),
        ];
        for (set, first, second) in cases {
            let root = struct_pointer(0, WORD, VALUE);
            assert_eq!(built(set), [root, first, second, 0]);
        }
    }

    #[test]
    fn pointers_are_those_of_the_generated_code() {
        // The value starts at byte 8, its pointer at byte 24, and what it points to at byte 32.
        let at = WORD + VALUE_POINTER;
        let target = WORD + VALUE.bytes();
        let pointer = |set: fn(schema::value::Builder<'_>)| {
            let words = built(set);
            (words[1], words[at / WORD])
        };
        let bytes = |count| bytes_pointer(at, target, count);
        let structs = |count| structs_pointer(at, target, count * VALUE.bytes());
        let one = |shape| struct_pointer(at, target, shape);
        let found = [
            pointer(|mut x| x.set_string(b"abc")),
            pointer(|mut x| x.set_enum("abc")),
            pointer(|mut x| x.set_addr(&[1; 4])),
            pointer(|x| x.init_subnet().set_address(&[1; 16])),
            pointer(|x| _ = x.init_set(2)),
            pointer(|x| _ = x.init_vector(2)),
            pointer(|x| _ = x.init_list(2)),
            pointer(|x| _ = x.init_pattern()),
            pointer(|x| _ = x.init_table()),
            pointer(|x| _ = x.init_record()),
            pointer(|x| _ = x.init_function()),
            pointer(|x| _ = x.init_opaque()),
            pointer(|x| _ = x.init_any()),
        ];
        let expected = [
            (member::STRING, bytes(3)),
            (member::ENUM, bytes(4)),
            (member::ADDR, bytes(4)),
            (member::SUBNET, bytes(16)),
            (member::SET, structs(2)),
            (member::VECTOR, structs(2)),
            (member::LIST, structs(2)),
            (member::PATTERN, one(PATTERN)),
            (member::TABLE, one(TABLE)),
            (member::RECORD, one(TYPED_RECORD)),
            (member::FUNCTION, one(FUNCTION)),
            (member::OPAQUE, one(OPAQUE)),
            (member::ANY, one(VALUE)),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn fields_of_structs_are_in_the_order_written_here() {
        let words = built(|x| {
            let mut function = x.init_function();
            function.set_is_closure(true);
            function.reborrow().set_name("f");
            _ = function.init_captures(1);
        });
        let start = WORD + VALUE.bytes();
        let name = start + FUNCTION.bytes();
        let captures = name + WORD;
        let slot = |index| start + FUNCTION.pointer(index);
        assert_eq!(words[start / WORD], 1);
        assert_eq!(words[slot(0) / WORD], bytes_pointer(slot(0), name, 2));
        assert_eq!(
            words[slot(1) / WORD],
            structs_pointer(slot(1), captures, VALUE.bytes())
        );
        assert_eq!(words[captures / WORD], structs_tag(1, VALUE));

        let words = built(|x| {
            let mut record = x.init_record();
            _ = record.reborrow().init_names(3);
            record.set_type_name("r");
        });
        let slot = |index| start + TYPED_RECORD.pointer(index);
        let names = start + TYPED_RECORD.bytes();
        let type_name = names + 3 * WORD;
        assert_eq!(words[slot(1) / WORD], pointers_pointer(slot(1), names, 3));
        assert_eq!(words[slot(2) / WORD], bytes_pointer(slot(2), type_name, 2));
        assert_eq!(RECORD.pointer(1), TYPED_RECORD.pointer(1));
    }
}
