//! One-time codes of an authenticator app (TOTP, RFC 6238): six digits from HMAC-SHA-1, a new code every 30 seconds. Authenticator apps support these
//! parameters and often no others.

use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, Mac as _};
use sha1::Sha1;
use subtle::ConstantTimeEq as _;

use base::error::{OrFault as _, Result};

/// Length of a secret in bytes, as RFC 4226 recommends.
pub const SECRET_BYTES: usize = 20;
/// Time for which a code is shown, in seconds.
pub const STEP_SECONDS: i64 = 30;
/// Maximum number of steps by which the clock of an authenticator app may be behind or ahead. This allowance also covers the time to read and type a
/// code.
const SKEW: i64 = 1;

/// The secret that a user shares with an authenticator app.
pub struct Secret(pub(super) [u8; SECRET_BYTES]);

impl Secret {
    /// The six-digit code of a step. The number of a step is the Unix time divided by [`STEP_SECONDS`].
    ///
    /// # Errors
    /// Fails only with internal faults.
    pub fn code(&self, step: i64) -> Result<String> {
        let number = truncated(&self.0, step)? % 1_000_000;
        Ok(format!("{number:06}"))
    }

    /// The step of this code, at most [`SKEW`] steps from `unix_seconds`. Steps up to `used` do not count, because each code works only
    /// once.
    pub(super) fn step_of(&self, code: &str, unix_seconds: i64, used: Option<i64>) -> Result<Option<i64>> {
        let now = unix_seconds.div_euclid(STEP_SECONDS);
        for step in now - SKEW..=now + SKEW {
            let is_unused = used.is_none_or(|used| step > used);
            if is_unused && bool::from(self.code(step)?.as_bytes().ct_eq(code.as_bytes())) {
                return Ok(Some(step));
            }
        }
        Ok(None)
    }

    /// The secret in base 32, the form that users type into authenticator apps.
    pub fn to_base32(&self) -> String {
        BASE32_NOPAD.encode(&self.0)
    }

    /// The URI that authenticator apps read from a QR code. The login consists of letters, digits and `.`, `_`, `-`, and one `@`.
    pub(super) fn uri(&self, login: &str) -> String {
        let (login, secret) = (login.replace('@', "%40"), self.to_base32());
        format!(
            "otpauth://totp/callshop:{login}?secret={secret}&issuer=callshop&algorithm=SHA1&digits=6&period={STEP_SECONDS}"
        )
    }
}

/// Four bytes of the HMAC, without the sign bit. The last byte of the HMAC determines which four bytes are used (RFC 4226, section 5.3).
fn truncated(secret: &[u8], step: i64) -> Result<u32> {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret).or_fault()?;
    mac.update(&step.to_be_bytes());
    let code = mac.finalize().into_bytes();
    let at = code.last().map_or(0, |last| usize::from(last & 0xf));
    let bytes = code.iter().skip(at).take(4);
    Ok(bytes.fold(0, |sum, byte| sum << 8 | u32::from(*byte)) & 0x7fff_ffff)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OF_THE_RFC: Secret = Secret(*b"12345678901234567890");

    /// The test vectors of RFC 6238, appendix B. The RFC shows eight digits; a code consists of the last six.
    #[test]
    fn the_codes_are_those_of_the_rfc() {
        for (seconds, code) in [
            (59, 94_287_082),
            (1_111_111_109, 7_081_804),
            (1_111_111_111, 14_050_471),
            (1_234_567_890, 89_005_924),
            (2_000_000_000, 69_279_037),
            (20_000_000_000, 65_353_130),
        ] {
            let step = seconds / STEP_SECONDS;
            assert_eq!(truncated(&OF_THE_RFC.0, step).unwrap() % 100_000_000, code, "{seconds}");
            assert_eq!(OF_THE_RFC.code(step).unwrap(), format!("{:06}", code % 1_000_000), "{seconds}");
        }
    }

    #[test]
    fn a_code_counts_within_a_step_and_once() {
        let code = OF_THE_RFC.code(100).unwrap();
        let at = |step: i64, used| OF_THE_RFC.step_of(&code, step * STEP_SECONDS + 29, used).unwrap();
        assert_eq!(
            [98, 99, 100, 101, 102].map(|step| at(step, None)),
            [None, Some(100), Some(100), Some(100), None]
        );
        assert_eq!([99, 100, 101].map(|used| at(100, Some(used))), [Some(100), None, None]);
        for other in ["", "000000", &code[1..], &format!("{code}0")] {
            assert!(other == code || OF_THE_RFC.step_of(other, 100 * STEP_SECONDS, None).unwrap().is_none());
        }
    }

    #[test]
    fn the_uri_names_the_login_and_the_parameters() {
        assert_eq!(
            OF_THE_RFC.uri("ana@k7mwqpx"),
            "otpauth://totp/callshop:ana%40k7mwqpx?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=callshop&algorithm=SHA1&digits=6&period=30"
        );
    }
}
