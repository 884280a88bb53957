//! Masking of personal data in logs.

/// Number of leading digits that a masked number shows, which is enough for the country and area.
const FIRST: usize = 4;
/// Number of trailing digits that a masked number shows, which is enough to tell a customer's calls apart.
const LAST: usize = 2;

/// A phone number without its middle digits: `5511…78`. A number that is too short to hide any digits becomes `…`.
pub fn number(number: &str) -> String {
    let digits: Vec<char> = number.chars().filter(char::is_ascii_digit).collect();
    if digits.len() < FIRST + LAST + 3 {
        return "…".to_owned();
    }
    let (first, last) = (digits.iter().take(FIRST), digits.iter().skip(digits.len() - LAST));
    first.chain(std::iter::once(&'…')).chain(last).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_a_number_is_not_told() {
        assert_eq!(number("+5511912345678"), "5511…78");
        assert_eq!(number("0021 (351) 912345678"), "0021…78");
        assert_eq!(number("190"), "…");
        assert_eq!(number("'; DROP"), "…");
    }
}
