//! Passwords: argon2id, off the workers, a bounded number at once.

use std::collections::HashSet;
use std::sync::LazyLock;

use argon2::password_hash::rand_core::OsRng;
use argon2::password_hash::{PasswordHash, PasswordHasher as _, PasswordVerifier as _, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

use crate::error::{Error, ErrorCode, Result};

/// Shortest password.
pub const MIN_LENGTH: usize = 10;
/// Longest password, in bytes: hashing time grows with it.
pub const MAX_LENGTH: usize = 256;

/// Hashes at once: each takes 19 MiB and tens of milliseconds of a core.
static SLOTS: Semaphore = Semaphore::const_new(4);

/// OWASP's second recommended argon2id setting: 19 MiB, two passes, one lane.
fn hasher() -> Result<Argon2<'static>> {
    let params = Params::new(19 * 1024, 2, 1, None).map_err(Error::fault)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// Checks a new password against the rules.
///
/// # Errors
/// `WEAK_PASSWORD`.
pub fn check_strength(field: &str, password: &str) -> Result<()> {
    if password.chars().count() < MIN_LENGTH || password.len() > MAX_LENGTH {
        let message = format!("a password has {MIN_LENGTH} to {MAX_LENGTH} characters");
        return Err(Error::field(ErrorCode::WeakPassword, field, message));
    }
    let mut kinds: Vec<char> = password.chars().collect();
    kinds.sort_unstable();
    kinds.dedup();
    if kinds.len() < 4 {
        return Err(Error::field(
            ErrorCode::WeakPassword,
            field,
            "a password has at least four different characters",
        ));
    }
    if is_common(password) {
        let message =
            "this password is among the first that are tried: take several words that do not belong together";
        return Err(Error::field(ErrorCode::WeakPassword, field, message));
    }
    Ok(())
}

/// The ten thousand most common passwords, in lower case. A list says exactly what is refused and why, and needs no library to guess how
/// strong a password is.
static COMMON: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    include_str!("common_passwords.txt").lines().filter(|line| !line.starts_with('#')).collect()
});

/// Whether guessers try this early: a common password, also with digits and signs around it, with signs for letters, or repeated; or
/// characters in a row.
fn is_common(password: &str) -> bool {
    let password = password.to_lowercase();
    let letters: Vec<char> = password.chars().collect();
    let unit: String = (1..=letters.len() / 2)
        .find(|length| letters.iter().skip(*length).eq(letters.iter().take(letters.len() - length)))
        .map_or_else(|| password.clone(), |length| letters.iter().take(length).collect());
    if in_a_row(&letters) {
        return true;
    }
    [password, unit].iter().any(|text| {
        let bare = text.trim_matches(|letter: char| !letter.is_alphabetic());
        let ends = text.trim_end_matches(|letter: char| !letter.is_alphabetic());
        [text, bare, ends].iter().any(|text| COMMON.contains(*text) || COMMON.contains(&*unmasked(text)))
    })
}

/// Whether each character follows the one before, up or down.
fn in_a_row(letters: &[char]) -> bool {
    let steps = letters.windows(2).map(|pair| match pair {
        ['9', '0'] => 1,
        ['0', '9'] => -1,
        [left, right] => i64::from(u32::from(*right)) - i64::from(u32::from(*left)),
        _ => 0,
    });
    let steps: HashSet<i64> = steps.collect();
    steps.len() == 1 && steps.iter().all(|step| step.abs() <= 1)
}

/// With the letters that digits and signs stand for.
fn unmasked(text: &str) -> String {
    let letter = |sign| match sign {
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    };
    text.chars().map(letter).collect()
}

/// The PHC string of a password.
///
/// # Errors
/// Faults only.
pub async fn hash(password: String) -> Result<String> {
    let _slot = SLOTS.acquire().await.map_err(Error::fault)?;
    tokio::task::spawn_blocking(move || {
        let salt = SaltString::generate(&mut OsRng);
        hasher()?.hash_password(password.as_bytes(), &salt).map(|hash| hash.to_string()).map_err(Error::fault)
    })
    .await
    .map_err(Error::fault)?
}

/// Whether `password` is the one that `phc` was made from. Without a user, pass none: it takes the same time and says no, so
/// that time does not tell which logins exist.
///
/// # Errors
/// Faults only.
pub async fn verify(password: String, phc: Option<String>) -> Result<bool> {
    if password.len() > MAX_LENGTH {
        return Ok(false);
    }
    let Some(phc) = phc else {
        hash(password).await?;
        return Ok(false);
    };
    let _slot = SLOTS.acquire().await.map_err(Error::fault)?;
    tokio::task::spawn_blocking(move || {
        let parsed = PasswordHash::new(&phc).map_err(Error::fault)?;
        Ok(hasher()?.verify_password(password.as_bytes(), &parsed).is_ok())
    })
    .await
    .map_err(Error::fault)?
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
    fn the_list_is_what_it_says() {
        assert_eq!(COMMON.len(), 10_000);
        assert!(COMMON.iter().all(|line| line.chars().count() >= 4 && *line == line.to_lowercase()));
    }
}
