//! Ports and subnets.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

/// Bits in front of the IPv4 address inside an IPv4-mapped IPv6 address.
const MAPPED_BITS: u8 = 96;

/// A transport-layer port: `80/tcp`.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Port {
    /// The port's number; for ICMP, its type or code.
    pub number: u16,
    /// The protocol that the number belongs to.
    pub protocol: PortProtocol,
}

impl Port {
    /// A port of any protocol.
    #[must_use]
    pub const fn new(number: u16, protocol: PortProtocol) -> Self {
        Self { number, protocol }
    }

    /// A TCP port.
    #[must_use]
    pub const fn tcp(number: u16) -> Self {
        Self::new(number, PortProtocol::Tcp)
    }

    /// A UDP port.
    #[must_use]
    pub const fn udp(number: u16) -> Self {
        Self::new(number, PortProtocol::Udp)
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.protocol)
    }
}

impl FromStr for Port {
    type Err = PortError;

    /// Reads `80/tcp`; the protocol may be `?` for an unknown one.
    fn from_str(text: &str) -> Result<Self, PortError> {
        let (number, protocol) = text.split_once('/').ok_or(PortError::NoProtocol)?;
        if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
            return Err(PortError::BadNumber);
        }
        let number = number.parse().map_err(|_| PortError::BadNumber)?;
        let protocol = match protocol {
            "tcp" => PortProtocol::Tcp,
            "udp" => PortProtocol::Udp,
            "icmp" => PortProtocol::Icmp,
            "unknown" | "?" => PortProtocol::Unknown,
            _ => return Err(PortError::BadProtocol),
        };
        Ok(Self { number, protocol })
    }
}

/// The protocol of a [`Port`]. The numbers are those of Zeek and of the formats.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[repr(u8)]
pub enum PortProtocol {
    /// `unknown`
    #[default]
    Unknown = 0,
    /// `tcp`
    Tcp = 1,
    /// `udp`
    Udp = 2,
    /// `icmp`
    Icmp = 3,
}

impl PortProtocol {
    /// The protocol with this number, if there is one.
    #[must_use]
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::Unknown),
            1 => Some(Self::Tcp),
            2 => Some(Self::Udp),
            3 => Some(Self::Icmp),
            _ => None,
        }
    }
}

impl fmt::Display for PortProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "unknown",
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Icmp => "icmp",
        })
    }
}

/// Why a text is not a port.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum PortError {
    /// There is no `/`.
    NoProtocol,
    /// What stands before the `/` is not a number from 0 to 65535.
    BadNumber,
    /// What stands after the `/` is not a protocol.
    BadProtocol,
}

impl fmt::Display for PortError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoProtocol => "a port needs its protocol: write `80/tcp`",
            Self::BadNumber => "a port's number is 0 to 65535",
            Self::BadProtocol => "a port's protocol is tcp, udp, icmp or unknown",
        })
    }
}

impl std::error::Error for PortError {}

/// An address and a prefix length.
///
/// Holds 16 address bytes and a length of 0 to 128 bits, with IPv4 mapped into IPv6, because that
/// is what peers send. A subnet whose address is IPv4-mapped and whose length is below 96 covers
/// more than IPv4: it counts as IPv6. Two subnets are equal when bytes and length are.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Subnet {
    address: [u8; 16],
    length_raw: u8,
}

impl Subnet {
    /// The subnet of `length` bits around `address`; bits of `address` behind the prefix are
    /// cleared, as Zeek does. `length` counts in the address's own family; an IPv4-mapped address
    /// is IPv4.
    ///
    /// # Errors
    /// [`SubnetError::TooLong`] when the family has fewer bits.
    pub fn new(address: IpAddr, length: u8) -> Result<Self, SubnetError> {
        let (bytes, length_raw) = match address.to_canonical() {
            IpAddr::V4(_) if length > 32 => return Err(SubnetError::TooLong(length)),
            IpAddr::V4(v4) => (v4.to_ipv6_mapped(), length + MAPPED_BITS),
            IpAddr::V6(_) if length > 128 => return Err(SubnetError::TooLong(length)),
            IpAddr::V6(v6) => (v6, length),
        };
        let host_bits = 128 - u32::from(length_raw);
        let mask = u128::MAX.checked_shl(host_bits).unwrap_or(0);
        Ok(Self {
            address: (u128::from(bytes) & mask).to_be_bytes(),
            length_raw,
        })
    }

    /// The subnet exactly as a peer sent it: 16 address bytes, IPv4 mapped, and a length of the
    /// 128 bits. Host bits stay.
    ///
    /// # Errors
    /// [`SubnetError::TooLong`] when `length_raw` is above 128.
    pub const fn from_raw(address: [u8; 16], length_raw: u8) -> Result<Self, SubnetError> {
        if length_raw > 128 {
            return Err(SubnetError::TooLong(length_raw));
        }
        Ok(Self {
            address,
            length_raw,
        })
    }

    /// The address, IPv4 where [`Subnet::is_ipv4`].
    #[must_use]
    pub fn address(&self) -> IpAddr {
        let v6 = Ipv6Addr::from(self.address);
        if self.is_ipv4() {
            v6.to_canonical()
        } else {
            IpAddr::V6(v6)
        }
    }

    /// Bits of the prefix, of 32 for IPv4 and of 128 for IPv6.
    #[must_use]
    pub fn length(&self) -> u8 {
        if self.is_ipv4() {
            self.length_raw - MAPPED_BITS
        } else {
            self.length_raw
        }
    }

    /// Whether the subnet lies within IPv4.
    #[must_use]
    pub fn is_ipv4(&self) -> bool {
        let mapped = Ipv6Addr::from(self.address).to_ipv4_mapped().is_some();
        mapped && self.length_raw >= MAPPED_BITS
    }

    /// The 16 address bytes, IPv4 mapped into IPv6.
    #[must_use]
    pub const fn address_raw(&self) -> [u8; 16] {
        self.address
    }

    /// Bits of the prefix, of 128.
    #[must_use]
    pub const fn length_raw(&self) -> u8 {
        self.length_raw
    }
}

impl fmt::Display for Subnet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address(), self.length())
    }
}

impl FromStr for Subnet {
    type Err = SubnetError;

    /// Reads `10.0.0.0/8` and `2001:db8::/32`, clearing host bits as [`Subnet::new`] does.
    fn from_str(text: &str) -> Result<Self, SubnetError> {
        let (address, length) = split(text)?;
        Self::new(address, length)
    }
}

impl Subnet {
    /// Reads the text form and keeps host bits and an IPv4-mapped address with its length of 128,
    /// so that what [`Display`](fmt::Display) writes is read back exactly.
    ///
    /// # Errors
    /// [`SubnetError`] says what is wrong with the text.
    pub fn from_text_exact(text: &str) -> Result<Self, SubnetError> {
        match split(text)? {
            (IpAddr::V4(_), length) if length > 32 => Err(SubnetError::TooLong(length)),
            (IpAddr::V4(v4), length) => {
                Self::from_raw(v4.to_ipv6_mapped().octets(), length + MAPPED_BITS)
            }
            (IpAddr::V6(v6), length) => Self::from_raw(v6.octets(), length),
        }
    }
}

fn split(text: &str) -> Result<(IpAddr, u8), SubnetError> {
    let (address, length) = text.split_once('/').ok_or(SubnetError::NoLength)?;
    let address = address.parse().map_err(|_| SubnetError::BadAddress)?;
    if length.is_empty() || !length.bytes().all(|b| b.is_ascii_digit()) {
        return Err(SubnetError::BadLength);
    }
    Ok((address, length.parse().map_err(|_| SubnetError::BadLength)?))
}

/// Why something is not a subnet.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SubnetError {
    /// The length has more bits, these many, than the address.
    TooLong(u8),
    /// There is no `/`.
    NoLength,
    /// What stands before the `/` is not an address.
    BadAddress,
    /// What stands after the `/` is not a number from 0 to 255.
    BadLength,
}

impl fmt::Display for SubnetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong(bits) => {
                write!(
                    f,
                    "a subnet has at most 32 bits for IPv4 and 128 for IPv6, not {bits}"
                )
            }
            Self::NoLength => f.write_str("a subnet needs a prefix length: write `10.0.0.0/8`"),
            Self::BadAddress => f.write_str("the subnet's address is neither IPv4 nor IPv6"),
            Self::BadLength => f.write_str("the subnet's prefix length is not a number"),
        }
    }
}

impl std::error::Error for SubnetError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_bits_are_cleared_on_construction_and_kept_from_the_wire() {
        let net = Subnet::new([10, 1, 2, 3].into(), 8).unwrap();
        assert_eq!(net.to_string(), "10.0.0.0/8");
        assert_eq!(net.length_raw(), 104);
        let raw = Subnet::from_raw([0xff; 16], 3).unwrap();
        assert_eq!(raw.address_raw(), [0xff; 16]);
        assert_eq!(
            Subnet::from_raw([0; 16], 129),
            Err(SubnetError::TooLong(129))
        );
    }

    #[test]
    fn mapped_address_with_a_short_prefix_is_ipv6() {
        let mapped = "::ffff:10.0.0.0".parse::<Ipv6Addr>().unwrap().octets();
        let net = Subnet::from_raw(mapped, 80).unwrap();
        assert!(!net.is_ipv4());
        assert_eq!(net.to_string(), "::ffff:10.0.0.0/80");
        assert_eq!(Subnet::from_text_exact(&net.to_string()), Ok(net));
        assert_eq!(
            Subnet::from_raw(mapped, 104).unwrap().to_string(),
            "10.0.0.0/8"
        );
    }

    #[test]
    fn texts_are_checked() {
        assert_eq!("80/tcp".parse(), Ok(Port::tcp(80)));
        assert_eq!("0/?".parse(), Ok(Port::default()));
        assert_eq!("80".parse::<Port>(), Err(PortError::NoProtocol));
        assert_eq!("+80/tcp".parse::<Port>(), Err(PortError::BadNumber));
        assert_eq!("65536/tcp".parse::<Port>(), Err(PortError::BadNumber));
        assert_eq!("1/sctp".parse::<Port>(), Err(PortError::BadProtocol));
        assert_eq!(
            "::/0".parse::<Subnet>().map(|n| n.to_string()),
            Ok("::/0".to_owned())
        );
        assert_eq!(
            "1.2.3.4/33".parse::<Subnet>(),
            Err(SubnetError::TooLong(33))
        );
        assert_eq!("1.2.3.4".parse::<Subnet>(), Err(SubnetError::NoLength));
        assert_eq!("1.2.3/8".parse::<Subnet>(), Err(SubnetError::BadAddress));
        assert_eq!("1.2.3.4/".parse::<Subnet>(), Err(SubnetError::BadLength));
    }
}
