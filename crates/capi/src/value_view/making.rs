//! Values for C, written where C wants them.

use std::mem::MaybeUninit;
use std::net::IpAddr;

use super::{
    zw_addr_view, zw_function_view, zw_list, zw_opaque_view, zw_pattern_view, zw_port_view,
    zw_record_view, zw_string_view, zw_table_view, zw_type, zw_value,
};

/// Room for a value. The union is large and most of its members are small, so only what stands in
/// front of it and one member are written.
pub(crate) type Room = MaybeUninit<zw_value>;

/// A member of `zw_value_data`.
///
/// # Safety
/// The union has a member of that type.
pub(crate) unsafe trait Member: Copy {}

// SAFETY: these are the union's members, one by one.
unsafe impl Member for bool {}
// SAFETY: as above.
unsafe impl Member for u64 {}
// SAFETY: as above.
unsafe impl Member for i64 {}
// SAFETY: as above.
unsafe impl Member for f64 {}
// SAFETY: as above.
unsafe impl Member for zw_string_view {}
// SAFETY: as above.
unsafe impl Member for zw_pattern_view {}
// SAFETY: as above.
unsafe impl Member for zw_port_view {}
// SAFETY: as above.
unsafe impl Member for zw_addr_view {}
// SAFETY: as above.
unsafe impl Member for zw_list {}
// SAFETY: as above.
unsafe impl Member for zw_table_view {}
// SAFETY: as above.
unsafe impl Member for zw_record_view {}
// SAFETY: as above.
unsafe impl Member for zw_function_view {}
// SAFETY: as above.
unsafe impl Member for zw_opaque_view {}

/// Writes a value.
#[inline]
pub(crate) fn write<T: Member>(out: &mut Room, r#type: zw_type, member: T) {
    let out = out.as_mut_ptr();
    // SAFETY: there is room for the whole value; the members of a union all start where it does,
    // and `T` is one of them.
    unsafe {
        (&raw mut (*out).r#type).write(r#type);
        (&raw mut (*out).ordered).write(false);
        (&raw mut (*out).r#as).cast::<T>().write(member);
    }
}

#[inline]
pub(crate) fn write_unset(out: &mut Room) {
    write(out, zw_type::ZW_UNSET, 0_u64);
}

#[inline]
pub(crate) fn write_string(out: &mut Room, r#type: zw_type, bytes: &[u8]) {
    let (p, n) = (bytes.as_ptr().cast(), bytes.len());
    write(out, r#type, zw_string_view { p, n });
}

pub(crate) fn write_pattern(out: &mut Room, exact: &[u8], anywhere: &[u8]) {
    let pattern = zw_pattern_view {
        exact: exact.as_ptr().cast(),
        exact_n: exact.len(),
        anywhere: anywhere.as_ptr().cast(),
        anywhere_n: anywhere.len(),
    };
    write(out, zw_type::ZW_PATTERN, pattern);
}

#[inline]
pub(crate) fn write_port(out: &mut Room, number: u16, protocol: u8) {
    write(out, zw_type::ZW_PORT, zw_port_view { number, protocol });
}

#[inline]
pub(crate) fn write_addr(out: &mut Room, r#type: zw_type, address: IpAddr, length: u8) {
    let mut bytes = [0; 16];
    let width = match address {
        IpAddr::V4(v4) => {
            bytes[..4].copy_from_slice(&v4.octets());
            4
        }
        IpAddr::V6(v6) => {
            bytes = v6.octets();
            16
        }
    };
    let addr = zw_addr_view {
        bytes,
        width,
        length,
    };
    write(out, r#type, addr);
}

pub(crate) fn write_set(out: &mut Room, elements: zw_list, is_ordered: bool) {
    write(out, zw_type::ZW_SET, elements);
    write_ordered(out, is_ordered);
}

pub(crate) fn write_table(out: &mut Room, keys: zw_list, values: zw_list, is_ordered: bool) {
    write(out, zw_type::ZW_TABLE, zw_table_view { keys, values });
    write_ordered(out, is_ordered);
}

fn write_ordered(out: &mut Room, is_ordered: bool) {
    // SAFETY: there is room for the whole value.
    unsafe { (&raw mut (*out.as_mut_ptr()).ordered).write(is_ordered) }
}

pub(crate) fn write_record(out: &mut Room, fields: zw_list, names: zw_list, type_name: &str) {
    let record = zw_record_view {
        fields,
        names,
        type_name: type_name.as_ptr().cast(),
        type_name_n: type_name.len(),
    };
    write(out, zw_type::ZW_RECORD, record);
}

pub(crate) fn write_function(out: &mut Room, name: &[u8], is_closure: bool, captures: zw_list) {
    let function = zw_function_view {
        name: name.as_ptr().cast(),
        n: name.len(),
        is_closure,
        captures,
    };
    write(out, zw_type::ZW_FUNCTION, function);
}

pub(crate) fn write_opaque(out: &mut Room, type_id: &[u8], data: zw_list) {
    let opaque = zw_opaque_view {
        type_id: type_id.as_ptr().cast(),
        n: type_id.len(),
        data,
    };
    write(out, zw_type::ZW_OPAQUE, opaque);
}
