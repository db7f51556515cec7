//! What can be wrong with values that C builds.

use std::ffi::{CStr, CString};
use std::fmt;

use zeekwire::limits::{PAYLOAD_BYTES_MAX, VALUE_COUNT_MAX, VALUE_DEPTH_MAX};
use zeekwire::value::SubnetError;

use crate::zw_result;

/// What is wrong.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum ValuesFault {
    Null,
    TooLarge,
    TooDeep,
    NotUtf8,
    PortProtocol(u8),
    AddressLength(usize),
    Subnet(SubnetError),
    NotAContainer,
    NoOrder,
    NothingOpen,
    StillOpen,
    NotOneValue,
    MissingTableValue,
    MissingField,
    MissingFieldName,
    StrayFieldName,
}

impl ValuesFault {
    pub(crate) const fn result(self) -> zw_result {
        match self {
            Self::TooLarge | Self::TooDeep => zw_result::ZW_TOO_LARGE,
            Self::NotAContainer | Self::NoOrder => zw_result::ZW_TYPE,
            _ => zw_result::ZW_INVALID,
        }
    }
}

impl fmt::Display for ValuesFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "a pointer is NULL, or a length comes without bytes",
            Self::TooLarge => {
                return write!(
                    f,
                    "an event has at most {VALUE_COUNT_MAX} values and {PAYLOAD_BYTES_MAX} bytes"
                );
            }
            Self::TooDeep => return write!(f, "values nest deeper than {VALUE_DEPTH_MAX}"),
            Self::NotUtf8 => "a name is not UTF-8",
            Self::PortProtocol(number) => {
                return write!(f, "a port's protocol is 0 to 3, not {number}");
            }
            Self::AddressLength(bytes) => {
                return write!(f, "an address has 4 or 16 bytes, not {bytes}");
            }
            Self::Subnet(error) => return error.fmt(f),
            Self::NotAContainer => "only a set, table, record, vector, list or any is begun so",
            Self::NoOrder => "only a set or a table is begun as ordered",
            Self::NothingOpen => "there is no container to end",
            Self::StillOpen => "end every container before the values are used",
            Self::NotOneValue => "an any and an opaque hold one value each",
            Self::MissingTableValue => "the table's last key has no value",
            Self::MissingField => "the record's last name has no field",
            Self::MissingFieldName => "put the field's name before its value, or name no field",
            Self::StrayFieldName => "name each field of a record once, before its value, or none",
        })
    }
}

/// The first fault since the values were cleared, with its text for C.
#[derive(Debug, Default)]
pub(super) struct Sticky(Option<(zw_result, CString)>);

impl Sticky {
    pub(super) fn clear(&mut self) {
        self.0 = None;
    }

    pub(super) fn result(&self) -> Option<zw_result> {
        self.0.as_ref().map(|(result, _)| *result)
    }

    /// The text; empty without a fault.
    pub(super) fn text(&self) -> &CStr {
        self.0.as_ref().map_or(c"", |(_, text)| text)
    }

    /// Keeps a fault, with the number of the outermost value in which it is.
    #[cold]
    pub(super) fn set(&mut self, fault: ValuesFault, index: usize) -> zw_result {
        let text = format!("value {index}: {fault}");
        self.set_text(fault.result(), text)
    }

    #[cold]
    pub(super) fn set_text(&mut self, result: zw_result, text: String) -> zw_result {
        self.0 = Some((result, crate::failure::c_text(text)));
        result
    }
}
