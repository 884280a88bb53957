//! The prices of a rate within time bands.

use std::ops::Index;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, Serializer};

use super::BandPrice;

/// The prices of a rate within time bands, sorted by the band's name. Most rates have none or one, so a short vector takes much less memory than a
/// map.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BandPrices(Vec<(String, BandPrice)>);

impl BandPrices {
    /// The price in a band.
    pub fn get(&self, band: &str) -> Option<&BandPrice> {
        let at = self.position(band).ok()?;
        self.0.get(at).map(|(_, price)| price)
    }

    /// The price in a band, to be changed.
    pub fn get_mut(&mut self, band: &str) -> Option<&mut BandPrice> {
        let at = self.position(band).ok()?;
        self.0.get_mut(at).map(|(_, price)| price)
    }

    /// Sets the price in a band. Returns the price that it replaces.
    pub fn insert(&mut self, band: String, price: BandPrice) -> Option<BandPrice> {
        match self.position(&band) {
            Ok(at) => self.0.get_mut(at).map(|(_, old)| std::mem::replace(old, price)),
            Err(at) => {
                // without this, the first insertion would reserve space for four prices
                self.0.reserve_exact(1);
                self.0.insert(at, (band, price));
                None
            }
        }
    }

    /// Whether the rate has a price in a band.
    pub fn contains_key(&self, band: &str) -> bool {
        self.position(band).is_ok()
    }

    /// The names of the bands, sorted.
    pub fn keys(&self) -> impl Iterator<Item = &String> {
        self.0.iter().map(|(band, _)| band)
    }

    /// The prices, in the order of the bands' names.
    pub fn values(&self) -> impl Iterator<Item = &BandPrice> {
        self.0.iter().map(|(_, price)| price)
    }

    /// The bands' names and their prices, sorted by the names.
    pub fn iter(&self) -> impl Iterator<Item = (&String, &BandPrice)> {
        self.0.iter().map(|(band, price)| (band, price))
    }

    /// The number of bands with a price.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether no band has a price.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Removes all prices.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    fn position(&self, band: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(known, _)| known.as_str().cmp(band))
    }
}

impl Index<&str> for BandPrices {
    type Output = BandPrice;

    /// # Panics
    /// Panics if the band has no price.
    #[allow(clippy::expect_used, reason = "like the index of a map")]
    fn index(&self, band: &str) -> &BandPrice {
        self.get(band).expect("the band has a price")
    }
}

impl FromIterator<(String, BandPrice)> for BandPrices {
    /// If a name occurs twice, the later price counts.
    fn from_iter<I: IntoIterator<Item = (String, BandPrice)>>(prices: I) -> BandPrices {
        let mut found = BandPrices::default();
        for (band, price) in prices {
            found.insert(band, price);
        }
        found
    }
}

impl<const N: usize> From<[(String, BandPrice); N]> for BandPrices {
    fn from(prices: [(String, BandPrice); N]) -> BandPrices {
        prices.into_iter().collect()
    }
}

impl IntoIterator for BandPrices {
    type Item = (String, BandPrice);
    type IntoIter = std::vec::IntoIter<(String, BandPrice)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl Serialize for BandPrices {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for BandPrices {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<BandPrices, D::Error> {
        struct Prices;
        impl<'de> Visitor<'de> for Prices {
            type Value = BandPrices;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("a map from band names to prices")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<BandPrices, A::Error> {
                let mut found = BandPrices::default();
                while let Some((band, price)) = map.next_entry()? {
                    found.insert(band, price);
                }
                Ok(found)
            }
        }
        deserializer.deserialize_map(Prices)
    }
}
