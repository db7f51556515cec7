//! Addresses and subnets as Zeek's logs have them.

use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;

use zeekwire_types::value::Subnet;

use crate::number::push_count;

/// Appends an address; an IPv4-mapped one as IPv4.
#[inline]
pub(crate) fn push_address(out: &mut Vec<u8>, address: IpAddr) {
    match address.to_canonical() {
        IpAddr::V4(address) => push_v4(out, address),
        IpAddr::V6(address) => push_v6(out, address),
    }
}

/// Appends a subnet.
pub(crate) fn push_subnet(out: &mut Vec<u8>, subnet: Subnet) {
    match subnet.address() {
        IpAddr::V4(address) => push_v4(out, address),
        IpAddr::V6(address) => push_v6(out, address),
    }
    out.push(b'/');
    push_count(out, subnet.length().into());
}

fn push_v4(out: &mut Vec<u8>, address: Ipv4Addr) {
    let mut text = [0; 16];
    let mut length = 0;
    for octet in address.octets() {
        if octet >= 100 {
            text[length] = b'0' + octet / 100;
            length += 1;
        }
        if octet >= 10 {
            text[length] = b'0' + octet / 10 % 10;
            length += 1;
        }
        text[length] = b'0' + octet % 10;
        text[length + 1] = b'.';
        length += 2;
    }
    out.extend_from_slice(&text[..length - 1]);
}

/// As the C library of FreeBSD does it, which Zeek took over: the first of the longest runs of
/// zeros is left out, if it is two groups or more, and addresses that hold an IPv4 address in one
/// of the old ways end like one.
fn push_v6(out: &mut Vec<u8>, address: Ipv6Addr) {
    let groups = address.segments();
    let (start, length) = longest_zeros(&groups);
    let embeds = start == 0
        && (length == 6
            || (length == 5 && groups[5] == 0xffff)
            || (length == 4 && groups[4] == 0xffff && groups[5] == 0));
    let mut at = 0;
    while at < groups.len() {
        if length > 0 && at == start {
            out.extend_from_slice(b"::");
            at += length;
            continue;
        }
        // After the run, its second colon stands already.
        if at > 0 && (length == 0 || at != start + length) {
            out.push(b':');
        }
        if embeds && at == 6 {
            let [.., a, b, c, d] = address.octets();
            push_v4(out, Ipv4Addr::new(a, b, c, d));
            return;
        }
        push_group(out, groups[at]);
        at += 1;
    }
}

fn push_group(out: &mut Vec<u8>, group: u16) {
    let digits = 4 - group.leading_zeros().min(15) / 4;
    for place in (0..digits).rev() {
        let digit = group >> (place * 4) & 15;
        out.push(b"0123456789abcdef"[usize::from(digit)]);
    }
}

/// Where the first of the longest runs of zeros starts, and how long it is; a length of 0 when
/// there is none of two groups or more.
fn longest_zeros(groups: &[u16; 8]) -> (usize, usize) {
    let mut best = (0, 1);
    let mut start = 0;
    for (at, group) in groups.iter().enumerate() {
        if *group != 0 {
            start = at + 1;
        } else if at + 1 - start > best.1 {
            best = (start, at + 1 - start);
        }
    }
    if best.1 < 2 { (0, 0) } else { best }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(address: &str) -> String {
        let mut out = Vec::new();
        push_address(&mut out, address.parse().unwrap());
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn addresses_look_as_in_zeek() {
        for same in [
            "0.0.0.0",
            "255.255.255.255",
            "10.9.99.100",
            "::",
            "::1",
            "1::",
            "::5",
            "2001:db8::5",
            "2001:db8:0:1:2:3:4:5",
            "1:0:0:2::3",
            "fe80::f4:d8ff:fe25:6744",
            "a:b:c:d:e:f:1000:f0",
            "::1:2:3:4:5:6",
            "1:2:3:4:5:6::",
        ] {
            assert_eq!(text(same), same);
        }
        // IPv4 inside IPv6, in the three ways of old.
        assert_eq!(text("::ffff:1.2.3.4"), "1.2.3.4");
        assert_eq!(text("::1.2.3.4"), "::1.2.3.4");
        assert_eq!(text("::1:5"), "::0.1.0.5");
        assert_eq!(text("::ffff:0:1.2.3.4"), "::ffff:0:1.2.3.4");
        // Of two runs the first, of three the longest.
        assert_eq!(text("1:0:0:2:0:0:3:4"), "1::2:0:0:3:4");
        assert_eq!(text("1:0:0:2:0:0:0:4"), "1:0:0:2::4");
    }

    #[test]
    fn subnets_count_in_their_own_family() {
        for same in ["10.0.0.0/8", "0.0.0.0/0", "2001:db8::/32", "::/0"] {
            let mut out = Vec::new();
            push_subnet(&mut out, same.parse().unwrap());
            assert_eq!(String::from_utf8(out).unwrap(), same);
        }
    }
}
