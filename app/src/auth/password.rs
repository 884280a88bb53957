//! Passwords: argon2id on blocking threads, with bounded concurrency.

use std::sync::atomic::{AtomicBool, Ordering};

use argon2::password_hash::rand_core::OsRng;
use argon2::password_hash::{PasswordHash, PasswordHasher as _, PasswordVerifier as _, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;
use zxcvbn::{Score, zxcvbn};

use base::error::{Error, ErrorCode, OrFault as _, Result};

/// Minimum length of a password in characters.
pub const MIN_LENGTH: usize = 10;
/// Maximum length of a password in characters. The time to hash a password grows with its length.
pub const MAX_LENGTH: usize = 256;

/// Limits the number of concurrent hashes, because each hash takes 19 MiB and tens of milliseconds of CPU time.
static SLOTS: Semaphore = Semaphore::const_new(4);

/// Whether this process hashes new passwords with the lowest cost.
static CHEAP: AtomicBool = AtomicBool::new(false);

/// Makes this process hash new passwords with the lowest cost from now on. Only tests call this function; otherwise, they would spend a fifth of
/// their processor time on passwords. A server must never call this function, because a cheap hash is easy to break.
#[doc(hidden)]
pub fn hash_cheaply() {
    CHEAP.store(true, Ordering::Relaxed);
}

/// The argon2id hasher with OWASP's second recommended setting: 19 MiB, two passes, one lane.
fn hasher() -> Result<Argon2<'static>> {
    let cheap = CHEAP.load(Ordering::Relaxed);
    let (memory_kib, passes) = if cheap { (Params::MIN_M_COST, Params::MIN_T_COST) } else { (19 * 1024, 2) };
    let params = Params::new(memory_kib, passes, 1, None).or_fault()?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// Checks a new password against the rules.
///
/// # Errors
/// Fails with `WEAK_PASSWORD`.
pub fn check_strength(field: &str, password: &str) -> Result<()> {
    if !(MIN_LENGTH..=MAX_LENGTH).contains(&password.chars().count()) {
        let message = base::message!(
            "Use a password of {min} to {max} characters.",
            min = MIN_LENGTH,
            max = MAX_LENGTH
        );
        return Err(Error::field(ErrorCode::WeakPassword, field, message));
    }
    let mut kinds: Vec<char> = password.chars().collect();
    kinds.sort_unstable();
    kinds.dedup();
    if kinds.len() < 4 {
        return Err(Error::field(
            ErrorCode::WeakPassword,
            field,
            "Use a password with at least four different characters.",
        ));
    }
    if is_common(password) {
        let message = "This password is easy to guess. Use several words that do not belong together.";
        return Err(Error::field(ErrorCode::WeakPassword, field, message));
    }
    Ok(())
}

/// Whether the password can be guessed within 10⁸ tries. For example, keyboard sequences, common passwords and common names are easy to guess, even
/// if they are repeated, surrounded by digits, years or symbols, or written with symbols for letters.
fn is_common(password: &str) -> bool {
    zxcvbn(password, &["callshop"]).score() < Score::Three
}

/// Hashes a password into a PHC string.
///
/// # Errors
/// Fails only with internal faults.
pub async fn hash(password: String) -> Result<String> {
    let _slot = SLOTS.acquire().await.or_fault()?;
    tokio::task::spawn_blocking(move || {
        let salt = SaltString::generate(&mut OsRng);
        hasher()?.hash_password(password.as_bytes(), &salt).map(|hash| hash.to_string()).or_fault()
    })
    .await
    .or_fault()?
}

/// Whether `phc` is the hash of `password`. Pass `None` for an unknown user. The check for `None` takes the same time and returns false, so that
/// timing does not reveal which logins exist.
///
/// # Errors
/// Fails only with internal faults.
pub async fn verify(password: String, phc: Option<String>) -> Result<bool> {
    if password.chars().count() > MAX_LENGTH {
        return Ok(false);
    }
    let Some(phc) = phc else {
        hash(password).await?;
        return Ok(false);
    };
    let _slot = SLOTS.acquire().await.or_fault()?;
    tokio::task::spawn_blocking(move || {
        let parsed = PasswordHash::new(&phc).or_fault()?;
        Ok(hasher()?.verify_password(password.as_bytes(), &parsed).is_ok())
    })
    .await
    .or_fault()?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_passwords_are_refused_however_they_are_dressed_up() {
        let common = [
            "1234567890",
            "qwertyuiop",
            "12345678901234",
            "zyxwvutsrqponm",
            "password123",
            "Password2024!",
            "P@ssw0rd2024",
            "letmein!!!!",
            "dragondragon",
            "iloveyou123",
            "1q2w3e4r5t",
            "monkey1234",
            "passwordpassword",
            "q1w2e3r4t5",
        ];
        for password in common {
            assert!(check_strength("password", password).is_err(), "{password}");
        }
        for password in
            ["correct horse battery", "a long enough passphrase", "k7mwqpx3hnzt", "rua-azul-17-limao"]
        {
            assert!(check_strength("password", password).is_ok(), "{password}");
        }
    }

    #[test]
    fn the_length_is_counted_in_characters() {
        let accented: String = "ação número três é útil ".chars().cycle().take(MAX_LENGTH).collect();
        assert!(accented.len() > MAX_LENGTH);
        assert!(check_strength("password", &accented).is_ok());
        assert!(check_strength("password", &format!("{accented}x")).is_err());
    }
}
