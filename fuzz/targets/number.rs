//! Normalizes dialed digits according to the dial plans of several countries.
//!
//! Besides panics, this target finds numbers that are not valid E.164, and numbers that change when they are dialed in international format.

#![no_main]

use billing::number::{DialPlan, Dialed, E164, format_international};
use libfuzzer_sys::fuzz_target;

const COUNTRIES: [&str; 8] = ["BR", "PT", "US", "DE", "IT", "FR", "AR", "ZZ"];

fuzz_target!(|data: &[u8]| {
    let Some((choice, dialed)) = data.split_first() else { return };
    let Ok(dialed) = std::str::from_utf8(dialed) else { return };
    let plan = match choice {
        0..128 => DialPlan::for_country(COUNTRIES[usize::from(*choice) % COUNTRIES.len()]),
        _ => DialPlan::brazil(&format!("{:02}", choice % 100)),
    };
    if plan.validate().is_err() {
        return;
    }
    if let Ok(Dialed::Number { e164: number, .. }) = plan.normalize(dialed) {
        let digits = number.as_str();
        assert_eq!(E164::parse(digits).as_ref(), Ok(&number), "{dialed:?} became {digits}");
        assert!(format_international(&number).contains(&digits[..1]), "{dialed:?} is shown as other digits");
        let again = plan.normalize(&format!("+{digits}"));
        let is_same = matches!(&again, Ok(Dialed::Number { e164, .. }) if *e164 == number);
        assert!(is_same, "{dialed:?} became +{digits}, and that became {again:?}");
    }
});
