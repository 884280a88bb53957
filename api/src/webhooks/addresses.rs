//! Which addresses are public.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The ranges of IPv4 addresses that are not public (the IANA registry of special-purpose addresses, and multicast).
const NOT_PUBLIC_V4: [([u8; 4], u32); 16] = [
    // addresses of "this network", including the unspecified address
    ([0, 0, 0, 0], 8),
    ([10, 0, 0, 0], 8),
    // carriers' NAT
    ([100, 64, 0, 0], 10),
    ([127, 0, 0, 0], 8),
    ([169, 254, 0, 0], 16),
    ([172, 16, 0, 0], 12),
    ([192, 0, 0, 0], 24),
    // documentation
    ([192, 0, 2, 0], 24),
    ([198, 51, 100, 0], 24),
    ([203, 0, 113, 0], 24),
    // relays of 6to4
    ([192, 88, 99, 0], 24),
    ([192, 168, 0, 0], 16),
    // benchmarks
    ([198, 18, 0, 0], 15),
    // multicast
    ([224, 0, 0, 0], 4),
    // reserved, and broadcast
    ([240, 0, 0, 0], 4),
    ([255, 255, 255, 255], 32),
];

/// The ranges within 2000::/3 that are not public. Outside of 2000::/3, no IPv6 address is public: there are only loopback, link-local, unique local,
/// multicast, IPv4-mapped, IPv4-compatible, NAT64 and unassigned addresses.
const NOT_PUBLIC_V6: [(u16, u16, u32); 4] = [
    // special purposes, such as Teredo
    (0x2001, 0x0000, 23),
    // documentation
    (0x2001, 0x0db8, 32),
    (0x3fff, 0x0000, 20),
    // 6to4: each address contains an IPv4 address
    (0x2002, 0x0000, 16),
];

/// Whether an address belongs to the public internet. An address that contains an IPv4 address is not public, because a translator could send the
/// message to a private address.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let has = |(start, bits): &([u8; 4], u32)| {
        let shift = 32 - bits;
        address.to_bits() >> shift == Ipv4Addr::from(*start).to_bits() >> shift
    };
    !NOT_PUBLIC_V4.iter().any(has)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let has = |(first, second, bits): &(u16, u16, u32)| {
        let start = Ipv6Addr::new(*first, *second, 0, 0, 0, 0, 0, 0).to_bits();
        let shift = 128 - bits;
        address.to_bits() >> shift == start >> shift
    };
    address.segments()[0] & 0xe000 == 0x2000 && !NOT_PUBLIC_V6.iter().any(has)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_pass() {
        let public = |text: &str| is_public(text.parse().expect("an address"));
        for text in
            ["8.8.8.8", "1.1.1.1", "100.63.255.255", "172.32.0.1", "193.0.0.1", "2606:4700::1111", "2a00::1"]
        {
            assert!(public(text), "{text}");
        }
        for text in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.255",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "203.0.113.1",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:8.8.8.8",
            "::8.8.8.8",
            "64:ff9b::8.8.8.8",
            "64:ff9b:1::8.8.8.8",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:808:808::1",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!public(text), "{text}");
        }
    }
}
