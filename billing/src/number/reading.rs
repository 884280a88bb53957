//! Reads dialed digits by the rules of a dial plan.

use super::{DialPlan, Dialed, E164, MAX_DIALED_BYTES, MIN_INTERNATIONAL_DIGITS, NumberError};

impl DialPlan {
    /// Classifies a dial string.
    pub fn normalize(&self, dialed: &str) -> Result<Dialed, NumberError> {
        let cleaned = clean(dialed)?;
        if self.emergency.contains(&cleaned) {
            return Ok(Dialed::Emergency { number: cleaned });
        }
        if let Some(name) = self.short.get(&cleaned) {
            return Ok(Dialed::Short { number: cleaned, name: name.clone() });
        }
        if cleaned.contains(['*', '#']) {
            return Err(NumberError::InvalidCharacter);
        }
        if let Some(digits) = cleaned.strip_prefix('+') {
            return self.international(digits).map(|e164| Dialed::Number { e164, carrier: None });
        }
        if let Some(number) = self.after_international_prefix(&cleaned) {
            return number;
        }
        if self.country_code.is_empty() {
            return self.international(&cleaned).map(|e164| Dialed::Number { e164, carrier: None });
        }
        self.national(&cleaned)
    }

    /// Reads a number that starts with an international prefix; `None` if it starts with none.
    fn after_international_prefix(&self, digits: &str) -> Option<Result<Dialed, NumberError>> {
        let matching =
            self.international_prefixes.iter().filter_map(|prefix| digits.strip_prefix(prefix.as_str()));
        let mut rests: Vec<&str> = matching.collect();
        // the longest prefix leaves the shortest rest
        rests.sort_unstable_by_key(|rest| rest.len());
        let own = rests.iter().find(|rest| self.is_own_number(rest)).copied();
        let mut read = own.into_iter().chain(rests).map(|rest| self.abroad(rest));
        let longest = read.next()?;
        Some(longest.or_else(|error| read.find(Result::is_ok).unwrap_or(Err(error))))
    }

    /// Reads the digits after an international prefix: either a number, or a carrier code and a number.
    fn abroad(&self, rest: &str) -> Result<Dialed, NumberError> {
        let direct = self.international(rest);
        let carrier_digits = usize::from(self.carrier_code_digits);
        if carrier_digits == 0 || rest.len() <= carrier_digits || self.is_own_number(rest) {
            return direct.map(|e164| Dialed::Number { e164, carrier: None });
        }
        let (carrier, number) = rest.split_at(carrier_digits);
        match (self.international(number), direct) {
            (Ok(e164), _) => Ok(Dialed::Number { e164, carrier: Some(carrier.to_owned()) }),
            (Err(_), Ok(e164)) => Ok(Dialed::Number { e164, carrier: None }),
            (Err(error), Err(_)) => Err(error),
        }
    }

    fn is_own_number(&self, digits: &str) -> bool {
        !self.country_code.is_empty()
            && digits.strip_prefix(&self.country_code).is_some_and(|rest| self.check_national(rest).is_ok())
    }

    /// Checks a number that starts with its country code.
    fn international(&self, digits: &str) -> Result<E164, NumberError> {
        let number = E164::parse(digits)?;
        let code = number.country_code().ok_or(NumberError::UnknownCountryCode)?;
        let national = &digits[code.len()..];
        if code == self.country_code {
            self.check_national(national)?;
        } else if code == "1" {
            check_north_american(national)?;
        } else if digits.len() < MIN_INTERNATIONAL_DIGITS {
            return Err(NumberError::TooShort);
        }
        Ok(number)
    }

    /// Reads a number without an international prefix.
    fn national(&self, digits: &str) -> Result<Dialed, NumberError> {
        let trunk = self.trunk_prefix.as_deref().filter(|trunk| !trunk.is_empty());
        if let Some(rest) = trunk.and_then(|trunk| digits.strip_prefix(trunk)) {
            return self.after_trunk(rest);
        }
        let shortest = usize::from(self.min_national);
        let whole = self.check_national(digits);
        if whole.is_ok() {
            return self.own(digits, None);
        }
        if self.is_own_number(digits) {
            return E164::parse(digits).map(|e164| Dialed::Number { e164, carrier: None });
        }
        if digits.len() < shortest {
            return self.local(digits);
        }
        whole.and_then(|()| self.own(digits, None))
    }

    fn local(&self, digits: &str) -> Result<Dialed, NumberError> {
        let area = self.area_code.as_deref().unwrap_or_default();
        let longest_area = usize::from(self.max_national).saturating_sub(digits.len());
        if area.is_empty() {
            // without an area code, only a plausible length distinguishes a local number from an incomplete number
            let local = digits.len() >= 5 && longest_area <= 5;
            return Err(if local { NumberError::AreaCodeMissing } else { NumberError::TooShort });
        }
        let national = format!("{area}{digits}");
        self.check_national(&national)?;
        self.own(&national, None)
    }

    fn after_trunk(&self, rest: &str) -> Result<Dialed, NumberError> {
        let plain = self.check_national(rest);
        if plain.is_ok() {
            return self.own(rest, None);
        }
        let carrier_digits = usize::from(self.carrier_code_digits);
        if carrier_digits > 0 && rest.len() > carrier_digits {
            let (carrier, national) = rest.split_at(carrier_digits);
            if self.check_national(national).is_ok() {
                return self.own(national, Some(carrier));
            }
        }
        plain.and_then(|()| self.own(rest, None))
    }

    fn own(&self, national: &str, carrier: Option<&str>) -> Result<Dialed, NumberError> {
        let e164 = E164::parse(&format!("{}{national}", self.country_code))?;
        Ok(Dialed::Number { e164, carrier: carrier.map(str::to_owned) })
    }

    /// Checks that the digits can be a complete national number of the plan's country.
    fn check_national(&self, national: &str) -> Result<(), NumberError> {
        if national.len() < usize::from(self.min_national) {
            return Err(NumberError::TooShort);
        }
        if national.len() > usize::from(self.max_national) {
            return Err(NumberError::TooLong);
        }
        match self.country_code.as_str() {
            "1" => check_north_american(national),
            "55" => check_brazilian(national),
            "57" => check_colombian(national),
            _ => Ok(()),
        }
    }
}

/// Removes separators: returns the digits, `*` and `#`, and a leading `+` if there is one.
fn clean(dialed: &str) -> Result<String, NumberError> {
    if dialed.len() > MAX_DIALED_BYTES {
        return Err(NumberError::TooLong);
    }
    let mut cleaned = String::with_capacity(dialed.len());
    for letter in dialed.chars() {
        match letter {
            '0'..='9' | '*' | '#' => cleaned.push(letter),
            '+' if cleaned.is_empty() => cleaned.push(letter),
            ' ' | '-' | '.' | '(' | ')' | '/' => {}
            _ => return Err(NumberError::InvalidCharacter),
        }
    }
    if cleaned.is_empty() || cleaned == "+" { Err(NumberError::Empty) } else { Ok(cleaned) }
}

/// In a North American number, area code and exchange must begin with 2 to 9.
fn check_north_american(national: &str) -> Result<(), NumberError> {
    match national.len() {
        0..10 => return Err(NumberError::TooShort),
        10 => {}
        _ => return Err(NumberError::TooLong),
    }
    let digits = national.as_bytes();
    if digits[0] < b'2' || digits[3] < b'2' { Err(NumberError::InvalidNational) } else { Ok(()) }
}

/// A Brazilian number is a two-digit area code without zeros, followed by eight digits, or by a 9 and eight digits. A Brazilian number may also be
/// 300, 500, 800 or 900, followed by seven digits.
pub(super) fn check_brazilian(national: &str) -> Result<(), NumberError> {
    let digits = national.as_bytes();
    if let [b'3' | b'5' | b'8' | b'9', b'0', b'0', ..] = digits {
        return if digits.len() == 10 { Ok(()) } else { Err(NumberError::InvalidNational) };
    }
    match digits {
        [b'1'..=b'9', b'1'..=b'9', b'2'..=b'9', rest @ ..] if rest.len() == 7 => Ok(()),
        [b'1'..=b'9', b'1'..=b'9', b'9', rest @ ..] if rest.len() == 8 => Ok(()),
        _ => Err(NumberError::InvalidNational),
    }
}

/// A Colombian number begins with 3 (mobile) or 60 (fixed).
fn check_colombian(national: &str) -> Result<(), NumberError> {
    if national.starts_with('3') || national.starts_with("60") {
        Ok(())
    } else {
        Err(NumberError::InvalidNational)
    }
}
