//! Options of webhooks.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Webhooks.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebhookConfig {
    /// Networks, such as `10.1.0.0/16`, to which messages may be sent even though these networks are not public. To these networks, messages may also
    /// be sent over plain HTTP.
    pub allow_private: Vec<Network>,
    /// Time limit in seconds for a receiver's answer, 1 to 60.
    pub timeout_seconds: u64,
    /// Seconds from the first attempt, if it fails, to the second attempt, 1 to 3600. Later pauses are longer: up to 5,760 times this value, which is
    /// eight hours by default.
    pub first_retry_seconds: u32,
    /// A webhook is disabled if its receiver accepts nothing for this many hours, 1 to 720. If the receiver refuses a single event, only the later
    /// events of the same callshop are blocked.
    pub give_up_hours: u32,
    /// Maximum number of webhooks of an account, 1 to 1000.
    pub per_account: u64,
    /// Maximum number of simultaneous deliveries on each node, 1 to 1000. At most an eighth of these deliveries are for one webhook, and at most a
    /// quarter are for one account.
    pub concurrency: usize,
    /// Days to keep the log of deliveries, 1 to 400. The log of a webhook has at most 10,000 messages.
    pub log_days: u32,
}

impl Default for WebhookConfig {
    fn default() -> Self {
        Self {
            allow_private: Vec::new(),
            timeout_seconds: 15,
            first_retry_seconds: 5,
            give_up_hours: 72,
            per_account: 20,
            concurrency: 64,
            log_days: 14,
        }
    }
}

impl WebhookConfig {
    /// Checks the bounds that types cannot express. `activity_days` is the number of days for which activities are kept.
    ///
    /// # Errors
    /// Returns a sentence that names the first option that is out of its bounds.
    pub fn check(&self, activity_days: u32) -> Result<(), String> {
        let bad = |text: &str| Err(text.to_owned());
        if !(1..=60).contains(&self.timeout_seconds) || !(1..=3_600).contains(&self.first_retry_seconds) {
            return bad(
                "webhooks.timeout_seconds must be 1 to 60, and webhooks.first_retry_seconds 1 to 3600",
            );
        }
        if !(1..=720).contains(&self.give_up_hours) {
            return bad("webhooks.give_up_hours must be 1 to 720");
        }
        if !(1..=1_000).contains(&self.per_account) || !(1..=1_000).contains(&self.concurrency) {
            return bad("webhooks.per_account and webhooks.concurrency must be 1 to 1000");
        }
        if !(1..=400).contains(&self.log_days) {
            return bad("webhooks.log_days must be 1 to 400");
        }
        // otherwise, events would be deleted while the server is still trying to deliver them
        if activity_days.saturating_mul(24) <= self.give_up_hours {
            return bad(
                "retention.activity_days must be longer than webhooks.give_up_hours: keep activities for more days, or give up earlier",
            );
        }
        Ok(())
    }

    /// Maximum number of simultaneous deliveries of one webhook on each node.
    pub fn per_webhook(&self) -> usize {
        self.concurrency.div_ceil(8)
    }

    /// Maximum number of simultaneous deliveries of all webhooks of one account on each node.
    pub fn per_account_at_once(&self) -> usize {
        self.concurrency.div_ceil(4)
    }
}

/// A range of addresses, written as `10.1.0.0/16` or as a single address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

impl Network {
    /// The addresses of this machine.
    pub const LOOPBACK: [Self; 2] = [
        Self { address: IpAddr::V4(Ipv4Addr::new(127, 0, 0, 0)), bits: 8 },
        Self { address: IpAddr::V6(Ipv6Addr::LOCALHOST), bits: 128 },
    ];

    /// Whether the range contains this address. An IPv4-mapped IPv6 address is in no range of IPv4 addresses.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let shift = 32 - u32::from(self.bits);
                own.to_bits().checked_shr(shift) == other.to_bits().checked_shr(shift)
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let shift = 128 - u32::from(self.bits);
                own.to_bits().checked_shr(shift) == other.to_bits().checked_shr(shift)
            }
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || format!("{text:?} is not a network such as 10.1.0.0/16");
        let (address, bits) =
            text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().map_err(|_| bad())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(most), |bits| bits.parse::<u8>().map_err(|_| bad()))?;
        if bits > most {
            return Err(bad());
        }
        Ok(Self { address, bits })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

impl TryFrom<String> for Network {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Network> for String {
    fn from(network: Network) -> Self {
        network.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_has_the_addresses_with_its_prefix() {
        let has = |network: &str, address: &str| {
            network.parse::<Network>().expect("a network").contains(address.parse().expect("an address"))
        };
        assert!(has("10.1.0.0/16", "10.1.255.1") && !has("10.1.0.0/16", "10.2.0.1"));
        assert!(has("127.0.0.1", "127.0.0.1") && !has("127.0.0.1", "127.0.0.2"));
        assert!(has("0.0.0.0/0", "8.8.8.8") && has("::/0", "2001:db8::1"));
        assert!(has("fd00::/8", "fd12::1") && !has("fd00::/8", "fc00::1"));
        assert!(!has("127.0.0.0/8", "::ffff:127.0.0.1") && !has("::/0", "127.0.0.1"));
        for bad in ["", "10.0.0.0/33", "::/129", "10.0.0/8", "10.0.0.0/", "10.0.0.0/-1", "example.com"] {
            assert!(bad.parse::<Network>().is_err(), "{bad}");
        }
    }

    #[test]
    fn events_are_kept_for_as_long_as_their_delivery_is_tried() {
        let config = WebhookConfig::default();
        assert_eq!(config.check(4), Ok(()));
        assert!(config.check(3).is_err_and(|text| text.contains("activity_days")));
    }
}
