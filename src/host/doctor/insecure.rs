//! Registries that the engine is configured to trust without TLS.

use std::net::IpAddr;

use super::connection::resolve;

/// Any port will do: only the addresses are needed.
const HTTPS: u16 = 443;

/// The entries of an engine's `insecure-registries`.
#[derive(Debug, Default)]
pub(super) struct InsecureRegistries {
    hosts: Vec<String>,
    networks: Vec<Network>,
}

/// Addresses that begin with the same bits.
#[derive(Debug, Clone, Copy)]
struct Network {
    address: IpAddr,
    bits: u32,
}

impl InsecureRegistries {
    /// Reads entries such as `registry.example.com:5000` and `10.0.0.0/8`. The engine's own host, which is always among
    /// them, is left out: registries there are asked without TLS anyway.
    pub fn of(entries: &[String]) -> Self {
        let (networks, hosts): (Vec<_>, Vec<_>) =
            entries.iter().partition(|entry| entry.contains('/'));
        let networks = networks.iter().filter_map(|text| Network::parse(text));
        Self {
            hosts: hosts.into_iter().cloned().collect(),
            networks: networks
                .filter(|network| !network.address.is_loopback())
                .collect(),
        }
    }

    /// Whether the registry `name` (host and optional port) is one of them. As in the engine, a name is resolved if there
    /// are networks to compare its addresses with.
    pub async fn has(&self, name: &str, host: &str) -> bool {
        if self
            .hosts
            .iter()
            .any(|known| known.eq_ignore_ascii_case(name))
        {
            return true;
        }
        if self.networks.is_empty() {
            return false;
        }
        let addresses = resolve(host, HTTPS).await.unwrap_or_default();
        let mut networks = self.networks.iter();
        networks.any(|network| addresses.iter().any(|address| network.has(address.ip())))
    }
}

impl Network {
    fn parse(text: &str) -> Option<Self> {
        let (address, bits) = text.split_once('/')?;
        let address: IpAddr = address.parse().ok()?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.parse().ok().filter(|bits| *bits <= most)?;
        Some(Self { address, bits })
    }

    fn has(&self, other: IpAddr) -> bool {
        let (differing, width) = match (self.address, other) {
            (IpAddr::V4(one), IpAddr::V4(two)) => {
                (u128::from(one.to_bits() ^ two.to_bits()), u32::BITS)
            }
            (IpAddr::V6(one), IpAddr::V6(two)) => (one.to_bits() ^ two.to_bits(), u128::BITS),
            _ => return false,
        };
        // A network that contains all addresses needs a shift by the whole width.
        differing.checked_shr(width - self.bits).unwrap_or(0) == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn registries_are_insecure_by_their_name_or_by_their_network() {
        let entries = [
            "registry.example.com:5000",
            "10.0.0.0/8",
            "2001:db8::/33",
            "127.0.0.0/8",
            "nonsense/x",
        ];
        let insecure = InsecureRegistries::of(&entries.map(str::to_owned));
        for (name, host, expected) in [
            ("registry.example.com:5000", "registry.example.com", true),
            ("10.9.8.7:5000", "10.9.8.7", true),
            ("11.0.0.1", "11.0.0.1", false),
            ("[2001:db8::1]:5000", "[2001:db8::1]", true),
            ("[2001:db8:8000::1]:5000", "[2001:db8:8000::1]", false),
            ("127.0.0.1:5000", "127.0.0.1", false),
        ] {
            assert_eq!(insecure.has(name, host).await, expected, "{name}");
        }
        let all = InsecureRegistries::of(&["0.0.0.0/0".to_owned()]);
        assert!(all.has("192.0.2.1", "192.0.2.1").await);
        assert!(!all.has("[2001:db8::1]", "[2001:db8::1]").await);
        let none = InsecureRegistries::of(&[]);
        assert!(!none.has("10.9.8.7", "10.9.8.7").await);
    }
}
