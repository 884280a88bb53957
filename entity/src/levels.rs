//! Stores in a few bytes which rate a call has at each level. A tariff version never changes, and its rates are never deleted, so a call needs no
//! copy of its rates.

use std::fmt;

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// Size of one level in bytes: 16 for the payee, 16 for the version, and 8 for the prefix. `callshop audit` and the reports also read these bytes, in
/// SQL.
pub const LEVEL_BYTES: usize = 16 + 16 + 8;
/// Maximum number of digits of a prefix.
const DIGITS: usize = 16;
/// Fills the positions after a prefix's last digit.
const NO_DIGIT: u8 = 0xf;

/// A rate's prefix as stored with a call: one digit in each half of a byte, and `f` in the positions after the last digit.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix([u8; 8]);

impl Prefix {
    /// The stored form of a prefix; `None` unless the text has 1 to 16 digits and nothing else.
    pub fn parse(text: &str) -> Option<Self> {
        if text.is_empty() || text.len() > DIGITS || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let mut digits = text.bytes().map(|byte| byte - b'0').chain(std::iter::repeat(NO_DIGIT));
        let mut next = || digits.next().unwrap_or(NO_DIGIT);
        Some(Self(std::array::from_fn(|_| (next() << 4) | next())))
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for digit in
            self.0.iter().flat_map(|byte| [byte >> 4, byte & NO_DIGIT]).take_while(|digit| *digit < 10)
        {
            write!(f, "{digit}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}

/// The primary key of a rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RateKey {
    /// The tariff version.
    pub version_id: Uuid,
    /// The rate's prefix.
    pub prefix: Prefix,
}

/// One level of a call: payer, payee, and rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LevelKey {
    /// The paying account. The paying account of level 0 is the callshop, because the customer has no account.
    pub account_id: Uuid,
    /// The payee.
    pub payee_id: Uuid,
    /// The rate.
    pub rate: RateKey,
}

/// The levels of a call, beginning with the customer's level. Each level is stored in [`LEVEL_BYTES`] bytes: its payee, version and prefix. The
/// payers are not stored: the callshop pays at levels 0 and 1, and at each higher level, the payee of the level below pays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, DeriveValueType)]
#[serde(transparent)]
pub struct Levels(Vec<u8>);

impl Levels {
    /// Packs the levels of a call of this callshop; `None` if a level's payer is not the account that [`Self::read`] would derive.
    pub fn new(callshop_id: Uuid, levels: &[LevelKey]) -> Option<Self> {
        let mut bytes = Vec::with_capacity(levels.len() * LEVEL_BYTES);
        for level in levels {
            bytes.extend(level.payee_id.as_bytes());
            bytes.extend(level.rate.version_id.as_bytes());
            bytes.extend(level.rate.prefix.0);
        }
        let stored = Self(bytes);
        (stored.read(callshop_id)? == levels).then_some(stored)
    }

    /// Unpacks the levels of a call of this callshop; `None` if the bytes are not levels.
    pub fn read(&self, callshop_id: Uuid) -> Option<Vec<LevelKey>> {
        let (levels, rest) = self.0.as_chunks::<LEVEL_BYTES>();
        let mut payer = callshop_id;
        let read = |bytes: &[u8; LEVEL_BYTES]| {
            let (payee, rest) = bytes.split_first_chunk::<16>()?;
            let (version, rest) = rest.split_first_chunk::<16>()?;
            let rate =
                RateKey { version_id: Uuid::from_bytes(*version), prefix: Prefix(*rest.first_chunk()?) };
            let level = LevelKey { account_id: payer, payee_id: Uuid::from_bytes(*payee), rate };
            payer = level.payee_id;
            Some(level)
        };
        if rest.is_empty() { levels.iter().map(read).collect() } else { None }
    }

    /// Whether the call has no rates, which is the case for an emergency call.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn levels(shop: Uuid, chain: &[(Uuid, &str)]) -> Vec<LevelKey> {
        let mut payer = shop;
        let level = |(payee, prefix): &(Uuid, &str)| {
            let prefix = Prefix::parse(prefix).expect("a prefix");
            let rate = RateKey { version_id: Uuid::now_v7(), prefix };
            let level = LevelKey { account_id: payer, payee_id: *payee, rate };
            payer = *payee;
            level
        };
        chain.iter().map(level).collect()
    }

    #[test]
    fn prefixes_come_back() {
        for text in ["1", "35", "351", "5511987654321", "123456789012345", "1234567890123456"] {
            assert_eq!(Prefix::parse(text).expect("a prefix").to_string(), text);
        }
        for text in ["", "12345678901234567", "+1", "1 ", "1a", "٣"] {
            assert_eq!(Prefix::parse(text), None, "{text}");
        }
        assert!(Prefix::parse("35") < Prefix::parse("36"));
    }

    #[test]
    fn levels_come_back_with_their_payers() {
        let [shop, reseller, distributor, platform] = std::array::from_fn(|_| Uuid::now_v7());
        let all = levels(shop, &[(shop, "351"), (reseller, "3519"), (distributor, "35"), (platform, "3")]);
        for count in 0..=all.len() {
            let stored = Levels::new(shop, &all[..count]).expect("levels of one chain");
            assert_eq!(stored.0.len(), count * LEVEL_BYTES);
            assert_eq!(stored.read(shop).expect("levels"), all[..count]);
            assert_eq!(stored.is_empty(), count == 0);
        }
    }

    #[test]
    fn a_payer_outside_the_chain_is_not_stored() {
        let [shop, reseller, other] = std::array::from_fn(|_| Uuid::now_v7());
        let mut all = levels(shop, &[(shop, "351"), (reseller, "35")]);
        all[1].account_id = other;
        assert_eq!(Levels::new(shop, &all), None);
    }

    #[test]
    fn other_bytes_are_not_levels() {
        assert_eq!(Levels(vec![0; LEVEL_BYTES + 1]).read(Uuid::now_v7()), None);
    }
}
