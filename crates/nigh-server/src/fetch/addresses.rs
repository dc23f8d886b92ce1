use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether a connection may be made there; to addresses of a private network or of this machine only where `private`.
pub(super) fn may_be_reached(address: IpAddr, private: bool) -> bool {
    match reach(address) {
        Reach::Public => true,
        Reach::Private => private,
        Reach::Never => false,
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    /// Anywhere.
    Public,
    /// A private network, or this machine.
    Private,
    /// No host with pictures is there: this link, where clouds answer for themselves; many at once; examples; tests.
    Never,
}

/// Networks that are not public, after the registries of special addresses at IANA (RFC 6890); the first that fits counts.
const SPECIAL_4: [(Ipv4Addr, u32, Reach); 19] = [
    // Two clouds' own data.
    (Ipv4Addr::new(100, 100, 100, 200), 32, Reach::Never),
    (Ipv4Addr::new(168, 63, 129, 16), 32, Reach::Never),
    (Ipv4Addr::new(0, 0, 0, 0), 8, Reach::Never),
    (Ipv4Addr::new(10, 0, 0, 0), 8, Reach::Private),
    (Ipv4Addr::new(100, 64, 0, 0), 10, Reach::Private),
    (Ipv4Addr::new(127, 0, 0, 0), 8, Reach::Private),
    (Ipv4Addr::new(169, 254, 0, 0), 16, Reach::Never),
    (Ipv4Addr::new(172, 16, 0, 0), 12, Reach::Private),
    (Ipv4Addr::new(192, 0, 0, 0), 24, Reach::Never),
    (Ipv4Addr::new(192, 0, 2, 0), 24, Reach::Never),
    (Ipv4Addr::new(192, 31, 196, 0), 24, Reach::Never),
    (Ipv4Addr::new(192, 52, 193, 0), 24, Reach::Never),
    (Ipv4Addr::new(192, 88, 99, 0), 24, Reach::Never),
    (Ipv4Addr::new(192, 168, 0, 0), 16, Reach::Private),
    (Ipv4Addr::new(192, 175, 48, 0), 24, Reach::Never),
    (Ipv4Addr::new(198, 18, 0, 0), 15, Reach::Never),
    (Ipv4Addr::new(198, 51, 100, 0), 24, Reach::Never),
    (Ipv4Addr::new(203, 0, 113, 0), 24, Reach::Never),
    // Many at once, and what is reserved.
    (Ipv4Addr::new(224, 0, 0, 0), 3, Reach::Never),
];

/// The same for IPv6, where only 2000::/3 is public at all.
const SPECIAL_6: [(Ipv6Addr, u32, Reach); 9] = [
    // Two clouds' own data.
    (
        Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254),
        128,
        Reach::Never,
    ),
    (
        Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254),
        128,
        Reach::Never,
    ),
    (Ipv6Addr::LOCALHOST, 128, Reach::Private),
    (
        Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0),
        7,
        Reach::Private,
    ),
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23, Reach::Never),
    (
        Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0),
        32,
        Reach::Never,
    ),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16, Reach::Never),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20, Reach::Never),
    (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3, Reach::Public),
];

/// Where an address of IPv4 stands at the end of one of IPv6, for a gateway to it (RFC 6052).
const GATEWAY: Ipv6Addr = Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0);

fn reach(address: IpAddr) -> Reach {
    match address {
        IpAddr::V4(address) => reach_4(address),
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(mapped) => reach_4(mapped),
            None => reach_6(address),
        },
    }
}

fn reach_4(address: Ipv4Addr) -> Reach {
    let bits = address.to_bits();
    let within = |(net, length, _): &&(Ipv4Addr, u32, Reach)| {
        (bits ^ net.to_bits()).leading_zeros() >= *length
    };
    let found = SPECIAL_4.iter().find(within);
    found.map_or(Reach::Public, |(.., reach)| *reach)
}

fn reach_6(address: Ipv6Addr) -> Reach {
    let bits = address.to_bits();
    let common = |net: &Ipv6Addr| (bits ^ net.to_bits()).leading_zeros();
    if common(&GATEWAY) >= 96 {
        let [.., a, b, c, d] = address.octets();
        return match reach_4(Ipv4Addr::new(a, b, c, d)) {
            Reach::Public => Reach::Public,
            Reach::Private | Reach::Never => Reach::Never,
        };
    }
    let found = SPECIAL_6
        .iter()
        .find(|(net, length, _)| common(net) >= *length);
    found.map_or(Reach::Never, |(.., reach)| *reach)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_reached() {
        let rows = [
            ("93.184.216.34", Reach::Public),
            ("1.1.1.1", Reach::Public),
            ("172.15.255.255", Reach::Public),
            ("172.16.0.0", Reach::Private),
            ("172.31.255.255", Reach::Private),
            ("172.32.0.0", Reach::Public),
            ("10.1.2.3", Reach::Private),
            ("192.168.0.1", Reach::Private),
            ("127.0.0.1", Reach::Private),
            ("127.255.0.1", Reach::Private),
            ("100.63.255.255", Reach::Public),
            ("100.64.0.1", Reach::Private),
            ("100.100.100.200", Reach::Never),
            ("168.63.129.16", Reach::Never),
            ("168.63.129.17", Reach::Public),
            ("100.128.0.0", Reach::Public),
            ("169.254.169.254", Reach::Never),
            ("0.0.0.0", Reach::Never),
            ("192.0.0.192", Reach::Never),
            ("192.0.2.1", Reach::Never),
            ("198.19.255.255", Reach::Never),
            ("198.51.100.7", Reach::Never),
            ("203.0.113.9", Reach::Never),
            ("223.255.255.255", Reach::Public),
            ("224.0.0.1", Reach::Never),
            ("240.0.0.1", Reach::Never),
            ("255.255.255.255", Reach::Never),
            ("::", Reach::Never),
            ("::1", Reach::Private),
            ("::127.0.0.1", Reach::Never),
            ("::ffff:127.0.0.1", Reach::Private),
            ("::ffff:169.254.169.254", Reach::Never),
            ("::ffff:1.1.1.1", Reach::Public),
            ("64:ff9b::1.1.1.1", Reach::Public),
            ("64:ff9b::10.0.0.1", Reach::Never),
            ("64:ff9b::169.254.169.254", Reach::Never),
            ("64:ff9b:1::1.1.1.1", Reach::Never),
            ("100::1", Reach::Never),
            ("2001::1", Reach::Never),
            ("2001:db8::1", Reach::Never),
            ("2002:7f00:1::", Reach::Never),
            ("2606:4700::1111", Reach::Public),
            ("3fff::1", Reach::Never),
            ("fc00::1", Reach::Private),
            ("fd12::1", Reach::Private),
            ("fd00:ec2::254", Reach::Never),
            ("fe80::1", Reach::Never),
            ("fec0::1", Reach::Never),
            ("ff02::1", Reach::Never),
        ];
        let mut wrong = Vec::new();
        for (text, expected) in rows {
            let found = reach(text.parse().unwrap());
            if found != expected {
                wrong.push(format!("{text}: {found:?}, not {expected:?}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        let home: IpAddr = "10.0.0.1".parse().unwrap();
        assert!(may_be_reached(home, true) && !may_be_reached(home, false));
    }
}
