//! The codec for hosts that have values of their own: `capnp-v1` written and read in place.

pub mod decoder;
pub mod encoder;
#[cfg(test)]
pub(crate) mod tests;

use std::net::{IpAddr, Ipv6Addr};

use zeekwire::EncodeError;
use zeekwire::value::{Subnet, SubnetError};
use zeekwire_serializer::EncodeFault;

use crate::failure::Failure;
use crate::zw_result;

/// Why an event could not be encoded, for C.
pub(crate) fn encode_failure(error: &EncodeError) -> Failure {
    let result = match error.fault() {
        EncodeFault::TooLarge | EncodeFault::TooDeep | EncodeFault::TooManyValues => {
            zw_result::ZW_TOO_LARGE
        }
        _ => zw_result::ZW_ENCODE,
    };
    Failure::new(result, error.to_string())
}

/// What is wrong with the bytes of an address or a subnet.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum BadAddress {
    /// There are this many bytes instead of 4 or 16.
    Width(usize),
    /// The length is wrong.
    Subnet(SubnetError),
}

/// The address in 4 or 16 bytes of network order.
#[inline]
pub(crate) fn address_of(bytes: &[u8]) -> Result<IpAddr, BadAddress> {
    if let Ok(v4) = <[u8; 4]>::try_from(bytes) {
        return Ok(v4.into());
    }
    match <[u8; 16]>::try_from(bytes) {
        Ok(v6) => Ok(v6.into()),
        Err(_) => Err(BadAddress::Width(bytes.len())),
    }
}

/// The subnet around an address, exactly: host bits stay. `length` counts in the bits that the
/// address has.
#[inline]
pub(crate) fn subnet_of(bytes: &[u8], length: u8) -> Result<Subnet, BadAddress> {
    let (octets, mapped_bits, bits) = match address_of(bytes)? {
        IpAddr::V4(v4) => (v4.to_ipv6_mapped(), 96, 32),
        IpAddr::V6(v6) => (Ipv6Addr::from(v6.octets()), 0, 128),
    };
    if length > bits {
        return Err(BadAddress::Subnet(SubnetError::TooLong(length)));
    }
    Subnet::from_raw(octets.octets(), length + mapped_bits).map_err(BadAddress::Subnet)
}
