//! Which library this is.

use std::ffi::c_char;

/// Changes when programs must be compiled anew.
pub const ZW_ABI_VERSION: u32 = 1;

/// The ABI of the library that runs. Compare it with ZW_ABI_VERSION, which is that of the header.
///
/// Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn zw_abi_version() -> u32 {
    ZW_ABI_VERSION
}

/// The version of the library that runs, such as "0.1.0". Any thread. The text is static.
#[unsafe(no_mangle)]
pub extern "C" fn zw_version() -> *const c_char {
    const TEXT: &str = concat!(env!("CARGO_PKG_VERSION"), "\0");
    TEXT.as_ptr().cast()
}
